/**
 * The metrics of every flag, exact over repeats, losses and restarts: what shards forward goes into the journal before it is
 * acknowledged, and from there into the ledger of its flag, which holds the visitors of one attempt and stage. Ledgers are
 * stored at checkpoints; a restart takes the journal's entries since then again.
 */
import {
  exposuresOf,
  type MetricBatch,
  type MetricGroup,
  sizeOf,
} from '../../../core/counters/metrics/metric-batch.ts'
import type { MetricChunk } from '../../../core/counters/metrics/metric-lane.ts'
import type { ForwardMessage } from '../../../core/counters/protocol.ts'
import type { JudgeState } from '../../../core/metrics/judge-types.ts'
import { Ledger } from '../../../core/metrics/ledger/ledger.ts'
import type { Block } from '../../../core/metrics/ledger/saved.ts'
import type { Measures, WeeklyMetric } from '../../../core/metrics/spec.ts'
import { noteInternalError } from '../../../platform/internal-errors.ts'
import type { TextStore } from '../text-store.ts'
import { identityOf, unchangedOf } from './identity.ts'
import { LedgerRows } from './ledger-rows.ts'
import { MetricJournal } from './metric-journal.ts'
import { Tallies } from './tallies.ts'

/** What a ledger is about: an attempt, a stage of it, and `shares`, by which visitors are dealt the compared variants there. */
export type LedgerPlace = { generation: number; stage: number; shares: readonly number[] }

/** What is kept of a flag besides its ledger; stored as text. */
export type Account = LedgerPlace & {
  /** The metrics and variants that it was last about, as text. */
  measured: string
  /** What a visitor adds to a sum at most, by metric, as far as it was known when the ledger began. */
  caps: Readonly<Record<string, number>>
  judge: JudgeState | undefined
  /** What did not count before it reached the ledger, by reason. */
  refused: Record<string, number>
  /** Signals that were given, `metric variant`. */
  signalled: string[]
}

/** A flag's metrics. `isDirty`: something changed since the last look of the judge. */
export type Kept = { account: Account; measures: Measures; ledger: Ledger; isDirty: boolean }

export type MetricBooksPorts = {
  /** What the document in force says that a flag measures. */
  measuresOf(flag: string): Measures | undefined
  /** The metrics of a flag without a split, which are compared with the weeks before. */
  weeklyOf(flag: string): readonly WeeklyMetric[] | undefined
  /** Where the flag's rollout is. */
  placeOf(flag: string, measures: Measures): LedgerPlace
  nowMs(): number
}

/** What is stored beside accounts and blocks. */
type Header = {
  covered: number
  /** By shard: the number of the latest chunk that was taken. */
  upTo: Record<string, number>
  /** Caps that earlier ledgers have learned, by metric: a ledger that begins goes by them. */
  caps: Record<string, number>
  early: Early[]
}

/** Isolates may read a document from KV before the Controller does: what they see of its flags waits for it. */
type Early = { group: MetricGroup; atMs: number }

const HEADER = 'metrics'
const ACCOUNT = 'metrics of '
const CHECKPOINT_MS = 60_000
const EARLY_KEPT_MS = 180_000
const MOST_EARLY = 20_000
/** The reason under which events count that came after their attempt or stage. */
const ENDED = 'ended'

export class MetricBooks {
  readonly #storage: DurableObjectStorage
  readonly #texts: TextStore
  readonly #rows: LedgerRows
  readonly #ports: MetricBooksPorts
  readonly #kept = new Map<string, Kept>()
  readonly #header: Header
  readonly #journal: MetricJournal
  readonly #tallies: Tallies
  #isRestored = false
  #savedAtMs = Number.NEGATIVE_INFINITY

  constructor(storage: DurableObjectStorage, texts: TextStore, ports: MetricBooksPorts) {
    this.#storage = storage
    this.#texts = texts
    this.#rows = new LedgerRows(storage.sql)
    this.#tallies = new Tallies(texts, this.#rows)
    this.#ports = ports
    this.#header = texts.getJson<Header>(HEADER) ?? { covered: 0, upTo: {}, caps: {}, early: [] }
    this.#journal = new MetricJournal(texts, this.#header.covered)
  }

