/**
 * Detects a dead canary, in which most requests fail. The comparison counts each visitor's failure once and then lets
 * it rest, so visitors with earlier errors (most of them, after an hour on a site with a few errors) would be silent
 * when everything breaks; and where almost all visitors are canary, control is too small to compare with. So this test
 * counts failing visitors anew each second, and needs no control at the time.
 *
 * The null: in each second a visitor's answer is a failure with probability at most δ, twice what control's record up to
 * then says, at least 5 % and at most half. For a rate q > δ the likelihood ratio `(q/δ)^bad · ((1−q)/(1−δ))^good`
 * has an expectation of at most 1 for independent answers of any rate up to δ (it is linear in the rate, and 1 at δ), and δ
 * and the stakes depend on the past alone: the wealth is a test supermartingale (Grünwald et al., "Safe testing"). Its cap
 * only lowers it. alpha.ts has its part of α.
 *
 * That alone rolls nothing back. The canary must also have failed more than half of all answers since its run of failures
 * began, for at least five visitors, without the two that fail most, and control must be innocent: shown to be below that
 * in the same time, or, where it is all but silent, by its record. Shared failures, and those about which no one was
 * asked, are no answers here: an outage of both is no collapse of one. Visitors who are turned away (4xx) count like
 * failing ones. The claim must hold without any two groups of networks.
 */

import type { ArmTick } from '../../counters/ticks.ts'
import { ALPHA_SHARES, levelOf } from '../evidence/alpha.ts'
import { addCounts, type Counts, NO_COUNTS } from '../evidence/formula.ts'
import type { GuardSettings } from '../evidence/settings.ts'
import type { GuardTick } from '../evidence/types.ts'
import {
  type Bet,
  enteringWith,
  initialWealth,
  MOST_WEALTH,
  totalWealth,
  type Wealth,
} from '../evidence/wealth.ts'
import { failuresOf, inUse, marksByGroup, type Standing, spread, takingPart } from '../networks/groups.ts'
import { holdsWithoutTwo, leastOverPairs } from '../networks/without-two.ts'
import { turnedAway } from './client-errors.ts'

/** Share of the canary's answers, 0–1. */
const COLLAPSE_RATE = 0.5
/** Distinct failing visitor slots required: a few bots at night are no dead canary. */
const LEAST_SLOTS = 5
/** More make no difference. */
const MOST_SLOTS = 64
/** This many visitors who always fail, as some bots do, must not look like an outage. */
const FEW_VISITORS = 2
/** Rates that are bet on, as λ; most on a canary that answers nothing. */
export const COLLAPSE_BETS: readonly Bet[] = [
  { lambda: 0.6, weight: 0.15 },
  { lambda: 0.8, weight: 0.25 },
  { lambda: 0.99, weight: 0.6 },
]
const LEAST_NULL = 0.05
/** One failure of so many is added to the record. */
const PRIOR_ANSWERS = 20
/** From so many on, earlier answers weigh half. */
const RECORD_LENGTH = 2_000
/** With fewer answers control says nothing about the same time, and its record speaks for it. */
const LEAST_CONTROL = 20
const LEAST_RECORD = 20

export type CollapseState = {
  wealth: Wealth
  /** Of the canary's run of failures, which ends once it answers as often as it fails: counts by group of networks. */
  run: readonly Counts[]
  /** Canary mark → seconds with failures in the run. */
  marks: Readonly<Record<number, number>>
  /** Control's answers. */
  record: { n: number; bad: number }
}

export function initialCollapse(): CollapseState {
  return { wealth: initialWealth(COLLAPSE_BETS), run: [], marks: {}, record: { n: 0, bad: 0 } }
}

/** Whether the guard judges errors at all. */
function isJudged({ errors, ceilings }: GuardSettings): boolean {
  return errors.enabled || ceilings.errorRate !== null
}

