/**
 * Flag queries: what an app, or a page that is open, asks the gate about its flags. The visitor is established as for
 * a page, so that a page which asks about itself hears what it was routed by; whatever the query states goes first.
 */
import type { AttributeValue, EvaluationContext } from '../../core/context/attributes.ts'
import { givenContext } from '../../core/context/given-context.ts'
import type { RequestContext } from '../../core/context/request-context.ts'
import type { Decision } from '../../core/decision/decide.ts'
import { needsTargetingKey } from '../../core/decision/targeting-key.ts'
import type { CompiledFlag } from '../../core/flags/flag.ts'
import type { Lookup } from '../../core/lazy-map.ts'
import type { Env } from '../../platform/env.ts'
import type { ActiveConfig } from '../config/live-config.ts'
import { GateRequest } from '../request/gate-request.ts'
import { debugAccessOf } from '../request/overrides.ts'
import { affinityOfPage, asOnPage } from '../request/page-affinity.ts'
import type { GradualRollback } from './gradual-rollback.ts'
import { decisionInputs, visitorOf } from './visitor.ts'

/** What a query states about the visitor. */
export type GivenVisitor = {
  targetingKey: string | undefined
  /** Identifies the visitor where neither the query nor the request does. */
  otherwise?: string | undefined
  attributes: Readonly<Record<string, AttributeValue>>
}

export type FlagQuery = {
  flags: Lookup<CompiledFlag>
  /** Undefined where the answer hangs on a targeting key, and there is none. */
  decide(flag: CompiledFlag): Decision | undefined
  /** The field of an identity that was made for this visitor, if one was. */
  setCookie: string | undefined
}

/** Attributes of the request for a page; a query that comes from no page has none of them. */
const OF_PAGE = /^(path|method|query\..*)$/

export async function flagQuery(
  raw: Request,
  given: GivenVisitor,
  document: ActiveConfig,
  env: Env,
  gradualRollback: GradualRollback,
): Promise<FlagQuery> {
  const nowMs = Date.now()
  const page = pageOf(raw)
  const request = new GateRequest(page ?? raw, env, nowMs)
  const { overrides } = await debugAccessOf(request, env)
  const { context: seen, anonymous } = await visitorOf(request, document, env)
  const keyOf = (visitor: RequestContext) => {
    const key = visitor.targetingKey()
    // A page of this site gets an identity as it would from a route with a flag; nobody else keeps cookies.
    const isMadeUp = anonymous.setCookie() !== undefined && !isOwnPage(raw)
    return isMadeUp ? given.otherwise : key
  }
  const key = given.targetingKey ?? keyOf(seen)
  const context = givenContext({ ...given, targetingKey: key }, beneath(seen, page !== undefined))
  const inputs = decisionInputs(document, env, nowMs, overrides)
  const affinity = isAboutPage(given) ? affinityOfPage(request, document.snapshot) : undefined
  return {
    flags: document.snapshot.flags,
    decide: (flag) => {
      if (key === undefined && needsTargetingKey(flag, context, inputs)) return undefined
      return asOnPage(affinity, gradualRollback.decideUnrouted(flag, document.snapshot, context, inputs))
    },
    setCookie: given.targetingKey === undefined && isOwnPage(raw) ? anonymous.setCookie() : undefined,
  }
}

/** The page that a query comes from, as it was asked for: path and parameters are those of the page. */
function pageOf(request: Request): Request | undefined {
  const referer = URL.parse(request.headers.get('referer') ?? '')
  if (referer === null || referer.host !== new URL(request.url).host) return undefined
  const { headers, cf } = request
  return new Request(referer.href, { headers, ...(cf && { cf: cf as RequestInitCfProperties }) })
}

/** Only browsers say so, and only of their own accord. */
function isOwnPage(request: Request): boolean {
  return request.headers.get('sec-fetch-site') === 'same-origin'
}

/** What the request says. It may say nothing of a targeting key, which has been asked for already. */
function beneath(seen: RequestContext, isFromPage: boolean): EvaluationContext {
  return {
    targetingKey: () => undefined,
    attribute: (name) => (!isFromPage && OF_PAGE.test(name) ? undefined : seen.attribute(name)),
    random: seen.random,
  }
}

/** A query that states nothing is about the page as it was routed. */
function isAboutPage({ targetingKey, attributes }: GivenVisitor): boolean {
  return targetingKey === undefined && Object.keys(attributes).length === 0
}
