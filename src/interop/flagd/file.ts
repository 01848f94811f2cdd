/** flagd's flag file. */
import * as v from 'valibot'
import type { Json } from '../../core/flags/flag.ts'

const objects = v.record(v.string(), v.unknown())
const metadata = v.optional(objects, {})

const flag = v.object({
  state: v.picklist(['ENABLED', 'DISABLED']),
  variants: objects,
  defaultVariant: v.nullish(v.string()),
  targeting: v.nullish(objects),
  // Not in its schema, and in many files.
  description: v.optional(v.unknown()),
  metadata,
})

export const fileSchema = v.object({
  flags: v.record(v.string(), flag),
  $evaluators: v.optional(objects, {}),
  metadata,
})

/** The text was JSON, so every value in it is. */
type Values = Readonly<Record<string, Json>>
type Metadata = Readonly<Record<string, unknown>>
export type FlagdFlag = {
  state: 'ENABLED' | 'DISABLED'
  variants: Values
  defaultVariant?: string | null | undefined
  targeting?: Values | null | undefined
  description?: unknown
  metadata: Metadata
}
export type FlagdFile = {
  flags: Readonly<Record<string, FlagdFlag>>
  $evaluators: Values
  metadata: Metadata
}

/** A JsonLogic operation and its operands, which may stand without a list where there is one. */
export function operationIn(logic: Json): { op: string; operands: readonly Json[] } | undefined {
  if (typeof logic !== 'object' || logic === null || Array.isArray(logic)) return undefined
  const [entry, ...more] = Object.entries(logic)
  if (entry === undefined || more.length > 0) return undefined
  const [op, value] = entry
  return { op, operands: Array.isArray(value) ? (value as readonly Json[]) : [value as Json] }
}
