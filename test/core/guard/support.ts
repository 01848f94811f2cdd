/** Hand-made ticks and small seeded runs for the guard's tests. */

import { pairingOf } from '../../../src/core/counters/pairing.ts'
import { EMPTY_ARM } from '../../../src/core/counters/ticks.ts'
import type {
  ArmTick,
  GuardSettings,
  GuardState,
  GuardTick,
  VerdictReport,
} from '../../../src/core/guard/index.ts'
import { initialGuardState, reportOf, stepGuard } from '../../../src/core/guard/index.ts'
import type { Source, Truth } from '../../../test-kit/simulation/guard-traffic.ts'
import { trafficTick } from '../../../test-kit/simulation/guard-traffic.ts'
import type { Random } from '../../../test-kit/simulation/random.ts'
import { seeded } from '../../../test-kit/simulation/random.ts'

export const IDLE: ArmTick = EMPTY_ARM

/** An arm's tick; latencies all in one histogram bin, so that latency is no evidence. */
export function arm(requests: number, erroredSlots: number[] = [], part: Partial<ArmTick> = {}): ArmTick {
  const errors = erroredSlots.length
  const pairing = pairingOf({ erroredBuckets: [...(part.erroredSlots ?? erroredSlots)] })
  return { ...EMPTY_ARM, requests, errors, latency: { 50: requests }, erroredSlots, pairing, ...part }
}

export function tick(
  atMs: number,
  canary: ArmTick,
  control: ArmTick,
  part: Partial<GuardTick> = {},
): GuardTick {
  return { atMs, generation: 1, stage: 0, percentage: 50, canary, control, ...part }
}

export function start(percentage = 50): GuardState {
  return initialGuardState({ generation: 1, stage: 0, percentage, atMs: 0 })
}

/** Feeds ticks one after the other; the last state, and the last verdict as the admin API reports it. */
export function feed(
  settings: GuardSettings,
  state: GuardState,
  ticks: readonly GuardTick[],
): { state: GuardState; verdict: VerdictReport } {
  let result: ReturnType<typeof stepGuard> | undefined
  for (const one of ticks) result = stepGuard(settings, result?.state ?? state, one)
  if (result === undefined) throw new Error('Cannot feed the guard: no ticks')
  return { state: result.state, verdict: reportOf(result.verdict) }
}

export type Run = { name: string; run: number; percentage: number; seconds: number; source: Source }

/** Second of the first action, or null; stops there. */
export function firstAction(settings: GuardSettings, { name, run, percentage, seconds, source }: Run) {
  const random: Random = seeded(name, run)
  let state = start(percentage)
  for (let second = 1; second <= seconds; second++) {
    const at = { generation: 1, stage: 0, percentage }
    const step = stepGuard(settings, state, trafficTick(random, source, second, at))
    state = step.state
    const verdict = reportOf(step.verdict)
    if (verdict.action !== 'none') return { second, verdict, state }
  }
  return null
}

/** The same truth in every second. */
export function always(canaryRate: number, controlRate: number, slowdown = 1): (second: number) => Truth {
  return () => ({ canaryRate, controlRate, slowdown })
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}
