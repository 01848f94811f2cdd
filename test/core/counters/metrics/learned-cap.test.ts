import { describe, expect, it } from 'vitest'
import {
  addValue,
  FEWEST_VALUES,
  learnedCap,
  mergeValues,
  type ValueBins,
} from '../../../../src/core/counters/metrics/learned-cap.ts'

const binsOf = (values: readonly number[]) =>
  values.reduce((bins: ValueBins, value) => addValue(bins, value), {})
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

describe('a learned cap', () => {
  it('is the 99.5 % quantile, at most one bin above it', () => {
    const cap = learnedCap(binsOf(upTo(10_000))) ?? 0
    expect(cap).toBeGreaterThanOrEqual(9_950)
    expect(cap).toBeLessThan(9_950 * 2 ** (1 / 16))
  })

  it('is not moved by a few outliers', () => {
    const usual = upTo(1_000).map((n) => 10 + (n % 7))
    const cap = learnedCap(binsOf([...usual, 1e9, 1e9, 1e9]))
    expect(cap).toBeLessThan(20)
  })

  it('is unknown while too few values are known', () => {
    expect(learnedCap(binsOf(upTo(FEWEST_VALUES - 1)))).toBeUndefined()
    expect(learnedCap(binsOf(upTo(FEWEST_VALUES)))).toBeDefined()
  })

  it('ignores what says nothing about a cap', () => {
    expect(addValue({}, 0)).toEqual({})
    expect(addValue({}, -4)).toEqual({})
    expect(addValue({}, Number.NaN)).toEqual({})
  })

  it.each([1e-9, 0.001, 0.5, 1, 49.9, 1_000, 1e9, 1e300])('holds %s in a bounded bin', (value) => {
    const [bin] = Object.keys(addValue({}, value)).map(Number)
    expect(bin).toBeGreaterThanOrEqual(-160)
    expect(bin).toBeLessThanOrEqual(640)
    if (value >= 0.001 && value <= 1e9) expect(2 ** ((bin ?? 0) / 16) / value).toBeGreaterThanOrEqual(1)
  })

  it('adds up, and forgets by halves what is long ago', () => {
    const merged = mergeValues(binsOf([1, 2, 2]), binsOf([2, 4]))
    expect(merged).toEqual({ 0: 1, 16: 3, 32: 1 })
    expect(mergeValues({ 0: 900_000 }, { 16: 200_000 })).toEqual({ 0: 450_000, 16: 100_000 })
  })
})
