/**
 * Pinned runs (all.ts) of visitors who come from networks: who fails, who is slow, turned away or counted by a stage's
 * limit, and what is left of it without two networks.
 */
import { failureMark } from '../../../../src/core/counters/networks.ts'
import { EMPTY_ARM } from '../../../../src/core/counters/ticks.ts'
import { mixed, type VisitorMark } from '../../../../src/core/counters/visitors.ts'
import type { ArmTick, GuardSettings, GuardTick } from '../../../../src/core/guard/index.ts'
import type { Random } from '../../../../test-kit/simulation/random.ts'
import { tick } from '../support.ts'
import type { PinnedRun } from './pinned.ts'

/** What is true of an arm in one look; rates are 0–1, per visitor of the look. */
export type Truth = {
  /** Mean requests of each network, or of all alike; the first network is 31. */
  sizes?: readonly number[]
  /** Requests of networks that are not listed. */
  unlisted?: number
  failing?: number
  /** Of the failures: how many the other arm shared, and how many no one was asked about. */
  shared?: number
  unasked?: number
  away?: number
  slow?: number
  /** Networks of which it is true, by index; undefined: of all. */
  only?: (network: number) => boolean
  reported?: number
  journeys?: number
  visitors?: number
  cut?: boolean
}

const CROWD = Array.from({ length: 12 }, (_, at) => 18 - at)
const SLOTS = 65_536
const count = (random: Random, number: number, rate: number) => random.binomial(Math.round(number), rate)

/** Most durations in three bins, the slow ones four bins above. */
function durations(random: Random, requests: number, slow: number): Record<number, number> {
  const late = count(random, requests, slow)
  const middle = count(random, requests - late, 0.3)
  return { 66: requests - late - middle, 70: middle, [74 + random.below(2)]: late }
}

function added(target: Record<number, number>, source: Record<number, number>): void {
  for (const [bin, n] of Object.entries(source)) target[Number(bin)] = (target[Number(bin)] ?? 0) + n
}

/** An arm's tick; slots of failing visitors are drawn from `[first, first + slots)`. */
export function crowd(random: Random, [first, slots]: readonly [number, number], truth: Truth): ArmTick {
  const { sizes = CROWD, unlisted = 0, only = () => true } = truth
  const arm = { ...EMPTY_ARM, requests: unlisted, errors: 0, journeys: 0, latency: {}, timings: {} }
  const pairing = {
    discordant: [],
    unpaired: [],
    unasked: [],
    sharedFailures: 0,
    unaskedFailures: 0,
    questions: 0,
  }
  const lists: Record<'discordant' | 'unpaired' | 'unasked', number[]> = pairing
  const away: number[] = []
  const erroredSlots: number[] = []
  const visitors: VisitorMark[] = []
  let turnedAway = 0
  const networks = sizes.map((size, at) => {
    const network = 31 + at
    const own = (rate: number | undefined) => (only(at) ? (rate ?? 0) : 0)
    const requests = random.poisson(size)
    const latency = durations(random, requests, 0.06 + own(truth.slow))
    const timings = durations(random, count(random, requests, truth.reported ?? 0), 0.06 + own(truth.slow))
    const journeys = count(random, requests, truth.journeys ?? 0.2)
    const counts = { errors: 0, errored: 0, discordant: 0, unpaired: 0, unasked: 0, clientErrors: 0 }
    for (let failed = count(random, requests, 0.01 + own(truth.failing)); failed > 0; failed--) {
      const slot = first + random.below(slots)
      const drawn = random.next()
      counts.errors++
      if (!erroredSlots.includes(slot)) {
        erroredSlots.push(slot)
        counts.errored++
      }
      const [shared, unasked] = [truth.shared ?? 0, truth.unasked ?? 0]
      if (drawn < shared) pairing.sharedFailures++
      else {
        const as = drawn < shared + unasked ? 'unasked' : drawn > 0.8 ? 'unpaired' : 'discordant'
        if (as === 'unasked') pairing.unaskedFailures++
        lists[as].push(failureMark(slot, network))
        counts[as]++
      }
    }
    for (let turned = count(random, requests, 0.02 + own(truth.away)); turned > 0; turned--) {
      away.push(failureMark(first + random.below(slots), network))
      counts.clientErrors++
    }
    for (let seen = random.poisson(truth.visitors ?? 0.4); seen > 0; seen--)
      visitors.push([mixed(random.below(2 ** 31) + first, 7), network])
    pairing.questions += count(random, requests, 0.05)
    turnedAway += counts.clientErrors
    arm.requests += requests
    arm.errors += counts.errors
    arm.journeys += journeys
    added(arm.latency, latency)
    added(arm.timings, timings)
    return { network, requests, journeys, latency, timings, ...counts }
  })
  added(arm.latency, durations(random, unlisted, 0.06))
  return {
    ...arm,
    erroredSlots,
    pairing,
    networks,
    visitors,
    slotsCut: truth.cut ?? false,
    clientErrors: { requests: turnedAway + (unlisted > 0 ? 1 : 0), marks: [...new Set(away)] },
    watched: { a: { requests: turnedAway, marks: away.slice(0, 3) }, b: { requests: 1, marks: [] } },
  }
}

