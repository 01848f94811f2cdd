/**
 * An attacker who wants to close a healthy canary, freeze it, hide a bad one or push it up, with requests alone: any number
 * of visitors' ids, whose arms can be computed, from a few networks.
 */

import { binOf } from '../../../src/core/counters/histogram.ts'
import { failureMark } from '../../../src/core/counters/networks.ts'
import { MOST_ERRORED_SLOTS } from '../../../src/core/counters/slots.ts'
import { mergeVisitors, type VisitorMark } from '../../../src/core/counters/visitors.ts'
import {
  type ArmTick,
  canarySlotCount,
  type GuardTick,
  VISITOR_SLOTS,
} from '../../../src/core/guard/index.ts'
import type { Random } from '../../../test-kit/simulation/random.ts'
import { countsAt, type NetworkTable, networkHash } from './networks.ts'

/**
 * - `broken-url`: a page that answers 500 at both origins, by ids of the canary; `broken-url-control`: of control
 * - `canary-url`: a page that fails at the canary alone, by its ids; `slow-drip`: one of them a minute;
 *   `sleeper`: well-behaved in both arms for half of the time; `balanced`: with successes of both arms' ids beside
 * - `successes`, `control-successes`: pages that work, by ids of one arm
 * - `upgrades`: failures that can't be asked at control (WebSockets, uploads, forged reports), by ids of the canary;
 *   `control-upgrades`: by ids of control, with successes of the canary's
 * - `uploads`: requests of the canary that last a minute
 * - `reports`: forged durations of the canary's ids, and of control's
 * - `many-ids`: thousands of ids of the canary, each a page view; `page-views`: many page views of one id
 */
export type AttackKind =
  | 'broken-url'
  | 'broken-url-control'
  | 'canary-url'
  | 'slow-drip'
  | 'sleeper'
  | 'balanced'
  | 'successes'
  | 'control-successes'
  | 'upgrades'
  | 'control-upgrades'
  | 'uploads'
  | 'reports'
  | 'many-ids'
  | 'page-views'

export type Attack = {
  kind: AttackKind
  networks: number
  requestsPerSecond: number
  /** How long the scenario lasts. */
  seconds: number
}

type Did = {
  arm: 'canary' | 'control'
  count: number
  fails?: 'discordant' | 'shared' | 'unpaired'
  latencyMs?: number
  timingMs?: number
  journeys?: boolean
  oneVisitor?: boolean
}

/** What is sent in a second, as the kind says. */
function deeds({ kind, requestsPerSecond: rps, seconds }: Attack, second: number, share: number): Did[] {
  switch (kind) {
    case 'broken-url':
      return [{ arm: 'canary', count: rps, fails: 'shared' }]
    case 'broken-url-control':
      return [{ arm: 'control', count: rps, fails: 'shared' }]
    case 'canary-url':
      return [{ arm: 'canary', count: rps, fails: 'discordant' }]
    case 'slow-drip':
      return second % 60 === 0 ? [{ arm: 'canary', count: 1, fails: 'discordant' }] : []
    case 'sleeper':
      return second > seconds / 2
        ? [{ arm: 'canary', count: rps, fails: 'discordant' }]
        : [
            { arm: 'canary', count: rps * share },
            { arm: 'control', count: rps * (1 - share) },
          ]
    case 'balanced':
      return [
        { arm: 'canary', count: (rps * share) / 2, fails: 'discordant' },
        { arm: 'canary', count: (rps * share) / 2 },
        { arm: 'control', count: rps * (1 - share) },
      ]
    case 'successes':
      return [{ arm: 'canary', count: rps }]
    case 'control-successes':
      return [{ arm: 'control', count: rps }]
    case 'upgrades':
      return [{ arm: 'canary', count: rps, fails: 'unpaired' }]
    case 'control-upgrades':
      return [
        { arm: 'control', count: rps / 2, fails: 'unpaired' },
        { arm: 'canary', count: rps / 2 },
      ]
    case 'uploads':
      return [{ arm: 'canary', count: rps, latencyMs: 60_000 }]
    case 'reports':
      return [
        { arm: 'canary', count: rps / 2, timingMs: 20_000 },
        { arm: 'control', count: rps / 2, timingMs: 100 },
      ]
    case 'many-ids':
      return [{ arm: 'canary', count: rps, journeys: true }]
    case 'page-views':
      return [{ arm: 'canary', count: rps, journeys: true, oneVisitor: true }]
  }
}

