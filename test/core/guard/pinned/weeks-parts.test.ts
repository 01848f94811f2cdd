/** Parts of the comparison with the weeks before. `node test/vectors/make.ts` writes the vectors anew. */
import { expect, it } from 'vitest'
import vectors from '../../../vectors/guard/weeks-parts.json' with { type: 'json' }
import { pinnedBases, pinnedBlocks, pinnedGaps, pinnedNoise, pinnedTicks } from './weeks-parts.ts'

it('what is learned of a past is as in the vectors', () => {
  expect(pinnedBases()).toEqual(vectors.bases)
  expect(pinnedNoise()).toEqual(vectors.noise)
})

it('a run of blocks goes as in the vectors', () => {
  expect(pinnedBlocks()).toEqual(vectors.blocks)
})

it('ticks at all times are taken as in the vectors', () => {
  expect(pinnedTicks()).toEqual(vectors.ticks)
})

it('a tick after a gap, or by another clock, is taken as in the vectors', () => {
  expect(pinnedGaps()).toEqual(vectors.gaps)
})
