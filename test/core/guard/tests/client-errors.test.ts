/** A canary that turns visitors away: 4xx, redirects to the page itself. */
import { describe, expect, it } from 'vitest'
import { failureMark, NO_NETWORK } from '../../../../src/core/counters/networks.ts'
import { type ArmTick, type GuardOptions, resolveGuardSettings } from '../../../../src/core/guard/index.ts'
import { seeded } from '../../../../test-kit/simulation/random.ts'
import { arm, feed, start, tick } from '../support.ts'

const settings = resolveGuardSettings({ latency: false })
const seconds = (from: number, to: number) => Array.from({ length: to - from }, (_, k) => from + k)
const CONTROL_FIRST = 40_000

type Away = { share: number; networks?: readonly number[]; from?: readonly number[] }

/** So many requests a second, of other visitors each second; a share of them is turned away. */
function turning(
  requests: number,
  second: number,
  first: number,
  { share, networks = [], from }: Away,
): ArmTick {
  const count = Math.round(requests * share)
  const marks = Array.from({ length: count }, (_, k) => {
    const visitor = (second * requests + k) % 20_000
    const list = from ?? networks
    return failureMark(first + visitor, list.length === 0 ? NO_NETWORK : (list[visitor % list.length] ?? 0))
  })
  const own = (network: number) =>
    marks.filter(
      (_, k) =>
        (from ?? networks)[((second * requests + k) % 20_000) % (from ?? networks).length] === network,
    ).length
  return arm(requests, [], {
    clientErrors: { requests: count, marks },
    networks: networks.map((network) => ({
      network,
      requests: requests / networks.length,
      errors: 0,
      errored: 0,
      discordant: 0,
      unpaired: 0,
      unasked: 0,
      journeys: 0,
      clientErrors: own(network),
    })),
  })
}

const both = (second: number, canary: Away, control: Away, requests = 20) =>
  tick(second * 1000, turning(requests, second, 0, canary), turning(requests, second, CONTROL_FIRST, control))

function watch(count: number, canary: Away, control: Away, options?: GuardOptions) {
  const used = options === undefined ? settings : resolveGuardSettings({ latency: false, ...options })
  return feed(
    used,
    start(),
    seconds(1, count + 1).map((second) => both(second, canary, control)),
  )
}

describe('a canary that turns visitors away', () => {
  it('holds the stage and calls a person, though no request fails', () => {
    const { verdict } = watch(30, { share: 0.3 }, { share: 0.05 })
    expect(verdict).toMatchObject({ action: 'freeze', trigger: 'client-errors', mayAdvance: false })
    expect(verdict.alert).toBe(verdict.sentence)
    expect(verdict.sentence).toEqual(
      expect.stringMatching(
        /^the canary turns visitors away in 30 % of its answers \(4xx, or a redirect to the page itself\) since 00:00 UTC \(\d+ of \d+\), control in 5 % \(\d+ of \d+\)$/,
      ),
    )
    expect(verdict.evidence.clientErrorWealth).toBeGreaterThan(2_500)
  })

  it('is rolled back where the guard says so', () => {
    const options = { clientErrors: { action: 'rollback' } } as const
    expect(watch(30, { share: 0.3 }, { share: 0.05 }, options).verdict).toMatchObject({
      action: 'rollback',
      trigger: 'client-errors',
    })
  })

  it('is rolled back once it is most of the answers', () => {
    const { verdict } = watch(60, { share: 1 }, { share: 0.05 })
    expect(verdict).toMatchObject({ action: 'rollback', trigger: 'errors' })
  })

  it('still is rolled back for errors while it is held', () => {
    const held = watch(30, { share: 0.3 }, { share: 0.05 })
    const ticks = seconds(31, 45).map((second) => {
      const one = both(second, { share: 0.3 }, { share: 0.05 })
      const errored = Array.from({ length: 8 }, (_, k) => second * 20 + k)
      return { ...one, canary: { ...one.canary, ...arm(20, errored), clientErrors: one.canary.clientErrors } }
    })
    expect(feed(settings, held.state, ticks).verdict).toMatchObject({ action: 'rollback' })
  })

  it('is let alone where control is no better, where the test is off, and within its margin', () => {
    expect(watch(300, { share: 0.3 }, { share: 0.3 }).verdict.action).toBe('none')
    expect(watch(300, { share: 0.3 }, { share: 0.05 }, { clientErrors: false }).verdict.action).toBe('none')
    expect(
      watch(300, { share: 0.1 }, { share: 0.05 }, { clientErrors: { rho: 2, delta: 0 } }).verdict.action,
    ).toBe('none')
  })

  it('is not held for one visitor who asks for what is not there, all day', () => {
    const ticks = seconds(1, 600).map((second) =>
      tick(second * 1000, arm(20, [], { clientErrors: { requests: 10, marks: [7] } }), arm(20)),
    )
    expect(feed(settings, start(), ticks).verdict.action).toBe('none')
  })
})

describe('networks', () => {
  const MANY = Array.from({ length: 20 }, (_, k) => k + 2)
  const run = (canary: Away) => watch(60, canary, { share: 0, networks: canary.networks ?? [] }).verdict

  it('one or two of them hold no healthy canary, and roll none back', () => {
    expect(run({ share: 0.3, networks: MANY, from: [5] }).action).toBe('none')
    expect(run({ share: 0.3, networks: MANY, from: [5, 9] }).action).toBe('none')
    expect(run({ share: 0.9, networks: MANY, from: [5, 9] }).action).toBe('none')
  })

  it('many of them do', () => {
    expect(run({ share: 0.3, networks: MANY })).toMatchObject({ action: 'freeze', trigger: 'client-errors' })
  })

  it('where there are only two, no one could confirm it', () => {
    expect(run({ share: 0.3, networks: [2, 3] }).action).toBe('none')
    expect(run({ share: 1, networks: [2, 3] }).action).toBe('none')
  })
})

it('holds a healthy canary no more often than its part of α lets it, whatever the rate', () => {
  let held = 0
  for (let run = 0; run < 60; run++) {
    const random = seeded('turned away', run)
    const rate = [0.02, 0.2, 0.5][run % 3] ?? 0
    const ticks = seconds(1, 200).map((second) => {
      const armOf = (first: number) => {
        const marks = Array.from({ length: 20 }, () => first + random.below(2_000)).filter(
          () => random.next() < rate,
        )
        return arm(20, [], { clientErrors: { requests: marks.length, marks: [...new Set(marks)] } })
      }
      return tick(second * 1000, armOf(0), armOf(CONTROL_FIRST))
    })
    if (feed(settings, start(), ticks).verdict.action !== 'none') held++
  }
  expect(held).toBe(0)
})
