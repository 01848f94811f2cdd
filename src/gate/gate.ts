/**
 * The request path, a step a line:
 *
 *   request → live config → route → plan (visitor, decision) → origin, retry, fallback → outcome → response
 *
 * Nothing that breaks inside costs the visitor the page: without a plan the request goes to the stable origin, and once
 * an origin has answered, the visitor gets that answer whatever becomes of counting.
 */

import { findTarget } from '../core/config/compile/snapshot.ts'
import { decide } from '../core/decision/decide.ts'
import { isGatePath } from '../core/gate-path.ts'
import { NetworkStanding } from '../core/limits/network-standing.ts'
import type { Outcome } from '../core/outcome/outcome.ts'
import type { Env } from '../platform/env.ts'
import { hasInternalErrors, noteInternalError } from '../platform/internal-errors.ts'
import { type ActiveConfig, LiveConfig } from './config/live-config.ts'
import { GradualRollback } from './evaluation/gradual-rollback.ts'
import { countRequested, type Requested } from './evaluation/measuring.ts'
import { describeOnSpan, type Traced } from './names/span.ts'
import { AssetFallback } from './origin/asset-fallback.ts'
import { BodyMonitor } from './origin/body-monitor.ts'
import { type Answered, fetchOrigin, fieldsOf } from './origin/fetch-origin.ts'
import { OriginHealth } from './origin/origin-health.ts'
import { type Question, Questions } from './origin/questions.ts'
import { type Delivery, OriginClient } from './origin/retry-and-fallback.ts'
import { outcomeOf } from './outcome-of.ts'
import { HiddenClasses } from './perf/hidden-classes.ts'
import { type Plan, Planner } from './plan.ts'
import type { FailureSampler } from './reporting/failure-sampler.ts'
import type { InFlightRequest } from './reporting/in-flight.ts'
import { type ReportContext, Reporter } from './reporting/reporter.ts'
import { Sampler } from './reporting/sampler.ts'
import { type GateRequest, gateRequestOf } from './request/gate-request.ts'
import { respond, respondPlainly } from './respond.ts'
import type { Mirror, MirrorParts } from './shadow/mirror.ts'
import { OpenStreams } from './streams/open-streams.ts'

export type GateOptions = {
  /** The document that serves until KV has shown a valid one. */
  bundled: unknown
  /** The evaluator; tests put a broken one in. */
  evaluate?: typeof decide
  /** Copies requests in shadow stages; without it no stage does. Not a part of the request path, and not built into it. */
  mirror?: (parts: MirrorParts) => Pick<Mirror, 'offer' | 'keepBody'>
  /** Samples what failed; likewise. */
  failures?: FailureSampler
}

/** What the gate needs of an execution context, a Worker's or Hono's. */
type WaitUntil = Pick<ExecutionContext, 'waitUntil'> & Traced

/** Makes the gate of one isolate. */
export function createGate(options: GateOptions): Gate {
  return new Gate(options)
}

export class Gate {
  readonly live: LiveConfig
  readonly reporter: Reporter
  readonly gradualRollback: GradualRollback
  readonly planner: Planner
  readonly origins: OriginClient
  readonly assets: AssetFallback
  readonly streams: OpenStreams
  readonly #questions: Questions
  readonly #standing = new NetworkStanding()
  readonly #bodies = new BodyMonitor()
  readonly #mirror: Pick<Mirror, 'offer' | 'keepBody'> | undefined
  readonly #shapes = new HiddenClasses()
  readonly #failures: FailureSampler | undefined

  constructor({ bundled, evaluate = decide, mirror, failures }: GateOptions) {
    const sampler = new Sampler()
    const health = new OriginHealth()
    this.live = new LiveConfig(bundled)
    this.reporter = new Reporter(this.live, sampler, failures)
    this.gradualRollback = new GradualRollback(health, evaluate)
    const { live, reporter, gradualRollback: rollback } = this
    const standing = this.#standing
    this.planner = new Planner({ live, rollback, reporter, sampler, standing })
    this.origins = new OriginClient(health, standing)
    this.#questions = new Questions(health, standing, (flag) => this.#isClosed(flag))
    this.#failures = failures
    this.#mirror = mirror?.({ live, health, reporter })
    this.assets = new AssetFallback(this.origins, health, standing)
    this.streams = new OpenStreams(live, reporter)
  }

