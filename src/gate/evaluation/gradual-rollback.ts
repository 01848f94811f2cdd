/** Gradual rollbacks, whose visitors move to control step by step: see core/rollout/step-back.ts. One per isolate. */
import type { FlagTarget, Origin } from '../../core/config/compile/route-target.ts'
import type { Snapshot } from '../../core/config/compile/snapshot.ts'
import type { EvaluationContext } from '../../core/context/attributes.ts'
import { type Decision, type DecisionInputs, type decide, NOT_COMPARED } from '../../core/decision/decide.ts'
import type { CompiledFlag } from '../../core/flags/flag.ts'
import { murmur3 } from '../../core/flags/murmur3.ts'
import { compileSalt, positionOf, TWO_TO_32 } from '../../core/flags/position.ts'
import { movedShare, type StepBack, startStepBack } from '../../core/rollout/step-back.ts'
import type { ActiveConfig } from '../config/live-config.ts'
import type { OriginHealth } from '../origin/origin-health.ts'

/** Open pages hear of a rollback again with each part of the visitors that has moved. */
const PARTS_ANNOUNCED = 8

export class GradualRollback {
  readonly #health: OriginHealth
  readonly #evaluate: typeof decide
  readonly #byFlag = new Map<string, StepBack>()

  constructor(health: OriginHealth, evaluate: typeof decide) {
    this.#health = health
    this.#evaluate = evaluate
  }

  /** The decision; for a visitor whom a rollback has not moved yet, the one before the rollback. */
  decide(target: FlagTarget, context: EvaluationContext, inputs: DecisionInputs): Decision {
    return this.#decide(target.flag, () => target, context, inputs)
  }

  /** The same where no request is routed: the decision by which the visitor's pages are. */
  decideUnrouted(
    flag: CompiledFlag,
    snapshot: Snapshot,
    context: EvaluationContext,
    inputs: DecisionInputs,
  ): Decision {
    return this.#decide(flag, () => targetOf(flag, snapshot), context, inputs)
  }

  /** Changes whenever a part of the visitors has moved; empty while no rollback is moving any. */
  progress({ snapshot, control }: ActiveConfig, nowMs: number): string {
    const moving = control.rolledBack.flatMap((key) => {
      const flag = snapshot.flags.get(key)
      const atMs = control.of(key).rolledBack?.atMs
      if (flag === undefined || atMs === undefined || nowMs >= atMs + flag.stepBackMs) return []
      const target = targetOf(flag, snapshot)
      return target
        ? `${key}:${Math.floor(this.#moved(flag, atMs, target.stable, nowMs) * PARTS_ANNOUNCED)}`
        : []
    })
    // Hashed, because anyone may read it and flags can be private.
    return moving.length === 0 ? '' : murmur3(moving.join(), 0).toString(36)
  }

  #decide(
    flag: CompiledFlag,
    findTarget: () => FlagTarget | undefined,
    context: EvaluationContext,
    inputs: DecisionInputs,
  ): Decision {
    const decision = this.#evaluate(flag, context, inputs)
    if (flag.stepBackMs === 0 || decision.reason !== 'ROLLED_BACK') return decision
    const { rolledBack, ...open } = inputs.control.of(flag.key)
    if (rolledBack === undefined || inputs.nowMs >= rolledBack.atMs + flag.stepBackMs) return decision
    const target = findTarget()
    if (target === undefined) return decision
    const of = (key: string) => (key === flag.key ? open : inputs.control.of(key))
    const before = this.#evaluate(flag, context, { ...inputs, control: { ...inputs.control, of } })
    const { stable } = target
    const origin = target.origins.get(before.variant) ?? stable
    if (origin === stable || this.#health.isDown(origin)) return decision
    const share = this.#moved(flag, rolledBack.atMs, stable, inputs.nowMs)
    const position = positionOf(compileSalt(`${flag.salt.text}:back`), context) ?? 0
    if (position < share * TWO_TO_32) return decision
    // From now on nothing about it is evidence.
    return { ...before, rule: undefined, placement: NOT_COMPARED }
  }

  /** The share of visitors that have moved by now. */
  #moved(flag: CompiledFlag, atMs: number, stable: Origin, nowMs: number): number {
    const control = this.#health.latencyMs(stable)
    return movedShare(this.#stepBackOf(flag.key, atMs, control.usual, nowMs), {
      nowMs,
      withinMs: flag.stepBackMs,
      controlMs: control.now,
    })
  }

  #stepBackOf(flag: string, atMs: number, usualMs: number | undefined, nowMs: number): StepBack {
    const known = this.#byFlag.get(flag)
    if (known?.atMs === atMs) return known
    const started = startStepBack(atMs, usualMs, nowMs)
    this.#byFlag.set(flag, started)
    return started
  }
}

/** Where a flag routes: its first route. */
function targetOf(flag: CompiledFlag, { routes }: Snapshot): FlagTarget | undefined {
  for (const { target } of routes) if (target.kind === 'flag' && target.flag === flag) return target
  return undefined
}
