import { describe, expect, it } from 'vitest'
import { failureMark } from '../../../src/core/counters/networks.ts'
import { EMPTY_ARM } from '../../../src/core/counters/ticks.ts'
import { type ArmTick, resolveGuardSettings } from '../../../src/core/guard/index.ts'
import { seeded } from '../../../test-kit/simulation/random.ts'
import { arm, feed, start, tick } from './support.ts'

const slots = (first: number, count: number) => Array.from({ length: count }, (_, k) => first + k)
const seconds = (count: number) => Array.from({ length: count }, (_, k) => k + 1)

describe('ceilings', () => {
  const settings = resolveGuardSettings({ errors: false, latency: false, ceilings: { errorRate: 0.2 } })
  const outage = (second: number, control: number) =>
    tick(second * 1000, arm(50, slots(second * 50, 25)), arm(50, slots(40_000 + second * 50, control)))

  it('closes a canary above the ceiling when control is below', () => {
    const { verdict } = feed(
      settings,
      start(),
      seconds(10).map((second) => outage(second, 0)),
    )
    expect(verdict).toMatchObject({ kind: 'failing', action: 'rollback', trigger: 'ceiling' })
    expect(verdict.sentence).toBe(
      "the canary's error rate is above the ceiling of 20 %: 50 % (50 of 100); control's is below",
    )
  })

  it('is not deceived by a few visitors who try again and again', () => {
    const hammered = (second: number) =>
      tick(second * 1000, arm(100, slots(0, 10), { errors: 100 }), arm(100))
    expect(feed(settings, start(), seconds(10).map(hammered)).verdict).toMatchObject({ trigger: 'ceiling' })
    const one = (second: number) => tick(second * 1000, arm(100, [7], { errors: 90 }), arm(100))
    expect(feed(settings, start(), seconds(300).map(one)).verdict.action).toBe('none')
  })

  it('is not breached by two bots that fail all the time, and a few others now and then', () => {
    const bots = (second: number) =>
      tick(second * 1000, arm(8, [1, 2, ...(second % 20 === 0 ? [100 + second] : [])]), arm(72), {
        percentage: 10,
      })
    expect(feed(settings, start(10), seconds(600).map(bots)).verdict.action).toBe('none')
  })

  it('freezes and calls a person when control is above it too', () => {
    const { verdict } = feed(
      settings,
      start(),
      seconds(10).map((second) => outage(second, 25)),
    )
    expect(verdict).toMatchObject({ kind: 'inconclusive', action: 'freeze', trigger: 'ceiling' })
    expect(verdict.alert).toContain('a shared outage')
  })

  it('freezes where control is too small to tell, and says that', () => {
    // A holdback of 1 %: no error in 5 requests of control, where 20 % would be one.
    const small = (second: number) =>
      tick(second * 1000, arm(99, slots(second * 50, 40)), arm(second % 2), { percentage: 99 })
    const { verdict } = feed(settings, start(99), seconds(6).map(small))
    expect(verdict).toMatchObject({
      ...{ kind: 'inconclusive', action: 'freeze', trigger: 'ceiling' },
      sentence: "the canary's error rate is above its ceiling, and control has too few requests to compare",
    })
    const enough = feed(settings, start(99), seconds(60).map(small))
    expect(enough.verdict).toMatchObject({ action: 'rollback', trigger: 'ceiling' })
  })

  it('stays below its error probability at exactly the ceiling', () => {
    let fired = 0
    for (let run = 0; run < 60; run++) {
      const random = seeded('ceiling', run)
      const ticks = seconds(200).map((second) =>
        tick(second * 1000, arm(20, slots(second * 20, random.binomial(20, 0.2))), arm(20)),
      )
      if (feed(settings, start(), ticks).verdict.action !== 'none') fired++
    }
    expect(fired).toBeLessThanOrEqual(2)
  })

  it('judges alone at 100 %, and says so', () => {
    const alone = (second: number, bad: number) =>
      tick(second * 1000, arm(50, slots(second * 50, bad)), arm(0), { percentage: 100 })
    const closed = feed(
      settings,
      start(100),
      seconds(10).map((second) => alone(second, 25)),
    )
    expect(closed.verdict).toMatchObject({ action: 'rollback', trigger: 'ceiling' })
    const quick = resolveGuardSettings({ bakeMs: 0, ceilings: { errorRate: 0.2 } })
    const fine = feed(
      quick,
      start(100),
      seconds(10).map((second) => alone(second, 0)),
    )
    expect(fine.verdict.mayAdvance).toBe(true)
    expect(fine.verdict.sentence).toContain('judged by its limits alone')
  })

  it('closes a canary of one network for failures that control was asked about, and for no durations', () => {
    const listed = (requests: number, failed: number) => [
      {
        network: 7,
        requests,
        errors: failed,
        errored: failed,
        discordant: failed,
        unpaired: 0,
        unasked: 0,
        journeys: 0,
      },
    ]
    const failing = (second: number) => {
      const failed = slots(second * 50, 25)
      const pairing = { ...EMPTY_ARM.pairing, discordant: failed.map((slot) => failureMark(slot, 7)) }
      return tick(
        second * 1000,
        arm(50, failed, { pairing, networks: listed(50, 25) }),
        arm(50, [], { networks: listed(50, 0) }),
      )
    }
    expect(feed(settings, start(), seconds(10).map(failing)).verdict).toMatchObject({
      ...{ action: 'rollback', trigger: 'ceiling' },
    })
    const limit = resolveGuardSettings({ errors: false, latency: false, ceilings: { p95Ms: 400 } })
    const slow = (networks: ArmTick['networks']) => (second: number) =>
      tick(second * 1000, arm(100, [], { latency: { 72: 100 }, networks }), arm(100, [], { networks }))
    expect(feed(limit, start(), seconds(20).map(slow([]))).verdict.action).toBe('rollback')
    expect(feed(limit, start(), seconds(20).map(slow(listed(100, 0)))).verdict.action).toBe('none')
  })

  it('watches the p95 in the same way', () => {
    const slow = resolveGuardSettings({ errors: false, latency: false, ceilings: { p95Ms: 400 } })
    const at = (second: number, canary: object, control: object) =>
      tick(second * 1000, arm(100, [], { latency: { ...canary } }), arm(100, [], { latency: { ...control } }))
    const bad = { 50: 80, 72: 20 }
    const good = { 50: 99, 72: 1 }
    const closed = feed(
      slow,
      start(),
      seconds(60).map((second) => at(second, bad, good)),
    )
    expect(closed.verdict).toMatchObject({ action: 'rollback', trigger: 'ceiling' })
    const shared = feed(
      slow,
      start(),
      seconds(60).map((second) => at(second, bad, bad)),
    )
    expect(shared.verdict).toMatchObject({ action: 'freeze', trigger: 'ceiling' })
    const fine = feed(
      slow,
      start(),
      seconds(60).map((second) => at(second, good, good)),
    )
    expect(fine.verdict.action).toBe('none')
  })
})