/** The share of failures above which a canary is dead. */
function deadRate({ errors, ceilings }: GuardSettings): number {
  return errors.enabled ? COLLAPSE_RATE : Math.max(COLLAPSE_RATE, ceilings.errorRate ?? 0)
}

/** δ of the null, by control's record. */
export function nullRate({ n, bad }: CollapseState['record']): number {
  if (n < LEAST_RECORD) return COLLAPSE_RATE
  return Math.min(COLLAPSE_RATE, Math.max(LEAST_NULL, (2 * (bad + 1)) / (n + PRIOR_ANSWERS)))
}

/** State after one tick; `paid` = instalments so far. */
export function stepCollapse(
  settings: GuardSettings,
  state: CollapseState,
  { canary, control }: GuardTick,
  { standing, paid }: { standing: Standing; paid: number },
): CollapseState {
  if (!isJudged(settings)) return state
  const arms = {
    canary: answersOf(settings, canary, standing),
    control: answersOf(settings, control, standing),
  }
  const groups = arms.canary.n.map((canaryN, group) => ({
    canaryN,
    controlN: arms.control.n[group] ?? 0,
    canaryBad: arms.canary.bad[group] ?? 0,
    controlBad: arms.control.bad[group] ?? 0,
  }))
  const counts = sumOfGroups(groups)
  const run = groups.map((group, k) => addCounts(state.run[k] ?? NO_COUNTS, group))
  const { canaryN, canaryBad } = sumOfGroups(run)
  const isFailing = canaryBad > COLLAPSE_RATE * canaryN
  return {
    wealth: grown(settings, state, counts, paid),
    run: isFailing ? run : [],
    marks: isFailing ? noted(state.marks, arms.canary.marks) : {},
    record: recorded(state.record, counts),
  }
}

const sumOfGroups = (groups: readonly Counts[]): Counts => groups.reduce(addCounts, NO_COUNTS)

/** `ln` of the likelihood ratio of a rate against δ. */
export function logRatio({ canaryN, canaryBad }: Counts, rate: number, delta: number): number {
  const good = Math.max(0, canaryN - canaryBad)
  return canaryBad * Math.log(rate / delta) + good * Math.log((1 - rate) / (1 - delta))
}

/** The wealth after a tick; no second decides alone. */
function grown(
  settings: GuardSettings,
  { wealth, record }: CollapseState,
  counts: Counts,
  paid: number,
): Wealth {
  const entering = enteringWith(wealth, paid)
  const cap = (Math.log(levelOf('collapse', settings.alpha)) * 2) / 3
  const delta = nullRate(record)
  const parts = COLLAPSE_BETS.map(({ lambda, weight }, k) => {
    const log = Math.min(cap, logRatio(counts, lambda, delta))
    return Math.min(((wealth.parts[k] ?? 0) + entering * weight) * Math.exp(log), MOST_WEALTH)
  })
  return { cash: wealth.cash - entering, parts }
}

function recorded(
  { n, bad }: CollapseState['record'],
  { controlN, controlBad }: Counts,
): CollapseState['record'] {
  const kept = n > RECORD_LENGTH ? 0.5 : 1
  return { n: n * kept + controlN, bad: bad * kept + Math.min(controlN, controlBad) }
}

function noted(seconds: CollapseState['marks'], marks: readonly number[]): CollapseState['marks'] {
  if (marks.length === 0) return seconds
  const next: Record<number, number> = { ...seconds }
  let known = Object.keys(next).length
  for (const mark of marks) {
    if (next[mark] === undefined && known++ >= MOST_SLOTS) continue
    next[mark] = (next[mark] ?? 0) + 1
  }
  return next
}

/**
 * An arm's answers and failures in a tick by group, one failure per visitor: ten retries a second are one failure and
 * one request. The rate doesn't exceed that of the raw counts; it is 1 when everything fails. When a cell was full, the
 * raw counts.
 */
