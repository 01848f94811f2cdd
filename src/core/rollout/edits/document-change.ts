/**
 * What a new document does to rollouts that run. An edit never raises a percentage: the rollout stays at the largest
 * stage that is not above today's. Another split (targeting key, salt, conditions, serve, values, origins) is another
 * attempt, with its own generation; one that no person confirmed begins at 0 and waits. Where the canary gets a variant that
 * it did not get before, today's percentage says nothing of that one: a sunset of a finished flag begins at its first stage.
 */
import { type ControlState, type FlagControl, INITIAL_FLAG_CONTROL } from '../../config/control.ts'
import { ownOf } from '../../json-object.ts'
import { restarted } from '../commands.ts'
import { type Ladder, placeOf, stageBelow } from '../place.ts'

/** A flag as a document defines it, as far as its rollout goes. */
export type FlagLadder = Ladder & {
  split: string
  /** What its variants serve, as text: the digest leaves names in them out. */
  values: string
  /** Digest of what its split means: the same for another spelling. */
  meaning: () => string
  /** Whether visitors are dealt, and stages or a guard follow them: only then the state names the split. */
  isAttempt: boolean
  /** The variants that its canary gets. */
  serves: readonly string[]
  /** What its holdback leaves, in percent. */
  most: number
}

export type DocumentInputs = {
  ladders: ReadonlyMap<string, FlagLadder>
  /** `confirmed`: a person published it through the Controller, which asked. `unconfirmed`: it was written to KV. */
  word: 'confirmed' | 'unconfirmed'
  /** A flag that begins a new attempt at its first stage, whatever became of the one before. */
  restart?: string | undefined
  /** A flag's share under the document before, in percent; undefined for one that it lacks. */
  shareBefore(flag: string): number | undefined
  /** A flag's ladder under the document before; undefined for one that it lacks. */
  ladderBefore(flag: string): FlagLadder | undefined
}

/** What became of one rollout. `to` is above `from` only where it was restarted. */
export type RolloutChange = {
  flag: string
  before: FlagControl
  after: FlagControl
  from: number
  to: number
  /** The first stage, where the rollout stands below it and waits for a person. */
  firstStage?: number
}

/** The control state under a new document; the same state where no rollout changes. */
export function withDocument(
  state: ControlState,
  inputs: DocumentInputs,
): { state: ControlState; changes: RolloutChange[] } {
  const flags: Record<string, FlagControl> = { ...state.flags }
  const changes: RolloutChange[] = []
  let differs = state.namesSplits !== true
  for (const [flag, wanted] of inputs.ladders) {
    const known = ownOf(state.flags, flag)
    const was = inputs.ladderBefore(flag)
    const before = known && withSpelling(known, wanted, was)
    if (before === undefined && !wanted.isAttempt) continue
    const ladder = { ...wanted, most: mostOf(before, wanted, was, inputs.word) }
    const after =
      flag === inputs.restart && ladder.stages.length > 0
        ? placed(restarted(before ?? INITIAL_FLAG_CONTROL, ladder), ladder, ladder.stages[0] ?? 0)
        : before?.split !== undefined
          ? replaced(before, ladder, { word: inputs.word, was })
          : wanted.isAttempt || before === undefined
            ? named(flag, before ?? INITIAL_FLAG_CONTROL, ladder, inputs)
            : before
    const firstStage = newlyHeld(before, after, ladder, was)
    const next = known === undefined ? after : withFormerSplit(known, after, before)
    if (known !== undefined && isSame(known, next) && firstStage === undefined) continue
    differs ||= known === undefined || !isSame(known, next)
    flags[flag] = next
    // A state of the release before names no holdback: that it does from now on is no change.
    if (before?.split === undefined) continue
    const isStill = isSame({ most: was?.most ?? 100, ...before }, { most: 100, ...after })
    if (isStill && firstStage === undefined) continue
    const [from = 100, to = 100] = [before, after].map((each) => placeOf(each, ladder.stages) ?? 100)
    changes.push({ flag, before, after, from, to, ...(firstStage !== undefined && { firstStage }) })
  }
  if (!differs) return { state, changes }
  return { state: { ...state, epoch: state.epoch + 1, namesSplits: true, flags }, changes }
}

