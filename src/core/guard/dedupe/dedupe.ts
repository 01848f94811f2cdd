/**
 * Counts visitors, not retries.
 *
 * Errors come in clusters: one visitor reloads, a client retries, a bot walks a broken path. On raw counts any
 * test that assumes independent requests fires at random. So an error counts once per visitor slot, and a
 * slot that has counted must rest before it counts again. There are two rules for the rest:
 *
 * - *strict*: `60 s · 2^(k−1)` without errors, k = times counted so far. One slot counts at most
 *   logarithmically often in a rollout's time.
 * - *plain*: 60 s since it counted, errors or not.
 *
 * Each test counts the side that speaks for its own claim strictly, the other plainly: the rollback test counts
 * the canary strictly and control plainly, the advance test the other way round. Were both strict, a control
 * whose few visitors fail all the time would fall silent while keeping its exposure, and a *better* canary would
 * look worse; the same asymmetry keeps a canary in which the same visitors fail again and again from advancing.
 *
 * The exposure of an arm is its requests times the share of its slots that can count at the tick's start. The
 * canary at p % holds the lowest p % of the 65,536 slots. Busy visitors rest more than others, so the share
 * over-estimates: on the canary's side that is the safe direction, and control's plain rest is short.
 *
 * When many visitors fail within one second, most of them would be spent on a batch that is capped anyway, and then
 * rest while they fail on: a dead canary with a hundred visitors would never be closed. So the errors of a tick are
 * taken in random order, both arms together, and only until a meter (meter.ts) says that the batch needs no more.
 * Slots that are not needed stay as they were and count in a later tick, if they still fail then.
 */

import type { Meter } from '../evidence/meter.ts'
import {
  CHUNK_SLOTS,
  ENTRY_LENGTH,
  type Entry,
  entryIndex,
  findEntry,
  MOST_TIMES,
  plainDueS,
  readEntry,
  strictDueS,
  writeEntry,
} from './dedupe-entry.ts'
import { addRest, NO_RESTS, type RestDraft, type RestQueue, resting } from './dedupe-rests.ts'

export const VISITOR_SLOTS = 65_536
const CHUNKS = VISITOR_SLOTS / CHUNK_SLOTS

/** Slots by rule and arm. */
type Tally = { strictCanary: number; plainCanary: number; strictControl: number; plainControl: number }

export type DedupeState = {
  percentage: number
  /** Second of the last tick, from the generation's start. */
  nowS: number
  /** Histories, see dedupe-entry.ts; empty array until the first error. */
  chunks: readonly string[]
  /** Slots that rest, by rule. */
  strict: RestQueue
  plain: RestQueue
}

/** Shares (0–1) of each arm's slots that could count at the tick's start. */
export type Eligible = {
  strictCanary: number
  plainCanary: number
  strictControl: number
  plainControl: number
}

export type DedupeResult = {
  state: DedupeState
  eligible: Eligible
  /** Slots counted in this tick. */
  counted: Tally
  /** Canary slots counted strictly in this tick. */
  canarySlots: readonly number[]
}

const noTally = (): Tally => ({ strictCanary: 0, plainCanary: 0, strictControl: 0, plainControl: 0 })

export function initialDedupe(percentage: number): DedupeState {
  return { percentage, nowS: 0, chunks: [], strict: NO_RESTS, plain: NO_RESTS }
}

/** Slots with errors by arm; repeated ones count once. */
export type DedupeTick = {
  /** Whole seconds since the generation's start; going back counts as standing still. */
  nowS: number
  /** The canary's, 0–100. */
  percentage: number
  canary: readonly number[]
  control: readonly number[]
}

/** Takes everything: nothing is ever enough. */
const takeAll = (): Meter => () => false

/**
 * One tick.
 *
 * @param state before; not changed
 * @param meterFor makes the meter of the rollback test for this tick's exposure; left out: all slots are needed
 */
export function stepDedupe(
  state: DedupeState,
  tick: DedupeTick,
  meterFor: (eligible: Eligible) => Meter = takeAll,
): DedupeResult {
  const draft = begin(state, Math.max(tick.nowS, state.nowS), tick.percentage)
  const eligible = eligibleShares(draft)
  const counted = noTally()
  const canarySlots: number[] = []
  if (tick.canary.length + tick.control.length === 0) return { state: draft, eligible, counted, canarySlots }
  draft.chunks = state.chunks.length > 0 ? state.chunks.slice() : new Array<string>(CHUNKS).fill('')
  const isEnough = meterFor(eligible)
  let enough = false
  for (const { slot, isCanary } of shuffled(draft.nowS, tick)) {
    const history = historyOf(draft, slot)
    const times = due(history, draft.nowS)
    const matters = isCanary ? times.strict : times.plain
    // The advance test must hear of every error of the canary; of control's it may miss some.
    if (isCanary && times.plain) counted.plainCanary++
    if (matters && enough) continue
    countError(draft, slot, history, times)
    if (!isCanary && times.plain) counted.plainControl++
    if (!isCanary && times.strict) counted.strictControl++
    if (isCanary && times.strict) {
      counted.strictCanary++
      canarySlots.push(slot)
    }
    if (matters) enough = isEnough(isCanary)
  }
  return { state: draft, eligible, counted, canarySlots }
}

