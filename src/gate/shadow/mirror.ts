/**
 * Shadow traffic: in a shadow stage, a share of the requests that control has answered goes to the canary as well, and
 * twice more to control, once the visitor has all of the answer. No visitor gets anything of it; the answers are compared,
 * in steps that others come between, and only what differs is told.
 *
 * Control is asked anew, since copies carry no credentials and the visitor's own answer may depend on them. No one waits
 * for any of it, and budgets bound it.
 */
import type { FlagTarget, ShadowRules } from '../../core/config/compile/route-target.ts'
import { groupOf, NO_NETWORK } from '../../core/counters/networks.ts'
import type { Decision } from '../../core/decision/decide.ts'
import { CopyRate } from '../../core/limits/copy-rate.ts'
import { compareAnswers, type Difference, differences } from '../../core/shadow/compare.ts'
import type { Steps } from '../../core/shadow/fields.ts'
import { isSameText, readInSteps } from '../../core/shadow/read-answer.ts'
import { redacted } from '../../core/shadow/redact.ts'
import { routeTemplate } from '../../core/shadow/route-template.ts'
import { MOST_SHOWN, type ShadowSample } from '../../core/shadow/sample.ts'
import { noteInternalError } from '../../platform/internal-errors.ts'
import type { LiveConfig } from '../config/live-config.ts'
import { isEndless } from '../origin/endless.ts'
import { type Answered, fieldsOf, type OriginAnswer, type RoutedCall } from '../origin/fetch-origin.ts'
import type { OriginHealth } from '../origin/origin-health.ts'
import { type Question, SHADOW } from '../origin/questions.ts'
import type { ReportContext, Reporter } from '../reporting/reporter.ts'
import type { GateRequest } from '../request/gate-request.ts'
import { type Asked, askCopy } from './ask.ts'
import { CopiesInFlight } from './copies-in-flight.ts'
import { hostsOf, isCopyableBody, isMirrorable } from './copyable.ts'

/** A control that takes so many times its usual time has no time for copies. */
const SLOW = 2
/** What a page asks for next goes first. */
const PAUSE_MS = 50
/** The beginning of such an answer is read, but origins and connections carry more of it. */
const LARGE_BYTES = 1_000_000
/** Copies of large answers, in a location. */
const LARGE_PER_SECOND = 0.1
const MOST_LARGE_ROUTES = 100
/** By these a copy is told from the canary's own slowness: control, asked at the same time, is the measure. */
const SLOWER = { factor: 1.5, ms: 50 }

/** What control has been asked, and what the canary's origin would be. */
export type Copyable = {
  call: RoutedCall
  copy: (() => Question | undefined) | undefined
  decision: Decision | undefined
}
/** Copies a request once the visitor's answer has ended; undefined where no one can tell. */
export type Copying = (ended: Promise<void> | undefined) => void
type Copy = { question: Question; ended: Promise<void> | undefined; isLarge: boolean; context: ReportContext }
export type MirrorParts = { live: LiveConfig; health: OriginHealth; reporter: Reporter }

export function createMirror(parts: MirrorParts): Mirror {
  return new Mirror(parts)
}

/** Copies requests. One per isolate. */
export class Mirror {
  readonly #parts: MirrorParts
  readonly #rates = new WeakMap<FlagTarget, CopyRate>()
  readonly #large = new CopyRate()
  /** Where answers that didn't say their length turned out to be large. */
  readonly #largeRoutes = new Set<string>()
  readonly #inFlight = new CopiesInFlight()
  readonly #bodies = new WeakMap<GateRequest, Promise<ArrayBuffer>>()

  constructor(parts: MirrorParts) {
    this.#parts = parts
  }

