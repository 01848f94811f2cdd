/** A tick's requests and failures by group of networks, and who takes part in the comparison. */

import {
  groupOf,
  groupOfMark,
  NETWORK_GROUPS,
  type NetworkCounts,
  NO_NETWORK,
} from '../../counters/networks.ts'
import type { ArmTick } from '../../counters/ticks.ts'
import { cleanCount } from '../evidence/formula.ts'
import type { GuardTick } from '../evidence/types.ts'

/** One number per group; index 0 is no network. */
export type ByGroup = readonly number[]
/** Requests of both arms. */
export type Exposure = { canary: ByGroup; control: ByGroup }

export const GROUPS = NETWORK_GROUPS + 1
export const noneByGroup = (): number[] => new Array<number>(GROUPS).fill(0)

export type NetworkState = {
  /** Networks seen in the attempt, at most three: from then on a verdict can do without two of them. */
  seen: readonly number[]
  /** Groups that have been set aside in the attempt. */
  suspects: readonly number[]
  /** Requests of the stage. */
  stage: Exposure
}

export function initialNetworks(): NetworkState {
  return { seen: [], suspects: [], stage: { canary: noneByGroup(), control: noneByGroup() } }
}

/** A new stage has another split. */
export function enterStageOfNetworks({ seen, suspects }: NetworkState): NetworkState {
  return { ...initialNetworks(), seen, suspects }
}

/** The state after a tick. */
export function noteNetworks({ seen, suspects, stage }: NetworkState, tick: GuardTick): NetworkState {
  const next: NetworkState = {
    seen: seen.length < 3 ? seenWith(seen, tick) : seen,
    suspects,
    stage: {
      canary: addByGroup(stage.canary, requestsByGroup(tick.canary)),
      control: addByGroup(stage.control, requestsByGroup(tick.control)),
    },
  }
  const { aside } = standingOf(next, tick.percentage)
  const news = aside.flatMap((isAside, group) => (isAside && !suspects.includes(group) ? [group] : []))
  return news.length === 0 ? next : { ...next, suspects: [...suspects, ...news] }
}

function seenWith(seen: readonly number[], { canary, control }: GuardTick): readonly number[] {
  const known = new Set(seen)
  for (const { network, requests } of [...canary.networks, ...control.networks])
    if (network !== NO_NETWORK && Number.isInteger(network) && cleanCount(requests) > 0) known.add(network)
  return [...known].slice(0, 3)
}

/** An arm's requests by group. */
export function requestsByGroup(arm: ArmTick): ByGroup {
  return spread(arm, arm.requests, ({ requests }) => requests)
}

/** A count by group. What listed networks don't explain is spread evenly over the groups. */
export function spread(
  { networks }: ArmTick,
  all: number,
  count: (network: NetworkCounts) => number,
): ByGroup {
  const by = noneByGroup()
  if (networks.length === 0) {
    by[0] = all
    return by
  }
  let listed = 0
  for (const network of networks) {
    const own = cleanCount(count(network))
    const group = groupOf(network.network)
    by[group] = (by[group] ?? 0) + own
    listed += own
  }
  const each = Math.max(0, all - listed) / NETWORK_GROUPS
  return each === 0 ? by : by.map((own, group) => (group === 0 ? own : own + each))
}

/**
 * How far networks matter.
 *
 * - `none`: no network is known, as in development. Nothing depends on networks.
 * - `few`: one or two networks make nine tenths of the traffic, as in an office or behind a tunnel, and the others have sent
 *   too little in the stage to judge by. No one else can confirm what the two see, so only discordant failures count: a
 *   request can't make them on its own.
 * - `many`: a verdict must hold without any two groups of networks.
 */
export type Regime = 'none' | 'few' | 'many'

export type Standing = {
  regime: Regime
  /** Groups in use, at least 1. */
  groups: number
  /** Groups that take no part in the stage. */
  aside: readonly boolean[]
  /**
   * Groups that have been set aside in the attempt. What they sent before is still in the tests, so they are the first
   * to be left out, and what is left must reach a verdict's level by itself.
   */
  suspects: readonly number[]
}

const LEAST_OTHERS = 0.1
/**
 * Canary's requests of the others by which they can judge for themselves. An enemy who sends ten times the site's traffic
 * makes a crowd look like an office only until then.
 */