/** A state under construction; `chunks` is that of the state before until an error is noted. */
type Draft = { percentage: number; nowS: number; chunks: string[]; strict: RestDraft; plain: RestDraft }

/** The state at `nowS`: rests that are over have ended. */
function begin(state: DedupeState, nowS: number, percentage: number): Draft {
  const chunks = state.chunks as string[]
  if (percentage === state.percentage)
    return {
      percentage,
      nowS,
      chunks,
      strict: resting(state.strict, nowS),
      plain: resting(state.plain, nowS),
    }
  return recount({ percentage, nowS, chunks, strict: resting(NO_RESTS, 0), plain: resting(NO_RESTS, 0) })
}

/** Counts all resting slots anew: a new percentage moves slots between the arms. */
function recount(draft: Draft): Draft {
  draft.chunks.forEach((text, chunk) => {
    for (let at = 0; at < text.length; at += ENTRY_LENGTH) {
      const isCanary = isCanarySlot(chunk * CHUNK_SLOTS + entryIndex(text, at), draft.percentage)
      const entry = readEntry(text, at)
      if (strictDueS(entry) > draft.nowS) addRest(draft.strict, strictDueS(entry), isCanary, 1)
      if (plainDueS(entry) > draft.nowS) addRest(draft.plain, plainDueS(entry), isCanary, 1)
    }
  })
  return draft
}

type Errored = { slot: number; isCanary: boolean }

/** The slots of both arms in an order that depends on nothing but the second. */
function shuffled(nowS: number, { canary, control }: DedupeTick): readonly Errored[] {
  const of = (slots: readonly number[], isCanary: boolean) =>
    [...new Set(slots)].filter(isSlot).map((slot) => ({ slot, isCanary, rank: mixed(slot, nowS) }))
  return [...of(canary, true), ...of(control, false)].sort((a, b) => a.rank - b.rank)
}

function isSlot(slot: number): boolean {
  return Number.isInteger(slot) && slot >= 0 && slot < VISITOR_SLOTS
}

/** The finalizer of MurmurHash3: each bit of the input changes half of the output's. */
function mixed(slot: number, nowS: number): number {
  let hash = Math.imul(slot + 1, 0x9e3779b1) ^ Math.imul(nowS + 1, 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** What is known of a slot, `entry` null where that is nothing, and where it stands. */
type History = { chunk: number; text: string; at: number; entry: Entry | null }

function historyOf(draft: Draft, slot: number): History {
  const chunk = Math.floor(slot / CHUNK_SLOTS)
  const text = draft.chunks[chunk] ?? ''
  const at = findEntry(text, slot)
  return { chunk, text, at, entry: at < 0 ? null : readEntry(text, at) }
}

/** By which rules an error of a slot counts now. Whoever counts strictly counts plainly too. */
function due({ entry }: History, nowS: number): { strict: boolean; plain: boolean } {
  return {
    strict: entry === null || strictDueS(entry) <= nowS,
    plain: entry === null || plainDueS(entry) <= nowS,
  }
}

/** Notes one error of a slot. */
function countError(
  draft: Draft,
  slot: number,
  { chunk, text, at, entry: old }: History,
  { strict, plain }: { strict: boolean; plain: boolean },
): void {
  const entry = {
    times: Math.min(MOST_TIMES, (old?.times ?? 0) + (strict ? 1 : 0)),
    lastS: draft.nowS,
    lagS: plain || old === null ? 0 : draft.nowS - (old.lastS - old.lagS),
  }
  draft.chunks[chunk] = writeEntry(text, at, slot, entry)
  const isCanary = isCanarySlot(slot, draft.percentage)
  // An error within the rest starts it again: it ends later, but its slot is no additional one.
  if (old !== null && !strict) addRest(draft.strict, strictDueS(old), isCanary, -1)
  addRest(draft.strict, strictDueS(entry), isCanary, 1)
  if (plain) addRest(draft.plain, plainDueS(entry), isCanary, 1)
}

/** Slots of the canary, not necessarily whole: the percentage can cut through a slot. */
export function canarySlotCount(percentage: number): number {
  return (VISITOR_SLOTS * Math.min(100, Math.max(0, percentage))) / 100
}

function eligibleShares({ percentage, strict, plain }: Draft): Eligible {
  const canary = canarySlotCount(percentage)
  const control = VISITOR_SLOTS - canary
  const share = (resting: number, all: number) => (all > 0 ? Math.max(0, 1 - resting / all) : 0)
  return {
    strictCanary: share(strict.canary, canary),
    plainCanary: share(plain.canary, canary),
    strictControl: share(strict.control, control),
    plainControl: share(plain.control, control),
  }
}

/** A slot that the percentage cuts belongs to the arm that has more of it. */
function isCanarySlot(slot: number, percentage: number): boolean {
  return slot + 0.5 < canarySlotCount(percentage)
}
