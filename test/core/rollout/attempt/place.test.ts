/** Where a rollout stands on its ladder, and why it is held below it. */
import { expect, it } from 'vitest'
import type { FlagControl } from '../../../../src/core/config/control.ts'
import { currentStage, heldBelow, placeOf, stageBelow } from '../../../../src/core/rollout/place.ts'

const at = (stage: number, parts: Partial<FlagControl> = {}): FlagControl => ({
  generation: 1,
  stage,
  ...parts,
})

it('a place is what the state says, or else that of its stage, or of the last one', () => {
  expect(placeOf(at(1, { percentage: 33 }), [5, 25])).toBe(33)
  expect(placeOf(at(1, { percentage: 0 }), [5, 25])).toBe(0)
  expect([0, 1, 2, 9].map((stage) => placeOf(at(stage), [5, 25]))).toEqual([5, 25, 25, 25])
  expect(placeOf(at(3), [])).toBeUndefined()
})

it('the stage below a percentage is the largest that is not above it', () => {
  expect([4, 5, 24, 25, 99, 100].map((percentage) => stageBelow([5, 25, 100], percentage))).toEqual([
    ...[-1, 0, 0, 1, 1, 2],
  ])
  expect(stageBelow([], 50)).toBe(-1)
})

it('a rollout is led by the stage at which it stands, or the one below, and by none below the first', () => {
  const stage = (control: FlagControl, stages = [5, 25, 100]) => currentStage(control, stages)
  expect([0, 1, 2, 7].map((each) => stage(at(each)))).toEqual([0, 1, 2, 2])
  expect([
    stage(at(0, { percentage: 25 })),
    stage(at(2, { percentage: 60 })),
    stage(at(1, { percentage: 5 })),
  ]).toEqual([...[1, 1, 0]])
  expect([stage(at(1, { percentage: 4 })), stage(at(0), [])]).toEqual([undefined, undefined])
  // Stages of shadow all stand at 0: only the state tells which.
  expect([0, 1].map((each) => stage(at(each, { percentage: 0 }), [0, 0, 5]))).toEqual([0, 1])
  expect(stage(at(2, { percentage: 0 }), [0, 0, 5])).toBe(1)
})

it('a rollout is held below its first stage, or at 0 until a person confirms what it compares', () => {
  const held = (control: FlagControl, stages: number[] = [5, 25], percentage?: number) =>
    heldBelow(control, { stages, percentage })
  expect([
    held(at(0)),
    held(at(0, { percentage: 5 })),
    held(at(1, { percentage: 7 })),
    held(at(0), []),
  ]).toEqual([...[undefined, undefined, undefined, undefined]])
  expect(held(at(0, { percentage: 4 }))).toBe('held at 4 %: its first stage is 5 %; advance leads there')
  expect(held(at(0, { percentage: 0 }))).toBe(
    'held at 0 %: what it compares was changed without confirmation; resume begins at 5 %',
  )
  // Also where its first stage is one of shadow.
  expect(held(at(0, { percentage: 0, unconfirmed: true }), [0, 5])).toMatch(/^held at 0 %: what it compares/)
  expect(held(at(0, { percentage: 0 }), [0, 5])).toBeUndefined()
  expect(held(at(0, { percentage: 10 }), [], 30)).toBe(
    'held at 10 %: the document says 30 %; resume leads there',
  )
  expect([held(at(0, { percentage: 30 }), [], 30), held(at(0, { percentage: 100 }), [])]).toEqual([
    ...[undefined, undefined],
  ])
  expect(held(at(0, { percentage: 99 }), [])).toBe(
    'held at 99 %: the document says 100 %; resume leads there',
  )
})
