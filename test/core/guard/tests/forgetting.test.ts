/** What the memory of failing visitors forgets: a busy site stays in sight, and the memory is bounded. */
import { describe, expect, it } from 'vitest'
import { failureMark } from '../../../../src/core/counters/networks.ts'
import { type DedupeState, initialDedupe, stepDedupe } from '../../../../src/core/guard/dedupe/dedupe.ts'
import { seeded } from '../../../../test-kit/simulation/random.ts'

/** Control's errors from everywhere, second by second, and one visitor who fails in every second. */
function busy(hours: number, errorsPerSecond: number) {
  const random = seeded('forgetting', 1)
  let state: DedupeState = initialDedupe(0)
  let botCounted = 0
  let eligible = 1
  for (let nowS = 1; nowS <= hours * 3600; nowS++) {
    const marks = Array.from({ length: errorsPerSecond }, () => failureMark(random.below(65_536), 0))
    const step = stepDedupe(state, { nowS, percentage: 0, canary: [], control: [7, ...marks] })
    state = step.state
    eligible = step.eligible.strictControl
    if (step.counted.strictControl.includes(7)) botCounted++
  }
  const bytes = state.chunks.reduce((sum, text) => sum + text.length, 0)
  return { eligible, botCounted, bytes }
}

describe('a site with 100 errors a second', () => {
  const { eligible, botCounted, bytes } = busy(2, 100)

  it('does not go blind', () => expect(eligible).toBeGreaterThan(0.75))
  it('remembers about as many as its share of the memory', () => expect(bytes).toBeLessThan(8 * 2.5 * 16_384))
  it('does not forget who fails all the time', () => expect(botCounted).toBe(1))
})

it('a site with few errors forgets no one: rests grow as long as the rollout lasts', () => {
  let state: DedupeState = initialDedupe(50)
  const counted: number[] = []
  for (let nowS = 1; nowS <= 40_000; nowS += 1_000) {
    const step = stepDedupe(state, { nowS, percentage: 50, canary: [3], control: [] })
    state = step.state
    if (step.counted.strictCanary.length > 0) counted.push(nowS)
  }
  expect(counted).toEqual([1, 1_001, 2_001, 3_001, 4_001, 5_001])
})
