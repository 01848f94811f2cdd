import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GuardState } from '../../../src/core/guard/index.ts'
import {
  initialGuardState,
  resolveGuardSettings,
  restoreGuardState,
  stepGuard,
} from '../../../src/core/guard/index.ts'
import { trafficTick } from '../../../test-kit/simulation/guard-traffic.ts'
import { seeded } from '../../../test-kit/simulation/random.ts'
import { always, arm, feed, IDLE, start, tick } from './support.ts'

const settings = resolveGuardSettings()
const CONTROL_SLOT = 40_000

/** `count` canary slots from `first` on. */
const slots = (first: number, count: number) => Array.from({ length: count }, (_, k) => first + k)

const failing = (second: number) => tick(second * 1000, arm(100, slots(second * 20, 20)), arm(100))
const healthy = (second: number) => tick(second * 1000, arm(100), arm(100))

describe('rollback', () => {
  it('closes a canary that fails where control does not, and says why', () => {
    const { verdict } = feed(settings, start(), [1, 2, 3].map(failing))
    expect(verdict).toMatchObject({
      kind: 'failing',
      action: 'rollback',
      trigger: 'errors',
      mayAdvance: false,
    })
    expect(verdict.sentence).toMatch(
      /^the canary fails more requests than control since 00:00 UTC: 20 % \(\d+ of \d+\), control 0 % \(0 of \d+\) \(p = 0\.0\d+\)$/,
    )
    expect(verdict.evidence.pValue).toBeLessThanOrEqual(0.01)
  })

  it('does not let one bad second decide, whatever happened in it', () => {
    const bad = tick(1000, arm(10_000, slots(0, 10_000)), arm(10_000))
    const { verdict } = feed(settings, start(), [bad])
    expect(verdict.action).toBe('none')
    expect(verdict.evidence.wealth).toBeLessThan(20)
  })

  it('latches: nothing that comes later in the generation opens the gate again', () => {
    const closed = feed(settings, start(), [1, 2, 3, 4].map(failing))
    const later = feed(
      settings,
      closed.state,
      Array.from({ length: 500 }, (_, k) => healthy(k + 5)),
    )
    expect(later.verdict).toMatchObject({ action: 'rollback', trigger: 'errors' })
    expect(later.verdict.sentence).toBe(closed.verdict.sentence)
  })

  it('freezes instead where a person wants to decide', () => {
    const careful = resolveGuardSettings({ action: 'freeze' })
    const { verdict } = feed(careful, start(), [1, 2, 3, 4].map(failing))
    expect(verdict).toMatchObject({ kind: 'failing', action: 'freeze', trigger: 'errors' })
  })

  it('leaves errors alone when they are switched off', () => {
    const { verdict } = feed(resolveGuardSettings({ errors: false }), start(), [1, 2, 3, 4].map(failing))
    expect(verdict.action).toBe('none')
  })

  it('needs three visitors: two that fail all the time are not enough', () => {
    const seconds = Array.from({ length: 3000 }, (_, k) => k + 1)
    const two = seconds.map((second) => tick(second * 1000, arm(100, [1, 2]), arm(100)))
    expect(feed(settings, start(), two).verdict.action).toBe('none')
  })

  it('is not moved by one visitor who retries 1,000 times', () => {
    const quiet = [1, 2, 3, 4, 5].map(healthy)
    const retries = [1, 2, 3, 4, 5].map((second) =>
      tick(second * 1000, arm(100, [9], { errors: 1000 }), arm(100)),
    )
    const once = [tick(1000, arm(100, [9], { errors: 1 }), arm(100)), ...quiet.slice(1)]
    const wealth = (ticks: typeof quiet) => feed(settings, start(), ticks).verdict.evidence.errorWealth
    expect(wealth(retries)).toBeCloseTo(wealth(once), 3)
    expect(wealth(once)).toBeGreaterThan(wealth(quiet))
  })

  it('is silent in an outage that hits both arms', () => {
    const random = seeded('shared', 1)
    const source = { requestsPerSecond: 500, truth: always(0.2, 0.2) }
    const at = { generation: 1, stage: 0, percentage: 20 }
    const ticks = Array.from({ length: 60 }, (_, k) => trafficTick(random, source, k + 1, at))
    const { verdict } = feed(settings, start(20), ticks)
    expect(verdict.action).toBe('none')
    expect(verdict.evidence.canaryErrors).toBeGreaterThan(500)
    expect(verdict.evidence.errorWealth).toBeLessThan(10)
  })

  it('does not blame a better canary when few visitors make all the traffic', () => {
    // 40 visitors; control's fail in half of the seconds, the canary's in one of 20.
    const random = seeded('few', 1)
    const visitors = (first: number, rate: number) => slots(first, 20).filter(() => random.next() < rate)
    const ticks = Array.from({ length: 5400 }, (_, k) =>
      tick((k + 1) * 1000, arm(40, visitors(0, 0.05)), arm(40, visitors(CONTROL_SLOT, 0.5))),
    )
    expect(feed(settings, start(), ticks).verdict.evidence.pValue).toBeGreaterThan(0.1)
  })
})

