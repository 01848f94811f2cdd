/** flagd's way of placing visitors (`fractional`): MurmurHash3 of texts and attributes, one after the other. */
import type { EvaluationContext } from '../context/attributes.ts'
import { murmur3 } from './murmur3.ts'

export type FlagdBucketing = {
  scheme: 'flagd'
  /** What is hashed: fixed texts, and attributes by name. */
  hash: readonly ({ text: string } | { attribute: string; missing?: string | undefined })[]
}

/** The visitor's position, an unsigned 32-bit integer; undefined where an attribute is missing. */
export function flagdPosition({ hash }: FlagdBucketing, context: EvaluationContext): number | undefined {
  let text = ''
  for (const part of hash) {
    const value = 'text' in part ? part.text : (context.attribute(part.attribute) ?? part.missing)
    // By itself, what identifies a visitor is a text to flagd, or nothing.
    const isNothing = hash.length === 1 && !('missing' in part) && typeof value !== 'string'
    if (value === undefined || isNothing) return undefined
    text += String(value)
  }
  return murmur3(text, 0)
}
