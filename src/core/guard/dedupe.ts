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
  QUIET_S,
  readEntry,
  strictDueS,
  writeEntry,
} from './dedupe-entry.ts'

export const ROUTING_BUCKETS = 65_536
const CHUNKS = ROUTING_BUCKETS / CHUNK_BUCKETS
/** In `nextDueS`: no bucket of this chunk rests. */
const NONE = -1

/** Buckets by rule and arm. */
type Tally = { strictCanary: number; plainCanary: number; strictControl: number; plainControl: number }

/** Buckets of one second that rest plainly: their rest ends together, so the seconds queue up. */
type PlainRest = { countedS: number; canary: number; control: number }

export type DedupeState = {
  percentage: number
  /** Second of the last tick, from the generation's start. */
  nowS: number
  /** Histories, see dedupe-entry.ts; empty array until the first error. */
  chunks: readonly string[]
  /** Per chunk: no strict rest ends before this second; NONE when none does. */
  nextDueS: readonly number[]
  /** Oldest first, one per second at most. */
  plainRests: readonly PlainRest[]
  resting: Tally
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
  return { percentage, nowS: 0, chunks: [], nextDueS: [], plainRests: [], resting: noTally() }
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
  const draft = release(state, Math.max(nowS, state.nowS), percentage)
  const eligible = eligibleShares(draft)
  const counted = noTally()
  const canaryBuckets: number[] = []
  const plainNow = new Map<number, PlainRest>()
  if (canaryErrored.length + controlErrored.length > 0) own(draft, state)
  for (const bucket of canaryErrored) {
    const times = countError(draft, plainNow, bucket)
    if (times.plain) counted.plainCanary++
    if (!times.strict) continue
    counted.strictCanary++
    canaryBuckets.push(bucket)
  }
  for (const bucket of controlErrored) {
    const times = countError(draft, plainNow, bucket)
    if (times.plain) counted.plainControl++
    if (times.strict) counted.strictControl++
  }
  draft.plainRests.push(...plainNow.values())
  return { state: draft, eligible, counted, canaryBuckets }
}

/** A state under construction: its arrays may be shared with the state before until `own`. */
type Draft = {
  percentage: number
  nowS: number
  chunks: string[]
  nextDueS: number[]
  plainRests: PlainRest[]
  resting: Tally
}

/** Takes copies of the arrays, so that the state before stays as it is. */
function own(draft: Draft, before: DedupeState): void {
  const empty = before.chunks.length === 0
  draft.chunks = empty ? new Array<string>(CHUNKS).fill('') : before.chunks.slice()
  if (draft.nextDueS !== before.nextDueS) return
  draft.nextDueS = empty ? new Array<number>(CHUNKS).fill(NONE) : before.nextDueS.slice()
}

/** Ends the rests that are over at `nowS`. */
function release(state: DedupeState, nowS: number, percentage: number): Draft {
  const draft: Draft = {
    percentage,
    nowS,
    chunks: state.chunks as string[],
    nextDueS: state.nextDueS as number[],
    plainRests: [],
    resting: { ...state.resting },
  }
  if (percentage !== state.percentage) return recount(draft)
  for (const rest of state.plainRests) {
    if (rest.countedS + QUIET_S > nowS) draft.plainRests.push(rest)
    else {
      draft.resting.plainCanary -= rest.canary
      draft.resting.plainControl -= rest.control
    }
  }
  const dues = state.nextDueS
  for (let chunk = 0; chunk < dues.length; chunk++) {
    const dueS = dues[chunk] ?? NONE
    if (dueS > nowS || dueS === NONE) continue
    if (draft.nextDueS === dues) draft.nextDueS = dues.slice()
    draft.nextDueS[chunk] = releaseChunk(draft, chunk, state.nowS)
  }
  return draft
}

/** Ends strict rests that ended after `beforeS`; returns the second at which the chunk's next one ends. */
function releaseChunk(draft: Draft, chunk: number, beforeS: number): number {
  const text = draft.chunks[chunk] ?? ''
  let next = NONE
  for (let at = 0; at < text.length; at += ENTRY_LENGTH) {
    const dueS = strictDueS(readEntry(text, at))
    if (dueS > draft.nowS) next = earlier(next, dueS)
    else if (dueS > beforeS) addStrict(draft, chunk * CHUNK_BUCKETS + entryIndex(text, at), -1)
  }
  return next
}

/** Counts all resting buckets anew: a new percentage moves buckets between the arms. */
function recount(draft: Draft): Draft {
  draft.resting = noTally()
  const plain = new Map<number, PlainRest>()
  draft.chunks.forEach((text, chunk) => {
    for (let at = 0; at < text.length; at += ENTRY_LENGTH) {
      const bucket = chunk * CHUNK_BUCKETS + entryIndex(text, at)
      const entry = readEntry(text, at)
      if (strictDueS(entry) > draft.nowS) addStrict(draft, bucket, 1)
      if (plainDueS(entry) > draft.nowS) addPlain(draft, plain, bucket, plainDueS(entry) - QUIET_S)
    }
  })
  draft.plainRests = [...plain.values()].sort((a, b) => a.countedS - b.countedS)
  return draft
}

/** Notes one error of a bucket; tells by which rules it counts. */
function countError(
  draft: Draft,
  plainNow: Map<number, PlainRest>,
  bucket: number,
): { strict: boolean; plain: boolean } {
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
  draft.nextDueS[chunk] = earlier(draft.nextDueS[chunk] ?? NONE, strictDueS(entry))
  if (strict) addStrict(draft, bucket, 1)
  if (plain) addPlain(draft, plainNow, bucket, draft.nowS)
  return { strict, plain }
}

function addStrict(draft: Draft, bucket: number, by: number): void {
  if (isCanaryBucket(bucket, draft.percentage)) draft.resting.strictCanary += by
  else draft.resting.strictControl += by
}

function addPlain(draft: Draft, rests: Map<number, PlainRest>, bucket: number, countedS: number): void {
  const rest = rests.get(countedS) ?? { countedS, canary: 0, control: 0 }
  rests.set(countedS, rest)
  const canary = isCanaryBucket(bucket, draft.percentage)
  if (canary) {
    rest.canary++
    draft.resting.plainCanary++
  } else {
    rest.control++
    draft.resting.plainControl++
  }
}

/** Buckets of the canary, not necessarily whole: the percentage can cut through a bucket. */
export function canaryBucketCount(percentage: number): number {
  return (ROUTING_BUCKETS * Math.min(100, Math.max(0, percentage))) / 100
}

function eligibleShares(draft: Draft): Eligible {
  const canary = canaryBucketCount(draft.percentage)
  const control = ROUTING_BUCKETS - canary
  const share = (resting: number, all: number) => (all > 0 ? Math.max(0, 1 - resting / all) : 0)
  return {
    strictCanary: share(draft.resting.strictCanary, canary),
    plainCanary: share(draft.resting.plainCanary, canary),
    strictControl: share(draft.resting.strictControl, control),
    plainControl: share(draft.resting.plainControl, control),
  }
}

/** A bucket that the percentage cuts belongs to the arm that has more of it. */
function isCanaryBucket(bucket: number, percentage: number): boolean {
  return bucket + 0.5 < canaryBucketCount(percentage)
}

function earlier(a: number, b: number): number {
  return a === NONE || b < a ? b : a
}
