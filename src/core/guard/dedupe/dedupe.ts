/**
 * Counts visitors, not retries.
 *
 * Errors cluster: a visitor reloads, a client retries, a bot walks a broken path. On raw counts, any test that
 * assumes independent requests fires at random. So an error counts once per failure mark (a visitor's slot, and the
 * group of their network), and a mark that counted rests before it counts again, by one of two rules:
 *
 * - *strict*: `60 s · 2^(k−1)` without errors, k = times counted so far. A mark counts at most logarithmically often
 *   over a rollout.
 * - *plain*: 60 s since it counted, errors or not.
 *
 * Each test counts the side that supports its claim strictly, the other plainly: the rollback test counts the canary
 * strictly and control plainly, the advance test the reverse. If both were strict, a control whose few visitors
 * always fail would fall silent at full exposure, and a *better* canary would look worse. The same asymmetry keeps a
 * canary in which the same visitors fail repeatedly from advancing.
 *
 * Failures that the other origin was not asked about (*unasked*) may be shared ones, so they count only against the
 * claim: control's in the rollback test, the canary's in the advance test. `f` falls with both, so `E[f] ≤ 1` holds for
 * the failures that count, however it is chosen which requests are asked. They rest as the others do: that, too, only
 * costs evidence. (Of control's, the advance test takes as large a part as asked ones were discordant: evidence/asked.ts.)
 *
 * An arm's exposure is its requests times the share of its marks that can count at the tick's start. The canary at p
 * % holds the lowest p % of the 65,536 slots, in each group. Busy visitors rest more than others, so the share
 * over-estimates: on the canary's side that is safe, and control's plain rest is short. A network rests the marks of
 * its own group only, so no network can silence the visitors of another.
 *
 * Memory is bounded, and a busy site doesn't go blind: each group of networks remembers about so many marks (`QUOTA`), and
 * forgets those whose rest is over and whose last error is longer ago than that many errors of the group. Who is
 * forgotten is one of thousands who failed since, so what they count again weighs little; a bot that fails every second is
 * never forgotten. Without this, the marks of a site with 100 errors a second would all rest after some hours. What is
 * forgotten depends on the past alone, and a forgotten mark is eligible, so the exposure stays right. (2,048 chunks hold
 * at most 16,384 + 30 · 4,096 entries of 8 characters for long: 1.1 MB; the sweep of a full memory takes four minutes.)
 *
 * When many visitors fail in one second, most of them would be spent on a batch that is capped anyway, and then rest
 * while they keep failing: a dead canary with a hundred visitors would never be rolled back. So a tick's errors are
 * taken in random order, both arms together, until a meter (meter.ts) says that the batch needs no more. Unused marks
 * stay as they are and count in a later tick if they still fail. Groups take turns, so that a flood from one network
 * doesn't crowd out the others.
 */

import { groupOfMark, NETWORK_GROUPS, slotOf } from '../../counters/networks.ts'
import { finalMix } from '../../flags/murmur3.ts'
import type { Meter } from '../evidence/meter.ts'
import {
  CHUNKS,
  chunkOf,
  ENTRY_LENGTH,
  type Entry,
  entryGroup,
  findEntry,
  MOST_TIMES,
  plainDueS,
  readEntry,
  slotAt,
  strictDueS,
  writeEntry,
} from './dedupe-entry.ts'
import { addRest, NO_RESTS, type RestDraft, type RestQueue, resting } from './dedupe-rests.ts'

export const VISITOR_SLOTS = 65_536
const MARKS = VISITOR_SLOTS * (NETWORK_GROUPS + 1)

/** Marks by rule and arm. */
type Counted = {
  strictCanary: readonly number[]
  plainCanary: readonly number[]
  strictControl: readonly number[]
  plainControl: readonly number[]
  /** Of control, strictly, those about which the canary was not asked. */
  unaskedControl: readonly number[]
}

