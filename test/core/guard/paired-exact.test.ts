/**
 * Exact expectation of one batch's factor where failures are discordant, shared or not asked about, independently of each
 * other: every outcome of both arms, weighed by its probability.
 */
import { describe, expect, it } from 'vitest'
import { logFactor, type Null } from '../../../src/core/guard/evidence/formula.ts'
import { ADVANCE_LAMBDAS } from '../../../src/core/guard/tests/advance.ts'
import { ERROR_BETS } from '../../../src/core/guard/tests/rollback.ts'

/** Rates of failures that only this origin has, and that both have; the share of failures that is asked about. */
type Arm = { n: number; discordant: number; shared: number; asked: number }
type Outcome = { discordant: number; unasked: number; probability: number }

/** Distribution of the failures that are known as discordant, and of those not asked about. */
function outcomes({ n, discordant, shared, asked }: Arm): Outcome[] {
  const known = discordant * asked
  const unknown = (discordant + shared) * (1 - asked)
  const others = 1 - known - unknown
  const found: Outcome[] = []
  for (let d = 0; d <= n; d++)
    for (let u = 0; u + d <= n; u++) {
      const probability = choose(n, d) * choose(n - d, u) * known ** d * unknown ** u * others ** (n - d - u)
      if (probability > 0) found.push({ discordant: d, unasked: u, probability })
    }
  return found
}

function choose(n: number, k: number): number {
  let ways = 1
  for (let i = 1; i <= k; i++) ways = (ways * (n - k + i)) / i
  return ways
}

type Counting = { canary: (outcome: Outcome) => number; control: (outcome: Outcome) => number }
const certain = ({ discordant }: Outcome) => discordant
const all = ({ discordant, unasked }: Outcome) => discordant + unasked

function expectation(canary: Arm, control: Arm, counting: Counting, lambda: number, null_: Null): number {
  let sum = 0
  for (const c of outcomes(canary))
    for (const b of outcomes(control)) {
      const bad = { canaryBad: counting.canary(c), controlBad: counting.control(b) }
      const log = logFactor({ canaryN: canary.n, controlN: control.n, ...bad }, lambda, null_)
      sum += c.probability * b.probability * Math.exp(log)
    }
  return sum
}

/** The largest E[f] on the boundary of the null about discordant rates. */
function worst(counting: Counting, lambdas: readonly number[], null_: Null): number {
  let largest = 0
  for (const [canaryN, controlN] of [
    [1, 9],
    [4, 12],
    [10, 4],
    [8, 8],
  ] as const)
    for (const rate of [0.001, 0.05, 0.25])
      for (const shared of [0, 0.05, 0.3])
        for (const askedOfCanary of [1, 0.5, 0])
          for (const askedOfControl of [1, 0.3, 0])
            for (const lambda of lambdas) {
              const discordant = null_.rho * rate + null_.delta
              const canary = { n: canaryN, discordant, shared, asked: askedOfCanary }
              const control = { n: controlN, discordant: rate, shared, asked: askedOfControl }
              largest = Math.max(largest, expectation(canary, control, counting, lambda, null_))
            }
  return largest
}

describe('paired evidence, by enumeration', () => {
  const worse = { rho: 1.1, delta: 1e-4 }
  const lambdas = ERROR_BETS.map(({ lambda }) => lambda)

  it('rollback: expects at most 1 however few failures are asked about', () => {
    expect(worst({ canary: certain, control: all }, lambdas, worse)).toBeLessThanOrEqual(1 + 1e-9)
  })

  it.each([
    ['failures of the canary that were not asked about', { canary: all, control: all }],
    ['control without those', { canary: certain, control: certain }],
    ['both', { canary: all, control: certain }],
  ])('rollback: would not with %s', (_, counting) => {
    expect(worst(counting, lambdas, worse)).toBeGreaterThan(1.01)
  })

  it('advance: expects at most 1 the other way round, and would not as rollback counts', () => {
    const limit = { rho: 1.5, delta: 0.005 }
    expect(worst({ canary: all, control: certain }, ADVANCE_LAMBDAS, limit)).toBeLessThanOrEqual(1 + 1e-9)
    expect(worst({ canary: certain, control: all }, ADVANCE_LAMBDAS, limit)).toBeGreaterThan(1.01)
  })
})
