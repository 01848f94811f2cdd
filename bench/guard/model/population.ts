/** Traffic of real visitors: retries, people for whom nothing works, bots. Errors come in clusters. */

import { type ArmTick, canarySlotCount, VISITOR_SLOTS } from '../../../src/core/guard/index.ts'
import type { Source, Ticker } from '../../../test-kit/simulation/guard-traffic.ts'
import { distinct, failures, trafficTick } from '../../../test-kit/simulation/guard-traffic.ts'
import type { Random } from '../../../test-kit/simulation/random.ts'

export type ClusterKind = 'retries' | 'unlucky' | 'bots' | 'all'

const VISITORS = 5000
/** Each error is tried again this many times, within as many seconds. */
const RETRIES = 9
/** One in ten visitors has 100 times the error rate of the others. */
const UNLUCKY_SHARE = 0.1
const UNLUCKY_FACTOR = 100
/** Bots: each makes 1–3 requests/s; half of them fail always, the others never. */
const BOTS = 40

type Bot = { slot: number; perSecond: number; fails: boolean }
type Arm = { requests: number; errors: number; errored: number[] }

/**
 * Visitors of one site. `source.truth` gives the mean rates of first errors of both arms.
 *
 * @param kind which clusters there are
 */
export function population(random: Random, kind: ClusterKind, source: Source): Ticker {
  const visitors = Array.from({ length: VISITORS }, () => random.below(VISITOR_SLOTS))
  const bots = kind === 'bots' || kind === 'all' ? makeBots(random) : []
  const unlucky = kind === 'unlucky' || kind === 'all'
  const retries = new Map<number, number[]>()
  const shares = new Map<number, number>()

  /** Share of the visitors whose slots lie below the edge. */
  const shareBelow = (edge: number): number => {
    const known = shares.get(edge) ?? visitors.filter((slot) => slot < edge).length / VISITORS
    shares.set(edge, known)
    return known
  }

  /** Visitor who has an error; the first tenth of the list is unlucky. */
  const victim = (): number => {
    const few = UNLUCKY_SHARE * UNLUCKY_FACTOR
    const many = 1 - UNLUCKY_SHARE
    const first = VISITORS * UNLUCKY_SHARE
    if (!unlucky) return visitors[random.below(VISITORS)] ?? 0
    if (random.next() < few / (few + many)) return visitors[random.below(first)] ?? 0
    return visitors[first + random.below(VISITORS - first)] ?? 0
  }

  /** The error of a visitor, now and, where visitors retry, in the seconds after. */
  const fail = (second: number, slot: number, hit: (slot: number) => void): void => {
    hit(slot)
    if (kind !== 'retries' && kind !== 'all') return
    for (let k = 1; k <= RETRIES; k++) {
      const at = second + 1 + random.below(RETRIES)
      const list = retries.get(at) ?? []
      list.push(slot)
      retries.set(at, list)
    }
  }

  return (second, at) => {
    const { canaryRate, controlRate } = source.truth(second)
    const edge = canarySlotCount(at.percentage)
    const base = trafficTick(random, source, second, at)
    const canary: Arm = {
      requests: random.poisson(source.requestsPerSecond * shareBelow(edge)),
      errors: 0,
      errored: [],
    }
    const control: Arm = { requests: source.requestsPerSecond - canary.requests, errors: 0, errored: [] }
    const hit = (slot: number) => {
      const arm = slot < edge ? canary : control
      arm.errors++
      arm.errored.push(slot)
    }
    // Errors are drawn for the whole site at the higher rate and kept with the arm's share of it.
    const highest = Math.max(canaryRate, controlRate)
    for (let left = random.poisson(source.requestsPerSecond * highest); left > 0; left--) {
      const slot = victim()
      const rate = slot < edge ? canaryRate : controlRate
      if (random.next() * highest < rate) fail(second, slot, hit)
    }
    for (const slot of retries.get(second) ?? []) {
      hit(slot)
      const arm = slot < edge ? canary : control
      arm.requests++
    }
    retries.delete(second)
    for (const bot of bots) visit(random, bot, bot.slot < edge ? canary : control)
    return {
      ...base,
      canary: { ...base.canary, ...tickOf(canary) },
      control: { ...base.control, ...tickOf(control) },
    }
  }
}

function makeBots(random: Random): Bot[] {
  return Array.from({ length: BOTS }, (_, k) => ({
    slot: random.below(VISITOR_SLOTS),
    perSecond: 1 + 2 * random.next(),
    fails: k % 2 === 0,
  }))
}

function visit(random: Random, bot: Bot, arm: Arm): void {
  const requests = random.poisson(bot.perSecond)
  arm.requests += requests
  if (!bot.fails || requests === 0) return
  arm.errors += requests
  arm.errored.push(bot.slot)
}

function tickOf(arm: Arm): Partial<ArmTick> {
  return { requests: arm.requests, errors: arm.errors, ...failures(distinct(arm.errored)) }
}
