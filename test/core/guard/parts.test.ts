/** The guard's parts at both sides of their bounds. */
import { describe, expect, it } from 'vitest'
import { EMPTY_ARM } from '../../../src/core/counters/ticks.ts'
import { canarySlotCount } from '../../../src/core/guard/dedupe/dedupe.ts'
import { exposureFactors } from '../../../src/core/guard/dedupe/exposure.ts'
import { EMPTY_BATCH, isFull } from '../../../src/core/guard/evidence/batch.ts'
import { cleanCount, NO_COUNTS } from '../../../src/core/guard/evidence/formula.ts'
import {
  countSlow,
  initialLatency,
  LATENCY_QUANTILES,
  learn,
} from '../../../src/core/guard/evidence/latency.ts'
import type { Judgement, Verdict } from '../../../src/core/guard/evidence/types.ts'
import { instalmentsAfter } from '../../../src/core/guard/evidence/wealth.ts'
import { reportOf, resolveGuardSettings } from '../../../src/core/guard/index.ts'
import { initialSlow, type SlowState } from '../../../src/core/guard/latency/slow.ts'
import { processParts } from '../../../src/core/guard/latency/slow-process.ts'
import { initialNetworks, standingOf } from '../../../src/core/guard/networks/groups.ts'
import { advanceDelta } from '../../../src/core/guard/tests/advance.ts'
import {
  erroredSince,
  initialCeiling,
  isWidespread,
  judgeCeiling,
  slowerThan,
  stepCeiling,
} from '../../../src/core/guard/tests/ceilings.ts'
import {
  COLLAPSE_BETS,
  collapsePValue,
  initialCollapse,
  logRatio,
  nullRate,
} from '../../../src/core/guard/tests/collapse.ts'
import {
  errorCap,
  initialRollback,
  meterCap,
  noteSlots,
  rollbackCause,
  slotsNeeded,
} from '../../../src/core/guard/tests/rollback.ts'
import {
  hasTrafficDropped,
  initialShare,
  splitPValue,
  stepShare,
} from '../../../src/core/guard/tests/share.ts'
import { NO_TOTALS } from '../../../src/core/guard/tests/totals.ts'
import { arm, feed, start, tick } from './support.ts'

const settings = resolveGuardSettings()
const BEFORE = [{ ...NO_COUNTS, canaryN: 5, canaryBad: 5 }]
const NO_NETWORKS = standingOf(initialNetworks(), 50)
const wealthOf = (total: number) => ({ cash: total, parts: [] })