describe('shares of traffic', () => {
  const settings = resolveGuardSettings({ traffic: { maxDropPercent: 30 } })
  const journeys = (second: number, canary: number, control: number) =>
    tick(second * 1000, arm(100, [], { journeys: canary }), arm(100, [], { journeys: control }))

  it('closes a canary whose journeys are not completed', () => {
    const { verdict } = feed(
      settings,
      start(),
      seconds(600).map((second) => journeys(second, 4, 10)),
    )
    expect(verdict).toMatchObject({ action: 'rollback', trigger: 'traffic' })
  })

  it('accepts a drop within the limit', () => {
    const { verdict } = feed(
      settings,
      start(),
      seconds(600).map((second) => journeys(second, 8, 10)),
    )
    expect(verdict.action).toBe('none')
  })

  it.each([
    ['too much', 30, 970],
    ['too little', 1, 1999],
  ])('freezes when the canary gets %s traffic for its percentage', (_, canary, control) => {
    const at = (second: number) => tick(second * 1000, arm(canary), arm(control), { percentage: 1 })
    const { verdict } = feed(resolveGuardSettings(), start(1), seconds(2000).map(at))
    expect(verdict).toMatchObject({
      kind: 'broken-split',
      action: 'freeze',
      trigger: 'split',
      mayAdvance: false,
    })
    expect(verdict.evidence.splitPValue).toBeLessThan(1e-6)
  })

  it('accepts the imbalance that heavy visitors make', () => {
    const at = (second: number) => tick(second * 1000, arm(13), arm(987), { percentage: 1 })
    const { verdict } = feed(resolveGuardSettings(), start(1), seconds(2000).map(at))
    expect(verdict.kind).not.toBe('broken-split')
  })

  it('still rolls back behind a broken split', () => {
    const at = (second: number) =>
      tick(second * 1000, arm(300, slots((second * 20) % 600, second > 1000 ? 20 : 0)), arm(700), {
        percentage: 1,
      })
    const before = feed(resolveGuardSettings(), start(1), seconds(1000).map(at))
    expect(before.verdict.kind).toBe('broken-split')
    const after = feed(resolveGuardSettings(), before.state, seconds(1030).slice(1000).map(at))
    expect(after.verdict).toMatchObject({ action: 'rollback', trigger: 'errors' })
  })
})

describe('settings', () => {
  it('fills in what is left out and switches off what is false', () => {
    const settings = resolveGuardSettings({ latency: false, errors: { rho: 1.3, delta: undefined } })
    expect(settings.latency.enabled).toBe(false)
    expect(settings.errors).toEqual({ enabled: true, rho: 1.3, delta: 1e-4, minBuckets: 3 })
  })

  it('refuses what makes no sense', () => {
    expect(() => resolveGuardSettings({ alpha: 2 })).toThrow('Cannot resolve guard settings: alpha must be')
    expect(() => resolveGuardSettings({ errors: { rho: Number.NaN } })).toThrow(RangeError)
    expect(() => resolveGuardSettings({ ceilings: { errorRate: 20 } })).toThrow('ceilings.errorRate')
  })
})
