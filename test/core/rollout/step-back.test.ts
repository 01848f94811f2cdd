import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { movedShare, startStepBack } from '../../../src/core/rollout/step-back.ts'

const WITHIN_MS = 30_000
const shares = (latencies: readonly number[], everyMs = 500) => {
  const stepBack = startStepBack(0, 100, 0)
  return latencies.map((controlMs, index) =>
    movedShare(stepBack, { nowMs: index * everyMs, withinMs: WITHIN_MS, controlMs }),
  )
}

describe('visitors after a rollback', () => {
  it('are all back after a second and a half where control bears it', () => {
    expect(shares([100, 100, 105, 140, 100])).toEqual([0.25, 0.5, 0.75, 1, 1])
  })

  it('wait while the latency of control climbs, and go on when it has calmed down', () => {
    expect(shares([100, 400, 400, 400, 120, 120, 120])).toEqual([0.25, 0.25, 0.25, 0.25, 0.5, 0.75, 1])
  })

  it('are all back in the end, however slow control is', () => {
    const slow = shares(Array.from({ length: 61 }, () => 9_000))
    expect(slow[30]).toBeCloseTo(0.5)
    expect(slow[60]).toBe(1)
  })

  it('never go the other way', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1_000)), (latencies) => {
        const moved = shares(latencies, 300)
        expect(moved).toEqual([...moved].sort((a, b) => a - b))
      }),
    )
  })
})