describe('generations and stages', () => {
  it('starts afresh with a new generation', () => {
    const before = feed(settings, start(), [1, 2, 3, 4].map(failing)).state
    const first = { ...healthy(5), generation: 2 }
    const fresh = initialGuardState({ generation: 2, stage: 0, percentage: 50, atMs: 5000 })
    expect(stepGuard(settings, before, first)).toEqual(stepGuard(settings, fresh, first))
  })

  it('ignores ticks of an older generation', () => {
    const state = initialGuardState({ generation: 2, stage: 0, percentage: 50, atMs: 0 })
    expect(stepGuard(settings, state, failing(1)).state).toBe(state)
  })

  it('keeps the evidence of harm when the stage changes', () => {
    const first = feed(settings, start(), [failing(1)])
    const next = stepGuard(settings, first.state, { ...healthy(2), stage: 1, percentage: 60 })
    expect(first.verdict.evidence.errorWealth).toBeGreaterThan(5)
    expect(next.verdict.evidence.errorWealth).toBeGreaterThan(0.2 * first.verdict.evidence.errorWealth)
  })

  it('never mixes two stages in one batch', () => {
    const few = tick(1000, arm(1, [1]), arm(1000), { percentage: 1 })
    const open = feed(settings, start(1), [few])
    expect(open.state.batch.canaryRequests).toBe(1)
    const moved = stepGuard(settings, open.state, tick(2000, arm(1), arm(3), { stage: 1, percentage: 50 }))
    expect(moved.state.batch).toMatchObject({ canaryRequests: 1, controlRequests: 3 })
    expect(moved.state.batch.errors.canaryBad).toBe(0)
    expect(moved.state.rollback.errors).not.toEqual(open.state.rollback.errors)
  })

  it('counts only its own stage towards advancing', () => {
    const quick = resolveGuardSettings({ bakeMs: 0, latency: false })
    const long = Array.from({ length: 200 }, (_, k) => healthy(k + 1))
    const ready = feed(quick, start(), long)
    expect(ready.verdict).toMatchObject({ kind: 'healthy', mayAdvance: true })
    const next = stepGuard(quick, ready.state, { ...healthy(201), stage: 1, percentage: 50 })
    expect(next.verdict).toMatchObject({ kind: 'collecting', lacks: 'evidence' })
  })
})

