/**
 * The ledger of a flag's metrics: each visitor of one generation and stage once, with what they did. All that the judge
 * needs are sums over visitors, which `summaries` keeps up to date.
 *
 * Memory is bounded: up to 131,072 visitors are kept exactly. Then half of the positions, chosen by a hash of the
 * position, are no longer followed: those visitors keep what they had (`left`), and new visitors come in only from
 * the other half, and so on. The hash is independent of variant and behaviour, so both arms lose alike.
 *
 * Entries may come twice, late, and in any order: a visitor counts once, an event with an idempotency key once, and an
 * event that overtook its exposure waits for it.
 */
import { type Arrivals, arrivalsOf } from '../arrivals.ts'
import { type Exposure, type MetricEvent, UNKNOWN_GROUP } from '../entries.ts'
import { CONVERTED_ALREADY } from '../results.ts'
import type { Summaries } from '../summary.ts'
import { ALL_POSITIONS, Book, type BookSpec } from './book.ts'
import { learnedCap } from './caps.ts'
import { MIXED } from './layout.ts'
import { hashText } from './mix.ts'
import { restoreBook } from './restore.ts'
import {
  type Block,
  HEAD_BLOCK,
  type Head,
  headBytes,
  idBlock,
  idBlocksOf,
  pageBlock,
  readHead,
  WAITING_BLOCK,
} from './saved.ts'
import { fingerprintOf, SeenIds } from './seen-ids.ts'
import type { Dealt } from './visitors.ts'
import { Waiting, type WaitingEvent } from './waiting.ts'

/** Clocks of visitors and of isolates may differ by this much: an event so much before its exposure belongs to it. */
const SKEW_MS = 300_000

/** The reason under which events count whose visitor has not met the flag. */
const NOT_EXPOSED = 'not exposed'

export type LedgerSpec = BookSpec & {
  generation: number
  stage: number
  /** When it is made, in ms since 1970: metrics that the saved ledger doesn't know, or knew by another definition, begin then. */
  atMs?: number | undefined
}

/** `sampled`: not followed, as there are too many; `foreign`: of another generation, stage, or variant. */
export type Exposed = 'new' | 'known' | 'mixed' | 'sampled' | 'foreign'

/**
 * `outside`: before the exposure, or after the metric's window; `earlier`: of a visitor who was exposed before the metric
 * began; `full`: too many wait for their exposure.
 */
export type Recorded =
  | 'counted'
  | 'repeated'
  | typeof CONVERTED_ALREADY
  | 'waiting'
  | 'outside'
  | 'earlier'
  | 'mixed'
  | 'sampled'
  | 'foreign'
  | 'full'

export class Ledger {
  readonly spec: LedgerSpec
  /** Hashes of the metrics' names: fingerprints outlive a change of the list. */
  readonly #names: readonly number[]
  #book: Book
  #ids = new SeenIds()
  #waiting = new Waiting()
  #sinceMs = 0
  readonly #refused: Record<string, number> = {}
  #isHeadDirty = true

