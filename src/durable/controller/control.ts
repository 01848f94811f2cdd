/**
 * The control state: changed by commands only, each written together with its audit record, in the order in which
 * they come.
 */
import { type ControlState, INITIAL_CONTROL_STATE, parseControlState } from '../../core/config/control.ts'
import {
  applyCommand,
  type Command,
  type CommandResult,
  type FlagFacts,
  withKvKills,
} from '../../core/rollout/commands.ts'
import { noteIfNewer } from '../../platform/internal-errors.ts'
import { withTimeout } from '../../platform/timeout.ts'
import type { AuditLog } from '../storage/audit-log.ts'
import { EpochLog } from '../storage/epoch-log.ts'
import type { TextStore } from '../storage/text-store.ts'

const RECALL_TIMEOUT_MS = 5_000

/** Who changes something, why, and on what evidence. */
export type Cause = { actor: string; reason: string; evidence: unknown }

export class ControlDesk {
  readonly epochs: EpochLog
  readonly #storage: DurableObjectStorage
  readonly #texts: TextStore
  readonly #audit: AuditLog
  #state: ControlState

  constructor(storage: DurableObjectStorage, texts: TextStore, audit: AuditLog) {
    this.#storage = storage
    this.#texts = texts
    this.#audit = audit
    this.epochs = new EpochLog(storage.sql)
    this.#state = texts.getJson<ControlState>('state') ?? INITIAL_CONTROL_STATE
  }

  get state(): ControlState {
    return this.#state
  }

  /** A Controller without memory learns from KV, so that what was rolled back stays so. */
  async recallFrom(kv: KVNamespace): Promise<void> {
    if (this.#state.epoch > 0) return
    try {
      const known = parseControlState(await withTimeout(kv.get('state', { type: 'text' }), RECALL_TIMEOUT_MS))
      if (!known.ok) return
      noteIfNewer('state', known.value)
      this.#remember(known.value, Date.now())
    } catch {
      // KV is away and there is nothing to remember: a gate that begins.
    }
  }

  /** Performs a command, or says why it can't be. State and audit record are written together. */
  perform(command: Command, facts: FlagFacts, cause: Cause, nowMs: number): CommandResult {
    const result = applyCommand(this.#state, command, facts, nowMs, cause.reason)
    if (!result.ok) return result
    const { before, after, state } = result
    this.#storage.transactionSync(() => {
      this.#remember(state, nowMs)
      this.#audit.append({ atMs: nowMs, action: command.kind, flag: command.flag, before, after, ...cause })
    })
    return result
  }

  /** Takes over the kill list of KV. */
  takeKvKills(list: readonly string[], nowMs: number): void {
    this.#remember(withKvKills(this.#state, list), nowMs)
  }

  #remember(state: ControlState, nowMs: number): void {
    this.#state = state
    this.#texts.putJson('state', state)
    if (state.epoch > 0) this.epochs.note(state.epoch, nowMs)
  }
}
