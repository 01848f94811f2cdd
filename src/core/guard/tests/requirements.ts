/**
 * What a stage asks for besides the tests (`require`): plain limits on its own counts of the canary, as people write success
 * criteria down. No test says how sure they are, so they only hold a stage, and close nothing.
 *
 * From three networks on, each limit is judged twice: without the two groups of networks that have most requests, who
 * could dilute a failing canary, and without the two with most of what counts, who could hold a healthy one.
 */

import type { Histogram } from '../../counters/histogram.ts'
import { groupOf } from '../../counters/networks.ts'
import { MOST_VISITORS } from '../../counters/visitors.ts'
import { countText, rateText } from '../../figures.ts'
import type { GuardSettings, StageRequirements } from '../evidence/settings.ts'
import type { GuardTick, Requirement } from '../evidence/types.ts'
import {
  addByGroup,
  type ByGroup,
  marksByGroup,
  noneByGroup,
  type Regime,
  spread,
  sumOf,
} from '../networks/groups.ts'
import { slowerThan } from './ceilings.ts'
import type { VisitorState } from './visitors.ts'

/** The canary's counts of the stage by group of networks. */
export type RequiredState = {
  requests: ByGroup
  errors: ByGroup
  timed: ByGroup
  slow: ByGroup
  answers: Readonly<Record<string, ByGroup>>
}

export const NOTHING_REQUIRED: RequiredState = {
  requests: noneByGroup(),
  errors: noneByGroup(),
  timed: noneByGroup(),
  slow: noneByGroup(),
  answers: {},
}

/** A p95 is above a limit when more requests than these are. */
const P95_SHARE = 0.05

/** State after a tick; the same one where the stage asks for nothing. */
export function stepRequired(
  { require }: GuardSettings,
  state: RequiredState,
  { canary }: GuardTick,
): RequiredState {
  if (require === undefined) return state
  const limitMs = require.maxP95Ms ?? Number.POSITIVE_INFINITY
  const slow = slowerThan(canary.latency, limitMs)
  const slowOf = (latency: Histogram = {}) => slowerThan(latency, limitMs)
  const answers = Object.fromEntries(
    require.answers.map(({ id }) => {
      const { requests = 0, marks = [] } = canary.watched?.[id] ?? {}
      const by = marksByGroup(marks)
      const known = sumOf(by)
      // Each visitor has an equal part; those beyond the list are of no known network.
      const own = by.map((count, group) =>
        known > 0 ? (requests * count) / known : group === 0 ? requests : 0,
      )
      return [id, addByGroup(own, state.answers[id] ?? noneByGroup())]
    }),
  )
  return {
    requests: addByGroup(
      state.requests,
      spread(canary, canary.requests, ({ requests }) => requests),
    ),
    errors: addByGroup(
      state.errors,
      spread(canary, canary.errors, ({ errors }) => errors),
    ),
    timed: addByGroup(
      state.timed,
      spread(canary, slow.n, ({ latency }) => slowOf(latency).n),
    ),
    slow: addByGroup(
      state.slow,
      spread(canary, slow.bad, ({ latency }) => slowOf(latency).bad),
    ),
    answers,
  }
}

const WORDS = {
  visitors: (least: number) => `${countText(least)} visitors`,
  errorRate: (most: number) => `an error rate of at most ${rateText(most)}`,
  p95: (mostMs: number) => `a p95 of at most ${countText(mostMs)} ms`,
  answers: ({ id, max }: StageRequirements['answers'][number]) => `at most ${countText(max)} of ${id}`,
}

/** What a stage asks for, limit by limit. */
export function askedTexts({
  minVisitors,
  maxErrorRate,
  maxP95Ms,
  answers,
}: StageRequirements): readonly string[] {
  return [
    ...(minVisitors === null ? [] : [WORDS.visitors(minVisitors)]),
    ...(maxErrorRate === null ? [] : [WORDS.errorRate(maxErrorRate)]),
    ...(maxP95Ms === null ? [] : [WORDS.p95(maxP95Ms)]),
    ...answers.map(WORDS.answers),
  ]
}

/** Each limit of the stage: what it asks for, what there is, and whether it is kept. */
export function requirementsOf(
  { require }: GuardSettings,
  state: RequiredState,
  { visitors, regime }: { visitors: VisitorState; regime: Regime },
): readonly Requirement[] {
  if (require === undefined) return []
  return [
    ...visitorsOf(require, visitors, regime),
    ...rateOf(require.maxErrorRate, state.requests, state.errors, regime, (rate, bad, all) => ({
      text: WORDS.errorRate(require.maxErrorRate ?? 0),
      found: `${rateText(rate)} (${countText(bad)} of ${countText(all)})`,
    })),
    ...rateOf(require.maxP95Ms === null ? null : P95_SHARE, state.timed, state.slow, regime, (rate) => ({
      text: WORDS.p95(require.maxP95Ms ?? 0),
      found: `${rateText(rate)} of requests take longer`,
    })),
    ...require.answers.map((asked) => {
      const { id, max } = asked
      const by = state.answers[id] ?? noneByGroup()
      const [all, rest] = [sumOf(by), sumOf(without(by, by, regime))]
      return {
        text: WORDS.answers(asked),
        found: countText(Math.round(all)),
        met: rest <= max,
      }
    }),
  ]
}

function visitorsOf(
  { minVisitors }: StageRequirements,
  { canary }: VisitorState,
  regime: Regime,
): Requirement[] {
  if (minVisitors === null) return []
  const by = noneByGroup()
  for (const [, network] of canary) by[groupOf(network)] = (by[groupOf(network)] ?? 0) + 1
  const largest = canary.reduce((most, [hash]) => Math.max(most, hash), 0) / 2 ** 32
  // A full sketch holds the smallest hashes alone: as many as that part of all visitors.
  const part = canary.length < MOST_VISITORS || largest === 0 ? 1 : largest
  const seen = Math.floor(sumOf(without(by, by, regime)) / part)
  return [{ text: WORDS.visitors(minVisitors), found: countText(seen), met: seen >= minVisitors }]
}

function rateOf(
  most: number | null,
  requests: ByGroup,
  bad: ByGroup,
  regime: Regime,
  words: (rate: number, bad: number, all: number) => Pick<Requirement, 'text' | 'found'>,
): Requirement[] {
  if (most === null) return []
  const rate = (order: ByGroup) => {
    const all = sumOf(without(requests, order, regime))
    return all > 0 ? Math.min(1, sumOf(without(bad, order, regime)) / all) : 0
  }
  const met = rate(requests) <= most && rate(bad) <= most
  const [all, found] = [sumOf(requests), Math.min(sumOf(bad), sumOf(requests))]
  return [{ ...words(all > 0 ? found / all : 0, Math.round(found), Math.round(all)), met }]
}

/** Counts without the two groups that come first in an order; no network (0) is no group. */
function without(counts: ByGroup, order: ByGroup, regime: Regime): ByGroup {
  if (regime !== 'many') return counts
  const [first, second] = order
    .map((count, at) => ({ count, at }))
    .slice(1)
    .sort((a, b) => b.count - a.count)
  return counts.map((count, at) => (at === first?.at || at === second?.at ? 0 : count))
}
