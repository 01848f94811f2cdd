/**
 * `sluice/openfeature`, a provider for OpenFeature's server SDK. Where a request came through the gate, its headers say
 * what the gate decided and no query is needed; everything else is queried over OFREP, for the same visitor.
 */
import type {
  EvaluationContext,
  JsonValue,
  Provider,
  ResolutionDetails,
  TrackingEventDetails,
} from '@openfeature/server-sdk'
import { HEADERS, type HeadersLike, headerOf } from '../server/headers.ts'
import { readDecision } from '../server/index.ts'
import { checkedKeys } from '../server/signature.ts'
import { Tracker, warn } from '../server/tracker.ts'
import { type Answer, failure, openFeatureReason, resolutionOf } from './resolution.ts'

export type SluiceProviderOptions = {
  /** Where the gate is, such as https://www.example.com. */
  url: string
  /** A token of the gate: of the role `reporter` for `track`; for private flags, or where the document requires one. */
  token?: string | undefined
  /** What `sluice key origin` prints; without it headers are not believed, and every flag is queried. */
  signingKey?: string | readonly string[] | undefined
  /** How long the gate may take, in ms. Default 2000. */
  timeoutMs?: number
  /** Hears why tracking events don't count, once for each reason. Default: a warning on the console. */
  onProblem?: (problem: string) => void
  /** Sends queries and events. Default: the global `fetch`; in a Worker it may be that of a service binding. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>
}

const ABSOLUTE = /^https?:\/\//
const TIMEOUT_MS = 2_000
/** For how long the gate is left alone where it refuses queries without saying until when. */
const FALLBACK_RETRY_SECONDS = 60
/** Keys under which a request's headers travel in an evaluation context. */
const IN_CONTEXT = {
  flags: 'sluiceFlags',
  targetingKey: 'sluiceTargetingKey',
  signature: 'sluiceSignature',
} as const

/**
 * Makes the evaluation context of a request that came through the gate: pass it to the client with each evaluation.
 *
 * @param headers headers of the request, as `Headers` or as Node has them
 * @returns a context with the gate's headers in it; the provider verifies them before it believes them
 * @example
 * import { OpenFeature } from '@openfeature/server-sdk'
 * import { gateContext } from 'sluice/openfeature'
 *
 * export async function isNewCheckout(request: Request): Promise<boolean> {
 *   const client = OpenFeature.getClient()
 *   return await client.getBooleanValue('new-checkout', false, gateContext(request.headers))
 * }
 */
export function gateContext(headers: HeadersLike): EvaluationContext {
  const context: Record<string, string> = {}
  for (const name of ['flags', 'targetingKey', 'signature'] as const) {
    const value = headerOf(headers, HEADERS[name])
    if (value !== undefined) context[IN_CONTEXT[name]] = value
  }
  return context
}

/**
 * The provider. An evaluation never throws: where the gate can't be reached, refuses, or knows no such flag, it gives
 * the default value with an `errorCode`. After a refusal with `Retry-After` no query is sent until that time.
 *
 * @example
 * import { OpenFeature } from '@openfeature/server-sdk'
 * import { SluiceProvider } from 'sluice/openfeature'
 *
 * export async function connect(signingKey: string): Promise<void> {
 *   const provider = new SluiceProvider({ url: 'https://www.example.com', signingKey })
 *   await OpenFeature.setProviderAndWait(provider)
 * }
 */
export class SluiceProvider implements Provider {
  readonly runsOn = 'server'
  readonly metadata = { name: 'sluice' } as const
  readonly #options: SluiceProviderOptions
  readonly #tracker: Tracker | undefined
  /** Events whose context is still being read. */
  readonly #reading = new Set<Promise<void>>()
  #isTold = false
  #closing = new AbortController()
  /** Until then the gate wants no queries, ms since 1970. */
  #pausedUntilMs = 0

  /** Throws a TypeError where `signingKey` is given and is no key for origins. */
  constructor(options: SluiceProviderOptions) {
    if (options.signingKey) checkedKeys(options.signingKey)
    this.#options = options
    const { url, token } = options
    // A wrong address is told by `initialize`.
    if (token && ABSOLUTE.test(url)) this.#tracker = new Tracker({ ...options, token })
  }

  /**
   * Gets ready, again after `onClose` too. It sends no query: an app must start while its gate is away.
   *
   * @throws TypeError (as a rejection) where `url` is not absolute
   */
  async initialize(): Promise<void> {
    const { url } = this.#options
    if (!ABSOLUTE.test(url))
      throw new TypeError(`url must be absolute, such as https://www.example.com: ${url}`)
    this.#closing = new AbortController()
    this.#pausedUntilMs = 0
  }

  /** Ends queries under way, which give their default values, and sends the events that are left. */
  async onClose(): Promise<void> {
    this.#closing.abort(new Error('the provider is closed'))
    await this.flush()
  }

  /**
   * Reports an event of a metric: `client.track('order', gateContext(request.headers), { value: 49.9, id: 'order-123' })`. It
   * counts for the visitor whom the context names, in every flag that measures the metric. `details.value` is what it adds,
   * `details.id` counts once; other details are not sent. Events travel in batches, and are sent again while the gate is away.
   */
  track(trackingEventName: string, context: EvaluationContext, details: TrackingEventDetails = {}): void {
    const tracker = this.#tracker
    if (tracker === undefined) {
      this.#tellOnce()
      return
    }
    const atMs = Date.now()
    const read = this.#readContext(context)
      .then(({ rest }) => {
        const { targetingKey, ...attributes } = rest
        const { value, id } = details
        const named = id === undefined ? {} : { id: String(id) }
        tracker.track(trackingEventName, { targetingKey }, { value, atMs, ...named }, attributes)
      })
      .finally(() => this.#reading.delete(read))
    this.#reading.add(read)
  }

  /**
   * Sends the events that are waiting, now. In a Worker pass it to `ctx.waitUntil`, as timers end with the response.
   *
   * @returns whether the gate took all of them; the rest is sent again later
   */
  async flush(): Promise<boolean> {
    await Promise.all(this.#reading)
    return (await this.#tracker?.flush()) ?? true
  }

  /** Without a token no event would count. */
  #tellOnce(): void {
    const { onProblem = warn } = this.#options
    if (!this.#isTold) onProblem('Cannot track: the provider must have a token of the role reporter')
    this.#isTold = true
  }

  async resolveBooleanEvaluation(
    flagKey: string,
    defaultValue: boolean,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<boolean>> {
    const { decision, rest } = await this.#readContext(context)
    const variant = decision?.variants[flagKey]
    // The header names variants. The values of these two are known; that of any other is queried.
    if (variant === 'on' || variant === 'off') {
      const reason = openFeatureReason(decision?.reasons[flagKey])
      return { value: variant === 'on', variant, ...(reason && { reason }) }
    }
    return await this.#query(flagKey, defaultValue, rest)
  }

  async resolveStringEvaluation(flagKey: string, defaultValue: string, context: EvaluationContext) {
    return await this.#query(flagKey, defaultValue, (await this.#readContext(context)).rest)
  }

  async resolveNumberEvaluation(flagKey: string, defaultValue: number, context: EvaluationContext) {
    return await this.#query(flagKey, defaultValue, (await this.#readContext(context)).rest)
  }

  async resolveObjectEvaluation<T extends JsonValue>(
    flagKey: string,
    defaultValue: T,
    context: EvaluationContext,
  ) {
    return await this.#query(flagKey, defaultValue, (await this.#readContext(context)).rest, 'object')
  }

  /** What the gate decided, and the context without its headers, for the same visitor. */
  async #readContext(context: EvaluationContext) {
    const { sluiceFlags, sluiceTargetingKey, sluiceSignature, ...rest } = context
    const { signingKey } = this.#options
    if (!signingKey || typeof sluiceFlags !== 'string') return { decision: undefined, rest }
    const headers: Record<string, string> = { [HEADERS.flags]: sluiceFlags }
    if (typeof sluiceTargetingKey === 'string') headers[HEADERS.targetingKey] = sluiceTargetingKey
    if (typeof sluiceSignature === 'string') headers[HEADERS.signature] = sluiceSignature
    const decision = await readDecision(headers, { signingKey })
    const targetingKey = rest.targetingKey ?? decision?.targetingKey
    return { decision, rest: { ...rest, ...(targetingKey !== undefined && { targetingKey }) } }
  }

  async #query<T>(
    flagKey: string,
    defaultValue: T,
    context: EvaluationContext,
    type: string = typeof defaultValue,
  ): Promise<ResolutionDetails<T>> {
    const pauseMs = this.#pausedUntilMs - Date.now()
    if (pauseMs > 0)
      return failure(defaultValue, 'GENERAL', `The gate wants no queries for ${Math.ceil(pauseMs / 1_000)} s`)
    try {
      return resolutionOf(flagKey, await this.#answer(flagKey, context), defaultValue, type)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      return failure(defaultValue, 'GENERAL', `Cannot query the gate: ${message}`)
    }
  }

  async #answer(flagKey: string, context: EvaluationContext): Promise<Answer> {
    const { url, token, timeoutMs = TIMEOUT_MS, fetch: send = fetch } = this.#options
    const path = `/__sluice/ofrep/v1/evaluate/flags/${encodeURIComponent(flagKey)}`
    const response = await send(url.replace(/\/$/, '') + path, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ context }),
      signal: AbortSignal.any([this.#closing.signal, AbortSignal.timeout(timeoutMs)]),
    })
    this.#heed(response)
    const answer = (await response.json()) as Answer
    if (response.ok || answer.errorCode !== undefined) return answer
    return {
      errorCode: 'GENERAL',
      errorDetails: answer.errorDetails ?? `The gate answered ${response.status}`,
    }
  }

  /** Notes until when the gate wants no queries: a number of seconds, or a date. */
  #heed({ status, headers }: Response): void {
    const retryAfter = headers.get('retry-after')
    if (status !== 429 && !(status === 503 && retryAfter !== null)) return
    const seconds = Number(retryAfter ?? FALLBACK_RETRY_SECONDS)
    const atMs = Number.isNaN(seconds) ? Date.parse(retryAfter ?? '') : Date.now() + seconds * 1_000
    this.#pausedUntilMs = Number.isNaN(atMs) ? Date.now() + FALLBACK_RETRY_SECONDS * 1_000 : atMs
  }
}
