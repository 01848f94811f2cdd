/** One look at the metrics of every flag: judge, act, and keep what the results show. core/metrics judges. */
import type { Snapshot } from '../../../core/config/compile/snapshot.ts'
import type { FlagControl } from '../../../core/config/control.ts'
import { UNPROVEN_VISIT } from '../../../core/metrics/entries.ts'
import { judge } from '../../../core/metrics/judge/judge.ts'
import type { MetricFinding } from '../../../core/metrics/judge-types.ts'
import type { MetricResults } from '../../../core/metrics/results.ts'
import type { Cause } from '../../../core/rollout/audit.ts'
import type { Command } from '../../../core/rollout/commands.ts'
import type { RolloutPlan } from '../../../core/rollout/plan.ts'
import { noteInternalError } from '../../../platform/internal-errors.ts'
import type { Kept, MetricBooks } from '../../storage/metrics/metric-books.ts'

/** The document in force. */
type LoadedDocument = { snapshot: Snapshot; plans: ReadonlyMap<string, RolloutPlan> }

/** A look sums up every visitor of a ledger, which takes milliseconds for many: as often as people look is enough. */
const LOOK_EVERY_MS = 5_000

export type MetricRunnerPorts = {
  controlOf(flag: string): FlagControl
  perform(command: Command, cause: Cause): Promise<unknown>
  tell(event: 'metric', flag: string, cause: Cause, nowMs: number): void
}

type Seen = { generation: number; results: MetricResults }

export class MetricRunner {
  readonly #books: MetricBooks
  readonly #ports: MetricRunnerPorts
  /** What the last look at each flag has found. */
  readonly #seen = new Map<string, Seen>()
  #lookedAtMs = Number.NEGATIVE_INFINITY

  constructor(books: MetricBooks, ports: MetricRunnerPorts) {
    this.#books = books
    this.#ports = ports
  }

  /** Looks at each flag whose metrics have changed, and acts on what it finds. */
  async run(loaded: LoadedDocument, nowMs: number): Promise<void> {
    if (Math.abs(nowMs - this.#lookedAtMs) < LOOK_EVERY_MS) return
    this.#lookedAtMs = nowMs
    try {
      this.#books.sweep()
      for (const flag of new Set([...(loaded.snapshot.measured?.flagsOf.values() ?? [])].flat()))
        await this.#lookSafely(loaded, flag, nowMs)
      this.#books.saveInTime(nowMs)
    } catch (error) {
      noteInternalError('controller.metrics', error)
    }
  }

  /** A flag whose metrics can't be judged must not stop the others. */
  async #lookSafely(loaded: LoadedDocument, flag: string, nowMs: number): Promise<void> {
    try {
      const kept = this.#books.keep(flag)
      if (kept?.isDirty) await this.#look(loaded, flag, kept, nowMs)
    } catch (error) {
      noteInternalError('controller.metrics', error, { flag })
    }
  }

  /** What the metrics of a flag show now; undefined for a flag that measures nothing. */
  results(loaded: LoadedDocument, flag: string, nowMs: number): MetricResults | undefined {
    const kept = this.#books.keep(flag)
    const { rolledBack } = this.#ports.controlOf(flag)
    if (kept === undefined) return undefined
    const { results } = this.#judge(loaded, flag, kept, nowMs)
    if (rolledBack === undefined) return results
    const { atMs, reason } = rolledBack
    return { ...results, rolledBack: { atMs, reason } }
  }

  /** What an attempt has shown, for its outcome; undefined where it measured nothing. */
  resultsOfAttempt(
    loaded: LoadedDocument,
    flag: string,
    generation: number,
    nowMs: number,
  ): MetricResults | undefined {
    try {
      const kept = this.#books.of(flag)
      if (kept?.account.generation === generation) return this.#judge(loaded, flag, kept, nowMs).results
    } catch (error) {
      // A kill or a rollback must not fail for it.
      noteInternalError('controller.metrics', error, { flag })
    }
    const seen = this.#seen.get(flag)
    return seen?.generation === generation ? seen.results : undefined
  }

  async #look(loaded: LoadedDocument, flag: string, kept: Kept, nowMs: number): Promise<void> {
    const judged = this.#judge(loaded, flag, kept, nowMs)
    kept.isDirty = false
    for (const finding of judged.findings) await this.#act(flag, kept, finding, nowMs)
  }

  #judge(loaded: LoadedDocument, key: string, kept: Kept, nowMs: number) {
    const { account, measures, ledger } = kept
    const { [UNPROVEN_VISIT]: unproven = 0, ...refused } = account.refused
    const guardAlpha = loaded.plans.get(key)?.guard?.alpha ?? 0
    const isOver = this.#ports.controlOf(key).rolledBack !== undefined
    const spec = {
      ...{ flag: key, measures, shares: account.shares, guardAlpha, unproven, refused },
      ...(!isOver && { arrivals: ledger.arrivals(nowMs) }),
    }
    const judged = judge(account.judge, ledger.summaries(), spec, nowMs)
    account.judge = judged.state
    this.#seen.set(key, { generation: account.generation, results: judged.results })
    return judged
  }

  /** Rolls back, freezes or tells, once. */
  async #act(flag: string, { account }: Kept, finding: MetricFinding, nowMs: number): Promise<void> {
    const { action, metric, variant, sentence, evidence } = finding
    const control = this.#ports.controlOf(flag)
    const cause = { actor: 'guard', reason: sentence, evidence: { metric, variant, ...evidence } }
    if (control.rolledBack !== undefined || control.generation !== account.generation) return
    if (action === 'rollback') await this.#ports.perform({ kind: 'rollback', flag }, cause)
    else if (action === 'freeze') {
      if (control.frozen === undefined) await this.#ports.perform({ kind: 'freeze', flag }, cause)
    } else if (!account.signalled.includes(`${metric} ${variant}`)) {
      account.signalled.push(`${metric} ${variant}`)
      this.#books.saveInTime(nowMs, true)
      this.#ports.tell('metric', flag, cause, nowMs)
    }
  }
}