describe('advance', () => {
  const random = () => seeded('advance', 1)
  const source = { requestsPerSecond: 1000, truth: always(0.001, 0.001) }
  const at = { generation: 1, stage: 0, percentage: 1 }

  it('waits for evidence and says how long that takes', () => {
    const traffic = random()
    const ticks = Array.from({ length: 10 }, (_, k) => trafficTick(traffic, source, k + 1, at))
    const { verdict } = feed(resolveGuardSettings({ bakeMs: 0 }), start(1), ticks)
    expect(verdict).toMatchObject({ kind: 'inconclusive', mayAdvance: false })
    expect(verdict.sentence).toMatch(
      /^collecting evidence on (the error rate|latency): needs about [\d,]+ more canary requests, about \d+ (s|min) at the present rate$/,
    )
    expect(verdict.evidence.canaryRequestsToGo).toBeGreaterThan(500)
    expect(verdict.evidence.canaryRequestsToGo).toBeLessThan(3000)
  })

  it('advances when the bake is over and the canary is shown to be not worse', () => {
    const traffic = random()
    let state = start(1)
    let advancedAt: number | null = null
    for (let second = 1; second <= 900 && advancedAt === null; second++) {
      const step = stepGuard(settings, state, trafficTick(traffic, source, second, at))
      state = step.state
      if (step.verdict.kind === 'healthy') advancedAt = second
    }
    expect(advancedAt).toBe(600)
  })

  it('needs each latency quantile, not their average', () => {
    const quick = resolveGuardSettings({ bakeMs: 0 })
    const slowTail = { 50: 970, 70: 30 }
    const usual = { 50: 995, 70: 5 }
    const ticks = Array.from({ length: 100 }, (_, k) =>
      tick((k + 1) * 1000, arm(1000, [], { latency: slowTail }), arm(1000, [], { latency: usual })),
    )
    const { verdict } = feed(quick, start(), ticks)
    expect(verdict.mayAdvance).toBe(false)
  })

  it('neither advances nor rolls back without data', () => {
    const quick = resolveGuardSettings({ bakeMs: 0, latency: false, maxBakeMs: 3_600_000 })
    const nothing = Array.from({ length: 5000 }, (_, k) => tick((k + 1) * 1000, IDLE, IDLE))
    const never = feed(quick, start(), nothing).verdict
    expect(never).toMatchObject({ kind: 'no-data', action: 'none', mayAdvance: false })
    expect(never.alert).toContain('past its longest bake')

    const ready = feed(
      quick,
      start(),
      Array.from({ length: 200 }, (_, k) => healthy(k + 1)),
    )
    expect(ready.verdict).toMatchObject({ kind: 'healthy', mayAdvance: true })
    const silent = Array.from({ length: 100 }, (_, k) => tick((k + 201) * 1000, IDLE, arm(100)))
    expect(feed(quick, ready.state, silent).verdict).toMatchObject({ kind: 'no-data', mayAdvance: false })
  })

  it('does not advance while there is some evidence of harm', () => {
    const quick = resolveGuardSettings({ bakeMs: 0, latency: false })
    const ready = feed(
      quick,
      start(),
      Array.from({ length: 300 }, (_, k) => healthy(k + 1)),
    )
    const worse = tick(301_000, arm(100, slots(0, 12)), arm(100))
    const { verdict } = feed(quick, ready.state, [worse])
    expect(verdict.evidence.wealth).toBeGreaterThan(2)
    expect(verdict).toMatchObject({ action: 'none', mayAdvance: false })
    expect(verdict.sentence).toContain('some evidence of harm')
  })
})

