/** The control state. Commands change it one after the other, each together with its audit record. */
import { type ControlState, INITIAL_CONTROL_STATE, parseControlState } from '../../core/config/control.ts'
import type { Cause } from '../../core/rollout/audit.ts'
import {
  applyCommand,
  type Command,
  type CommandResult,
  type FlagFacts,
  flagStatus,
  withKvKills,
} from '../../core/rollout/commands.ts'
import {
  type DocumentInputs,
  type RolloutChange,
  rolloutChangeText,
  withDocument,
} from '../../core/rollout/edits/document-change.ts'
import { noteIfNewer, noteInternalError } from '../../platform/internal-errors.ts'
import { withTimeout } from '../../platform/timeout.ts'
import type { AuditLog } from '../storage/audit-log.ts'
import type { TextStore } from '../storage/text-store.ts'

const RECALL_TIMEOUT_MS = 5_000
/** The times of this many epochs are kept, for callers that wait for a change to arrive. */
const EPOCHS_KEPT = 500

export class ControlStore {
  readonly #storage: DurableObjectStorage
  readonly #texts: TextStore
  readonly #audit: AuditLog
  #state: ControlState

  constructor(storage: DurableObjectStorage, texts: TextStore, audit: AuditLog) {
    this.#storage = storage
    this.#texts = texts
    this.#audit = audit
    storage.sql.exec('CREATE TABLE IF NOT EXISTS epochs (epoch INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL)')
    this.#state = texts.getJson<ControlState>('state') ?? INITIAL_CONTROL_STATE
  }

  get state(): ControlState {
    return this.#state
  }

  /** When an epoch began, in milliseconds since 1970; undefined for one that is unknown. */
  epochAtMs(epoch: number): number | undefined {
    const rows = this.#storage.sql.exec<{ at_ms: number }>('SELECT at_ms FROM epochs WHERE epoch = ?', epoch)
    return rows.toArray()[0]?.at_ms
  }

  /** A Controller that has lost its storage takes the state from KV, so that rollbacks stay in force. */
  async recallFrom(kv: KVNamespace): Promise<void> {
    if (this.#state.epoch > 0) return
    try {
      const known = parseControlState(await withTimeout(kv.get('state', { type: 'text' }), RECALL_TIMEOUT_MS))
      if (!known.ok) return
      noteIfNewer('state', known.value)
      this.#remember(known.value, Date.now())
    } catch (error) {
      // Without KV this starts as a new gate does.
      noteInternalError('controller.recall', error)
    }
  }

  /**
   * Notes when ids began to be signed, once. Raises no epoch: isolates hear of it with the next change, and until then
   * ids from before keep their place.
   */
  noteSignedIds(nowMs: number): void {
    if (this.#state.idsSignedSinceMs === undefined)
      this.#remember({ ...this.#state, idsSignedSinceMs: nowMs }, nowMs)
  }

  /** Performs a command, or says why it can't be performed. State and audit record are written together. */
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

  /** Names the splits of a document that came into force. Each rollout that it changed has its audit record. */
  takeDocument(inputs: DocumentInputs, cause: Cause, nowMs: number): RolloutChange[] {
    const before = this.#state
    const { state, changes } = withDocument(before, inputs)
    if (state === before) return changes
    this.#storage.transactionSync(() => {
      this.#remember(state, nowMs)
      for (const change of changes) {
        const { flag } = change
        const [was, is] = [flagStatus(before, flag), flagStatus(state, flag)]
        const reason = rolloutChangeText(change)
        const record = { atMs: nowMs, action: 'rollout-changed' as const, flag, before: was, after: is }
        this.#audit.append({ ...cause, ...record, reason })
      }
    })
    return changes
  }

  /** Takes over the kill list of KV. */
  takeKvKills(list: readonly string[], nowMs: number): void {
    this.#remember(withKvKills(this.#state, list), nowMs)
  }

  #remember(state: ControlState, nowMs: number): void {
    this.#state = state
    this.#texts.putJson('state', state)
    if (state.epoch === 0) return
    const { sql } = this.#storage
    sql.exec('INSERT OR IGNORE INTO epochs (epoch, at_ms) VALUES (?, ?)', state.epoch, nowMs)
    sql.exec('DELETE FROM epochs WHERE epoch <= ?', state.epoch - EPOCHS_KEPT)
  }
}
