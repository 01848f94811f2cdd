/**
 * A flag that takes the place of one that ran: added again under its key, or under another name with its salt or its origins.
 * What it asks less than the flag before is asked for, however many publications lie between.
 */
import type { Snapshot } from '../../config/compile/snapshot.ts'
import { type ControlState, type FlagControl, INITIAL_FLAG_CONTROL } from '../../config/control.ts'
import type { GateDocument } from '../../config/schema/document.ts'
import { isAttempt } from '../../config/split/split.ts'
import { percentText } from '../../figures.ts'
import { ownOf } from '../../json-object.ts'
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
  return comers.flatMap((key) =>
    gone.filter((each) => takesPlace(key, after, each)).flatMap((each) => questions(key, after, each)),
  )
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

/** Whether a flag has the key, the salt or an origin of one that has left it. */
function takesPlace(key: string, after: ReachSide, { flag, side }: Gone): boolean {
  if (key === flag) return true
  const left = Object.hasOwn(after.document.flags, flag) ? canaryOrigins(after, flag) : undefined
  const saltOf = ({ document }: Loaded, name: string) => document.flags[name]?.salt ?? name
  if (left === undefined && saltOf(after, key) === saltOf(side, flag)) return true
  const origins = canaryOrigins(after, key)
  return [...canaryOrigins(side, flag)].some((origin) => origins.has(origin) && !left?.has(origin))
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