describe('state', () => {
  it('survives JSON in the middle of a run with identical verdicts', () => {
    const source = {
      requestsPerSecond: 300,
      truth: (second: number) => ({ canaryRate: second > 200 ? 0.03 : 0.01, controlRate: 0.01, slowdown: 1 }),
    }
    const random = seeded('json', 1)
    let plain = start(10)
    let stored = start(10)
    for (let second = 1; second <= 400; second++) {
      const percentage = second > 100 ? 30 : 10
      const stage = second > 100 ? 1 : 0
      const one = trafficTick(random, source, second, { generation: 1, stage, percentage })
      const a = stepGuard(settings, plain, one)
      const b = stepGuard(settings, JSON.parse(JSON.stringify(stored)) as GuardState, one)
      expect(b).toEqual(a)
      plain = a.state
      stored = b.state
    }
  })

  it('starts afresh where a much older or a newer version of the gate wrote it', () => {
    const { state } = feed(settings, start(), [failing(1)])
    expect(restoreGuardState(state)).toBe(state)
    for (const version of [0, 4, 9])
      expect(restoreGuardState({ ...state, version } as unknown as GuardState)).toBeUndefined()
    expect(restoreGuardState(undefined)).toBeUndefined()
  })

  it('keeps its evidence where the version before wrote it; later tests begin with the next tick', () => {
    const { state } = feed(settings, start(), [failing(1), healthy(2)])
    const { clientErrors: _, stageStarts: __, ...six } = { ...state, version: 6 }
    for (const part of ['totals', 'stageTotals', 'recent'] as const) {
      const { canaryClientErrors: ___, controlClientErrors: ____, ...sums } = six[part]
      six[part] = sums as typeof six.totals
    }
    const restored = restoreGuardState(six as unknown as GuardState)
    expect(restored).toEqual({
      ...state,
      clientErrors: start().clientErrors,
      collapse: start().collapse,
    })
    if (restored === undefined) throw new Error('nothing was restored')
    const { wealth } = feed(settings, state, [healthy(3)]).verdict.evidence
    expect(feed(settings, restored, [healthy(3)]).verdict.evidence.wealth).toBe(wealth)
  })

  it('is not changed in place', () => {
    const { state } = feed(settings, start(), [1, 2].map(failing))
    const copy = JSON.stringify(state)
    feed(settings, state, [failing(3), { ...healthy(4), stage: 1, percentage: 70 }, healthy(5)])
    expect(JSON.stringify(state)).toBe(copy)
  })

  it('never holds NaN or Infinity, whatever the ticks hold', () => {
    const number = fc.oneof(fc.nat({ max: 1000 }), fc.double(), fc.constantFrom(Number.NaN, -5, Infinity))
    const anyArm = fc.record({
      requests: number,
      errors: number,
      latency: fc.dictionary(fc.nat({ max: 160 }).map(String), number),
      erroredSlots: fc.array(fc.oneof(fc.nat({ max: 70_000 }), fc.double()), { maxLength: 8 }),
      slotsCut: fc.boolean(),
      pairing: fc.constant(IDLE.pairing),
      clientErrors: fc.record({
        requests: number,
        marks: fc.array(fc.nat({ max: 70_000 }), { maxLength: 8 }),
      }),
      networks: fc.constant([]),
      visitors: fc.constant([]),
      slices: fc.constant({}),
      journeys: number,
      timings: fc.dictionary(fc.nat({ max: 160 }).map(String), number),
    })
    const anyTick = fc.record({
      atMs: fc.oneof(fc.nat({ max: 1e6 }), fc.constant(Number.NaN)),
      generation: fc.constant(1),
      stage: fc.constantFrom(0, 0, 1),
      percentage: fc.constantFrom(0, 0.001, 1, 50, 99, 100),
      canary: anyArm,
      control: anyArm,
    })
    const all = resolveGuardSettings({
      ceilings: { errorRate: 0.2, p95Ms: 500 },
      traffic: { maxDropPercent: 30 },
      thresholds: { errors: 1e9, slow: { count: 1e9, baselineMs: 100 } },
    })
    fc.assert(
      fc.property(fc.array(anyTick, { minLength: 1, maxLength: 25 }), (ticks) => {
        const { state, verdict } = feed(all, start(), ticks)
        const json = JSON.stringify(state, (_, value: unknown) => {
          if (typeof value === 'number' && !Number.isFinite(value)) throw new Error('not finite')
          return value
        })
        expect(JSON.parse(json)).toEqual(state)
        const infinite = Object.entries(verdict.evidence).filter(
          ([, value]) => value !== null && !Number.isFinite(value),
        )
        expect(infinite).toEqual([])
      }),
      { seed: 5, numRuns: 60 },
    )
  })
})