/** Control's latencies by who comes next and by group; those who come are slow as the rate says. */
export function slices(
  random: Random,
  slow: (group: number, isComing: boolean) => number,
): ArmTick['slices'] {
  const groups = Array.from({ length: 12 }, (_, at) => 2 + at)
  return Object.fromEntries(
    groups.flatMap((group) => [
      [group, durations(random, 20, slow(group, false))],
      [30 + group, durations(random, 8, slow(group, true))],
    ]),
  )
}

type Both = Truth & { canary?: Truth; control?: Truth; others?: Truth; part?: Partial<GuardTick> }

function crowds(
  random: Random,
  look: number,
  percentage: number,
  { canary, control, others, part, ...both }: Both,
) {
  const edge = Math.max(1, Math.floor((SLOTS * percentage) / 100))
  const sized = (truth: Truth, share: number) => ({
    ...truth,
    sizes: (truth.sizes ?? CROWD).map((size) => size * share),
    unlisted: Math.round((truth.unlisted ?? 0) * share),
    visitors: (truth.visitors ?? 0.4) * share,
  })
  const share = percentage / 100
  return tick(
    look * 1_000,
    crowd(random, [0, edge], sized({ ...both, ...canary }, 2 * share)),
    crowd(random, [edge, SLOTS - edge], sized({ ...both, ...control }, 2 * (1 - share))),
    { percentage, ...(others && { others: crowd(random, [0, SLOTS], others) }), ...part },
  )
}

const every = (step: number, upTo: number) => Array.from({ length: upTo / step }, (_, at) => step * (at + 1))

const run = (
  name: string,
  {
    looks,
    percentage = 50,
    options = { latency: false },
    stage,
  }: {
    looks: readonly number[]
    percentage?: number
    options?: PinnedRun['options']
    stage?: Partial<GuardSettings>
  },
  truth: (look: number, random: Random) => Both,
): PinnedRun => ({
  ...{ name, options, percentage, looks },
  ...(stage && { stage }),
  make: (random, look) => {
    const both = truth(look, random)
    return crowds(random, look, both.part?.percentage ?? percentage, both)
  },
})

