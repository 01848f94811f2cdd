/** Every number of the guard on small sites. `node test/vectors/make.ts` writes the vectors anew. */
import { expect, it } from 'vitest'
import vectors from '../../../vectors/guard/small.json' with { type: 'json' }
import { pinnedSmall, SMALL_RUNS } from './small-runs.ts'

it.each(SMALL_RUNS)('%s goes as in the vectors', (name) => {
  const expected = vectors.looks.filter(({ run }) => run === name)
  expect(expected.length).toBe(3)
  expect(pinnedSmall(name).map((look) => ({ run: name, ...(look as object) }))).toEqual(expected)
})