/** Marks that a group remembers; group 0 has everyone where no network is known. */
const QUOTA = { noNetwork: 16_384, network: 4_096 }
/** Errors of a group are averaged over this time. */
const RATE_HALF_LIFE_S = 600
/** Chunks whose forgotten entries are removed with each tick. */
const SWEPT_CHUNKS = 8

export type DedupeState = {
  percentage: number
  /** Errors noted by group of networks, with a half-life of 10 minutes; empty in states that didn't forget. */
  recent?: readonly number[]
  /** The chunk that is swept next. */
  swept?: number
  /** Second of the last tick, from the generation's start. */
  nowS: number
  /** Histories (dedupe-entry.ts); empty until the first error. */
  chunks: readonly string[]
  /** Resting marks by rule. */
  strict: RestQueue
  plain: RestQueue
}

/** Shares (0–1) of each arm's marks that could count at the tick's start. */
export type Eligible = {
  strictCanary: number
  plainCanary: number
  strictControl: number
  plainControl: number
}

export type DedupeResult = {
  state: DedupeState
  eligible: Eligible
  /** Marks counted in this tick. */
  counted: Counted
}

export function initialDedupe(percentage: number): DedupeState {
  return { percentage, nowS: 0, chunks: [], strict: NO_RESTS, plain: NO_RESTS }
}

/** Failure marks by arm; repeated ones count once. */
export type DedupeTick = {
  /** Whole seconds since the generation's start; going back counts as standing still. */
  nowS: number
  /** The canary's, 0–100. */
  percentage: number
  /** Failures that are evidence. */
  canary: readonly number[]
  control: readonly number[]
  /** Those that count against a test's claim alone. */
  unasked?: { canary: readonly number[]; control: readonly number[] }
  /** Groups of networks that are in use; by default one. */
  groups?: number
  /** Marks of the canary that fail again and again, as many of control do: they count strictly everywhere. */
  isLikeControl?: ((mark: number) => boolean) | undefined
}

/** Takes every error. */
const takeAll = (): Meter => () => false

/**
 * Counts one tick's errors.
 *
 * @param state not changed
 * @param meterFor makes the rollback test's meter for this tick's exposure; by default every error is needed
 */
export function stepDedupe(
  state: DedupeState,
  tick: DedupeTick,
  meterFor: (eligible: Eligible) => Meter = takeAll,
): DedupeResult {
  const draft = begin(state, Math.max(tick.nowS, state.nowS), tick.percentage)
  const eligible = eligibleShares(draft, tick.groups ?? 1)
  const errored = shuffled(draft.nowS, tick)
  const counted = {
    ...{ strictCanary: [], plainCanary: [], strictControl: [], plainControl: [], unaskedControl: [] },
  }
  if (errored.length === 0) return { state: draft, eligible, counted }
  draft.chunks = state.chunks.length > 0 ? state.chunks.slice() : new Array<string>(CHUNKS).fill('')
  sweep(draft)
  countAll(draft, errored, counted, { isEnough: meterFor(eligible), isLikeControl: tick.isLikeControl })
  return { state: draft, eligible, counted }
}

/** Counts errors in order, in place, until the meter says that those of the rollback test are enough. */
function countAll(
  draft: Draft,
  errored: readonly Errored[],
  counted: Record<keyof Counted, number[]>,
  { isEnough, isLikeControl }: { isEnough: Meter; isLikeControl: DedupeTick['isLikeControl'] },
): void {
  let enough = false
  for (const { mark, isCanary, isAsked } of errored) {
    const history = historyOf(draft, mark)
    const times = due(history, draft.nowS)
    const matters = isCanary ? times.strict && isAsked : times.plain
    // The advance test must hear every error of the canary; of control's it may miss some.
    if (isCanary && (isLikeControl?.(mark) ? times.strict : times.plain)) counted.plainCanary.push(mark)
    if (matters && enough) continue
    countError(draft, mark, history, times)
    if (!isCanary && times.plain) counted.plainControl.push(mark)
    if (!isCanary && times.strict) counted[isAsked ? 'strictControl' : 'unaskedControl'].push(mark)
    if (isCanary && matters) counted.strictCanary.push(mark)
    if (matters) enough = isEnough(isCanary)
  }
}

