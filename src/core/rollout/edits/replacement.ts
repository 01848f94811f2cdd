/**
 * A flag that takes the place of one that ran: added again under its key, or under another name with its salt or its origins.
 * What it asks less than the flag before is asked for, however many publications lie between.
 */
import type { Snapshot } from '../../config/compile/snapshot.ts'
import { type ControlState, type FlagControl, INITIAL_FLAG_CONTROL } from '../../config/control.ts'
import type { GateDocument } from '../../config/schema/document.ts'
import { isAttempt } from '../../config/split/split.ts'
import { percentText } from '../../figures.ts'
import { grouped } from '../../grouped.ts'
import { ownOf } from '../../json-object.ts'
import type { Lookup } from '../../lazy-map.ts'
import { compilePlan } from '../plan.ts'
import { weakenings } from './guard-weakening.ts'
import { canaryOrigins } from './reach.ts'
import { isClosed, type ReachSide, shareNow } from './serving.ts'
import { looserStages } from './stage-loosening.ts'

type Loaded = { document: GateDocument; snapshot: Snapshot }

/** A flag that ran and left: the last document that had it. */
export type Departed = { flag: string; loaded: Loaded }

export type Replaced = { flag: string; kind: 'guard' | 'raised' | 'stages' | 'reopened'; text: string }

/** Keys of flags that ran and that a document lacks; none where the next one has no flag whose place could be theirs. */
export function departedKeys(state: ControlState, before: GateDocument, next: GateDocument): string[] {
  const sides = [before, next].map((document) => ({ document, state }))
  const [was, is] = sides
  if (was === undefined || is === undefined || !Object.keys(next.flags).some((key) => comes(key, was, is)))
    return []
  return Object.keys(state.flags).filter((key) => !Object.hasOwn(before.flags, key) && ran(state.flags[key]))
}

function ran(control: FlagControl | undefined): boolean {
  return control?.split !== undefined || control?.lastSplit !== undefined
}

/** What flags that come, or become rollouts, ask less than those whose place they take. */
export function replacementQuestions(
  before: ReachSide,
  after: ReachSide,
  departed: readonly Departed[],
): Replaced[] {
  const comers = Object.keys(after.document.flags).filter((key) => comes(key, before, after))
  if (comers.length === 0) return []
  const gone = [
    ...departed.map(({ flag, loaded }) => ({
      flag,
      side: { ...loaded, state: before.state },
      since: 'earlier' as const,
    })),
    ...Object.keys(before.document.flags)
      .filter((key) => runs(before, key))
      .map((flag) => ({ flag, side: before, since: 'now' as const })),
  ]
  const places = new TakenPlaces(gone, before, after)
  const found: Replaced[] = []
  for (const [at, key] of comers.entries()) {
    for (const each of places.of(key)) found.push(...questions(key, after, each))
    // Each may take the place of many.
    if (places.steps > MOST_PLACES_TAKEN) return [...found, notCompared(key, comers.length - at - 1)]
  }
  return found
}

/** More flags that take the place of others are compared in no edit that a person makes. */
const MOST_PLACES_TAKEN = 10_000

/** What is not compared counts as if it let in more visitors. */
function notCompared(flag: string, more: number): Replaced {
  return { flag, kind: 'raised', text: `${more} more flags come, too many to tell whose place they take` }
}

/** `since`: it left by an earlier document, or by this one. */
type Gone = { flag: string; side: ReachSide; since: 'earlier' | 'now' }

type Known = Pick<ReachSide, 'document' | 'state'>

function runs({ document, state }: Known, key: string): boolean {
  const config = document.flags[key]
  return config !== undefined && (isAttempt(config) || ran(state.flags[key]))
}

function comes(key: string, before: Known, after: Known): boolean {
  const [was, is] = [before, after].map(({ document: { flags } }) => ownOf(flags, key))
  return is !== undefined && (was === undefined || (!runs(before, key) && isAttempt(is)))
}

/** Whose place flags take: those that have the key, the salt or an origin of one that has left it. */
class TakenPlaces {
  /** Flags found so far. */
  steps = 0
  readonly #gone: readonly Gone[]
  readonly #after: ReachSide
  readonly #origins: Lookup<ReadonlySet<string>>
  /** By what a flag that takes the place has, the numbers of those that are gone. */
  readonly #byKey: ReadonlyMap<string, number[]>
  readonly #bySalt: ReadonlyMap<string, number[]>
  readonly #byOrigin: ReadonlyMap<string, number[]>

  constructor(gone: readonly Gone[], before: ReachSide, after: ReachSide) {
    this.#gone = gone
    this.#after = after
    this.#origins = canaryOrigins(after)
    const originsNow = canaryOrigins(before)
    const having = (namesOf: (gone: Gone) => Iterable<string>) =>
      numbersBy(gone.flatMap((each, at) => Array.from(namesOf(each), (name) => ({ name, at }))))
    const leavesKey = ({ flag }: Gone) => !Object.hasOwn(after.document.flags, flag)
    this.#byKey = having(({ flag }) => [flag])
    this.#bySalt = having((each) => (leavesKey(each) ? [saltOf(each.side, each.flag)] : []))
    this.#byOrigin = having(({ flag, side, since }) => {
      const origins = (since === 'now' ? originsNow : canaryOrigins(side)).get(flag) ?? []
      return [...origins].filter((origin) => !this.#origins.get(flag)?.has(origin))
    })
  }

  of(key: string): Gone[] {
    const origins = [...(this.#origins.get(key) ?? [])]
    const found = [
      ...(this.#byKey.get(key) ?? []),
      ...(this.#bySalt.get(saltOf(this.#after, key)) ?? []),
      ...origins.flatMap((origin) => this.#byOrigin.get(origin) ?? []),
    ]
    this.steps += found.length
    return [...new Set(found)].sort((a, b) => a - b).flatMap((at) => this.#gone[at] ?? [])
  }
}

function numbersBy(named: readonly { name: string; at: number }[]): Map<string, number[]> {
  const groups = grouped(named, ({ name }) => name)
  return new Map([...groups].map(([name, each]) => [name, each.map(({ at }) => at)]))
}

function saltOf({ document }: Loaded, flag: string): string {
  return document.flags[flag]?.salt ?? flag
}

function questions(key: string, after: ReachSide, { flag, side, since }: Gone): Replaced[] {
  const [was, is] = [side.document.flags[flag], after.document.flags[key]]
  if (was === undefined || is === undefined) return []
  const place = key === flag ? `${key} ran before` : `${key} takes the place of ${flag}`
  const told = (kind: Replaced['kind'], text: string) => ({ flag: key, kind, text: `${place}: ${text}` })
  const guard = weakenings(was.guard, is.guard).map((text) => told('guard', text))
  if (isClosed(after, key)) return guard
  const from = shareNow(side, flag)
  const to = shareNow(after, key)
  const [stages = [], newStages = []] = [was, is].map((each) => compilePlan(key, each).stages)
  return [
    ...guard,
    ...looserStages(stages, newStages, Math.min(from, to)).map((text) => told('stages', text)),
    ...(to > from ? [told('raised', `goes from ${percentText(from)} to ${percentText(to)}`)] : []),
    ...(key !== flag && since === 'earlier' && isLatched(side, flag)
      ? [told('reopened', `${flag} is closed, and ${key} is open`)]
      : []),
  ]
}

function isLatched({ state }: ReachSide, flag: string): boolean {
  const { rolledBack } = state.flags[flag] ?? INITIAL_FLAG_CONTROL
  return rolledBack !== undefined || [...state.killed, ...state.kvKilled].includes(flag)
}
