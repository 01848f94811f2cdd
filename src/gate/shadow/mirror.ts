/**
 * Shadow traffic: in a shadow stage, a share of the requests that control has answered goes to the canary as well, and
 * twice more to control, once the visitor has the answer. No visitor gets anything of it; the answers are compared,
 * and only what differs is told.
 *
 * Control is asked anew, since copies carry no credentials and the visitor's own answer may depend on them. No one waits
 * for any of it, and budgets bound it.
 */
import type { FlagTarget, ShadowRules } from '../../core/config/compile/route-target.ts'
import type { Decision } from '../../core/decision/decide.ts'
import { SharedRate } from '../../core/limits/shared-rate.ts'
import { isOfOneBuild } from '../../core/shadow/build-names.ts'
import { compareAnswers, type Difference, differences } from '../../core/shadow/compare.ts'
import { readAnswer } from '../../core/shadow/read-answer.ts'
import { redacted } from '../../core/shadow/redact.ts'
import { routeTemplate } from '../../core/shadow/route-template.ts'
import { MOST_SHOWN, type ShadowSample } from '../../core/shadow/sample.ts'
import { noteInternalError } from '../../platform/internal-errors.ts'
import type { LiveConfig } from '../config/live-config.ts'
import type { RoutedCall } from '../origin/fetch-origin.ts'
import type { OriginHealth } from '../origin/origin-health.ts'
import { type Question, SHADOW } from '../origin/questions.ts'
import type { Delivery } from '../origin/retry-and-fallback.ts'
import type { ReportContext, Reporter } from '../reporting/reporter.ts'
import type { GateRequest } from '../request/gate-request.ts'
import { askCopy } from './ask.ts'

const MOST_IN_FLIGHT = 4
/** Two rounds of questions, each of which ends within 10 s. */
const LONGEST_COPY_MS = 25_000
/** A control that takes so many times its usual time has no time for copies. */
const SLOW = 2
/** Parameters that a link which works once has: to follow it here would use it up. */
const ONE_TIME = /[?&](?:code|token|state|ticket|signature)(?:=|&|$)/i
/** The body of a request that is copied waits in memory until the copy is made. */
const LARGEST_BODY_BYTES = 65_536
const COPYABLE_TYPE = /^\s*application\/(?:[\w.+-]*json|x-www-form-urlencoded)\s*(?:;|$)/i
/** By these a copy is told from the canary's own slowness: control, asked at the same time, is the measure. */
const SLOWER = { factor: 1.5, ms: 50 }

/** What control has been asked, and what the canary's origin would be. */
export type Copyable = {
  call: RoutedCall
  copy: (() => Question | undefined) | undefined
  decision: Decision | undefined
  /** What the request brought, of one that brought something. */
  body?: Promise<ArrayBuffer> | undefined
}
export type MirrorParts = { live: LiveConfig; health: OriginHealth; reporter: Reporter }

export function createMirror(parts: MirrorParts): Mirror {
  return new Mirror(parts)
}

/** Copies requests. One per isolate. */
export class Mirror {
  readonly #parts: MirrorParts
  readonly #rates = new WeakMap<FlagTarget, SharedRate>()
  readonly #inFlight = new Set<{ startedMs: number }>()

  constructor(parts: MirrorParts) {
    this.#parts = parts
  }

