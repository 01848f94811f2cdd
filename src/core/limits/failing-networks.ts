/**
 * The networks whose requests an origin has failed lately. Each has its own circuit: what it asks for says at first
 * how the origin serves it alone.
 */
import { FAILURES_TO_OPEN, isProbeDue } from './probes.ts'
import { remember } from './remember.ts'

/** Not a network: it is as many visitors as it likes, so its circuit is that of everybody. */
export const NO_NETWORK = 0

/** For so long a failure says that the next request of the network may fail as well. */
const REMEMBERED_MS = 60_000
/** For so long a network that was wrong about an origin has no say for others. */
const DISCREDITED_MS = 300_000
const MOST_KNOWN = 1_000

type Failing = {
  /** When it failed last, or was sent to probe, and no good answer came since. */
  atMs: number
  /** Requests without answer in a row; its circuit is open from five on. */
  away: number
  /** When its circuit is half-open. */
  probeMs: number
  /** When it was wrong about the origin last. */
  wrongMs: number
}

export class FailingNetworks {
  readonly #known = new Map<number, Failing>()
  #lastMs = 0

  get isEmpty(): boolean {
    return this.#known.size === 0
  }

  /**
   * Counts a failure, or a probe that may become one; `isAway`: no answer came. `nextProbeMs`: when its circuit is
   * half-open, should it open. Whether the failure says something to others: the network's own circuit is closed, and it
   * wasn't wrong lately.
   */
  fail(network: number, isAway: boolean, nextProbeMs: number, nowMs: number): boolean {
    if (Math.abs(nowMs - this.#lastMs) >= DISCREDITED_MS) this.#known.clear()
    this.#lastMs = nowMs
    const failing = this.#known.get(network) ?? {
      atMs: nowMs,
      away: 0,
      probeMs: 0,
      wrongMs: Number.NEGATIVE_INFINITY,
    }
    if (!isRecent(failing, nowMs)) failing.away = 0
    const hasSay = failing.away < FAILURES_TO_OPEN && !isDiscredited(failing, nowMs)
    failing.atMs = nowMs
    if (isAway && network !== NO_NETWORK && ++failing.away === FAILURES_TO_OPEN) failing.probeMs = nextProbeMs
    remember(this.#known, network, failing, MOST_KNOWN)
    return hasSay
  }

  /** Counts a good answer, which closes the circuit of the network. */
  answer(network: number, nowMs: number): void {
    const failing = this.#known.get(network)
    if (failing === undefined) return
    if (!isDiscredited(failing, nowMs)) this.#known.delete(network)
    failing.away = 0
    failing.atMs = Number.NEGATIVE_INFINITY
  }

  isOpen(network: number): boolean {
    return (this.#known.get(network)?.away ?? 0) >= FAILURES_TO_OPEN
  }

  /** Whether its own circuit keeps a request back; a request that it doesn't is the probe of an open one. */
  blocks(network: number, overdueMs: number, probeEveryMs: number, nowMs: number): boolean {
    const failing = this.#known.get(network)
    if (failing === undefined || failing.away < FAILURES_TO_OPEN) return false
    if (!isProbeDue(failing.probeMs, overdueMs, nowMs)) return true
    failing.probeMs = nowMs + probeEveryMs
    return false
  }

  /** Whether it has failed lately, and hasn't been answered since. */
  isSuspect(network: number, nowMs: number): boolean {
    const failing = this.#known.get(network)
    return failing !== undefined && isRecent(failing, nowMs)
  }

  /** The origin answers: who said that it doesn't was wrong. */
  discredit(nowMs: number): void {
    for (const [network, failing] of this.#known)
      if (network !== NO_NETWORK && isRecent(failing, nowMs)) failing.wrongMs = nowMs
  }
}

function isDiscredited({ wrongMs }: Failing, nowMs: number): boolean {
  return Math.abs(nowMs - wrongMs) < DISCREDITED_MS
}

function isRecent({ atMs }: Failing, nowMs: number): boolean {
  return Math.abs(nowMs - atMs) < REMEMBERED_MS
}
