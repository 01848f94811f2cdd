/** Visitors for whom nothing works, among many for whom all does. */
import { describe, expect, it } from 'vitest'
import { failureMark } from '../../../../src/core/counters/networks.ts'
import { pairingOf } from '../../../../src/core/counters/pairing.ts'
import { totalWealth } from '../../../../src/core/guard/evidence/wealth.ts'
import { type GuardState, resolveGuardSettings } from '../../../../src/core/guard/index.ts'
import { restoreGuardState } from '../../../../src/core/guard/tests/migrate.ts'
import { arm, feed, start, tick } from '../support.ts'

const settings = resolveGuardSettings({ latency: false })
const seconds = (from: number, to: number) => Array.from({ length: to - from }, (_, k) => from + k)
/** 5 % of 65,536 slots are 3,276.8. */
const FIVE = { percentage: 5 }
const CONTROL_FIRST = 40_000

/** `canary` and `control` are visitors who always fail, each every 50 s, evenly; the others never do. */
function visits(rounds: number, canary: readonly number[], control: readonly number[], requests = 300) {
  const most = Math.max(canary.length, control.length, 1)
  const at = (list: readonly number[], k: number) => {
    const step = Math.floor(most / Math.max(1, list.length))
    return k % step === 0 ? list.slice(k / step, k / step + 1) : []
  }
  return seconds(1, rounds + 1).flatMap((round) =>
    seconds(0, most).map((k) =>
      tick(
        round * 50_000 + Math.floor((k * 49_000) / most),
        arm((requests * 0.05) / most, at(canary, k)),
        arm(
          (requests * 0.95) / most,
          at(control, k).map((slot) => CONTROL_FIRST + slot),
        ),
        FIVE,
      ),
    ),
  )
}
const people = (count: number) => Array.from({ length: count }, (_, k) => 10 * k)

describe('the expected wealth of visitors who fail again and again', () => {
  /** Every draw of six visitors into two arms of equal size; their failures don't depend on it. */
  it.each([
    ['all in the same seconds', (visitor: number, second: number) => second < 5 || visitor < 0],
    ['one after the other', (visitor: number, second: number) => Math.floor(second / 5) === visitor],
    [
      'one of them all the time',
      (visitor: number, second: number) => visitor === 0 || second % 9 === visitor,
    ],
    ['at random', (visitor: number, second: number) => (visitor * 7 + second * 13) % 5 < 2],
  ])('is at most 1 over all draws of who is canary: %s', (_, fails) => {
    const VISITORS = 6
    let sum = 0
    for (let draw = 0; draw < 2 ** VISITORS; draw++) {
      const isCanary = (visitor: number) => ((draw >> visitor) & 1) === 1
      const failing = (second: number, canary: boolean) =>
        Array.from({ length: VISITORS }, (_, visitor) => visitor)
          .filter((visitor) => isCanary(visitor) === canary && fails(visitor, second))
          .map((visitor) => (canary ? visitor : CONTROL_FIRST + visitor))
      const { state } = feed(
        settings,
        start(),
        seconds(1, 31).map((second) =>
          tick(second * 1000, arm(20, failing(second, true)), arm(20, failing(second, false))),
        ),
      )
      sum += state.affected.wealth.reduce((all, wealth) => all + totalWealth(wealth) / 2, 0)
    }
    expect(sum / 2 ** VISITORS).toBeLessThanOrEqual(1 + 1e-9)
    expect(sum / 2 ** VISITORS).toBeGreaterThan(0.3)
  })
})

