/** flagd's `fractional` hash: MurmurHash3 of concatenated texts and attributes. */
import type { EvaluationContext } from '../context/attributes.ts'
import { murmur3 } from './murmur3.ts'

export type FlagdBucketing = {
  scheme: 'flagd'
  /** The hashed parts: fixed texts, and attributes by name. */
  hash: readonly ({ text: string } | { attribute: string; missing?: string | undefined })[]
}

/** The visitor's position, an unsigned 32-bit integer; undefined when an attribute is missing. */
export function flagdPosition(
  { hash }: Pick<FlagdBucketing, 'hash'>,
  context: EvaluationContext,
): number | undefined {
  let text = ''
  for (const part of hash) {
    const value = 'text' in part ? part.text : (context.attribute(part.attribute) ?? part.missing)
    // As the only part, flagd hashes a string and nothing else.
    const isNothing = hash.length === 1 && !('missing' in part) && typeof value !== 'string'
    if (value === undefined || isNothing) return undefined
    text += String(value)
  }
  return murmur3(text, 0)
}
