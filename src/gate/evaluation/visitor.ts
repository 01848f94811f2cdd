import { RequestContext } from '../../core/context/request-context.ts'
import type { Decision, DecisionInputs } from '../../core/decision/decide.ts'
import { type Env, environmentOf } from '../../platform/env.ts'
import type { ActiveConfig } from '../config/live-config.ts'
import { GateRequest } from '../request/gate-request.ts'
import { AnonymousIdentity } from '../request/identity-cookie.ts'
import { debugAccessOf } from '../request/overrides.ts'
import { affinityOfPage, asOnPage } from '../request/page-affinity.ts'
import type { GradualRollback } from './gradual-rollback.ts'

/** Who is asking, established the same way for pages, for app reports and for flag queries. */
export type Visitor = {
  request: GateRequest
  context: RequestContext
  anonymous: AnonymousIdentity
}

/** Establishes the visitor of a request: verified claims first, as identity may come from them. */
export function visitorOf(
  request: GateRequest,
  document: ActiveConfig,
  env: Env,
): Visitor | Promise<Visitor> {
  return document.tokens === undefined
    ? seenVisitor(request, document)
    : document.tokens.verify(request, env).then((claims) => {
        request.accept(claims)
        return seenVisitor(request, document)
      })
}

function seenVisitor(request: GateRequest, { snapshot }: ActiveConfig): Visitor {
  const anonymous = new AnonymousIdentity(request)
  const context = new RequestContext(request, snapshot.identity, () => anonymous.key(), Math.random)
  return { request, context, anonymous }
}

/** What a decision depends on besides flag and visitor. */
export function decisionInputs(
  document: ActiveConfig,
  env: Env,
  nowMs: number,
  overrides: DecisionInputs['overrides'],
): DecisionInputs {
  const { snapshot, control } = document
  return { flags: snapshot.flags, control, environment: environmentOf(env), nowMs, overrides }
}

/** The variants that a visitor's requests are routed by, found again for a request that is about them. */
export type Assignments = {
  colo: string
  /** Whether the visitor brought an identity; one that was made up just now has been routed nowhere. */
  isKnown: boolean
  /**
   * The decision of a flag, and of the flag that a page was decided by the page's; undefined for a flag that the
   * document doesn't have.
   */
  of(flag: string): Decision | undefined
}

export async function assignmentsOf(
  raw: Request,
  document: ActiveConfig,
  env: Env,
  gradualRollback: GradualRollback,
): Promise<Assignments> {
  const request = new GateRequest(raw, env, Date.now())
  const { overrides } = await debugAccessOf(request, env)
  const { context, anonymous } = await visitorOf(request, document, env)
  context.targetingKey()
  const inputs = decisionInputs(document, env, request.nowMs, overrides)
  const { snapshot } = document
  const affinity = affinityOfPage(request, snapshot)
  return {
    colo: request.colo,
    isKnown: anonymous.setCookie() === undefined,
    of: (key) => {
      const flag = snapshot.flags.get(key)
      return flag && asOnPage(affinity, gradualRollback.decideUnrouted(flag, snapshot, context, inputs))
    },
  }
}
