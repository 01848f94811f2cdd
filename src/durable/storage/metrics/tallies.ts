/** The tallies of flags without a split, stored at the checkpoints of the ledgers: what the journal has since then is taken again. */
import type { MetricGroup } from '../../../core/counters/metrics/metric-batch.ts'
import { Tally, type TallyHead } from '../../../core/metrics/ledger/tally.ts'
import type { WeeklyMetric } from '../../../core/metrics/spec.ts'
import type { TextStore } from '../text-store.ts'
import type { LedgerRows } from './ledger-rows.ts'

const HEAD = 'tally of '
/** Keys of flags have no spaces. */
const rowsOf = (flag: string) => `tally ${flag}`

export class Tallies {
  readonly #texts: TextStore
  readonly #rows: LedgerRows
  readonly #kept = new Map<string, Tally>()

  constructor(texts: TextStore, rows: LedgerRows) {
    this.#texts = texts
    this.#rows = rows
  }

  /** Of a flag whose metrics are compared with the weeks before; begun where there is none. */
  of(flag: string): Tally {
    const known = this.#kept.get(flag)
    if (known !== undefined) return known
    const head = this.#texts.getJson<TallyHead>(HEAD + flag)
    const tally = new Tally(head, head && this.#rows.read(rowsOf(flag)))
    this.#kept.set(flag, tally)
    return tally
  }

  add({ flag, events }: MetricGroup, metrics: readonly WeeklyMetric[]): void {
    const tally = this.of(flag)
    for (const [name, position, atMs, value, id] of events) {
      const metric = metrics.find((each) => each.name === name)
      if (metric !== undefined) tally.record(metric, { position, atMs, value, id })
    }
  }

  /** In the transaction of a checkpoint. */
  save(): void {
    for (const [flag, tally] of this.#kept) {
      for (const block of tally.dirtyBlocks()) this.#rows.write(rowsOf(flag), block)
      this.#texts.putJson(HEAD + flag, tally.head)
    }
  }

  /** Drops those of flags that have none any more. @returns whether there was any */
  sweep(isKept: (flag: string) => boolean): boolean {
    const gone = [...this.#kept.keys()].filter((flag) => !isKept(flag))
    for (const flag of gone) {
      this.#kept.delete(flag)
      this.#rows.remove(rowsOf(flag))
      this.#texts.remove(HEAD + flag)
    }
    return gone.length > 0
  }
}
