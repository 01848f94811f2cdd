/** What to do with a request: which origin to ask what, and what the answer is for. */
import type { FlagTarget, RouteTarget } from '../core/config/compile/route-target.ts'
import { NO_VISITOR, RequestContext } from '../core/context/request-context.ts'
import { apart, type Decision } from '../core/decision/decide.ts'
import type { CompiledFlag } from '../core/flags/flag.ts'
import type { NetworkStanding } from '../core/limits/network-standing.ts'
import { noteInternalError } from '../platform/internal-errors.ts'
import type { ActiveConfig, LiveConfig } from './config/live-config.ts'
import { type Bootstrap, bootstrapFor, wantsBootstrap } from './evaluation/bootstrap.ts'
import type { GradualRollback } from './evaluation/gradual-rollback.ts'
import { exposed, type Requested, requestedMetrics } from './evaluation/measuring.ts'
import { chancesOf, decisionInputs, type Visitor, visitorOf } from './evaluation/visitor.ts'
import type { RoutedCall } from './origin/fetch-origin.ts'
import { isOneTime } from './origin/pairs.ts'
import { flagsHeader } from './origin/proxy-headers.ts'
import type { Question } from './origin/questions.ts'
import type { Fallback } from './origin/retry-and-fallback.ts'
import {
  copyFor,
  fallbackFor,
  headersForOrigin,
  mayFallBack,
  positionOf,
  questionFor,
} from './other-origin.ts'
import { reloadFor } from './pages/framework-data.ts'
import {
  affinityOf,
  comesWithoutCookies,
  keepToPage,
  type PageAffinity,
  type PageRole,
  pageRoleOf,
} from './pages/page-affinity.ts'
import { HiddenClasses } from './perf/hidden-classes.ts'
import type { InFlightRequest } from './reporting/in-flight.ts'
import type { ReportContext, Reporter } from './reporting/reporter.ts'
import type { Sampler } from './reporting/sampler.ts'
import type { GateRequest } from './request/gate-request.ts'
import { type DebugAccess, debugAccessOf, debugTokenOf, ordinaryAccess } from './request/overrides.ts'
import { visitorIdsOf } from './request/visitor-ids.ts'

export type Plan = {
  call: RoutedCall
  /** Answers when the call's origin fails; undefined where no other origin may. */
  fallback: Fallback | undefined
  /** What to ask the canary's origin where control fails; otherwise undefined. */
  question: (() => Question | undefined) | undefined
  /** What the canary's origin gets as a copy, where the route's flag has a shadow stage. */
  copy: (() => Question | undefined) | undefined
  /** Undefined where no flag was asked, or the evaluator failed. */
  decision: Decision | undefined
  role: PageRole
  debug: DebugAccess
  setCookie: string | undefined
  /** Whether the document wants no cookie for this visitor, whom nothing else identifies. */
  isUnknown: boolean
  /** The flags that the page brings along, if it does. */
  bootstrap: Bootstrap | undefined
  /** Answers in place of every origin: tells the page to load itself anew, as its version is closed. */
  reload: Response | undefined
  /** Undefined unless the request may be an event of some metric. */
  requested: Requested | undefined
}

/** A request whose route is found. */
export type Arrival = {
  request: GateRequest
  config: ActiveConfig
  target: RouteTarget
  context: ReportContext
}

/** What is known of the page that a request is, or comes from. */
type Page = {
  role: PageRole
  debug: DebugAccess
  affinity: PageAffinity | undefined
  /** Set where the page brings its flags along. */
  revision: string | undefined
  /** Metrics that the request may be an event of. */
  requested: Requested['metrics'] | undefined
}

export type PlannerParts = {
  live: LiveConfig
  rollback: GradualRollback
  reporter: Reporter
  sampler: Sampler
  standing: NetworkStanding
}

export class Planner {
  readonly #parts: PlannerParts
  readonly #shapes = new HiddenClasses()

  constructor(parts: PlannerParts) {
    this.#parts = parts
  }

