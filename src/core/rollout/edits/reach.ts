/**
 * Whom a new document newly leads to an origin that a running rollout holds back: by a route, by another definition of an
 * origin, or by another flag. Sampled requests can't tell, since what is new was not asked yet.
 */
import type { FlagTarget, Origin, RouteTarget } from '../../config/compile/route-target.ts'
import { type CompiledRoute, findRoute, type Snapshot, watchedRoutes } from '../../config/compile/snapshot.ts'
import { percentText } from '../../figures.ts'
import { grouped } from '../../grouped.ts'
import { LazyMap, type Lookup } from '../../lazy-map.ts'
import { originPlace } from '../../origin-host.ts'
import { ladderOf } from './ladders.ts'
import { type Place, placesOf } from './places.ts'
import {
  holdsBack,
  isRollout,
  type ReachSide,
  type ServingChange,
  type Sides,
  servedBy,
  shareNow,
} from './serving.ts'

/** A way to an origin that a flag's rollout holds back. `by`: the flag that leads there. */
export type NewReach = { flag: string; text: string; by?: string | undefined }

const MOST_TOLD = 5
/** Routes and held origins looked at for all places together: less than half a second. */
const MOST_STEPS = 2_000_000

/**
 * The ways by which visitors may newly reach what running rollouts hold back; empty where provably none do.
 *
 * @param after with the control state that the document would lead to
 */
export function newReach(before: ReachSide, after: ReachSide, serving: ServingChange): NewReach[] {
  const held = heldOrigins(before, after)
  const [first] = held
  if (first === undefined) return []
  // What can't be compared at a bearable cost counts as if it led everybody there.
  const tooMany = [{ flag: first.flag, text: 'too many routes to tell whom they lead to a canary' }]
  const { places, isCut } = placesOf(before.document.routes, after.document.routes)
  if (isCut) return tooMany
  const found = new Map<string, NewReach>()
  const seen = new Map<Lead, Set<Lead>>()
  const [wasLed, isLed] = [new Leads(before), new Leads(after)]
  let steps = 0
  for (const place of places) {
    if (steps + wasLed.steps + isLed.steps > MOST_STEPS) return tooMany
    const [was, is] = [wasLed.of(place), isLed.of(place)]
    const others = seen.get(was) ?? new Set()
    if (others.has(is)) continue
    seen.set(was, others.add(is))
    steps += held.length * (was.variants.size + is.variants.size)
    for (const each of held) {
      const origin = newlyLed(each, was, is, { sides: { before, after }, serving })
      if (origin === undefined) continue
      const text = `${is.label}: visitors may newly reach origin ${origin.name}, which ${each.flag} holds back at ${percentText(each.share)}`
      found.set(text, { flag: each.flag, text, by: is.flag })
    }
  }
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
    for (const [flag, targets] of targetsByFlag(side)) {
      const share = shareHeld(flag)
      if (share === undefined) continue
      for (const canary of canariesOf(side, flag, targets)) {
        const key = `${canary.place} ${canary.spared ?? ''}`
        if (share <= (held.get(key)?.share ?? 100)) held.set(key, { ...canary, flag, share })
      }
    }
  }
  return [...held.values()]
}

function targetsByFlag({ snapshot }: ReachSide): Map<string, FlagTarget[]> {
  const targets = snapshot.routes.flatMap(({ target }) => (target.kind === 'flag' ? [target] : []))
  return grouped(targets, ({ flag }) => flag.key)
}

function canariesOf(side: ReachSide, flag: string, targets: readonly FlagTarget[]): Canary[] {
  const serves = ladderOf(side, flag)?.serves ?? []
  return targets.flatMap(({ origins, stable }) => {
    const [control, url] = [placeOf(stable), urlOf(stable)]
    return serves
      .flatMap((variant) => origins.get(variant) ?? [])
      .filter((origin) => origin !== stable)
      .map((origin) => ({ origin, place: placeOf(origin) }))
      .filter(({ origin, place }) => place !== control || urlOf(origin) !== url)
      .map(({ place }) => ({ place, spared: place === control ? url : undefined }))
  })
}

/** The places that the canary of each flag with routes is led to. */
export function canaryOrigins(side: ReachSide): Lookup<ReadonlySet<string>> {
  const targets = targetsByFlag(side)
  return new LazyMap(
    targets,
    (flag) => new Set(canariesOf(side, flag, targets.get(flag) ?? []).map(({ place }) => place)),
  )
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

/** Where requests are led by one document: each route has one lead. */
class Leads {
  /** Routes looked at. */
  steps = 0
  readonly #side: ReachSide
  readonly #routes: Pick<Snapshot, 'routes' | 'routeIndex'>
  readonly #known = new Map<CompiledRoute | undefined, Lead>()

  constructor(side: ReachSide) {
    this.#side = side
    this.#routes = watchedRoutes(side.snapshot, (looked) => {
      this.steps += looked
    })
  }

  of(place: Place): Lead {
    const route = findRoute(this.#routes, place)
    const lead = this.#known.get(route) ?? leadOf(this.#side, route)
    this.#known.set(route, lead)
    return lead
  }
}

function leadOf(side: ReachSide, route: CompiledRoute | undefined): Lead {
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
function newlyLed(held: Held, was: Lead, is: Lead, change: Change): Origin | undefined {
  const leads = ({ variants }: Lead) => [...variants].filter(([, origin]) => isThere(held, origin))
  const entries = leads(is)
  const [from, to] = [leads(was), entries].map((list) => list.map(([variant]) => variant))
  const isNew = from !== undefined && to !== undefined && isNewly({ from, to }, was, is, change)
  return isNew ? entries[0]?.[1] : undefined
}

/** `from` and `to`: the variants that lead there before and after. */
type Ways = { from: readonly string[]; to: readonly string[] }

type Change = { sides: Sides; serving: ServingChange }

function isNewly({ from, to }: Ways, was: Lead, is: Lead, { sides, serving }: Change): boolean {
  if (to.length === 0 || (from.length > 0 && from.length === was.variants.size)) return false
  if (from.length === 0 || is.flag === undefined || was.flag !== is.flag) return true
  // What a flag serves to all whom its rules leave out, and to everybody once it is closed.
  if (to.includes(is.off) && !from.includes(was.off)) return true
  if (to.some((variant) => was.variants.has(variant) && !from.includes(variant))) return true
  // Of rollouts it is asked apart.
  if (isRollout(sides.before, is.flag) || isRollout(sides.after, is.flag)) return false
  return serving.mayServeMore(is.flag, { id: JSON.stringify(to), has: (variant) => to.includes(variant) })
}
