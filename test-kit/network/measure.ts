/** One simulated network: warm up, kill a flag, let everything arrive, and look at what it took. */

import { PACES, type Pace } from '../../src/core/counters/load/pace.ts'
import { percentile } from '../report/percentiles.ts'
import { seeded } from '../simulation/random.ts'
import { SimulatedClock } from './clock.ts'
import type { Fault } from './network.ts'
import { type MonthlyCost, monthlyCost } from './prices.ts'
import { World } from './world.ts'

/** `pace`: what the Controller asks for; default: that of a running rollout. */
export type Size = { requestsPerSecond: number; colos: number; isolates: number; pace?: Pace }

export type Outcome = Size & {
  fault: string
  objectRequestsPerSecond: number
  perMillion: number
  shards: number
  /** Requests/s to one object, the largest mean of ten seconds; `Ever`: the start and the kill included. */
  busiestShard: number
  busiestShardEver: number
  controller: number
  controllerEver: number
  killP50Ms: number
  killP99Ms: number
  killSlowestMs: number
  /** Of the requests that isolates counted, how many the Controller's books lack. Less than none: counted twice. */
  lost: number
  cost: MonthlyCost
}

/** Means of the last five seconds. */
export type AdaptationPoint = {
  second: number
  isolates: number
  shards: number
  busiestShard: number
  controller: number
}

export type Times = { warmUpMs: number; killMs: number; endMs: number }

/** Time for what is still on its way, the longest back-off included. */
const DRAIN_MS = 120_000
const FLAGS = 3
/** The Controller, each time it stores: the shards' numbers, and each flag. */
const ROWS_PER_SAVE = 1 + FLAGS
/** Of each flag two blocks of points in ten minutes; and the alarm. */
const OTHER_ROWS_PER_SECOND = (2 * FLAGS) / 600 + 1 / 9
/** What a call takes of an object that has to wait for nothing. */
const ACTIVE_MS_PER_CALL = 3

export function simulate(size: Size, times: Times, fault: Fault | undefined, name: string): Outcome {
  const clock = new SimulatedClock()
  const random = seeded('scale', size.requestsPerSecond)
  const world = new World(clock, { ...size, random, flags: FLAGS, ...(fault && { fault }) })
  const { warmUpMs, killMs, endMs } = times
  clock.runUntil(warmUpMs)
  const before = usageOf(world)
  clock.runUntil(killMs)
  const after = usageOf(world)
  const epoch = world.kill()
  clock.runUntil(endMs)
  world.drain()
  clock.runUntil(endMs + DRAIN_MS)
  const nodes = [...world.shards.values()]
  const busy = nodes.filter(({ calls }) => calls.total(warmUpMs, killMs) > 0)
  const perSecond = (calls: number) => (calls * 1_000) / (killMs - warmUpMs)
  const shardCalls = perSecond(busy.reduce((sum, { calls }) => sum + calls.total(warmUpMs, killMs), 0))
  const controllerCalls = perSecond(world.controllerCalls.total(warmUpMs, killMs))
  const delays = world.isolates.map((isolate) =>
    isolate.epoch >= epoch ? isolate.epochAtMs - killMs : Number.POSITIVE_INFINITY,
  )
  const busiest = (fromMs: number, toMs: number) =>
    Math.max(...nodes.map(({ calls }) => calls.busiest(fromMs, toMs)))
  const { saveMs } = size.pace ?? PACES.live
  /** Shards that are active while they take flushes. */
  const handling = (shardCalls * ACTIVE_MS_PER_CALL) / 1_000
  return {
    ...size,
    isolates: world.isolates.length,
    fault: name,
    objectRequestsPerSecond: shardCalls + controllerCalls,
    perMillion: ((shardCalls + controllerCalls) / size.requestsPerSecond) * 1e6,
    shards: busy.length,
    busiestShard: busiest(warmUpMs, killMs),
    busiestShardEver: busiest(0, endMs),
    controller: world.controllerCalls.busiest(warmUpMs, killMs),
    controllerEver: world.controllerCalls.busiest(0, endMs),
    killP50Ms: percentile(delays, 0.5),
    killP99Ms: percentile(delays, 0.99),
    killSlowestMs: delays.reduce((most, delay) => Math.max(most, delay), 0),
    lost: world.requests - world.countedRequests,
    cost: monthlyCost({
      requestsPerSecond: size.requestsPerSecond,
      objectRequestsPerSecond: shardCalls + controllerCalls,
      rowsWrittenPerSecond:
        perSecond(after.rows - before.rows) + (ROWS_PER_SAVE * 1_000) / saveMs + OTHER_ROWS_PER_SECOND,
      objects:
        after.held +
        Math.min(busy.length - after.held, perSecond(after.activeMs - before.activeMs) / 1_000 + handling) +
        Math.min(1, (controllerCalls * ACTIVE_MS_PER_CALL) / 1_000),
    }),
  }
}

/** What the shards have written, how many are always active, and how long the others were. */
function usageOf(world: World): { rows: number; held: number; activeMs: number } {
  const sum = { rows: 0, held: 0, activeMs: 0 }
  for (const node of world.shards.values()) {
    sum.rows += node.rows
    if (node.holds) sum.held++
    else sum.activeMs += node.activeMs
  }
  return sum
}

/** One colo, into which many more isolates come and go again: what shards there are, and what each is asked. */
export function adapt(size: Size, surge: { isolates: number; fromMs: number; toMs: number }, endMs: number) {
  const clock = new SimulatedClock()
  const random = seeded('surge', size.isolates)
  const world = new World(clock, { ...size, random, flags: FLAGS, surge })
  const points: AdaptationPoint[] = []
  for (let second = 1; second * 1_000 <= endMs; second++) {
    clock.runUntil(second * 1_000)
    const rates = [...world.shards.values()].map(({ calls }) => calls.mean(second - 5, second))
    points.push({
      second,
      isolates: world.isolates.filter((isolate) => isolate.servesAt(clock.nowMs)).length,
      shards: rates.filter((rate) => rate > 0).length,
      busiestShard: Math.max(0, ...rates),
      controller: world.controllerCalls.mean(second - 5, second),
    })
  }
  return points
}
