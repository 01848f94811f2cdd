/** The memory of visitors who fail again and again. */
import { expect, it } from 'vitest'
import { isRepeating, noteRuns, repeatingByArm } from '../../../../src/core/guard/dedupe/failing-runs.ts'

const levelsOf = (times: readonly number[], mark = 70_000) => {
  let chunks: readonly string[] = []
  return times.map((nowS) => {
    const noted = noteRuns(chunks, [mark, mark], nowS)
    chunks = noted.chunks
    return noted.reached.flatMap((marks, level) => (marks.includes(mark) ? [level] : []))
  })
}

it('comes to a level with the second failure, and to another with the fourth, each once', () => {
  expect(levelsOf([1, 2, 3, 4, 5, 6, 100_000, 100_010, 100_020, 100_030])).toEqual([
    ...[[], [0], [], [1], [], []],
    ...[[], [], [], []],
  ])
})

it('begins again after half an hour without a failure', () => {
  expect(levelsOf([0, 1_800])).toEqual([[], [0]])
  expect(levelsOf([0, 1_820, 1_830])).toEqual([[], [], [0]])
})

it('tells slots apart, and groups of networks', () => {
  const noted = noteRuns(noteRuns([], [5, 65_536 + 5, 6], 1).chunks, [65_536 + 5], 2)
  expect(noted.reached).toEqual([[65_536 + 5], []])
  expect([5, 65_536 + 5, 6].map((mark) => isRepeating(noted.chunks, mark))).toEqual([false, true, false])
  expect(repeatingByArm(noted.chunks, (slot) => slot < 6)).toEqual({ canary: 1, control: 0 })
  expect(repeatingByArm(noted.chunks, (slot) => slot < 5)).toEqual({ canary: 0, control: 1 })
})

it('is bounded, and forgets who failed least recently', () => {
  let chunks: readonly string[] = []
  for (let group = 0; group < 31; group++) chunks = noteRuns(chunks, [3 + 65_536 * group], group * 10).chunks
  expect(chunks.join('').length).toBe(16 * 6)
  expect(noteRuns(chunks, [3 + 65_536 * 30], 320).reached[0]).toEqual([3 + 65_536 * 30])
  expect(noteRuns(chunks, [3], 320).reached[0]).toEqual([])
  const all = noteRuns(
    [],
    Array.from({ length: 1_024 * 31 }, (_, k) => Math.floor(k / 1_024) * 65_536 + (k % 1_024)),
    1,
  ).chunks
  expect(all.join('').length).toBe(32 * 16 * 6)
})

it('takes no mark that is none', () => {
  for (const mark of [-1, 0.5, Number.NaN, 65_536 * 31, Number.POSITIVE_INFINITY])
    expect(noteRuns([], [mark], 1).chunks).toEqual([])
})