  /** Answers a visitor's request; `url` is the request's own. */
  async handle(raw: Request, env: Env, ctx: WaitUntil, url?: string): Promise<Response> {
    const request = gateRequestOf(raw, env, url)
    // What leads there only once dots are resolved brings the gate's credentials along: no origin gets it.
    if (request === undefined || isGatePath(request.path))
      return new Response('Bad Request\n', { status: 400 })
    const context = contextOf(request, env, ctx)
    try {
      const config = this.live.fresh(request.nowMs) ?? (await this.#refreshed(context))
      request.trustedProxies = config.snapshot.trustedProxies
      const target = findTarget(config.snapshot, request)
      const plan = await this.planner.plan({ request, config, target, context })
      if (plan.copy !== undefined) this.#mirror?.keepBody(request, plan)
      if (plan.reload !== undefined) return plan.reload
      const sent = await this.origins.send(request, plan.call, plan.fallback)
      const delivery = await this.assets.complete(request, plan.call, sent, config)
      this.#shapes.keep(request, plan, delivery)
      const body = this.count(request, plan, delivery, context)
      if (plan.requested !== undefined) this.#countRequested(plan.requested, delivery, config, context)
      describeOnSpan(ctx, env, plan.decision, delivery.answer.origin.name)
      const response = respond({ request, plan, delivery, snapshot: config.snapshot, body })
      const { answer } = delivery
      const isAssigned = answer.kind === 'answered' && answer.origin === plan.call.origin
      return isAssigned ? this.#severable(response, answer, { request, plan, context }) : response
    } catch (error) {
      noteInternalError('gate.handle', error)
      return await this.lastResort(request)
    } finally {
      this.#reportInternalErrors(context)
    }
  }

  /**
   * Counts what became of the request, and returns the body that the visitor gets where it is watched. Never throws: an
   * outcome that can't be counted must not cost the visitor the answer.
   */
  count(
    request: GateRequest,
    plan: Plan,
    delivery: Delivery,
    context: ReportContext,
  ): ReadableStream | undefined {
    const { call, decision } = plan
    const { answer } = delivery
    if (decision === undefined || answer.kind === 'abandoned') return undefined
    try {
      if (delivery.isUnsent) {
        this.#countUnsent(request, plan, delivery, context)
        return undefined
      }
      const outcome = outcomeOf(request, plan, decision, delivery)
      const { failure, status } = delivery.charge
      if (outcome.failure !== undefined || outcome.isClientError)
        this.#failures?.offer(outcome, request, status)
      const question = failure === undefined ? undefined : plan.question?.()
      if (question === undefined) this.#report(request, outcome, context, call.inFlight)
      else
        context.waitUntil(this.#reportAsked(request, question, { outcome, context, inFlight: call.inFlight }))
      const isAssigned = answer.kind === 'answered' && failure === undefined && answer.origin === call.origin
      if (decision.placement.arm === 'other' || !isAssigned) return undefined
      const copying = plan.copy && this.#mirror?.offer(request, plan, answer, context)
      const onBroken = () => {
        // What a kill closes is not broken off by its origin.
        if (this.live.last.control.isSevered(decision.flag)) return
        this.#failures?.offer({ ...outcome, failure: 'aborted-by-origin' }, request, undefined)
        this.reporter.reportBrokenBody(outcome, { ...context, nowMs: Date.now() })
      }
      // Hazard: the runtime carries nothing through two pipes in a row, and flags in a page take one.
      const watched =
        plan.bootstrap === undefined
          ? this.#bodies.watch(answer.response, request, onBroken, copying !== undefined)
          : undefined
      copying?.(watched?.done)
      if (watched !== undefined) context.waitUntil(watched.done)
      return watched?.body
    } catch (error) {
      noteInternalError('gate.count', error, { flag: decision.flag })
      return undefined
    }
  }

  /** Counts an outcome, and what a failure that proves nothing says of its network. */
  #report(request: GateRequest, outcome: Outcome, context: ReportContext, inFlight?: InFlightRequest): void {
    const { pairedAs, decision } = outcome
    const isWaste = pairedAs === 'shared' || pairedAs === 'unasked'
    if (isWaste && decision.placement.arm !== 'other') this.#standing.waste(request.network, context.nowMs)
    this.reporter.report(outcome, context, inFlight)
  }

  /** Counts a failure of control once the canary's origin has been asked as well, after the visitor has the answer. */
  async #reportAsked(
    request: GateRequest,
    question: Question,
    {
      outcome,
      context,
      inFlight,
    }: { outcome: Outcome; context: ReportContext; inFlight?: InFlightRequest | undefined },
  ): Promise<void> {
    const reply = await this.#questions.ask(request, question)
    this.#report(request, { ...outcome, ...reply }, { ...context, nowMs: Date.now() }, inFlight)
  }

