import { describe, expect, it } from 'vitest'
import { initialGuardState, resolveGuardSettings, stepGuard } from '../../../src/core/guard/index.ts'
import { chosenMargin } from '../../../src/core/guard/tests/stage-margin.ts'
import {
  findsText,
  passText,
  proposedStages,
  type Site,
  siteOf,
  sizeLadder,
  sizeStages,
} from '../../../src/core/rollout/sizing.ts'
import { trafficTick } from '../../../test-kit/simulation/guard-traffic.ts'
import { type Random, seeded } from '../../../test-kit/simulation/random.ts'

const settings = resolveGuardSettings({ bakeMs: 0, latency: false })
const RUNS = 11

/** Seconds until the guard lets a healthy canary pass. */
function passedS(random: Random, percentage: number, { requestsPerSecond, errorRate }: Site): number {
  const at = { generation: 1, stage: 0, percentage }
  const truth = () => ({ canaryRate: errorRate, controlRate: errorRate, slowdown: 1 })
  let state = initialGuardState({ ...at, atMs: 0 })
  for (let second = 1; second < 6000; second++) {
    const tick = trafficTick(random, { requestsPerSecond, latency: false, truth }, second, at)
    const step = stepGuard(settings, state, tick)
    state = step.state
    if (step.verdict.kind === 'healthy') return second
  }
  return Number.POSITIVE_INFINITY
}

const FIXED = [
  { percentage: 10, requestsPerSecond: 50, errorRate: 0.01 },
  { percentage: 5, requestsPerSecond: 200, errorRate: 0.002 },
  { percentage: 1, requestsPerSecond: 1000, errorRate: 0.001 },
  { percentage: 50, requestsPerSecond: 40, errorRate: 0.005 },
  { percentage: 25, requestsPerSecond: 500, errorRate: 0.01 },
]

