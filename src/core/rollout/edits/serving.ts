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
  const shares = sharesOf(side, key, flag)
  for (const [index, { serve, when, bucketing }] of flag.rules.entries()) {
    const share = shares[index] ?? 0
    if (share === 0) continue
    const weights: [string, number][] = typeof serve === 'string' ? [[serve, 1]] : Object.entries(serve)
    for (const [variant, weight] of weights) if (weight > 0) served.add(variant)
    if (when.length === 0 && share >= 100 && bucketing === undefined && flag.requires.length === 0)
      return served
  }
  return served.add(flag.off)
}

/** The share of visitors that each rule takes in, in percent. */
function sharesOf(side: ReachSide, key: string, flag: FlagConfig): number[] {
  const at = dealingRule(flag)
  return flag.rules.map(({ percentage = 100 }, index) => (index === at ? shareNow(side, key) : percentage))
}

/** Variants asked about. `has`: whether a variant is one of them; `flag`: the one that defines it. `id`: the same for the same. */
export type Asked = { id: string; has(variant: string, flag: FlagConfig): boolean }

/** What an edit may do to whom flags serve. Each question is answered once, however many flags require the one that it is about. */
export class ServingChange {
  readonly #sides: Sides
  readonly #answers = new Map<string, boolean>()

  constructor(sides: Sides) {
    this.#sides = sides
  }

  /**
   * Whether the edit may let a flag serve one of some variants to more visitors; false only where it provably doesn't.
   *
   * @example change.mayServeMore('dep', { id: 'on', has: (variant, { off }) => variant !== off })
   */
  mayServeMore(key: string, asked: Asked): boolean {
    const id = JSON.stringify([key, asked.id])
    const answer = this.#answers.get(id) ?? this.#serves(key, asked)
    this.#answers.set(id, answer)
    return answer
  }

  /** Keys of required flags by which the edit may let more visitors into a flag. */
  openedBy(key: string): string[] {
    const requires = configOf(this.#sides.after, key)?.requires ?? []
    return requires
      .filter((each) => this.mayServeMore(keyOf(each), meeting(each, true)))
      .map((each) => keyOf(each))
  }

  #serves(key: string, { has }: Asked): boolean {
    const { before, after } = this.#sides
    const [was, is] = [configOf(before, key), configOf(after, key)]
    if (was === undefined || is === undefined) return true
    if (isClosed(after, key)) return has(is.off, is) && !(isClosed(before, key) && has(was.off, was))
    if (isClosed(before, key))
      return !has(was.off, was) && [...servedBy(after, key)].some((each) => has(each, is))
    if (decidingText(was, before.document) !== decidingText(is, after.document)) return true
    const [shares, newShares] = [sharesOf(before, key, was), sharesOf(after, key, is)]
    const isMoreByRules = is.rules.some(({ serve }, index) => {
      const [from = 0, to = 0] = [shares[index], newShares[index]]
      if (from === to) return false
      const served = typeof serve === 'string' ? [serve] : Object.keys(serve)
      const lead = served.filter((variant) => has(variant, is)).length
      return (lead > 0 && to > from) || (lead < served.length && to < from)
    })
    // More visitors meet a requirement, or fewer.
    const isOff = has(is.off, is)
    return isMoreByRules || is.requires.some((each) => this.mayServeMore(keyOf(each), meeting(each, !isOff)))
  }
}

type Requirement = FlagConfig['requires'][number]

function keyOf(requirement: Requirement): string {
  return typeof requirement === 'string' ? requirement : requirement.flag
}

/** What a required flag must serve, or must not. */
function meeting(requirement: Requirement, meets: boolean): Asked {
  const { on = true, variants = undefined } = typeof requirement === 'string' ? {} : requirement
  const has: Asked['has'] = (variant, { off }) =>
    (on ? (variants?.includes(variant) ?? variant !== off) : variant === off) === meets
  return { id: JSON.stringify([on, variants, meets]), has }
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
