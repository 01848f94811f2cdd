/** The verdict by what copies have shown (evidence.ts says why it can be believed), and the places where answers differ. */
import { grouped } from '../grouped.ts'
import {
  type FieldCounts,
  MOST_FIELDS_OF_ALL,
  MOST_FIELDS_OF_ROUTE,
  MOST_ROUTES,
  SAME_BETS,
  type ShadowSettings,
  type ShadowState,
} from './evidence.ts'
import {
  type GroupTally,
  isCarriedBy,
  isOfFew,
  leastWithoutTwo,
  type SeenBy,
  withoutTwoMost,
} from './without-two.ts'

const MOST_RECORDED = 5
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
