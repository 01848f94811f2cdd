/** What flags serve under a document and a control state, and whether an edit lets them serve something to more visitors. */
import type { Snapshot } from '../../config/compile/snapshot.ts'
import { type ControlState, INITIAL_FLAG_CONTROL, KILL_ALL } from '../../config/control.ts'
import type { FlagConfig, GateDocument } from '../../config/schema/document.ts'
import { dealingRule } from '../../config/split/dealing-rule.ts'
import { normalSources } from '../../config/split/normal-form.ts'
import { isAttempt } from '../../config/split/split.ts'
import { ownOf } from '../../json-object.ts'
import { shareOf } from './ladders.ts'

export type ReachSide = { document: GateDocument; snapshot: Snapshot; state: ControlState }
export type Sides = { before: ReachSide; after: ReachSide }

/** The share of visitors that a flag's rollout takes in, in percent. */
export function shareNow(side: ReachSide, flag: string): number {
  return shareOf(side, flag, side.state.flags[flag] ?? INITIAL_FLAG_CONTROL) ?? 0
}

/** Whether a flag serves its `off` to all: killed, rolled back or disabled. */
export function isClosed({ state, document }: ReachSide, flag: string): boolean {
  const isKilled = [...state.killed, ...state.kvKilled].some((key) => key === flag || key === KILL_ALL)
  return isKilled || state.flags[flag]?.rolledBack !== undefined || document.flags[flag]?.enabled === false
}

/** Whether a flag is a rollout, or was one that the state still names. */
export function isRollout(side: ReachSide, flag: string): boolean {
  const config = configOf(side, flag)
  return config !== undefined && (isAttempt(config) || side.state.flags[flag]?.split !== undefined)
}

/** Whether a flag is a rollout that some visitors are kept out of. */
export function holdsBack(side: ReachSide, flag: string): boolean {
  const config = configOf(side, flag)
  if (config === undefined || !isRollout(side, flag)) return false
  const at = dealingRule(config)
  const isForAll = at === 0 && config.rules[at]?.when.length === 0
  return !isForAll || isClosed(side, flag) || shareNow(side, flag) < 100
}

export function configOf({ document: { flags } }: ReachSide, key: string): FlagConfig | undefined {
  return ownOf(flags, key)
}

/** The variants that a flag may serve some visitor now; schedule and environments are taken to allow it. */
export function servedBy(side: ReachSide, key: string): Set<string> {
  const flag = configOf(side, key)
  if (flag === undefined) return new Set()
  if (isClosed(side, key)) return new Set([flag.off])
  const served = new Set<string>()
  for (const [index, { serve, when, bucketing }] of flag.rules.entries()) {
    const share = shareOfRule(side, key, index)
    if (share === 0) continue
    const weights: [string, number][] = typeof serve === 'string' ? [[serve, 1]] : Object.entries(serve)
    for (const [variant, weight] of weights) if (weight > 0) served.add(variant)
    if (when.length === 0 && share >= 100 && bucketing === undefined && flag.requires.length === 0)
      return served
  }
  return served.add(flag.off)
}

/** In percent. */
function shareOfRule(side: ReachSide, key: string, index: number): number {
  const flag = configOf(side, key)
  if (flag === undefined) return 0
  return index === dealingRule(flag) ? shareNow(side, key) : (flag.rules[index]?.percentage ?? 100)
}

/** Whether a variant is of those asked about. `flag`: the one that defines it. */
export type Asked = (variant: string, flag: FlagConfig) => boolean

/**
 * Whether an edit may let a flag serve one of some variants to more visitors; false only where it provably doesn't.
 *
 * @example mayServeMore('dep', (variant, { off }) => variant !== off, { before, after }) // on for more of them?
 */
export function mayServeMore(key: string, asked: Asked, sides: Sides): boolean {
  const { before, after } = sides
  const [was, is] = [configOf(before, key), configOf(after, key)]
  if (was === undefined || is === undefined) return true
  if (isClosed(after, key)) return asked(is.off, is) && !(isClosed(before, key) && asked(was.off, was))
  if (isClosed(before, key))
    return !asked(was.off, was) && [...servedBy(after, key)].some((each) => asked(each, is))
  if (decidingText(was, before.document) !== decidingText(is, after.document)) return true
  const isMoreByRules = is.rules.some(({ serve }, index) => {
    const [from, to] = [shareOfRule(before, key, index), shareOfRule(after, key, index)]
    const served = typeof serve === 'string' ? [serve] : Object.keys(serve)
    const lead = served.filter((variant) => asked(variant, is)).length
    return (lead > 0 && to > from) || (lead < served.length && to < from)
  })
  return isMoreByRules || is.requires.some((each) => opensBy(each, asked, is, sides))
}

type Requirement = FlagConfig['requires'][number]

/** Whether a requirement that more visitors meet, or fewer, lets a flag serve one of some variants to more of them. */
function opensBy(requirement: Requirement, asked: Asked, flag: FlagConfig, sides: Sides): boolean {
  const meets = meeting(requirement)
  const key = typeof requirement === 'string' ? requirement : requirement.flag
  if (asked(flag.off, flag)) return mayServeMore(key, (...each) => !meets(...each), sides)
  return mayServeMore(key, meets, sides)
}

/** What a required flag must serve. */
function meeting(requirement: Requirement): Asked {
  const { on = true, variants = undefined } = typeof requirement === 'string' ? {} : requirement
  if (!on) return (variant, { off }) => variant === off
  return (variant, { off }) => variants?.includes(variant) ?? variant !== off
}

/** Keys of required flags by which an edit may let more visitors into a flag. */
export function openedBy(key: string, sides: Sides): string[] {
  const requires = configOf(sides.after, key)?.requires ?? []
  return requires
    .map((each) => ({ each, name: typeof each === 'string' ? each : each.flag }))
    .filter(({ each, name }) => mayServeMore(name, meeting(each), sides))
    .map(({ name }) => name)
}

/** What decides whom a flag serves what, but for percentages. */
function decidingText(flag: FlagConfig, { context }: GateDocument): string {
  const { off, salt, environments, schedule, requires, rules } = flag
  const { targetingKey, attributes, jwt } = context
  const plain = rules.map(({ name: _, percentage: __, stages, ...rule }) => [rule, stages !== undefined])
  const asked = rules.flatMap(({ when }) => when.map(({ attribute }) => attributes[attribute]))
  return JSON.stringify([
    off,
    salt,
    environments,
    schedule,
    requires,
    plain,
    normalSources(targetingKey),
    asked,
    jwt,
  ])
}
