/**
 * Who fails again and again: for each failure mark the seconds in which it failed, up to four, without a break of half an
 * hour. Those who fail at random come to two rarely and to four hardly ever; those for whom nothing works always do.
 *
 * A mark reaches each level once in a generation. Memory is bounded: 2,048 strings of 32 slots each, at most 16 entries
 * of 6 characters in each of them (0.2 MB); where one is full, the entry that failed least recently makes room. That
 * doesn't depend on the arm, so what is forgotten favours none.
 */

import { NETWORK_GROUPS } from '../../counters/networks.ts'
import { CHUNKS, chunkOf, DIGITS, placeIn, placeOf, slotAt, valueAt } from './dedupe-entry.ts'

/** Seconds with failures that make a level. */
export const LEVELS = [2, 4] as const

export type FailingRuns = readonly string[]

/** `level` counts the levels that the mark has reached: 0 to 2. */
type Run = { seconds: number; level: number; lastTens: number }

const LENGTH = 6
const MOST_ENTRIES = 16
const MOST_SECONDS = 4
/** Seconds come in tens, as three digits: a month. */
const TEN = 10
const LAST_TEN = 64 ** 3 - 1
const BREAK_TENS = 180

/** Notes a second's failing marks; `reached` lists those that have come to a level, by its index. */
export function noteRuns(
  chunks: FailingRuns,
  marks: Iterable<number>,
  nowS: number,
): { chunks: FailingRuns; reached: readonly (readonly number[])[] } {
  const reached: number[][] = LEVELS.map(() => [])
  let next: string[] | undefined
  for (const mark of new Set(marks)) {
    if (!isMark(mark)) continue
    next ??= chunks.length > 0 ? chunks.slice() : new Array<string>(CHUNKS).fill('')
    const chunk = next[chunkOf(mark)] ?? ''
    const at = findRun(chunk, mark)
    const run = runAfter(at < 0 ? undefined : readRun(chunk, at), Math.floor(nowS / TEN))
    const before = at < 0 ? 0 : readRun(chunk, at).level
    for (let level = before; level < run.level; level++) reached[level]?.push(mark)
    next[chunkOf(mark)] = written(chunk, at, mark, run)
  }
  return { chunks: next ?? chunks, reached }
}

function isMark(mark: number): boolean {
  return Number.isInteger(mark) && mark >= 0 && mark < 65_536 * (NETWORK_GROUPS + 1)
}

function runAfter(before: Run | undefined, tens: number): Run {
  const lastTens = Math.min(LAST_TEN, tens)
  if (before === undefined) return { seconds: 1, level: 0, lastTens }
  const isBroken = tens - before.lastTens > BREAK_TENS
  const seconds = isBroken ? 1 : Math.min(MOST_SECONDS, before.seconds + 1)
  const levels = LEVELS.filter((level) => seconds >= level).length
  return { seconds, level: Math.max(before.level, levels), lastTens }
}

/** Whether a mark has failed in two seconds or more. */
export function isRepeating(chunks: FailingRuns, mark: number): boolean {
  const chunk = chunks[chunkOf(mark)] ?? ''
  const at = findRun(chunk, mark)
  return at >= 0 && readRun(chunk, at).level > 0
}

/** Distinct slots that have failed in two seconds or more, by arm. */
export function repeatingByArm(
  chunks: FailingRuns,
  isCanarySlot: (slot: number) => boolean,
): { canary: number; control: number } {
  const by = { canary: 0, control: 0 }
  chunks.forEach((text, chunk) => {
    for (let at = 0; at < text.length; at += LENGTH)
      if (readRun(text, at).level > 0) by[isCanarySlot(slotAt(chunk, text, at)) ? 'canary' : 'control']++
  })
  return by
}

function findRun(chunk: string, mark: number): number {
  const place = placeOf(mark)
  for (let at = 0; at < chunk.length; at += LENGTH) if (placeIn(chunk, at) === place) return at
  return -1
}

function readRun(chunk: string, at: number): Run {
  const packed = valueAt(chunk, at + 2)
  const lastTens = (valueAt(chunk, at + 3) << 12) | (valueAt(chunk, at + 4) << 6) | valueAt(chunk, at + 5)
  return { seconds: packed & 7, level: packed >>> 3, lastTens }
}

const digit = (value: number): string => DIGITS[value & 63] ?? 'A'

function written(chunk: string, at: number, mark: number, { seconds, level, lastTens }: Run): string {
  const place = placeOf(mark)
  const text =
    digit(place >>> 6) +
    digit(place) +
    digit((level << 3) | seconds) +
    digit(lastTens >>> 12) +
    digit(lastTens >>> 6) +
    digit(lastTens)
  if (at >= 0) return chunk.slice(0, at) + text + chunk.slice(at + LENGTH)
  return (chunk.length < MOST_ENTRIES * LENGTH ? chunk : withoutOldest(chunk)) + text
}

function withoutOldest(chunk: string): string {
  let oldest = 0
  for (let at = LENGTH; at < chunk.length; at += LENGTH)
    if (readRun(chunk, at).lastTens < readRun(chunk, oldest).lastTens) oldest = at
  return chunk.slice(0, oldest) + chunk.slice(oldest + LENGTH)
}
