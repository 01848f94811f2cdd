/** Stages that a healthy canary is to leave within a time, on sites where evidence takes days. */
import { describe, expect, it } from 'vitest'
import { stepGuard } from '../../../../src/core/guard/guard.ts'
import {
  type GuardSettings,
  initialGuardState,
  resolveGuardSettings,
} from '../../../../src/core/guard/index.ts'
import { marginFor, passSeconds } from '../../../../src/core/guard/tests/pass-time.ts'
import { trafficTick } from '../../../../test-kit/simulation/guard-traffic.ts'
import { seeded } from '../../../../test-kit/simulation/random.ts'

const HOUR_MS = 3_600_000
const site = { requestsPerSecond: 0.5, errorRate: 0.005 }
const usual = resolveGuardSettings({ latency: false, bakeMs: 0 })
const within = (hours: number): GuardSettings => ({ ...usual, withinMs: hours * HOUR_MS })

/** Second in which the stage may be left; null where it never may in so many hours, or is closed. */
function leftAt(settings: GuardSettings, run: number, hours: number, canaryRate = 0.005) {
  const random = seeded('within', run)
  const at = { generation: 1, stage: 0, percentage: 10 }
  const truth = () => ({ canaryRate, controlRate: 0.005, slowdown: 1 })
  let state = initialGuardState({ ...at, atMs: 0 })
  // A look every ten seconds is enough at this traffic.
  for (let second = 10; second <= hours * 3_600; second += 10) {
    const ten = { requestsPerSecond: 5, latency: false, truth }
    const step = stepGuard(settings, state, trafficTick(random, ten, second, at))
    state = step.state
    if (step.verdict.kind === 'failing') return null
    if (step.verdict.kind === 'healthy') return { second, sentence: step.verdict.sentence }
  }
  return null
}

describe('a stage that is to be left within a time', () => {
  it('is left in time nine times of ten, and says what that does not exclude', () => {
    const runs = Array.from({ length: 20 }, (_, run) => leftAt(within(4), run, 4))
    expect(runs.filter((run) => run !== null).length).toBeGreaterThanOrEqual(17)
    expect(runs.find((run) => run !== null)?.sentence).toMatch(
      /^healthy: the canary is shown to be no worse than control; worse by up to \d(\.\d)? points? is not excluded in the time of this stage$/,
    )
    expect(leftAt(usual, 0, 4)).toBe(null)
  })

  it('lets no canary pass that fails ten times as often', () => {
    const runs = Array.from({ length: 20 }, (_, run) => leftAt(within(4), run, 12, 0.08))
    expect(runs.filter((run) => run !== null).length).toBeLessThanOrEqual(1)
  })

  it('keeps the usual margin, and words, where there is time enough', () => {
    const fast = { requestsPerSecond: 1_000, errorRate: 0.005 }
    expect(marginFor(usual, fast, { percentage: 10, seconds: 3_600 })).toBe(
      marginFor(usual, fast, { percentage: 10, seconds: 36_000 }),
    )
    const random = seeded('within', 1)
    const at = { generation: 1, stage: 0, percentage: 50 }
    const truth = () => ({ canaryRate: 0.005, controlRate: 0.005, slowdown: 1 })
    let state = initialGuardState({ ...at, atMs: 0 })
    let sentence = ''
    for (let second = 1; second <= 900; second++) {
      const tick = trafficTick(random, { requestsPerSecond: 500, latency: false, truth }, second, at)
      const step = stepGuard(within(1), state, tick)
      state = step.state
      if (step.verdict.kind === 'healthy') sentence = step.verdict.sentence
    }
    expect(sentence).toBe('healthy: the canary is shown to be no worse than control')
  })

  it('takes the least margin that suffices, at most five points', () => {
    const of = (hours: number) => marginFor(usual, site, { percentage: 10, seconds: hours * 3_600 })
    expect(of(1)).toBe(0.05)
    expect(of(4)).toBeGreaterThan(of(8))
    expect(passSeconds(usual, site, 10, of(8))).toBeLessThanOrEqual(8 * 3_600)
    expect(passSeconds(usual, site, 10, of(8) / 1.1)).toBeGreaterThan(8 * 3_600)
  })

  it('goes by the stage before, where there is one', () => {
    const random = seeded('within', 3)
    const truth = () => ({ canaryRate: 0.005, controlRate: 0.005, slowdown: 1 })
    const first = { generation: 1, stage: 0, percentage: 10 }
    let state = initialGuardState({ ...first, atMs: 0 })
    for (let second = 10; second <= 3_600; second += 10)
      state = stepGuard(
        usual,
        state,
        trafficTick(random, { requestsPerSecond: 5, latency: false, truth }, second, first),
      ).state
    expect(state.margin).toBe(null)
    const next = { ...first, stage: 1, percentage: 50 }
    const step = stepGuard(
      within(1),
      state,
      trafficTick(random, { requestsPerSecond: 5, latency: false, truth }, 3_610, next),
    )
    expect(step.state.margin).toBeGreaterThan(0.001)
    expect(step.verdict.evidence.advanceMargin).toBe(step.state.margin)
  })
})
