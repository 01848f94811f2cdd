import { describe, expect, it } from 'vitest'
import { ratioBands } from '../../../../src/core/guard/evidence/band.ts'
import type { Counts } from '../../../../src/core/guard/evidence/formula.ts'
import { SLOW_BETS } from '../../../../src/core/guard/evidence/latency.ts'
import { grow, initialWealth, totalWealth } from '../../../../src/core/guard/evidence/wealth.ts'
import { ERROR_BETS } from '../../../../src/core/guard/tests/rollback.ts'
import { seeded } from '../../../../test-kit/simulation/random.ts'
import { SEED } from '../../../support/seed.ts'

const LEVEL = 222
const counts = (canaryN: number, controlN: number, canaryBad: number, controlBad: number): Counts => ({
  ...{ canaryN, controlN, canaryBad, controlBad },
})
const last = (batches: readonly Counts[], level = LEVEL) => {
  const band = ratioBands(batches, ERROR_BETS, level).at(-1)
  if (band === undefined) throw new Error('no batches')
  return band
}

describe('the band of a ratio of rates', () => {
  it('is open at both ends before anything is counted', () => {
    expect(last([counts(0, 0, 0, 0)])).toEqual({ estimate: null, low: null, high: null })
    expect(last([counts(100, 0, 5, 0)])).toEqual({ estimate: null, low: null, high: null })
  })

  it('surrounds the estimate, and is narrower the more is counted', () => {
    const few = last([counts(1_000, 1_000, 20, 20)])
    const many = last([counts(100_000, 100_000, 2_000, 2_000)])
    for (const { estimate, low, high } of [few, many]) {
      expect(estimate).toBe(1)
      expect(low).toBeLessThan(1)
      expect(high).toBeGreaterThan(1)
    }
    expect(many.low).toBeGreaterThan(few.low ?? 0)
    expect(many.high).toBeLessThan(few.high ?? 0)
  })

  it('estimates within stages: another share does not look like another rate', () => {
    // Control's rate rises while the canary's share does; within each stage both arms fail alike.
    const stages = [counts(100, 9_900, 1, 99), counts(5_000, 5_000, 500, 500)]
    expect(last(stages).estimate).toBeCloseTo(1, 6)
  })

  it('takes an arm that has no requests for no news', () => {
    const batch = counts(500, 500, 10, 5)
    expect(last([batch, counts(0, 400, 0, 50), counts(300, 0, 40, 0)])).toEqual(last([batch]))
  })

  it.each([ERROR_BETS, SLOW_BETS])(
    'lies above what is tolerated exactly when the guard’s wealth is above the level',
    (...bets) => {
      for (const bad of [10, 14, 18, 19, 20, 21, 22, 26, 30, 60]) {
        const batch = counts(1_000, 1_000, bad, 10)
        for (const rho of [0.8, 1, 1.1, 1.5, 2]) {
          const test = { bets, null_: { rho, delta: 0 }, logCap: 1_000 }
          // All is bet at once after instalments without end.
          const start = initialWealth(bets)
          const whole = { cash: 0, parts: bets.map(({ weight }) => weight) }
          expect(totalWealth(start)).toBeCloseTo(1, 9)
          const wealth = totalWealth(grow(whole, batch, 1, test))
          const low = ratioBands([batch], bets, 20)[0]?.low ?? 0
          // The edge lies on a grid: right at the level either may be.
          if (Math.abs(Math.log(wealth / 20)) > 0.2)
            expect([bad, rho, low > rho]).toEqual([bad, rho, wealth > 20])
        }
      }
    },
  )

  it('ends at the ratios that are looked at', () => {
    const { low } = last([counts(1_000, 1_000, 1_000, 1)])
    expect(low).toBe(50)
    const { high } = last([counts(100_000, 100_000, 0, 90_000)])
    expect(high).toBe(0.02)
  })

  it('covers the true ratio at every look, far more often than it has to', () => {
    const { next: random } = seeded('band', SEED)
    let missed = 0
    const RUNS = 150
    for (let run = 0; run < RUNS; run++) {
      const ratio = 0.5 + 2 * random()
      const draw = (n: number, rate: number) => {
        let bad = 0
        for (let k = 0; k < n; k++) if (random() < rate) bad++
        return bad
      }
      const batches = Array.from({ length: 40 }, () => {
        const rate = 0.02 + 0.02 * random()
        return counts(60, 60, draw(60, ratio * rate), draw(60, rate))
      })
      const bands = ratioBands(batches, ERROR_BETS, 20)
      if (bands.some(({ low, high }) => (low ?? 0) > ratio || (high ?? 99) < ratio)) missed++
    }
    // At most 2/20 in the long run; four standard deviations of 150 runs are 0.1 more.
    expect(missed / RUNS).toBeLessThan(0.2)
  })
})
