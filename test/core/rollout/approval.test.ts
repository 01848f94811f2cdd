import { expect, it } from 'vitest'
import { needlessApproval } from '../../../src/core/rollout/approval.ts'
import type { StagePlan } from '../../../src/core/rollout/plan.ts'

const stages: StagePlan[] = [1, 25, 100].map((percentage) => ({
  ...{ percentage, bakeMs: 0, maxBakeMs: null, advance: 'auto' },
  approval: percentage === 25,
}))
const at = (stage: number) => ({ generation: 1, stage })

it('only a stage that asks for approval can be approved', () => {
  expect(needlessApproval(stages, at(0))).toBe(
    'the stage of 1 % asks for no approval; the next that does is 25 %',
  )
  expect(needlessApproval(stages, at(1))).toBeUndefined()
  expect(needlessApproval(stages, at(2))).toBe('the stage of 100 % asks for no approval; none after it does')
  // The document may have lost stages since.
  expect(needlessApproval(stages, at(7))).toContain('the stage of 100 %')
})

it('what the command itself refuses is left to it', () => {
  expect(needlessApproval([], at(0))).toBeUndefined()
  expect(needlessApproval(stages, { ...at(0), rolledBack: { atMs: 1, reason: 'r' } })).toBeUndefined()
})