  /**
   * Keeps the body of a request that is to be copied, before control reads it. No one waits for it: what control reads is
   * kept as it comes.
   */
  keepBody(request: GateRequest, { call, decision }: Copyable): void {
    const { target } = call
    if (target.kind === 'origin' || !request.hasBody || decision?.placement.arm !== 'control') return
    if (!isCopyableBody(request, target.shadow) || !this.#isDrawn(target)) return
    const body = request.raw.clone().arrayBuffer()
    // A visitor may break off; the copy then finds no body, and is not made.
    body.catch(() => {})
    this.#bodies.set(request, body)
  }

  /** What copies the request in the background, if it is one to be copied. Never throws. */
  offer(
    request: GateRequest,
    plan: Copyable,
    answer: OriginAnswer,
    context: ReportContext,
  ): Copying | undefined {
    const { call, copy, decision } = plan
    const { target } = call
    if (target.kind === 'origin' || target.shadow === undefined || decision?.placement.arm !== 'control')
      return undefined
    if (answer.kind !== 'answered' || answer.failure !== undefined || answer.origin !== target.stable)
      return undefined
    try {
      if (!isMirrorable(request, target.shadow) || isEndless(fieldsOf(answer))) return undefined
      if (request.hasBody ? !this.#bodies.has(request) : !this.#isDrawn(target)) return undefined
      const question = copy?.()
      if (question === undefined || !this.#mayAsk(target, question, request)) return undefined
      const isLarge = this.#isLarge(request, answer)
      if (!this.#mayTake(target, isLarge, request)) return undefined
      return (ended) =>
        context.waitUntil(this.#compare(request, plan, target, { question, ended, isLarge, context }))
    } catch (error) {
      noteInternalError('gate.shadow', error, { flag: decision.flag })
      return undefined
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

  #mayAsk(target: FlagTarget, { origin }: Question, request: GateRequest): boolean {
    const { health } = this.#parts
    if (this.#isBusy(target, request, request.nowMs) || health.isDown(origin) || health.isDown(target.stable))
      return false
    const { now, usual } = health.latencyMs(target.stable)
    if (now !== undefined && usual !== undefined && now > SLOW * usual + SLOWER.ms) return false
    return true
  }

  /** Rates are the location's. Who doesn't know the others yet copies nothing. */
  #mayTake(target: FlagTarget, isLarge: boolean, request: GateRequest, nowMs = request.nowMs): boolean {
    const { inColo: members } = this.#parts.reporter
    if (members === undefined) return false
    const rate = isLarge ? this.#large : this.#rateOf(target)
    const perSecond = isLarge ? LARGE_PER_SECOND : (target.shadow?.maxRps ?? 1)
    return rate.take({ network: request.network, route: routeOf(request) }, { perSecond, members }, nowMs)
  }

  #isLarge(request: GateRequest, answer: Answered): boolean {
    const length = fieldsOf(answer).get('content-length')
    return length === null ? this.#largeRoutes.has(routeOf(request)) : Number(length) > LARGE_BYTES
  }

  /** Whether an answer turns out to be larger than it said, and none such may be copied now. */
  #isTooLarge(request: GateRequest, { answer }: Asked, target: FlagTarget): boolean {
    // A body of unknown length has NaN bytes.
    if ('failure' in answer || answer.body.kind === 'text' || answer.body.bytes <= LARGE_BYTES) return false
    if (this.#largeRoutes.size >= MOST_LARGE_ROUTES) this.#largeRoutes.clear()
    this.#largeRoutes.add(routeOf(request))
    return !this.#mayTake(target, true, request, Date.now())
  }

  #isBusy(target: FlagTarget, { network }: GateRequest, nowMs: number): boolean {
    const part = network === NO_NETWORK ? 1 : this.#rateOf(target).partOfNetwork
    return this.#inFlight.isFull(network, part, nowMs)
  }

  #rateOf(target: FlagTarget): CopyRate {
    const known = this.#rates.get(target) ?? new CopyRate()
    this.#rates.set(target, known)
    return known
  }

  async #compare(
    request: GateRequest,
    { call }: Copyable,
    target: FlagTarget,
    { question, ended, isLarge, context }: Copy,
  ): Promise<void> {
    const rules = target.shadow
    await ended
    await scheduler.wait(PAUSE_MS)
    const inFlight = { startedMs: Date.now(), network: request.network }
    if (rules === undefined || this.#shareOf(target) === 0) return
    if (this.#isBusy(target, request, inFlight.startedMs)) return
    this.#inFlight.add(inFlight)
    try {
      const { generation, stage } = this.#parts.live.last.control.of(target.flag.key)
      const control = { ...call, extraHeaders: [...call.extraHeaders, SHADOW] }
      const body = await this.#bodies.get(request)?.catch(() => undefined)
      if (request.hasBody && body === undefined) return
      const rest = { hasCredentials: rules.credentials, body }
      const first = await askCopy(request, control, rest)
      // A kill may have come meanwhile.
      if (this.#shareOf(target) === 0 || (!isLarge && this.#isTooLarge(request, first, target))) return
      const [canary, again] = await Promise.all([
        askCopy(request, await question.call(), rest),
        askCopy(request, control, rest),
      ])
      const reading = { hosts: hostsOf(request, target), keys: rules.keys }
      const ofFirst = await inSteps(readInSteps(first.answer, reading))
      const ofOther = async ({ answer }: Asked) =>
        isSameText(first.answer, answer) ? ofFirst : await inSteps(readInSteps(answer, reading))
      const read = { first: ofFirst, canary: await ofOther(canary), again: await ofOther(again) }
      const compared = compareAnswers(routeOf(request), read, rules.ignored)
      const sample: ShadowSample = {
        ...compared,
        canaryOnly: [...compared.canaryOnly, ...slower(canary.latencyMs, again.latencyMs, rules)],
        controlOnly: [...compared.controlOnly, ...slower(again.latencyMs, canary.latencyMs, rules)],
        flag: target.flag.key,
        generation,
        stage,
        atMs: Date.now(),
        ...(request.network !== NO_NETWORK && { group: groupOf(request.network) }),
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

/** Lets others come between the steps. */
async function inSteps<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
    await scheduler.wait(1)
  }
}

function routeOf({ method, path }: GateRequest): string {
  return routeTemplate(method, path)
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
