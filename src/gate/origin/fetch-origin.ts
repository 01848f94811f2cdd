/**
 * Carrying a request to an origin and its answer back. Bodies stream in both directions, nothing is buffered;
 * redirects are the visitor's business; an upgrade to a WebSocket passes through.
 */
import { type Origin, type RouteTarget, tagOf } from '../../core/config/compile/route-target.ts'
import { type FailureKind, failureOfStatus } from '../../core/outcome/outcome.ts'
import type { InFlightRequest } from '../reporting/in-flight.ts'
import type { GateRequest } from '../request/gate-request.ts'
import { unavailable } from './error-page.ts'
import { isConditional, untagValidators } from './etags.ts'
import { mutableOrItself } from './mutable-response.ts'
import { prepareForOrigin } from './proxy-headers.ts'
import { TimeIsUp, within } from './timeout.ts'
import { type Upload, watchUpload } from './upload.ts'

export type OriginAnswer = {
  response: Response
  /** Whether its headers can be changed in place. */
  isMutable: boolean
  /** The response's, read once: asking it costs as much as a header. */
  status: number
  /** The origin that the response is from. */
  origin: Origin
  /** What marks its validators; undefined where they stay as they are. */
  tag: string | undefined
  /** Set where the origin failed. */
  failure: FailureKind | undefined
  latencyMs: number
  /** The other origin answered in its place; `failure` and `latencyMs` are those of the one that was to. */
  rescued?: boolean
  /** Nobody has answered; these are the gate's own words. */
  isOwn?: true
  /** An asset that no origin has. */
  missing?: boolean
  /** The visitor went away, or may have, before an answer came: nobody's failure, and nothing to count. */
  visitorLeft: boolean
}

/** Makes the last of an answer, before anybody has it. */
export type Conclude = (answer: OriginAnswer, nowMs: number) => OriginAnswer | Promise<OriginAnswer>

/** Extra headers that the origin gets, for example the decision and its signature. */
export type ExtraHeaders = readonly (readonly [string, string])[]

/** What is asked of an origin, besides the visitor's request itself. */
export type Question = {
  origin: Origin
  extra: ExtraHeaders
  /** The route by which the request gets there. */
  target?: RouteTarget
  /** The variant that is asked for. */
  variant?: string | undefined
  /** The visitor's position, of canary and control. */
  visitor?: number | undefined
  /** Hears when the origin has the request, and when it has answered. */
  wait?: InFlightRequest | undefined
  /** Goes in place of the request, whose body can be read only once; its own is there as a whole. */
  copy?: Request
}

/**
 * Sends the request to an origin. Never throws: an origin that can't be had is answered for with 502 or 504.
 */
export async function askOrigin(
  request: GateRequest,
  { origin, extra, target, variant, copy, wait }: Question,
  conclude: Conclude = asItIs,
): Promise<OriginAnswer> {
  const upload = copy === undefined ? watchUpload(request) : undefined
  const isUnwatched = copy === undefined && request.hasBody && upload === undefined
  const tag = target && tagOf(target, origin, variant)
  let startedMs = Date.now()
  let answer: OriginAnswer
  let endedMs: number
  try {
    const asked = send(request, { origin, extra, target, copy, tag, upload })
    // How long an upload takes is up to the visitor.
    if (upload !== undefined) {
      const sent = upload.ended.then(() => {
        startedMs = Date.now()
      })
      await Promise.race([sent, asked])
    }
    if (!isUnwatched) wait?.sent(startedMs)
    const received = await (isUnwatched ? asked : within(asked, origin.timeoutMs))
    endedMs = Date.now()
    const { status } = received
    // A flag's answers get headers at any rate: made here, the copy is the only one that is ever asked for its headers.
    const response = target?.kind === 'flag' ? mutableOrItself(received, status) : received
    const isMutable = response !== received
    const failure = failureOfStatus(status)
    const latencyMs = endedMs - startedMs
    answer = { response, isMutable, status, origin, tag, failure, latencyMs, visitorLeft: false }
  } catch (error) {
    const failure: FailureKind = error instanceof TimeIsUp ? 'timeout' : 'connect'
    endedMs = Date.now()
    const latencyMs = endedMs - startedMs
    const visitorLeft = request.raw.signal.aborted || isUnwatched || (await upload?.isBroken()) === true
    const response = unavailable(failure)
    const { status } = response
    const own = { isOwn: true, isMutable: true } as const
    answer = { response, status, origin, tag, failure, latencyMs, visitorLeft, ...own }
  }
  wait?.ended()
  return conclude(answer, endedMs)
}

export const asItIs: Conclude = (answer) => answer

type Sending = Pick<Question, 'origin' | 'extra'> & {
  target: RouteTarget | undefined
  copy: Request | undefined
  tag: string | undefined
  upload: Upload | undefined
}

/** A body is watched, or passed on, without decoding it. Hazard: a Request that says so is not heard. */
const UNTOUCHED = 'manual'

function send(
  request: GateRequest,
  { origin, extra, target, copy, tag, upload }: Sending,
): Promise<Response> {
  const url = baseOf(origin) + request.address.tail
  const carrier = carrierOf(request, url, upload?.body, copy)
  const headers = carrier?.headers ?? new Headers(request.headers.all)
  prepareForOrigin(headers, request, origin.forwarded)
  if (tag !== undefined && isConditional(request.headers)) untagValidators(headers, tag)
  for (const [name, value] of extra) headers.set(name, value)
  // No signal: with nothing else going on in the request, the runtime ends it together with the visitor's.
  const options: RequestInit =
    carrier === undefined
      ? { headers, redirect: 'manual', encodeResponseBody: UNTOUCHED }
      : { signal: request.raw.signal, redirect: 'manual', encodeResponseBody: UNTOUCHED }
  if (carrier === undefined && request.method !== 'GET') options.method = request.method
  if (mustPassCaches(target)) options.cache = 'no-store'
  return fetch(carrier ?? url, options)
}

/** The request with another URL; undefined for one without a body, which can be made anew at half the cost of a copy. */
function carrierOf(
  { raw, method, headers, hasBody }: GateRequest,
  url: string,
  watched: ReadableStream | undefined,
  copy: Request | undefined,
): Request | undefined {
  if (watched !== undefined) return new Request(url, { method, headers: headers.all, body: watched })
  const isBare = !hasBody && !headers.has('content-length')
  return isBare ? undefined : new Request(url, copy ?? raw)
}

/**
 * Cloudflare keeps what a Worker fetches by URL, so that each origin has a cache of its own. Variants of one origin
 * would share it: they go past it. (A cache key of one's own would be the better way, on plans that have it.)
 */
function mustPassCaches(target: RouteTarget | undefined): boolean {
  return target?.kind === 'flag' && target.variesByHeader
}

function baseOf({ url }: Origin): string {
  return url.endsWith('/') ? url.slice(0, -1) : url
}
