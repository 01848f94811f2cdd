/** Runs the guards; the state of each is in the flag's book, which is stored (books.ts). */
import type { FlagControl } from '../../core/config/control.ts'
import type { CompiledFlag } from '../../core/flags/flag.ts'
import {
  type FlagTraffic,
  initialGuardState,
  judgeBeforeAfter,
  stepGuard,
  type Verdict,
} from '../../core/guard/index.ts'
import { tallyKey } from '../../core/metrics/ledger/tally.ts'
import type { WeeklyMetric } from '../../core/metrics/spec.ts'
import type { Cause } from '../../core/rollout/audit.ts'
import { percentageOf } from '../../core/rollout/news/transition.ts'
import { comingPercentage, type RolloutPlan, settingsAtStage } from '../../core/rollout/plan.ts'
import { offsetMs } from '../../core/rollout/windows.ts'
import type { Books } from '../storage/books/books.ts'
import type { CellStore } from '../storage/cell-store.ts'
import { localTime } from './local-time.ts'

export type GuardPorts = {
  /** How much of a metric was counted so far, of a flag without a split. */
  eventsOf(flag: string, metric: WeeklyMetric): number
  /** Tells that a metric has fallen where that is all that is done. */
  tell(flag: string, cause: Cause, nowMs: number): void
}

export class GuardRunner {
  readonly #books: Books
  readonly #cells: CellStore
  readonly #ports: GuardPorts

  constructor(books: Books, cells: CellStore, ports: GuardPorts) {
    this.#books = books
    this.#cells = cells
    this.#ports = ports
  }

  /** Runs a flag's guard on what has been counted since the last run; undefined without a guard. */
  run(plan: RolloutPlan, flag: CompiledFlag, control: FlagControl, nowMs: number): Verdict | undefined {
    const { generation, stage } = control
    const { pair, traffic } = this.#cells.takeTick(flag, generation, stage)
    if (plan.guard === undefined) return undefined
    const percentage = percentageOf(flag, control)
    const state =
      this.#books.guardOf(flag.key) ?? initialGuardState({ generation, stage, percentage, atMs: nowMs })
    const settings = settingsAtStage(plan.guard, plan.stages[Math.min(stage, plan.stages.length - 1)])
    const comingTo = comingPercentage(plan.stages, stage, flag.rules[flag.rolloutRule]?.holdback ?? 0)
    const stepped = stepGuard(settings, state, {
      atMs: nowMs,
      generation,
      stage,
      percentage,
      comingTo,
      ...pair,
    })
    this.#books.setGuard(flag.key, stepped.state)
    return plan.beforeAfter
      ? this.#againstWeeks(plan, flag, { control, verdict: stepped.verdict, traffic }, nowMs)
      : stepped.verdict
  }

  /** A flag without a split is compared with the weeks before: its journeys, and metrics per journey. */
  #againstWeeks(
    { guard, timezone }: RolloutPlan,
    { key, enabled, weekly = [] }: CompiledFlag,
    { control, verdict, traffic }: { control: FlagControl; verdict: Verdict; traffic: FlagTraffic },
    nowMs: number,
  ): Verdict {
    if (guard === undefined) return verdict
    const known = this.#books.metricWeeksOf(key)
    const looks = weekly.map((metric) => {
      const total = this.#ports.eventsOf(key, metric)
      // A metric that is new counts from now on.
      const { state, seen = total } = known[tallyKey(metric)] ?? {}
      const { marginPercent, action } = metric.guard
      const line = { metric: metric.name, maxDropPercent: marginPercent, action }
      return { line, before: state, events: Math.max(0, total - seen), total, id: tallyKey(metric) }
    })
    const tick = {
      ...traffic,
      atMs: nowMs,
      offsetMs: offsetMs(localTime(nowMs, timezone), nowMs),
      generation: control.generation,
      isOpen: enabled && control.rolledBack === undefined,
    }
    const judged = judgeBeforeAfter(guard, this.#books.beforeAfterOf(key), tick, verdict, looks)
    this.#books.setBeforeAfter(key, judged.state)
    const weeks = judged.metrics.flatMap(({ state }, at) => {
      const look = looks[at]
      return look === undefined ? [] : [[look.id, { state, seen: look.total }] as const]
    })
    this.#books.setMetricWeeks(key, Object.fromEntries(weeks))
    for (const { metric, signal } of judged.metrics)
      if (signal !== undefined)
        this.#ports.tell(key, { actor: 'guard', reason: signal, evidence: { metric } }, nowMs)
    return judged.verdict
  }
}
