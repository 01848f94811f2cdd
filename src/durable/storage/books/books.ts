/**
 * What the Controller has counted, in storage: a row for each flag with its counts, its guard's state and the end of its
 * chart, and one for the shards' numbers. All rows are written together: after a crash counts, evidence and numbers are
 * of one moment, so that nothing counts twice. What came after that moment is lost, of all arms alike: a verdict may come
 * later for it, and tilts to neither side. Verdicts themselves are stored as they are made.
 */
import {
  type BeforeAfterState,
  type GuardState,
  restoreBeforeAfter,
  restoreGuardState,
} from '../../../core/guard/index.ts'
import type { CellStore } from '../cell-store.ts'
import type { FlagLog } from '../flag-log.ts'
import type { InternalErrorLog } from '../internal-error-log.ts'
import type { SeriesStore } from '../series-store.ts'
import type { ShardLog } from '../shard-log.ts'
import type { TextStore } from '../text-store.ts'
import { type Book, type MetricWeeks, takeOlderBooks } from './book.ts'
import type { FailureLog } from './failure-log.ts'

type BookParts = {
  texts: TextStore
  cells: CellStore
  series: SeriesStore
  shards: ShardLog
  flags: FlagLog
  internalErrors: InternalErrorLog
  failures: FailureLog
}

const PREFIX = 'book '
const SHARDS = 'shards'

export class Books {
  readonly #storage: DurableObjectStorage
  readonly #parts: BookParts
  readonly #guards = new Map<string, GuardState>()
  readonly #weeks = new Map<string, BeforeAfterState>()
  readonly #metricWeeks = new Map<string, Readonly<Record<string, MetricWeeks>>>()
  readonly #changed = new Set<string>()
  #isChanged = false
  #savedAtMs = Number.NEGATIVE_INFINITY

  constructor(storage: DurableObjectStorage, parts: BookParts) {
    this.#storage = storage
    this.#parts = parts
    const { texts, shards } = parts
    const older = takeOlderBooks(storage.sql, texts)
    for (const name of texts.namesWith(PREFIX)) {
      const book = older.isAny ? undefined : texts.getJson<Book>(name)
      if (book !== undefined) this.#restore(name.slice(PREFIX.length), book)
      else texts.remove(name)
    }
    for (const [flag, book] of older.books) this.#restore(flag, book)
    shards.restore(older.isAny ? older.shards : (texts.getJson(SHARDS) ?? []))
    if (!older.isAny) return
    for (const flag of older.books.keys()) this.#changed.add(flag)
    this.#isChanged = true
    this.save(Date.now())
  }

  /** Counts of these flags, or a shard's number, have changed. */
  note(flags: Iterable<string> = []): void {
    this.#isChanged = true
    for (const flag of flags) this.#changed.add(flag)
  }

  guardOf(flag: string): GuardState | undefined {
    return this.#guards.get(flag)
  }

  setGuard(flag: string, state: GuardState): void {
    this.#guards.set(flag, state)
  }

  beforeAfterOf(flag: string): BeforeAfterState | undefined {
    return this.#weeks.get(flag)
  }

  setBeforeAfter(flag: string, state: BeforeAfterState | undefined): void {
    if (state !== undefined) this.#weeks.set(flag, state)
  }

  /** Of a flag's metrics, by `tallyKey`. */
  metricWeeksOf(flag: string): Readonly<Record<string, MetricWeeks>> {
    return this.#metricWeeks.get(flag) ?? {}
  }

  setMetricWeeks(flag: string, weeks: Readonly<Record<string, MetricWeeks>>): void {
    this.#metricWeeks.set(flag, weeks)
  }

  /** When to save, given the pace; undefined with nothing to save. */
  dueMs(saveMs: number): number | undefined {
    return this.#isChanged ? this.#savedAtMs + saveMs : undefined
  }

  save(nowMs: number): void {
    if (!this.#isChanged && !this.#parts.internalErrors.isChanged) return
    const { texts, cells, series, shards, flags, internalErrors, failures } = this.#parts
    this.#storage.transactionSync(() => {
      for (const flag of this.#changed) {
        const book: Book = {
          cells: cells.of(flag),
          guard: this.#guards.get(flag),
          beforeAfter: this.#weeks.get(flag),
          metricWeeks: this.#metricWeeks.get(flag),
          series: series.blocksOf(flag),
          seenAtMs: flags.timesOf(flag, nowMs).lastSeenMs,
          failures: failures.of(flag),
        }
        texts.putJson(PREFIX + flag, book)
      }
      texts.putJson(SHARDS, shards.toData(nowMs))
      internalErrors.save()
    })
    this.#changed.clear()
    this.#isChanged = false
    this.#savedAtMs = nowMs
  }

  #restore(
    flag: string,
    { cells, guard, beforeAfter, metricWeeks = {}, series, seenAtMs, failures }: Book,
  ): void {
    this.#parts.cells.restore(flag, cells)
    this.#parts.series.restore(flag, series)
    this.#parts.failures.restore(flag, failures)
    const state = restoreGuardState(guard)
    if (state !== undefined) this.#guards.set(flag, state)
    this.setBeforeAfter(flag, restoreBeforeAfter(beforeAfter))
    const weeks = Object.entries(metricWeeks).filter(([, { state }]) => restoreBeforeAfter(state))
    if (weeks.length > 0) this.#metricWeeks.set(flag, Object.fromEntries(weeks))
    if (seenAtMs !== null) this.#parts.flags.restoreSeen(flag, seenAtMs)
  }
}
