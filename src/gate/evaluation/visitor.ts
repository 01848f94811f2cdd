import { RequestContext } from '../../core/context/request-context.ts'
import type { Decision, DecisionInputs } from '../../core/decision/decide.ts'
import { type Env, environmentOf } from '../../platform/env.ts'
import type { Live } from '../config/live-config.ts'
import { AnonymousIdentity } from '../request/identity-cookie.ts'
import { debugViewOf } from '../request/overrides.ts'
import { asOnPage, pagePin } from '../request/page-affinity.ts'
import { Facts } from '../request/request-facts.ts'
import type { StepBacks } from './gradual-rollback.ts'

/** Who is asking, established the same way for pages, for app reports and for flag queries. */
export type Visitor = {
  facts: Facts
  context: RequestContext
  anonymous: AnonymousIdentity
}

/** Establishes the visitor of a request: verified claims first, as identity may come from them. */
export function visitorOf(facts: Facts, document: Live, env: Env): Visitor | Promise<Visitor> {
  return document.tokens === undefined
    ? seenVisitor(facts, document)
    : document.tokens.verify(facts, env).then((claims) => {
        facts.accept(claims)
        return seenVisitor(facts, document)
      })
}

function seenVisitor(facts: Facts, { snapshot }: Live): Visitor {
  const anonymous = new AnonymousIdentity(facts)
  const context = new RequestContext(facts, snapshot.identity, () => anonymous.key(), Math.random)
  return { facts, context, anonymous }
}

/** What a decision depends on besides flag and visitor. */
export function decisionInputs(
  document: Live,
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
  request: Request,
  document: Live,
  env: Env,
  stepBacks: StepBacks,
): Promise<Assignments> {
  const facts = new Facts(request, env, Date.now())
  const { overrides } = await debugViewOf(facts, env)
  const { context, anonymous } = await visitorOf(facts, document, env)
  context.targetingKey()
  const inputs = decisionInputs(document, env, facts.nowMs, overrides)
  const { snapshot } = document
  const pin = pagePin(facts, snapshot)
  return {
    colo: facts.colo,
    isKnown: anonymous.setCookie() === undefined,
    of: (key) => {
      const flag = snapshot.flags.get(key)
      return flag && asOnPage(pin, stepBacks.decideUnrouted(flag, snapshot, context, inputs))
    },
  }
}
