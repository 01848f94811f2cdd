/**
 * Counts visitors, not retries.
 *
 * Errors cluster: a visitor reloads, a client retries, a bot walks a broken path. On raw counts, any test that
 * assumes independent requests fires at random. So an error counts once per visitor slot, and a slot that counted
 * rests before it counts again, by one of two rules:
 *
 * - *strict*: `60 s · 2^(k−1)` without errors, k = times counted so far. A slot counts at most logarithmically often
 *   over a rollout.
 * - *plain*: 60 s since it counted, errors or not.
 *
 * Each test counts the side that supports its claim strictly, the other plainly: the rollback test counts the canary
 * strictly and control plainly, the advance test the reverse. If both were strict, a control whose few visitors
 * always fail would fall silent at full exposure, and a *better* canary would look worse. The same asymmetry keeps a
 * canary in which the same visitors fail repeatedly from advancing.
 *
 * An arm's exposure is its requests times the share of its slots that can count at the tick's start. The canary at p
 * % holds the lowest p % of the 65,536 slots. Busy visitors rest more than others, so the share over-estimates: on
 * the canary's side that is safe, and control's plain rest is short.
 *
 * When many visitors fail in one second, most of them would be spent on a batch that is capped anyway, and then rest
 * while they keep failing: a dead canary with a hundred visitors would never be rolled back. So a tick's errors are
 * taken in random order, both arms together, until a meter (meter.ts) says that the batch needs no more. Unused slots
 * stay as they are and count in a later tick if they still fail.
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

/** Slot counts by rule and arm. */
type Tally = { strictCanary: number; plainCanary: number; strictControl: number; plainControl: number }

export type DedupeState = {
  percentage: number
  /** Second of the last tick, from the generation's start. */
  nowS: number
  /** Histories (dedupe-entry.ts); empty until the first error. */
  chunks: readonly string[]
  /** Resting slots by rule. */
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
    // The advance test must hear every error of the canary; of control's it may miss some.
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

/** A state in progress; `chunks` is the old state's until an error is noted. */
type Draft = { percentage: number; nowS: number; chunks: string[]; strict: RestDraft; plain: RestDraft }

/** The state at `nowS`, with finished rests removed. */
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

/** Recounts all resting slots, as a new percentage moves slots between the arms. */
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

/** Both arms' slots in an order that depends on the second alone. */
function shuffled(nowS: number, { canary, control }: DedupeTick): readonly Errored[] {
  const of = (slots: readonly number[], isCanary: boolean) =>
    [...new Set(slots)].filter(isSlot).map((slot) => ({ slot, isCanary, rank: mixed(slot, nowS) }))
  return [...of(canary, true), ...of(control, false)].sort((a, b) => a.rank - b.rank)
}

function isSlot(slot: number): boolean {
  return Number.isInteger(slot) && slot >= 0 && slot < VISITOR_SLOTS
}

/** MurmurHash3's finalizer: each input bit flips half of the output's. */
function mixed(slot: number, nowS: number): number {
  let hash = Math.imul(slot + 1, 0x9e3779b1) ^ Math.imul(nowS + 1, 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** A slot's history and where it is stored; `entry` is null without one. */
type History = { chunk: number; text: string; at: number; entry: Entry | null }

function historyOf(draft: Draft, slot: number): History {
  const chunk = Math.floor(slot / CHUNK_SLOTS)
  const text = draft.chunks[chunk] ?? ''
  const at = findEntry(text, slot)
  return { chunk, text, at, entry: at < 0 ? null : readEntry(text, at) }
}

/** The rules by which a slot's error counts now; strict implies plain. */
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
  // An error during the rest restarts it: it ends later, but rests no additional slot.
  if (old !== null && !strict) addRest(draft.strict, strictDueS(old), isCanary, -1)
  addRest(draft.strict, strictDueS(entry), isCanary, 1)
  if (plain) addRest(draft.plain, plainDueS(entry), isCanary, 1)
}

/** The number of canary slots; fractional, as a percentage can cut through a slot. */
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

/** A slot that the percentage cuts belongs to the arm with the larger part. */
function isCanarySlot(slot: number, percentage: number): boolean {
  return slot + 0.5 < canarySlotCount(percentage)
}