describe('latency edges', () => {
  it('are learned from 200 durations on, and anew every five seconds', () => {
    const edges = (count: number) => learn(initialLatency(0), { 40: count }, 1).edges
    expect([edges(199), edges(200)]).toEqual([null, [40, 40, 40, 40]])
    const first = learn(initialLatency(0), { 40: 1_000 }, 0)
    const later = (atMs: number) => learn(first, { 60: 9_000 }, atMs).edges
    expect([later(4_999), later(5_000)]).toEqual([
      [40, 40, 40, 40],
      [60, 60, 60, 60],
    ])
  })

  it('are of each quantile', () => {
    expect(learn(initialLatency(0), { 40: 89, 50: 1, 60: 5, 70: 4, 80: 1 }, 0).edges).toBeNull()
    const edges = (latency: Record<number, number>) => learn(initialLatency(0), latency, 0).edges
    expect(edges({ 40: 900, 50: 50, 60: 40, 70: 10 })).toEqual([40, 40, 50, 60])
    expect(edges({ 40: 899, 50: 50, 60: 40, 70: 11 })).toEqual([40, 50, 60, 70])
    expect(edges({ '-5': 500, 999: 500 })).toEqual([0, 160, 160, 160])
  })

  it('follow control: what is older than ten minutes is forgotten, what is newer than five is not', () => {
    let state = learn(initialLatency(0), { 40: 100_000 }, 1_000)
    const at = (atMs: number, latency: Record<number, number>) => {
      state = learn(state, latency, atMs)
      return state.edges
    }
    expect(at(299_999, { 60: 100 })).toEqual([40, 40, 40, 40])
    expect([state.rotatedAtMs, state.previous.every((count) => count === 0)]).toEqual([0, true])
    expect(at(300_000, { 60: 100 })).toEqual([40, 40, 40, 40])
    expect([state.rotatedAtMs, state.current[60], state.previous[40]]).toEqual([300_000, 100, 100_000])
    expect(at(599_999, { 60: 100 })).toEqual([40, 40, 40, 40])
    expect(at(600_000, { 70: 1_000 })).toEqual([40, 40, 40, 40])
    expect(at(604_999, {})).toEqual([70, 70, 70, 70])
    expect([state.current[40], state.previous[40], state.previous[60]]).toEqual([0, 0, 200])
    // With too few durations the old edges stay.
    state = learn(state, {}, 900_000)
    expect(at(1_200_000, { 50: 10 })).toEqual([70, 70, 70, 70])
  })

  it('count what is beyond them, of the canary beyond a margin', () => {
    const counts = countSlow(
      { canary: { 50: 1, 51: 2, 52: 4, 60: 8 }, control: { 50: 1, 51: 2, 60: 4 } },
      [20, 50, 51, 60],
      1,
      2,
    )
    expect(counts).toEqual([
      { canaryN: 30, controlN: 7, canaryBad: 15, controlBad: 7 },
      { canaryN: 30, controlN: 7, canaryBad: 12, controlBad: 6 },
      { canaryN: 30, controlN: 7, canaryBad: 8, controlBad: 4 },
      { canaryN: 30, controlN: 7, canaryBad: 0, controlBad: 0 },
    ])
    expect(countSlow({ canary: { 99: 5 }, control: {} }, null, 1, 1)).toEqual(
      Array(4).fill({ canaryN: 0, controlN: 0, canaryBad: 0, controlBad: 0 }),
    )
  })

  it('are not learned where latency is not judged', () => {
    const off = resolveGuardSettings({ latency: false })
    const one = tick(1_000, arm(500), arm(500, [], { timings: { 50: 500 } }))
    const { state } = feed(off, start(), [one])
    expect([state.latency.edges, state.timings.edges]).toEqual([null, null])
    const judged = feed(settings, start(), [one]).state
    expect([judged.latency.edges, judged.timings.edges]).toEqual([
      [50, 50, 50, 50],
      [50, 50, 50, 50],
    ])
  })
})

