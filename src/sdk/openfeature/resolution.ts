/** What the gate answers over OFREP, as OpenFeature wants it. */
import type { ResolutionDetails } from '@openfeature/server-sdk'

/** An evaluation over OFREP. */
export type Answer = {
  value?: unknown
  variant?: string
  reason?: string
  metadata?: Record<string, string | number | boolean>
  errorCode?: string
  errorDetails?: string
}

type ErrorCode = NonNullable<ResolutionDetails<unknown>['errorCode']>

/** The answer's value where it is of the type that is asked for; otherwise the default value, and why. */
export function resolutionOf<T>(
  flagKey: string,
  { value, variant, reason, metadata, errorCode, errorDetails }: Answer,
  defaultValue: T,
  type: string,
): ResolutionDetails<T> {
  if (errorCode !== undefined) return failure(defaultValue, errorCode, errorDetails)
  if (value !== undefined && (typeof value !== type || value === null))
    return failure(defaultValue, 'TYPE_MISMATCH', `${flagKey} is ${JSON.stringify(value)}`)
  return {
    value: value === undefined ? defaultValue : (value as T),
    ...(variant !== undefined && { variant }),
    ...(reason !== undefined && { reason }),
    ...(metadata !== undefined && { flagMetadata: metadata }),
  }
}

export function failure<T>(
  value: T,
  errorCode: string,
  errorMessage: string | undefined,
): ResolutionDetails<T> {
  // The SDK's codes are an enum of these very texts.
  return { value, reason: 'ERROR', errorCode: errorCode as ErrorCode, ...(errorMessage && { errorMessage }) }
}

/** As over OFREP: what closes a flag here is DISABLED there. */
export function openFeatureReason(reason: string | undefined): string | undefined {
  const known: Readonly<Record<string, string>> = {
    killed: 'DISABLED',
    rolled_back: 'DISABLED',
    rescued: 'DISABLED',
    override: 'TARGETING_MATCH',
  }
  return reason && (known[reason] ?? reason.toUpperCase())
}
