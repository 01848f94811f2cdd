/** Simulated traffic: a second of both arms at a time, in the shape that the guard is fed. */

import { binOf } from '../../src/core/counters/histogram.ts'
import { pairingOf } from '../../src/core/counters/pairing.ts'
import { EMPTY_ARM } from '../../src/core/counters/ticks.ts'
import type { ArmTick, GuardTick } from '../../src/core/guard/index.ts'
import { canarySlotCount, VISITOR_SLOTS } from '../../src/core/guard/index.ts'
import type { Random } from './random.ts'

export type At = { generation: number; stage: number; percentage: number }
/** Makes one second's tick. */
export type Ticker = (second: number, at: At) => GuardTick

/** What is true in one second. Rates are 0–1, `slowdown` multiplies the canary's latencies. */
export type Truth = { canaryRate: number; controlRate: number; slowdown: number }

export type Source = {
  requestsPerSecond: number
  /** True rates at a second since the start. */
  truth: (second: number) => Truth
  /** Requests per page view. */
  requestsPerJourney?: number
  /** Latencies off: faster, for rows that are about errors alone. */
  latency?: boolean
}

/** Log-normal, median 80 ms, p90 173 ms, p99 323 ms. */
const MEDIAN_MS = 80
const SIGMA = 0.6
/** Below control's p30 nothing is counted as slow: one bin holds it all, which is faster and changes nothing. */
const BODY_MS = 58

type Bins = { edges: number[]; shares: number[] }
const binsBySlowdown = new Map<number, Bins>()

/** Histogram bins of the latency distribution and their shares. */
function bins(slowdown: number): Bins {
  const known = binsBySlowdown.get(slowdown)
  if (known !== undefined) return known
  const made: Bins = { edges: [], shares: [] }
  const first = binOf(BODY_MS)
  let below = 0
  for (let bin = first; bin < first + 56; bin++) {
    const upTo = normalShare(Math.log(2 ** (bin / 8) / (MEDIAN_MS * slowdown)) / SIGMA)
    made.edges.push(bin)
    made.shares.push(upTo - below)
    below = upTo
  }
  binsBySlowdown.set(slowdown, made)
  return made
}

/** Standard normal distribution function (Abramowitz & Stegun 26.2.17, error < 7.5e-8). */
function normalShare(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z))
  const tail =
    Math.exp((-z * z) / 2) *
    0.3989422804014327 *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  return z > 0 ? 1 - tail : tail
}

/** One arm's second: independent requests, visitors spread evenly over the arm's slots. */
function armTick(
  random: Random,
  source: Source,
  meanRequests: number,
  rate: number,
  slowdown: number,
  firstSlot: number,
  slots: number,
): ArmTick {
  const latency: Record<number, number> = {}
  let requests = 0
  if (source.latency === false) requests = random.poisson(meanRequests)
  else {
    const { edges: indices, shares } = bins(slowdown)
    for (let k = 0; k < indices.length; k++) {
      const count = random.poisson(meanRequests * (shares[k] ?? 0))
      if (count === 0) continue
      latency[indices[k] ?? 0] = count
      requests += count
    }
  }
  const errors = random.binomial(requests, rate)
  const errored: number[] = []
  for (let k = 0; k < errors; k++) errored.push(Math.floor(firstSlot + random.next() * slots))
  const journeys = random.poisson(requests / (source.requestsPerJourney ?? 20))
  return { ...EMPTY_ARM, requests, errors, latency, ...failures(distinct(errored)), journeys }
}

/** One second of both arms. */
export function trafficTick(random: Random, source: Source, second: number, at: At): GuardTick {
  const { canaryRate, controlRate, slowdown } = source.truth(second)
  const share = at.percentage / 100
  const edge = canarySlotCount(at.percentage)
  const rps = source.requestsPerSecond
  return {
    atMs: second * 1000,
    ...at,
    canary: armTick(random, source, rps * share, canaryRate, slowdown, 0, edge),
    control: armTick(random, source, rps * (1 - share), controlRate, 1, edge, VISITOR_SLOTS - edge),
  }
}

/** Failing slots without a network, all of them discordant. */
export function failures(slots: number[]): Pick<ArmTick, 'erroredSlots' | 'pairing'> {
  return { erroredSlots: slots, pairing: pairingOf({ erroredBuckets: slots }) }
}

export function distinct(slots: number[]): number[] {
  return slots.length < 2 ? slots : [...new Set(slots)]
}
