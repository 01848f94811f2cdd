/**
 * Runs of the guard whose every step is pinned by `test/vectors/guard/runs.json`: traffic by seed, so that each test's
 * arithmetic, each threshold and each sentence takes part in at least one of them.
 */
import type { ArmTick, GuardTick } from '../../../../src/core/guard/index.ts'
import type { Source } from '../../../../test-kit/simulation/guard-traffic.ts'
import { trafficTick } from '../../../../test-kit/simulation/guard-traffic.ts'
import type { Random } from '../../../../test-kit/simulation/random.ts'
import { arm, IDLE, tick } from '../support.ts'
import type { PinnedRun } from './pinned.ts'

const slots = (first: number, count: number) => Array.from({ length: count }, (_, k) => first + k)
const CONTROL_FIRST = 40_000

function traffic(random: Random, look: number, percentage: number, source: Partial<Source>, stage = 0) {
  const truth = () => ({ canaryRate: 0.01, controlRate: 0.01, slowdown: 1 })
  const at = { generation: 1, stage, percentage }
  return trafficTick(random, { requestsPerSecond: 400, truth, ...source }, look, at)
}

const rates = (canaryRate: number, controlRate: number, slowdown = 1) => ({
  truth: () => ({ canaryRate, controlRate, slowdown }),
})

/** The same visitors in every look; each failed in the share of the looks that its arm's rate says. */
function regulars(random: Random, look: number, canaryRate: number, controlRate: number): GuardTick {
  const failing = (first: number, rate: number) => slots(first, 40).filter(() => random.next() < rate)
  return tick(look * 1000, arm(40, failing(0, canaryRate)), arm(40, failing(CONTROL_FIRST, controlRate)))
}

const histogram = (random: Random, count: number, longRate: number, long = 110) => {
  const tail = random.binomial(count, longRate)
  return { 80: count - tail, [long]: tail }
}

