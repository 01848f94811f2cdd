/**
 * The OpenFeature Remote Evaluation Protocol, under /__sluice/ofrep/v1: one flag, all flags, and a stream that says
 * when to ask again.
 */

import type { Context } from 'hono'
import { Hono } from 'hono/tiny'
import { isObject } from '../../core/json-object.ts'
import type { GivenVisitor } from '../../gate/evaluation/flag-query.ts'
import { readBoundedText } from '../../platform/bounded-body.ts'
import type { Env } from '../../platform/env.ts'
import { noteInternalError } from '../../platform/internal-errors.ts'
import { changeStream } from './change-stream.ts'
import { taggedAnswer } from './etag-answer.ts'
import { type AccessDenied, FlagAccess, isVisible, preflight, tokenIn, withCors } from './flag-access.ts'
import { attributesIn } from './given-attributes.ts'
import { type ErrorCode, evaluationOf, flagNotFound, keyMissing } from './ofrep-answers.ts'
import type { Caller, FlagPorts } from './ports.ts'

const LARGEST_BODY_BYTES = 64_000
/** How long a page stays in the background before it closes its stream. */
const INACTIVITY_SECONDS = 120
const FLAGS = '/v1/evaluate/flags'
const STREAM = '/v1/stream'
const SINCE = 'since'
const STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
}

type Call = Context<{ Bindings: Env }>
type Problem = { errorCode: ErrorCode; errorDetails: string }

/** A query whose caller has passed the access check. */
type Asked = { request: Request; caller: Caller; env: Env; ctx: ExecutionContext }

/** Makes the API; mounted at `prefix`. */
export function createOfrepApi(ports: FlagPorts, prefix: string): Hono<{ Bindings: Env }> {
  const api = new Hono<{ Bindings: Env }>()
  const access = new FlagAccess(ports, 'ofrep')

  /** Checks the caller, answers, and adds the CORS headers. */
  async function guarded(c: Call, answer: (asked: Asked) => Promise<Response>) {
    const request = c.req.raw
    const ctx = c.executionCtx as ExecutionContext
    const settings = await ports.settings(c.env, ctx)
    const caller = await access.check(request, tokenIn(request, settings), settings, c.env, ctx)
    const response = caller.ok
      ? await answer({ request, caller, env: c.env, ctx }).catch((error: unknown) => {
          noteInternalError('api.ofrep', error)
          return json(500, { errorDetails: 'The gate could not evaluate this' })
        })
      : deniedAnswer(caller)
    return withCors(response, request, settings)
  }

  api.options('*', async (c) =>
    preflight(c.req.raw, await ports.settings(c.env, c.executionCtx as ExecutionContext)),
  )
  api.post(FLAGS, (c) => guarded(c, (asked) => answerAll(asked, ports, prefix)))
  api.post(`${FLAGS}/*`, (c) => guarded(c, (asked) => answerOne(asked, ports, prefix)))

  // EventSource can't send a token, and the stream tells only that it is time to query again.
  api.get(STREAM, async (c) => {
    const request = c.req.raw
    const ctx = c.executionCtx as ExecutionContext
    const settings = { ...(await ports.settings(c.env, ctx)), requireToken: false }
    const caller = await access.check(request, undefined, settings, c.env, ctx)
    if (!caller.ok) return withCors(deniedAnswer(caller), request, settings)
    const known = c.req.header('last-event-id') || c.req.query(SINCE)
    const stream = changeStream(() => ports.revision(request, c.env, ctx), known)
    return withCors(new Response(stream, { headers: STREAM_HEADERS }), request, settings)
  })

  api.all('*', (c) =>
    guarded(c, async () => {
      const isKnown = new URL(c.req.url).pathname.startsWith(`${prefix}${FLAGS}`)
      const errorDetails = `Ask with POST ${prefix}${FLAGS} or POST ${prefix}${FLAGS}/KEY`
      return json(isKnown ? 405 : 404, { errorDetails }, isKnown ? { allow: 'POST, OPTIONS' } : {})
    }),
  )
  return api
}

/** All flags that the caller may see. */
async function answerAll({ request, caller, env, ctx }: Asked, ports: FlagPorts, prefix: string) {
  const given = await givenIn(request)
  if ('errorCode' in given) return json(400, given)
  const query = await ports.query(request, given, caller, env, ctx)
  const flags = [...query.flags.values()]
    .filter((flag) => isVisible(flag, caller))
    .map((flag) => {
      const decision = query.decide(flag)
      return decision === undefined ? keyMissing(flag.key) : evaluationOf(flag, decision)
    })
  // The stream goes on from these flags: what changes before it is open is told as soon as it is.
  const stream = { requestUri: `${prefix}${STREAM}?${SINCE}=${query.revision}` }
  const eventStreams = [{ type: 'sse', endpoint: stream, inactivityDelaySec: INACTIVITY_SECONDS }]
  return await taggedAnswer(request, {
    body: JSON.stringify({ flags, eventStreams }),
    // Of config and context: the web provider keeps its ETag when attributes change under the same key.
    tag: [ports.documentHash(), JSON.stringify(given), JSON.stringify(flags)],
    setCookie: query.setCookie,
  })
}

async function answerOne({ request, caller, env, ctx }: Asked, ports: FlagPorts, prefix: string) {
  const key = keyIn(request, `${prefix}${FLAGS}/`)
  const given = await givenIn(request)
  if ('errorCode' in given) return json(400, { key, ...given })
  const query = await ports.query(request, given, caller, env, ctx)
  const flag = query.flags.get(key)
  if (flag === undefined || !isVisible(flag, caller)) return json(404, flagNotFound(key))
  const decision = query.decide(flag)
  const headers = query.setCookie ? { 'set-cookie': query.setCookie } : {}
  return decision === undefined
    ? json(400, keyMissing(key))
    : json(200, evaluationOf(flag, decision), headers)
}

function json(status: number, body: object, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
  })
}

function deniedAnswer({ status, detail, retryAfterSeconds }: AccessDenied): Response {
  return json(
    status,
    { errorDetails: detail },
    {
      ...(status === 401 && { 'www-authenticate': 'Bearer' }),
      ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
    },
  )
}

/** The path after the prefix, slashes included; invalid percent-encoding is taken literally. */
function keyIn(request: Request, prefix: string): string {
  const text = new URL(request.url).pathname.slice(prefix.length)
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The visitor as described by the body; an empty body describes nothing. */
async function givenIn(request: Request): Promise<GivenVisitor | Problem> {
  const text = await readBoundedText(request, LARGEST_BODY_BYTES)
  if (text === undefined) {
    return { errorCode: 'GENERAL', errorDetails: `The body may have at most ${LARGEST_BODY_BYTES} bytes` }
  }
  let body: unknown
  try {
    body = text.trim() === '' ? {} : JSON.parse(text)
  } catch {
    return {
      errorCode: 'PARSE_ERROR',
      errorDetails: 'The body must be JSON. Send {"context": {"targetingKey": "…"}}',
    }
  }
  const context = isObject(body) ? (body.context ?? {}) : undefined
  if (!isObject(context)) {
    return { errorCode: 'INVALID_CONTEXT', errorDetails: 'Body and "context" must be JSON objects' }
  }
  const { targetingKey = '', ...rest } = context
  if (typeof targetingKey !== 'string') {
    return { errorCode: 'INVALID_CONTEXT', errorDetails: '"targetingKey" must be a string' }
  }
  const attributes = attributesIn(rest)
  if (targetingKey === '') return { targetingKey: undefined, attributes }
  // Flags imported from Unleash use this name.
  return { targetingKey, attributes: { userId: targetingKey, ...attributes } }
}
