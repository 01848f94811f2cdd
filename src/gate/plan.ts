/** What to do with a request: which origin to ask what, and what the answer is for. */
import type { FlagTarget, Origin, RouteTarget } from '../core/config/compile/route-target.ts'
import type { RequestContext } from '../core/context/request-context.ts'
import { apart, type Decision, variantServed } from '../core/decision/decide.ts'
import type { CompiledFlag } from '../core/flags/flag.ts'
import type { NetworkStanding } from '../core/limits/network-standing.ts'
import type { Env } from '../platform/env.ts'
import { noteInternalError } from '../platform/internal-errors.ts'
import { keysOf } from '../platform/keys.ts'
import type { ActiveConfig, LiveConfig } from './config/live-config.ts'
import { type Bootstrap, bootstrapFor, wantsBootstrap } from './evaluation/bootstrap.ts'
import type { GradualRollback } from './evaluation/gradual-rollback.ts'
import { chancesOf, decisionInputs, type Visitor, visitorOf } from './evaluation/visitor.ts'
import type { ExtraHeaders, RoutedCall } from './origin/fetch-origin.ts'
import { isOneTime, isPairable } from './origin/pairs.ts'
import { flagsHeader, rescuedFlagsHeader } from './origin/proxy-headers.ts'
import type { Question } from './origin/questions.ts'
import type { Fallback } from './origin/retry-and-fallback.ts'
import { HiddenClasses } from './perf/hidden-classes.ts'
import type { InFlightRequest } from './reporting/in-flight.ts'
import type { ReportContext, Reporter } from './reporting/reporter.ts'
import type { Sampler } from './reporting/sampler.ts'
import type { GateRequest } from './request/gate-request.ts'
import { type DebugAccess, debugAccessOf, debugTokenOf, ordinaryAccess } from './request/overrides.ts'
import {
  affinityOf,
  keepToPage,
  type PageAffinity,
  type PageRole,
  pageRoleOf,
} from './request/page-affinity.ts'
import { signFlags } from './request/signature.ts'
import { visitorIdsOf } from './request/visitor-ids.ts'

export type Plan = {
  call: RoutedCall
  /** Answers when the call's origin fails; undefined where no other origin may. */
  fallback: Fallback | undefined
  /** What to ask the canary's origin where control fails; otherwise undefined. */
  question: (() => Question | undefined) | undefined
  /** Undefined where no flag was asked, or the evaluator failed. */
  decision: Decision | undefined
  role: PageRole
  debug: DebugAccess
  setCookie: string | undefined
  /** The flags that the page brings along, if it does. */
  bootstrap: Bootstrap | undefined
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
      const role = pageRoleOf(request)
      const bringsFlags = wantsBootstrap(request, role, config.snapshot)
      // Before the first await, after which another config may be live.
      const revision = bringsFlags ? this.revisionOf(config, request.nowMs) : undefined
      const hasToken = debugTokenOf(request, env) !== undefined
      const debug = hasToken ? await debugAccessOf(request, env) : ordinaryAccess(env)
      const affinity = affinityOf(request, role, target, config.snapshot)
      if (affinity === undefined && target.kind === 'origin' && !bringsFlags) {
        return { ...stablePlan(target), role, debug }
      }
      if (config.tokens !== undefined)
        request.accept(await config.tokens.verify(request, env, context.waitUntil))
      const known = visitorIdsOf(env)
      const ids = known instanceof Promise ? await known : known
      return await this.#planFor(visitorOf(request, config, ids), arrival, {
        role,
        debug,
        affinity,
        revision,
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
    const { rollback, sampler } = this.#parts
    const target = affinity?.target ?? arrival.target
    const inputs = decisionInputs(config, context.env, request.nowMs, debug.overrides)
    const decideOther = (flag: CompiledFlag) =>
      rollback.decideUnrouted(flag, snapshot, visitor.context, inputs)
    const flagsOfPage = (routed?: Decision) =>
      revision === undefined ? undefined : bootstrapFor(snapshot, decideOther, routed, revision)
    if (target.kind === 'origin') {
      const bootstrap = flagsOfPage()
      return { ...stablePlan(target), role, debug, bootstrap, setCookie: visitor.anonymous.setCookie() }
    }
    const decided = rollback.decide(target, visitor.context, inputs)
    const kept = keepToPage(affinity, decided, chancesOf(visitor.context, inputs))
    const decision = this.#takesPart(kept, request) ? kept : apart(kept)
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
      decision,
      role,
      debug,
      setCookie: visitor.anonymous.setCookie(),
      bootstrap,
    }
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

