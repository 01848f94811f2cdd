/** Unleash's front-end API, at /__sluice/api/frontend: flags that are on, for unleash-proxy-client and its kin. */
import type { Context } from 'hono'
import { Hono } from 'hono/tiny'
import type { AttributeValue } from '../../core/context/attributes.ts'
import type { Decision } from '../../core/decision/decide.ts'
import type { CompiledFlag, Json } from '../../core/flags/flag.ts'
import type { GivenVisitor } from '../../gate/evaluation/flag-query.ts'
import { readBoundedText } from '../../platform/bounded-body.ts'
import type { Env } from '../../platform/env.ts'
import { problemDetails } from '../../platform/problem-details.ts'
import { taggedAnswer } from './etag-answer.ts'
import { FlagAccess, isVisible, preflight, withCors } from './flag-access.ts'
import { attributesIn } from './given-attributes.ts'
import type { FlagPorts } from './ports.ts'

const LARGEST_BODY_BYTES = 64_000

type Variant = {
  name: string
  enabled: boolean
  feature_enabled: boolean
  payload?: { type: string; value: string }
}
export type Toggle = { name: string; enabled: true; impressionData: boolean; variant: Variant }

/** Makes the API. Unleash's clients always send a key; it counts only where the document wants tokens. */
export function createUnleashApi(ports: FlagPorts): Hono<{ Bindings: Env }> {
  const api = new Hono<{ Bindings: Env }>()
  const access = new FlagAccess(ports, 'unleash')

  async function answer(c: Context<{ Bindings: Env }>, give: () => Promise<GivenVisitor | undefined>) {
    const request = c.req.raw
    const ctx = c.executionCtx as ExecutionContext
    const settings = await ports.settings(c.env, ctx)
    const token = settings.requireToken ? keyOf(request) : undefined
    const caller = await access.check(request, token, settings, c.env, ctx)
    if (!caller.ok) {
      const retryAfter = caller.retryAfterSeconds && { 'retry-after': String(caller.retryAfterSeconds) }
      return withCors(
        problemDetails(caller.status, 'Refused', caller.detail, { ...retryAfter }),
        request,
        settings,
      )
    }
    const given = await give()
    if (given === undefined) {
      const detail = `The body must be JSON of at most ${LARGEST_BODY_BYTES} bytes, with the context in "context"`
      return withCors(problemDetails(400, 'Bad Request', detail), request, settings)
    }
    const query = await ports.query(request, given, caller, c.env, ctx)
    const toggles = [...query.flags.values()].flatMap((flag) => {
      const decision = isVisible(flag, caller) ? query.decide(flag) : undefined
      return decision === undefined || decision.variant === flag.off ? [] : [toggleOf(flag, decision)]
    })
    const body = JSON.stringify({ toggles })
    const tag = [ports.documentHash(), JSON.stringify(given), body]
    const response = await taggedAnswer(request, { body, tag, setCookie: query.setCookie })
    return withCors(response, request, settings)
  }

  api.options('*', async (c) =>
    preflight(c.req.raw, await ports.settings(c.env, c.executionCtx as ExecutionContext)),
  )
  // Addresses are configured with a slash at the end as well as without.
  const paths = ['/', '/:end{$}']
  api.on('GET', paths, (c) => answer(c, async () => givenBy(contextInQuery(new URL(c.req.url).searchParams))))
  api.on('POST', paths, (c) =>
    answer(c, async () => {
      const context = await contextInBody(c.req.raw)
      return context && givenBy(context)
    }),
  )
  // Usage is counted where visitors pass; what clients count besides is taken and not kept.
  api.post('/client/*', async (c) => {
    const settings = await ports.settings(c.env, c.executionCtx as ExecutionContext)
    return withCors(new Response(null, { status: 202 }), c.req.raw, settings)
  })
  api.all('*', () => problemDetails(404, 'Not Found', "Unleash's front-end API has no such path or method"))
  return api
}

/** The client's key, with or without "Bearer". */
function keyOf(request: Request): string | undefined {
  return request.headers.get('authorization')?.replace(/^Bearer\s+/i, '') || undefined
}

type UnleashContext = Readonly<Record<string, unknown>>

/** `userId=7&properties[plan]=pro`. */
function contextInQuery(query: URLSearchParams): UnleashContext {
  const fields: Record<string, string> = {}
  const properties: Record<string, string> = {}
  for (const [name, value] of query) {
    const property = /^properties\[(.*)\]$/.exec(name)?.[1]
    if (property === undefined) fields[name] = value
    else properties[property] = value
  }
  return { ...fields, properties }
}

async function contextInBody(request: Request): Promise<UnleashContext | undefined> {
  try {
    const text = await readBoundedText(request, LARGEST_BODY_BYTES)
    if (text === undefined) return undefined
    const { context = {} } = (text.trim() === '' ? {} : JSON.parse(text)) as { context?: UnleashContext }
    return typeof context === 'object' && context !== null ? context : undefined
  } catch {
    return undefined
  }
}

/** Fields before properties; everything is text to Unleash, and its time is called `now` here. */
function givenBy(context: UnleashContext): GivenVisitor {
  const { properties, ...fields } = context
  const attributes: Record<string, AttributeValue> = {}
  const own = typeof properties === 'object' && properties !== null ? properties : {}
  for (const [name, value] of Object.entries({ ...attributesIn({ ...own }), ...attributesIn(fields) })) {
    attributes[name === 'currentTime' ? 'now' : name] = String(value)
  }
  const { userId, sessionId } = attributes
  return {
    targetingKey: userId === undefined || userId === '' ? undefined : String(userId),
    otherwise: sessionId === undefined || sessionId === '' ? undefined : String(sessionId),
    attributes,
  }
}

function toggleOf(flag: CompiledFlag, decision: Decision): Toggle {
  const impressionData = flag.metadata.impressionData === true
  return { name: flag.key, enabled: true, impressionData, variant: variantOf(flag, decision) }
}

/** A flag that came from Unleash has its variant as value; of others, the variant's name and value are told. */
function variantOf(flag: CompiledFlag, { variant, value }: Decision): Variant {
  const none = { name: 'disabled', enabled: false, feature_enabled: true }
  if (flag.metadata.unleash === true) {
    if (typeof value !== 'object' || value === null || variant === 'on') return none
    return { ...(value as { name: string }), enabled: true, feature_enabled: true }
  }
  if (typeof value === 'boolean') return none
  return { name: variant, payload: payloadOf(value), enabled: true, feature_enabled: true }
}

function payloadOf(value: Json): { type: string; value: string } {
  if (typeof value === 'string') return { type: 'string', value }
  if (typeof value === 'number') return { type: 'number', value: String(value) }
  return { type: 'json', value: JSON.stringify(value) }
}
