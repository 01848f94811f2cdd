/** What a canary does to its traffic, whatever the visitors do: shapes of latency, visitors turned away, silence of control. */

import { type Histogram, LAST_BIN } from '../../../src/core/counters/histogram.ts'
import { failureMark } from '../../../src/core/counters/networks.ts'
import { EMPTY_ARM } from '../../../src/core/counters/ticks.ts'
import { type ArmTick, canarySlotCount, VISITOR_SLOTS } from '../../../src/core/guard/index.ts'
import type { Ticker } from '../../../test-kit/simulation/guard-traffic.ts'
import type { Random } from '../../../test-kit/simulation/random.ts'

/** `median`: the faster half is 1.5 times as slow, up to where p90 is; `tail`: the slowest twentieth twice as slow. */
export type Shape = 'median' | 'tail'

/** Half an octave, and one. */
const BY: Readonly<Record<Shape, number>> = { median: 5, tail: 8 }
const FROM: Readonly<Record<Shape, number>> = { median: 0, tail: 0.95 }
const UP_TO = 0.9

/** The canary's latencies in another shape. */
export function reshaped(shape: Shape, traffic: Ticker): Ticker {
  return (second, at) => {
    const tick = traffic(second, at)
    return { ...tick, canary: { ...tick.canary, latency: moved(tick.canary.latency, shape) } }
  }
}

function moved(latency: Histogram, shape: Shape): Histogram {
  const bins = Object.keys(latency)
    .map(Number)
    .sort((a, b) => a - b)
  const all = bins.reduce((sum, bin) => sum + (latency[bin] ?? 0), 0)
  const edge = binAt(latency, bins, UP_TO * all)
  const result: Record<number, number> = {}
  let below = 0
  for (const bin of bins) {
    const count = latency[bin] ?? 0
    const isMoved = below >= FROM[shape] * all && (shape === 'tail' || bin < edge)
    below += count
    const most = shape === 'tail' ? LAST_BIN : edge
    const to = isMoved ? Math.min(most, bin + BY[shape]) : bin
    result[to] = (result[to] ?? 0) + count
  }
  return result
}

function binAt(latency: Histogram, bins: readonly number[], upTo: number): number {
  let below = 0
  for (const bin of bins) {
    below += latency[bin] ?? 0
    if (below >= upTo) return bin
  }
  return bins.at(-1) ?? 0
}

/** Shares (0–1) of requests that are answered with a 4xx. */
export type TurnedAway = { canary: number; control: number }

export function turningAway(random: Random, shares: TurnedAway, traffic: Ticker): Ticker {
  const away = (arm: ArmTick, share: number, firstSlot: number, slots: number): ArmTick => {
    const requests = random.binomial(arm.requests, share)
    const marks = Array.from({ length: Math.min(requests, 128) }, () =>
      failureMark(Math.floor(firstSlot + random.next() * slots), 0),
    )
    return { ...arm, clientErrors: { requests, marks: [...new Set(marks)] } }
  }
  return (second, at) => {
    const tick = traffic(second, at)
    const edge = canarySlotCount(at.percentage)
    return {
      ...tick,
      canary: away(tick.canary, shares.canary, 0, edge),
      control: away(tick.control, shares.control, edge, VISITOR_SLOTS - edge),
    }
  }
}

/** Control has no visitors from a second on. */
export function silenced(fromS: number, traffic: Ticker): Ticker {
  return (second, at) => {
    const tick = traffic(second, at)
    return second > fromS ? { ...tick, control: EMPTY_ARM } : tick
  }
}
