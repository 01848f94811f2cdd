/** What machines do to latencies, whatever they run: they start cold, and they stall. */

import { type Histogram, LAST_BIN } from '../../../src/core/counters/histogram.ts'
import type { ArmTick } from '../../../src/core/guard/index.ts'
import type { Ticker } from '../../../test-kit/simulation/guard-traffic.ts'
import type { Random } from '../../../test-kit/simulation/random.ts'

/** A stall: from when to when, in which period, on how many machines of each arm. */
export type Stalls = { everyS: number; lastsS: number; canaryMachines: number; controlMachines: number }

/** Two octaves: four times as slow. */
const STALLED_BINS = 16

/** Each machine stalls by its own clock; its requests are slow as long as it does. */
export function stalling(random: Random, stalls: Stalls, traffic: Ticker): Ticker {
  const phases = (machines: number) => Array.from({ length: machines }, () => random.next() * stalls.everyS)
  const canary = phases(stalls.canaryMachines)
  const control = phases(stalls.controlMachines)
  const share = (machines: readonly number[], second: number) =>
    machines.filter((phase) => (second + phase) % stalls.everyS < stalls.lastsS).length / machines.length
  return (second, at) => {
    const tick = traffic(second, at)
    return {
      ...tick,
      canary: stalled(random, tick.canary, share(canary, second)),
      control: stalled(random, tick.control, share(control, second)),
    }
  }
}

function stalled(random: Random, arm: ArmTick, share: number): ArmTick {
  if (share === 0) return arm
  const latency: Record<number, number> = {}
  const networks = arm.networks.map((network) => ({
    ...network,
    latency: moved(random, network.latency, share),
  }))
  for (const key in arm.latency) {
    const bin = Number(key)
    const count = arm.latency[bin] ?? 0
    const slow = random.binomial(count, share)
    const later = Math.min(LAST_BIN, bin + STALLED_BINS)
    latency[bin] = (latency[bin] ?? 0) + count - slow
    latency[later] = (latency[later] ?? 0) + slow
  }
  return { ...arm, latency, networks }
}

function moved(random: Random, latency: Histogram | undefined, share: number): Histogram | undefined {
  if (latency === undefined) return undefined
  const result: Record<number, number> = {}
  for (const key in latency) {
    const bin = Number(key)
    const count = latency[bin] ?? 0
    const slow = random.binomial(count, share)
    result[bin] = (result[bin] ?? 0) + count - slow
    result[bin + STALLED_BINS] = (result[bin + STALLED_BINS] ?? 0) + slow
  }
  return result
}
