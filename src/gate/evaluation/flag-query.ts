/**
 * Flag queries: an app or an open page asks the gate for its flags. The visitor is found out as for a page, so a page
 * that asks about itself gets the variants it was routed by; what the query states takes precedence.
 */
import type { AttributeValue, EvaluationContext } from '../../core/context/attributes.ts'
import { givenContext } from '../../core/context/given-context.ts'
import type { RequestContext } from '../../core/context/request-context.ts'
import type { Decision } from '../../core/decision/decide.ts'
import { keyNeeds } from '../../core/decision/targeting-key.ts'
import type { CompiledFlag } from '../../core/flags/flag.ts'
import type { Lookup } from '../../core/lazy-map.ts'
import type { Env } from '../../platform/env.ts'
import type { ActiveConfig } from '../config/live-config.ts'
import { affinityOfPage, asOnPage } from '../pages/page-affinity.ts'
import type { GradualRollback } from './gradual-rollback.ts'
import { isEvidence, isOptedOut } from './measured.ts'
import { chancesOf, recognise } from './visitor.ts'

/** What a query states about the visitor. */
export type GivenVisitor = {
  targetingKey: string | undefined
  /** Identifies the visitor where neither the query nor the request does. */
  otherwise?: string | undefined
  attributes: Readonly<Record<string, AttributeValue>>
}

export type FlagQuery = {
  flags: Lookup<CompiledFlag>
  /** Undefined where the answer depends on a targeting key, and there is none. */
  decide(flag: CompiledFlag): Decision | undefined
  /** The Set-Cookie value of an identity that was issued for this visitor, if one was. */
  setCookie: string | undefined
  /** Whether the visitor's browser allows that they are measured. */
  mayMeasure: boolean
  /** Whether the visitor is who the query says, as far as the request itself proves it. */
  isEvidence: boolean
  network: number
}

/** Attributes of the request for a page; a query that comes from no page has none. */
const OF_PAGE = /^(path|method|query\..*)$/

export async function flagQuery(
  raw: Request,
  given: GivenVisitor,
  document: ActiveConfig,
  env: Env,
  gradualRollback: GradualRollback,
): Promise<FlagQuery> {
  const page = pageOf(raw)
  const {
    request,
    context: seen,
    anonymous,
    inputs,
  } = await recognise(page ?? raw, document, env, Date.now())
  const keyOf = (visitor: RequestContext) => {
    const key = visitor.targetingKey()
    // A page of this site gets an identity as from a route with a flag; other callers keep no cookies.
    return anonymous.isNew && !isOwnPage(raw) ? given.otherwise : key
  }
  const key = given.targetingKey ?? keyOf(seen)
  const isOwn = given.targetingKey === undefined && key === seen.targetingKey()
  // A page's visitor without an id is decided as the page was.
  const isKeyless = seen.targetingKey() === undefined && isOwnPage(raw)
  const context = givenContext({ ...given, targetingKey: key }, beneath(seen, page !== undefined))
  const needsKey = keyNeeds(context, inputs)
  const affinity = isAboutPage(given) ? affinityOfPage(request, document.snapshot) : undefined
  return {
    flags: document.snapshot.flags,
    decide: (flag) => {
      if (key === undefined && !isKeyless && needsKey(flag)) return undefined
      const decision = gradualRollback.decideUnrouted(flag, document.snapshot, context, inputs)
      return asOnPage(affinity, decision, chancesOf(context, inputs))
    },
    setCookie: given.targetingKey === undefined && isOwnPage(raw) ? anonymous.setCookie() : undefined,
    mayMeasure: !isOptedOut(raw.headers),
    network: request.network,
    isEvidence: isOwn && !isKeyless && isEvidence(seen, env, request),
  }
}

/** The request for the page that a query comes from: path and parameters are those of the page. */
function pageOf(request: Request): Request | undefined {
  const referer = URL.parse(request.headers.get('referer') ?? '')
  if (referer === null || referer.host !== new URL(request.url).host) return undefined
  const { headers, cf } = request
  return new Request(referer.href, { headers, ...(cf && { cf: cf as RequestInitCfProperties }) })
}

/** Only browsers send this header, and no script can set it. */
function isOwnPage(request: Request): boolean {
  return request.headers.get('sec-fetch-site') === 'same-origin'
}

/** What the request says, but for the targeting key, which is known already. */
function beneath(seen: RequestContext, isFromPage: boolean): EvaluationContext {
  return {
    targetingKey: () => undefined,
    attribute: (name) => (!isFromPage && OF_PAGE.test(name) ? undefined : seen.attribute(name)),
    random: seen.random,
  }
}

/** A query that states nothing is about the page as the gate routed it. */
function isAboutPage({ targetingKey, attributes }: GivenVisitor): boolean {
  return targetingKey === undefined && Object.keys(attributes).length === 0
}
