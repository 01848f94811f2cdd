/**
 * The Controller's part of one flag, without storage: document, plan, cells, look, command. Everything that decides
 * is the gate's own code from `src/core`.
 */

import { compileSnapshot } from '../../../src/core/config/compile/snapshot.ts'
import {
  type ControlState,
  INITIAL_CONTROL_STATE,
  INITIAL_FLAG_CONTROL,
} from '../../../src/core/config/control.ts'
import { parseDocumentValue } from '../../../src/core/config/parse/parse.ts'
import { type Cell, emptyCell } from '../../../src/core/counters/cell.ts'
import { armPair } from '../../../src/core/counters/ticks.ts'
import { currentShare } from '../../../src/core/decision/decide.ts'
import type { ArmTick, GuardState, GuardTick, VerdictReport } from '../../../src/core/guard/index.ts'
import { initialGuardState, reportOf, stepGuard } from '../../../src/core/guard/index.ts'
import { applyCommand } from '../../../src/core/rollout/commands.ts'
import { comingPercentage, compilePlans, settingsAtStage } from '../../../src/core/rollout/plan.ts'
import { type AutomaticCommand, stepRollout } from '../../../src/core/rollout/step.ts'
import type { At } from '../../../test-kit/simulation/guard-traffic.ts'

const FLAG = 'canary'

export type GateOptions = {
  /** `guard` of the flag, as in a gate document. */
  guard: object
  /** Percentages of the stages. */
  stages: readonly number[]
  /** Of every stage. */
  bakeS: number
  /** Time of every stage, such as "4h". */
  within?: string | undefined
}

export type Look = { verdict: VerdictReport; command: AutomaticCommand['kind'] | undefined }

export type Gate = {
  /** Where the rollout stands. */
  at(): At
  /** Judges the cells that have come in since the last look, and performs what follows. */
  look(cells: readonly Cell[], nowMs: number): Look
}

export function createGate({ guard, stages, bakeS, within }: GateOptions): Gate {
  const bake = `${Math.ceil(bakeS)}s`
  // A lone stage is watched for as long as the scenario lasts; it must not finish.
  const advance = stages.length === 1 ? 'manual' : 'auto'
  const document = parsed({
    origins: { old: { url: 'http://old.test' } },
    routes: [{ path: '/*', origin: 'old' }],
    flags: {
      [FLAG]: {
        variants: { on: true, off: false },
        off: 'off',
        rules: [
          {
            stages: stages.map((percentage) => ({ percentage, bake, advance, ...(within && { within }) })),
            serve: 'on',
          },
        ],
        guard,
      },
    },
  })
  const flag = compileSnapshot(document).flags.get(FLAG)
  const rule = flag?.rules[flag.rolloutRule]
  const plan = compilePlans(document).get(FLAG)
  const settings = plan?.guard
  if (flag === undefined || rule === undefined || plan === undefined || settings === undefined)
    throw new Error('Cannot make a gate: the flag has no stages or no guard')
  let state: ControlState = INITIAL_CONTROL_STATE
  let memory: GuardState | undefined
  const control = () => state.flags[FLAG] ?? INITIAL_FLAG_CONTROL
  const at = (): At => {
    const { generation, stage } = control()
    return { generation, stage, percentage: (currentShare(rule, control()) ?? 100_000) / 1_000 }
  }
  const look = (cells: readonly Cell[], nowMs: number): Look => {
    const { generation, stage, percentage } = at()
    const tick: GuardTick = {
      atMs: nowMs,
      generation,
      stage,
      percentage,
      comingTo: comingPercentage(plan.stages, stage, rule.holdback),
      ...armPair(cells, generation, stage, flag.off),
    }
    memory ??= initialGuardState({ generation, stage, percentage, atMs: 0 })
    const looked = stepGuard(settingsAtStage(settings, plan.stages[stage]), memory, tick)
    memory = looked.state
    const { verdict } = looked
    const { command } = stepRollout({
      plan,
      control: control(),
      isKilled: false,
      verdict,
      permission: { allowed: true },
    })
    if (command !== undefined) {
      const order = { kind: command.kind, flag: FLAG }
      const result = applyCommand(state, order, { stages }, nowMs, command.reason)
      if (!result.ok) throw new Error(result.error)
      state = result.state
    }
    return { verdict: reportOf(verdict), command: command?.kind }
  }
  return { at, look }
}

function parsed(value: unknown) {
  const result = parseDocumentValue(value)
  if (!result.ok) throw new Error(`Cannot parse the scenario's document: ${JSON.stringify(result.problems)}`)
  return result.value
}

/** One second of both arms as the cells that isolates send. */
export function cellsOf({ generation, stage, canary, control }: GuardTick): Cell[] {
  const key = { flag: FLAG, generation, stage }
  return [
    cellOf({ ...key, variant: 'on', arm: 'canary' }, canary),
    cellOf({ ...key, variant: 'off', arm: 'control' }, control),
  ]
}

function cellOf(key: Parameters<typeof emptyCell>[0], tick: ArmTick): Cell {
  const cell = emptyCell(key)
  cell.requests = tick.requests
  cell.errors.status = tick.errors
  cell.latency = tick.latency
  cell.erroredBuckets = [...tick.erroredSlots]
  cell.journeys = tick.journeys
  const { discordant, unpaired, unasked } = tick.pairing
  cell.pairing = {
    ...tick.pairing,
    discordant: [...discordant],
    unpaired: [...unpaired],
    unasked: [...unasked],
  }
  if (tick.clientErrors.requests > 0)
    cell.clientErrors = { requests: tick.clientErrors.requests, marks: [...tick.clientErrors.marks] }
  cell.networks = [...tick.networks]
  cell.visitors = [...tick.visitors]
  cell.slices = { ...tick.slices }
  return cell
}
