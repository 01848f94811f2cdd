/**
 * Where the simulated visitors come from, and what the other origin says to their failures. Turns a tick of bare counts
 * into one as the gate would send it.
 */

import type { Histogram } from '../../../src/core/counters/histogram.ts'
import { failureMark, type NetworkCounts, strongest } from '../../../src/core/counters/networks.ts'
import { MOST_VISITORS, type VisitorMark } from '../../../src/core/counters/visitors.ts'
import type { ArmTick, GuardTick } from '../../../src/core/guard/index.ts'
import type { Truth } from '../../../test-kit/simulation/guard-traffic.ts'
import type { Random } from '../../../test-kit/simulation/random.ts'

/** Shares of the traffic by network; the largest first. */
export type Networks = { shares: readonly number[]; upTo: readonly number[] }

const NETWORKS = 5000
/** A carrier's visitors come from several addresses: a pool of eight networks. */
const POOL = 8
const CARRIERS = [0.2, 0.2]
const HOMES = 1 - CARRIERS.reduce((sum, share) => sum + share, 0)

/** 5,000 networks by Zipf's law, and two carriers with 20 % each, which have a pool of networks or only one. */
export const ZIPF = networksOf([
  ...CARRIERS.flatMap((share) => new Array<number>(POOL).fill(share / POOL)),
  ...zipf(NETWORKS, HOMES),
])
export const ONE_NETWORK_CARRIERS = networksOf([...CARRIERS, ...zipf(NETWORKS, HOMES)])

/** 200 people behind one address, and no one else. */
export const OFFICE = networksOf([1])
/** An office that makes 80 % of the traffic, and 100 homes. */
export const OFFICE_AND_HOMES = networksOf([0.8, ...new Array<number>(100).fill(0.002)])

function zipf(count: number, total: number): number[] {
  const weights = Array.from({ length: count }, (_, rank) => 1 / (rank + 1))
  const sum = weights.reduce((all, weight) => all + weight, 0)
  return weights.map((weight) => (weight / sum) * total)
}

function networksOf(shares: readonly number[]): Networks {
  let sum = 0
  return { shares, upTo: shares.map((share) => (sum += share)) }
}

/** Hash of a network (MurmurHash3's finalizer); 0 and 1 have a meaning. */
export function networkHash(index: number): number {
  let hash = Math.imul(index + 1, 0x9e3779b1)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return Math.max(2, (hash ^ (hash >>> 16)) >>> 0)
}

/** The network of a visitor, who is a number from 0 to 1. */
function networkOf(visitor: number, { upTo }: Networks): number {
  const wanted = visitor * (upTo.at(-1) ?? 1)
  let low = 0
  let high = upTo.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((upTo[middle] ?? 0) < wanted) low = middle + 1
    else high = middle
  }
  return networkHash(low)
}

export function noCounts(network: number): NetworkCounts {
  return { network, requests: 0, errors: 0, errored: 0, discordant: 0, unpaired: 0, unasked: 0, journeys: 0 }
}

/** Networks of an arm's tick, by hash. */
export type NetworkTable = Map<number, NetworkCounts>

export function countsAt(table: NetworkTable, network: number): NetworkCounts {
  const known = table.get(network)
  if (known !== undefined) return known
  const made = noCounts(network)
  table.set(network, made)
  return made
}

/** From so many requests on, only the largest networks are drawn: the others would not be among the strongest. */
const FEW_REQUESTS = 40
const HEADS = 20
/** Distinct visitors of the site, for its sketches. */
const VISITORS = 3000
/** The gate asks the canary at most a tenth of its traffic in the background, in bursts of five. */
const QUESTION_SHARE = 0.1
const QUESTION_BURST = 5

type Failure = 'discordant' | 'shared' | 'unasked'

