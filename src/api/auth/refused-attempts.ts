/**
 * Puts refusals on record: the 1st, 10th, 100th … of a sender within a time, so that trying often fills no log. What was
 * sent is never noted.
 */
import type { AuditAction } from '../../core/rollout/audit.ts'
import type { Controller } from '../../durable/controller/controller.ts'
import { controller, type Env } from '../../platform/env.ts'

const SUMMED_MS = 600_000
/** Senders that are told apart; with more of them all are counted from 1 again. */
const MOST_COUNTED = 1_000

export type Refusal = {
  actor: string
  action: Extract<AuditAction, 'login-refused' | 'call-refused'>
  /** What is said of so many. */
  reason: (times: number) => string
  evidence: Readonly<Record<string, unknown>>
}

export class Refusals {
  readonly #counts = new Map<string, { times: number; sinceMs: number }>()

  note(
    { actor, action, reason, evidence }: Refusal,
    env: Env,
    nowMs: number,
    waitUntil: (work: Promise<unknown>) => void,
  ): void {
    const times = this.#count(`${action} ${actor}`, nowMs)
    if (!/^10*$/.test(String(times))) return
    const record = {
      atMs: nowMs,
      actor,
      action,
      flag: undefined,
      reason: reason(times),
      evidence: { times, ...evidence },
      before: null,
      after: null,
    }
    waitUntil(
      controller<Pick<Controller, 'note'>>(env)
        .note(record)
        .catch(() => undefined),
    )
  }

  #count(who: string, nowMs: number): number {
    const known = this.#counts.get(who)
    if (known !== undefined && nowMs - known.sinceMs < SUMMED_MS) return ++known.times
    if (this.#counts.size >= MOST_COUNTED) this.#counts.clear()
    this.#counts.set(who, { times: 1, sinceMs: nowMs })
    return 1
  }
}
