import { describe, expect, it } from 'vitest'
import { SLICES, type Slices } from '../../../../src/core/counters/visitors.ts'
import { type GuardTick, resolveGuardSettings } from '../../../../src/core/guard/index.ts'
import { arm, feed, start, tick } from '../support.ts'

const SETTINGS = resolveGuardSettings({ errors: false })
const PERCENTAGE = 25

/** Control's latencies by slice: a share of each group's requests is slow. */
function slices(slow: (group: number) => number): Slices {
  const made: Slices = {}
  for (let slice = 1; slice <= 2 * SLICES; slice++) {
    // The slow ones of those who come next are in other groups.
    const many = Math.round(100 * slow(slice <= SLICES ? slice : slice + 5))
    made[slice] = { 40: 100 - many, 50: many }
  }
  return made
}

/** A minute in which all requests of the canary take many times as long. */
const minute = (shown: Slices): GuardTick[] =>
  Array.from({ length: 60 }, (_, second) =>
    tick(
      (second + 1) * 1_000,
      arm(100, [], { latency: { 90: 100 } }),
      arm(300, [], { latency: { 40: 270, 50: 30 }, slices: shown }),
      { percentage: PERCENTAGE },
    ),
  )

describe('in the first minutes of a stage', () => {
  it('a canary that is many times slower is rolled back, where visitors are alike', () => {
    const { verdict } = feed(SETTINGS, start(PERCENTAGE), minute(slices(() => 0.1)))
    expect(verdict).toMatchObject({ action: 'rollback', trigger: 'latency' })
  })

  it('it is not, where the visitors it has got may be that slow by themselves', () => {
    const uneven = slices((group) => (group % 10 === 0 ? 0.9 : 0.01))
    expect(feed(SETTINGS, start(PERCENTAGE), minute(uneven)).verdict).toMatchObject({ action: 'none' })
  })
})
