import { type AttributeValue, type EvaluationContext, staticContext } from '../../core/context/attributes.ts'
import { RequestContext } from '../../core/context/request-context.ts'
import { type Decision, type DecisionInputs, variantsByChance } from '../../core/decision/decide.ts'
import type { CompiledFlag } from '../../core/flags/flag.ts'
import { type Env, environmentOf } from '../../platform/env.ts'
import type { ActiveConfig } from '../config/live-config.ts'
import { affinityOfPage, asOnPage } from '../pages/page-affinity.ts'
import { GateRequest } from '../request/gate-request.ts'
import { AnonymousIdentity } from '../request/identity-cookie.ts'
import { debugAccessOf } from '../request/overrides.ts'
import { type VisitorIds, visitorIdsOf } from '../request/visitor-ids.ts'
import type { GradualRollback } from './gradual-rollback.ts'
import { type MetricPlaces, placesOf } from './measured.ts'

/** Who is asking, found out the same way for pages, app reports and flag queries. */
export type Visitor = {
  request: GateRequest
  context: RequestContext
  anonymous: AnonymousIdentity
}

/**
 * The visitor of a request, whose claims are verified before, as identity may come from them.
 *
 * @param isWithheld of a request that is proxied: other documents leave no cookies that their pages could lack
 */
export function visitorOf(
  request: GateRequest,
  { snapshot, control }: ActiveConfig,
  ids: VisitorIds | undefined,
  isWithheld = () => false,
): Visitor {
  const anonymous = new AnonymousIdentity(request, {
    ids,
    legacyUntilMs: control.legacyIdsUntilMs,
    cookies: snapshot.cookies,
    isWithheld,
  })
  const context = new RequestContext(request, snapshot.identity, anonymous, Math.random)
  return { request, context, anonymous }
}

/** A visitor whose request is not proxied, with what decisions about them depend on. */
export async function recognise(
  raw: Request,
  config: ActiveConfig,
  env: Env,
  nowMs: number,
): Promise<Visitor & { inputs: DecisionInputs }> {
  const request = new GateRequest(raw, env, nowMs)
  request.trustedProxies = config.snapshot.trustedProxies
  const { overrides } = await debugAccessOf(request, env)
  if (config.tokens !== undefined) request.accept(await config.tokens.verify(request, env))
  const ids = await visitorIdsOf(env)
  return { ...visitorOf(request, config, ids), inputs: decisionInputs(config, env, nowMs, overrides) }
}

/** What the decisions about one visitor depend on besides flag and visitor. */
export function decisionInputs(
  document: ActiveConfig,
  env: Env,
  nowMs: number,
  overrides: DecisionInputs['overrides'],
): DecisionInputs {
  const { snapshot, control } = document
  const required = snapshot.hasRequirements ? new Map() : undefined
  return { flags: snapshot.flags, control, environment: environmentOf(env), nowMs, overrides, required }
}

/** Which variants of a flag chance could give to this visitor; page affinity keeps to no others. */
export function chancesOf(context: EvaluationContext, { control }: DecisionInputs) {
  return (flag: CompiledFlag): ReadonlySet<string> => variantsByChance(flag, control.of(flag.key), context)
}

/** The variants by which a visitor's requests are routed, for an app report about them. */
export type Assignments = {
  colo: string
  network: number
  /** Whether the visitor brought an identity; no request was routed by one that was just issued. */
  isKnown: boolean
  /** Whether the gate knows that it has assigned this visitor; without a signing key it can't, and takes their word. */
  isProven: boolean
  /** The decision of a flag, with page affinity; undefined for a flag that the document doesn't have, or that is private. */
  of(flag: string): Decision | undefined
  /** Where an event of a metric counts; `only`: for this flag alone. */
  placesOf(metric: string, only?: string): MetricPlaces
}

export async function assignmentsOf(
  raw: Request,
  document: ActiveConfig,
  env: Env,
  gradualRollback: GradualRollback,
): Promise<Assignments> {
  const { request, context, anonymous, inputs } = await recognise(raw, document, env, Date.now())
  context.targetingKey()
  const { snapshot } = document
  const affinity = affinityOfPage(request, snapshot)
  const decide = (flag: CompiledFlag) => gradualRollback.decideUnrouted(flag, snapshot, context, inputs)
  return {
    colo: request.colo,
    network: request.network,
    isKnown: !anonymous.isNew,
    isProven: context.keyStanding() === 'proven' || !env.SIGNING_KEY,
    of: (key) => {
      const flag = snapshot.flags.get(key)
      // A visitor must not find out that a private flag exists.
      if (flag === undefined || flag.isPrivate) return undefined
      return asOnPage(affinity, decide(flag), chancesOf(context, inputs))
    },
    // As the split has it: a page may be older.
    placesOf: (metric, named) => {
      // No flag has an empty key.
      const only = named !== undefined && snapshot.flags.get(named)?.isPrivate ? '' : named
      return placesOf(snapshot, { metric, only, key: context.targetingKey() }, decide)
    },
  }
}

/** A visitor as an app's server names them. */
export type NamedVisitor = { targetingKey: string; attributes: Readonly<Record<string, AttributeValue>> }

/** The same for visitors whom a server with a token names: it knows who they are. */
export function assignmentOfNamed(
  { targetingKey, attributes }: NamedVisitor,
  flag: CompiledFlag,
  { document, env, gradualRollback }: { document: ActiveConfig; env: Env; gradualRollback: GradualRollback },
): Decision {
  const nowMs = Date.now()
  const context = staticContext(targetingKey, { now: nowMs, userId: targetingKey, ...attributes })
  const inputs = decisionInputs(document, env, nowMs, undefined)
  return gradualRollback.decideUnrouted(flag, document.snapshot, context, inputs)
}
