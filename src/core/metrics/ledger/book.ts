/**
 * The visitors of a ledger, with their sums. At most so many are followed: then half of the positions, chosen by a hash
 * of the position, are left. Those visitors stay in the sums with what they had.
 */
import type { Metric } from '../spec.ts'
import type { VariantSummary } from '../summary.ts'
import { capsAtFirst, LEAST_TO_LEARN, learnedCap } from './caps.ts'
import { Layout, MIXED } from './layout.ts'
import { mix32 } from './mix.ts'
import { Totals } from './totals.ts'
import { type Dealt, Visitors } from './visitors.ts'

const MOST_VISITORS = 131_072
const MOST_TABLE_BYTES = 10_000_000
export const ALL_POSITIONS = 2 ** 32

export type BookSpec = {
  variants: readonly string[]
  metrics: readonly Metric[]
  /** Caps that earlier ledgers have learned, by metric. */
  caps?: Readonly<Record<string, number>>
  /** Fewer than 131,072, for tests. */
  mostVisitors?: number
}

/** What a book begins with, besides visitors. */
export type BookStart = {
  left: readonly VariantSummary[]
  threshold: number
  mixed: number
  /** The second in which each metric began, 0: with the book. It counts visitors who were exposed since. */
  since: readonly number[]
}

export class Book {
  /** Visitors who met two variants. */
  mixed: number
  /** Positions whose hash is below are followed. */
  threshold: number
  readonly since: readonly number[]
  readonly mostVisitors: number
  #visitors: Visitors
  /** Of all visitors ever. */
  readonly #totals: Totals
  /** Of those who are no longer followed. */
  readonly #left: Totals
  readonly #caps: (number | null)[]

  constructor(spec: BookSpec, start?: BookStart) {
    const { variants, metrics } = spec
    const { left = [], threshold = ALL_POSITIONS, mixed = 0 } = start ?? {}
    this.since = start?.since ?? metrics.map(() => 0)
    const layout = new Layout(metrics.map(({ type }) => type))
    this.mostVisitors = Math.min(
      spec.mostVisitors ?? MOST_VISITORS,
      Math.floor(MOST_TABLE_BYTES / layout.bytes),
    )
    this.#visitors = new Visitors(layout)
    this.#totals = new Totals(variants, this.since, left)
    this.#left = new Totals(variants, this.since, left)
    this.#caps = capsAtFirst(metrics, spec.caps ?? {})
    this.threshold = threshold
    this.mixed = mixed
  }

  get visitors(): Omit<Visitors, 'add' | 'setValue' | 'setVariant' | 'setExposure'> {
    return this.#visitors
  }

  get totals(): readonly VariantSummary[] {
    return this.#totals.summaries()
  }

  get left(): readonly VariantSummary[] {
    return this.#left.summaries()
  }

  /** Null where a cap isn't known yet, Infinity where none is needed. */
  get caps(): readonly (number | null)[] {
    return this.#caps
  }

  follows(position: number): boolean {
    return mix32(position) < this.threshold
  }

  /** @returns the visitor's number; −1 where they are no longer followed once there is room for others */
  add(position: number, second: number, dealt: Dealt): number {
    if (this.#visitors.size >= this.mostVisitors) this.#followFewer()
    if (!this.follows(position)) return -1
    this.#totals.addVisitors(dealt, second, 1)
    return this.#visitors.add(position, second, dealt)
  }

  /** Whether a visitor was exposed since a metric began. */
  counts(number: number, metric: number): boolean {
    return this.#visitors.secondOf(number) >= (this.since[metric] ?? 0)
  }

  /** A visitor was exposed earlier than it seemed: of a metric that began in between they don't count. */
  exposeEarlier(number: number, second: number, group: number): void {
    for (const [metric, since] of this.since.entries())
      if (second < since && this.counts(number, metric)) this.setValue(number, metric, 0)
    this.#move(number, -1)
    // Who they are is known by where they came from first.
    this.#visitors.setExposure(number, second, group)
    this.#move(number, 1)
  }

  /** A visitor of two variants counts for none. */
  exclude(number: number): void {
    this.#move(number, -1)
    this.#visitors.setVariant(number, MIXED)
    this.mixed++
  }

  /** Takes a visitor out of the totals (-1), or adds them with all that they did (1). */
  #move(number: number, count: 1 | -1): void {
    const dealt = this.#visitors.dealtOf(number)
    this.#totals.addVisitors(dealt, this.#visitors.secondOf(number), count)
    for (let metric = 0; metric < this.#caps.length; metric++) {
      const value = this.#cappedOf(number, metric)
      this.#totals.change(dealt, metric, count === 1 ? 0 : value, count === 1 ? value : 0)
    }
  }

  setValue(number: number, metric: number, value: number): void {
    const before = this.#cappedOf(number, metric)
    this.#visitors.setValue(number, metric, value)
    this.#totals.change(this.#visitors.dealtOf(number), metric, before, this.#cappedOf(number, metric))
  }

  /** Learns a cap that is missing, once enough visitors have a value. */
  learnCap(metric: number, least = LEAST_TO_LEARN): void {
    if (this.#caps[metric] !== null || this.#totals.nonzeroOf(metric) < least) return
    const cap = learnedCap(this.valuesOf(metric), least)
    if (cap === undefined) return
    for (let number = 0; number < this.#visitors.size; number++) {
      const value = this.#visitors.valueOf(number, metric)
      if (value > cap) this.#totals.change(this.#visitors.dealtOf(number), metric, value, cap)
    }
    this.#caps[metric] = cap
  }

  /** Uncapped values of visitors who have one. */
  valuesOf(metric: number): Float64Array {
    const values = new Float64Array(this.#visitors.size)
    let count = 0
    for (let number = 0; number < this.#visitors.size; number++) {
      const value = this.#visitors.variantOf(number) === MIXED ? 0 : this.#visitors.valueOf(number, metric)
      if (value > 0) values[count++] = value
    }
    return values.subarray(0, count)
  }

  #cappedOf(number: number, metric: number): number {
    return Math.min(this.#visitors.valueOf(number, metric), this.#caps[metric] ?? Infinity)
  }

  /** Halves the positions that are followed, until there is room. */
  #followFewer(): void {
    // What leaves can't be capped later.
    for (let metric = 0; metric < this.#caps.length; metric++) this.learnCap(metric, 1)
    while (this.#visitors.size >= this.mostVisitors && this.threshold > 1) {
      this.threshold = Math.floor(this.threshold / 2)
      const followed = new Visitors(this.#visitors.layout)
      for (let number = 0; number < this.#visitors.size; number++) {
        if (this.follows(this.#visitors.positionOf(number))) copyVisitor(this.#visitors, number, followed)
        else this.#leave(number)
      }
      // Pages beyond its end are written empty.
      for (let page = 0; page < this.#visitors.pageCount; page++) followed.dirtyPages.add(page)
      this.#visitors = followed
    }
  }

  #leave(number: number): void {
    const dealt = this.#visitors.dealtOf(number)
    this.#left.addVisitors(dealt, this.#visitors.secondOf(number), 1)
    for (let metric = 0; metric < this.#caps.length; metric++)
      this.#left.change(dealt, metric, 0, this.#cappedOf(number, metric))
  }
}

function copyVisitor(from: Visitors, number: number, to: Visitors): void {
  const copy = to.add(from.positionOf(number), from.secondOf(number), from.dealtOf(number))
  for (let metric = 0; metric < from.layout.types.length; metric++) {
    const value = from.valueOf(number, metric)
    if (value > 0) to.setValue(copy, metric, value)
  }
}