function answersOf(
  { clientErrors }: GuardSettings,
  arm: ArmTick,
  standing: Standing,
): { n: readonly number[]; bad: readonly number[]; marks: readonly number[] } {
  const { pairing, slotsCut } = arm
  const away = clientErrors.enabled && standing.regime !== 'few' ? arm.clientErrors.requests : 0
  const failed = Math.min(arm.requests, arm.errors + away)
  const marks = failingMarks(clientErrors, arm, standing)
  const bad = marksByGroup(marks)
  const most = failed - pairing.sharedFailures - pairing.unaskedFailures
  const missing = slotsCut ? most - bad.reduce((sum, count) => sum + count, 0) : 0
  if (missing > 0) bad[0] = (bad[0] ?? 0) + missing
  const requests = spread(arm, arm.requests, (network) => network.requests)
  const errors = spread(arm, failed, (network) =>
    Math.min(network.requests, network.errors + (away > 0 ? (network.clientErrors ?? 0) : 0)),
  )
  const n = requests.map((count, group) => Math.max(0, count - (errors[group] ?? 0)) + (bad[group] ?? 0))
  return { n: inUse(takingPart(n, standing), standing), bad, marks }
}

/** Visitors whom the arm failed or turned away. */
function failingMarks(
  { enabled }: GuardSettings['clientErrors'],
  arm: ArmTick,
  standing: Standing,
): readonly number[] {
  const { certain } = failuresOf(arm, standing)
  const away = enabled ? turnedAway(arm, standing) : []
  return away.length === 0 ? certain : [...new Set([...certain, ...away])]
}

/** Whether the canary fails most answers even without the visitors who fail most. */
function isWidespread({ run, marks }: CollapseState, rate: number): boolean {
  const heaviest = Object.values(marks)
    .sort((a, b) => b - a)
    .slice(0, FEW_VISITORS)
    .reduce((sum, seconds) => sum + seconds, 0)
  const { canaryN, canaryBad } = sumOfGroups(run)
  return canaryBad - heaviest > rate * (canaryN - heaviest)
}

/** Control, without the two groups of networks that fail most: they can't make an outage look shared. */
function isControlInnocent({ run, record }: CollapseState, rate: number): boolean {
  const [own = NO_COUNTS, ...others] = run
  const rest = others.toSorted((a, b) => b.controlBad - a.controlBad).slice(2)
  const { controlN, controlBad } = sumOfGroups([own, ...rest])
  const limit = rate * controlN
  if (controlN >= LEAST_CONTROL) return controlBad + 2 * Math.sqrt(limit) < limit
  return record.n >= LEAST_RECORD && record.bad < (rate * record.n) / 2 && controlBad <= limit
}

/** The p-value at which the canary is dead; undefined otherwise. */
export function collapsePValue(settings: GuardSettings, state: CollapseState): number | undefined {
  if (!isJudged(settings) || Object.keys(state.marks).length < LEAST_SLOTS) return undefined
  const rate = deadRate(settings)
  const wealth = totalWealth(state.wealth)
  const isDead = wealth >= levelOf('collapse', settings.alpha) && isWidespread(state, rate)
  return isDead && isControlInnocent(state, rate) ? 1 / (ALPHA_SHARES.collapse * wealth) : undefined
}

/** Whether a collapse doesn't depend on two groups of networks. */
export function isCollapseCarried(
  settings: GuardSettings,
  state: CollapseState,
  standing: Standing,
): boolean {
  if (standing.regime !== 'many') return true
  const delta = nullRate(state.record)
  const rest = leastOverPairs(state.run, standing, (counts) =>
    COLLAPSE_BETS.reduce(
      (sum, { lambda, weight }) => sum + weight * Math.exp(Math.min(200, logRatio(counts, lambda, delta))),
      0,
    ),
  )
  return holdsWithoutTwo(totalWealth(state.wealth), rest, levelOf('collapse', settings.alpha), standing)
}
