/** Runs the guards; the state of each stays in SQLite, so that a restart loses no evidence. */
import type { FlagControl } from '../../core/config/control.ts'
import { currentShare } from '../../core/decision/decide.ts'
import type { CompiledFlag } from '../../core/flags/flag.ts'
import {
  type GuardState,
  initialGuardState,
  restoreGuardState,
  stepGuard,
  type Verdict,
} from '../../core/guard/index.ts'
import { comingPercentage, type RolloutPlan, settingsAtStage } from '../../core/rollout/plan.ts'
import type { CellStore } from '../storage/cell-store.ts'
import type { TextStore } from '../storage/text-store.ts'

export class GuardRunner {
  readonly #texts: TextStore
  readonly #cells: CellStore
  readonly #states = new Map<string, GuardState>()

  constructor(texts: TextStore, cells: CellStore) {
    this.#texts = texts
    this.#cells = cells
  }

  /** Runs a flag's guard on what has been counted since the last run; undefined without a guard. */
  run(plan: RolloutPlan, flag: CompiledFlag, control: FlagControl, nowMs: number): Verdict | undefined {
    const { generation, stage } = control
    const { pair, isEmpty } = this.#cells.takeTick(flag, generation, stage)
    if (plan.guard === undefined) return undefined
    const percentage = percentageOf(flag, control)
    const state = this.#stateOf(flag.key) ?? initialGuardState({ generation, stage, percentage, atMs: nowMs })
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
    this.#states.set(flag.key, stepped.state)
    if (!isEmpty) this.#texts.putJson(textName(flag.key), stepped.state)
    return stepped.verdict
  }

  #stateOf(flag: string): GuardState | undefined {
    const known = this.#states.get(flag)
    if (known !== undefined) return known
    return restoreGuardState(this.#texts.getJson<GuardState>(textName(flag)))
  }
}

function textName(flag: string): string {
  return `guard ${flag}`
}

/** The canary's share, in percent, of the visitors who meet the rule's conditions. */
export function percentageOf(flag: CompiledFlag, control: FlagControl): number {
  const rule = flag.rules[flag.rolloutRule]
  const thousandths = rule && currentShare(rule, control)
  return thousandths === undefined ? 100 : thousandths / 1_000
}