describe('the size of a stage', () => {
  it.each(FIXED)(
    'agrees with a simulation: $percentage % of $requestsPerSecond/s',
    ({ percentage, ...site }) => {
      const [sized] = sizeStages(settings, site, [{ percentage, bakeMs: 0 }])
      const runs = Array.from({ length: RUNS }, (_, run) =>
        passedS(seeded(`size ${percentage}`, run), percentage, site),
      )
      const nine = runs.toSorted((a, b) => a - b)[RUNS - 2] ?? 0
      const planned = (sized?.passMs ?? 0) / 1000
      expect(planned / nine).toBeGreaterThan(1 / 1.7)
      expect(planned / nine).toBeLessThan(1.7)
    },
  )

  it('is at least the bake, and the warm-up where latency is compared', () => {
    const site = { requestsPerSecond: 5000, errorRate: 0.001 }
    const of = (options: object, bakeMs: number) =>
      sizeStages(resolveGuardSettings(options), site, [{ percentage: 50, bakeMs }])[0]?.passMs
    const seconds = [of({}, 0), of({}, 500_000), of({ latency: { warmUpMs: 300_000 } }, 0)].map((ms = 0) =>
      Math.floor(ms / 2_000),
    )
    expect(seconds).toEqual([60, 250, 150])
  })

  it('says what the stage finds: less where it lasts longer, nothing without a control', () => {
    const site = { requestsPerSecond: 100, errorRate: 0.01 }
    const finds = (percentage: number, bakeMs: number) =>
      sizeStages(settings, site, [{ percentage, bakeMs }])[0]?.findsErrorRate ?? null
    const [short, long] = [finds(10, 0) ?? 0, finds(10, 10_000_000) ?? 1]
    expect(long).toBeLessThan(short)
    expect(long).toBeGreaterThan(0.011)
    expect([finds(100, 60_000), finds(0, 60_000)]).toEqual([null, null])
  })

  it('tells of 100 % by its holdback, and says it in words', () => {
    const [last] = sizeLadder(settings, { requestsPerSecond: 100, errorRate: 0.01 }, [
      { percentage: 100, bakeMs: 0 },
    ])
    expect(last?.percentage).toBe(99)
    expect(last && [passText(last), findsText(last)]).toEqual([
      expect.stringMatching(/^\d+ (min|h)$/),
      expect.stringMatching(/^errors from [\d.]+ % on$/),
    ])
    const never = {
      percentage: 1,
      passMs: Number.POSITIVE_INFINITY,
      findsErrorRate: null,
      allows: null,
      asks: [],
    }
    expect([passText(never), findsText(never)]).toEqual(['never', 'nothing by comparison'])
  })

  it('names what the stage asks for besides, which no traffic foretells', () => {
    const require = {
      ...{ minVisitors: 50, maxErrorRate: 0.02, maxP95Ms: 800 },
      answers: [{ id: '5xx on /checkout/*', max: 0 }],
    }
    const site = { requestsPerSecond: 5000, errorRate: 0.001 }
    const [asking, free] = sizeStages(settings, site, [
      { percentage: 50, bakeMs: 600_000, require },
      { percentage: 50, bakeMs: 600_000 },
    ]).map(passText)
    expect(asking).toBe(
      '10 min, given 50 visitors, an error rate of at most 2 %, a p95 of at most 800 ms, at most 0 of 5xx on /checkout/*',
    )
    expect(free).toBe('10 min')
  })

  it.each(['first', 'second'])('takes the time that its margin is chosen for, in a %s stage', (which) => {
    const site = { requestsPerSecond: 20, errorRate: 0.005 }
    const [percentage, withinMs] = [10, 300_000]
    const stage = { percentage, bakeMs: 20_000, withinMs }
    const before = which === 'first' ? [] : [{ percentage: 5, bakeMs: 300_000, withinMs }]
    const hasty = { ...settings, withinMs }
    const sized = sizeStages(settings, site, [...before, stage]).at(-1)
    const usual = sizeStages(settings, site, [{ percentage, bakeMs: 20_000 }])[0]
    expect(usual?.allows).toBeNull()
    expect(usual?.passMs).toBeGreaterThan(10 * (sized?.passMs ?? 0))
    expect(sized?.passMs).toBeLessThan(withinMs)
    const elapsedMs = which === 'first' ? withinMs / 20 : 300_000
    const [share, requests] = [which === 'first' ? 0.1 : 0.05, (20 * elapsedMs) / 1000]
    const controlRequests = requests * (1 - share)
    const totals = {
      canaryRequests: requests * share,
      controlRequests,
      controlErrors: controlRequests * 0.005,
    }
    expect(sized?.allows).toBeCloseTo(chosenMargin(hasty, percentage, { totals, elapsedMs }) ?? 0, 10)
    expect(sized && passText(sized)).toMatch(/; worse by up to [\d.]+ points is not excluded$/)
  })

  it('takes longer at a small site: there latency is learned first', () => {
    const site = { requestsPerSecond: 0.1, errorRate: 0.01 }
    const of = (options: object) =>
      sizeStages(resolveGuardSettings(options), site, [{ percentage: 50, bakeMs: 0 }])[0]?.passMs ?? 0
    expect(of({ errors: false })).toBeGreaterThan(200 / 0.05)
    expect(of({ errors: false, latency: { quantiles: [0.5] } })).toBeLessThan(of({ errors: false }))
  })

  it('has no end where the guard can show nothing, and is the bake where stages advance by time', () => {
    const site = { requestsPerSecond: 100, errorRate: 0.01 }
    const of = (options: object, percentage = 50) =>
      sizeStages(resolveGuardSettings(options), site, [{ percentage, bakeMs: 60_000 }])[0]?.passMs
    const limits = { errors: false, latency: false, ceilings: { errorRate: 0.2 } } as const
    expect(of(limits)).toBe(Number.POSITIVE_INFINITY)
    expect(of(limits, 100)).toBe(60_000)
    expect(of({ ...limits, advance: { byTime: true } })).toBe(60_000)
    expect(of({ advance: { byTime: true } })).toBe(60_000)
  })

  it('proposes to begin at 10 % where there are few requests', () => {
    const begins = (requestsPerSecond: number) => proposedStages({ requestsPerSecond, errorRate: 0 })[0]
    expect([begins(1), begins(19), begins(20), begins(1000)]).toEqual([10, 10, 5, 1])
  })
})

it('a site is what its points have: requests of both arms a second, and the errors of control', () => {
  const point = (canary: number, control: number, errors: number) => ({
    canary: { requests: canary, errors: 99 },
    control: { requests: control, errors },
  })
  expect(siteOf({ points: [point(10, 30, 3), point(20, 60, 0)], stepMs: 5_000 })).toEqual({
    ...{ requestsPerSecond: 12, errorRate: 3 / 90 },
  })
  expect(siteOf({ points: [point(1, 0, 0)], stepMs: 1_000 })).toEqual({
    requestsPerSecond: 1,
    errorRate: 0.005,
  })
  expect(siteOf({ points: [point(0, 0, 0)], stepMs: 1_000 })).toBeUndefined()
  expect(siteOf({ points: [], stepMs: 1_000 })).toBeUndefined()
})
