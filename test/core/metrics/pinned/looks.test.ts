/** Every number of the judge of metrics. `node test/vectors/make.ts` writes the vectors anew. */
import { expect, it } from 'vitest'
import vectors from '../../../vectors/metrics/judge.json' with { type: 'json' }
import {
  pinnedArrivals,
  pinnedComparisons,
  pinnedLabels,
  pinnedLooks,
  pinnedMeans,
  pinnedNumbers,
  pinnedSentences,
  pinnedSeries,
  pinnedStandings,
} from './looks.ts'

it.each([
  ['means', pinnedMeans, vectors.means],
  ['labels', pinnedLabels, vectors.labels],
  ['numbers', pinnedNumbers, vectors.numbers],
  ['comparisons', pinnedComparisons, vectors.comparisons],
  ['arrivals', pinnedArrivals, vectors.arrivals],
  ['standings', pinnedStandings, vectors.standings],
  ['sentences', pinnedSentences, vectors.sentences],
  ['series', pinnedSeries, vectors.series],
  ['looks', pinnedLooks, vectors.looks],
] as [string, () => unknown[], unknown[]][])('%s are as in the vectors', (_, pinned, expected) => {
  expect(pinned()).toEqual(expected)
})
