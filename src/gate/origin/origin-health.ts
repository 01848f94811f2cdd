/** What this isolate has seen of its origins lately: whether they are there, how they fail, how long they take. */
import type { Origin } from '../../core/config/compile/route-target.ts'
import { CircuitBreaker, type Contact } from '../../core/limits/circuit-breaker.ts'
import { RetryBudget } from '../../core/limits/retry-budget.ts'
import type { FailureKind } from '../../core/outcome/outcome.ts'
import type { OriginAnswer } from './fetch-origin.ts'

/** How much the latest answer counts in a moving average. */
const WEIGHT = 0.1
const SLOW_WEIGHT = 0.005
/** Half of the answers failing is down for all purposes. */
const DOWN_SHARE = 0.5

/** Connections that were closed as a request set out on them are one in thousands, and come in handfuls. */
const SENT_AGAIN = { atOnce: 10, share: 0.01 }

/** Documents come and go; what is remembered of their origins has an end. */
const MOST_ORIGINS = 1_000

type Health = {
  breaker: CircuitBreaker
  /** How many requests may be sent to it twice. */
  again: RetryBudget
  /** How it failed the last time. */
  away: { failure: FailureKind; latencyMs: number }
  failingShare: number
  /** Moving averages of the time to the first byte, over some ten and some two hundred answers. */
  latencyMs: number | undefined
  usualMs: number | undefined
}

export class OriginHealth {
  /** By URL: a document may give an old name to a new origin. */
  readonly #origins = new Map<string, Health>()

  /** Takes note of an answer; whoever left without one proves nothing. */
  record({ origin, failure, latencyMs, visitorLeft }: OriginAnswer, nowMs: number, visitor: number): void {
    if (visitorLeft) return
    const health = this.#of(origin)
    health.again.earn(SENT_AGAIN.share)
    health.breaker.record(contactOf(failure), latencyMs, nowMs, visitor)
    if (failure !== undefined) health.away = { failure, latencyMs }
    health.failingShare = average(health.failingShare, failure === undefined ? 0 : 1, WEIGHT)
    if (failure !== undefined) return
    health.latencyMs = average(health.latencyMs, latencyMs, WEIGHT)
    health.usualMs = average(health.usualMs, latencyMs, SLOW_WEIGHT)
  }

  /** How an origin fails that need not be asked now; undefined for one that may well be there. */
  awayness(origin: Origin, nowMs: number, mayTry: boolean): Health['away'] | undefined {
    const health = this.#origins.get(origin.url)
    return health?.breaker.blocks(nowMs, mayTry) ? health.away : undefined
  }

  isAway(origin: Origin): boolean {
    return this.#origins.get(origin.url)?.breaker.isOpen === true
  }

  /**
   * Whether to ask an origin for what another has failed at. One that is away too is asked now and then: it may have
   * no visitors of its own by whom it would be seen to be back.
   */
  mayHelp(origin: Origin, nowMs: number): boolean {
    return this.#origins.get(origin.url)?.breaker.blocks(nowMs) !== true
  }

  /** Whether a request whose connection broke may be sent to the origin again; takes that one off its budget. */
  maySendAgain(origin: Origin): boolean {
    const { breaker, again } = this.#of(origin)
    return !breaker.isOpen && again.spend()
  }

  isDown(origin: Origin): boolean {
    const health = this.#origins.get(origin.url)
    return health !== undefined && (health.breaker.isOpen || health.failingShare >= DOWN_SHARE)
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
      again: new RetryBudget(SENT_AGAIN.atOnce),
      away: { failure: 'connect', latencyMs: 0 },
      failingShare: 0,
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