describe('small figures', () => {
  it('the extra error rate that a stage may have, by the smaller arm', () => {
    const percentages = [0.1, 1, 3, 5, 10, 25, 40, 50, 60, 75, 95, 99, 99.9]
    const rounded = percentages.map((percentage) => Number(advanceDelta(percentage).toPrecision(4)))
    expect(rounded).toEqual([
      0.005, 0.005, 0.002675, 0.002, 0.001484, 0.001, 0.000625, 0.0005, 0.000625, 0.001, 0.002, 0.005, 0.005,
    ])
  })

  it('slots of the canary, and how many must have failed', () => {
    expect([-5, 0, 1, 50, 100, 150].map(canarySlotCount)).toEqual([0, 0, 655.36, 32_768, 65_536, 65_536])
    expect([0, 0.001, 0.003, 0.004, 0.005, 1].map((percentage) => slotsNeeded(settings, percentage))).toEqual(
      [1, 1, 1, 2, 3, 3],
    )
    expect(noteSlots([1], [1, 2, 3, 4], 3)).toEqual([1, 2, 3])
    const known = [1, 2, 3]
    expect(noteSlots(known, [9], 3)).toBe(known)
  })

  it('caps, instalments and clean counts', () => {
    expect([errorCap(0.01), meterCap(0.01), meterCap(0.3)].map((cap) => Number(cap.toFixed(4)))).toEqual([
      3.6025, 3.6025, 2.5295,
    ])
    const due = (elapsedMs: number, stages = 0) => Number(instalmentsAfter(elapsedMs, stages).toFixed(4))
    expect([-1, 0, 9_999, 10_000, 25_000, Number.NaN].map((ms) => due(ms))).toEqual([
      0, 0, 0, 0.596, 1.1842, 0,
    ])
    // A stage's start pays a quarter of 0.16; what is left for stages is never due without one.
    expect([due(0, 1), due(0, 4), due(0, 9), due(1e12)]).toEqual([6.6667, 40, 40, 89.9999])
    expect([-1, 0, 0.5, 7, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53].map(cleanCount)).toEqual([
      0, 0, 0.5, 7, 0, 0, 0,
    ])
  })

  it('present rates forget half of what was in 30 s, in each arm', () => {
    const armOf = (requests: number, errors: number, away: number) =>
      arm(requests, [], { errors, clientErrors: { requests: away, marks: [] } })
    const before = tick(1_000, armOf(100, 50, 40), armOf(100, 30, 20))
    const { evidence } = feed(settings, start(), [
      before,
      tick(31_000, armOf(50, 0, 0), armOf(50, 0, 0)),
    ]).verdict
    expect(evidence).toMatchObject({
      canaryErrorRate: 0.25,
      controlErrorRate: 0.15,
      canaryClientErrorRate: 0.2,
      controlClientErrorRate: 0.1,
    })
    // The sums of the attempt forget nothing.
    expect([evidence.canaryRequests, evidence.canaryErrors, evidence.controlErrors]).toEqual([150, 50, 30])
  })

  it('a canary that turns visitors away is compared with all whom control did where that list is full', () => {
    const counted = (marks: number, requests: number) => {
      const clientErrors = { requests, marks: Array.from({ length: marks }, (_, k) => 40_000 + k) }
      const one = tick(1_000, arm(9_000), arm(9_000, [], { clientErrors }))
      return feed(settings, start(), [one]).state.judged?.clientErrors.controlBad
    }
    expect([counted(1_999, 5_000), counted(2_000, 5_000)]).toEqual([1_999, 5_000])
  })

  it('a batch is full with two requests in each arm', () => {
    const full = (canaryRequests: number, controlRequests: number) =>
      isFull({ ...EMPTY_BATCH, canaryRequests, controlRequests })
    expect([full(2, 2), full(1, 9), full(9, 1)]).toEqual([true, false, false])
  })

  it('exposure is corrected beyond two standard deviations, at most fourfold', () => {
    const none = { rollback: 1, advance: 1 }
    expect([
      exposureFactors(10, 10, 0),
      exposureFactors(10, 10, 100),
      exposureFactors(0, 10, 50),
      exposureFactors(10, 0, 50),
    ]).toEqual([none, none, none, none])
    expect(exposureFactors(100, 100, 50)).toEqual(none)
    // 400 control requests at 20 % let expect 100 of the canary, give or take 2·√125.
    const slack = 2 * Math.sqrt(125)
    expect(exposureFactors(50, 400, 20).rollback).toBeCloseTo((100 - slack) / 50, 12)
    expect(exposureFactors(200, 400, 20).advance).toBeCloseTo((100 + slack) / 200, 12)
    expect([exposureFactors(1, 40_000, 20).rollback, exposureFactors(1e6, 400, 20).advance]).toEqual([
      4, 0.25,
    ])
  })
})

