/**
 * Whom a new document newly leads to an origin that a running rollout holds back: by a route, by another definition of an
 * origin, or by another flag. Sampled requests can't tell, since what is new was not asked yet.
 */
import type { FlagTarget, Origin, RouteTarget } from '../../config/compile/route-target.ts'
import { findRoute, type Snapshot } from '../../config/compile/snapshot.ts'
import { type ControlState, INITIAL_FLAG_CONTROL, KILL_ALL } from '../../config/control.ts'
import type { FlagConfig, GateDocument } from '../../config/schema/document.ts'
import { dealingRule } from '../../config/split/dealing-rule.ts'
import { isAttempt } from '../../config/split/split.ts'
import { percentText } from '../../figures.ts'
import { ladderOf, shareOf } from './ladders.ts'
import { type Place, placesOf } from './places.ts'

export type ReachSide = { document: GateDocument; snapshot: Snapshot; state: ControlState }

/** A way to an origin that a flag's rollout holds back. */
export type NewReach = { flag: string; text: string }

const MOST_TOLD = 5

/**
 * The ways by which visitors may newly reach what running rollouts hold back; empty where provably none do.
 *
 * @param after with the control state that the document would lead to
 */
export function newReach(before: ReachSide, after: ReachSide): NewReach[] {
  const held = heldOrigins(before, after)
  if (held.size === 0) return []
  const { places, isCut } = placesOf(before.document.routes, after.document.routes)
  const found = new Map<string, NewReach>()
  for (const place of places) {
    const [was, is] = [leadOf(before, place), leadOf(after, place)]
    for (const [origin, { flag, share }] of held) {
      if (!isNew(origin, was, is, { before, after })) continue
      const text = `${is.label}: visitors may newly reach ${is.names.get(origin) ?? origin}, which ${flag} holds back at ${percentText(share)}`
      found.set(text, { flag, text })
    }
  }
  const [first] = held.values()
  if (isCut && first !== undefined)
    return [{ flag: first.flag, text: 'too many routes change to tell whom they lead to a canary' }]
  const all = [...found.values()]
  const more = all.length - MOST_TOLD
  const rest = { flag: all[0]?.flag ?? '', text: `${more} more routes newly lead to what rollouts hold back` }
  return more > 0 ? [...all.slice(0, MOST_TOLD), rest] : all
}

type Holder = { flag: string; share: number }

/** Origins of canaries, each with the flag that lets the fewest visitors there. */
function heldOrigins(before: ReachSide, after: ReachSide): Map<string, Holder> {
  const holders = new Map<string, number | undefined>()
  const shareHeld = (flag: string) => {
    const config = before.document.flags[flag]
    if (!holders.has(flag))
      holders.set(flag, config && holdsBack(before, flag, config) ? shareNow(before, flag) : undefined)
    return holders.get(flag)
  }
  const held = new Map<string, Holder>()
  for (const side of [before, after]) {
    for (const { target } of side.snapshot.routes) {
      const share = target.kind === 'flag' ? shareHeld(target.flag.key) : undefined
      if (target.kind !== 'flag' || share === undefined) continue
      const flag = target.flag.key
      for (const origin of canaryOriginsOf(side, target))
        if (share <= (held.get(origin)?.share ?? 100)) held.set(origin, { flag, share })
    }
  }
  return held
}

function canaryOriginsOf(side: ReachSide, { flag, origins, stable }: FlagTarget): string[] {
  const served = (ladderOf(side, flag.key)?.serves ?? []).flatMap((variant) => origins.get(variant) ?? [])
  return served.filter((origin) => origin !== stable).map(idOf)
}

/** What a flag's canary is led to, by all of its routes. */
export function canaryOrigins(side: ReachSide, flag: string): Set<string> {
  const targets = side.snapshot.routes.flatMap(({ target }) =>
    target.kind === 'flag' && target.flag.key === flag ? [target] : [],
  )
  return new Set(targets.flatMap((target) => canaryOriginsOf(side, target)))
}

/** Whether a flag is a rollout that some visitors are kept out of. */
function holdsBack(side: ReachSide, flag: string, config: FlagConfig): boolean {
  if (!isAttempt(config) && side.state.flags[flag]?.split === undefined) return false
  const at = dealingRule(config)
  const isForAll = at === 0 && config.rules[at]?.when.length === 0
  return !isForAll || isClosed(side, flag) || shareNow(side, flag) < 100
}

/** The share of visitors that a flag's rollout takes in, in percent. */
export function shareNow(side: ReachSide, flag: string): number {
  return shareOf(side, flag, side.state.flags[flag] ?? INITIAL_FLAG_CONTROL) ?? 0
}