  /**
   * Takes what a shard forwards, each chunk once, and stores it.
   *
   * @returns the number up to which the shard's chunks are stored; undefined where it forwards none
   */
  take(
    { shard, metrics = [] }: Pick<ForwardMessage, 'shard' | 'metrics'>,
    nowMs: number,
  ): number | undefined {
    if (metrics.length === 0) return undefined
    this.#restore()
    const known = this.#header.upTo[shard] ?? 0
    const chunks = metrics.filter(({ n }) => n > known)
    if (chunks.length > 0) {
      const flags = chunks.flatMap(({ batch }) => batch.groups.map(({ flag }) => flag))
      for (const flag of new Set(flags)) this.keep(flag)
      if (this.#journal.isFull) this.#checkpoint(nowMs)
      this.#journal.append({ shard, atMs: nowMs, chunks })
      this.#apply(shard, chunks, nowMs)
    }
    return this.#header.upTo[shard]
  }

  /** A flag's metrics at the present place of its rollout; undefined for a flag that measures nothing. */
  keep(flag: string): Kept | undefined {
    this.#restore()
    const measures = this.#ports.measuresOf(flag)
    if (measures === undefined) return undefined
    const known = this.#kept.get(flag)
    const place = this.#ports.placeOf(flag, measures)
    const measured = identityOf(measures)
    const isSamePlace =
      known?.account.generation === place.generation &&
      known.account.stage === place.stage &&
      known.account.measured.split('\n')[1] === measured.split('\n')[1] &&
      place.shares.every((share, at) => share === known.account.shares[at])
    if (!isSamePlace) return this.#begin(flag, { ...place, measured }, measures)
    return known.account.measured === measured ? known : this.#goOn(flag, known, { measured, measures })
  }

  /** The metrics of an attempt, as long as no other has begun; for its outcome. */
  of(flag: string): Kept | undefined {
    this.#restore()
    return this.#kept.get(flag)
  }

  /** How much of a metric was counted for a flag without a split, since the metric is there. */
  totalOf(flag: string, metric: WeeklyMetric): number {
    this.#restore()
    return this.#tallies.of(flag).totalOf(metric)
  }

  /** Drops the ledgers of flags that measure nothing any more. */
  sweep(): void {
    const gone = [...this.#kept.keys()].filter((flag) => this.#ports.measuresOf(flag) === undefined)
    for (const flag of gone) {
      this.#kept.delete(flag)
      this.#rows.remove(flag)
      this.#texts.remove(ACCOUNT + flag)
    }
    const isTallyGone = this.#tallies.sweep((flag) => this.#ports.weeklyOf(flag) !== undefined)
    // What the journal has of them must not come back.
    if (gone.length > 0 || isTallyGone) this.#checkpoint(this.#savedAtMs)
  }

  /** Stores the ledgers if it is time; `isUrgent`: what was just done must not be done again. */
  saveInTime(nowMs: number, isUrgent = false): void {
    if (!this.#isRestored || (this.#journal.isEmpty && !isUrgent)) return
    if (isUrgent || Math.abs(nowMs - this.#savedAtMs) >= CHECKPOINT_MS) this.#checkpoint(nowMs)
  }

  /** A ledger for another attempt or stage, or for the first. */
  #begin(flag: string, place: LedgerPlace & { measured: string }, measures: Measures): Kept {
    const before = this.#kept.get(flag)
    for (const { ledger } of this.#kept.values()) Object.assign(this.#header.caps, ledger.learnedCaps())
    const isSameAttempt = before?.account.generation === place.generation
    const account: Account = {
      ...place,
      // Stages of one attempt are judged by the same cap.
      caps: { ...this.#header.caps, ...(isSameAttempt && before.account.caps) },
      judge: isSameAttempt ? before.account.judge : undefined,
      refused: {},
      signalled: isSameAttempt ? before.account.signalled : [],
    }
    const kept = {
      account,
      measures,
      ledger: ledgerOf(account, measures, this.#ports.nowMs()),
      isDirty: true,
    }
    this.#kept.set(flag, kept)
    const { early } = this.#header
    this.#header.early = early.filter(({ group }) => group.flag !== flag)
    for (const { group, atMs } of early) if (group.flag === flag) this.#addGroup(group, atMs)
    this.#rows.remove(flag)
    // The journal's entries are about the ledgers as they were.
    this.#checkpoint(this.#savedAtMs)
    return kept
  }

  /** The same visitors, by the metrics of a new document: those that it defines anew count visitors who come from now on. */
  #goOn(
    flag: string,
    { account }: Kept,
    { measured, measures }: { measured: string; measures: Measures },
  ): Kept {
    this.#checkpoint(this.#savedAtMs)
    const goesOn = unchangedOf(account.measured, measured)
    const signalled = account.signalled.filter((key) => goesOn.some((name) => key.startsWith(`${name} `)))
    const next = { ...account, measured, signalled }
    const ledger = ledgerOf(next, measures, this.#ports.nowMs(), this.#rows.read(flag))
    const kept = { account: next, measures, ledger, isDirty: true }
    this.#kept.set(flag, kept)
    this.#checkpoint(this.#savedAtMs)
    return kept
  }

  #apply(shard: string, chunks: readonly MetricChunk[], atMs: number): void {
    for (const { n, batch } of chunks) {
      if (n <= (this.#header.upTo[shard] ?? 0)) continue
      // A chunk that can't be taken must not be sent for ever, with all that comes after it.
      this.#header.upTo[shard] = n
      try {
        this.#addBatch(batch, atMs)
      } catch (error) {
        noteInternalError('controller.metrics', error)
      }
    }
  }

  #addBatch({ groups, refused = [] }: MetricBatch, atMs: number): void {
    for (const group of groups) this.#addGroup(group, atMs)
    for (const refusal of refused) this.#refuse(...refusal)
  }

  #addGroup(group: MetricGroup, atMs: number): void {
    const { exposed: _, networks: __, events, ...key } = group
    const weekly = this.#ports.weeklyOf(key.flag)
    if (weekly !== undefined) {
      this.#tallies.add(group, weekly)
      return
    }
    const kept = this.#kept.get(key.flag)
    if (kept === undefined) {
      this.#wait(group, atMs)
      return
    }
    const { account, ledger } = kept
    if (account.generation !== key.generation || account.stage !== key.stage) {
      this.#refuse(key.flag, ENDED, events.length)
      return
    }
    kept.isDirty = true
    for (const exposure of exposuresOf(group)) ledger.expose(exposure)
    for (const [metric, position, eventMs, value, id] of events)
      ledger.record({ ...key, position, atMs: eventMs, metric, value, id })
  }

  #wait(group: MetricGroup, atMs: number): void {
    const waiting = this.#header.early.filter((each) => atMs - each.atMs < EARLY_KEPT_MS)
    const size = sizeOf({ groups: waiting.map((each) => each.group) })
    this.#header.early = size < MOST_EARLY ? [...waiting, { group, atMs }] : waiting
  }

  #refuse(flag: string, reason: string, count: number): void {
    const kept = this.#kept.get(flag)
    if (kept === undefined || count === 0) return
    const { refused } = kept.account
    kept.isDirty = true
    refused[reason] = (refused[reason] ?? 0) + count
  }

  /** Takes what was stored: ledgers, and the journal's entries since. */
  #restore(): void {
    if (this.#isRestored) return
    this.#isRestored = true
    for (const name of this.#texts.namesWith(ACCOUNT)) {
      const flag = name.slice(ACCOUNT.length)
      const account = this.#texts.getJson<Account>(name)
      const measures = this.#ports.measuresOf(flag)
      if (account === undefined || measures === undefined) continue
      const ledger = ledgerOf(account, measures, this.#ports.nowMs(), this.#rows.read(flag))
      this.#kept.set(flag, { account, measures, ledger, isDirty: true })
    }
    for (const { shard, chunks, atMs } of this.#journal.read()) this.#apply(shard, chunks, atMs)
  }

  #checkpoint(nowMs: number): void {
    this.#storage.transactionSync(() => {
      for (const [flag, { account, ledger }] of this.#kept) {
        for (const block of ledger.dirtyBlocks()) this.#rows.write(flag, block)
        this.#texts.putJson(ACCOUNT + flag, account)
      }
      this.#tallies.save()
      this.#header.covered = this.#journal.cover()
      this.#texts.putJson(HEADER, this.#header)
    })
    this.#savedAtMs = nowMs
  }
}

function ledgerOf(
  { generation, stage, caps }: Account,
  { variants, metrics }: Measures,
  atMs: number,
  saved: readonly Block[] = [],
): Ledger {
  return new Ledger({ generation, stage, variants, metrics, caps, atMs }, saved)
}
