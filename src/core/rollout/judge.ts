/**
 * From counts to a verdict, by absolute ceilings: a sliding window of the canary's counts against the limits that
 * the document sets. Pure: the caller passes time and keeps the state.
 */
import type { GuardConfig } from '../config/schema.ts'
import { type Histogram, merge as mergeHistogram, quantileMs } from '../counters/histogram.ts'
import type { ArmPair, ArmTick } from '../counters/ticks.ts'

const WINDOW_MS = 60_000

export type JudgeState = { generation: number; looks: { atMs: number; pair: ArmPair }[] }

export type Verdict = {
  action: 'none' | 'rollback' | 'freeze'
  /** One plain sentence. */
  sentence: string
  evidence: Readonly<Record<string, number>>
}

/** One look: takes in the newest counts, and judges the window. A new generation begins with an empty window. */
export function judge(
  guard: GuardConfig,
  state: JudgeState | undefined,
  look: { atMs: number; generation: number; pair: ArmPair },
): { state: JudgeState; verdict: Verdict } {
  const earlier = state?.generation === look.generation ? state.looks : []
  const looks = [...earlier, { atMs: look.atMs, pair: look.pair }].filter(
    (past) => look.atMs - past.atMs < WINDOW_MS,
  )
  const next = { generation: look.generation, looks }
  const canary = sum(looks.map((past) => past.pair.canary))
  const control = sum(looks.map((past) => past.pair.control))
  return { state: next, verdict: judgeCeilings(guard, canary, control) }
}

type Sum = { requests: number; errors: number; latency: Histogram }

function sum(arms: readonly ArmTick[]): Sum {
  const latency: Histogram = {}
  for (const arm of arms) mergeHistogram(latency, arm.latency)
  return {
    requests: arms.reduce((total, arm) => total + arm.requests, 0),
    errors: arms.reduce((total, arm) => total + arm.errors, 0),
    latency,
  }
}

function judgeCeilings(guard: GuardConfig, canary: Sum, control: Sum): Verdict {
  const { ceilings } = guard
  if (ceilings === undefined || canary.requests < ceilings.minRequests) {
    return { action: 'none', sentence: 'Nothing to judge yet', evidence: { canaryRequests: canary.requests } }
  }
  const breach = breachOf(ceilings, canary)
  if (breach === undefined) {
    return { action: 'none', sentence: 'Below every ceiling', evidence: { canaryRequests: canary.requests } }
  }
  const shared = control.requests >= ceilings.minRequests && breachOf(ceilings, control) !== undefined
  return shared
    ? {
        ...breach,
        action: 'freeze',
        sentence: `${breach.sentence}, but so is control: not the canary's fault`,
      }
    : { ...breach, action: 'rollback' }
}

function breachOf(
  ceilings: NonNullable<GuardConfig['ceilings']>,
  arm: Sum,
): Omit<Verdict, 'action'> | undefined {
  const errorRate = arm.requests === 0 ? 0 : arm.errors / arm.requests
  if (ceilings.errorRate !== undefined && errorRate > ceilings.errorRate) {
    return {
      sentence: `Error rate ${percent(errorRate)} is above the ceiling of ${percent(ceilings.errorRate)}`,
      evidence: { requests: arm.requests, errors: arm.errors, errorRate, ceiling: ceilings.errorRate },
    }
  }
  const p95Ms = quantileMs(arm.latency, 0.95)
  if (ceilings.p95Ms !== undefined && p95Ms !== undefined && p95Ms > ceilings.p95Ms) {
    return {
      sentence: `p95 latency ${Math.round(p95Ms)} ms is above the ceiling of ${ceilings.p95Ms} ms`,
      evidence: { requests: arm.requests, p95Ms, ceiling: ceilings.p95Ms },
    }
  }
  return undefined
}

function percent(rate: number): string {
  return `${(rate * 100).toFixed(1)} %`
}