  /** Never throws: where a decision can't be made, the plan is the stable origin. */
  async plan(arrival: Arrival): Promise<Plan> {
    const { request, config, target, context } = arrival
    const { env } = context
    try {
      if (isPreflight(request)) return this.#planPreflight(arrival)
      const role = pageRoleOf(request, config.snapshot.cookies)
      const bringsFlags = wantsBootstrap(request, role, config.snapshot)
      // Before the first await, after which another config may be live.
      const revision = bringsFlags ? this.revisionOf(config, request.nowMs) : undefined
      request.isRewritten = bringsFlags
      const hasToken = debugTokenOf(request, env) !== undefined
      const debug = hasToken ? await debugAccessOf(request, env) : ordinaryAccess(env)
      const affinity = affinityOf(request, role, target, config.snapshot)
      const requested = requestedMetrics(request, config.snapshot)
      if (affinity === undefined && target.kind === 'origin' && !bringsFlags && requested === undefined) {
        return { ...stablePlan(target), role, debug }
      }
      if (config.tokens !== undefined)
        request.accept(await config.tokens.verify(request, env, context.waitUntil))
      const known = visitorIdsOf(env)
      const ids = known instanceof Promise ? await known : known
      const isWithheld = () => comesWithoutCookies(request, config.snapshot)
      return await this.#planFor(visitorOf(request, config, ids, isWithheld), arrival, {
        role,
        debug,
        affinity,
        revision,
        requested,
      })
    } catch (error) {
      noteInternalError('gate.decide', error, { flag: target.kind === 'flag' ? target.flag.key : undefined })
      return stablePlan(target)
    }
  }

  /** Changes whenever decisions may have. Of a config that was just read, with no await in between. */
  revisionOf(config: ActiveConfig, nowMs: number): string {
    const { live, rollback } = this.#parts
    const moving = rollback.progress(config, nowMs)
    return [live.epoch, live.usedHash.slice(0, 12), live.killHash.slice(0, 12), moving].join('-')
  }

  async #planFor(visitor: Visitor, arrival: Arrival, page: Page): Promise<Plan> {
    this.#shapes.keep(visitor, arrival, page)
    const { request, config, context } = arrival
    const { role, debug, affinity, revision } = page
    const { snapshot } = config
    const { rollback, sampler, reporter } = this.#parts
    const target = affinity?.target ?? arrival.target
    const inputs = decisionInputs(config, context.env, request.nowMs, debug.overrides)
    const met = { reporter, env: context.env }
    const decide = (flag: CompiledFlag) => rollback.decideUnrouted(flag, snapshot, visitor.context, inputs)
    const decideOther = (flag: CompiledFlag) => exposed(flag, decide(flag), visitor, met)
    const requested = page.requested && { metrics: page.requested, visitor, decide }
    const flagsOfPage = (routed?: Decision) =>
      revision === undefined ? undefined : bootstrapFor(snapshot, decideOther, routed, revision)
    if (target.kind === 'origin') {
      const bootstrap = flagsOfPage()
      return {
        ...{ ...stablePlan(target), role, debug, bootstrap, requested },
        setCookie: visitor.anonymous.setCookie(),
      }
    }
    const decided = rollback.decide(target, visitor.context, inputs)
    const kept = keepToPage(affinity, decided, chancesOf(visitor.context, inputs))
    const reload = affinity && isClosedTo(affinity, kept) ? reloadFor(request) : undefined
    if (reload !== undefined) return { ...stablePlan(target), role, debug, reload }
    request.isWhole = kept.reason === 'SPLIT' && isUnplaced(visitor)
    const taken = this.#takesPart(kept, request) ? kept : apart(kept)
    const decision = exposed(target.flag, taken, visitor, met)
    sampler.offer(snapshot, request, visitor.context)
    const bootstrap = flagsOfPage(decision)
    const headersFor = (flags: string) => headersForOrigin(flags, visitor.context, context.env, request.nowMs)
    const call = {
      origin: target.origins.get(decision.variant) ?? target.stable,
      extraHeaders: await headersFor(flagsHeader(decision)),
      target,
      variant: decision.variant,
      visitor: positionOf(decision),
      inFlight: this.#track(decision, target.flag, request, context),
      closer: mayBeSevered(target, decision, request) ? new AbortController() : undefined,
    }
    return {
      call,
      fallback: mayFallBack(target, call.origin, decision)
        ? fallbackFor(target, decision, request, headersFor)
        : undefined,
      question:
        decision.placement.arm === 'control'
          ? () => questionFor(target, decision, visitor, headersFor)
          : undefined,
      copy: target.shadow === undefined ? undefined : () => copyFor(target, decision, visitor, headersFor),
      decision,
      role,
      debug,
      setCookie: visitor.anonymous.setCookie(),
      isUnknown: !snapshot.cookies.areGiven && visitor.context.targetingKey() === undefined,
      bootstrap,
      reload: undefined,
      requested,
    }
  }

  /** Browsers ask on behalf of any visitor, without saying of which: all get the same answer, and none counts. */
  #planPreflight({ request, config, target, context }: Arrival): Plan {
    const stable = stablePlan(target)
    if (target.kind === 'origin') return stable
    const identity = { ...config.snapshot.identity, targetingKey: [], keepsFirst: false }
    const visitor = new RequestContext(request, identity, NO_VISITOR, Math.random)
    const inputs = decisionInputs(config, context.env, request.nowMs, undefined)
    const decision = this.#parts.rollback.decide(target, visitor, inputs)
    const { variant } = decision
    const origin = target.origins.get(variant) ?? target.stable
    const call = { origin, extraHeaders: [], target, variant }
    if (!mayFallBack(target, origin, decision)) return { ...stable, call }
    return { ...stable, call, fallback: fallbackFor(target, decision, request, () => []) }
  }

  /** Whether a request that could be compared is. */
  #takesPart({ placement }: Decision, request: GateRequest): boolean {
    if (placement.arm === 'other') return true
    return this.#parts.standing.takesPart(request.network, request.nowMs) && !isOneTime(request)
  }

  /** A request that is compared counts in time, whatever becomes of it. */
  #track(
    decision: Decision,
    { deadlineMs }: CompiledFlag,
    { raw, network }: GateRequest,
    context: ReportContext,
  ): InFlightRequest | undefined {
    if (decision.placement.arm === 'other' || deadlineMs === Number.POSITIVE_INFINITY) return undefined
    return this.#parts.reporter.track({ decision, network }, deadlineMs, raw, context)
  }
}

