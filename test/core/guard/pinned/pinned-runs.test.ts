/**
 * Every number of the guard, step by step. When a change of its arithmetic is wanted: `node test/vectors/make.ts`,
 * and read in the diff which verdicts it moves.
 */
import { describe, expect, it } from 'vitest'
import vectors from '../../../vectors/guard/runs.json' with { type: 'json' }
import weeks from '../../../vectors/guard/weeks.json' with { type: 'json' }
import { PINNED_RUNS } from './all.ts'
import { pinned } from './pinned.ts'
import { pinnedWeeks, WEEKS_RUNS } from './weeks-runs.ts'

describe('a run of the guard, as in the vectors', () => {
  it.each(PINNED_RUNS)('$name', (run) => {
    const expected = vectors.looks.filter(({ run: name }) => name === run.name)
    expect(expected.length).toBe(run.looks.length)
    expect(pinned(run).map((look) => ({ run: run.name, ...(look as object) }))).toEqual(expected)
  })
})

describe('a run of a flag without a split, as in the vectors', () => {
  it.each(WEEKS_RUNS)('$name', (run) => {
    const expected = weeks.looks.filter(({ run: name }) => name === run.name)
    expect(expected.length).toBe(3 * run.days)
    expect(pinnedWeeks(run).map((look) => ({ run: run.name, ...(look as object) }))).toEqual(expected)
  })
})
