/**
 * One attempt: carries a request to an origin and its answer back. Bodies stream in both directions, redirects are the
 * visitor's business, an upgrade to a WebSocket passes through.
 */
import { type Origin, type RouteTarget, tagOf } from '../../core/config/compile/route-target.ts'
import { type FailureKind, failureOfStatus } from '../../core/outcome/outcome.ts'
import { noteInternalError } from '../../platform/internal-errors.ts'
import { senderFor, setOwnHeaders, siteFor } from '../names/access.ts'
import { translateSources } from '../names/own-names.ts'
import { extendTrace, isTraced } from '../names/trace-state.ts'
import type { InFlightRequest } from '../reporting/in-flight.ts'
import type { GateRequest } from '../request/gate-request.ts'
import { AnswerHeaders } from '../request/header-list.ts'
import { changeable, decoded, HIGHEST_STATUS, readAhead } from './changeable.ts'
import { isConditional, untagValidators } from './etags.ts'
import { askForWholePage, prepareForOrigin } from './proxy-headers.ts'
import { type Late, TimeoutError, within } from './timeout.ts'
import { type Upload, watchUpload } from './upload.ts'

/** What became of a request to an origin. */
export type OriginAnswer = Answered | Unanswered

export type Answered = {
  kind: 'answered'
  origin: Origin
  response: Response
  /** Whether the response is the gate's copy, whose headers can be changed. */
  isCopy: boolean
  /** Its headers, once they are read. */
  fields?: AnswerHeaders | undefined
  /** The response's status, read once: reading it costs as much as reading a header. */
  status: number
  /** Marks the validators of the response; undefined where they stay as they are. */
  tag: string | undefined
  /** Set for a status that counts against the origin. */
  failure: FailureKind | undefined
  /** Undefined where the visitor's upload may have taken the time. */
  latencyMs: number | undefined
}

/**
 * `failed`: the origin could not be reached, or took too long. `abandoned`: the visitor went away first, or may have;
 * this counts for and against no origin.
 */
export type Unanswered = {
  kind: 'failed' | 'abandoned'
  origin: Origin
  failure: 'timeout' | 'connect'
  latencyMs: number
}

/** Extra headers that the origin gets, for example the decision and its signature. */
export type ExtraHeaders = readonly (readonly [string, string])[]

/** What is asked of an origin, besides the visitor's request itself. */
export type OriginCall = {
  origin: Origin
  extraHeaders: ExtraHeaders
  /** The route by which the request gets there. */
  target?: RouteTarget
  /** The variant that is asked for. */
  variant?: string | undefined
  /** The visitor's position, for canary and control. */
  visitor?: number | undefined
  /** Hears when the origin has the request, and when it has answered. */
  inFlight?: InFlightRequest | undefined
  /** Ends the connection of an upgrade: set where a kill may have to. */
  closer?: AbortController | undefined
  /** In place of the route's or the origin's. */
  timeoutMs?: number
  /** Goes in place of the request, whose body can be read only once; the copy has all of its body. */
  copy?: Request | undefined
}

/** A call by a route, as opposed to the last resort's. */
export type RoutedCall = OriginCall & { target: RouteTarget }

/** How long the origin may take to its first byte. */
export function timeoutMsOf({ timeoutMs, target, origin }: OriginCall): number {
  return timeoutMs ?? target?.timeoutMs ?? origin.timeoutMs
}

