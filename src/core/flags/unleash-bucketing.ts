/**
 * Unleash's hash, so that visitors keep their variant after a migration: MurmurHash3 of `group:id`, modulo 100 (or
 * the sum of weights), plus one. Its modulo bias is kept.
 */
import type { EvaluationContext } from '../context/attributes.ts'
import { murmur3 } from './murmur3.ts'

/** The stickiness that draws a new id for each decision. */
export const RANDOM = 'random'

const PERCENT = 100
/** Unleash's seed for variants, which makes them independent of percentages. */
const VARIANT_SEED = 86028157
const RANDOM_IDS = 1_000_000

export type UnleashBucketing = {
  scheme: 'unleash'
  group: string
  /** The first present attribute is the visitor's id. */
  stickiness: readonly string[]
  variantGroup: string
  variantStickiness: readonly string[]
  /** Visitors with a fixed variant. */
  overrides: readonly { attribute: string; values: ReadonlySet<string>; variant: string }[]
}

/** Whether the visitor is inside a percentage, given in thousandths of a percent. */
export function isInsideUnleash(
  { group, stickiness }: UnleashBucketing,
  thousandths: number,
  context: EvaluationContext,
): boolean {
  const id = identify(stickiness, context)
  return id !== undefined && place(group, id, PERCENT, 0) * 1_000 <= thousandths
}

/** The variant of a visitor: an override, or by weight. `cumulative` holds the running sums of weights. */
export function pickUnleash(
  bucketing: UnleashBucketing,
  variants: readonly string[],
  cumulative: readonly number[],
  context: EvaluationContext,
): string | undefined {
  const override = bucketing.overrides.find(({ attribute, values }) => {
    const value = context.attribute(attribute)
    return value !== undefined && values.has(String(value))
  })
  if (override !== undefined) return override.variant
  const id = identify(bucketing.variantStickiness, context) ?? ''
  const target = place(bucketing.variantGroup, id, cumulative[cumulative.length - 1] ?? 0, VARIANT_SEED)
  return variants[cumulative.findIndex((upTo) => target <= upTo)]
}

function place(group: string, id: string, parts: number, seed: number): number {
  return (murmur3(`${group}:${id}`, seed) % parts) + 1
}

function identify(stickiness: readonly string[], context: EvaluationContext): string | undefined {
  for (const attribute of stickiness) {
    const value = context.attribute(attribute)
    if (value !== undefined && value !== '') return String(value)
    if (attribute === RANDOM && context.random) return String(Math.floor(context.random() * RANDOM_IDS))
  }
  return undefined
}
