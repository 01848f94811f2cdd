import { expect, it } from 'vitest'
import { binOf, quantileMs, record } from '../../../src/core/counters/histogram.ts'
import vectors from '../../vectors/histogram.json' with { type: 'json' }

it('a duration goes into the bin of the vectors, 8 to the octave', () => {
  for (const { ms, bucket } of vectors.durations) expect(binOf(ms), `${ms} ms`).toBe(bucket)
})

it('what is no duration counts as none', () => {
  expect([Number.NaN, -1, Number.NEGATIVE_INFINITY].map(binOf)).toEqual([0, 0, 0])
  expect(binOf(Number.POSITIVE_INFINITY)).toBe(160)
})

it('a quantile is that of the durations, up to the width of a bin', () => {
  const histogram = {}
  for (let ms = 1; ms <= 1_000; ms++) record(histogram, ms)
  for (const quantile of [0.5, 0.95, 0.99, 1]) {
    const ratio = (quantileMs(histogram, quantile) ?? 0) / (quantile * 1_000)
    expect(ratio).toBeGreaterThanOrEqual(1)
    expect(ratio).toBeLessThan(2 ** (1 / 8))
  }
  expect(quantileMs({}, 0.95)).toBeUndefined()
})
