/**
 * The request path, a step a line:
 *
 *   request → live document → route → visitor → decision → origin → outcome → response
 *
 * Up to the decision nothing may cost the visitor the page: whatever throws there, the request goes to the stable
 * origin. After it, the origin's answer is what the visitor gets, whatever becomes of counting.
 */
import type { FlagTarget, Origin, RouteTarget } from '../core/config/compile/route-target.ts'
import { findTarget } from '../core/config/compile/snapshot.ts'
import type { RequestContext } from '../core/context/request-context.ts'
import { type Decision, decide } from '../core/decision/decide.ts'
import type { CompiledFlag } from '../core/flags/flag.ts'
import type { Env } from '../platform/env.ts'
import { type ActiveConfig, LiveConfig } from './config/live-config.ts'
import { bootstrapFor, wantsBootstrap, withBootstrap } from './evaluation/bootstrap.ts'
import { GradualRollback } from './evaluation/gradual-rollback.ts'
import { decisionInputs, type Visitor, visitorOf } from './evaluation/visitor.ts'
import { AssetFallback } from './origin/asset-fallback.ts'
import { BodyMonitor } from './origin/body-monitor.ts'
import { keepFromSharedCaches } from './origin/cache-control.ts'
import { withErrorPage } from './origin/error-page.ts'
import { Rescuer } from './origin/fallback.ts'
import { askOrigin, type ExtraHeaders, type OriginAnswer } from './origin/fetch-origin.ts'
import { HIGHEST_STATUS, mutable } from './origin/mutable-response.ts'
import { OriginHealth } from './origin/origin-health.ts'
import { flagsHeader, rescuedFlagsHeader } from './origin/proxy-headers.ts'
import { andThen } from './perf/and-then.ts'
import { HiddenClasses } from './perf/hidden-classes.ts'
import type { Plan } from './plan.ts'
import type { InFlightRequest } from './reporting/in-flight.ts'
import { type ReportContext, Reporter } from './reporting/reporter.ts'
import { Sampler } from './reporting/sampler.ts'
import { GateRequest } from './request/gate-request.ts'
import { type DebugAccess, debugAccessOf } from './request/overrides.ts'
import {
  affinityOf,
  keepToPage,
  type PageAffinity,
  type PageRole,
  pageRoleOf,
} from './request/page-affinity.ts'
import { signFlags } from './request/signature.ts'
import { observe, respond } from './respond.ts'

export type GateOptions = {
  /** The document that serves while KV has shown none that is valid. */
  bundled: unknown
  /** The evaluator; tests put a broken one in. */
  evaluate?: typeof decide
}

/** A request whose route is found. */
type Asking = {
  target: RouteTarget
  document: ActiveConfig
  request: GateRequest
  surroundings: ReportContext
}
/** What is known of the page that it is, or comes from. */
type Page = {
  role: PageRole
  debug: DebugAccess
  affinity: PageAffinity | undefined
  /** Set where the page brings its flags along. */
  revision: string | undefined
}

export type Gate = {
  /** `url` is the request's, from whoever has asked for it already. */
  handle(request: Request, env: Env, ctx: ExecutionContext, url?: string): Promise<Response>
  live: LiveConfig
  reporter: Reporter
  gradualRollback: GradualRollback
  /** Another text whenever decisions may have changed. Of a document that has just been asked for: no await between. */
  revisionOf(document: ActiveConfig, nowMs: number): string
}

