/**
 * Whom a new document newly leads to an origin that a running rollout holds back: by a route, by another definition of an
 * origin, or by another flag. Sampled requests can't tell, since what is new was not asked yet.
 */
import type { FlagTarget, Origin, RouteTarget } from '../../config/compile/route-target.ts'
import { findRoute } from '../../config/compile/snapshot.ts'
import { percentText } from '../../figures.ts'
import { originPlace } from '../../origin-host.ts'
import { ladderOf } from './ladders.ts'
import { type Place, placesOf } from './places.ts'
import {
  holdsBack,
  isRollout,
  mayServeMore,
  type ReachSide,
  type Sides,
  servedBy,
  shareNow,
} from './serving.ts'

/** A way to an origin that a flag's rollout holds back. `by`: the flag that leads there. */
export type NewReach = { flag: string; text: string; by?: string | undefined }

const MOST_TOLD = 5

/**
 * The ways by which visitors may newly reach what running rollouts hold back; empty where provably none do.
 *
 * @param after with the control state that the document would lead to
 */
export function newReach(before: ReachSide, after: ReachSide): NewReach[] {
  const held = heldOrigins(before, after)
  if (held.length === 0) return []
  const { places, isCut } = placesOf(before.document.routes, after.document.routes)
  const found = new Map<string, NewReach>()
  for (const place of places) {
    const [was, is] = [leadOf(before, place), leadOf(after, place)]
    for (const each of held) {
      const origin = newlyLed(each, was, is, { before, after })
      if (origin === undefined) continue
      const text = `${is.label}: visitors may newly reach origin ${origin.name}, which ${each.flag} holds back at ${percentText(each.share)}`
      found.set(text, { flag: each.flag, text, by: is.flag })
    }
  }
  const [first] = held
  if (isCut && first !== undefined)
    return [{ flag: first.flag, text: 'too many routes change to tell whom they lead to a canary' }]
  const all = [...found.values()]
  const more = all.length - MOST_TOLD
  const rest = { flag: all[0]?.flag ?? '', text: `${more} more routes newly lead to what rollouts hold back` }
  return more > 0 ? [...all.slice(0, MOST_TOLD), rest] : all
}

/** What a canary is led to, the flag that lets the fewest visitors there, and their share in percent. */
type Held = Canary & { flag: string; share: number }

/** `place`: host and port, or binding, all of whose paths count. `spared`: the stable origin's URL, where it is of that place. */
type Canary = { place: string; spared: string | undefined }

function heldOrigins(before: ReachSide, after: ReachSide): Held[] {
  const shares = new Map<string, number | undefined>()
  const shareHeld = (flag: string) => {
    if (!shares.has(flag)) shares.set(flag, holdsBack(before, flag) ? shareNow(before, flag) : undefined)
    return shares.get(flag)
  }
  const held = new Map<string, Held>()
  for (const side of [before, after]) {
    for (const { target } of side.snapshot.routes) {
      const share = target.kind === 'flag' ? shareHeld(target.flag.key) : undefined
      if (target.kind !== 'flag' || share === undefined) continue
      for (const canary of canariesOf(side, target)) {
        const key = `${canary.place} ${canary.spared ?? ''}`
        if (share <= (held.get(key)?.share ?? 100)) held.set(key, { ...canary, flag: target.flag.key, share })
      }
    }
  }
  return [...held.values()]
}

function canariesOf(side: ReachSide, { flag, origins, stable }: FlagTarget): Canary[] {
  const served = (ladderOf(side, flag.key)?.serves ?? []).flatMap((variant) => origins.get(variant) ?? [])
  const [control, url] = [placeOf(stable), urlOf(stable)]
  return served
    .filter((origin) => origin !== stable)
    .map((origin) => ({ origin, place: placeOf(origin) }))
    .filter(({ origin, place }) => place !== control || urlOf(origin) !== url)
    .map(({ place }) => ({ place, spared: place === control ? url : undefined }))
}

/** The places that a flag's canary is led to, by all of its routes. */
export function canaryOrigins(side: ReachSide, flag: string): Set<string> {
  const targets = side.snapshot.routes.flatMap(({ target }) =>
    target.kind === 'flag' && target.flag.key === flag ? [target] : [],
  )
  return new Set(targets.flatMap((target) => canariesOf(side, target).map(({ place }) => place)))
}

/** Where an origin is: its name makes it no other one, nor does the spelling of its URL. */
function placeOf({ url, access }: Origin): string {
  return access?.binding === undefined ? originPlace(url) : `binding ${access.binding}`
}

/** Only for origins of one place. */
function urlOf({ url }: Origin): string {
  const path = url.replace(/^https?:\/\/[^/]*/i, '')
  return `${originPlace(url)}${path.replace(/(?<!\/)\/+$/, '')}`
}

function isThere({ place, spared }: Canary, origin: Origin): boolean {
  return placeOf(origin) === place && (spared === undefined || urlOf(origin) !== spared)
}

/** Where a request is led. `variants`: those of its flag that visitors may get now; without a flag, one. */
type Lead = {
  label: string
  flag: string | undefined
  off: string
  variants: ReadonlyMap<string, Origin>
}

function leadOf(side: ReachSide, place: Place): Lead {
  const route = findRoute(side.snapshot, place)
  const target: RouteTarget = route?.target ?? side.snapshot.unrouted
  const label = route?.label ?? 'requests without a route'
  if (target.kind === 'origin')
    return { label, flag: undefined, off: '', variants: new Map([['', target.origin]]) }
  const { key, off } = target.flag
  const served = servedBy(side, key)
  const variants = new Map([...target.origins].filter(([variant]) => served.has(variant)))
  return { label, flag: key, off, variants }
}

/** The origin of a held place to which a request may be led by a visitor's chance that it didn't have before. */
function newlyLed(held: Held, was: Lead, is: Lead, sides: Sides): Origin | undefined {
  const leads = ({ variants }: Lead) => [...variants].filter(([, origin]) => isThere(held, origin))
  const entries = leads(is)
  const [from, to] = [leads(was), entries].map((list) => list.map(([variant]) => variant))
  const isNew = from !== undefined && to !== undefined && isNewly({ from, to }, was, is, sides)
  return isNew ? entries[0]?.[1] : undefined
}

/** `from` and `to`: the variants that lead there before and after. */
type Ways = { from: readonly string[]; to: readonly string[] }

function isNewly({ from, to }: Ways, was: Lead, is: Lead, sides: Sides): boolean {
  if (to.length === 0 || (from.length > 0 && from.length === was.variants.size)) return false
  if (from.length === 0 || is.flag === undefined || was.flag !== is.flag) return true
  // What a flag serves to all whom its rules leave out, and to everybody once it is closed.
  if (to.includes(is.off) && !from.includes(was.off)) return true
  if (to.some((variant) => was.variants.has(variant) && !from.includes(variant))) return true
  // Of rollouts it is asked apart.
  if (isRollout(sides.before, is.flag) || isRollout(sides.after, is.flag)) return false
  return mayServeMore(is.flag, (variant) => to.includes(variant), sides)
}
