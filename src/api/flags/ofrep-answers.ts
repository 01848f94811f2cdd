/** Decisions as OFREP tells them. */
import type { Decision, Reason } from '../../core/decision/decide.ts'
import type { CompiledFlag, Json } from '../../core/flags/flag.ts'

export type ErrorCode =
  | 'PARSE_ERROR'
  | 'TARGETING_KEY_MISSING'
  | 'INVALID_CONTEXT'
  | 'FLAG_NOT_FOUND'
  | 'GENERAL'

export type Evaluation = {
  key: string
  /** Left out, with the variant, for one without a value: the app's own default is used then. */
  value?: Json
  reason: string
  variant?: string
  metadata: Readonly<Record<string, string | number | boolean>>
}
export type Failure = { key: string; errorCode: ErrorCode; errorDetails: string }

/** Sluice's own reasons, in the words that OpenFeature's clients know. */
const OPENFEATURE_REASONS: Partial<Record<Reason, string>> = {
  KILLED: 'DISABLED',
  ROLLED_BACK: 'DISABLED',
  OVERRIDE: 'TARGETING_MATCH',
}

export function evaluationOf(flag: CompiledFlag, decision: Decision): Evaluation {
  const { variant, value, reason } = decision
  const known = OPENFEATURE_REASONS[reason]
  return {
    key: flag.key,
    reason: known ?? reason,
    ...(value !== null && { value, variant }),
    metadata: { ...flag.metadata, ...(known && { sluiceReason: reason }) },
  }
}

export function keyMissing(key: string): Failure {
  const errorDetails = 'What this flag serves depends on who asks: send "targetingKey" in the context'
  return { key, errorCode: 'TARGETING_KEY_MISSING', errorDetails }
}

export function flagNotFound(key: string): Failure {
  return { key, errorCode: 'FLAG_NOT_FOUND', errorDetails: `The gate document has no flag "${key}"` }
}
