import { describe, expect, it } from 'vitest'
import {
  lnMeanEvidenceBeyond,
  meanInterval,
  meanRatioInterval,
  type Sample,
} from '../../../../src/core/metrics/judge/means.ts'
import { normalBelow } from '../../../../src/core/metrics/judge/special.ts'
import { lnSplitEvidence } from '../../../../src/core/metrics/judge/split.ts'

/** A tenth of the visitors has a value around the mean given. */
function sample(visitors: number, mean: number): Sample {
  const nonzero = visitors / 10
  return { visitors, nonzero, sum: nonzero * mean, sumOfSquares: nonzero * (mean * mean + 100) }
}

describe('an interval of a mean', () => {
  it('says nothing of too few visitors, or too few with a value', () => {
    expect(meanInterval(sample(1_490, 50), 0.05)).toBeNull()
    expect(meanInterval({ visitors: 199, nonzero: 199, sum: 199, sumOfSquares: 250 }, 0.05)).toBeNull()
    expect(meanInterval(sample(1_500, 50), 0.05)).not.toBeNull()
    expect(meanRatioInterval(sample(1_490, 50), sample(9_000, 50), 0.05)).toBeNull()
    expect(meanRatioInterval(sample(9_000, 50), sample(1_490, 50), 0.05)).toBeNull()
  })

  it('is so many standard errors wide as the source says', () => {
    const arm = sample(20_000, 50)
    const error = Math.sqrt((260 - 25) / 19_999)
    // At the sharpest point, tρ² = 5.99 + ln 6.99 at α = 0.05.
    const p = 5.9915 + Math.log(6.9915)
    const reach = Math.sqrt(((2 * (p + 1)) / p) * Math.log(Math.sqrt(p + 1) / 0.05))
    const { low = 0, high = 0 } = meanInterval(arm, 0.05) ?? {}
    expect((high - low) / 2).toBeCloseTo(reach * error, 4)
    expect((high + low) / 2).toBeCloseTo(5, 8)
  })

  it('of a ratio has the ends at which the difference is as far from 0 as allowed', () => {
    const { low = 0, high = 0 } = meanRatioInterval(sample(20_000, 40), sample(20_000, 50), 0.05) ?? {}
    expect(low).toBeGreaterThan(0.7)
    expect(low).toBeLessThan(0.8)
    expect(high).toBeGreaterThan(0.8)
    expect(high).toBeLessThan(0.9)
    const [a, b] = [sample(20_000, 40), sample(20_000, 50)]
    const z = (ratio: number) => {
      const variance = (arm: Sample) =>
        (arm.sumOfSquares / arm.visitors - (arm.sum / arm.visitors) ** 2) / (arm.visitors - 1)
      return (
        (a.sum / a.visitors - (ratio * b.sum) / b.visitors) /
        Math.sqrt(variance(a) + ratio * ratio * variance(b))
      )
    }
    expect(z(low)).toBeCloseTo(-z(high), 6)
  })

  it('of a ratio is open where the mean of control may be 0', () => {
    const rare = { visitors: 1_000_000, nonzero: 150, sum: 150_000, sumOfSquares: 1e12 }
    expect(meanRatioInterval(sample(20_000, 40), rare, 0.05)).toEqual({ low: 0, high: Infinity })
  })
})

describe('the evidence of a mean beyond a margin', () => {
  const beyond = (variant: number, control: number, margin: number) =>
    lnMeanEvidenceBeyond(sample(40_000, variant), sample(40_000, control), { margin, alpha: 0.001 })

  it('grows on the harmful side alone', () => {
    expect(beyond(40, 50, 0.95)).toBeGreaterThan(10)
    expect(beyond(50, 50, 0.95)).toBeLessThan(0)
    expect(beyond(60, 50, 0.95)).toBeLessThan(0)
    expect(beyond(60, 50, 1.05)).toBeGreaterThan(10)
    expect(beyond(50, 50, 1.05)).toBeLessThan(0)
  })

  it('is none where there is too little, or no spread', () => {
    const few = sample(1_000, 50)
    const many = sample(40_000, 50)
    const at = { margin: 0.95, alpha: 0.001 }
    expect(lnMeanEvidenceBeyond(few, many, at)).toBe(Number.NEGATIVE_INFINITY)
    expect(lnMeanEvidenceBeyond(many, few, at)).toBe(Number.NEGATIVE_INFINITY)
    const flat = { visitors: 500, nonzero: 500, sum: 500, sumOfSquares: 500 }
    expect(lnMeanEvidenceBeyond({ ...flat, sum: 400, sumOfSquares: 320 }, flat, at)).toBe(
      Number.NEGATIVE_INFINITY,
    )
  })

  it('has the expectation 1 at the margin: integrated over the normal distribution', () => {
    const visitors = 40_000
    const control = sample(visitors, 50)
    const variance = (control.sumOfSquares / visitors - (control.sum / visitors) ** 2) / (visitors - 1)
    let sum = 0
    const step = 0.01
    for (let z = -40; z < 40; z += step) {
      const difference = z * Math.sqrt(variance * (1 + 0.95 ** 2))
      const mean = (0.95 * control.sum) / visitors + difference
      // The variant's spread is control's.
      const variant = {
        ...control,
        sum: mean * visitors,
        sumOfSquares: visitors * (variance * (visitors - 1) + mean * mean),
      }
      const evidence = lnMeanEvidenceBeyond(variant, control, { margin: 0.95, alpha: 0.001 })
      sum += (step * Math.exp(evidence - (z * z) / 2)) / Math.sqrt(2 * Math.PI)
    }
    expect(sum).toBeCloseTo(1, 3)
  })
})

it('the normal distribution is that of the tables', () => {
  for (const [x, below] of [
    [0, 0.5],
    [1.96, 0.975002],
    [-1.96, 0.024998],
    [3, 0.99865],
  ] as const)
    expect(normalBelow(x)).toBeCloseTo(below, 6)
})

describe('the evidence against a split', () => {
  it('has the expectation 1 where visitors fall as planned', () => {
    const shares = [0.6, 0.3, 0.1]
    const count = 6
    let sum = 0
    const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1))
    for (let a = 0; a <= count; a++)
      for (let b = 0; a + b <= count; b++) {
        const counts = [a, b, count - a - b]
        const ways = factorial(count) / counts.reduce((product, each) => product * factorial(each), 1)
        const probability = shares.reduce((product, share, at) => product * share ** (counts[at] ?? 0), ways)
        sum += probability * Math.exp(lnSplitEvidence(counts, shares))
      }
    expect(sum).toBeCloseTo(1, 9)
  })

  it.each([
    ['as planned', [50_100, 49_900], [0.5, 0.5], false],
    ['two points off', [52_000, 48_000], [0.5, 0.5], true],
    ['of three, one off', [34_500, 33_000, 32_500], [1 / 3, 1 / 3, 1 / 3], true],
    ['of a small canary', [95_000, 5_100], [0.95, 0.05], false],
    ['of a variant that no one should get', [100, 1], [1, 0], true],
    ['of a variant that no one gets', [100, 0], [1, 0], false],
  ])('is clear: %s', (_, counts, shares, isBroken) => {
    expect(lnSplitEvidence(counts, shares) > Math.log(10_000)).toBe(isBroken)
  })
})
