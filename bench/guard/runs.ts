/** Runs of the real guard on simulated traffic. */

import type { GuardSettings, GuardState, GuardTick, Trigger } from '../../src/core/guard/index.ts'
import { initialGuardState, stepGuard } from '../../src/core/guard/index.ts'
import type { Random } from './random.ts'
import { seeded } from './random.ts'
import type { Rival } from './rivals.ts'
import type { Source } from './traffic.ts'
import { trafficTick } from './traffic.ts'

export type At = { generation: number; stage: number; percentage: number }
/** Makes one second's tick. */
export type Ticker = (second: number, at: At) => GuardTick

export function homogeneous(random: Random, source: Source): Ticker {
  return (second, at) => trafficTick(random, source, second, at)
}

export type WatchResult = {
  /** Seconds since `fromSecond`; Infinity: never. */
  delay: number
  trigger: Trigger | null
  /** A freeze was seen (broken split, shared outage). */
  frozen: boolean
  rivalDelays: number[]
}

/**
 * One stage watched for `seconds`, until the guard (and every rival) has fired.
 *
 * @param fromSecond when the regression begins; delays count from it
 */
export function watch(
  settings: GuardSettings,
  ticker: Ticker,
  percentage: number,
  seconds: number,
  rivals: readonly Rival[] = [],
  fromSecond = 0,
): WatchResult {
  const at = { generation: 1, stage: 0, percentage }
  let state = initialGuardState({ ...at, atMs: 0 })
  const result: WatchResult = {
    delay: Infinity,
    trigger: null,
    frozen: false,
    rivalDelays: rivals.map(() => Infinity),
  }
  for (let second = 1; second <= seconds; second++) {
    const tick = ticker(second, at)
    if (result.delay === Infinity) {
      const step = stepGuard(settings, state, tick)
      state = step.state
      if (step.verdict.action === 'rollback') {
        result.delay = second - fromSecond
        result.trigger = step.verdict.trigger
      } else if (step.verdict.action === 'freeze') result.frozen = true
    }
    rivals.forEach((rival, k) => {
      if (rival(tick) && result.rivalDelays[k] === Infinity) result.rivalDelays[k] = second - fromSecond
    })
    if (result.delay !== Infinity && result.rivalDelays.every((delay) => delay !== Infinity)) break
  }
  return result
}

export type LadderResult = { end: 'promoted' | 'rolled-back' | 'held'; seconds: number; percentage: number }

/** A whole rollout: stages advance when the guard allows, the last one keeps a holdback of 1 %. */
export const LADDER: readonly number[] = [1, 5, 25, 50, 99]

export function climb(
  settings: GuardSettings,
  ticker: Ticker,
  mostSeconds: number,
  finalBakeSeconds: number,
): LadderResult {
  let state: GuardState = initialGuardState({ generation: 1, stage: 0, percentage: LADDER[0] ?? 1, atMs: 0 })
  let stage = 0
  let enteredAt = 0
  for (let second = 1; second <= mostSeconds; second++) {
    const percentage = LADDER[stage] ?? 99
    const step = stepGuard(settings, state, ticker(second, { generation: 1, stage, percentage }))
    state = step.state
    if (step.verdict.action === 'rollback') return { end: 'rolled-back', seconds: second, percentage }
    const last = stage === LADDER.length - 1
    if (last && second - enteredAt >= finalBakeSeconds)
      return { end: 'promoted', seconds: second, percentage }
    if (last || !step.verdict.mayAdvance) continue
    stage++
    enteredAt = second
  }
  return { end: 'held', seconds: mostSeconds, percentage: LADDER[stage] ?? 99 }
}

/** `count` runs with their own seeds. */
export function repeat<T>(name: string, count: number, one: (random: Random) => T): T[] {
  return Array.from({ length: count }, (_, run) => one(seeded(name, run)))
}

/** The value below which `share` (0–1) of the values lie. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}
