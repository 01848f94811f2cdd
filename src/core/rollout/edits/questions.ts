/**
 * What a new document does that a person must confirm for this very change, whatever its impact by the sample is:
 * visitors dealt anew, a rollout that takes in more of them, a guard that watches less.
 */
import type { Snapshot } from '../../config/compile/snapshot.ts'
import type { ControlState } from '../../config/control.ts'
import { INITIAL_FLAG_CONTROL } from '../../config/control.ts'
import type { FlagConfig, GateDocument } from '../../config/schema/document.ts'
import { plainText } from '../../config/split/canonical.ts'
import { isAttempt } from '../../config/split/split.ts'
import { ruleThatServesOff } from '../../config/split/sunset.ts'
import { percentText } from '../../figures.ts'
import { ownOf } from '../../json-object.ts'
import { flagStatus } from '../commands.ts'
import { compilePlan } from '../plan.ts'
import { withSpelling } from './document-change.ts'
import { weakenings } from './guard-weakening.ts'
import { ladderOf, openShareOf, shareOf } from './ladders.ts'
import { looserRoutes } from './looser-routes.ts'
import { endedFreezes, looserTimes } from './looser-times.ts'
import { newReach } from './reach.ts'
import { type Departed, replacementQuestions } from './replacement.ts'
import { holdsBack, ServingChange, servedBy } from './serving.ts'
import { type SplitPart, splitDifference } from './split-difference.ts'
import { looserStages } from './stage-loosening.ts'

export type Question = {
  flag: string
  /** `closed`: of a flag that no visitor gets now, but would by `enable` or `unkill`, or whom `resume` would begin with. */
  kind: 'new-split' | 'raised' | 'admitted' | 'closed' | 'reach' | 'guard' | 'stages' | 'closing' | 'reopened'
  text: string
}

type Side = { document: GateDocument; snapshot: Snapshot; state: ControlState }

/**
 * The questions of a change.
 *
 * @param after with the control state that it would lead to
 * @param departed flags that ran and that the document before lacks
 */
export function questionsOf(before: Side, after: Side, departed: readonly Departed[] = []): Question[] {
  const serving = new ServingChange({ before, after })
  const routes = looserRoutes(before.document, after.document)
  const each = Object.keys(before.document.flags).flatMap((flag) => {
    const was = before.document.flags[flag]
    const is = ownOf(after.document.flags, flag)
    if (was === undefined || is === undefined) return []
    const { split, lastSplit } = controlOf(before, flag)
    const isHeld = (split ?? lastSplit) !== undefined
    if (!isAttempt(was) && !isAttempt(is) && !isHeld) return opensMore(flag, before, after)
    const found = { opened: () => serving.openedBy(flag), routes: routes.get(flag) ?? [] }
    return questionsOfFlag(flag, { was, is, ...found }, before, after)
  })
  const isMoved = movesVisitors(before.document, after.document)
  const reached = (isMoved ? newReach(before, after, serving) : []).map((each) => ({
    ...each,
    kind: 'reach' as const,
  }))
  return [...each, ...reopened(before, after), ...replacementQuestions(before, after, departed), ...reached]
}

/** A flag that is closed and goes, while others come: under a new name it would be open. */
function reopened(before: Side, after: Side): Question[] {
  const isIn = ({ document }: Side, flag: string) => Object.hasOwn(document.flags, flag)
  const added = Object.keys(after.document.flags).filter((flag) => !isIn(before, flag))
  if (added.length === 0) return []
  const { killed, kvKilled } = before.state
  return Object.keys(before.document.flags).flatMap((flag) => {
    if (isIn(after, flag)) return []
    const isKilled = [...killed, ...kvKilled].includes(flag)
    if (!isKilled && controlOf(before, flag).rolledBack === undefined) return []
    const what = isKilled ? 'killed' : 'rolled back'
    const text = `${flag} is ${what} and goes, ${added.join(', ')} comes and is open`
    return [{ flag, kind: 'reopened' as const, text }]
  })
}

/**
 * What a document allows more of all flags: "changes that move up to 100 % of visitors ask no one", an end of a freeze.
 *
 * @param nowMs ms since 1970
 */
