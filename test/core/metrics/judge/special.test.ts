/** Functions that the language lacks, against tables (Abramowitz & Stegun 6.1, 26.2) and identities. */
import { expect, it } from 'vitest'
import { crossing, lnBeta, lnGamma, normalBelow } from '../../../../src/core/metrics/judge/special.ts'

it.each([
  [0.001, 6.907_178_885_383_853],
  [0.1, 2.252_712_651_734_206],
  [0.25, 1.288_022_524_698_077_4],
  [0.5, Math.log(Math.PI) / 2],
  [1, 0],
  [1.5, Math.log(Math.sqrt(Math.PI) / 2)],
  [2, 0],
  [5, Math.log(24)],
  [11, Math.log(3_628_800)],
  [100.5, 361.435_540_467_682_7],
])('ln Γ(%d)', (x, expected) => {
  expect(lnGamma(x)).toBeCloseTo(expected, 9)
  // Γ(x + 1) = x · Γ(x)
  expect(lnGamma(x + 1)).toBeCloseTo(lnGamma(x) + Math.log(x), 9)
})

it('ln B(a, b) is symmetric, and that of whole numbers a fraction', () => {
  expect(lnBeta(2, 3)).toBeCloseTo(-Math.log(12), 10)
  expect(lnBeta(0.3, 4)).toBeCloseTo(lnBeta(4, 0.3), 12)
  expect(lnBeta(1, 7)).toBeCloseTo(-Math.log(7), 10)
})

it('the normal distribution is that of the tables, on both sides', () => {
  for (const [x, below] of [
    [0, 0.5],
    [0.5, 0.691_462_5],
    [1, 0.841_344_7],
    [1.96, 0.975_002_1],
    [3, 0.998_650_1],
  ] as const) {
    expect(normalBelow(x)).toBeCloseTo(below, 6)
    expect(normalBelow(-x)).toBeCloseTo(1 - below, 6)
  }
})

it('a crossing is found to nine digits, wherever it is', () => {
  expect(crossing((x) => x * x - 2, 0, 2)).toBeCloseTo(Math.SQRT2, 8)
  expect(crossing((x) => x + 1_234.567_89, -5_000, 7)).toBeCloseTo(-1_234.567_89, 4)
  expect(Math.abs(crossing((x) => x - 3e-7, 0, 1) / 3e-7 - 1)).toBeLessThan(1e-8)
  expect(crossing(() => 1, 2, 5)).toBeCloseTo(2, 7)
  expect(crossing(() => -1, 2, 5)).toBeCloseTo(5, 7)
})