  /** @param saved all blocks of an earlier one, as `dirtyBlocks` gave them; of another generation or stage they are left aside */
  constructor(spec: LedgerSpec, saved: Iterable<Block> = []) {
    this.spec = spec
    this.#names = spec.metrics.map(({ name }) => hashText(name))
    const blocks = new Map([...saved].map(({ id, bytes }) => [id, bytes]))
    const head = readHead(blocks.get(HEAD_BLOCK))
    if (head?.generation !== spec.generation || head.stage !== spec.stage) {
      this.#book = new Book(spec)
      return
    }
    const { book, asBefore, isSame } = restoreBook(spec, head, blocks)
    this.#book = book
    this.#isHeadDirty = !isSame
    this.#sinceMs = head.sinceMs
    Object.assign(this.#refused, head.refused)
    this.#ids.restore(idBlocksOf(blocks), head.currentIds)
    const waiting = blocks.get(WAITING_BLOCK)
    const metricAt = (before: number) => {
      const at = asBefore.indexOf(before)
      return at < 0 ? undefined : at
    }
    if (waiting && head.variants.join('\n') === spec.variants.join('\n'))
      this.#waiting.restore(waiting, metricAt)
  }

  /** A visitor decided a flag. */
  expose({ generation, stage, variant: name, position, atMs, group = 0 }: Exposure): Exposed {
    const variant = this.spec.variants.indexOf(name)
    if (generation !== this.spec.generation || stage !== this.spec.stage || variant < 0) return 'foreign'
    if (!this.#book.follows(position)) return 'sampled'
    const second = Math.floor(atMs / 1_000)
    const dealt = { variant, group: Math.min(group, UNKNOWN_GROUP) }
    const known = this.#book.visitors.find(position)
    if (known >= 0) return this.#meetAgain(known, dealt, second)
    this.#isHeadDirty = true
    const number = this.#book.add(position, second, dealt)
    if (number < 0) return 'sampled'
    this.#sinceMs = this.#sinceMs === 0 ? atMs : Math.min(this.#sinceMs, atMs)
    for (const event of this.#waiting.take(position)) this.#note(this.#enter(number, event))
    return 'new'
  }

  /** A visitor did something. */
  record({ generation, stage, variant: name, metric, ...event }: MetricEvent): Recorded {
    const variant = this.spec.variants.indexOf(name)
    const at = this.spec.metrics.findIndex((each) => each.name === metric)
    const isOurs = generation === this.spec.generation && stage === this.spec.stage
    if (!isOurs || variant < 0 || at < 0) return this.#note('foreign')
    if (!this.#book.follows(event.position)) return this.#note('sampled')
    const number = this.#book.visitors.find(event.position)
    if (number >= 0) return this.#note(this.#enter(number, { ...event, variant, metric: at }))
    const { forgotten } = this.#waiting
    const recorded = this.#waiting.add({ ...event, variant, metric: at }) ? 'waiting' : 'full'
    const over = this.#waiting.forgotten - forgotten
    if (over > 0) this.#refused[NOT_EXPOSED] = (this.#refused[NOT_EXPOSED] ?? 0) + over
    return this.#note(recorded)
  }

  /** Sums by variant, for the judge. */
  summaries(): Summaries {
    const { totals, caps, visitors, threshold, mixed } = this.#book
    return {
      generation: this.spec.generation,
      stage: this.spec.stage,
      sinceMs: this.#sinceMs,
      variants: totals,
      begunMs: this.#book.since.map((second) => second * 1_000),
      caps: caps.map((cap) => (cap === Infinity ? null : cap)),
      kept: {
        visitors: visitors.size,
        bytes: this.bytes,
        share: threshold / ALL_POSITIONS,
        mixed,
        refused: this.#allRefused(),
      },
    }
  }

  /** How visitors came until now. */
  arrivals(nowMs: number): Arrivals {
    const { visitors, mostVisitors } = this.#book
    return arrivalsOf(visitors, { sinceMs: this.#sinceMs || nowMs, nowMs, most: mostVisitors })
  }

  /** Caps for the ledger after this one: what 99.5 % of the visitors of this one stay below. */
  learnedCaps(): Record<string, number> {
    const learned = this.spec.metrics.flatMap(({ name, type, cap }, metric): [string, number][] => {
      if (type !== 'sum' || cap !== undefined) return []
      const value = learnedCap(this.#book.valuesOf(metric)) ?? this.#book.caps[metric]
      return value === null || value === undefined ? [] : [[name, value]]
    })
    return Object.fromEntries(learned)
  }

  /** In memory; storage holds less. */
  get bytes(): number {
    return this.#book.visitors.bytes + this.#ids.bytes + this.#waiting.bytes
  }

  /** What has changed since the last call: rows to be written in one transaction. */
  dirtyBlocks(): Block[] {
    const { visitors } = this.#book
    const blocks: Block[] = []
    for (const page of visitors.dirtyPages)
      blocks.push({ id: pageBlock(page), bytes: visitors.pageBytes(page) })
    for (const number of this.#ids.dirtyBlocks)
      blocks.push({ id: idBlock(number), bytes: this.#ids.blockBytes(number) })
    if (this.#waiting.isDirty) blocks.push({ id: WAITING_BLOCK, bytes: this.#waiting.toBytes() })
    if (this.#isHeadDirty || blocks.length > 0)
      blocks.push({ id: HEAD_BLOCK, bytes: headBytes(this.#head()) })
    visitors.dirtyPages.clear()
    this.#ids.dirtyBlocks.clear()
    this.#waiting.isDirty = false
    this.#isHeadDirty = false
    return blocks
  }

  #meetAgain(number: number, { variant, group }: Dealt, second: number): Exposed {
    const { visitors } = this.#book
    const before = visitors.variantOf(number)
    if (before === MIXED) return 'mixed'
    if (before !== variant) return this.#exclude(number)
    if (second < visitors.secondOf(number)) this.#book.exposeEarlier(number, second, group)
    return 'known'
  }

  #exclude(number: number): 'mixed' {
    this.#book.exclude(number)
    return 'mixed'
  }

  #enter(number: number, { variant, metric, value, id, atMs }: WaitingEvent): Recorded {
    const { visitors } = this.#book
    const before = visitors.variantOf(number)
    if (before === MIXED) return 'mixed'
    if (before !== variant) return this.#exclude(number)
    if (!this.#book.counts(number, metric)) return 'earlier'
    const spec = this.spec.metrics[metric]
    const exposedMs = visitors.secondOf(number) * 1_000
    const untilMs = exposedMs + 1_000 + (spec?.windowMs ?? Number.POSITIVE_INFINITY)
    if (atMs < exposedMs - SKEW_MS || atMs >= untilMs) return 'outside'
    const known = visitors.valueOf(number, metric)
    if (spec?.type === 'conversion') {
      if (known > 0) return CONVERTED_ALREADY
    } else if (id !== 0) {
      const fingerprint = fingerprintOf(visitors.positionOf(number), this.#names[metric] ?? 0, id)
      if (this.#ids.has(fingerprint)) return 'repeated'
      this.#ids.add(fingerprint)
    }
    this.#book.setValue(number, metric, known + (spec?.type === 'sum' ? value : 1))
    this.#book.learnCap(metric)
    return 'counted'
  }

  #note(word: Recorded): Recorded {
    if (word === 'counted' || word === 'waiting') return word
    this.#refused[word] = (this.#refused[word] ?? 0) + 1
    this.#isHeadDirty = true
    return word
  }

  /** Of those that wait it is not known yet: they count once their visitor is exposed. */
  #allRefused(): Record<string, number> {
    const waiting = this.#waiting.size + (this.#refused[NOT_EXPOSED] ?? 0)
    return { ...this.#refused, ...(waiting > 0 && { [NOT_EXPOSED]: waiting }) }
  }

  #head(): Head {
    const { generation, stage, variants, metrics } = this.spec
    const { caps, visitors, threshold, mixed, left } = this.#book
    const known = metrics.flatMap(({ name }, at): [string, number][] => {
      const cap = caps[at]
      return cap === null || cap === undefined || cap === Infinity ? [] : [[name, cap]]
    })
    return {
      form: 2,
      ...{ generation, stage, variants },
      metrics: metrics.map(({ name, type, definition }, at) => {
        const since = this.#book.since[at]
        return { name, type, definition, ...(since && { since }) }
      }),
      caps: Object.fromEntries(known),
      ...{ size: visitors.size, threshold, mixed, left },
      sinceMs: this.#sinceMs,
      refused: this.#refused,
      currentIds: this.#ids.current,
    }
  }
}
