/**
 * Attempt → retry → fallback.
 *
 * Retry: an origin may close an idle connection at the very moment at which the next request sets out on it (RFC 9112,
 * 9.3.1). The origin has done nothing with that request and has not failed, so the gate sends it once more. From here
 * such a connection looks like any other that breaks; the retry budget is therefore small: a share of an origin's
 * requests that would neither help a dead origin nor hide one that keeps breaking connections.
 *
 * Fallback: the stable origin answers a request that failed at the canary before any of the answer reached the visitor.
 * The visitor sees success; the canary is charged with the failure, as far as the fallback's answer proves it. What the
 * stable origin fails as well, or wasn't asked, doesn't open the canary's circuit: nothing would be better for it. A canary that
 * has said nothing for half a minute is not given up while its time lasts, but the stable origin is asked as well, and
 * the visitor gets whichever answers first: neither is a slow report cut off, nor does anyone wait for two timeouts. What
 * goes to the fallback because the canary's circuit is open was not asked of the canary, and isn't charged.
 */
import type { Origin } from '../../core/config/compile/route-target.ts'
import { NetworkStanding } from '../../core/limits/network-standing.ts'
import { type Retry, RetryBudget } from '../../core/limits/retry-budget.ts'
import type { FailureKind, PairedAs } from '../../core/outcome/outcome.ts'
import type { GateRequest } from '../request/gate-request.ts'
import { fetchOrigin, type OriginAnswer, type OriginCall, timeoutMsOf } from './fetch-origin.ts'
import type { OriginHealth } from './origin-health.ts'
import { isUpgrade, pairedBy } from './pairs.ts'
import type { Late } from './timeout.ts'

/** With both origins down, fallbacks add at most this to the stable origin's load. */
const BUDGET_SHARE = 0.1
/** A body is read ahead so that it can be sent twice; a larger one streams, and is sent once. */
const LARGEST_BODY_BYTES = 65_536
/** A connection that was closed before the request came fails within a round trip; later, the origin was at work. */
const CLOSED_WITHIN_MS = 1_000
/** The stable origin is asked as well once the canary has said nothing for this long. */
const PATIENCE_MS = 30_000
const RETRYABLE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Answers when the assigned origin fails. */
export type Fallback = {
  origin: Origin
  /** Whether it also answers a request that the assigned origin has received, and failed. */
  mayRepeat: boolean
  /** Whether its answer is evidence: whether both arms are asked such requests. */
  isPairable: boolean
  /** What it is asked: made only when it is needed, since headers may have to be signed. */
  call(): Promise<OriginCall>
}

/** How the assigned origin did: what its variant is charged with. */
export type Charge = {
  failure: FailureKind | undefined
  latencyMs: number | undefined
  /** That of its answer, if it sent one. */
  status?: number | undefined
  /** What the failure proves; `unpaired` unless set. */
  pairedAs?: PairedAs
}

export type Delivery = {
  /** What the visitor gets. */
  answer: OriginAnswer
  charge: Charge
  /** Set where the assigned origin was not asked, as its circuit is open: the charge is how it failed last. */
  isUnsent?: boolean
  /** Whether the fallback answered, and well. */
  rescued: boolean
}

/** Sends requests to origins. One per isolate: it owns the budget for fallbacks. */
export class OriginClient {
  readonly #health: OriginHealth
  readonly #standing: NetworkStanding
  readonly #budget = new RetryBudget()

  constructor(health: OriginHealth, standing = new NetworkStanding()) {
    this.#health = health
    this.#standing = standing
  }