/** A state in progress; `chunks` is the old state's until an error is noted. */
type Draft = {
  percentage: number
  nowS: number
  recent: number[]
  swept: number
  chunks: string[]
  strict: RestDraft
  plain: RestDraft
}

/** The state at `nowS`, with finished rests removed. */
function begin(state: DedupeState, nowS: number, percentage: number): Draft {
  const { strict, plain, swept = 0 } = state
  const draft = { percentage, nowS, recent: recentAt(state, nowS), swept, chunks: state.chunks as string[] }
  if (percentage === state.percentage)
    return { ...draft, strict: resting(strict, nowS), plain: resting(plain, nowS) }
  return recount({ ...draft, strict: resting(NO_RESTS, 0), plain: resting(NO_RESTS, 0) })
}

function recentAt({ recent = [], nowS: beforeS }: DedupeState, nowS: number): number[] {
  const factor = 0.5 ** ((nowS - beforeS) / RATE_HALF_LIFE_S)
  return Array.from({ length: NETWORK_GROUPS + 1 }, (_, group) => (recent[group] ?? 0) * factor)
}

/** Seconds after its last error for which a group remembers a mark. */
function memoryS({ recent }: Draft, group: number): number {
  const quota = group === 0 ? QUOTA.noNetwork : QUOTA.network
  const perSecond = ((recent[group] ?? 0) * Math.LN2) / RATE_HALF_LIFE_S
  return perSecond > 0 ? quota / perSecond : Number.POSITIVE_INFINITY
}

function isForgotten(draft: Draft, group: number, entry: Entry): boolean {
  return strictDueS(entry) <= draft.nowS && draft.nowS - entry.lastS > memoryS(draft, group)
}

/** Removes what is forgotten from the next few chunks, in place; nothing of it rests. */
function sweep(draft: Draft): void {
  for (let k = 0; k < SWEPT_CHUNKS; k++) {
    const chunk = (draft.swept + k) % CHUNKS
    const text = draft.chunks[chunk] ?? ''
    let kept = ''
    for (let at = 0; at < text.length; at += ENTRY_LENGTH)
      if (!isForgotten(draft, entryGroup(text, at), readEntry(text, at)))
        kept += text.slice(at, at + ENTRY_LENGTH)
    if (kept.length < text.length) draft.chunks[chunk] = kept
  }
  draft.swept = (draft.swept + SWEPT_CHUNKS) % CHUNKS
}

/** Recounts all resting marks, as a new percentage moves slots between the arms. */
function recount(draft: Draft): Draft {
  draft.chunks.forEach((text, chunk) => {
    for (let at = 0; at < text.length; at += ENTRY_LENGTH) {
      const isCanary = isCanarySlot(slotAt(chunk, text, at), draft.percentage)
      const entry = readEntry(text, at)
      if (strictDueS(entry) > draft.nowS) addRest(draft.strict, strictDueS(entry), isCanary, 1)
      if (plainDueS(entry) > draft.nowS) addRest(draft.plain, plainDueS(entry), isCanary, 1)
    }
  })
  return draft
}

type Errored = { mark: number; isCanary: boolean; isAsked: boolean; rank: number }

/** Both arms' failures in an order that depends on the second alone; groups of networks take turns. */
function shuffled(nowS: number, { canary, control, unasked }: DedupeTick): readonly Errored[] {
  const of = (marks: readonly number[], isCanary: boolean, isAsked: boolean) =>
    [...new Set(marks)].filter(isMark).map((mark) => ({ mark, isCanary, isAsked, rank: mixed(mark, nowS) }))
  const notYet = (marks: readonly number[] = [], asked: readonly number[]) => {
    const known = new Set(asked)
    return marks.filter((mark) => !known.has(mark))
  }
  const all = [
    ...of(canary, true, true),
    ...of(control, false, true),
    ...of(notYet(unasked?.canary, canary), true, false),
    ...of(notYet(unasked?.control, control), false, false),
  ].sort((a, b) => a.rank - b.rank)
  return inTurns(all)
}

