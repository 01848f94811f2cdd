/**
 * The verdict on shadow traffic: does the canary differ from control more often than control from itself?
 *
 * Each sampled request brings three answers: one of control's, and afterwards, at the same time, the canary's and a second
 * one of control's. A field in which just one of the two later answers differs from the first is a
 * discordant pair. If the canary is as control is, the two later answers can be exchanged, so a discordant pair falls on
 * either side with probability ½ (the argument of McNemar's test, 1947). Fields that always differ, such as timestamps,
 * differ in both and say nothing: noise is learned, not configured.
 *
 * **Different.** The null is P(canary's side) ≤ ½ for each discordant pair, given all before it. For a bet on p > ½ the
 * factor is 2p on the canary's side and 2(1 − p) on control's, whose mean under the null is at most 1; an average over
 * several p is an e-process (Ville's inequality then bounds the chance that it ever exceeds 1/α by α, at every look). Each
 * place (a field of a route, or of all routes together) has a fixed part of the capital, reserved for as many places as
 * can be, so hundreds of them share one α.
 *
 * **The same.** A sample counts 1 where the canary alone differs in a field that has been quiet so far, −1 where control
 * alone does, else 0. Quiet is decided by the samples before. Under the null that the mean excess is at least δ, the
 * factor 1 − λ(x − δ) has a mean of at most 1 (Waudby-Smith & Ramdas, "Estimating means of bounded random variables by
 * betting", 2024); wealth of 1/β shows that the excess is below δ.
 */
import { grouped } from '../grouped.ts'
import type { Comparison } from './compare.ts'
import {
  type GroupTally,
  isCarriedBy,
  isOfFew,
  leastWithoutTwo,
  type SeenBy,
  seenBy,
  type Tallies,
  tallied,
  withoutTwoMost,
} from './without-two.ts'

export type ShadowSettings = {
  /** Chance of a false alarm, over the whole stage and all routes and fields. */
  alpha: number
  /** Chance that a canary with an excess of δ passes. */
  beta: number
  /** Excess of requests that differ which is not worth holding a release back, 0–1. */
  delta: number
}

export const SHADOW_DEFAULTS: ShadowSettings = { alpha: 0.01, beta: 0.05, delta: 0.02 }

/** Discordant pairs of one field. */
export type FieldCounts = { canaryOnly: number; controlOnly: number; both: number }
/** `seen`: the canary's by group of networks, as far as networks are known. */
type Counted = Readonly<Record<string, FieldCounts & { seen?: SeenBy }>>
export type RouteCounts = { samples: number; fields: Counted }

export type ShadowState = {
  samples: number
  /** Samples in which the canary alone, or control alone, differs in a quiet field. */
  excess: { canary: number; control: number }
  byRoute: Readonly<Record<string, RouteCounts>>
  /** Fields over all routes. */
  ofAll: Counted
  /** Natural logarithm of the wealth of each bet on "the same". */
  sameLogWealth: readonly number[]
  /** By group of networks; undefined while none is known. */
  byGroup?: Tallies | undefined
}

export const NO_SHADOW: ShadowState = {
  samples: 0,
  excess: { canary: 0, control: 0 },
  byRoute: {},
  ofAll: {},
  sameLogWealth: [],
}

const MOST_ROUTES = 128
const MOST_FIELDS_OF_ROUTE = 64
const MOST_FIELDS_OF_ALL = 512
const MOST_RECORDED = 5
/** The route of those beyond. */
export const OTHER_ROUTES = '(other routes)'
/** The row of a field over all routes. */
export const EVERY_ROUTE = '(all routes)'
/** Errors are looked for first: the status over all routes has a fifth of the capital by itself. */
const SHARE_OF_STATUS = 0.2
/** What other fields over all routes have together; the rest is for fields of a route. */
const SHARE_OF_EVERY_ROUTE = 0.4
const PART_OF_FIELD = SHARE_OF_EVERY_ROUTE / MOST_FIELDS_OF_ALL
const PART_OF_ROUTE_FIELD =
  (1 - SHARE_OF_STATUS - SHARE_OF_EVERY_ROUTE) / (MOST_ROUTES * MOST_FIELDS_OF_ROUTE)

const DIFFERENT_BETS = [0.6, 0.75, 0.9, 0.98]
const SAME_BETS = [0.1, 0.3, 0.5, 0.7, 0.9]
/** A field is quiet while control has disagreed with itself in at most this share of samples. */
const QUIET_SHARE = 0.05
/** A first disagreement proves no noise. */
const QUIET_SLACK = 1