export const RUNS: readonly PinnedRun[] = [
  {
    name: 'three stages, the last of them slow',
    options: { bakeMs: 30_000, maxBakeMs: 60_000, latency: { warmUpMs: 20_000 } },
    percentage: 5,
    looks: [1, 10, 40, 90, 101, 130, 160, 199, 204, 215],
    make: (random, look) => {
      const stage = look > 150 ? 2 : look > 100 ? 1 : 0
      const percentage = [5, 12.5, 50][stage] ?? 0
      return traffic(random, look, percentage, rates(0.01, 0.012, look > 200 ? 1.4 : 1), stage)
    },
  },
  {
    name: 'errors alone, watched by a person',
    options: { action: 'freeze', latency: false, errors: { minBuckets: 8 }, beta: 0.1, bakeMs: 0 },
    percentage: 75,
    looks: [2, 8, 20, 40, 42, 44, 46],
    make: (random, look) => traffic(random, look, 75, rates(look > 40 ? 0.05 : 0.005, 0.005)),
  },
  {
    name: 'errors of a small canary',
    options: { latency: false },
    percentage: 1,
    looks: [5, 20, 40, 60, 70, 80],
    make: (random, look) =>
      traffic(random, look, 1, { ...rates(look > 40 ? 0.12 : 0.004, 0.004), requestsPerSecond: 300 }),
  },
  {
    name: 'slow on few machines, errors not judged',
    options: {
      errors: false,
      latency: { fewMachines: true, marginBuckets: 0, minSlow: 40, warmUpMs: 0, quantiles: [0.9, 0.99] },
    },
    percentage: 20,
    looks: [10, 30, 36, 40, 60, 80, 90],
    make: (random, look) =>
      traffic(random, look, 20, { ...rates(0, 0, look > 30 ? 1.5 : 1), requestsPerSecond: 150 }),
  },
  {
    name: 'ceilings, of which control breaks one too',
    options: { bakeMs: 45_000, errors: false, latency: false, ceilings: { errorRate: 0.1, p95Ms: 300 } },
    percentage: 30,
    looks: [10, 40, 60, 80, 100],
    make: (random, look) => {
      const isLate = look > 40
      return traffic(random, look, 30, {
        ...rates(isLate ? 0.16 : 0.02, isLate ? 0.15 : 0.02),
        requestsPerSecond: 120,
      })
    },
  },
  {
    name: 'a ceiling for the p95',
    options: { errors: false, latency: false, ceilings: { p95Ms: 300, minRequests: 700 } },
    percentage: 40,
    looks: [2, 8, 12, 20, 40],
    make: (random, look) => traffic(random, look, 40, { ...rates(0, 0, 1.6), requestsPerSecond: 120 }),
  },
  {
    name: 'the ceiling alone at 100 %',
    options: { bakeMs: 20_000, ceilings: { errorRate: 0.05 } },
    percentage: 100,
    looks: [5, 19, 25, 30, 40],
    make: (random, look) => traffic(random, look, 100, rates(look > 25 ? 0.2 : 0.01, 0)),
  },
  {
    name: 'thresholds of everybody who is served',
    options: {
      errors: false,
      latency: false,
      thresholds: { errors: 60, slow: { count: 900, baselineMs: 250 } },
    },
    percentage: 50,
    looks: [5, 10, 14, 20],
    make: (random, look) => {
      const others: ArmTick = arm(30, slots(100, random.below(3)), {
        latency: histogram(random, 30, 0.3, 90),
        timings: histogram(random, 10, 0.2, 95),
      })
      return { ...traffic(random, look, 50, rates(0.012, 0.001)), others }
    },
  },
  {
    name: 'slow requests beyond a threshold in both arms',
    options: { errors: { rho: 2 }, latency: false, thresholds: { slow: { count: 100, baselineMs: 200 } } },
    percentage: 50,
    looks: [5, 15, 18, 25, 35],
    make: (random, look) => traffic(random, look, 50, { ...rates(0.002, 0.002), requestsPerSecond: 200 }),
  },
  {
    name: 'journeys that are not completed',
    options: { traffic: { maxDropPercent: 20 }, latency: false },
    percentage: 50,
    looks: [60, 150, 240, 300],
    make: (random, look) =>
      tick(
        look * 1000,
        arm(100, [], { journeys: random.poisson(look > 60 ? 5 : 12) }),
        arm(100, [], { journeys: random.poisson(12) }),
      ),
  },
  {
    name: 'a split that is not as configured',
    options: { split: { tolerance: 1.2, requestsPerVisitor: 20 } },
    percentage: 10,
    looks: [20, 60, 100, 140, 180],
    make: (random, look) =>
      tick(look * 1000, arm(random.poisson(40)), arm(random.poisson(160)), { percentage: 10 }),
  },
  {
    name: 'durations that the app reports',
    options: { latency: { warmUpMs: 8_000 } },
    percentage: 50,
    looks: [10, 30, 40, 50, 70],
    make: (random, look) =>
      tick(
        look * 1000,
        arm(100, [], {
          timings: look > 5 ? histogram(random, 25, look > 35 ? 0.3 : 0.06) : {},
          latency: histogram(random, 100, 0.02),
        }),
        arm(100, [], {
          timings: look > 8 ? histogram(random, 25, 0.06) : {},
          latency: histogram(random, 100, 0.02),
        }),
      ),
  },
  {
    name: 'visitors who come again and again, then all of them fail',
    options: { alpha: 0.05 },
    percentage: 50,
    looks: [30, 61, 120, 250, 255, 258, 262],
    make: (random, look) => regulars(random, look, look > 250 ? 0.95 : 0.1, 0.1),
  },
  {
    name: 'a dead canary at a large α, counts cut',
    options: { alpha: 0.3, latency: false },
    percentage: 50,
    looks: [3, 6, 8, 12, 16, 20],
    make: (random, look) => {
      const isDead = look > 6
      return tick(
        look * 1000,
        arm(60, slots(look * 3, isDead ? 40 : 1), { errors: isDead ? 58 : 3, slotsCut: isDead }),
        arm(60, slots(CONTROL_FIRST + look * 2, 2), {
          errors: 4 + random.below(3),
          slotsCut: look % 2 === 0,
        }),
      )
    },
  },
  {
    name: 'a heavy visitor in either arm, a percentage that moves',
    options: { errors: { rho: 1, delta: 0.001, minBuckets: 5 }, advance: { rho: 1.2, delta: 0.002 } },
    percentage: 2.5,
    looks: [5, 15, 25, 35, 50, 65],
    make: (random, look) => {
      const percentage = look > 30 ? 7.5 : 2.5
      const one = traffic(random, look, percentage, rates(0.03, 0.02), look > 30 ? 1 : 0)
      const heavy = look % 20 < 10 ? 'control' : 'canary'
      return { ...one, [heavy]: { ...one[heavy], requests: one[heavy].requests + 60 } }
    },
  },
  {
    name: 'latencies that wander for half an hour',
    options: { bakeMs: 1_000_000, advance: { marginBuckets: 1 } },
    percentage: 25,
    looks: [10, 29, 31, 45, 61, 75, 92],
    make: (random, look) => {
      const source = { ...rates(0.001, 0.001), requestsPerSecond: 300 }
      const one = traffic(random, look, 25, source)
      const later = (latency: ArmTick['latency']) =>
        Object.fromEntries(Object.entries(latency).map(([bin, count]) => [Number(bin) + (look >> 4), count]))
      return {
        ...one,
        atMs: look * 20_000,
        canary: { ...one.canary, latency: later(one.canary.latency) },
        control: { ...one.control, latency: later(one.control.latency) },
      }
    },
  },
  {
    name: 'silence of one arm, then of both; ticks out of order; a new generation',
    options: { bakeMs: 5_000, maxBakeMs: 60_000, latency: false },
    percentage: 40,
    looks: [3, 10, 24, 40, 50, 64, 75, 80, 90],
    make: (random, look) => {
      const canary =
        look > 70 ? arm(30) : look > 10 && look < 45 ? IDLE : arm(20, slots(look, random.below(2)))
      const control = look > 70 ? arm(30) : look > 20 && look < 60 ? IDLE : arm(30)
      const atMs = look % 7 === 3 ? Number.NaN : look % 7 === 5 ? 1000 : look * 4000
      const generation = look > 70 ? 2 : 1
      return tick(atMs, canary, control, { generation: look === 80 ? 1 : generation, percentage: 40 })
    },
  },
  {
    name: 'a little harm from two visitors',
    options: { alpha: 0.1, beta: 0.2, bakeMs: 0, latency: false },
    percentage: 50,
    looks: [1, 2, 6, 11, 30],
    make: (_, look) => tick(look * 30_000, arm(1000, look % 5 === 1 ? [1, 2] : []), arm(1000)),
  },
]