/** One of each group, then the second of each, and so on; within a turn the order stays. */
function inTurns(errored: readonly Errored[]): readonly Errored[] {
  const turns: Errored[][] = []
  const taken = new Array<number>(NETWORK_GROUPS + 1).fill(0)
  for (const each of errored) {
    const group = groupOfMark(each.mark)
    const turn = taken[group] ?? 0
    taken[group] = turn + 1
    const others = turns[turn]
    if (others === undefined) turns.push([each])
    else others.push(each)
  }
  return turns.flat()
}

function isMark(mark: number): boolean {
  return Number.isInteger(mark) && mark >= 0 && mark < MARKS
}

function mixed(mark: number, nowS: number): number {
  return finalMix(Math.imul(mark + 1, 0x9e3779b1) ^ Math.imul(nowS + 1, 0x85ebca6b))
}

/** A mark's history and where it is stored; `entry` is null without one. */
type History = { chunk: number; text: string; at: number; entry: Entry | null }

function historyOf(draft: Draft, mark: number): History {
  const chunk = chunkOf(mark)
  const text = draft.chunks[chunk] ?? ''
  const at = findEntry(text, mark)
  const entry = at < 0 ? null : readEntry(text, at)
  const isKnown = entry !== null && !isForgotten(draft, groupOfMark(mark), entry)
  return { chunk, text, at, entry: isKnown ? entry : null }
}

/** The rules by which a mark's error counts now; strict implies plain. */
function due({ entry }: History, nowS: number): { strict: boolean; plain: boolean } {
  return {
    strict: entry === null || strictDueS(entry) <= nowS,
    plain: entry === null || plainDueS(entry) <= nowS,
  }
}

/** Notes one error of a mark. */
function countError(
  draft: Draft,
  mark: number,
  { chunk, text, at, entry: old }: History,
  { strict, plain }: { strict: boolean; plain: boolean },
): void {
  const entry = {
    times: Math.min(MOST_TIMES, (old?.times ?? 0) + (strict ? 1 : 0)),
    lastS: draft.nowS,
    lagS: plain || old === null ? 0 : draft.nowS - (old.lastS - old.lagS),
  }
  draft.chunks[chunk] = writeEntry(text, at, mark, entry)
  const group = groupOfMark(mark)
  draft.recent[group] = (draft.recent[group] ?? 0) + 1
  const isCanary = isCanarySlot(slotOf(mark), draft.percentage)
  // An error during the rest restarts it: it ends later, but rests no additional mark.
  if (old !== null && !strict) addRest(draft.strict, strictDueS(old), isCanary, -1)
  addRest(draft.strict, strictDueS(entry), isCanary, 1)
  if (plain) addRest(draft.plain, plainDueS(entry), isCanary, 1)
}

/** The number of canary slots; fractional, as a percentage can cut through a slot. */
export function canarySlotCount(percentage: number): number {
  return (VISITOR_SLOTS * Math.min(100, Math.max(0, percentage))) / 100
}

function eligibleShares({ percentage, strict, plain }: Draft, groups: number): Eligible {
  const canary = groups * canarySlotCount(percentage)
  const control = groups * VISITOR_SLOTS - canary
  const share = (resting: number, all: number) => (all > 0 ? Math.max(0, 1 - resting / all) : 0)
  return {
    strictCanary: share(strict.canary, canary),
    plainCanary: share(plain.canary, canary),
    strictControl: share(strict.control, control),
    plainControl: share(plain.control, control),
  }
}

/** A slot that the percentage cuts belongs to the arm with the larger part. */
export function isCanarySlot(slot: number, percentage: number): boolean {
  return slot + 0.5 < canarySlotCount(percentage)
}
