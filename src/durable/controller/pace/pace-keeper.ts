/** How fast counts are to travel just now (core/counters/load/pace.ts). */
import { PACES, type Pace, paceOf } from '../../../core/counters/load/pace.ts'
import { type Env, isUnbilled } from '../../../platform/env.ts'
import type { AuditLog } from '../../storage/audit-log.ts'

/** What the gate does by itself needs no attention. */
const AUTOMATIC = ['guard', 'rollout', 'gate']
/** Among so many records of the audit log the last command of a person is looked for after a restart. */
const RECORDS_READ = 20

export type Judged = {
  /** Another text after each change of document or control state. */
  change(): string
  /** Whether any flag is being judged. */
  isLive(): boolean
  /** How many shards forward. */
  shards(): number
}

export class PaceKeeper {
  readonly #env: Env
  readonly #judged: Judged
  #commandAtMs: number
  #live: { change: string; isLive: boolean } | undefined

  constructor(env: Env, audit: AuditLog, judged: Judged) {
    this.#env = env
    this.#judged = judged
    const last = audit.latest({ limit: RECORDS_READ }).find(({ actor }) => !AUTOMATIC.includes(actor))
    this.#commandAtMs = last?.atMs ?? Number.NEGATIVE_INFINITY
  }

  /** An operator has changed something: they wait for it to arrive. */
  attend(actor: string, nowMs: number): void {
    if (!AUTOMATIC.includes(actor)) this.#commandAtMs = nowMs
  }

  at(nowMs: number): Pace {
    if (isUnbilled(this.#env)) return PACES.prompt
    return paceOf(
      { isLive: this.#isLive, commandAtMs: this.#commandAtMs, shards: this.#judged.shards() },
      nowMs,
    )
  }

  /** Thousands of flags are looked through once for each change. */
  get #isLive(): boolean {
    const change = this.#judged.change()
    if (this.#live?.change !== change) this.#live = { change, isLive: this.#judged.isLive() }
    return this.#live.isLive
  }
}