/** Gives networks, visitors and answers of the other origin to ticks, one second after the other. */
export function networker(
  random: Random,
  networks: Networks,
  truth: (second: number) => Truth,
  isRegular: boolean,
): (tick: GuardTick, second: number) => GuardTick {
  const visitors = Array.from({ length: VISITORS }, () => ({
    position: random.next(),
    mark: [Math.floor(random.next() * 2 ** 32), networkOf(random.next(), networks)] as VisitorMark,
  })).sort((a, b) => a.mark[0] - b.mark[0])
  // Where the same visitors come again, a slot is one visitor; else it is one of many.
  const visitorIn = (slot: number) =>
    isRegular ? (Math.imul(slot + 1, 0x9e3779b1) >>> 0) / 2 ** 32 : random.next()
  let questions = QUESTION_BURST
  let stage = -1
  return (tick, second) => {
    const { canaryRate, controlRate } = truth(second)
    questions = Math.min(QUESTION_BURST, questions) + QUESTION_SHARE * tick.canary.requests
    const ofCanary = (): Failure => (random.next() < controlRate ? 'shared' : 'discordant')
    const ofControl = (): Failure => {
      if (questions < 1) return 'unasked'
      questions--
      return random.next() < canaryRate ? 'shared' : 'discordant'
    }
    const isNew = tick.stage !== stage
    stage = tick.stage
    const sketch = (isCanary: boolean): VisitorMark[] =>
      isNew
        ? visitors
            .filter(({ position }) => position < tick.percentage / 100 === isCanary)
            .slice(0, MOST_VISITORS)
            .map(({ mark }) => mark)
        : []
    return {
      ...tick,
      canary: { ...armOf(random, networks, tick.canary, ofCanary, visitorIn), visitors: sketch(true) },
      control: { ...armOf(random, networks, tick.control, ofControl, visitorIn), visitors: sketch(false) },
    }
  }
}

function armOf(
  random: Random,
  networks: Networks,
  arm: ArmTick,
  answer: () => Failure,
  visitorIn: (slot: number) => number,
): ArmTick {
  const table: NetworkTable = new Map()
  const marks = { discordant: [] as number[], unasked: [] as number[] }
  let sharedFailures = 0
  let unaskedFailures = 0
  for (const slot of arm.erroredSlots) {
    const network = networkOf(visitorIn(slot), networks)
    const counts = countsAt(table, network)
    counts.requests++
    counts.errors++
    counts.errored++
    const failure = answer()
    if (failure === 'shared') sharedFailures++
    else {
      marks[failure].push(failureMark(slot, network))
      counts[failure]++
    }
    if (failure === 'unasked') unaskedFailures++
  }
  drawRequests(random, networks, arm.requests - arm.erroredSlots.length, table)
  const listed = strongest([...table.values()])
  for (const counts of listed)
    counts.journeys = random.binomial(counts.requests, arm.journeys / Math.max(1, arm.requests))
  shareLatency(random, arm, listed)
  return {
    ...arm,
    networks: listed,
    pairing: { ...arm.pairing, ...marks, unpaired: [], sharedFailures, unaskedFailures },
  }
}

function drawRequests(random: Random, networks: Networks, requests: number, table: NetworkTable): void {
  if (requests <= FEW_REQUESTS) {
    for (let k = 0; k < requests; k++) countsAt(table, networkOf(random.next(), networks)).requests++
    return
  }
  for (let index = 0; index < Math.min(HEADS, networks.shares.length); index++)
    countsAt(table, networkHash(index)).requests += random.poisson(requests * (networks.shares[index] ?? 0))
}

/** Each listed network has its part of each bin. */
function shareLatency(
  random: Random,
  { latency, requests }: ArmTick,
  listed: readonly NetworkCounts[],
): void {
  const left: Record<number, number> = { ...latency }
  for (const counts of listed) {
    const own: Record<number, number> = {}
    const share = counts.requests / Math.max(1, requests)
    for (const key in left) {
      const bin = Number(key)
      const count = Math.min(left[bin] ?? 0, random.poisson((latency[bin] ?? 0) * share))
      if (count === 0) continue
      own[bin] = count
      left[bin] = (left[bin] ?? 0) - count
    }
    counts.latency = own as Histogram
  }
}