export function looserLimits(was: GateDocument, is: GateDocument, nowMs: number): string[] {
  const [from, to] = [was, is].map(({ publishing }) => publishing.confirmAbovePercent)
  return [
    ...((to ?? 0) > (from ?? 0)
      ? [
          `publishing.confirmAbovePercent goes from ${from} to ${to}: changes that move fewer visitors ask no one`,
        ]
      : []),
    ...endedFreezes(was.freezes, is.freezes, nowMs),
  ]
}

type Definitions = { was: FlagConfig; is: FlagConfig }

/** What all flags are asked together. `opened`: required flags that let more visitors in; `routes`: what routes protect less. */
type Together = { opened(): string[]; routes: readonly string[] }

function questionsOfFlag(
  flag: string,
  { was, is, opened, routes }: Definitions & Together,
  before: Side,
  after: Side,
): Question[] {
  const questions: Question[] = []
  const ask = (kind: Question['kind'], text: string) =>
    questions.push({ flag, kind, text: `${flag}: ${text}` })
  const isRolledBack = controlOf(after, flag).rolledBack !== undefined
  // Of a closed flag counts what it would begin with: opening it asks no one.
  const isShut = isRolledBack || !is.enabled
  const [from, to] = [before, after].map((side) => (isShut ? openShareAt : shareAt)(side, flag)) as Shares
  // Where the state names a split, visitors were dealt by it, also if the document serves everybody by now.
  const ladder = ladderOf(before, flag)
  const newLadder = ladderOf(after, flag)
  const { split: named } = newLadder ? withSpelling(controlOf(before, flag), newLadder, ladder) : {}
  const isOther =
    named === undefined
      ? isAttempt(was) && ladder?.meaning() !== newLadder?.meaning()
      : named !== newLadder?.split
  if (isOther && to > 0) {
    const [old, now] = [
      { flag: was, document: before.document },
      { flag: is, document: after.document },
    ] as const
    const parts = splitDifference(flag, old, now)
    // A closed one deals no one yet; but others meet its conditions.
    if (!isShut || parts.includes('conditions'))
      ask(
        isShut ? 'closed' : 'new-split',
        newSplitText(parts, { from, to, generation: controlOf(after, flag).generation }),
      )
  }
  // A command opens what is rolled back: a document that no person confirmed must not raise where it begins.
  if (to > from && isShut)
    ask(isRolledBack ? 'raised' : 'closed', opening(isRolledBack ? 'resume' : 'enable', [from, to]))
  else if (to > from) ask('raised', `goes from ${percentText(from)} to ${percentText(to)}`)
  // A smaller percentage of a rule says so itself; stages that are other ones don't.
  if (to < from && is.rules.some(({ stages }) => stages) && !isShut)
    ask('stages', `goes from ${percentText(from)} to ${percentText(to)}`)
  const entry = isShut ? 'closed' : 'admitted'
  const admitted = ADMISSION.filter((key) => JSON.stringify(was[key]) !== JSON.stringify(is[key]))
  if (admitted.length > 0 && to > 0 && is.enabled)
    ask(entry, `${admitted.join(', ')} changed: visitors may enter or leave the canary`)
  if (to > 0 && to < 100 && is.enabled && servesMoreBeside(was, is))
    ask(entry, 'rules without stages serve more visitors another variant than the off one')
  for (const key of isOpen(after, flag) ? opened() : [])
    ask('admitted', `${key}, which it requires, lets more visitors enter the canary`)
  if (holdsBack(before, flag) && offGetsCanarys({ was, is }, ladder?.serves ?? []))
    ask('admitted', `all visitors outside the canary would get "${is.off}", as the canary has it`)
  for (const weaker of [...weakenings(was.guard, is.guard), ...routes]) ask('guard', weaker)
  const [stages, newStages] = [was, is].map((each) => compilePlan(flag, each).stages)
  const place = isShut ? Math.max(from, to) : to
  for (const what of [...looserStages(stages ?? [], newStages ?? [], place), ...looserTimes(was, is)])
    ask('stages', what)
  if (ruleThatServesOff(is) >= 0 && ruleThatServesOff(was) < 0)
    ask('closing', `a rollback or a kill would give everybody "${is.off}", as the canary has it`)
  return questions
}

type Shares = [from: number, to: number]

function opening(verb: string, [from, to]: Shares): string {
  return `${verb} would lead to ${percentText(to)}, to ${percentText(from)} before`
}

