/**
 * Counts visitors, not retries.
 *
 * Errors come in clusters: one visitor reloads, a client retries, a bot walks a broken path. On raw counts any
 * test that assumes independent requests fires at random. So an error counts once per routing bucket, and a
 * bucket that has counted must rest before it counts again. There are two rules for the rest:
 *
 * - *strict*: `60 s · 2^(k−1)` without errors, k = times counted so far. One bucket counts at most
 *   logarithmically often in a rollout's time.
 * - *plain*: 60 s since it counted, errors or not.
 *
 * Each test counts the side that speaks for its own claim strictly, the other plainly: the rollback test counts
 * the canary strictly and control plainly, the advance test the other way round. Were both strict, a control
 * whose few visitors fail all the time would fall silent while keeping its exposure, and a *better* canary would
 * look worse; the same asymmetry keeps a canary in which the same visitors fail again and again from advancing.
 *
 * The exposure of an arm is its requests times the share of its buckets that can count at the tick's start. The
 * canary at p % holds the lowest p % of the 65,536 buckets. Busy visitors rest more than others, so the share
 * over-estimates: on the canary's side that is the safe direction, and control's plain rest is short.
 */

import {
  CHUNK_BUCKETS,
  ENTRY_LENGTH,
  entryIndex,
  findEntry,
  MOST_TIMES,
  plainDueS,
  readEntry,
  strictDueS,
  writeEntry,
} from './dedupe-entry.ts'
import { addRest, NO_RESTS, type RestDraft, type RestQueue, resting } from './dedupe-rests.ts'

export const ROUTING_BUCKETS = 65_536
const CHUNKS = ROUTING_BUCKETS / CHUNK_BUCKETS

/** Buckets by rule and arm. */
type Tally = { strictCanary: number; plainCanary: number; strictControl: number; plainControl: number }

export type DedupeState = {
  percentage: number
  /** Second of the last tick, from the generation's start. */
  nowS: number
  /** Histories, see dedupe-entry.ts; empty array until the first error. */
  chunks: readonly string[]
  /** Buckets that rest, by rule. */
  strict: RestQueue
  plain: RestQueue
}

/** Shares (0–1) of each arm's buckets that could count at the tick's start. */
export type Eligible = {
  strictCanary: number
  plainCanary: number
  strictControl: number
  plainControl: number
}

export type DedupeResult = {
  state: DedupeState
  eligible: Eligible
  /** Buckets counted in this tick. */
  counted: Tally
  /** Canary buckets counted strictly in this tick. */
  canaryBuckets: readonly number[]
}

const noTally = (): Tally => ({ strictCanary: 0, plainCanary: 0, strictControl: 0, plainControl: 0 })

export function initialDedupe(percentage: number): DedupeState {
  return { percentage, nowS: 0, chunks: [], strict: NO_RESTS, plain: NO_RESTS }
}

/**
 * One tick.
 *
 * @param state before; not changed
 * @param nowS whole seconds since the generation's start; going back counts as standing still
 * @param percentage the canary's, 0–100
 * @param canaryErrored distinct buckets with errors in the canary; repeated ones count once
 * @param controlErrored the same of control
 */
export function stepDedupe(
  state: DedupeState,
  nowS: number,
  percentage: number,
  canaryErrored: readonly number[],
  controlErrored: readonly number[],
): DedupeResult {
  const draft = begin(state, Math.max(nowS, state.nowS), percentage)
  const eligible = eligibleShares(draft)
  const counted = noTally()
  const canaryBuckets: number[] = []
  if (canaryErrored.length + controlErrored.length > 0)
    draft.chunks = state.chunks.length > 0 ? state.chunks.slice() : new Array<string>(CHUNKS).fill('')
  for (const bucket of canaryErrored) {
    const times = countError(draft, bucket)
    if (times.plain) counted.plainCanary++
    if (!times.strict) continue
    counted.strictCanary++
    canaryBuckets.push(bucket)
  }
  for (const bucket of controlErrored) {
    const times = countError(draft, bucket)
    if (times.plain) counted.plainControl++
    if (times.strict) counted.strictControl++
  }
  return { state: draft, eligible, counted, canaryBuckets }
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

/** Counts all resting buckets anew: a new percentage moves buckets between the arms. */
function recount(draft: Draft): Draft {
  draft.chunks.forEach((text, chunk) => {
    for (let at = 0; at < text.length; at += ENTRY_LENGTH) {
      const isCanary = isCanaryBucket(chunk * CHUNK_BUCKETS + entryIndex(text, at), draft.percentage)
      const entry = readEntry(text, at)
      if (strictDueS(entry) > draft.nowS) addRest(draft.strict, strictDueS(entry), isCanary, 1)
      if (plainDueS(entry) > draft.nowS) addRest(draft.plain, plainDueS(entry), isCanary, 1)
    }
  })
  return draft
}

/** Notes one error of a bucket; tells by which rules it counts. */
function countError(draft: Draft, bucket: number): { strict: boolean; plain: boolean } {
  if (!(Number.isInteger(bucket) && bucket >= 0 && bucket < ROUTING_BUCKETS))
    return { strict: false, plain: false }
  const chunk = Math.floor(bucket / CHUNK_BUCKETS)
  const text = draft.chunks[chunk] ?? ''
  const at = findEntry(text, bucket)
  const old = at < 0 ? null : readEntry(text, at)
  const strict = old === null || strictDueS(old) <= draft.nowS
  const plain = old === null || plainDueS(old) <= draft.nowS
  const entry = {
    times: Math.min(MOST_TIMES, (old?.times ?? 0) + (strict ? 1 : 0)),
    lastS: draft.nowS,
    lagS: plain || old === null ? 0 : draft.nowS - (old.lastS - old.lagS),
  }
  draft.chunks[chunk] = writeEntry(text, at, bucket, entry)
  const isCanary = isCanaryBucket(bucket, draft.percentage)
  // An error within the rest starts it again: it ends later, but its bucket is no additional one.
  if (old !== null && !strict) addRest(draft.strict, strictDueS(old), isCanary, -1)
  addRest(draft.strict, strictDueS(entry), isCanary, 1)
  if (plain) addRest(draft.plain, plainDueS(entry), isCanary, 1)
  return { strict, plain }
}

/** Buckets of the canary, not necessarily whole: the percentage can cut through a bucket. */
export function canaryBucketCount(percentage: number): number {
  return (ROUTING_BUCKETS * Math.min(100, Math.max(0, percentage))) / 100
}

function eligibleShares({ percentage, strict, plain }: Draft): Eligible {
  const canary = canaryBucketCount(percentage)
  const control = ROUTING_BUCKETS - canary
  const share = (resting: number, all: number) => (all > 0 ? Math.max(0, 1 - resting / all) : 0)
  return {
    strictCanary: share(strict.canary, canary),
    plainCanary: share(plain.canary, canary),
    strictControl: share(strict.control, control),
    plainControl: share(plain.control, control),
  }
}

/** A bucket that the percentage cuts belongs to the arm that has more of it. */
function isCanaryBucket(bucket: number, percentage: number): boolean {
  return bucket + 0.5 < canaryBucketCount(percentage)
}