  /** Sends the request to the assigned origin and, where that fails and there is one, to the fallback. Never throws. */
  async send(request: GateRequest, call: OriginCall, fallback: Fallback | undefined): Promise<Delivery> {
    this.#budget.earn(BUDGET_SHARE)
    if (fallback === undefined) return delivered(await this.attempt(request, call))

    // The circuit is open. Any method may go this way, since nothing is sent twice.
    const mayRepeat = fallback.mayRepeat && isReplayable(request)
    const lastFailure = this.#openCircuit(request, call, fallback, mayRepeat)
    if (lastFailure !== undefined)
      return {
        ...failedOver(await this.attempt(request, await fallback.call()), lastFailure),
        isUnsent: true,
      }

    if (!mayRepeat) return delivered(await this.attempt(request, call))
    if (!request.hasBody && timeoutMsOf(call) > PATIENCE_MS) return await this.#race(request, call, fallback)
    const [copy, spare] = request.hasBody ? await copiesOf(request) : []
    const first = await this.#fetch(request, copy === undefined ? call : { ...call, copy })
    return await this.#conclude(request, call, first, { fallback, spare })
  }

  /** The assigned origin's answer, or the fallback's where that one fails. */
  async #conclude(
    request: GateRequest,
    call: OriginCall,
    first: OriginAnswer,
    { fallback, spare }: { fallback: Fallback; spare?: Request | undefined },
  ): Promise<Delivery> {
    if (hasServed(first)) {
      this.#record(request, first, call)
      return delivered(first)
    }
    const repetition = this.#startRepetition(request, fallback)
    if (repetition === undefined) return unrepeated(first, fallback)
    const second = await this.attempt(request, { ...(await fallback.call()), copy: spare })
    this.#budget.end(repetition, hasServed(second))
    if (hasServed(second)) this.#record(request, first, call)
    return better(first, second, fallback.isPairable ? pairedBy(second) : 'unpaired')
  }

  /** As `send`, for an origin that may take long: once it is late, the fallback is asked beside it. */
  async #race(request: GateRequest, call: OriginCall, fallback: Fallback): Promise<Delivery> {
    const startedMs = Date.now()
    const { promise: isLate, resolve: run } = Promise.withResolvers<undefined>()
    const asked = this.#fetch(request, call, { afterMs: PATIENCE_MS, run: () => run(undefined) })
    const first = await Promise.race([asked, isLate])
    if (first !== undefined) return await this.#conclude(request, call, first, { fallback })

    const repetition = this.#startRepetition(request, fallback)
    if (repetition === undefined) {
      const only = await asked
      if (hasServed(only)) this.#record(request, only, call)
      return unrepeated(only, fallback)
    }
    const timeoutMs = timeoutMsOf(call) - PATIENCE_MS
    const other = this.attempt(request, { ...(await fallback.call()), timeoutMs })
    const sooner = await Promise.race([asked, other])
    if (sooner.failure === undefined && sooner.origin === call.origin) {
      this.#budget.end(repetition, true)
      this.#record(request, sooner, call)
      void other.then(discard)
      return delivered(sooner)
    }
    const second = await other
    this.#budget.end(repetition, hasServed(second))
    const pairedAs = fallback.isPairable ? pairedBy(second) : 'unpaired'
    if (!hasServed(second) || sooner !== second) {
      const first = await asked
      if (hasServed(first) || hasServed(second)) this.#record(request, first, call)
      return eitherOf(first, second, pairedAs)
    }
    const latencyMs = Date.now() - startedMs
    const late: OriginAnswer = { kind: 'failed', origin: call.origin, failure: 'timeout', latencyMs }
    // Its own record would never come: what hangs ends with the visitor's response.
    this.#record(request, late, call)
    void asked.then(discard)
    return failedOver(second, chargeOf(late, pairedAs))
  }

  /** One origin's answer, after a retry over a new connection where the first was closed. The origin's health counts it once. */
  async attempt(request: GateRequest, call: OriginCall): Promise<OriginAnswer> {
    const answer = await this.#fetch(request, call)
    this.#record(request, answer, call)
    return answer
  }

  async #fetch(request: GateRequest, call: OriginCall, late?: Late): Promise<OriginAnswer> {
    let answer = await fetchOrigin(request, call, late)
    if (wasConnectionClosed(request, answer) && this.#mayRetry(request, call)) {
      const { latencyMs } = answer
      answer = await fetchOrigin(request, call, late)
      // The visitor has waited for both.
      answer.latencyMs = (answer.latencyMs ?? 0) + (latencyMs ?? 0)
    }
    return answer
  }

  #record(request: GateRequest, answer: OriginAnswer, { visitor = -1 }: OriginCall): void {
    const nowMs = Date.now()
    if (answer.failure === undefined) this.#health.record(answer, nowMs, request)
    else if (!isUpgrade(request)) this.#health.record(answer, nowMs, { visitor, network: request.network })
  }

  /** How the assigned origin failed last, while its circuit is open and the fallback's is not. */
  #openCircuit(
    request: GateRequest,
    { origin }: OriginCall,
    fallback: Fallback,
    mayProbe: boolean,
  ): Charge | undefined {
    if (this.#health.isCircuitOpen(fallback.origin, request)) return undefined
    return this.#health.lastFailureWhileOpen(origin, request.nowMs, mayProbe, request)
  }

  #mayRetry(request: GateRequest, { origin }: OriginCall): boolean {
    const nowMs = Date.now()
    return this.#health.mayRetry(origin, nowMs, this.#standing.payer(request.network, nowMs))
  }

  #startRepetition(request: GateRequest, { origin }: Fallback): Retry | undefined {
    const nowMs = Date.now()
    if (!this.#health.mayAsk(origin, nowMs, request)) return undefined
    return this.#budget.start(nowMs, this.#standing.payer(request.network, nowMs))
  }
}

