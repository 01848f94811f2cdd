/**
 * Visitors who fail again and again, whatever they ask for: some at both origins (a broken client, a blocked account), some
 * at the canary alone. The others fail by chance. The same people come all day.
 */

import { binOf, type Histogram } from '../../../src/core/counters/histogram.ts'
import { EMPTY_ARM } from '../../../src/core/counters/ticks.ts'
import type { ArmTick } from '../../../src/core/guard/index.ts'
import { distinct, failures, type Source, type Ticker } from '../../../test-kit/simulation/guard-traffic.ts'
import type { Random } from '../../../test-kit/simulation/random.ts'

/** Shares (0–1) of the visitors. */
export type Failers = {
  visitors: number
  /** They fail always, in either arm. */
  always?: number
  /** They fail always while they are canary. */
  atCanary?: number
  /** Bots: they fail so often, and make so many times as many requests as a visitor. */
  bots?: { share: number; failing: number; activity: number }
}

const TWO_TO_32 = 2 ** 32
const MEDIAN_MS = 80
const SIGMA = 0.6
const REQUESTS_PER_JOURNEY = 20
/** Latencies of so many requests are drawn once: their distribution is all that matters here. */
const DRAWN_LATENCIES = 4096

type Visitor = { position: number; atControl: number; atCanary: number }
type Arm = { requests: number; errored: number[]; errors: number; latency: Histogram }

/** One second after the other; `source.truth` gives the rates by which the others fail. */
export function failersTicker(random: Random, failers: Failers, source: Source): Ticker {
  const visitors = peopleOf(random, failers)
  const first = Math.round((failers.bots?.share ?? 0) * visitors.length)
  const activity = failers.bots?.activity ?? 1
  const weight = first * activity + visitors.length - first
  const bins = Array.from({ length: DRAWN_LATENCIES }, () =>
    binOf(MEDIAN_MS * Math.exp(SIGMA * normal(random))),
  )
  const next = (): Visitor => {
    const at = random.next() * weight
    const index = at < first * activity ? at / activity : first + at - first * activity
    return visitors[Math.min(visitors.length - 1, Math.floor(index))] as Visitor
  }
  return (second, at) => {
    const { canaryRate, controlRate } = source.truth(second)
    const edge = (at.percentage / 100) * TWO_TO_32
    const arms = { canary: emptyArm(), control: emptyArm() }
    for (let left = random.poisson(source.requestsPerSecond); left > 0; left--) {
      const visitor = next()
      const isCanary = visitor.position < edge
      const arm = isCanary ? arms.canary : arms.control
      arm.requests++
      const own = isCanary ? visitor.atCanary : visitor.atControl
      if (random.next() < Math.max(own, isCanary ? canaryRate : controlRate)) {
        arm.errors++
        arm.errored.push(visitor.position >>> 16)
        continue
      }
      const bin = bins[random.below(DRAWN_LATENCIES)] ?? 0
      arm.latency[bin] = (arm.latency[bin] ?? 0) + 1
    }
    return {
      atMs: second * 1000,
      ...at,
      canary: tickOf(random, arms.canary),
      control: tickOf(random, arms.control),
    }
  }
}

function peopleOf(random: Random, { visitors, always = 0, atCanary = 0, bots }: Failers): Visitor[] {
  const botCount = Math.round((bots?.share ?? 0) * visitors)
  return Array.from({ length: visitors }, (_, index) => {
    const position = Math.floor(random.next() * TWO_TO_32)
    const kind = random.next()
    const both = index < botCount ? (bots?.failing ?? 0) : kind < always ? 1 : 0
    return { position, atControl: both, atCanary: kind > 1 - atCanary ? 1 : both }
  })
}

const emptyArm = (): Arm => ({ requests: 0, errored: [], errors: 0, latency: {} })

function tickOf(random: Random, { requests, errors, errored, latency }: Arm): ArmTick {
  const journeys = random.poisson(requests / REQUESTS_PER_JOURNEY)
  return { ...EMPTY_ARM, requests, errors, latency, journeys, ...failures(distinct(errored)) }
}

/** Standard normal, by Box and Muller. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
}