/** The plan that needs no decision. */
export function stablePlan(target: RouteTarget): Plan {
  const origin = target.kind === 'origin' ? target.origin : target.stable
  return {
    call: { origin, extraHeaders: [], target },
    fallback: undefined,
    question: undefined,
    decision: undefined,
    role: 'foreign',
    debug: { visible: false, overrides: undefined },
    setCookie: undefined,
    bootstrap: undefined,
  }
}

/** The visitor's position, for canary and control. */
function positionOf({ placement }: Decision): number | undefined {
  return placement.arm === 'other' ? undefined : placement.position
}

/** An upgrade to a WebSocket of another variant than `off`, which a kill may have to close. */
function mayBeSevered({ severable, flag }: FlagTarget, { variant }: Decision, request: GateRequest): boolean {
  return severable && variant !== flag.off && request.header('upgrade') !== undefined
}

/** A visitor who forced a variant wants to see what it does, its failures included. */
function mayFallBack(target: FlagTarget, origin: Origin, decision: Decision): boolean {
  return origin !== target.stable && decision.reason !== 'OVERRIDE' && target.rescued.size > 0
}

function fallbackFor(
  target: FlagTarget,
  decision: Decision,
  request: GateRequest,
  headersFor: (flags: string) => ExtraHeaders | Promise<ExtraHeaders>,
): Fallback {
  const { flag, stable } = target
  return {
    origin: stable,
    mayRepeat: target.rescued.has(request.method),
    isPairable: isPairable(request, target),
    call: async () => ({
      origin: stable,
      extraHeaders: await headersFor(rescuedFlagsHeader(flag)),
      target,
      variant: flag.off,
      visitor: positionOf(decision),
    }),
  }
}

/** Marks a request that no visitor waits for. */
const SHADOW = ['sluice-shadow', '1'] as const

/** The same request, as the canary's origin would get it had the visitor fallen inside the percentage. */
function questionFor(
  target: FlagTarget,
  { flag, placement, variant: own }: Decision,
  { request, context }: Visitor,
  headersFor: (flags: string) => ExtraHeaders | Promise<ExtraHeaders>,
): Question | undefined {
  const rule = target.flag.rules[target.flag.rolloutRule]
  const variant = rule && variantServed(rule, context)
  const origin = variant === undefined ? undefined : target.origins.get(variant)
  if (placement.arm !== 'control' || variant === undefined || origin === undefined) return undefined
  if (origin === target.origins.get(own) || !isPairable(request, target)) return undefined
  const flags = flagsHeader({ flag, variant, reason: 'SPLIT' })
  return {
    flag,
    origin,
    call: async () => ({ origin, extraHeaders: [...(await headersFor(flags)), SHADOW], target, variant }),
  }
}

/** The decision as the origin gets it, signed where there is a key. */
function headersForOrigin(
  flags: string,
  context: RequestContext,
  { SIGNING_KEY: key }: Env,
  nowMs: number,
): ExtraHeaders | Promise<ExtraHeaders> {
  return key ? signedHeaders(flags, context, key, nowMs) : [['sluice-flags', flags]]
}

async function signedHeaders(
  flags: string,
  context: RequestContext,
  signingKey: string,
  nowMs: number,
): Promise<ExtraHeaders> {
  const targetingKey = encodeURIComponent(context.targetingKey().toWellFormed())
  const keys = keysOf(signingKey)
  const { origin } = keys instanceof Promise ? await keys : keys
  return [
    ['sluice-flags', flags],
    ['sluice-targeting-key', targetingKey],
    ['sluice-signature', await signFlags(origin, flags, targetingKey, nowMs)],
  ]
}