/**
 * A control whose split has the name that this document gives it only where it means the same. One without a split has no
 * place: releases before gave it one with `resume`, which held its percentage down for good.
 */
export function withSpelling(
  { formerSplit: _, ...control }: FlagControl,
  wanted: FlagLadder,
  was: FlagLadder | undefined,
): FlagControl {
  const { split } = control
  if (split === undefined) return withoutSplit(control)
  if (split !== was?.split) return control
  const isAsWritten = split === wanted.split
  if ((isAsWritten && was.values === wanted.values) || was.meaning() === wanted.meaning())
    return { ...control, split: wanted.split }
  return isAsWritten ? { ...control, split: '' } : control
}

/** Isolates that have the document before go on as well, as long as the attempt does. */
function withFormerSplit(
  known: FlagControl,
  after: FlagControl,
  before: FlagControl | undefined,
): FlagControl {
  const isOn = after.split === before?.split && after.generation === known.generation
  const former = after.split === known.split ? known.formerSplit : known.split
  return isOn && former !== undefined ? { ...after, formerSplit: former } : after
}

/** The first stage of a rollout that this document leaves below it; undefined where it is not, or was before. */
function newlyHeld(
  before: FlagControl | undefined,
  after: FlagControl,
  { stages }: FlagLadder,
  was: FlagLadder | undefined,
): number | undefined {
  const isBelow = (control: FlagControl, [first]: readonly number[]) =>
    first !== undefined && (control.percentage ?? first) < first
  const wasBelow = before !== undefined && was !== undefined && isBelow(before, was.stages)
  return isBelow(after, stages) && !(wasBelow && was?.stages[0] === stages[0]) ? stages[0] : undefined
}

/** A holdback goes only by a person's word. */
function mostOf(
  before: FlagControl | undefined,
  { most, split }: FlagLadder,
  was: FlagLadder | undefined,
  word: DocumentInputs['word'],
): number {
  if (word === 'confirmed' || before?.split !== split) return most
  return before.finished ? most : Math.min(most, before.most ?? 100, was?.most ?? 100)
}

/**
 * The state names a split for the first time, or again after the flag was no rollout for a while. What had none before is
 * not raised by an unconfirmed document.
 */
function named(flag: string, before: FlagControl, ladder: FlagLadder, inputs: DocumentInputs): FlagControl {
  const { lastSplit, approved: _, finished: __, ...rest } = before
  const share = inputs.shareBefore(flag)
  const isLast = lastSplit === ladder.split || lastSplit === ladder.meaning()
  if (isLast && inputs.word === 'confirmed') return onLadder(rest, ladder, share ?? 100)
  const isOther = lastSplit !== undefined && !isLast
  const control = isOther ? { ...rest, generation: rest.generation + 1, stage: 0 } : before
  const wanted = placeOf(control, ladder.stages) ?? ladder.percentage ?? 100
  const isHeld = inputs.word === 'unconfirmed' && share !== undefined
  return placed(control, ladder, isHeld ? Math.min(share, wanted) : wanted)
}

type Edit = { word: DocumentInputs['word']; was: FlagLadder | undefined }

function replaced(before: FlagControl, ladder: FlagLadder, { word, was }: Edit): FlagControl {
  const isSameSplit = before.split === ladder.split
  const today = before.percentage ?? 100
  if (!ladder.isAttempt && (word === 'confirmed' || (isSameSplit && Math.min(today, ladder.most) >= 100)))
    return wouldFree(before, was)
      ? stillNamed(before, ladder)
      : withoutSplit(before, (isSameSplit ? ladder : was)?.meaning())
  if (isSameSplit) return reladdered(before, ladder, word)
  const { approved: _, finished: __, unconfirmed: ___, ...rest } = before
  const next = { ...rest, generation: before.generation + 1 }
  const [first = today] = ladder.stages
  const isOther = was !== undefined && ladder.serves.some((variant) => !was.serves.includes(variant))
  if (word === 'confirmed') return onLadder(next, ladder, isOther ? Math.min(first, today) : today)
  return onLadder({ ...next, stage: 0, unconfirmed: true }, ladder, 0)
}

