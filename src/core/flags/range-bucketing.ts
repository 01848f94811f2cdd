/**
 * Places as ranges of a hash: how LaunchDarkly, GrowthBook and flagd spread visitors over parts that no percentage or
 * weight can say. A rule with such places is for visitors who are inside all of them.
 */
import type { AttributeValue, EvaluationContext } from '../context/attributes.ts'
import { type FlagdBucketing, flagdPosition } from './flagd-bucketing.ts'
import { sha1 } from './sha.ts'

export type Place = {
  algorithm: (typeof RANGE_ALGORITHMS)[number]
  hash: FlagdBucketing['hash']
  /** Each from a number up to, and without, another. */
  ranges: readonly (readonly [from: number, to: number])[]
  /** Where visitors are who have no such attribute; undefined: in no range. */
  missing?: number | undefined
}

export type RangeBucketing = { scheme: 'ranges'; places: readonly Place[] }

/** Whether the visitor is inside every place. */
export function isInsideRanges({ places }: RangeBucketing, context: EvaluationContext): boolean {
  return places.every((place) => {
    const at = positionIn(place, context) ?? place.missing
    return at !== undefined && place.ranges.some(([from, to]) => at >= from && at < to)
  })
}

/** `murmur3` is flagd's position, from 0 to 2^32. */
export const RANGE_ALGORITHMS = ['murmur3', 'sha1', 'fnv1a', 'fnv1a-twice'] as const

const SHARES = {
  /** LaunchDarkly's: the first 60 bits, as a share of all of them. */
  sha1: (text: string) => {
    const [high = 0, low = 0] = sha1(text)
    return (high * 2 ** 28 + (low >>> 4)) / (2 ** 60 - 1)
  },
  /** GrowthBook's first version, in thousandths. */
  fnv1a: (text: string) => (fnv1a(text) % 1_000) / 1_000,
  /** GrowthBook's second version, in ten-thousandths. */
  'fnv1a-twice': (text: string) => (fnv1a(String(fnv1a(text))) % 10_000) / 10_000,
}

function positionIn({ algorithm, hash }: Place, context: EvaluationContext): number | undefined {
  if (algorithm === 'murmur3') return flagdPosition({ hash }, context)
  let text = ''
  for (const part of hash) {
    const own =
      'text' in part ? part.text : (idOf(context.attribute(part.attribute), algorithm) ?? part.missing)
    if (own === undefined) return undefined
    text += own
  }
  return SHARES[algorithm](text)
}

/** What identifies a visitor: a text, or a whole number to LaunchDarkly, or anything but an empty one to GrowthBook. */
function idOf(value: AttributeValue | undefined, algorithm: Place['algorithm']): string | undefined {
  const identifies =
    algorithm === 'sha1'
      ? typeof value === 'string' || Number.isInteger(value)
      : value && typeof value !== 'object'
  return identifies ? String(value) : undefined
}

/** FNV-1a, 32 bits, of UTF-16 code units, as GrowthBook takes them. Source: Fowler, Noll, Vo (public domain). */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
