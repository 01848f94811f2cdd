import { describe, expect, it } from 'vitest'
import type { Counts } from '../../../../src/core/guard/evidence/formula.ts'
import { NO_COUNTS } from '../../../../src/core/guard/evidence/formula.ts'
import { LATENCY_QUANTILES, SLOW_BETS } from '../../../../src/core/guard/evidence/latency.ts'
import { resolveGuardSettings } from '../../../../src/core/guard/index.ts'
import { stepTimings, timingShares } from '../../../../src/core/guard/latency/timings.ts'
import { exactExpectation } from '../../../../test-kit/simulation/exact.ts'
import { seeded } from '../../../../test-kit/simulation/random.ts'
import { arm, feed, start, tick } from '../support.ts'

const settings = resolveGuardSettings({ latency: { warmUpMs: 0 } })
const seconds = (count: number) => Array.from({ length: count }, (_, k) => k + 1)
const NULL = { rho: 1.1, delta: 1e-4 }
const TEST = { bets: SLOW_BETS, null_: NULL, logCap: 1 }
/** The same counts at each quantile. */
const atEach = (counts: Counts) => LATENCY_QUANTILES.map(() => counts)

/** One second in which each arm reports 20 durations of which some are long, by chance. */
function reporting(name: string, canaryRate: number, controlRate: number) {
  const random = seeded(name, 1)
  const durations = (rate: number) => {
    const long = random.binomial(20, rate)
    return { 80: 20 - long, 110: long }
  }
  return (second: number) =>
    tick(
      second * 1000,
      arm(100, [], { timings: durations(canaryRate) }),
      arm(100, [], { timings: durations(controlRate) }),
    )
}

const only = (all: ReturnType<typeof atEach>) => ({ all, groups: [] })

describe('durations that the app reports', () => {
  it('close a canary whose app is slower, though the gate sees no difference', () => {
    const { verdict } = feed(settings, start(), seconds(120).map(reporting('slower', 0.3, 0.03)))
    expect(verdict).toMatchObject({ kind: 'failing', action: 'rollback', trigger: 'latency' })
    expect(verdict.sentence).toMatch(/^the app reports longer durations in the canary/)
  })

  it('leave an app alone that is as slow in both arms', () => {
    const { verdict } = feed(settings, start(), seconds(600).map(reporting('same', 0.1, 0.1)))
    expect(verdict.action).toBe('none')
    expect(verdict.evidence.pValue).toBeGreaterThan(0.05)
  })

  it('cost nothing where the app reports none', () => {
    const silent = seconds(100).map((second) => tick(second * 1000, arm(100), arm(100)))
    const { state } = feed(settings, start(), silent)
    expect(state.rollback.slow.timings).toBeNull()
    expect(timingShares(null, 1)).toEqual({ kept: 1, timings: 0 })
  })

  it('are bet on without paying anything in or out', () => {
    const reported = atEach({ ...NO_COUNTS, canaryN: 1e-12, controlN: 1e-12 })
    for (const stake of [0.01, 1, 40]) {
      const entered = stepTimings(settings, null, {
        counts: only(reported),
        stake,
        paid: 7,
        tests: LATENCY_QUANTILES.map(() => TEST),
      })
      const { kept, timings } = timingShares(entered, 1)
      expect(kept * stake + timings).toBeCloseTo(stake, 6)
    }
  })

  it('are expected to lose on the boundary of the null, whatever was staked', () => {
    const batch = { canaryN: 8, controlN: 12, controlRate: 0.1, canaryRate: 0.1 * NULL.rho + NULL.delta }
    for (const lambda of [1.25, 2, 10]) expect(exactExpectation(batch, lambda, NULL)).toBeLessThanOrEqual(1)
  })

  it('need reports of both arms before anything is bet', () => {
    const bet = (counts: Counts) =>
      stepTimings(settings, null, {
        counts: only(atEach(counts)),
        stake: 1,
        paid: 0,
        tests: LATENCY_QUANTILES.map(() => TEST),
      })
    expect(bet({ ...NO_COUNTS, canaryN: 5 })).toBeNull()
    expect(bet({ ...NO_COUNTS, controlN: 5 })).toBeNull()
  })
})
