/** A rate that several share: together they take no more than it, however many they are. */
import { expect, it } from 'vitest'
import { SharedRate } from '../../../src/core/limits/shared-rate.ts'

/** How many a group takes, each member asking every `everyMs`, at times that differ. */
function taken(members: number, perSecond: number, seconds: number, everyMs = 20): number {
  const rates = Array.from({ length: members }, () => new SharedRate())
  let count = 0
  for (let nowMs = 0; nowMs <= seconds * 1_000; nowMs += everyMs)
    rates.forEach((rate, index) => {
      if (rate.take(perSecond, members, nowMs + index)) count++
    })
  return count
}

it.each([1, 2, 7, 40])('%i members take the rate together, and no more', (members) => {
  expect(taken(members, 4, 100)).toBeLessThanOrEqual(400)
  expect(taken(members, 4, 100)).toBeGreaterThan(350)
})

it('a member that begins has nothing, and saves no more than a second of its part, or one', () => {
  const rate = new SharedRate()
  expect(rate.take(4, 1, 0)).toBe(false)
  const after = (idleMs: number, at: number) => {
    let count = 0
    while (rate.take(4, 1, at + idleMs)) count++
    return count
  }
  expect(after(3_600_000, 0)).toBe(4)
  expect(after(250, 3_600_000)).toBe(1)
  const slow = new SharedRate()
  slow.take(0.1, 1, 0)
  expect([slow.take(0.1, 1, 9_999), slow.take(0.1, 1, 10_000), slow.take(0.1, 1, 10_001)]).toEqual([
    false,
    true,
    false,
  ])
})

it('more members at once take less each, and a clock that goes back gives nothing', () => {
  const rate = new SharedRate()
  rate.take(10, 1, 0)
  expect(rate.take(10, 10, 500)).toBe(false)
  expect(rate.take(10, 10, 1_000)).toBe(true)
  expect(rate.take(10, 1, 0)).toBe(false)
  expect(rate.take(10, 1, 99)).toBe(false)
  expect(rate.take(10, 1, 100)).toBe(true)
})