  /**
   * The body of a request that is to be copied, to be kept before control reads it; undefined for all others. No one
   * waits for it: what control reads is kept as it comes.
   */
  bodyOf(request: GateRequest, { call, decision }: Copyable): Promise<ArrayBuffer> | undefined {
    const { target } = call
    if (target.kind === 'origin' || !request.hasBody || decision?.placement.arm !== 'control')
      return undefined
    if (!isCopyableBody(request, target.shadow) || !this.#isDrawn(target)) return undefined
    const body = request.raw.clone().arrayBuffer()
    // A visitor may break off; the copy then finds no body, and is not made.
    body.catch(() => {})
    return body
  }

  /** Copies the request in the background, if it is one to be copied. Never throws. */
  offer(request: GateRequest, plan: Copyable, { answer }: Delivery, context: ReportContext): void {
    const { call, copy, decision } = plan
    const { target } = call
    if (target.kind === 'origin' || target.shadow === undefined || decision?.placement.arm !== 'control')
      return
    if (answer.kind !== 'answered' || answer.failure !== undefined || answer.origin !== target.stable) return
    try {
      if (!isMirrorable(request, target.shadow)) return
      if (request.hasBody ? plan.body === undefined : !this.#isDrawn(target)) return
      const question = copy?.()
      if (question === undefined || !this.#mayAsk(target, question, request.nowMs)) return
      context.waitUntil(this.#compare(request, plan, target, question, context))
    } catch (error) {
      noteInternalError('gate.shadow', error, { flag: decision.flag })
    }
  }

  #isDrawn(target: FlagTarget): boolean {
    return Math.random() * 100 < this.#shareOf(target)
  }

  /** The percentage of requests that the flag's stage copies; 0 while it must not. */
  #shareOf({ flag }: FlagTarget): number {
    const { control } = this.#parts.live.last
    const { stage, rolledBack, frozen, paused } = control.of(flag.key)
    if (control.isKilled(flag.key) || rolledBack || frozen || paused) return 0
    const { stages = [] } = flag.rules[flag.rolloutRule] ?? {}
    return stages[Math.min(stage, stages.length - 1)]?.shadow ?? 0
  }

  #mayAsk(target: FlagTarget, { origin }: Question, nowMs: number): boolean {
    const { health } = this.#parts
    if (this.#isBusy(nowMs) || health.isDown(origin) || health.isDown(target.stable)) return false
    const { now, usual } = health.latencyMs(target.stable)
    if (now !== undefined && usual !== undefined && now > SLOW * usual + SLOWER.ms) return false
    // The rate is the location's. Who doesn't know the others yet copies nothing.
    const { inColo } = this.#parts.reporter
    const perSecond = target.shadow?.maxRps ?? 1
    return inColo !== undefined && this.#rateOf(target).take(perSecond, inColo, nowMs)
  }

  /** Hazard: work of a visitor who has left may stop anywhere, and never says so. */
  #isBusy(nowMs: number): boolean {
    for (const copy of this.#inFlight)
      if (nowMs - copy.startedMs > LONGEST_COPY_MS) this.#inFlight.delete(copy)
    return this.#inFlight.size >= MOST_IN_FLIGHT
  }

  #rateOf(target: FlagTarget): SharedRate {
    const known = this.#rates.get(target) ?? new SharedRate()
    this.#rates.set(target, known)
    return known
  }

  async #compare(
    request: GateRequest,
    { call, body }: Copyable,
    target: FlagTarget,
    question: Question,
    context: ReportContext,
  ): Promise<void> {
    const rules = target.shadow
    if (rules === undefined) return
    const inFlight = { startedMs: context.nowMs }
    this.#inFlight.add(inFlight)
    try {
      const { generation, stage } = this.#parts.live.last.control.of(target.flag.key)
      const control = { ...call, extraHeaders: [...call.extraHeaders, SHADOW] }
      const sent = await body?.catch(() => undefined)
      if (request.hasBody && sent === undefined) return
      const rest = { hasCredentials: rules.credentials, body: sent }
      const first = await askCopy(request, control, rest)
      // A kill may have come meanwhile.
      if (this.#shareOf(target) === 0) return
      const [canary, again] = await Promise.all([
        askCopy(request, await question.call(), rest),
        askCopy(request, control, rest),
      ])
      const reading = { hosts: hostsOf(request, target), keys: rules.keys }
      const read = {
        first: readAnswer(first.answer, reading),
        canary: readAnswer(canary.answer, reading),
        again: readAnswer(again.answer, reading),
      }
      const route = routeTemplate(request.method, request.path)
      const compared = compareAnswers(route, read, rules.ignored)
      const sample: ShadowSample = {
        ...compared,
        canaryOnly: [...compared.canaryOnly, ...slower(canary.latencyMs, again.latencyMs, rules)],
        controlOnly: [...compared.controlOnly, ...slower(again.latencyMs, canary.latencyMs, rules)],
        flag: target.flag.key,
        generation,
        stage,
        atMs: Date.now(),
        shown: shownOf(differences(read.first, read.canary), compared.canaryOnly, rules),
      }
      this.#parts.reporter.reportShadow(sample, { ...context, nowMs: sample.atMs })
    } catch (error) {
      noteInternalError('gate.shadow', error, { flag: target.flag.key })
    } finally {
      this.#inFlight.delete(inFlight)
    }
  }
}

function slower(oneMs: number, otherMs: number, { ignored }: ShadowRules): string[] {
  return oneMs > otherMs * SLOWER.factor + SLOWER.ms && !ignored.has('latency') ? ['latency'] : []
}

function shownOf(
  found: readonly Difference[],
  fields: readonly string[],
  { samples }: ShadowRules,
): Difference[] {
  if (samples === 'none') return []
  const mask = samples === 'full' ? (text: string) => text : redacted
  return found
    .filter(({ field }) => fields.includes(field))
    .slice(0, MOST_SHOWN)
    .map(({ field, control, canary }) => ({ field, control: mask(control), canary: mask(canary) }))
}

/** What forms and APIs send. An upload is not copied, nor what says no length. */
function isCopyableBody({ method, headers }: GateRequest, rules: ShadowRules | undefined): boolean {
  const bytes = Number(headers.get('content-length') ?? Number.NaN)
  if (rules?.methods.has(method) !== true || !(bytes <= LARGEST_BODY_BYTES)) return false
  return COPYABLE_TYPE.test(headers.get('content-type') ?? '')
}

function isMirrorable(request: GateRequest, { methods }: ShadowRules): boolean {
  if (!methods.has(request.method) || ONE_TIME.test(request.address.tail)) return false
  if (isOfOneBuild(request.path)) return false
  if (request.headers.has('upgrade') || request.headers.has('range')) return false
  return request.header('accept')?.includes('text/event-stream') !== true
}

function hostsOf({ host }: GateRequest, { distinct }: FlagTarget): string[] {
  return [host, ...distinct.map(({ url }) => new URL(url).host)].map((each) => each.toLowerCase())
}