describe('a ceiling', () => {
  const judged = (wealth: number, n: number, bad: number, hasControl = true) =>
    judgeCeiling(
      {
        ...initialCeiling(),
        wealth: wealthOf(wealth),
        since: [{ ...NO_COUNTS, controlN: n, controlBad: bad }],
      },
      0.1,
      0.01,
      hasControl,
    )

  it('is breached at 1/α, if control is shown to be below it', () => {
    expect([judged(99.9, 1_000, 0), judged(100, 1_000, 0), judged(100, 1_000, 0, false)]).toEqual([
      'below',
      'breached',
      'breached',
    ])
    // 100 failures are at the ceiling, give or take 2·√100.
    expect([
      judged(100, 1_000, 79),
      judged(100, 1_000, 80),
      judged(100, 0, 0),
      judged(100, 0, 0, false),
    ]).toEqual(['breached', 'shared', 'shared', 'breached'])
  })

  it('is compared with control without the two groups of networks that fail most', () => {
    const of = (n: number, bad: number) => ({ ...NO_COUNTS, controlN: n, controlBad: bad })
    const verdict = (bad: number) => {
      const since = [NO_COUNTS, of(100, 90), of(1_000, bad), of(100, 90)]
      return judgeCeiling({ ...initialCeiling(), wealth: wealthOf(100), since }, 0.1, 0.01, true)
    }
    expect([verdict(79), verdict(80)]).toEqual(['breached', 'shared'])
  })

  it('is not breached by two visitors who always fail', () => {
    const state = (bad: number, buckets: Record<number, number>) => ({
      ...initialCeiling(),
      since: [{ ...NO_COUNTS, canaryN: 100, canaryBad: bad }],
      bucketsSince: buckets,
    })
    expect(isWidespread(state(20, { 1: 6, 2: 5, 3: 1 }), 0.1)).toBe(true)
    expect(isWidespread(state(19, { 1: 6, 2: 5, 3: 1 }), 0.1)).toBe(false)
    expect(isWidespread(state(20, { 1: 1, 2: 6, 3: 6 }), 0.1)).toBe(false)
    expect(erroredSince(state(0, { 5: 1, 9: 2 }))).toBe(2)
  })

  it('starts counting anew while there is no evidence, and notes at most 64 visitors', () => {
    const seen = {
      groups: [{ canaryN: 10, canaryBad: 1, controlN: 20, controlBad: 2 }],
      slots: Array.from({ length: 70 }, (_, slot) => slot),
    }
    const test = { ceiling: 0.1, logCap: 1 }
    const calm = stepCeiling(
      { ...initialCeiling(), wealth: wealthOf(1.99), since: BEFORE, bucketsSince: { 99: 3 } },
      seen,
      test,
      0,
    )
    expect([calm.since, erroredSince(calm)]).toEqual([seen.groups, 64])
    const rising = stepCeiling(
      {
        ...initialCeiling(),
        wealth: wealthOf(2),
        since: BEFORE,
        bucketsSince: { 99: 3, 5: 1 },
      },
      seen,
      test,
      0,
    )
    expect([rising.since, erroredSince(rising), rising.bucketsSince[5], rising.bucketsSince[99]]).toEqual([
      [{ canaryN: 15, canaryBad: 6, controlN: 20, controlBad: 2 }],
      64,
      2,
      3,
    ])
    const full = {
      ...rising,
      wealth: wealthOf(2),
      bucketsSince: Object.fromEntries(Array.from({ length: 64 }, (_, slot) => [slot, 1])),
    }
    const { bucketsSince } = stepCeiling(full, { ...seen, slots: [5, 1_000] }, test, 0)
    expect([Object.keys(bucketsSince).length, bucketsSince[5], bucketsSince[1_000]]).toEqual([
      64,
      2,
      undefined,
    ])
  })

  it('counts no more failures of a network than it sent requests, and control’s beyond its list', () => {
    const limit = resolveGuardSettings({ ceilings: { errorRate: 0.2 } })
    const nothing = { discordant: 0, unpaired: 0, unasked: 0, journeys: 0 }
    /** Requests and failures of three networks. */
    const networks = (...each: [requests: number, errored: number][]) => ({
      networks: each.map(([requests, errored], k) => ({
        network: 7 + k,
        requests,
        errors: errored,
        errored,
        ...nothing,
      })),
    })
    const { since } = feed(limit, start(), [
      tick(
        1_000,
        arm(10, [1, 2, 3, 4], networks([3, 4], [3, 0], [4, 0])),
        arm(10, [50_000], networks([4, 1], [3, 0], [3, 0])),
      ),
    ]).state.errorCeiling
    expect(since[8]).toEqual({ canaryN: 3, canaryBad: 3, controlN: 4, controlBad: 1 })
    expect(since[9]).toEqual({ canaryN: 3, canaryBad: 0, controlN: 3, controlBad: 0 })
    const cut = { errors: 9, slotsCut: true }
    const of = (control: object) =>
      feed(limit, start(), [tick(1_000, arm(10, [1]), arm(10, [50_000, 50_001], control))]).state.errorCeiling
        .since[0]?.controlBad
    expect([of(cut), of({ ...cut, errors: 99 }), of({ errors: 9 })]).toEqual([9, 10, 2])
  })

  it('of slow requests counts those certainly beyond it', () => {
    // Bin 80 holds durations above 2^(79/8) ms and up to 1,024 ms.
    expect(slowerThan({ 79: 1, 80: 2, 81: 4 }, 1_024)).toEqual({ n: 7, bad: 4 })
    expect(slowerThan({ 79: 1, 80: 2, 81: 4 }, 1_025)).toEqual({ n: 7, bad: 0 })
    expect(slowerThan({ 79: 1, 80: 2, 81: 4 }, 930)).toEqual({ n: 7, bad: 6 })
    expect(slowerThan({ 0: 5, 1: 1 }, 0)).toEqual({ n: 6, bad: 1 })
  })
})