const ENOUGH_OTHERS = 200
/** A share of an arm's requests. Less of it can't dilute an arm by more than a third. */
const LARGE_SHARE = 0.25
const LOPSIDED = 4
const LEAST_REQUESTS = 30

/**
 * Depends on numbers of requests, never on outcomes, so the tests stay valid.
 *
 * @param percentage the canary's, 0–100
 */
export function standingOf({ seen, suspects, stage }: NetworkState, percentage: number): Standing {
  const isSplit = percentage > 0 && percentage < 100
  const aside = isSplit && seen.length === 3 ? asideOf(stage, percentage) : NO_GROUP
  const both = addByGroup(stage.canary, stage.control).map((count, group) => (aside[group] ? 0 : count))
  const all = sumOf(both)
  const [first = 0, second = 0] = both
    .map((_, group) => group)
    .slice(1)
    .sort((a, b) => (both[b] ?? 0) - (both[a] ?? 0))
  const othersOf = (counts: ByGroup) => sumOf(counts) - (counts[first] ?? 0) - (counts[second] ?? 0)
  const isFew =
    seen.length < 3 ||
    (othersOf(both) < LEAST_OTHERS * all && othersOf(takingPart(stage.canary, { aside })) < ENOUGH_OTHERS)
  return {
    regime: seen.length === 0 ? 'none' : isFew ? 'few' : 'many',
    groups: Math.max(1, both.filter((count) => count > 0).length),
    aside,
    suspects,
  }
}

const NO_GROUP: readonly boolean[] = new Array<boolean>(GROUPS).fill(false)

/**
 * Groups with a large share of one arm, and four times as much of it as the percentage lets expect from their requests
 * in the other. Ids are free and their arms can be computed, so anyone who wants to fill one arm picks them; the split
 * of honest visitors is drawn. Without this, one network that asks for pages that work would hide any failure of the
 * others.
 */
function asideOf({ canary, control }: Exposure, percentage: number): readonly boolean[] {
  const odds = percentage / (100 - percentage)
  const most = { canary: LARGE_SHARE * sumOf(canary), control: LARGE_SHARE * sumOf(control) }
  const fills = (own: number, mostOwn: number, expected: number) =>
    own >= LEAST_REQUESTS && own > mostOwn && own > LOPSIDED * expected
  const aside = canary.map((count, group) => {
    const other = control[group] ?? 0
    return group > 0 && (fills(count, most.canary, other * odds) || fills(other, most.control, count / odds))
  })
  return aside.includes(true) ? aside : NO_GROUP
}

export function addByGroup(a: ByGroup, b: ByGroup): ByGroup {
  return a.map((count, group) => count + (b[group] ?? 0))
}

export function sumOf(counts: ByGroup): number {
  let sum = 0
  for (const count of counts) sum += count
  return sum
}

/** Without the groups that take no part. */
export function takingPart(counts: ByGroup, { aside }: Pick<Standing, 'aside'>): ByGroup {
  return aside === NO_GROUP ? counts : counts.map((count, group) => (aside[group] ? 0 : count))
}

/** The first group alone while no network is known: the others are empty. */
export function inUse(counts: ByGroup, { regime }: Standing): ByGroup {
  return regime === 'none' ? counts.slice(0, 1) : counts
}

/** Failures that are evidence, and those about which no one was asked: marks. */
export type ArmFailures = { certain: readonly number[]; unasked: readonly number[] }

export function failuresOf({ pairing }: ArmTick, { regime, aside }: Standing): ArmFailures {
  const { discordant, unpaired, unasked } = pairing
  const certain = regime === 'few' || unpaired.length === 0 ? discordant : [...discordant, ...unpaired]
  if (aside === NO_GROUP) return { certain, unasked }
  const takesPart = (mark: number) => aside[groupOfMark(mark)] !== true
  return { certain: certain.filter(takesPart), unasked: unasked.filter(takesPart) }
}

/** How many marks each group has. */
export function marksByGroup(marks: readonly number[]): number[] {
  const by = noneByGroup()
  for (const mark of marks) {
    const group = groupOfMark(mark)
    by[group] = (by[group] ?? 0) + 1
  }
  return by
}
