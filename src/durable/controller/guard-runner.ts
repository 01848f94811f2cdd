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
import { percentageOf } from '../../core/rollout/news/transition.ts'
import { comingPercentage, type RolloutPlan, settingsAtStage } from '../../core/rollout/plan.ts'
import { offsetMs } from '../../core/rollout/windows.ts'
import type { Books } from '../storage/books/books.ts'
import type { CellStore } from '../storage/cell-store.ts'
import { localTime } from './local-time.ts'

export class GuardRunner {
  readonly #books: Books
  readonly #cells: CellStore

  constructor(books: Books, cells: CellStore) {
    this.#books = books
    this.#cells = cells
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

  /** A flag without a split is compared with the weeks before. */
  #againstWeeks(
    { guard, timezone }: RolloutPlan,
    { key, enabled }: CompiledFlag,
    { control, verdict, traffic }: { control: FlagControl; verdict: Verdict; traffic: FlagTraffic },
    nowMs: number,
  ): Verdict {
    if (guard === undefined) return verdict
    const judged = judgeBeforeAfter(
      guard,
      this.#books.beforeAfterOf(key),
      {
        ...traffic,
        atMs: nowMs,
        offsetMs: offsetMs(localTime(nowMs, timezone), nowMs),
        generation: control.generation,
        isOpen: enabled && control.rolledBack === undefined,
      },
      verdict,
    )
    this.#books.setBeforeAfter(key, judged.state)
    return judged.verdict
  }
}