/** State after one more sample, of a group of networks (0: of no network). */
export function stepShadow(
  state: ShadowState,
  comparison: Comparison & { group?: number | undefined },
  { delta }: ShadowSettings,
): ShadowState {
  const name = routeIn(state, comparison.route)
  const route = Object.hasOwn(state.byRoute, name) ? state.byRoute[name] : undefined
  const isQuiet = (field: string) => isQuietField(route, field)
  const canary = comparison.canaryOnly.some(isQuiet)
  const control = comparison.controlOnly.some(isQuiet)
  const x = Number(canary) - Number(control)
  const byGroup = tallied(state.byGroup, comparison.group ?? 0, x)
  return {
    samples: state.samples + 1,
    excess: { canary: state.excess.canary + Number(canary), control: state.excess.control + Number(control) },
    byRoute: {
      ...state.byRoute,
      [name]: {
        samples: (route?.samples ?? 0) + 1,
        fields: counted(route?.fields ?? {}, comparison, MOST_FIELDS_OF_ROUTE),
      },
    },
    ofAll: counted(state.ofAll, comparison, MOST_FIELDS_OF_ALL),
    sameLogWealth: SAME_BETS.map(
      (lambda, k) => (state.sameLogWealth[k] ?? 0) + Math.log1p(-lambda * (x - delta)),
    ),
    ...(byGroup && { byGroup }),
  }
}

function routeIn({ byRoute }: ShadowState, route: string): string {
  const isKnown = Object.hasOwn(byRoute, route)
  return isKnown || Object.keys(byRoute).length < MOST_ROUTES - 1 ? route : OTHER_ROUTES
}

function isQuietField(route: RouteCounts | undefined, field: string): boolean {
  if (route === undefined || !Object.hasOwn(route.fields, field)) return true
  const { controlOnly, both } = route.fields[field] as FieldCounts
  return controlOnly + both <= QUIET_SHARE * route.samples + QUIET_SLACK
}

const NONE: FieldCounts = { canaryOnly: 0, controlOnly: 0, both: 0 }
const SIDES = ['canaryOnly', 'controlOnly', 'both'] as const

/** With one more comparison. Fields beyond the limit are not looked at: the first ones are known before they differ. */
function counted(
  fields: Counted,
  comparison: Comparison & { group?: number | undefined },
  most: number,
): Counted {
  const sums: Record<string, Counted[string]> = { ...fields }
  let size = Object.keys(sums).length
  for (const side of SIDES)
    for (const field of comparison[side]) {
      const known = Object.hasOwn(sums, field) ? sums[field] : undefined
      if (known === undefined && size >= most) continue
      if (known === undefined) size++
      const seen = side === 'canaryOnly' ? seenBy(known?.seen, comparison.group ?? 0) : known?.seen
      sums[field] = { ...NONE, ...known, [side]: (known?.[side] ?? 0) + 1, ...(seen && { seen }) }
    }
  return sums
}

/** A place where the canary differs, as far as is known. */
export type Finding = FieldCounts & {
  route: string
  field: string
  samples: number
  /** How much of the evidence that is needed there is; from 1 on it is enough. */
  strength: number
}

export type ShadowVerdict =
  /** `networks`: there is evidence, but it depends on one or two of them. */
  | { kind: 'collecting'; waitsFor?: 'networks' }
  /** Shown not to differ more often than control from itself, by more than δ. */
  | { kind: 'same' }
  | { kind: 'different'; findings: readonly Finding[] }

/** The verdict by all samples so far. What is different is named, the strongest first. */
export function shadowVerdict(state: ShadowState, settings: ShadowSettings): ShadowVerdict {
  const rated = ratedOf(state, settings)
  const findings = rated.map(({ finding }) => finding)
  const certain = findings.filter(({ strength }) => strength >= 1)
  const certainOfAll = new Set(certain.filter(({ route }) => route === EVERY_ROUTE).map(({ field }) => field))
  // What is certain of all routes together is named by the routes where it shows.
  const named = findings.filter(
    ({ route, field, strength, canaryOnly, controlOnly }) =>
      route !== EVERY_ROUTE && (strength >= 1 || (certainOfAll.has(field) && canaryOnly > 2 * controlOnly)),
  )
  if (certain.length > 0) return { kind: 'different', findings: named.length > 0 ? named : certain }
  const same = sameStrength(state, settings)
  if (same.whole >= 1 && isCarriedBy(same.rest, same.whole)) return { kind: 'same' }
  const waits = same.whole >= 1 || rated.some(({ isWaiting }) => isWaiting)
  return { kind: 'collecting', ...(waits && { waitsFor: 'networks' }) }
}