/**
 * Whether the document before shows the canary to more visitors than the state lets it: isolates that hear of the state
 * first would do so until they have the new document.
 */
function wouldFree(before: FlagControl, was: FlagLadder | undefined): boolean {
  if (was === undefined) return false
  const freed = placeOf(withoutSplit(before), was.stages) ?? was.percentage ?? 100
  return Math.min(freed, was.most) > Math.min(before.percentage ?? 100, before.most ?? 100)
}

/** No rollout any more, but the state goes on naming its split and its percentage. */
function stillNamed(before: FlagControl, ladder: FlagLadder): FlagControl {
  const { approved: _, finished: __, unconfirmed: ___, ...rest } = before
  const generation = rest.generation + (before.split === ladder.split ? 0 : 1)
  return placed({ ...rest, generation }, ladder, ladder.percentage ?? 100)
}

/** The same split beside other stages, or another percentage. */
function reladdered(before: FlagControl, ladder: FlagLadder, word: DocumentInputs['word']): FlagControl {
  const { percentage = 100 } = before
  const isPlain = ladder.stages.length === 0
  const after =
    isPlain && word === 'confirmed'
      ? placed(before, ladder, ladder.percentage ?? 100)
      : onLadder(before, ladder, percentage)
  const isStill = after.percentage === percentage && (!before.finished || percentage === ladder.stages.at(-1))
  if (isStill && !isPlain) return after
  const { approved: _, finished: __, ...rest } = after
  return rest
}

/**
 * At the largest stage that is not above a percentage; where there is none, at the percentage itself. Without stages,
 * at what the rule names unless that is more.
 */
function onLadder(control: FlagControl, ladder: FlagLadder, percentage: number): FlagControl {
  const { stages } = ladder
  if (stages.length === 0)
    return placed(control, ladder, Math.min(percentage, ladder.percentage ?? 100, ladder.most))
  return placed(control, ladder, stages[stageBelow(stages, percentage)] ?? percentage)
}

function placed(before: FlagControl, { split, stages, most }: FlagLadder, percentage: number): FlagControl {
  const { lastSplit: _, most: __, ...control } = before
  const isThere = stages[control.stage] === percentage
  const stage = isThere ? control.stage : Math.max(0, stageBelow(stages, percentage))
  return { ...control, stage, split, percentage, ...holdbackOf({ most }) }
}

/** A state names a holdback where there is one. */
function holdbackOf({ most }: { most: number }): Pick<FlagControl, 'most'> {
  return most < 100 ? { most } : {}
}

/** No rollout any more; should it become one again, its counts are known by what their split means. */
function withoutSplit(
  { split, percentage: _, unconfirmed: __, most: ___, ...rest }: FlagControl,
  meaning = split,
): FlagControl {
  return meaning === undefined ? rest : { ...rest, lastSplit: meaning }
}

/** What a new document did to a rollout, in one sentence. */
export function rolloutChangeText({ before, after, from, to, firstStage }: RolloutChange): string {
  if (after.rolledBack)
    return after.generation === before.generation
      ? 'The document has other stages or another holdback; it stays rolled back'
      : `The document changes what it compares: generation ${after.generation} begins rolled back, at 0 %`
  const waits =
    to === 0 && from > 0
      ? ', and waits for a person'
      : firstStage === undefined
        ? ''
        : `, below its first stage of ${firstStage} %, and waits for a person to advance it`
  if (after.generation === before.generation)
    return from === to
      ? `The document has ${before.most === after.most ? 'other stages' : 'another holdback'}; it stays at ${to} %${waits}`
      : `The document leads it from ${from} % to ${to} %${waits}`
  if (after.split === before.split) return `Generation ${after.generation} begins at ${to} %`
  return `The document changes what it compares: generation ${after.generation} begins at ${to} %${waits}`
}

function isSame(a: FlagControl, b: FlagControl): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]) as Set<keyof FlagControl>
  return [...keys].every((key) => a[key] === b[key])
}
