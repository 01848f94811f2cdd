/**
 * Records refused attempts in the audit log: the 1st, 10th, 100th … of a sender within ten minutes, so that a flood of
 * them does not fill the log. What was sent is never recorded.
 */
import type { AuditAction } from '../../core/rollout/audit.ts'
import type { Controller } from '../../durable/controller/controller.ts'
import { controller, type Env } from '../../platform/env.ts'
import { noteInternalError } from '../../platform/internal-errors.ts'

const WINDOW_MS = 600_000
/** Senders counted separately; beyond this all counts restart at 1. */
const MOST_SENDERS = 1_000

/** What an attempt is made in; `waitUntil` keeps the Worker alive for work that goes on after the response. */
export type CallContext = {
  env: Env
  nowMs: number
  waitUntil(work: Promise<unknown>): void
  /** Wrong tokens are limited by realm: who mistypes one here can still sign in there. Default: admin. */
  realm?: Realm
}

/** What tokens are shown to. */
export type Realm = 'admin' | 'metrics' | 'ofrep' | 'unleash' | 'events'

export type RefusedAttempt = {
  actor: string
  action: Extract<AuditAction, 'login-refused' | 'call-refused'>
  /** The text of the record, for so many attempts. */
  reason: (times: number) => string
  evidence: Readonly<Record<string, unknown>>
}

export class RefusedAttempts {
  readonly #counts = new Map<string, { times: number; sinceMs: number }>()

  note({ actor, action, reason, evidence }: RefusedAttempt, { env, nowMs, waitUntil }: CallContext): void {
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
        .catch((error: unknown) => noteInternalError('api.audit', error)),
    )
  }

  #count(sender: string, nowMs: number): number {
    const known = this.#counts.get(sender)
    if (known !== undefined && nowMs - known.sinceMs < WINDOW_MS) return ++known.times
    if (this.#counts.size >= MOST_SENDERS) this.#counts.clear()
    this.#counts.set(sender, { times: 1, sinceMs: nowMs })
    return 1
  }
}