/** How much of the evidence there is that the answers are the same; also without any two groups of networks. */
function sameStrength({ sameLogWealth, byGroup }: ShadowState, { beta, delta }: ShadowSettings) {
  const strengthOf = (logs: readonly number[]) => logMeanExp(logs) / -Math.log(beta)
  const whole = strengthOf(sameLogWealth)
  if (byGroup === undefined || isOfFew(byGroup)) return { whole, rest: whole }
  const logsOf = ({ samples, up, down }: GroupTally) =>
    SAME_BETS.map(
      (lambda) =>
        up * Math.log1p(-lambda * (1 - delta)) +
        down * Math.log1p(lambda * (1 + delta)) +
        (samples - up - down) * Math.log1p(lambda * delta),
    )
  return { whole, rest: leastWithoutTwo(sameLogWealth, byGroup, logsOf, strengthOf) }
}

/** What a record keeps of it: counts, and the places that differ most. */
export function shadowSummary(state: ShadowState, settings: ShadowSettings) {
  const findings = placesOf(state, settings).slice(0, MOST_RECORDED)
  return { samples: state.samples, excess: state.excess, findings }
}

/**
 * The places in which the canary alone has differed, the strongest first: what one route shows alone isn't said of all
 * routes as well.
 */
export function placesOf(state: ShadowState, settings: ShadowSettings): Finding[] {
  const findings = findingsOf(state, settings)
  const byField = grouped(findings, ({ field }) => field)
  return findings.filter(
    ({ route, field, canaryOnly }) =>
      route !== EVERY_ROUTE ||
      !byField.get(field)?.some((other) => other.route !== EVERY_ROUTE && other.canaryOnly === canaryOnly),
  )
}

/** All places in which the canary alone has differed, each route's and all routes together. */
export function findingsOf(state: ShadowState, settings: ShadowSettings): Finding[] {
  return ratedOf(state, settings).map(({ finding }) => finding)
}

/** `isWaiting`: the evidence would do, but depends on one or two networks. */
type Rated = { finding: Finding; isWaiting: boolean }
type Place = Omit<Finding, 'strength'> & { seen?: SeenBy | undefined }

function ratedOf(state: ShadowState, { alpha }: ShadowSettings): Rated[] {
  const logNeeded = -Math.log(alpha)
  const ofRoutes = Object.entries(state.byRoute).flatMap(([route, { samples, fields }]) =>
    Object.entries(fields).map(([field, counts]) => ({ route, field, samples, ...counts })),
  )
  const ofAll = Object.entries(state.ofAll).map(([field, counts]) => ({
    route: EVERY_ROUTE,
    field,
    samples: state.samples,
    ...counts,
  }))
  const isFew = isOfFew(state.byGroup)
  const rated = [
    ...ofRoutes.map((each) => rate(each, logNeeded - Math.log(PART_OF_ROUTE_FIELD), isFew)),
    ...ofAll.map((each) => rate(each, logNeeded - Math.log(partOf(each.field)), isFew)),
  ]
  return rated
    .filter(({ finding }) => finding.canaryOnly > 0)
    .sort((a, b) => b.finding.strength - a.finding.strength)
}

function partOf(field: string): number {
  return field === 'status' ? SHARE_OF_STATUS : PART_OF_FIELD
}

/** What the others show is the evidence there is, where it depends on two groups. */
function rate({ seen, ...place }: Place, logNeeded: number, isFew: boolean): Rated {
  const { canaryOnly, controlOnly } = place
  const whole = differentLog(canaryOnly, controlOnly) / logNeeded
  if (isFew || seen === undefined) return { finding: { ...place, strength: whole }, isWaiting: false }
  // All of control's stay, which no choice of two groups can undercut.
  const rest = differentLog(withoutTwoMost(canaryOnly, seen), controlOnly) / logNeeded
  const isCarried = isCarriedBy(rest, whole)
  return {
    finding: { ...place, strength: isCarried ? whole : Math.min(whole, rest) },
    isWaiting: whole >= 1 && !isCarried,
  }
}

/** Natural logarithm of the wealth of the bets that a difference is the canary's. */
function differentLog(canaryOnly: number, controlOnly: number): number {
  return logMeanExp(
    DIFFERENT_BETS.map((p) => canaryOnly * Math.log(2 * p) + controlOnly * Math.log(2 * (1 - p))),
  )
}

function logMeanExp(logs: readonly number[]): number {
  if (logs.length === 0) return 0
  const most = Math.max(...logs)
  return most + Math.log(logs.reduce((sum, each) => sum + Math.exp(each - most), 0) / logs.length)
}
