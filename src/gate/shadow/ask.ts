/** Asks an origin for a copy of a request, and reads the answer. */
import type { ShadowAnswer, ShadowBody, Unanswered } from '../../core/shadow/answer.ts'
import { senderFor, setOwnHeaders, siteFor } from '../names/access.ts'
import { translateSources } from '../names/own-names.ts'
import { type OriginCall, timeoutMsOf } from '../origin/fetch-origin.ts'
import { dropConditions, prepareForOrigin } from '../origin/proxy-headers.ts'
import type { GateRequest } from '../request/gate-request.ts'

/** What a copy takes of its request besides method, address and headers. */
export type CopyRest = { hasCredentials: boolean; body: ArrayBuffer | undefined }

export type Asked = { answer: ShadowAnswer | Unanswered; latencyMs: number }

/** Work after a response ends 30 s later at the latest; a copy has two such steps. */
const LONGEST_WAIT_MS = 10_000
/** A body beyond this is compared by its length and its beginning. */
const LONGEST_BODY_BYTES = 262_144
/** Buffers that bodies were read into, for later ones: left to the collector, they would let memory grow. */
const SPARE: ArrayBuffer[] = []
const MOST_SPARE = 4
const CREDENTIALS = ['cookie', 'authorization']

/** Never throws: without an answer it says why. */
export async function askCopy(
  request: GateRequest,
  call: OriginCall,
  { hasCredentials, body }: CopyRest,
): Promise<Asked> {
  const { origin, extraHeaders } = call
  const headers = new Headers(request.headers.all)
  prepareForOrigin(headers, request, origin.forwarded)
  const site = siteFor(origin, request)
  if (origin.rewritesRequests) translateSources(headers, site, request)
  dropConditions(headers)
  if (!hasCredentials) for (const name of CREDENTIALS) headers.delete(name)
  setOwnHeaders(headers, origin, request)
  for (const [name, value] of extraHeaders) headers.set(name, value)
  const url = site + request.address.tail
  const signal = AbortSignal.timeout(Math.min(timeoutMsOf(call), LONGEST_WAIT_MS))
  const startedMs = Date.now()
  try {
    const response = await senderFor(origin, request)(url, {
      method: request.method,
      headers,
      ...(body !== undefined && { body }),
      redirect: 'manual',
      cache: 'no-store',
      signal,
    })
    const latencyMs = Date.now() - startedMs
    return {
      answer: { status: response.status, headers: [...response.headers], body: await bodyOf(response) },
      latencyMs,
    }
  } catch {
    // What became of it is the answer.
    const failure = signal.aborted ? 'timeout' : 'connect'
    return { answer: { failure }, latencyMs: Date.now() - startedMs }
  }
}

/** As much of the body as is compared; the rest is not read. */
async function bodyOf({ headers, body }: Response): Promise<ShadowBody> {
  const reader = body?.getReader({ mode: 'byob' })
  const room = new Uint8Array(SPARE.pop() ?? new ArrayBuffer(LONGEST_BODY_BYTES))
  const { value: bytes = room.subarray(0, 0) } = (await reader?.readAtLeast(LONGEST_BODY_BYTES, room)) ?? {}
  try {
    return await readBody(bytes, headers)
  } finally {
    if (bytes.byteLength === LONGEST_BODY_BYTES) void reader?.cancel().catch(() => {})
    if (bytes.buffer.byteLength === LONGEST_BODY_BYTES && SPARE.length < MOST_SPARE) SPARE.push(bytes.buffer)
  }
}

async function readBody(bytes: Uint8Array<ArrayBuffer>, headers: Headers): Promise<ShadowBody> {
  const isWhole = bytes.byteLength < LONGEST_BODY_BYTES
  const type = headers.get('content-type') ?? ''
  if (isWhole && /^\s*(?:text\/|application\/(?:[\w.+-]*json|[\w.+-]*xml|javascript)|image\/svg)/i.test(type))
    return { kind: 'text', text: new TextDecoder().decode(bytes) }
  const length = Number(headers.get('content-length') ?? Number.NaN)
  return { kind: 'bytes', bytes: isWhole ? bytes.byteLength : length, hash: await hashOf(bytes) }
}

async function hashOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return String(new BigUint64Array(await crypto.subtle.digest('SHA-256', bytes))[0])
}