/** Nothing that a fallback would be for. */
function hasServed({ failure, kind }: OriginAnswer): boolean {
  return failure === undefined || kind === 'abandoned'
}

/** Of a request that both were asked at once: the assigned origin's answer, unless only the other's is good. */
function eitherOf(first: OriginAnswer, second: OriginAnswer, pairedAs: PairedAs): Delivery {
  if (!hasServed(first)) return better(first, second, pairedAs)
  discard(second)
  return delivered(first)
}

/** An answer that no fallback was asked about. */
function unrepeated(answer: OriginAnswer, { isPairable }: Fallback): Delivery {
  if (hasServed(answer)) return delivered(answer)
  return delivered(answer, isPairable ? 'unasked' : 'unpaired')
}

function delivered(answer: OriginAnswer, pairedAs?: PairedAs): Delivery {
  return { answer, charge: pairedAs === undefined ? answer : chargeOf(answer, pairedAs), rescued: false }
}

function chargeOf(answer: OriginAnswer, pairedAs: PairedAs): Charge {
  const { failure, latencyMs } = answer
  return { failure, latencyMs, pairedAs, status: answer.kind === 'answered' ? answer.status : undefined }
}

function failedOver(answer: OriginAnswer, charge: Charge): Delivery {
  return { answer, charge, rescued: answer.failure === undefined }
}

/** What the visitor gets of two failures: an origin's own error page rather than the gate's. */
function better(first: OriginAnswer, second: OriginAnswer, pairedAs: PairedAs): Delivery {
  if (first.kind === 'answered' && second.kind !== 'answered') return delivered(first, pairedAs)
  discard(first)
  return failedOver(second, chargeOf(first, pairedAs))
}

/** Ends a response that goes to no visitor. */
export function discard(answer: OriginAnswer): void {
  if (answer.kind !== 'answered') return
  // A body that can't be cancelled has ended already.
  void answer.response.body?.cancel().catch(() => {})
}

function wasConnectionClosed(request: GateRequest, answer: OriginAnswer): boolean {
  if (answer.kind !== 'failed' || answer.failure !== 'connect' || (answer.latencyMs ?? 0) > CLOSED_WITHIN_MS)
    return false
  return !request.hasBody && RETRYABLE_METHODS.has(request.method)
}

/** Whether a request can be sent more than once: its body, if it has one, is small. */
function isReplayable({ hasBody, headers }: GateRequest): boolean {
  if (!hasBody) return true
  const length = headers.get('content-length')
  return length !== undefined && Number(length) <= LARGEST_BODY_BYTES
}

/** Two copies of a request. Once they are made, its body is complete: the visitor can't break it off any more. */
async function copiesOf({ raw }: GateRequest): Promise<[Request, Request]> {
  const copies: [Request, Request] = [raw.clone(), raw.clone()]
  await raw.arrayBuffer()
  return copies
}
