/** Expectations by exact enumeration of all outcomes: E ≤ 1 is not simulated. */
import { describe, expect, it } from 'vitest'
import {
  lnEvidence,
  lnEvidenceBeyond,
  rateInterval,
  ratioInterval,
} from '../../../../src/core/metrics/judge/labels.ts'
import { lnGamma } from '../../../../src/core/metrics/judge/special.ts'

/** The expectation of exp(ln) over the labels of so many converted visitors. */
function expectation(count: number, coin: number, ln: (variant: number, control: number) => number): number {
  let sum = 0
  for (let variant = 0; variant <= count; variant++) {
    const lnChoices = lnGamma(count + 1) - lnGamma(variant + 1) - lnGamma(count - variant + 1)
    const control = count - variant
    sum += Math.exp(lnChoices + variant * Math.log(coin) + control * Math.log1p(-coin) + ln(variant, control))
  }
  return sum
}
const coinAt = (share: number, ratio: number) => (share * ratio) / (share * ratio + 1 - share)
const SHARES = [0.5, 0.05, 0.99]

describe('the evidence against a ratio of rates', () => {
  it.each(SHARES)('has the expectation 1 where the ratio is the true one, at a share of %s', (share) => {
    for (const ratio of [0.5, 1, 1.3])
      for (const count of [1, 2, 40, 3_000])
        expect(
          expectation(count, coinAt(share, ratio), (variant, control) =>
            lnEvidence({ variant, control, share }, ratio),
          ),
        ).toBeCloseTo(1, 6)
  })

  it('multiplies from conversion to conversion: the next one changes it by 1 on average', () => {
    for (const [variant, control] of [
      [0, 0],
      [7, 3],
      [400, 450],
    ] as const) {
      const now = lnEvidence({ variant, control, share: 0.2 }, 0.9)
      const coin = coinAt(0.2, 0.9)
      const next =
        coin * Math.exp(lnEvidence({ variant: variant + 1, control, share: 0.2 }, 0.9) - now) +
        (1 - coin) * Math.exp(lnEvidence({ variant, control: control + 1, share: 0.2 }, 0.9) - now)
      expect(next).toBeCloseTo(1, 8)
    }
  })
})

describe('the evidence beyond a margin', () => {
  it.each(SHARES)('has an expectation of at most 1 within a margin of a drop, at a share of %s', (share) => {
    const at = (ratio: number, count: number) =>
      expectation(count, coinAt(share, ratio), (variant, control) =>
        lnEvidenceBeyond({ variant, control, share }, 0.95),
      )
    for (const count of [1, 30, 2_000]) {
      expect(at(0.95, count)).toBeCloseTo(1, 6)
      for (const ratio of [0.96, 1, 1.5]) expect(at(ratio, count)).toBeLessThanOrEqual(1)
      expect(at(0.8, count)).toBeGreaterThan(1)
    }
  })

  it('has it on the other side for a rise', () => {
    const at = (ratio: number) =>
      expectation(500, coinAt(0.5, ratio), (variant, control) =>
        lnEvidenceBeyond({ variant, control, share: 0.5 }, 1.2),
      )
    expect(at(1.2)).toBeCloseTo(1, 6)
    for (const ratio of [1.1, 1, 0.5]) expect(at(ratio)).toBeLessThan(1)
    expect(at(1.6)).toBeGreaterThan(3)
  })

  it('is large where a fifth of the conversions is missing', () => {
    expect(lnEvidenceBeyond({ variant: 4_000, control: 5_000, share: 0.5 }, 0.95)).toBeGreaterThan(20)
    expect(lnEvidenceBeyond({ variant: 5_000, control: 5_000, share: 0.5 }, 0.95)).toBeLessThan(0)
    expect(lnEvidenceBeyond({ variant: 0, control: 0, share: 0.5 }, 0.95)).toBeCloseTo(0, 12)
  })
})

describe('an interval of a ratio', () => {
  it('ends where the evidence reaches 1/α', () => {
    for (const labels of [
      { variant: 480, control: 520, share: 0.5 },
      { variant: 3, control: 97, share: 0.05 },
      { variant: 50_000, control: 51_000, share: 0.5 },
    ]) {
      const { low, high } = ratioInterval(labels, 0.05)
      for (const end of [low, high]) expect(lnEvidence(labels, end)).toBeCloseTo(Math.log(20), 4)
      const seen = (labels.variant / labels.control) * ((1 - labels.share) / labels.share)
      expect(low).toBeLessThan(seen)
      expect(high).toBeGreaterThan(seen)
    }
  })

  it('is open where nothing bounds it', () => {
    expect(ratioInterval({ variant: 0, control: 0, share: 0.5 }, 0.05)).toEqual({ low: 0, high: Infinity })
    expect(ratioInterval({ variant: 0, control: 200, share: 0.5 }, 0.05).low).toBe(0)
    expect(ratioInterval({ variant: 0, control: 200, share: 0.5 }, 0.05).high).toBeLessThan(0.7)
    expect(ratioInterval({ variant: 200, control: 0, share: 0.5 }, 0.05).high).toBe(Infinity)
  })

  it('is wider at a smaller α', () => {
    const labels = { variant: 480, control: 520, share: 0.5 }
    expect(ratioInterval(labels, 0.01).low).toBeLessThan(ratioInterval(labels, 0.05).low)
    expect(ratioInterval(labels, 0.01).high).toBeGreaterThan(ratioInterval(labels, 0.05).high)
  })
})

describe('an interval of a rate', () => {
  it.each([
    [30, 1_000, 0.014, 0.054],
    [0, 100, 0, 0.057],
    [100, 100, 0.943, 1],
    [20_000, 40_000, 0.491, 0.509],
  ])('of %i in %i is from %f to %f', (converted, visitors, low, high) => {
    const interval = rateInterval(converted, visitors, 0.05)
    expect(interval.low).toBeCloseTo(low, 2)
    expect(interval.high).toBeCloseTo(high, 2)
  })
})