/** A network that wastes questions is compared with no one: five in a minute, then a minute, doubling up to ten. */
const WASTED = 5
const LONGEST_PENALTY_S = 600

type Penalty = { wastedAtS: number[]; untilS: number; nextS: number }

/** Adds the enemy's requests to ticks, one second after the other. */
export function enemy(random: Random, attack: Attack): (tick: GuardTick, second: number) => GuardTick {
  const penalties = Array.from(
    { length: attack.networks },
    (): Penalty => ({ wastedAtS: [], untilS: 0, nextS: 60 }),
  )
  return (tick, second) => {
    const share = tick.percentage / 100
    const added = { canary: adder(random, tick.canary), control: adder(random, tick.control) }
    for (const deed of deeds(attack, second, share)) {
      for (let left = random.poisson(deed.count); left > 0; left--) {
        const index = random.below(attack.networks)
        const penalty = penalties[index] as Penalty
        if (second < penalty.untilS) continue
        if (deed.fails === 'shared') waste(penalty, second)
        const edge = canarySlotCount(tick.percentage)
        const first = deed.arm === 'canary' ? 0 : edge
        const slots = deed.arm === 'canary' ? edge : VISITOR_SLOTS - edge
        const slot = Math.floor(first + (deed.oneVisitor ? 0.5 : random.next()) * slots)
        added[deed.arm].add(deed, slot, networkHash(-1000 - index))
      }
    }
    return { ...tick, canary: added.canary.done(), control: added.control.done() }
  }
}

function waste(penalty: Penalty, second: number): void {
  penalty.wastedAtS = [...penalty.wastedAtS.filter((at) => at > second - 60), second]
  if (penalty.wastedAtS.length < WASTED) return
  penalty.wastedAtS = []
  penalty.untilS = second + penalty.nextS
  penalty.nextS = Math.min(LONGEST_PENALTY_S, penalty.nextS * 2)
}

type Adder = { add(deed: Did, slot: number, network: number): void; done(): ArmTick }

function adder(random: Random, arm: ArmTick): Adder {
  const table: NetworkTable = new Map(arm.networks.map((counts) => [counts.network, { ...counts }]))
  const made = {
    ...arm,
    latency: { ...arm.latency },
    timings: { ...arm.timings },
    erroredSlots: [...arm.erroredSlots],
    pairing: {
      ...arm.pairing,
      discordant: [...arm.pairing.discordant],
      unpaired: [...arm.pairing.unpaired],
    },
    visitors: [...arm.visitors] as VisitorMark[],
  }
  const add = (deed: Did, slot: number, network: number): void => {
    const counts = countsAt(table, network)
    made.requests++
    counts.requests++
    if (deed.journeys) {
      made.journeys++
      counts.journeys++
    }
    if (deed.journeys)
      mergeVisitors(made.visitors, [[deed.oneVisitor ? 7 : Math.floor(random.next() * 2 ** 32), network]])
    if (deed.timingMs !== undefined) {
      const bin = binOf(deed.timingMs)
      made.timings[bin] = (made.timings[bin] ?? 0) + 1
      counts.timings = { ...counts.timings, [bin]: (counts.timings?.[bin] ?? 0) + 1 }
    }
    if (deed.fails === undefined) {
      const bin = binOf(deed.latencyMs ?? 80)
      made.latency[bin] = (made.latency[bin] ?? 0) + 1
      counts.latency = { ...counts.latency, [bin]: (counts.latency?.[bin] ?? 0) + 1 }
      return
    }
    made.errors++
    counts.errors++
    if (made.erroredSlots.length < MOST_ERRORED_SLOTS && !made.erroredSlots.includes(slot)) {
      made.erroredSlots.push(slot)
      counts.errored++
    }
    if (deed.fails === 'shared') made.pairing.sharedFailures++
    else made.pairing[deed.fails].push(failureMark(slot, network))
  }
  return { add, done: () => ({ ...made, networks: [...table.values()] }) }
}