/** Sends the request to an origin; `late` runs if its answer is. Never throws. */
export async function fetchOrigin(
  request: GateRequest,
  call: OriginCall,
  late?: Late,
): Promise<OriginAnswer> {
  const { origin, target, variant, copy, inFlight } = call
  const upload = copy === undefined ? watchUpload(request) : undefined
  const isUnwatched = copy === undefined && request.hasBody && upload === undefined
  const tag = target && tagOf(target, origin, variant)
  const begunMs = Date.now()
  let startedMs = begunMs
  let isUploaded = upload === undefined && !isUnwatched
  // How long an upload takes is up to the visitor, and so is what becomes of a slow one.
  const isDripping = () => !isUploaded && Date.now() - begunMs > UPLOAD_PATIENCE_MS
  try {
    const sent = send(request, call, tag, upload)
    if (upload !== undefined) {
      const uploaded = upload.ended.then(() => {
        startedMs = Date.now()
        isUploaded = true
      })
      await Promise.race([uploaded, sent])
    }
    if (!isUnwatched) inFlight?.sent(startedMs)
    const raw = await (isUnwatched ? sent : within(sent, timeoutMsOf(call), late))
    const { status } = raw
    const latencyMs = isUploaded ? Date.now() - startedMs : undefined
    const failure = isDripping() ? undefined : failureOfStatus(status)
    const whole = status >= FIRST_WITHOUT_CONTENT && request.hasBody ? await readAhead(raw) : raw
    const received = request.isRewritten ? decoded(whole) : whole
    // Answers of a flag get headers in any case. Copied before anything is read: the headers of two responses cost twice.
    const response = target?.kind === 'flag' ? copyOf(received, status) : received
    const isCopy = response !== raw
    return { kind: 'answered', origin, response, isCopy, fields: undefined, status, tag, failure, latencyMs }
  } catch (error) {
    const failure = error instanceof TimeoutError ? 'timeout' : 'connect'
    const latencyMs = Date.now() - startedMs
    const isAbandoned =
      request.raw.signal.aborted || isUnwatched || isDripping() || (await upload?.isBroken()) === true
    return { kind: isAbandoned ? 'abandoned' : 'failed', origin, failure, latencyMs }
  } finally {
    inFlight?.ended()
  }
}

/** The headers of an answer, read once. */
export function fieldsOf(answer: Answered): AnswerHeaders {
  answer.fields ??= new AnswerHeaders(answer.response.headers)
  return answer.fields
}

/** A copy; the response itself where the runtime makes no copy of it, which is no failure of the origin. */
function copyOf(response: Response, status: number): Response {
  if (status > HIGHEST_STATUS) return response
  try {
    return changeable(response)
  } catch (error) {
    noteInternalError('gate.copy', error)
    return response
  }
}

/** Redirects and errors: what they say is in their head. */
const FIRST_WITHOUT_CONTENT = 300

/** An origin that fails a request sooner than this has not waited for its body. */
const UPLOAD_PATIENCE_MS = 1_000

/** A body is watched, or passed on, without decoding it; but for a page that gets its flags. Hazard: a Request that says so is not heard. */
const codingOf = ({ isRewritten }: GateRequest) => (isRewritten ? 'automatic' : 'manual')

function send(
  request: GateRequest,
  { origin, extraHeaders, target, closer, copy }: OriginCall,
  tag: string | undefined,
  upload: Upload | undefined,
): Promise<Response> {
  const site = siteFor(origin, request)
  const url = site + request.address.tail
  const carrier = carrierOf(request, url, upload?.body, copy)
  const headers = carrier?.headers ?? new Headers(request.headers.all)
  prepareForOrigin(headers, request, origin.forwarded)
  if (origin.rewritesRequests) translateSources(headers, site, request)
  if (request.isRewritten) askForWholePage(headers, request.method)
  if (request.isWhole && !headers.has('if-range')) headers.delete('range')
  if (tag !== undefined && isConditional(request.headers)) untagValidators(headers, tag)
  if (origin.access !== undefined) setOwnHeaders(headers, origin, request)
  for (const [name, value] of extraHeaders) headers.set(name, value)
  if (isTraced(request.headers)) extendTrace(headers, extraHeaders[0]?.[1] ?? '')
  // No signal: with nothing else going on in the request, the runtime ends it together with the visitor's.
  const options: RequestInit =
    carrier === undefined
      ? { headers, redirect: 'manual', encodeResponseBody: codingOf(request) }
      : { signal: request.raw.signal, redirect: 'manual', encodeResponseBody: codingOf(request) }
  if (closer !== undefined) options.signal = closer.signal
  if (carrier === undefined && request.method !== 'GET') options.method = request.method
  if (mustBypassCache(target)) options.cache = 'no-store'
  if (origin.access === undefined) return fetch(carrier ?? url, options)
  return senderFor(origin, request)(carrier ?? url, options)
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
 * Cloudflare caches what a Worker fetches by URL, so each origin has its own cache. Variants of one origin would
 * share it, so they bypass it. (A custom cache key would be better, on plans that have it.)
 */
function mustBypassCache(target: RouteTarget | undefined): boolean {
  return target?.kind === 'flag' && target.variesByHeader
}
