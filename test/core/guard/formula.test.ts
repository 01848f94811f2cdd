import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addCounts, atMostRequests, logFactor, NO_COUNTS } from '../../../src/core/guard/evidence/formula.ts'
import {
  grow,
  growLog,
  initialLogWealth,
  initialWealth,
  logTotal,
  totalWealth,
} from '../../../src/core/guard/evidence/wealth.ts'
import { type ArmTick, resolveGuardSettings } from '../../../src/core/guard/index.ts'
import { ADVANCE_LAMBDAS } from '../../../src/core/guard/tests/advance.ts'
import { ERROR_BETS } from '../../../src/core/guard/tests/rollback.ts'
import { exactExpectation } from '../../../test-kit/simulation/exact.ts'
import { arm, feed, start, tick } from './support.ts'

const anyNumber = fc.oneof(
  fc.double(),
  fc.nat(),
  fc.constantFrom(0, -1, Number.NaN, Infinity, -Infinity, 1e300),
)
const counts = fc.record({
  canaryN: anyNumber,
  controlN: anyNumber,
  canaryBad: anyNumber,
  controlBad: anyNumber,
})

describe('the formula', () => {
  it.each([
    [1, 9, 1.1, 1e-4],
    [4, 40, 1.1, 1e-4],
    [12, 12, 1.1, 1e-4],
    [12, 12, 2, 0.01],
    [30, 5, 1, 0],
  ])('expects at most 1 on the boundary: n_c=%d n_b=%d ρ=%d δ=%d', (canaryN, controlN, rho, delta) => {
    for (const controlRate of [0, 0.001, 0.01, 0.1, 0.3, 0.45]) {
      for (const lambda of [1.25, 2, 10, 1000]) {
        const batch = { canaryN, controlN, controlRate, canaryRate: rho * controlRate + delta }
        expect(exactExpectation(batch, lambda, { rho, delta })).toBeLessThanOrEqual(1 + 1e-9)
      }
    }
  })

  it('expects at most 1 on the reverse boundary and on a ceiling', () => {
    for (const controlRate of [0, 0.001, 0.05, 0.3]) {
      for (const lambda of [0.02, 0.3, 0.85]) {
        const batch = { canaryN: 20, controlN: 30, controlRate, canaryRate: 1.5 * controlRate + 0.005 }
        expect(exactExpectation(batch, lambda, { rho: 1.5, delta: 0.005 })).toBeLessThanOrEqual(1 + 1e-9)
      }
    }
    for (const lambda of [1.5, 5, 100]) {
      const batch = { canaryN: 40, controlN: 0, controlRate: 0, canaryRate: 0.2 }
      expect(exactExpectation(batch, lambda, { rho: 0, delta: 0.2 })).toBeLessThanOrEqual(1 + 1e-9)
    }
  })

  it('expects more than 1 outside the null, so the bound above is not idle', () => {
    const batch = { canaryN: 20, controlN: 60, controlRate: 0.05, canaryRate: 0.2 }
    expect(exactExpectation(batch, 3, { rho: 1.1, delta: 1e-4 })).toBeGreaterThan(1.5)
  })

  it('says nothing when an arm has no requests', () => {
    const none = { rho: 1.1, delta: 1e-4 }
    expect(logFactor({ canaryN: 0, controlN: 10, canaryBad: 5, controlBad: 0 }, 10, none)).toBe(0)
    expect(logFactor({ canaryN: 10, controlN: 0, canaryBad: 5, controlBad: 0 }, 10, none)).toBe(0)
    const ceiling = { rho: 0, delta: 0.1 }
    expect(logFactor({ canaryN: 10, controlN: 0, canaryBad: 9, controlBad: 0 }, 10, ceiling)).toBeGreaterThan(
      0,
    )
  })

  it('is finite for any numbers at all', () => {
    fc.assert(
      fc.property(
        counts,
        fc.constantFrom(...ERROR_BETS.map(({ lambda }) => lambda), 0.02, 0.85),
        (batch, lambda) => {
          expect(Number.isFinite(logFactor(batch, lambda, { rho: 1.1, delta: 1e-4 }))).toBe(true)
          expect(Number.isFinite(logFactor(batch, lambda, { rho: 0, delta: 0.2 }))).toBe(true)
        },
      ),
      { seed: 1, numRuns: 2000 },
    )
  })

  it('adds counts', () => {
    const one = { canaryN: 1, controlN: 2, canaryBad: 3, controlBad: 4 }
    expect(addCounts(one, one)).toEqual({ canaryN: 2, controlN: 4, canaryBad: 6, controlBad: 8 })
    expect(addCounts(one, NO_COUNTS)).toEqual(one)
  })
})