/** Whether a browser asks if a page of another site may send a request. */
function isPreflight({ method, headers }: GateRequest): boolean {
  return method === 'OPTIONS' && headers.has('access-control-request-method') && headers.has('origin')
}

/** Whether a visitor's next request may be another visitor's: clients without cookies get a new id with each. */
function isUnplaced({ anonymous, context }: Visitor): boolean {
  return anonymous.isNew && context.targetingKey() !== undefined
}

/** Whether a kill or a rollback has closed the version of an open page, and another origin would have to answer it. */
function isClosedTo({ target, variant: own }: PageAffinity, { variant, reason }: Decision): boolean {
  if (own === variant || (reason !== 'KILLED' && reason !== 'ROLLED_BACK')) return false
  return (target.origins.get(own) ?? target.stable) !== (target.origins.get(variant) ?? target.stable)
}

/** The plan that needs no decision. */
export function stablePlan(target: RouteTarget): Plan {
  const origin = target.kind === 'origin' ? target.origin : target.stable
  return {
    call: { origin, extraHeaders: [], target },
    fallback: undefined,
    question: undefined,
    copy: undefined,
    decision: undefined,
    role: 'foreign',
    debug: { visible: false, overrides: undefined },
    setCookie: undefined,
    isUnknown: false,
    bootstrap: undefined,
    reload: undefined,
    requested: undefined,
  }
}

/** An upgrade to a WebSocket of another variant than `off`, which a kill may have to close. */
function mayBeSevered({ severable, flag }: FlagTarget, { variant }: Decision, request: GateRequest): boolean {
  return severable && variant !== flag.off && request.header('upgrade') !== undefined
}
