/** Parts of the guard, called directly. `node test/vectors/make.ts` writes the vectors anew. */
import { expect, it } from 'vitest'
import vectors from '../../../vectors/guard/parts.json' with { type: 'json' }
import * as parts from './parts-at-limits.ts'

it.each([
  ['margins', parts.pinnedMargins, vectors.margins],
  ['durations', parts.pinnedDurations, vectors.durations],
  ['collapses', parts.pinnedCollapses, vectors.collapses],
  ['populations', parts.pinnedPopulations, vectors.populations],
  ['bursts', parts.pinnedBursts, vectors.bursts],
  ['failures', parts.pinnedFailures, vectors.failures],
  ['sketches', parts.pinnedSketches, vectors.sketches],
  ['networks', parts.pinnedNetworks, vectors.networks],
  ['numbers', parts.pinnedNumbers, vectors.numbers],
] as [string, () => unknown[], unknown[]][])('%s are as in the vectors', (_, pinned, expected) => {
  expect(pinned()).toEqual(expected)
})