describe('wealth', () => {
  const worse = { rho: 1.1, delta: 1e-4 }

  it('starts at 1 and only moves between cash and bets while nothing is known', () => {
    let wealth = initialWealth(ERROR_BETS)
    for (let paid = 0; paid < 500; paid += 7) {
      wealth = grow(wealth, NO_COUNTS, paid, { bets: ERROR_BETS, null_: worse, logCap: 3 })
      expect(totalWealth(wealth)).toBeCloseTo(1, 12)
    }
    expect(wealth.cash).toBeLessThan(0.05)
  })

  it('never grows by more than its cap in one batch', () => {
    const outage = { canaryN: 1e6, controlN: 1e6, canaryBad: 1e6, controlBad: 0 }
    const after = totalWealth(
      grow(initialWealth(ERROR_BETS), outage, 0, { bets: ERROR_BETS, null_: worse, logCap: Math.log(10) }),
    )
    expect(after).toBeLessThanOrEqual(10)
    expect(after).toBeGreaterThan(5)
  })

  it('stays finite and positive under any sequence of batches', () => {
    fc.assert(
      fc.property(fc.array(counts, { maxLength: 60 }), (batches) => {
        let wealth = initialWealth(ERROR_BETS)
        let log = initialLogWealth(ADVANCE_LAMBDAS.length)
        batches.forEach((batch, paid) => {
          wealth = grow(wealth, batch, paid, { bets: ERROR_BETS, null_: worse, logCap: 50 })
          log = growLog(log, batch, ADVANCE_LAMBDAS, worse)
        })
        expect(Number.isFinite(totalWealth(wealth)) && totalWealth(wealth) > 0).toBe(true)
        expect(Number.isFinite(logTotal(log))).toBe(true)
      }),
      { seed: 2, numRuns: 500 },
    )
  })
})

describe('reports of an app, which come without a request of their own', () => {
  const few = { ...NO_COUNTS, canaryN: 4, controlN: 40, canaryBad: 9, controlBad: 90 }

  it('never make more errors than requests, in the arm that speaks for the claim', () => {
    expect(atMostRequests(few, 'canary', 4)).toEqual({ ...few, canaryBad: 4 })
    expect(atMostRequests(few, 'control', 40)).toEqual({ ...few, controlBad: 40 })
    expect(atMostRequests(few, 'canary', 9)).toEqual(few)
  })

  it('say no more than as many failed requests', () => {
    const settings = resolveGuardSettings({ latency: false, ceilings: { errorRate: 0.2 } })
    const slots = (count: number, first = 0) => Array.from({ length: count }, (_, k) => first + k)
    const of = (canary: ArmTick, control: ArmTick) => feed(settings, start(), [tick(1_000, canary, control)])
    const [reported, failed] = [of(arm(4, slots(30)), arm(40)), of(arm(4, slots(4)), arm(40))].map(
      (look) => look.verdict,
    )
    expect(reported?.evidence).toMatchObject({ canaryErrors: 4, errorWealth: failed?.evidence.errorWealth })
    const [forControl, others] = [arm(4, slots(30, 40_000)), arm(4, slots(4, 40_000))].map(
      (control) => of(arm(40), control).verdict.evidence,
    )
    expect(forControl).toMatchObject({ controlErrors: 4, advanceErrorWealth: others?.advanceErrorWealth })
  })
})
