/** Visitors who come again and again, as most do: the same few slots in every second. */
import { describe, expect, it } from 'vitest'
import { resolveGuardSettings } from '../../../src/core/guard/index.ts'
import { seeded } from '../../../test-kit/simulation/random.ts'
import { arm, feed, start, tick } from './support.ts'

const settings = resolveGuardSettings()
const CONTROL_FIRST = 40_000
const seconds = (from: number, to: number) => Array.from({ length: to - from }, (_, k) => from + k)
const visitors = (first: number, count: number) => Array.from({ length: count }, (_, k) => first + k)

/** `requests` per arm and second by as many visitors as given; each fails with the arm's rate. */
function regulars(run: number, visitorsPerArm: number, requests: number) {
  const random = seeded('regulars', run)
  return (second: number, canaryRate: number, controlRate: number) => {
    const armOf = (first: number, rate: number) => {
      let errors = 0
      const errored = new Set<number>()
      for (let k = 0; k < requests; k++) {
        if (random.next() >= rate) continue
        errors++
        errored.add(first + random.below(visitorsPerArm))
      }
      return arm(requests, [...errored], { errors })
    }
    return tick(second * 1000, armOf(0, canaryRate), armOf(CONTROL_FIRST, controlRate))
  }
}

describe('a canary that is dead for a few visitors who come every second', () => {
  it('is closed though all of them fail in its first second', () => {
    const dead = (second: number) => {
      const errored = visitors(0, 30)
      return tick(second * 1000, arm(60, errored, { errors: 60 }), arm(60))
    }
    const { verdict } = feed(settings, start(), seconds(1, 5).map(dead))
    expect(verdict).toMatchObject({ action: 'rollback', trigger: 'errors' })
  })

  it('is closed though one second had as many errors as all visitors together', () => {
    const dead = (second: number) => tick(second * 1000, arm(1_000, visitors(0, 1_000)), arm(1_000))
    const { verdict } = feed(settings, start(), seconds(1, 4).map(dead))
    expect(verdict).toMatchObject({ action: 'rollback', trigger: 'errors' })
  })

  it('is closed where every visitor has had errors before', () => {
    const make = regulars(1, 100, 100)
    const before = feed(
      settings,
      start(),
      seconds(1, 600).map((second) => make(second, 0.1, 0.1)),
    )
    expect(before.verdict.action).toBe('none')
    expect(before.verdict.evidence.restingBuckets).toBeGreaterThan(150)
    const { verdict } = feed(
      settings,
      before.state,
      seconds(600, 610).map((second) => make(second, 1, 0.1)),
    )
    expect(verdict).toMatchObject({ action: 'rollback', trigger: 'errors' })
    expect(verdict.sentence).toMatch(
      /^the canary fails most requests of all visitors, and control doesn't; since 00:\d\d UTC: 100 % \(\d+ of \d+\), control .*; whole attempt 1\d %, control/,
    )
    expect(verdict.evidence.pValue).toBeLessThanOrEqual(0.01)
  })

  it('is not closed by four visitors who fail all the time', () => {
    const four = (second: number) =>
      tick(
        second * 1000,
        arm(40, visitors(0, 4), { errors: 40 }),
        arm(40, visitors(CONTROL_FIRST, 4), { errors: 4 }),
      )
    expect(feed(settings, start(), seconds(1, 300).map(four)).verdict.action).toBe('none')
  })

  it('is left to people where control is dead too', () => {
    const both = (second: number) =>
      tick(
        second * 1000,
        arm(60, visitors(0, 30), { errors: 60 }),
        arm(60, visitors(CONTROL_FIRST, 30), { errors: 60 }),
      )
    expect(feed(settings, start(), seconds(1, 120).map(both)).verdict.action).toBe('none')
  })
})

it('leaves a canary alone that is as good as control, however often its visitors come', () => {
  let closed = 0
  for (let run = 0; run < 20; run++) {
    const make = regulars(run, 50, 100)
    const ticks = seconds(1, 300).map((second) => make(second, 0.3, 0.3))
    if (feed(settings, start(), ticks).verdict.action !== 'none') closed++
  }
  expect(closed).toBeLessThanOrEqual(1)
})
