/**
 * Memory of failing visitors, by failure mark (slot and group of networks): 8 characters per mark, in 2,048 strings of
 * 32 slots each. All 65,536 slots of one group take 0.53 MB of JSON; the 3,600 of an hour with 1 error/s take 29 kB.
 */
import { groupOfMark, slotOf } from '../../counters/networks.ts'

/** A mark's history; seconds count from the generation's start. */
export type Entry = {
  /** Times counted with back-off, 1–15. */
  times: number
  /** Second of the last error, counted or not. */
  lastS: number
  /** Seconds from the last error that was counted without back-off to `lastS`, 0–59. */
  lagS: number
}

export const ENTRY_LENGTH = 8
const CHUNK_SLOTS = 32
export const CHUNKS = 65_536 / CHUNK_SLOTS
const QUIET_S = 60
export const MOST_TIMES = 15
/** 26 bits of seconds: two years. */
const LAST_SECOND = 2 ** 26 - 1

/** Six bits per character. */
export const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const VALUES = new Uint8Array(128)
for (let value = 0; value < DIGITS.length; value++) VALUES[DIGITS.charCodeAt(value)] = value

const digit = (value: number): string => DIGITS[value & 63] ?? 'A'
export const valueAt = (chunk: string, at: number): number => VALUES[chunk.charCodeAt(at)] ?? 0

/** Strict rest by times counted; a table, as recounting reads it per entry. */
const STRICT_REST_S = Array.from({ length: MOST_TIMES + 1 }, (_, times) => QUIET_S * 2 ** (times - 1))

/** When a slot counts again by the strict rule: after 60 s without errors, doubled each time it counted. */
export function strictDueS(entry: Entry): number {
  return entry.lastS + (STRICT_REST_S[entry.times] ?? QUIET_S)
}

/** When a slot counts again by the plain rule: 60 s after it counted. */
export function plainDueS(entry: Entry): number {
  return entry.lastS - entry.lagS + QUIET_S
}

/** The chunk in which a mark's entry lies. */
export function chunkOf(mark: number): number {
  return Math.floor(slotOf(mark) / CHUNK_SLOTS)
}

/** Place of a mark in its chunk: two digits of six bits. */
export const placeOf = (mark: number): number =>
  (slotOf(mark) % CHUNK_SLOTS) + CHUNK_SLOTS * groupOfMark(mark)

/** Index of a mark's entry in its chunk, or −1. */
export function findEntry(chunk: string, mark: number): number {
  const place = placeOf(mark)
  const high = DIGITS.charCodeAt(place >>> 6)
  const low = DIGITS.charCodeAt(place & 63)
  for (let at = 0; at < chunk.length; at += ENTRY_LENGTH)
    if (chunk.charCodeAt(at + 1) === low && chunk.charCodeAt(at) === high) return at
  return -1
}

/** The place that begins the entry at `at`. */
export const placeIn = (chunk: string, at: number): number =>
  (valueAt(chunk, at) << 6) | valueAt(chunk, at + 1)

/** The slot whose entry is at `at`. */
export function slotAt(chunkIndex: number, chunk: string, at: number): number {
  return chunkIndex * CHUNK_SLOTS + (placeIn(chunk, at) % CHUNK_SLOTS)
}

/** The group of networks of the entry at `at`. */
export function entryGroup(chunk: string, at: number): number {
  return Math.floor(placeIn(chunk, at) / CHUNK_SLOTS)
}

export function readEntry(chunk: string, at: number): Entry {
  const packed =
    (valueAt(chunk, at + 2) << 24) |
    (valueAt(chunk, at + 3) << 18) |
    (valueAt(chunk, at + 4) << 12) |
    (valueAt(chunk, at + 5) << 6) |
    valueAt(chunk, at + 6)
  return { times: packed >>> 26, lastS: packed & LAST_SECOND, lagS: valueAt(chunk, at + 7) }
}

/** The chunk with the entry at `at` replaced, or appended when `at` is −1. */
export function writeEntry(chunk: string, at: number, mark: number, entry: Entry): string {
  const second = Math.min(entry.lastS, LAST_SECOND)
  const place = placeOf(mark)
  const text =
    digit(place >>> 6) +
    digit(place) +
    digit((entry.times << 2) | (second >>> 24)) +
    digit(second >>> 18) +
    digit(second >>> 12) +
    digit(second >>> 6) +
    digit(second) +
    digit(entry.lagS)
  return at < 0 ? chunk + text : chunk.slice(0, at) + text + chunk.slice(at + ENTRY_LENGTH)
}