describe('a canary that breaks a few visitors for good', () => {
  it('is rolled back, with the figures that were tested', () => {
    const { verdict } = feed(settings, start(5), visits(6, people(5), []))
    expect(verdict).toMatchObject({ action: 'rollback', trigger: 'errors' })
  })

  it('is rolled back where the failures of others hide them from the test of requests', () => {
    // Between two of them another one of the canary fails, and 19 of control: 2 instead of 1, of 600.
    const ticks = visits(6, people(5), people(1), 60_000).map((each, index) => {
      const others = (first: number, count: number) =>
        Array.from({ length: count }, (_, k) => first + 1_000 + 20 * index + k)
      const canary = [...each.canary.erroredSlots, ...others(0, 1)]
      const control = [...each.control.erroredSlots, ...others(CONTROL_FIRST, 19)]
      return { ...each, canary: arm(600, canary), control: arm(11_400, control) }
    })
    const { verdict } = feed(settings, start(5), ticks)
    expect(verdict).toMatchObject({ action: 'rollback', trigger: 'errors' })
    expect(verdict.sentence).toMatch(
      /^5 visitors of the canary failed (?:twice|four times) or more, [01] of control, where the canary has 5 % of visitors \(p = 0\.\d+\)$/,
    )
    expect(verdict.evidence.pValue).toBeLessThanOrEqual(0.01)
  })

  it('holds while there are too few of them to tell, and is not promoted', () => {
    const { verdict } = feed(settings, start(5), visits(10, people(2), [], 20_000))
    expect(verdict).toMatchObject({ action: 'none', mayAdvance: false })
    expect(verdict.sentence).toMatch(
      /^2 visitors of the canary failed .*; waiting until that clears or grows$/,
    )
  })

  it('is left alone where control has its share of them', () => {
    const { verdict } = feed(settings, start(5), visits(60, people(5), people(95), 6_000))
    expect(verdict.action).toBe('none')
  })

  it('is left alone for one visitor who fails a thousand times', () => {
    const ticks = seconds(1, 1_001).map((second) =>
      tick(second * 1000, arm(50, [7], { errors: 1 }), arm(950), FIVE),
    )
    expect(feed(settings, start(5), ticks).verdict.action).toBe('none')
  })

  it('waits while they are all of two networks, and is rolled back once they are of many', () => {
    const from = (networks: readonly number[]) =>
      seconds(1, 6).map((minute) => {
        const marks = people(8).map((slot, k) => failureMark(slot, networks[k % networks.length] ?? 2))
        const listed = (requests: number) =>
          [2, 3, 4, 5, 6, 7, 8, 9].map((network) => ({
            network,
            requests: requests / 8,
            errors: 0,
            errored: 0,
            discordant: 0,
            unpaired: 0,
            unasked: 0,
            journeys: 0,
          }))
        const pairing = { ...pairingOf({ erroredBuckets: [] }), discordant: marks }
        return tick(
          minute * 60_000,
          arm(3_000, people(8), { pairing, networks: listed(3_000) }),
          arm(57_000, [], { networks: listed(57_000) }),
          FIVE,
        )
      })
    expect(feed(settings, start(5), from([2, 3])).verdict).toMatchObject({
      action: 'none',
      sentence: 'evidence of harm comes from too few networks; waits for others',
    })
    expect(feed(settings, start(5), from([2, 3, 4, 5, 6, 7, 8, 9])).verdict.action).toBe('rollback')
  })

  it('is no finding of a guard that compares no errors', () => {
    const latency = resolveGuardSettings({ latency: {}, errors: false })
    expect(feed(latency, start(5), visits(6, people(5), [], 60_000)).verdict.action).toBe('none')
  })

  it('is judged by the arm that a slot is in when it comes to a level, at percentages that cut one too', () => {
    // 0.001 % is less than a slot: the first one is the canary's.
    const tiny = seconds(1, 9).map((minute) =>
      tick(minute * 60_000, arm(10, [0]), arm(1_000, [CONTROL_FIRST]), { percentage: 0.001 }),
    )
    const { canary, control } = feed(settings, start(0.001), tiny).state.affected
    expect([canary, control]).toEqual([
      [1, 1],
      [1, 1],
    ])
  })
})

describe('visitors who fail all day at both origins', () => {
  const toEnd = (canary: number, control: number) => {
    const failing = (second: number, count: number, first: number) =>
      people(count)
        .map((slot) => first + slot)
        .filter((_, k) => (second + k) % 20 === 0)
    const ticks = seconds(1, 2_400).map((second) =>
      tick(
        second * 1000,
        arm(10, failing(second, canary, 0)),
        arm(190, failing(second, control, CONTROL_FIRST)),
        FIVE,
      ),
    )
    return feed(settings, start(5), ticks).verdict
  }

  it('keep no healthy canary from advancing', () => {
    expect(toEnd(3, 57)).toMatchObject({ action: 'none', mayAdvance: true })
  })

  it('and do where the canary has more of them than control lets expect', () => {
    expect(toEnd(12, 57).mayAdvance).toBe(false)
    expect(toEnd(3, 0).mayAdvance).toBe(false)
  })
})

it('begins with the next tick where the state is of the version before', () => {
  const { state } = feed(settings, start(5), visits(2, people(5), []))
  const { affected: _, ...before } = { ...state, version: 7 }
  const restored = restoreGuardState(before as unknown as GuardState)
  expect(restored).toMatchObject({ version: 8, affected: { canary: [0, 0], repeating: { percentage: 5 } } })
  expect(restored?.rollback).toEqual(state.rollback)
})
