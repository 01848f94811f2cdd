/**
 * Which app reports are evidence. A report is a claim: an enemy can send any number of them about visitors that it chose.
 * So a claim counts for a comparison only with proof that the gate assigned this visitor, once per visitor and interval,
 * and for a few visitors of one network. What is left over is counted and shown, apart from canary and control.
 */
import { type Decision, EXCLUDED } from '../../core/decision/decide.ts'
import { remember } from '../../core/limits/remember.ts'

/** As long as an error of a visitor rests in the guard before it counts again. */
const INTERVAL_MS = 60_000
const VISITORS_PER_NETWORK = 3
/** Visitors and networks remembered; beyond that the oldest are forgotten. */
const MOST_KNOWN = 20_000

/** Who sent a report. */
export type Claimant = {
  /** Whether the gate knows that it assigned the visitor. */
  isProven: boolean
  /** The sender's network; undefined for one that needs no limit: a server with a token, a developer. */
  network: number | undefined
}

/** `repeated`: the visitor has said so within the interval; it counts for nothing. */
type Evidence = { kind: 'evidence' | 'shown'; decision: Decision } | { kind: 'repeated' }

export class ReportEvidence {
  /** Until when a visitor rests, by flag and type of report. */
  readonly #resting = new Map<string, number>()
  /** Visitors of a network within the interval, by flag. */
  readonly #networks = new Map<string, { visitors: number; untilMs: number }>()

  /** What a report about the visitor of this decision is worth. */
  weigh(decision: Decision, type: 'error' | 'timing', claimant: Claimant, nowMs: number): Evidence {
    const { placement, flag } = decision
    if (placement.arm === 'other') return { kind: 'shown', decision }
    const visitor = `${flag} ${type} ${placement.position}`
    if (nowMs < (this.#resting.get(visitor) ?? Number.NEGATIVE_INFINITY)) return { kind: 'repeated' }
    const { isProven, network } = claimant
    const isEvidence =
      isProven && (network === undefined || this.#hasRoom(`${flag} ${type} ${network}`, nowMs))
    if (!isEvidence) return { kind: 'shown', decision: { ...decision, placement: EXCLUDED } }
    remember(this.#resting, visitor, nowMs + INTERVAL_MS, MOST_KNOWN)
    return { kind: 'evidence', decision }
  }

  #hasRoom(network: string, nowMs: number): boolean {
    const known = this.#networks.get(network)
    if (known === undefined || nowMs >= known.untilMs) {
      remember(this.#networks, network, { visitors: 1, untilMs: nowMs + INTERVAL_MS }, MOST_KNOWN)
      return true
    }
    known.visitors++
    return known.visitors <= VISITORS_PER_NETWORK
  }
}