/** Makes the gate of one isolate. What is there at once is not awaited: each await costs as much as reading a header. */
export function createGate({ bundled, evaluate = decide }: GateOptions): Gate {
  const live = new LiveConfig(bundled)
  const sampler = new Sampler()
  const reporter = new Reporter(live, sampler)
  const health = new OriginHealth()
  const rescuer = new Rescuer(health)
  const assets = new AssetFallback(health)
  const gradualRollback = new GradualRollback(health, evaluate)
  const bodies = new BodyMonitor()
  const visitors = new HiddenClasses()
  const requests = new HiddenClasses()

  async function handle(raw: Request, env: Env, ctx: ExecutionContext, url?: string): Promise<Response> {
    const request = gateRequestOf(raw, env, url)
    if (request === undefined) return new Response('Bad Request\n', { status: 400 })
    const { nowMs } = request
    const surroundings = {
      env,
      place: request,
      nowMs,
      waitUntil: (work: Promise<unknown>) => ctx.waitUntil(work),
    }
    try {
      const document = live.fresh(nowMs) ?? (await live.current(env, surroundings.waitUntil, nowMs))
      const target = findTarget(document.snapshot, request)
      const planned = planFor({ target, document, request, surroundings })
      const plan = planned instanceof Promise ? await planned : planned
      const asked = await rescuer.ask(request, plan)
      const completed = assets.complete(request, plan, asked, document.snapshot)
      const found = completed instanceof Promise ? await completed : completed
      const answer = withErrorPage(found, request, document.snapshot)
      requests.offer(request, plan, answer)
      const watched = observe(plan, answer, request, { reporter, bodies, surroundings })
      return withFlags(respond(plan, answer, watched, request), plan, answer)
    } catch {
      return await lastResort(request)
    }
  }

  /** The plan; the one that needs no decision where making it fails. */
  function planFor(asking: Asking): Plan | Promise<Plan> {
    try {
      const plan = makePlan(asking)
      return plan instanceof Promise ? plan.catch(() => stablePlan(asking.target)) : plan
    } catch {
      return stablePlan(asking.target)
    }
  }

  function makePlan(asking: Asking): Plan | Promise<Plan> {
    const { document, request, surroundings } = asking
    const { snapshot } = document
    const role = pageRoleOf(request)
    const isWithFlags = wantsBootstrap(request, role, snapshot)
    // Of this document: nothing may be awaited before.
    const revision = isWithFlags ? revisionOf(document, request.nowMs) : undefined
    return andThen(debugAccessOf(request, surroundings.env), (debug) => {
      const affinity = affinityOf(request, role, asking.target, snapshot)
      if (affinity === undefined && asking.target.kind === 'origin' && !isWithFlags)
        return { ...stablePlan(asking.target), role, debug }
      const page = { role, debug, affinity, revision }
      return andThen(visitorOf(request, document, surroundings.env), (visitor) =>
        planOf(visitor, asking, page),
      )
    })
  }

  /** The plan for a visitor who is known. */
  function planOf(visitor: Visitor, asking: Asking, page: Page): Plan | Promise<Plan> {
    visitors.offer(visitor, asking, page)
    const { context, anonymous } = visitor
    const { document, request, surroundings } = asking
    const { role, debug, affinity, revision } = page
    const { snapshot } = document
    const { env, nowMs } = surroundings
    const target = affinity?.target ?? asking.target
    const inputs = decisionInputs(document, env, nowMs, debug.overrides)
    const bring = (routed?: Decision) => {
      const decideOther = (flag: CompiledFlag) =>
        gradualRollback.decideUnrouted(flag, snapshot, context, inputs)
      return revision === undefined ? undefined : bootstrapFor(snapshot, decideOther, routed, revision)
    }
    if (target.kind === 'origin') {
      const bootstrap = bring()
      return { ...stablePlan(target), role, debug, bootstrap, setCookie: anonymous.setCookie() }
    }
    const decision = keepToPage(affinity, gradualRollback.decide(target, context, inputs))
    sampler.offer(snapshot, request, context)
    const origin = target.origins.get(decision.variant) ?? target.stable
    const bootstrap = bring(decision)
    const headersFor = (flags: string) => headersForOrigin(flags, context, env, nowMs)
    return andThen(headersFor(flagsHeader(decision)), (extra) => ({
      origin,
      target,
      role,
      decision,
      variant: decision.variant,
      visitor: decision.placement.arm === 'other' ? undefined : decision.placement.position,
      wait: expectAnswer(decision, target.flag, request, surroundings),
      extra,
      standIn: mayStandIn(target, origin, decision)
        ? { origin: target.stable, extra: () => headersFor(rescuedFlagsHeader(target.flag)) }
        : undefined,
      mayRepeat: target.rescued.has(request.method),
      setCookie: anonymous.setCookie(),
      debug,
      bootstrap,
    }))
  }

  /** Whoever is compared is counted in time, whatever becomes of the request. */
  function expectAnswer(
    decision: Decision,
    { deadlineMs }: CompiledFlag,
    { raw }: GateRequest,
    surroundings: ReportContext,
  ): InFlightRequest | undefined {
    if (decision.placement.arm === 'other' || deadlineMs === Number.POSITIVE_INFINITY) return undefined
    return reporter.expect(decision, deadlineMs, raw, surroundings)
  }

  function revisionOf(document: ActiveConfig, nowMs: number): string {
    const moving = gradualRollback.progress(document, nowMs)
    return [live.epoch, live.usedHash.slice(0, 12), live.killHash.slice(0, 12), moving].join('-')
  }

  /** Nothing above should ever throw; should it all the same, the visitor still gets a page. */
  async function lastResort(request: GateRequest): Promise<Response> {
    const { snapshot } = live.last
    const answer = await askOrigin(request, { origin: snapshot.fallback, extra: [] })
    const { response, status } = withErrorPage(answer, request, snapshot)
    if (status > HIGHEST_STATUS) return response
    const copy = mutable(response)
    keepFromSharedCaches(copy.headers)
    return copy
  }

  return { handle, live, reporter, gradualRollback, revisionOf }
}

