import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  type GuardState,
  resolveGuardSettings,
  restoreGuardState,
  stepGuard,
} from '../../../../src/core/guard/index.ts'
import { trafficTick } from '../../../../test-kit/simulation/guard-traffic.ts'
import { seeded } from '../../../../test-kit/simulation/random.ts'
import { feed, start } from '../support.ts'

const settings = resolveGuardSettings({ bakeMs: 0 })
const seconds = (count: number) => Array.from({ length: count }, (_, k) => k + 1)

/** Ticks of one stage after the other, `eachS` long, in which the canary is slower by a factor of the stage's age. */
function ticks(name: string, slowdown: (ageS: number) => number, stages: readonly number[], eachS: number) {
  const random = seeded(name, 1)
  return stages.flatMap((percentage, stage) =>
    seconds(eachS).map((age) => {
      const truth = () => ({ canaryRate: 0.001, controlRate: 0.001, slowdown: slowdown(age) })
      const at = { generation: 1, stage, percentage }
      return trafficTick(random, { requestsPerSecond: 300, truth }, stage * eachS + age, at)
    }),
  )
}

describe('the first minutes of a stage', () => {
  it('hold no slow start against a canary, in any stage', () => {
    const cold = (ageS: number) => (ageS <= 120 ? 1.3 : 1)
    const { verdict } = feed(settings, start(5), ticks('cold', cold, [5, 25, 50], 400))
    expect(verdict).toMatchObject({ kind: 'healthy', mayAdvance: true })
    expect(verdict.evidence.latencyWealth).toBeLessThan(2)
  })

  it('end: what is still slow then is rolled back', () => {
    const { verdict } = feed(
      settings,
      start(5),
      ticks('slow', () => 1.5, [5], 145),
    )
    expect(verdict).toMatchObject({ action: 'rollback', trigger: 'latency' })
    expect(verdict.evidence.stageElapsedMs).toBeGreaterThan(120_000)
  })

  it('don’t excuse a canary that is over three times as slow', () => {
    const { verdict } = feed(
      settings,
      start(20),
      ticks('stuck', () => 5, [20], 100),
    )
    expect(verdict).toMatchObject({ action: 'rollback', trigger: 'latency' })
    expect(verdict.sentence).toMatch(/^the canary is over three times as slow as control/)
  })

  it('excuse one that is two and a half times as slow', () => {
    const { verdict } = feed(
      settings,
      start(20),
      ticks('cold start', () => 2.5, [20], 119),
    )
    expect(verdict.action).toBe('none')
  })

  it('are named while they are all that is missing', () => {
    const errorFree = resolveGuardSettings({ bakeMs: 0, errors: false })
    const { verdict } = feed(
      errorFree,
      start(50),
      ticks('waiting', () => 1, [50], 90),
    )
    expect(verdict).toMatchObject({ kind: 'inconclusive', mayAdvance: false })
    expect(verdict.sentence).toBe('the canary warms up: its latency is compared in 30 s')
  })
})

describe('the quantiles of latency', () => {
  it('see a canary that is slower at the median alone', () => {
    const random = seeded('median', 1)
    const durations = (fast: number) => {
      const slow = 20 + random.poisson(2)
      const middle = random.poisson(180)
      return { [fast]: middle, 70: slow }
    }
    const each = seconds(180).map((second) => ({
      ...trafficTick(
        random,
        { requestsPerSecond: 400, truth: () => ({ canaryRate: 0, controlRate: 0, slowdown: 1 }) },
        second,
        { generation: 1, stage: 0, percentage: 50 },
      ),
    }))
    const slower = each.map((tick) => ({
      ...tick,
      canary: { ...tick.canary, latency: durations(55) },
      control: { ...tick.control, latency: durations(50) },
    }))
    expect(feed(settings, start(), slower).verdict).toMatchObject({ action: 'rollback', trigger: 'latency' })
    const tail = resolveGuardSettings({ latency: { quantiles: [0.95, 0.99] } })
    expect(feed(tail, start(), slower).verdict.action).toBe('none')
  })
})

describe('a state that version 5 wrote', () => {
  const stored = () =>
    JSON.parse(
      readFileSync(new URL('../../../vectors/guard/state-5.json', import.meta.url), 'utf8'),
    ) as GuardState

  it('is read: its evidence is kept, and control’s median is learned anew', () => {
    const before = stored() as unknown as { rollback: { slowSeen: number[]; errors: unknown } }
    const state = restoreGuardState(stored())
    expect(state?.rollback.errors).toEqual(before.rollback.errors)
    expect(state?.rollback.slow.warm.seen).toEqual([0, ...before.rollback.slowSeen])
    expect(state?.advance.wealth).toHaveLength(5)
  })

  it('goes on to a verdict as if nothing had happened', () => {
    const random = seeded('state of version 5, later', 1)
    const truth = () => ({ canaryRate: 0.001, controlRate: 0.001, slowdown: 1.5 })
    const at = { generation: 3, stage: 1, percentage: 20 }
    let state = restoreGuardState(stored()) as GuardState
    let kind = ''
    for (let second = 61; second <= 140 && kind !== 'failing'; second++) {
      const step = stepGuard(
        settings,
        state,
        trafficTick(random, { requestsPerSecond: 300, truth }, second, at),
      )
      state = step.state
      kind = step.verdict.kind
    }
    expect(kind).toBe('failing')
  })
})