describe('a collapse', () => {
  const counts = (canaryBad: number, controlBad: number, controlN = 100) => [
    { canaryN: 100, canaryBad, controlN, controlBad },
  ]
  const marks = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, slot) => [slot, 1]))
  const dead = { ...initialCollapse(), wealth: wealthOf(1_250), run: counts(100, 0), marks: marks(5) }

  it('needs five visitors, an innocent control, and its part of α', () => {
    const pValue = (parts: object, more = settings) => collapsePValue(more, { ...dead, ...parts })
    expect(pValue({})).toBeCloseTo(1 / 100, 12)
    expect([
      pValue({ marks: marks(4) }),
      pValue({ wealth: wealthOf(1_249) }),
      pValue({ run: counts(100, 36) }),
      pValue({ run: counts(51, 0) }),
    ]).toEqual([undefined, undefined, undefined, undefined])
    const off = resolveGuardSettings({ errors: false })
    const ceiling = (errorRate: number) => resolveGuardSettings({ errors: false, ceilings: { errorRate } })
    expect(pValue({}, off)).toBeUndefined()
    expect(pValue({}, ceiling(0.2))).toBeCloseTo(0.01, 12)
    expect(pValue({ run: counts(80, 0) }, ceiling(0.9))).toBeUndefined()
  })

  it('goes by control without the two groups of networks that fail most', () => {
    const run = (bad: number) => [
      ...counts(100, 0, 0),
      ...[100, bad, 100].map((controlBad) => ({ ...NO_COUNTS, controlN: 100, controlBad })),
    ]
    const isDead = (bad: number) => collapsePValue(settings, { ...dead, run: run(bad) }) !== undefined
    expect([isDead(35), isDead(36)]).toEqual([true, false])
  })

  it('goes by the record of a control that is all but silent', () => {
    const judged = (n: number, bad: number, controlBad = 0, controlN = 2) =>
      collapsePValue(settings, { ...dead, run: counts(100, controlBad, controlN), record: { n, bad } }) !==
      undefined
    expect([judged(100, 2), judged(20, 0), judged(19, 0), judged(100, 25), judged(100, 24)]).toEqual([
      true,
      true,
      false,
      false,
      true,
    ])
    expect([judged(100, 0, 1), judged(100, 0, 2)]).toEqual([true, false])
  })

  it('is tested against twice the rate of the record, from 5 % to half', () => {
    const rate = (n: number, bad: number) => Number(nullRate({ n, bad }).toFixed(4))
    expect([rate(19, 0), rate(20, 0), rate(1_980, 0), rate(980, 99), rate(100, 90)]).toEqual([
      0.5, 0.05, 0.05, 0.2, 0.5,
    ])
  })

  it('expects at most 1 of every bet, whatever the rate within the null, by enumeration', () => {
    for (const { lambda } of COLLAPSE_BETS)
      for (const delta of [0.05, 0.1, 0.3, 0.5])
        for (const rate of [0, delta / 3, delta])
          for (const n of [1, 3, 10]) {
            let sum = 0
            for (let bad = 0; bad <= n; bad++) {
              let ways = 1
              for (let k = 1; k <= bad; k++) ways = (ways * (n - k + 1)) / k
              const ratio = Math.exp(
                logRatio({ canaryN: n, canaryBad: bad, controlN: 0, controlBad: 0 }, lambda, delta),
              )
              sum += ways * rate ** bad * (1 - rate) ** (n - bad) * ratio
            }
            expect(sum).toBeLessThanOrEqual(1 + 1e-9)
          }
  })
})

