/** Rollbacks whose visitors move to control step by step: see core/rollout/step-back.ts. One keeper per isolate. */
import type { FlagTarget } from '../core/config/route-target.ts'
import type { EvaluationContext } from '../core/context/attributes.ts'
import type { Decision, DecisionInputs, decide } from '../core/decision/decide.ts'
import { compileSalt, positionOf, TWO_TO_32 } from '../core/flags/bucket.ts'
import { movedShare, type StepBack, startStepBack } from '../core/rollout/step-back.ts'
import type { OriginHealth } from './origin-health.ts'

export class StepBacks {
  readonly #health: OriginHealth
  readonly #evaluate: typeof decide
  readonly #byFlag = new Map<string, StepBack>()

  constructor(health: OriginHealth, evaluate: typeof decide) {
    this.#health = health
    this.#evaluate = evaluate
  }

  /** The decision; or, for a visitor who has not been moved yet after a rollback, the one before it. */
  decide(
    { flag, origins, stable }: FlagTarget,
    context: EvaluationContext,
    inputs: DecisionInputs,
  ): Decision {
    const decision = this.#evaluate(flag, context, inputs)
    if (flag.stepBackMs === 0 || decision.reason !== 'ROLLED_BACK') return decision
    const { rolledBack, ...open } = inputs.control.of(flag.key)
    if (rolledBack === undefined || inputs.nowMs >= rolledBack.atMs + flag.stepBackMs) return decision
    const of = (key: string) => (key === flag.key ? open : inputs.control.of(key))
    const before = this.#evaluate(flag, context, { ...inputs, control: { ...inputs.control, of } })
    const origin = origins.get(before.variant) ?? stable
    if (origin === stable || this.#health.isDown(origin)) return decision
    const control = this.#health.latencyMs(stable)
    const share = movedShare(this.#stepBackOf(flag.key, rolledBack.atMs, control.usual, inputs.nowMs), {
      nowMs: inputs.nowMs,
      withinMs: flag.stepBackMs,
      controlMs: control.now,
    })
    const position = positionOf(compileSalt(`${flag.salt.text}:back`), context) ?? 0
    if (position < share * TWO_TO_32) return decision
    // What it does now is no evidence any more.
    return { ...before, arm: 'other', bucket: -1 }
  }

  #stepBackOf(flag: string, atMs: number, usualMs: number | undefined, nowMs: number): StepBack {
    const known = this.#byFlag.get(flag)
    if (known?.atMs === atMs) return known
    const started = startStepBack(atMs, usualMs, nowMs)
    this.#byFlag.set(flag, started)
    return started
  }
}