  /** Counts a request that is an event of a metric. Never throws. */
  #countRequested(
    requested: Requested,
    { answer }: Delivery,
    { snapshot }: ActiveConfig,
    context: ReportContext,
  ): void {
    if (answer.kind !== 'answered') return
    try {
      countRequested(requested, answer.status, snapshot, { reporter: this.reporter, context })
    } catch (error) {
      noteInternalError('gate.metrics', error)
    }
  }

  #countUnsent(request: GateRequest, plan: Plan, delivery: Delivery, context: ReportContext): void {
    const { decision } = plan
    if (decision === undefined) return
    const { answer } = delivery
    const charge = { failure: answer.failure, latencyMs: answer.latencyMs }
    const { target } = plan.call
    const answeredBy = target.kind === 'flag' ? target.flag.off : decision.variant
    this.reporter.reportUnsent(
      outcomeOf(request, plan, decision, { ...delivery, charge }),
      answeredBy,
      context,
    )
  }

  /** Whether a flag is killed or rolled back, as far as this isolate knows by now. */
  #isClosed(flag: string): boolean {
    const { control } = this.live.last
    return control.isKilled(flag) || control.of(flag).rolledBack !== undefined
  }

  /** The response of a variant other than `off` can be closed by a kill if it stays open. */
  #severable(
    response: Response,
    answer: Answered,
    { request, plan, context }: { request: GateRequest; plan: Plan; context: ReportContext },
  ): Response {
    const { call, decision } = plan
    const { target, closer } = call
    if (target.kind === 'origin' || decision === undefined || decision.variant === target.flag.off)
      return response
    const opener = { raw: request.raw, flag: target.flag, closer, context }
    return this.streams.watch(response, fieldsOf(answer), opener)
  }

  /**
   * The config after a refresh that may be due. The Controller hears soon of what KV shows for the first time, also where only
   * routes without a flag are visited: they count nothing.
   */
  #refreshed(context: ReportContext): Promise<ActiveConfig> {
    const before = this.live.kvReadAtMs > 0 ? this.reporter.seenInKv : undefined
    const tell = () => {
      if (before !== undefined && before !== this.reporter.seenInKv)
        this.reporter.stayInTouch({ ...context, nowMs: Date.now() })
    }
    return this.live.current(context.env, (work) => context.waitUntil(work.then(tell)), context.nowMs)
  }

  /** Sees to a flush where exceptions were swallowed, which may be all there is to report. Never throws. */
  #reportInternalErrors(context: ReportContext): void {
    try {
      if (hasInternalErrors()) this.reporter.stayInTouch(context)
    } catch (error) {
      noteInternalError('gate.report', error)
    }
  }

  /** The stable origin, by the last good document: what a visitor gets should anything above throw. */
  async lastResort(request: GateRequest): Promise<Response> {
    const { snapshot } = this.live.last
    const answer = await fetchOrigin(request, { origin: snapshot.fallback, extraHeaders: [] })
    return respondPlainly(answer, request, snapshot)
  }

  /** Changes whenever decisions may have. Of a config that was just read, with no await in between. */
  revisionOf(config: ActiveConfig, nowMs: number): string {
    return this.planner.revisionOf(config, nowMs)
  }
}

function contextOf(request: GateRequest, env: Env, ctx: WaitUntil): ReportContext {
  return { env, place: request, nowMs: request.nowMs, waitUntil: (work) => ctx.waitUntil(work) }
}
