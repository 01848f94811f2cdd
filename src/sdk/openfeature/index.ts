/**
 * Sluice for OpenFeature's server SDK. Where a request came through the gate, its headers say what the gate decided,
 * and no question is needed; everything else is asked over OFREP, for the same visitor.
 */
import type { EvaluationContext, JsonValue, Provider, ResolutionDetails } from '@openfeature/server-sdk'
import { HEADERS, type HeadersLike, readDecision } from '../server/index.ts'

export type SluiceProviderOptions = {
  /** Where the gate is, such as https://www.example.com. */
  url: string
  /** A token of the gate, for private flags or where the document wants one. */
  token?: string
  /** The gate's SIGNING_KEY; without it headers are not believed, and every flag is asked for. */
  signingKey?: string
  /** How long the gate may take. Default 2000. */
  timeoutMs?: number
}

const TIMEOUT_MS = 2_000
/** Keys under which a request's headers travel in an evaluation context. */
const IN_CONTEXT = {
  flags: 'sluiceFlags',
  targetingKey: 'sluiceTargetingKey',
  signature: 'sluiceSignature',
} as const

/** The evaluation context of a request that came through the gate: pass it to the client with each question. */
export function gateContext(headers: HeadersLike): EvaluationContext {
  const context: Record<string, string> = {}
  for (const name of ['flags', 'targetingKey', 'signature'] as const) {
    const get = (headers as { get?(header: string): string | null }).get
    const value =
      typeof get === 'function'
        ? get.call(headers, HEADERS[name])
        : (headers as Record<string, string | string[] | undefined>)[HEADERS[name]]
    if (typeof value === 'string') context[IN_CONTEXT[name]] = value
  }
  return context
}

type Errors = NonNullable<ResolutionDetails<unknown>['errorCode']>
type Answer = {
  value?: unknown
  variant?: string
  reason?: string
  metadata?: Record<string, string | number | boolean>
  errorCode?: string
  errorDetails?: string
}

export class SluiceProvider implements Provider {
  readonly runsOn = 'server'
  readonly metadata = { name: 'sluice' } as const
  readonly #options: SluiceProviderOptions

  constructor(options: SluiceProviderOptions) {
    this.#options = options
  }

  async resolveBooleanEvaluation(
    flagKey: string,
    otherwise: boolean,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<boolean>> {
    const { decision, rest } = await this.#readContext(context)
    const variant = decision?.variants[flagKey]
    // The header names variants. What these two are is plain; the value of any other is asked for.
    if (variant === 'on' || variant === 'off') {
      const reason = openFeatureReason(decision?.reasons[flagKey])
      return { value: variant === 'on', variant, ...(reason && { reason }) }
    }
    return await this.#ask(flagKey, otherwise, rest, (value) => typeof value === 'boolean')
  }

  async resolveStringEvaluation(flagKey: string, otherwise: string, context: EvaluationContext) {
    const { rest } = await this.#readContext(context)
    return await this.#ask(flagKey, otherwise, rest, (value) => typeof value === 'string')
  }

  async resolveNumberEvaluation(flagKey: string, otherwise: number, context: EvaluationContext) {
    const { rest } = await this.#readContext(context)
    return await this.#ask(flagKey, otherwise, rest, (value) => typeof value === 'number')
  }

  async resolveObjectEvaluation<T extends JsonValue>(
    flagKey: string,
    otherwise: T,
    context: EvaluationContext,
  ) {
    const { rest } = await this.#readContext(context)
    return await this.#ask(flagKey, otherwise, rest, (value) => typeof value === 'object' && value !== null)
  }

  /** What the gate decided, and the context without its headers, for the same visitor. */
  async #readContext(context: EvaluationContext) {
    const { sluiceFlags, sluiceTargetingKey, sluiceSignature, ...rest } = context
    const { signingKey } = this.#options
    if (signingKey === undefined || typeof sluiceFlags !== 'string') return { decision: undefined, rest }
    const headers: Record<string, string> = { [HEADERS.flags]: sluiceFlags }
    if (typeof sluiceTargetingKey === 'string') headers[HEADERS.targetingKey] = sluiceTargetingKey
    if (typeof sluiceSignature === 'string') headers[HEADERS.signature] = sluiceSignature
    const decision = await readDecision(headers, { signingKey })
    const targetingKey = rest.targetingKey ?? decision?.targetingKey
    return { decision, rest: { ...rest, ...(targetingKey !== undefined && { targetingKey }) } }
  }

  async #ask<T>(
    flagKey: string,
    otherwise: T,
    context: EvaluationContext,
    fits: (value: unknown) => boolean,
  ): Promise<ResolutionDetails<T>> {
    try {
      const { value, variant, reason, metadata, errorCode, errorDetails } = await this.#evaluate(
        flagKey,
        context,
      )
      if (errorCode !== undefined) return failure(otherwise, errorCode, errorDetails)
      if (value === undefined) return { value: otherwise, reason: 'DEFAULT', ...(variant && { variant }) }
      if (!fits(value)) return failure(otherwise, 'TYPE_MISMATCH', `${flagKey} is ${JSON.stringify(value)}`)
      return {
        value: value as T,
        ...(variant !== undefined && { variant }),
        ...(reason !== undefined && { reason }),
        ...(metadata !== undefined && { flagMetadata: metadata }),
      }
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      return failure(otherwise, 'GENERAL', `Cannot ask the gate: ${message}`)
    }
  }

  async #evaluate(flagKey: string, context: EvaluationContext): Promise<Answer> {
    const { url, token, timeoutMs = TIMEOUT_MS } = this.#options
    const path = `/__sluice/ofrep/v1/evaluate/flags/${encodeURIComponent(flagKey)}`
    const response = await fetch(url.replace(/\/$/, '') + path, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ context }),
      signal: AbortSignal.timeout(timeoutMs),
    })
    const answer = (await response.json()) as Answer
    if (response.ok || answer.errorCode !== undefined) return answer
    return {
      errorCode: 'GENERAL',
      errorDetails: answer.errorDetails ?? `The gate answered ${response.status}`,
    }
  }
}

function failure<T>(value: T, errorCode: string, errorMessage: string | undefined): ResolutionDetails<T> {
  // The SDK's codes are an enum of these very texts.
  return { value, reason: 'ERROR', errorCode: errorCode as Errors, ...(errorMessage && { errorMessage }) }
}

/** As over OFREP: what closes a flag here is DISABLED there. */
function openFeatureReason(reason: string | undefined): string | undefined {
  const known: Readonly<Record<string, string>> = {
    killed: 'DISABLED',
    rolled_back: 'DISABLED',
    rescued: 'DISABLED',
    override: 'TARGETING_MATCH',
  }
  return reason && (known[reason] ?? reason.toUpperCase())
}
