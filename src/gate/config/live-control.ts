/**
 * The control of flags as an isolate holds it: the control state with the highest epoch, whichever way it came, and the
 * kill list in KV. A text that can't be parsed changes nothing.
 */
import {
  type Control,
  type ControlState,
  compileControl,
  INITIAL_CONTROL_STATE,
  parseControlState,
} from '../../core/config/control.ts'
import { type FlagNames, killOrder } from '../../core/config/kill-list.ts'
import type { Problem } from '../../core/config/parse/problems.ts'
import { sha256Hex } from '../../platform/crypto.ts'
import { noteIfNewer } from '../../platform/internal-errors.ts'
import type { RejectedValues } from './rejected-values.ts'

export class LiveControl {
  readonly #rejected: RejectedValues
  #state: ControlState = INITIAL_CONTROL_STATE
  #epochAtMs = 0
  #stateText: string | null = null
  #killText: string | null = null
  /** Which flags the kill list was read with. */
  #killsReadWith: FlagNames | undefined
  #killHash = ''
  #killList: readonly string[] = []

  constructor(rejected: RejectedValues) {
    this.#rejected = rejected
  }

  get state(): ControlState {
    return this.#state
  }

  /** Since when the state is in use, ms since 1970. */
  get epochAtMs(): number {
    return this.#epochAtMs
  }

  /** Hash of the kill list in KV; empty for none. */
  get killHash(): string {
    return this.#killHash
  }

  get killList(): readonly string[] {
    return this.#killList
  }

  /** Whether some rollout keeps visitors out of its canary. */
  get isHolding(): boolean {
    return Object.values(this.#state.flags).some(
      ({ split, percentage = 100, rolledBack }) => split !== undefined && (percentage < 100 || rolledBack),
    )
  }

  compiled(): Control {
    return compileControl(this.#state, this.#killList)
  }

  /** Adopts a state that is newer than the one in use; returns whether it was. */
  adopt(state: ControlState, nowMs: number): boolean {
    if (state.epoch <= this.#state.epoch) return false
    this.#state = state
    this.#epochAtMs = nowMs
    return true
  }

  /**
   * Takes the value of `kill` in KV; returns whether the list has changed. Text that names no flag leaves the list as it
   * is. `flags` are those of the document; undefined while it has not been read, and then every name counts.
   */
  async takeKillList(text: string | null, flags: FlagNames | undefined, nowMs: number): Promise<boolean> {
    if (text === this.#killText && flags === this.#killsReadWith) return false
    const { list, problems } = killOrder(text, flags)
    this.#killHash = text ? await sha256Hex(text) : ''
    this.#killText = text
    this.#killsReadWith = flags
    if (problems.length > 0) await this.#reject('kill', text, problems, nowMs)
    else this.#rejected.lift('kill')
    if (list === undefined || list.join() === this.#killList.join()) return false
    this.#killList = list
    return true
  }

  /** Takes the value of `state` in KV; returns whether it is newer than the state in use. */
  async takeState(text: string | null, nowMs: number): Promise<boolean> {
    if (this.#rejected.has('state', text)) return false
    let isNewer = false
    if (text !== this.#stateText) {
      const parsed = parseControlState(text)
      if (!parsed.ok) return await this.#reject('state', text, parsed.problems, nowMs)
      noteIfNewer('state', parsed.value)
      this.#stateText = text
      isNewer = this.adopt(parsed.value, nowMs)
    }
    this.#rejected.lift('state')
    return isNewer
  }

  async #reject(key: 'kill' | 'state', text: string | null, problems: readonly Problem[], nowMs: number) {
    const hash = await sha256Hex(text ?? '')
    this.#rejected.add(key, text, { hash, seenAtMs: nowMs, problems })
    return false
  }
}