/** A flag that is no rollout asks by its impact; killed or rolled back it has none until it is opened. */
function opensMore(flag: string, before: Side, after: Side): Question[] {
  const { killed, rolledBack } = flagStatus(after.state, flag)
  const [from, to] = [openShareAt(before, flag), openShareAt(after, flag)]
  if ((!killed && rolledBack === undefined) || to <= from) return []
  return [{ flag, kind: 'closed', text: `${flag}: ${opening(rolledBack ? 'resume' : 'unkill', [from, to])}` }]
}

/** Whether a rule without stages and conditions, which the guard judges by no one, takes in more than before. */
function servesMoreBeside(was: FlagConfig, is: FlagConfig): boolean {
  const shareOfAll = ({ rules, off }: FlagConfig) =>
    rules
      .filter(({ when, stages, serve }) => when.length === 0 && stages === undefined && serve !== off)
      .reduce((sum, { percentage = 100 }) => sum + percentage, 0)
  return isAttempt(was) && isAttempt(is) && shareOfAll(is) > shareOfAll(was)
}

/** Whether a flag that is not finished may serve some visitor another variant than the off one. */
function isOpen(side: Side, flag: string): boolean {
  const off = side.document.flags[flag]?.off
  return !controlOf(side, flag).finished && [...servedBy(side, flag)].some((variant) => variant !== off)
}

/** Whether the off variant becomes one that the canary had, by name or by value. */
function offGetsCanarys({ was, is }: Definitions, serves: readonly string[]): boolean {
  const textOf = ({ variants }: FlagConfig, variant: string) => plainText(variants[variant])
  const canarys = serves.filter((variant) => variant !== was.off)
  if (canarys.includes(is.off)) return true
  const isValue = (value: string) => canarys.some((variant) => textOf(was, variant) === value)
  return isValue(textOf(is, is.off)) && !isValue(textOf(was, was.off))
}

/** What admits visitors to a flag at all. */
const ADMISSION = ['environments', 'schedule', 'requires'] as const

type Deal = { from: number; to: number; generation: number }

/** "identity changes: all visitors are dealt anew, 50 % move; generation 3 begins at 50 %". */
function newSplitText(parts: readonly SplitPart[], { from, to, generation }: Deal): string {
  const what = parts.length === 0 ? 'the split' : parts.join(', ')
  const changes = parts.length > 1 || /(conditions|values|origins)$/.test(what) ? 'change' : 'changes'
  const isDealtAnew = parts.includes('identity') || parts.includes('salt')
  const moved = (from * (100 - to) + (100 - from) * to) / 100
  const whom = isDealtAnew ? `all visitors are dealt anew, ${percentText(moved)} move; ` : ''
  return `${what} ${changes}: ${whom}generation ${generation} begins at ${percentText(to)} without evidence`
}

function controlOf({ state }: Side, flag: string) {
  return ownOf(state.flags, flag) ?? INITIAL_FLAG_CONTROL
}

function shareAt(side: Side, flag: string): number {
  return shareOf(side, flag, controlOf(side, flag)) ?? 0
}

function openShareAt(side: Side, flag: string): number {
  return openShareOf(side, flag, controlOf(side, flag))
}

/** Whether a change of the document can give a visitor another variant or origin: most edits of words can't. */
export function movesVisitors(before: GateDocument, after: GateDocument): boolean {
  const differs = (a: unknown, b: unknown) => JSON.stringify(a) !== JSON.stringify(b)
  const { origins, routes, context, defaultOrigin } = after
  const now = [origins, routes, context, defaultOrigin]
  if (differs([before.origins, before.routes, before.context, before.defaultOrigin], now)) return true
  return Object.entries(before.flags).some(([key, was]) => {
    const is = ownOf(after.flags, key)
    return is === undefined || differs(decidingPartsOf(was), decidingPartsOf(is))
  })
}

function decidingPartsOf(flag: FlagConfig): unknown[] {
  const { enabled, variants, off, salt, environments, schedule, requires, rules, rollout, guard } = flag
  const shares = rules.map(({ name: _, stages, ...rule }) => [
    rule,
    stages?.map(({ percentage }) => percentage),
  ])
  const holdback = [rollout?.holdbackPercent, guard !== undefined]
  return [enabled, variants, off, salt, environments, schedule, requires, shares, holdback]
}
