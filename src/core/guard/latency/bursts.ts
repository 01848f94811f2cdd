/**
 * Bursts: a machine that stalls for twenty seconds makes all of its requests slow at once. In control, one of ten stalls
 * and no one notices; a canary on one machine is slow as a whole. Per request both arms are equally often slow, but the
 * canary's slow ones come together, and a test that takes them for independent would close it at the first stall.
 *
 * So latency may close a canary only for slowness that lasts longer than bursts do. How long that is, control's own blocks
 * of five seconds say: it is learned when control has been watched for half an hour, and until then 20 s are assumed.
 * While the canary has not been slow for longer, in one block after the other, the growth of all latency wealth comes out
 * of an allowance, which is filled up again no faster than bursts pass. Blocks count from a stage's start, also those of
 * its warm-up: a canary that is slow from the beginning has shown that it lasts when it begins to be judged.
 *
 * The allowance bounds ln f per batch by what is left of it, which depends on the past alone. min(f, c) keeps `E ≤ 1` for
 * any such c, so the tests stay valid; the rule only takes power away.
 */

import type { Counts } from '../evidence/formula.ts'
import { addCounts, NO_COUNTS } from '../evidence/formula.ts'
import { LATENCY_QUANTILES } from '../evidence/latency.ts'

const BLOCK_MS = 5_000
const LEARNED_AFTER_MS = 30 * 60_000
const ASSUMED_BURST_MS = 20_000
/** More makes no difference, and a state stays small. */
const MOST_RUN = 1_000
/** Share of ln(1/α) that one burst can gain: with what the bets and averages cost, a quarter of what closes. */
const ALLOWANCE = 1 / 3
/** How far the canary's share of slow requests lies above control's, and how many they are, in a slow block. */
const SLOW_RATIO = 1.3
const LEAST_SLOW = 4

export type BurstState = {
  /** The open block: its number, and slow requests per quantile. */
  block: number
  counts: readonly Counts[]
  /** Complete blocks, up to the last, in which the canary was slow, and control elevated. */
  slowRun: number
  controlRun: number
  /** The longest burst of control, in blocks; 0: none of more than one. */
  longest: number
  /** How long control has been seen. */
  seenMs: number
  lastAtMs: number
  /** What is left of the allowance, as a share of the whole (0–1). */
  left: number
}

export function initialBursts(atMs: number): BurstState {
  return {
    block: blockOf(atMs),
    counts: none(),
    slowRun: 0,
    controlRun: 0,
    longest: 0,
    seenMs: 0,
    lastAtMs: atMs,
    left: 1,
  }
}

const none = (): Counts[] => LATENCY_QUANTILES.map(() => NO_COUNTS)
const blockOf = (atMs: number) => Math.floor(atMs / BLOCK_MS)

/**
 * State after a tick.
 *
 * @param slow requests per quantile in the tick: the canary's a margin above control's edge, control's above it
 */
export function noteBlocks(state: BurstState, slow: readonly Counts[], atMs: number): BurstState {
  const passedMs = Math.max(0, atMs - state.lastAtMs)
  const hasControl = slow.some(({ controlN }) => controlN > 0)
  const closed = blockOf(atMs) > state.block ? closeBlock(state, blockOf(atMs)) : state
  return {
    ...closed,
    counts: closed.counts.map((counts, k) => addCounts(counts, slow[k] ?? NO_COUNTS)),
    seenMs: state.seenMs + (hasControl ? Math.min(passedMs, BLOCK_MS) : 0),
    lastAtMs: atMs,
    left: Math.min(1, state.left + passedMs / burstMs(state)),
  }
}

function closeBlock(state: BurstState, block: number): BurstState {
  // After a block without a look, nothing is known to have lasted.
  const follows = block === state.block + 1
  const isSlow = follows && state.counts.some(isSlower)
  const isHigh = follows && isElevated(state.counts.at(-1) ?? NO_COUNTS)
  const controlRun = isHigh ? Math.min(MOST_RUN, state.controlRun + 1) : 0
  return {
    ...state,
    block,
    counts: none(),
    slowRun: isSlow ? Math.min(MOST_RUN, state.slowRun + 1) : 0,
    controlRun,
    longest: controlRun > 1 ? Math.max(state.longest, controlRun) : state.longest,
  }
}

function isSlower({ canaryN, controlN, canaryBad, controlBad }: Counts): boolean {
  return canaryBad >= LEAST_SLOW && canaryBad * controlN > SLOW_RATIO * controlBad * canaryN
}

/** Whether control has more slow requests than a p99 and chance explain. */
function isElevated({ controlN, controlBad }: Counts): boolean {
  const expected = controlN * (1 - (LATENCY_QUANTILES.at(-1) ?? 1))
  return controlBad > expected + 4 * Math.sqrt(expected) + 2
}

function isLearned({ seenMs }: BurstState): boolean {
  return seenMs >= LEARNED_AFTER_MS
}

/** How long bursts last, as far as is known. */
function burstMs(state: BurstState): number {
  const seen = (state.longest + 1) * BLOCK_MS
  return isLearned(state) ? seen : Math.max(ASSUMED_BURST_MS, seen)
}

/** Whether what the canary shows can't be a burst: one of 20 s touches five blocks, and six are asked for. */
export function lastsLonger(state: BurstState): boolean {
  if (isLearned(state) && state.longest === 0) return true
  return state.slowRun >= Math.ceil((1.5 * burstMs(state)) / BLOCK_MS)
}

/** The most that ln f of a batch may be; `logCap` is that without bursts. */
export function burstCap(state: BurstState, alpha: number, logCap: number): number {
  return lastsLonger(state) ? logCap : Math.min(logCap, state.left * ALLOWANCE * Math.log(1 / alpha))
}

/** State after a batch in which the largest ln f was `gained`. */
export function spend(state: BurstState, alpha: number, gained: number): BurstState {
  if (gained <= 0 || lastsLonger(state)) return state
  return { ...state, left: Math.max(0, state.left - gained / (ALLOWANCE * Math.log(1 / alpha))) }
}