/** Whether a flag serves its `off` to all: killed, rolled back or disabled. */
export function isClosed({ state, document }: ReachSide, flag: string): boolean {
  const isKilled = [...state.killed, ...state.kvKilled].some((key) => key === flag || key === KILL_ALL)
  return isKilled || state.flags[flag]?.rolledBack !== undefined || document.flags[flag]?.enabled === false
}

/** What an origin is reached by: its name makes it no other one. */
function idOf({ url, access }: Origin): string {
  const place = url.replace(/^https?:\/\/[^/]*/, (host) => host.toLowerCase().replace(/:(?:80|443)$/, ''))
  return `${place.replace(/\/+$/, '')} ${access?.binding ?? ''}`
}

/** Where a request is led. `variants`: of its flag, each with the origin that it leads to; without a flag, one. */
type Lead = {
  label: string
  flag: string | undefined
  /** Those that visitors may get now. */
  variants: ReadonlyMap<string, string>
  names: ReadonlyMap<string, string>
}

function leadOf(side: ReachSide, place: Place): Lead {
  const route = findRoute(side.snapshot, place)
  const target: RouteTarget = route?.target ?? side.snapshot.unrouted
  const label = route?.label ?? 'requests without a route'
  if (target.kind === 'origin') {
    const id = idOf(target.origin)
    return { label, flag: undefined, variants: new Map([['', id]]), names: nameOf([target.origin]) }
  }
  const { key } = target.flag
  const served = servedBy(side, key)
  const variants = new Map(
    [...target.origins]
      .filter(([variant]) => served.has(variant))
      .map(([name, origin]) => [name, idOf(origin)]),
  )
  return { label, flag: key, variants, names: nameOf([...target.origins.values()]) }
}

function nameOf(origins: readonly Origin[]): Map<string, string> {
  return new Map(origins.map((origin) => [idOf(origin), `origin ${origin.name}`]))
}

/** The variants that a flag may serve some visitor now; schedule and environments are taken to allow it. */
function servedBy(side: ReachSide, key: string): Set<string> {
  const flag = side.document.flags[key]
  if (flag === undefined) return new Set()
  if (isClosed(side, key)) return new Set([flag.off])
  const served = new Set<string>()
  const dealing = dealingRule(flag)
  for (const [index, { serve, when, percentage, bucketing }] of flag.rules.entries()) {
    const share = index === dealing ? shareNow(side, key) : (percentage ?? 100)
    if (share === 0) continue
    const weights: [string, number][] = typeof serve === 'string' ? [[serve, 1]] : Object.entries(serve)
    for (const [variant, weight] of weights) if (weight > 0) served.add(variant)
    if (when.length === 0 && share >= 100 && bucketing === undefined && flag.requires.length === 0)
      return served
  }
  return served.add(flag.off)
}

type Sides = { before: ReachSide; after: ReachSide }

/** Whether a request may reach an origin by a visitor's chance that it didn't have before. */
function isNew(origin: string, was: Lead, is: Lead, sides: Sides): boolean {
  const leads = (lead: Lead) =>
    [...lead.variants].filter(([, id]) => id === origin).map(([variant]) => variant)
  const [from, to] = [leads(was), leads(is)]
  if (to.length === 0 || (from.length > 0 && from.length === was.variants.size)) return false
  if (from.length === 0 || is.flag === undefined || was.flag !== is.flag) return true
  if (to.some((variant) => was.variants.has(variant) && !from.includes(variant))) return true
  return mayAdmitMore(is.flag, to, sides)
}

/** Whether a flag that is no rollout may give more visitors one of these variants: those of rollouts are asked for apart. */
function mayAdmitMore(key: string, variants: readonly string[], { before, after }: Sides): boolean {
  const [was, is] = [before, after].map(({ document }) => document.flags[key])
  if (was === undefined || is === undefined) return true
  if (isAttempt(was) || isAttempt(is) || before.state.flags[key]?.split !== undefined) return false
  if (decidingText(was, before.document) !== decidingText(is, after.document)) return true
  return is.rules.some(({ serve, percentage = 100 }, index) => {
    const before = was.rules[index]?.percentage ?? 100
    const leads = typeof serve === 'string' ? variants.includes(serve) : true
    return leads ? percentage > before : percentage < before
  })
}

/** What decides whom a flag serves what, but for percentages. */
function decidingText(flag: FlagConfig, { context }: GateDocument): string {
  const { off, salt, environments, schedule, requires, rules } = flag
  const { targetingKey, attributes, jwt } = context
  const plain = rules.map(({ name: _, percentage: __, ...rule }) => rule)
  const asked = rules.flatMap(({ when }) => when.map(({ attribute }) => attributes[attribute]))
  return JSON.stringify([off, salt, environments, schedule, requires, plain, targetingKey, asked, jwt])
}
