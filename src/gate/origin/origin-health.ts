/** What this isolate has seen of its origins lately: whether they answer, how they fail, how long they take. */
import type { Origin } from '../../core/config/compile/route-target.ts'
import { CircuitBreaker, type Contact, type Sender } from '../../core/limits/circuit-breaker.ts'
import { RetryBudget } from '../../core/limits/retry-budget.ts'
import type { FailureKind } from '../../core/outcome/outcome.ts'
import type { OriginAnswer } from './fetch-origin.ts'

/** How much the latest answer counts in a moving average. */
const WEIGHT = 0.1
const SLOW_WEIGHT = 0.005
/** An origin that fails half of its requests counts as down. */
const DOWN_FAILURE_SHARE = 0.5

/** Connections that close as a request sets out on them are one in thousands, and come in handfuls. */
const RETRIES = { burst: 10, share: 0.01 }
/** Questions in the background are a tenth of an origin's own traffic at most. */
const QUESTIONS = { burst: 5, share: 0.1 }

/** Documents come and go: the memory of their origins is bounded. */
const MOST_ORIGINS = 1_000

type Health = {
  breaker: CircuitBreaker
  /** How many requests may be sent to it twice. */
  retries: RetryBudget
  /** How many questions it may be asked for the comparison alone. */
  questions: RetryBudget
  lastFailure: { failure: FailureKind; latencyMs: number }
  /** Moving average: the share of requests that fail. */
  failureShare: number
  /** Moving averages of the time to the first byte, over some ten and some two hundred answers. */
  latencyMs: number | undefined
  usualMs: number | undefined
}

export class OriginHealth {
  /** By URL: a document may give an old name to a new origin. */
  readonly #origins = new Map<string, Health>()

  /** Records an answer to `sender`; a visitor who left before it came proves nothing. */
  record({ kind, origin, failure, latencyMs }: OriginAnswer, nowMs: number, sender?: Sender): void {
    if (kind === 'abandoned') return
    const health = this.#of(origin)
    health.retries.earn(RETRIES.share)
    health.questions.earn(QUESTIONS.share)
    const saysSomething = health.breaker.record(contactOf(failure), latencyMs ?? 0, nowMs, sender)
    if (failure !== undefined) health.lastFailure = { failure, latencyMs: latencyMs ?? 0 }
    if (!saysSomething) return
    health.failureShare = average(health.failureShare, failure === undefined ? 0 : 1, WEIGHT)
    if (failure !== undefined || latencyMs === undefined) return
    health.latencyMs = average(health.latencyMs, latencyMs, WEIGHT)
    health.usualMs = average(health.usualMs, latencyMs, SLOW_WEIGHT)
  }

  /**
   * How the origin failed last, while its circuit is open to the sender; undefined for an origin that is to be asked.
   * `mayProbe`: whether this request can be repeated elsewhere, so that it may be the one that tests the half-open circuit.
   */
  lastFailureWhileOpen(
    origin: Origin,
    nowMs: number,
    mayProbe: boolean,
    sender?: Sender,
  ): Health['lastFailure'] | undefined {
    const health = this.#origins.get(origin.url)
    return health?.breaker.blocks(nowMs, mayProbe, sender) ? health.lastFailure : undefined
  }

  /** For everybody; or, if one is given, for the sender. */
  isCircuitOpen(origin: Origin, sender?: Sender): boolean {
    return this.#origins.get(origin.url)?.breaker.isOpenFor(sender) === true
  }

  /**
   * Whether to ask an origin in place of another. One with an open circuit is asked now and then: without visitors
   * assigned to it, nothing else would show that it is back.
   */
  mayAsk(origin: Origin, nowMs: number, sender?: Sender): boolean {
    return this.lastFailureWhileOpen(origin, nowMs, true, sender) === undefined
  }

  /** Whether a request whose connection closed may be sent to the origin again; spends one retry of its budget. */
  mayRetry(origin: Origin, nowMs: number, network: number): boolean {
    const { breaker, retries } = this.#of(origin)
    return !breaker.isOpen && retries.spend(nowMs, network)
  }

  /**
   * Whether an origin may be asked a question for the comparison alone; spends one of its budget. One that has never
   * been asked for a visitor's sake, or whose circuit is open, may not.
   */
  mayQuestion(origin: Origin, nowMs: number, network: number): boolean {
    const health = this.#origins.get(origin.url)
    return health?.breaker.isOpen === false && health.questions.spend(nowMs, network)
  }

  isDown(origin: Origin): boolean {
    const health = this.#origins.get(origin.url)
    return health !== undefined && (health.breaker.isOpen || health.failureShare >= DOWN_FAILURE_SHARE)
  }

  latencyMs(origin: Origin): { now: number | undefined; usual: number | undefined } {
    const health = this.#origins.get(origin.url)
    return { now: health?.latencyMs, usual: health?.usualMs }
  }

  #of(origin: Origin): Health {
    const known = this.#origins.get(origin.url)
    if (known !== undefined) return known
    const health: Health = {
      breaker: new CircuitBreaker(),
      retries: new RetryBudget(RETRIES.burst),
      questions: new RetryBudget(QUESTIONS.burst),
      lastFailure: { failure: 'connect', latencyMs: 0 },
      failureShare: 0,
      latencyMs: undefined,
      usualMs: undefined,
    }
    if (this.#origins.size >= MOST_ORIGINS) this.#origins.clear()
    this.#origins.set(origin.url, health)
    return health
  }
}

function contactOf(failure: FailureKind | undefined): Contact {
  if (failure === undefined) return 'answered'
  return failure === 'status' ? 'failed' : 'away'
}

function average(before: number | undefined, latest: number, weight: number): number {
  return before === undefined ? latest : before + weight * (latest - before)
}