export const CROWD_RUNS: readonly PinnedRun[] = [
  run('a crowd whose canary fails everywhere', { looks: every(6, 30) }, (look) => ({
    ...{ unlisted: 20, shared: 0.1, unasked: 0.2, canary: { failing: look > 15 ? 0.12 : 0 } },
  })),
  run(
    'a crowd of which two networks fail in the canary',
    { looks: every(10, 50), percentage: 30 },
    (look) => ({
      canary: { failing: look > 10 ? 0.4 : 0, only: (network) => network === 3 || network === 5 },
    }),
  ),
  run(
    'a crowd of which one network alone is loud, and then the others',
    { looks: every(10, 50) },
    (look) => ({
      ...{ control: { failing: 0.05, only: (network) => network === 0 } },
      canary: { failing: look > 30 ? 0.08 : 0, unasked: 0.3 },
    }),
  ),
  run('an office of two networks, then a crowd', { looks: every(8, 48) }, (look) => ({
    ...{ sizes: look > 32 ? CROWD : [60, 30], away: 0.05, canary: { failing: look > 8 ? 0.06 : 0 } },
  })),
  run('a network that fills the canary', { looks: every(10, 60), percentage: 20 }, (look) => ({
    ...{ visitors: 1, control: { failing: 0.02 } },
    canary: { sizes: [300, ...CROWD.slice(1)], failing: look > 25 ? 0.05 : 0, away: 0.02 },
  })),
  run('control that no one was asked about', { looks: every(10, 40) }, (look) => ({
    ...{
      unasked: 0.5,
      control: { failing: look < 20 ? 0.1 : 0.02 },
      canary: { failing: 0.03, cut: look % 3 === 0 },
    },
  })),
  run(
    'a slow canary of a crowd, durations reported by its app',
    { looks: every(10, 60), options: { errors: false, latency: { warmUpMs: 12_000 } } },
    (look) => ({ reported: 0.4, canary: { slow: look > 30 ? 0.08 : look < 8 ? 0.05 : 0 } }),
  ),
  run(
    'two networks that are slow in the canary, on few machines',
    {
      ...{ looks: every(10, 40), percentage: 25 },
      options: { errors: false, latency: { warmUpMs: 0, marginBuckets: 0, fewMachines: true, minSlow: 10 } },
    },
    (look) => ({
      ...{ sizes: CROWD.map((size) => 3 * size), reported: 0.2 },
      canary: { slow: look > 10 ? 0.3 : 0, only: (network) => network < 2 },
    }),
  ),
  run(
    'stages that take in slower visitors each time',
    { looks: every(16, 96), percentage: 10, options: { bakeMs: 20_000, latency: { warmUpMs: 5_000 } } },
    (look, random) => {
      const stage = Math.floor((look - 1) / 24)
      const [percentage = 10, comingTo = 30] = [
        [10, 30],
        [30, 60],
        [60, 99],
        [75, 99],
      ][stage] as number[]
      const slower = slices(random, (group, isComing) => 0.05 + group / 300 + (isComing ? 0.05 : 0))
      const part = { stage, percentage, comingTo }
      const one = { sizes: CROWD.map((size) => 2 * size), part }
      const { control } = crowds(random, look, percentage, one)
      return { ...one, part: { ...part, control: { ...control, slices: slower } } }
    },
  ),
  run(
    'visitors too uneven for a comparison',
    { looks: every(10, 60), percentage: 40, options: { errors: false, latency: { warmUpMs: 0 } } },
    (look, random) => {
      const { control } = crowds(random, look, 40, {})
      const uneven = slices(random, (group, isComing) => (group % 4 === 0 ? 0.6 : isComing ? 0.02 : 0.1))
      return { part: { comingTo: 99, control: { ...control, slices: uneven } } }
    },
  ),
  run(
    'a canary that turns visitors away',
    { looks: every(8, 48), options: { latency: false, errors: false } },
    (look) => ({
      ...{ unlisted: 10, canary: { away: look > 12 ? 0.12 : 0 } },
    }),
  ),
  run(
    'a canary that turns visitors away, which closes it',
    {
      ...{ looks: every(8, 40), percentage: 30 },
      options: { latency: false, clientErrors: { action: 'rollback', rho: 2, delta: 0.005 } },
    },
    (look) => ({ canary: { away: look > 12 ? 0.2 : 0 }, control: { away: 0.01 } }),
  ),
  run('a canary that has collapsed', { looks: every(2, 16) }, (look) => ({
    ...{
      sizes: CROWD.map((size) => size / 2),
      canary: { failing: look > 6 ? 0.9 : 0, away: look > 9 ? 0.9 : 0 },
    },
  })),
  run(
    'limits of a stage',
    {
      looks: every(12, 48),
      stage: {
        require: {
          ...{ minVisitors: 60, maxErrorRate: 0.02, maxP95Ms: 500 },
          answers: [
            { id: 'a', max: 40 },
            { id: 'b', max: 3 },
          ],
        },
      },
      options: { bakeMs: 5_000, latency: false },
    },
    (look) => ({ canary: { failing: look > 30 ? 0.02 : 0, slow: look > 24 ? 0.1 : 0, visitors: 2 } }),
  ),
  run(
    'a stage that is to be judged within two minutes',
    {
      looks: every(16, 64),
      percentage: 5,
      stage: { withinMs: 120_000 },
      options: { bakeMs: 30_000, latency: false },
    },
    (look) => ({
      ...{ sizes: CROWD.map((size) => 4 * size), part: { atMs: 2_000 * look } },
      canary: { failing: look > 58 ? 0.1 : 0 },
    }),
  ),
  run('a split that visitors contradict', { looks: every(10, 40), percentage: 20 }, () => ({
    canary: { visitors: 10 },
    control: { visitors: 1 },
  })),
  run(
    'ceilings and thresholds of a crowd, with those whom a rule serves and counts that came late',
    {
      looks: every(8, 40),
      options: {
        ...{ latency: false, errors: false, ceilings: { errorRate: 0.06, p95Ms: 450, minRequests: 300 } },
        ...{
          thresholds: { errors: 90, slow: { count: 700, baselineMs: 400 } },
          traffic: { maxDropPercent: 30 },
        },
      },
    },
    (look, random) => ({
      ...{ others: { sizes: [9, 4], failing: 0.1 } },
      canary: { failing: look > 20 ? 0.08 : 0, slow: look > 28 ? 0.1 : 0, journeys: look > 12 ? 0.1 : 0.2 },
      ...(look % 9 === 0 && { part: { late: { canary: crowd(random, [0, 99], {}), control: EMPTY_ARM } } }),
    }),
  ),
  run(
    'visitors of a crowd who fail again and again',
    { looks: every(20, 80), percentage: 35 },
    (look, random) => {
      const marks = (first: number, number: number) =>
        Array.from({ length: number }, (_, at) => failureMark(first + at, 31 + (at % 12)))
      const repeated = (arm: ArmTick, list: readonly number[]): ArmTick => ({
        ...arm,
        pairing: {
          ...arm.pairing,
          discordant: [...arm.pairing.discordant, ...list.filter(() => random.next() < 0.7)],
        },
      })
      const { canary, control } = crowds(random, look, 35, {})
      return {
        part: {
          ...{ atMs: look * 5_000, canary: repeated(canary, marks(10, look > 30 ? 9 : 2)) },
          control: repeated(control, marks(50_000, 4)),
        },
      }
    },
  ),
]
