/** Stopping at "enough" must not be worth anything to the bettor: exact expectations, with every order of errors. */
import { describe, expect, it } from 'vitest'
import { logFactor } from '../../../src/core/guard/evidence/formula.ts'
import { meter } from '../../../src/core/guard/evidence/meter.ts'
import { ERROR_BETS, errorCap, meterCap } from '../../../src/core/guard/tests/rollback.ts'

const NULL = { rho: 1.1, delta: 1e-4 }

type Batch = { canaryN: number; controlN: number; controlRate: number }

function binomial(n: number, p: number): number[] {
  let choose = 1
  return Array.from({ length: n + 1 }, (_, k) => {
    if (k > 0) choose *= (n - k + 1) / k
    return choose * p ** k * (1 - p) ** (n - k)
  })
}

/** How often the counting of errors ends at each pair of counts, on the boundary of the null. */
function endings({ canaryN, controlN, controlRate }: Batch, logCap: number): Map<string, number> {
  const exposure = { canaryN, controlN, canaryBad: 0, controlBad: 0 }
  const isEnough = (canaryBad: number, controlBad: number) => {
    const tell = meter({ ...exposure, canaryBad: canaryBad - 1, controlBad }, ERROR_BETS, NULL, logCap)
    return tell(true)
  }
  const ends = new Map<string, number>()
  const canary = binomial(canaryN, Math.min(1, NULL.rho * controlRate + NULL.delta))
  const control = binomial(controlN, controlRate)
  canary.forEach((canaryShare, allCanary) => {
    control.forEach((controlShare, allControl) => {
      let reached = new Map([[0, 1]])
      for (let seen = 0; seen <= allCanary + allControl; seen++) {
        const next = new Map<number, number>()
        for (const [canaryBad, share] of reached) {
          const controlBad = seen - canaryBad
          const left = allCanary + allControl - seen
          if (left === 0 || (seen > 0 && isEnough(canaryBad, controlBad))) {
            const key = `${canaryBad} ${controlBad}`
            ends.set(key, (ends.get(key) ?? 0) + canaryShare * controlShare * share)
            continue
          }
          const add = (to: number, part: number) => next.set(to, (next.get(to) ?? 0) + part)
          if (allCanary > canaryBad) add(canaryBad + 1, (share * (allCanary - canaryBad)) / left)
          if (allControl > controlBad) add(canaryBad, (share * (allControl - controlBad)) / left)
        }
        reached = next
      }
    })
  })
  return ends
}

/** The largest E[min(f, cap)] of all bets. */
function worst(batch: Batch, stopsAt: number, logCap: number): number {
  const ends = endings(batch, stopsAt)
  const expected = ERROR_BETS.map(({ lambda }) => {
    let sum = 0
    for (const [key, share] of ends) {
      const [canaryBad = 0, controlBad = 0] = key.split(' ').map(Number)
      const log = logFactor({ ...batch, canaryBad, controlBad }, lambda, NULL)
      sum += share * Math.exp(Math.min(log, logCap))
    }
    return sum
  })
  return Math.max(...expected)
}

describe('counting errors only until there are enough', () => {
  const batches = [
    [4, 4],
    [4, 12],
    [6, 20],
    [12, 6],
  ].flatMap(([canaryN = 0, controlN = 0]) =>
    [0.001, 0.05, 0.2, 0.4, 0.6].map((controlRate) => ({ canaryN, controlN, controlRate })),
  )

  it.each([0.01, 0.05, 0.2, 0.5])('expects at most 1 of every bet at α = %d', (alpha) => {
    for (const batch of batches) {
      expect(worst(batch, meterCap(alpha), errorCap(alpha))).toBeLessThanOrEqual(1 + 1e-9)
    }
  })

  it('would expect more if it stopped at a low cap, so the bound above is not idle', () => {
    const batch = { canaryN: 4, controlN: 12, controlRate: 0.4 }
    expect(worst(batch, 0.8, 0.8)).toBeGreaterThan(1.01)
  })
})