describe('the cause of a rollback', () => {
  type Parts = { erroredBuckets?: number[]; slow?: Partial<SlowState> }
  const process = (wealth: number, seen = 5) => ({
    wealth: LATENCY_QUANTILES.map(() => wealthOf(wealth)),
    seen: LATENCY_QUANTILES.map(() => seen),
    since: LATENCY_QUANTILES.map(() => []),
  })
  const state = (errors: number, latency: number, parts: Parts = {}) => ({
    ...initialRollback(0),
    errors: wealthOf(errors),
    slow: { ...initialSlow(0), warm: process(latency), cold: process(0), timings: null, ...parts.slow },
    erroredBuckets: parts.erroredBuckets ?? [1, 2, 3],
  })
  const cause = (...args: Parameters<typeof state>) => rollbackCause(settings, state(...args), 3, NO_NETWORKS)

  it('is what leads, with its least number of visitors or slow requests', () => {
    expect([cause(221, 0), cause(222, 0), cause(0, 316), cause(0, 317)]).toEqual([
      null,
      'errors',
      null,
      'latency',
    ])
    expect(cause(300, 0, { erroredBuckets: [1, 2] })).toBeNull()
    expect(cause(0, 0, { slow: { warm: process(400, 4) } })).toBeNull()
    // The leading one has too few; the other decides if it alone suffices.
    expect([cause(600, 318, { erroredBuckets: [1] }), cause(600, 317, { erroredBuckets: [1] })]).toEqual([
      'latency',
      null,
    ])
    const reported = (seen: number) => ({ timings: { stake: 300, paidBefore: 0, ...process(5, seen) } })
    expect([cause(0, 0, { slow: reported(5) }), cause(0, 0, { slow: reported(4) })]).toEqual([
      'timings',
      null,
    ])
    // A tenth of latency's wealth is bet on a stage's first minutes.
    const cold = (wealth: number, seen = 5) => cause(0, 0, { slow: { cold: process(wealth, seen) } })
    expect([cold(2851), cold(2852), cold(2852, 4)]).toEqual([null, 'cold', null])
  })

  it('is judged by one half where the other is off', () => {
    const only = (options: object, errors: number, latency: number) =>
      rollbackCause(resolveGuardSettings(options), state(errors, latency), 3, NO_NETWORKS)
    expect([only({ latency: false }, 125, 0), only({ latency: false }, 124, 1e6)]).toEqual(['errors', null])
    expect([only({ errors: false }, 0, 139), only({ errors: false }, 1e6, 138)]).toEqual(['latency', null])
    expect(only({ errors: false, latency: false }, 1e6, 1e6)).toBeNull()
  })
})

it('latency without two groups of networks is the mean of the quantiles that are judged', () => {
  const none = LATENCY_QUANTILES.map(() => [])
  const process = { wealth: LATENCY_QUANTILES.map(() => wealthOf(400)), seen: [5, 5, 5, 5], since: none }
  const many = { ...NO_NETWORKS, regime: 'many' } as const
  const { all, rest } = processParts(settings, process, [1, 1, 1, 1], many)
  // Of no counts each bet is worth what it was.
  expect([all, Number(rest.toFixed(9))]).toEqual([400, 1])
})

describe('shares', () => {
  it('are counted by journeys where there is one per 50 requests', () => {
    const one = tick(
      1_000,
      { ...EMPTY_ARM, requests: 1_000, journeys: 40 },
      { ...EMPTY_ARM, requests: 0, journeys: 0 },
    )
    const step = (journeys: number) =>
      stepShare(settings, initialShare(), one, {
        before: { ...NO_TOTALS, canaryRequests: 50, controlRequests: 50, journeys },
        regime: 'none',
        paid: 0,
      }).tooMuch
    const byRequests = step(1)
    expect(step(2)).not.toEqual(byRequests)
    const state = initialShare()
    const begun = { before: NO_TOTALS, regime: 'none', paid: 0 } as const
    expect(stepShare(settings, state, one, begun).tooMuch).toBe(state.tooMuch)
    for (const percentage of [0, 100])
      expect(stepShare(settings, state, { ...one, percentage }, begun)).toBe(state)
  })

  it('are broken two-sided; journeys have dropped at their part of α', () => {
    const share = (tooMuch: number, tooLittle: number, drop = 1) => ({
      tooMuch: wealthOf(tooMuch),
      tooLittle: wealthOf(tooLittle),
      drop: wealthOf(drop),
      dropSince: [],
    })
    expect([splitPValue(share(1, 1)), splitPValue(share(8, 4)), splitPValue(share(4, 20))]).toEqual([
      1, 0.25, 0.1,
    ])
    const watched = resolveGuardSettings({ traffic: { maxDropPercent: 30 } })
    expect([
      hasTrafficDropped(watched, share(1, 1, 6_667)),
      hasTrafficDropped(watched, share(1, 1, 6_666)),
      hasTrafficDropped(settings, share(1, 1, 6_667)),
    ]).toEqual([true, false, false])
  })
})

