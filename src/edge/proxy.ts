/**
 * Carrying a request to an origin and its answer back. Bodies stream in both directions, nothing is buffered;
 * redirects are the visitor's business; an upgrade to a WebSocket passes through.
 */
import type { Origin, RouteTarget } from '../core/config/route-target.ts'
import { type FailureKind, failureOfStatus } from '../core/outcome/outcome.ts'
import type { Facts } from './facts.ts'
import { prepareForOrigin } from './headers.ts'
import { untagValidators } from './validators.ts'

export type OriginAnswer = {
  response: Response
  /** The origin that the response is from. */
  origin: Origin
  /** Set where the origin failed. */
  failure: FailureKind | undefined
  latencyMs: number
  /** The other origin answered in its place; `failure` and `latencyMs` are those of the one that was to. */
  rescued?: boolean
  /** An asset that no origin has. */
  missing?: boolean
  /** The visitor went away before an answer came: nobody's failure, and nothing to count. */
  visitorLeft: boolean
}

/** Extra headers that the origin gets, for example the decision and its signature. */
export type ExtraHeaders = readonly (readonly [string, string])[]

/** What is asked of an origin, besides the visitor's request itself. */
export type Question = {
  origin: Origin
  extra: ExtraHeaders
  /** The route by which the request gets there. */
  target?: RouteTarget
  /** Goes in place of the request's own body, which can be read only once. */
  body?: ArrayBuffer | null
}

/** Sends the request to an origin. Never throws: an origin that can't be had is answered for with 502 or 504. */
export async function askOrigin(
  facts: Facts,
  { origin, extra, target, body }: Question,
): Promise<OriginAnswer> {
  const { request } = facts
  const deadline = new AbortController()
  const timer = setTimeout(() => deadline.abort(), origin.timeoutMs)
  const startedMs = Date.now()
  try {
    const source = body ? { method: facts.method, headers: request.headers, body } : request
    const outgoing = new Request(targetUrl(origin, facts.url), source)
    prepareForOrigin(outgoing.headers, facts)
    if (target?.varies) untagValidators(outgoing.headers, origin.tag)
    for (const [name, value] of extra) outgoing.headers.set(name, value)
    const signal = AbortSignal.any([request.signal, deadline.signal])
    const response = await fetch(outgoing, { redirect: 'manual', signal, ...cacheMode(target) })
    return {
      response,
      origin,
      failure: failureOfStatus(response.status),
      latencyMs: Date.now() - startedMs,
      visitorLeft: false,
    }
  } catch {
    const failure: FailureKind = deadline.signal.aborted ? 'timeout' : 'connect'
    return {
      response: unavailable(failure),
      origin,
      failure,
      latencyMs: Date.now() - startedMs,
      visitorLeft: request.signal.aborted,
    }
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Cloudflare keeps what a Worker fetches by URL, so that each origin has a cache of its own. Variants of one origin
 * would share it: they go past it. (A cache key of one's own would be the better way, on plans that have it.)
 */
function cacheMode(target: RouteTarget | undefined): RequestInit {
  return target?.kind === 'flag' && target.variesByHeader ? { cache: 'no-store' } : {}
}

/** The origin's URL with the path and query of the request, byte for byte. */
export function targetUrl(origin: Origin, url: URL): string {
  const base = origin.url.endsWith('/') ? origin.url.slice(0, -1) : origin.url
  return base + url.pathname + url.search
}

function unavailable(failure: 'timeout' | 'connect'): Response {
  const [status, what] =
    failure === 'timeout' ? [504, 'took too long to answer'] : [502, 'could not be reached']
  return new Response(`The site ${what}. Please try again in a moment.\n`, {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
  })
}

/**
 * Watches a body on its way to the visitor: `onBroken` is called when the origin breaks it off. The visitor sees
 * the break as well. Encoded bodies pass unwatched, since watching would mean decoding them.
 */
export function watchBody(
  response: Response,
  visitorSignal: AbortSignal,
  onBroken: () => void,
): { body: ReadableStream | null; done: Promise<void> | undefined } {
  const encoding = response.headers.get('content-encoding')
  if (response.body === null || (encoding !== null && encoding !== 'identity')) {
    return { body: response.body, done: undefined }
  }
  const length = response.headers.get('content-length')
  const { readable, writable } =
    length === null ? new IdentityTransformStream() : new FixedLengthStream(Number(length))
  const done = response.body.pipeTo(writable).catch(() => {
    if (!visitorSignal.aborted) onBroken()
  })
  return { body: readable, done }
}
