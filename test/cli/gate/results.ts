/** Results of an experiment of three variants with two metrics, in every state that a comparison can be in. */
import type { ComparisonView, MetricView, ResultsView } from '../../../src/contract/responses/results.ts'

const DAY_MS = 86_400_000
const AT_MS = Date.parse('2026-03-08T10:00:00.000Z')
const SINCE_MS = AT_MS - 6 * DAY_MS

function compared(
  variant: string,
  [relative, low, high]: readonly (number | null)[],
  word: ComparisonView['word'],
  rest: Partial<ComparisonView> = {},
): ComparisonView {
  const figures = { relative: relative ?? null, low: low ?? null, high: high ?? null }
  return { variant, against: 'a', ...figures, word, sentence: `${variant} is ${word}`, ...rest }
}

export const ORDER: MetricView = {
  ...{ name: 'order', type: 'conversion', better: 'higher', role: 'primary', alpha: 0.0075 },
  ...{ marginPercent: 5, action: 'rollback' },
  variants: [
    { variant: 'a', visitors: 10_000, converted: 400, total: 400, mean: 0.04, low: 0.036, high: 0.044 },
    { variant: 'b', visitors: 10_050, converted: 503, total: 503, mean: 0.0501, low: 0.046, high: 0.054 },
    { variant: 'c', visitors: 9_950, converted: 389, total: 389, mean: 0.0391, low: 0.035, high: 0.043 },
  ],
  comparisons: [
    compared('b', [0.25, 0.08, 0.44], 'better', { sentence: 'b converts 25 % more than a (8 % to 44 %)' }),
    compared('c', [-0.02, -0.14, 0.1], 'undecided', {
      sentence: 'c may convert 14 % less or 10 % more than a',
      etaMs: 3 * DAY_MS,
      wait: 'about 3 more days at this rate',
      why: 'About 3 more days at this rate (1 d to 9 d in two of three cases), until more than 5 % lower is excluded.',
    }),
  ],
  series: [
    { atMs: SINCE_MS + DAY_MS, variant: 'b', relative: 0.3, low: -0.2, high: 0.9 },
    { atMs: SINCE_MS + DAY_MS, variant: 'c', relative: 0.05, low: -0.5, high: 0.7 },
    { atMs: AT_MS, variant: 'b', relative: 0.25, low: 0.08, high: 0.44 },
    { atMs: AT_MS, variant: 'c', relative: -0.02, low: -0.14, high: 0.1 },
  ],
}

export const REVENUE: MetricView = {
  ...{ name: 'revenue', type: 'sum', better: 'higher', role: 'secondary', alpha: 0.0025, cap: 500 },
  variants: [
    { variant: 'a', visitors: 10_000, converted: 400, total: 19_960, mean: 1.996, low: 1.7, high: 2.3 },
    { variant: 'b', visitors: 10_050, converted: 503, total: 12_000, mean: 1.194, low: 1, high: 1.4 },
    { variant: 'c', visitors: 9_950, converted: 389, total: 0, mean: null, low: null, high: null },
  ],
  comparisons: [
    compared('b', [-0.402, -0.55, -0.2], 'worse', { sentence: 'b brings 40 % less than a' }),
    compared('c', [null, null, null], 'undecided', { sentence: 'c: no figure yet' }),
  ],
  series: [],
}

export const RESULTS: ResultsView = {
  ...{ flag: 'f', generation: 2, sinceMs: SINCE_MS, atMs: AT_MS, control: 'a' },
  variants: [
    { variant: 'a', visitors: 10_000 },
    { variant: 'b', visitors: 10_050 },
    { variant: 'c', visitors: 9_950 },
  ],
  split: { word: 'ok', sentence: 'Visitors are split as the document says' },
  kept: {
    ...{ visitors: 30_000, bytes: 480_000, share: 1, mixed: 3, unproven: 12 },
    refused: { late: 2, repeated: 5 },
  },
  metrics: [ORDER, REVENUE],
  sentence: 'b is better than a by 25 % in order (8 % to 44 %)',
}
