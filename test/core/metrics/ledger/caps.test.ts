/** Caps of sums: what they begin with, and how one is learned. */
import { expect, it } from 'vitest'
import { capsAtFirst, LEAST_TO_LEARN, learnedCap } from '../../../../src/core/metrics/ledger/caps.ts'
import type { Metric } from '../../../../src/core/metrics/spec.ts'

const metric = (name: string, type: Metric['type'], cap?: number) => ({ name, type, cap }) as Metric

it('a sum begins with its own cap, or with what was learned, or with none; others need none', () => {
  const metrics = [
    metric('a', 'sum', 500),
    metric('b', 'sum'),
    metric('c', 'sum'),
    metric('d', 'count'),
    metric('e', 'conversion', 9),
    metric('constructor', 'sum'),
  ]
  expect(capsAtFirst(metrics, { a: 7, b: 80, d: 3 })).toEqual([
    ...[500, 80, null, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, null],
  ])
})

it('a cap is learned from enough values: 99.5 % of them are not above it', () => {
  const values = (count: number) => Float64Array.from({ length: count }, (_, at) => count - at)
  expect(learnedCap(values(LEAST_TO_LEARN - 1), LEAST_TO_LEARN)).toBeUndefined()
  expect([1_000, 500, 3].map((count) => learnedCap(values(count), 3))).toEqual([995, 498, 3])
  expect([learnedCap(values(500)), learnedCap(values(499))]).toEqual([498, undefined])
})
