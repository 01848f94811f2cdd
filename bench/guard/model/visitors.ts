/**
 * Visitors who differ in latency, and who come again: what a test that takes requests for independent is wrong about.
 * Errors are left out; other rows have them.
 */

import { binOf, type Histogram } from '../../../src/core/counters/histogram.ts'
import { EMPTY_ARM } from '../../../src/core/counters/ticks.ts'
import { noteSlice, type Slices } from '../../../src/core/counters/visitors.ts'
import type { Placement } from '../../../src/core/decision/decide.ts'
import type { ArmTick } from '../../../src/core/guard/index.ts'
import type { Source, Ticker } from '../../../test-kit/simulation/guard-traffic.ts'
import type { Random } from '../../../test-kit/simulation/random.ts'

export type VisitorKind = 'zipf' | 'zipf-strong' | 'uniform' | 'tenants' | 'sessions' | 'slow-few'

type Visitor = { position: number; factor: number }
/** `next` draws who asks now. */
type Crowd = { next: (second: number) => Visitor }

const MEDIAN_MS = 80
const SIGMA = 0.6
const TWO_TO_32 = 2 ** 32
const REQUESTS_PER_JOURNEY = 20

/** Standard normal, by Box and Muller. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
}

const CROWDS: Record<VisitorKind, (random: Random) => Crowd> = {
  zipf: (random) =>
    regulars(random, { count: 2000, zipf: 0.8, factor: () => Math.exp(0.3 * normal(random)) }),
  'zipf-strong': (random) =>
    regulars(random, { count: 2000, zipf: 1, factor: () => Math.exp(0.5 * normal(random)) }),
  uniform: (random) =>
    regulars(random, { count: 1000, zipf: 0, factor: () => Math.exp(0.5 * normal(random)) }),
  tenants: (random) =>
    regulars(random, { count: 200, zipf: 1, factor: () => Math.exp(0.3 * normal(random)) }),
  sessions: (random) => passers(random),
  'slow-few': (random) =>
    regulars(random, { count: 1000, zipf: 0.8, factor: () => (random.next() < 0.05 ? 3 : 1) }),
}

function newVisitor(random: Random, factor: number): Visitor {
  return { position: Math.floor(random.next() * TWO_TO_32), factor }
}

/** The same people all day, some of whom ask more often (Zipf's law). */
function regulars(
  random: Random,
  { count, zipf, factor }: { count: number; zipf: number; factor: () => number },
): Crowd {
  const visitors = Array.from({ length: count }, () => newVisitor(random, factor()))
  let sum = 0
  const upTo = visitors.map((_, rank) => (sum += (rank + 1) ** -zipf))
  return {
    next: () => {
      const wanted = random.next() * sum
      let [low, high] = [0, count - 1]
      while (low < high) {
        const middle = (low + high) >> 1
        if ((upTo[middle] ?? 0) < wanted) low = middle + 1
        else high = middle
      }
      return visitors[low] as Visitor
    },
  }
}

/** People who come for a while: sessions as Pareto has them, most short, a few very long. */
function passers(random: Random): Crowd {
  const ACTIVE = 300
  const made = (second: number) => ({
    ...newVisitor(random, Math.exp(0.5 * normal(random))),
    endsS: second + 30 * (1 - random.next()) ** (-1 / 1.2),
  })
  const active = Array.from({ length: ACTIVE }, () => made(0))
  return {
    next: (second) => {
      const k = random.below(ACTIVE)
      const visitor = active[k]
      if (visitor !== undefined && visitor.endsS > second) return visitor
      const fresh = made(second)
      active[k] = fresh
      return fresh
    },
  }
}

type Arm = { requests: number; latency: Histogram }

/** One second after the other of a crowd's requests; `stages` say who comes next. */
export function visitorTicker(
  random: Random,
  kind: VisitorKind,
  source: Source,
  stages: readonly number[],
): Ticker {
  const crowd = CROWDS[kind](random)
  return (second, at) => {
    const { slowdown } = source.truth(second)
    const edge = (at.percentage / 100) * TWO_TO_32
    const next = stages[at.stage + 1] ?? at.percentage * 2
    const coming = (Math.min(99, next) / 100) * TWO_TO_32
    const arms = { canary: emptyArm(), control: emptyArm() }
    const cell: { slices?: Slices } = {}
    for (let left = random.poisson(source.requestsPerSecond); left > 0; left--) {
      const { position, factor } = crowd.next(second)
      const isCanary = position < edge
      const latencyMs = MEDIAN_MS * factor * Math.exp(SIGMA * normal(random)) * (isCanary ? slowdown : 1)
      const arm = isCanary ? arms.canary : arms.control
      const bin = binOf(latencyMs)
      arm.requests++
      arm.latency[bin] = (arm.latency[bin] ?? 0) + 1
      if (isCanary) continue
      const placement: Placement = { arm: 'control', position, isComing: position < coming }
      noteSlice(cell, placement, 0, latencyMs)
    }
    return {
      atMs: second * 1000,
      ...at,
      canary: tickOf(random, arms.canary),
      control: { ...tickOf(random, arms.control), slices: cell.slices ?? {} },
    }
  }
}

const emptyArm = (): Arm => ({ requests: 0, latency: {} })

function tickOf(random: Random, { requests, latency }: Arm): ArmTick {
  return { ...EMPTY_ARM, requests, latency, journeys: random.poisson(requests / REQUESTS_PER_JOURNEY) }
}