/** The response, with the visitor's flags in it where it is a page that brings them along. */
function withFlags(
  response: Response,
  { bootstrap, decision, setCookie }: Plan,
  answer: OriginAnswer,
): Response {
  if (bootstrap === undefined) return response
  const { flags, rescued, revision } = bootstrap
  const page = { flags: answer.rescued ? rescued : flags, revision }
  return withBootstrap(response, page, decision === undefined ? setCookie : undefined)
}

/** Undefined for what has no URL, for example because it names two hosts. */
function gateRequestOf(raw: Request, env: Env, url: string | undefined): GateRequest | undefined {
  try {
    return new GateRequest(raw, env, Date.now(), url)
  } catch {
    return undefined
  }
}

/** The plan that needs no decision. */
function stablePlan(target: RouteTarget): Plan {
  const origin = target.kind === 'origin' ? target.origin : target.stable
  return {
    origin,
    target,
    role: 'foreign',
    decision: undefined,
    extra: [],
    standIn: undefined,
    mayRepeat: false,
    setCookie: undefined,
    debug: { visible: false, overrides: undefined },
  }
}

/** Whoever forced a variant wants to see what it does, its failures included. */
function mayStandIn(target: FlagTarget, origin: Origin, decision: Decision): boolean {
  return origin !== target.stable && decision.reason !== 'OVERRIDE' && target.rescued.size > 0
}

/** The decision as the origin hears it, signed where there is a key. */
function headersForOrigin(
  flags: string,
  context: RequestContext,
  env: Env,
  nowMs: number,
): ExtraHeaders | Promise<ExtraHeaders> {
  return env.SIGNING_KEY ? signedHeaders(flags, context, env.SIGNING_KEY, nowMs) : [['sluice-flags', flags]]
}

async function signedHeaders(
  flags: string,
  context: RequestContext,
  signingKey: string,
  nowMs: number,
): Promise<ExtraHeaders> {
  const targetingKey = encodeURIComponent(context.targetingKey().toWellFormed())
  return [
    ['sluice-flags', flags],
    ['sluice-targeting-key', targetingKey],
    ['sluice-signature', await signFlags(signingKey, flags, targetingKey, nowMs)],
  ]
}
