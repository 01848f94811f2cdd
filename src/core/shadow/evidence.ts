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

import { ownOf } from '../json-object.ts'
import type { Comparison } from './compare.ts'
import { type SeenBy, seenBy, type Tallies, tallied } from './without-two.ts'

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

export const MOST_ROUTES = 128
export const MOST_FIELDS_OF_ROUTE = 64
export const MOST_FIELDS_OF_ALL = 512
/** The route of those beyond. */
export const OTHER_ROUTES = '(other routes)'

export const SAME_BETS = [0.1, 0.3, 0.5, 0.7, 0.9]
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
  const route = ownOf(state.byRoute, name)
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
      const known = ownOf(sums, field)
      if (known === undefined && size >= most) continue
      if (known === undefined) size++
      const seen = side === 'canaryOnly' ? seenBy(known?.seen, comparison.group ?? 0) : known?.seen
      sums[field] = { ...NONE, ...known, [side]: (known?.[side] ?? 0) + 1, ...(seen && { seen }) }
    }
  return sums
}
