import { expect, it } from 'vitest'
import { UNKNOWN_IMPACT } from '../../../../src/core/decision/impact.ts'
import { impactQuestion } from '../../../../src/core/rollout/edits/impact-question.ts'

const impact = (moved: number, samples: number, unknown = 0) => ({
  ...UNKNOWN_IMPACT,
  samples,
  unknown,
  movedPercent: samples === 0 ? null : Math.round((10_000 * moved) / samples) / 100,
})
const FEW = 'too few requests to exclude 10 %'

it('asks for an impact that is large, and tells the size of its sample', () => {
  expect(impactQuestion(impact(480, 1_200), 10, true)).toBe(
    '40 % of 1,200 recent requests would be moved, more than 10 %',
  )
  expect(impactQuestion(impact(9, 14), 10, true)).toBe(
    '9 of 14 recent requests would be moved, more than 10 %',
  )
  expect(impactQuestion(impact(480, 1_200), 45, true)).toBeUndefined()
  // Also for a change that can't move anyone by itself.
  expect(impactQuestion(impact(480, 1_200), 10, false)).toContain('more than 10 %')
})

it('asks like for a large one where the sample can’t exclude it', () => {
  // (1 − 0.1)^28 = 0.052, (1 − 0.1)^29 = 0.047.
  expect(impactQuestion(impact(0, 28), 10, true)).toBe(
    `how many visitors move is not known: 0 of 28 recent requests would be moved, ${FEW}`,
  )
  expect(impactQuestion(impact(0, 29), 10, true)).toBeUndefined()
  // P(at most 5 of 100) = 0.0576, P(at most 4 of 100) = 0.0237.
  expect(impactQuestion(impact(5, 100), 10, true)).toContain(FEW)
  expect(impactQuestion(impact(4, 100), 10, true)).toBeUndefined()
  expect(impactQuestion(impact(1, 1), 99, true)).toContain('more than 99 %')
  expect(impactQuestion(impact(0, 2_000), 0, true)).toBeUndefined()
  expect(impactQuestion(impact(1, 2_000), 0, true)).toContain('more than 0 %')
})

it('asks where no request, or too few, could be replayed', () => {
  expect(impactQuestion(impact(0, 0), 10, true)).toBe(
    'how many visitors move is not known: no recent request could be replayed',
  )
  expect(impactQuestion(impact(0, 80, 20), 10, false)).toBe(
    'how many visitors move is not known: 20 % of recent requests could not be replayed',
  )
})

it('asks nothing of what can’t move anyone, nor where a person wants no questions', () => {
  expect(impactQuestion(impact(0, 0), 10, false)).toBeUndefined()
  expect(impactQuestion(impact(0, 1), 10, false)).toBeUndefined()
  expect(impactQuestion(impact(1_000, 1_000), 100, true)).toBeUndefined()
})