describe('verdicts', () => {
  it('have no data after a minute without a request, and bake for their time', () => {
    const quick = resolveGuardSettings({
      latency: false,
      errors: false,
      split: false,
      bakeMs: 70_000,
      maxBakeMs: 60_000,
      advance: { byTime: true },
    })
    const kind = (seconds: number, canary = 0, control = 10) =>
      feed(quick, start(), [tick(1_000, arm(10), arm(10)), tick(seconds * 1_000, arm(canary), arm(control))])
        .verdict
    expect([kind(61).kind, kind(62).kind, kind(62, 10, 0).sentence, kind(62).sentence]).toEqual([
      'healthy',
      'no-data',
      'no control requests to judge since 00:00 UTC',
      'no canary requests to judge since 00:00 UTC',
    ])
    expect([kind(59, 5).alert, kind(60, 5).alert]).toEqual([
      null,
      'the stage is past its longest bake: it climbs by time: what is checked holds (no harm by answers), ' +
        'and the canary is not shown to be as good as control; bakes for another 10 s',
    ])
    expect([kind(69, 5).mayAdvance, kind(70, 5).mayAdvance]).toEqual([false, true])
    const limited = resolveGuardSettings({ bakeMs: 70_000, thresholds: { errors: 99 } })
    const alone = feed(limited, start(100), [tick(1_000, arm(10), arm(0), { percentage: 100 })]).verdict
    expect(alone.sentence).toBe('healthy so far; bakes for another 69 s')
  })

  it('are reported with what follows from their kind', () => {
    const report = (judgement: Judgement) => {
      const {
        sentence: _,
        evidence: __,
        ...rest
      } = reportOf({ ...judgement, sentence: 's', evidence: {} } as unknown as Verdict)
      return rest
    }
    const none = { action: 'none', trigger: null, mayAdvance: false, alert: null }
    expect([
      report({ kind: 'collecting', lacks: 'requests', alert: 'a' }),
      report({ kind: 'collecting', lacks: 'evidence', alert: null }),
      report({ kind: 'baking', alert: 'b' }),
      report({ kind: 'healthy' }),
      report({ kind: 'unjudged', mayAdvance: true, alert: 'c' }),
      report({ kind: 'shared-outage', trigger: 'threshold' }),
      report({ kind: 'broken-split' }),
      report({ kind: 'failing', action: 'freeze', trigger: 'errors' }),
    ]).toEqual([
      { ...none, kind: 'no-data', alert: 'a' },
      { ...none, kind: 'inconclusive' },
      { ...none, kind: 'healthy', alert: 'b' },
      { ...none, kind: 'healthy', mayAdvance: true },
      { ...none, kind: 'unjudged', mayAdvance: true, alert: 'c' },
      { ...none, kind: 'inconclusive', action: 'freeze', trigger: 'threshold', alert: 's' },
      { ...none, kind: 'broken-split', action: 'freeze', trigger: 'split', alert: 's' },
      { ...none, kind: 'failing', action: 'freeze', trigger: 'errors' },
    ])
  })
})

describe('a bucket list that was cut', () => {
  const slots = (count: number, first: number) => Array.from({ length: count }, (_, k) => first + k)
  const shared = (slotsCut: boolean) => (second: number) =>
    tick(
      second * 1_000,
      arm(100, slots(40, second * 50), { errors: 40 }),
      arm(100, slots(4, 40_000 + second * 10), { errors: 40, slotsCut }),
    )

  it('of control counts all its errors, so that a shared outage rolls nothing back', () => {
    const cut = feed(settings, start(), [1, 2, 3, 4, 5, 6].map(shared(true)))
    expect(cut.verdict.action).toBe('none')
    expect(feed(settings, start(), [1, 2, 3, 4, 5, 6].map(shared(false))).verdict.action).toBe('rollback')
  })
})
