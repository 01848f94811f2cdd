/**
 * What closes and moves flags, as an isolate holds it: the control state with the highest epoch, whichever way it
 * came, and the kill list that KV shows. A text that can't be parsed changes nothing.
 */
import {
  type Control,
  type ControlState,
  compileControl,
  INITIAL_CONTROL_STATE,
  parseControlState,
  parseKillList,
} from '../../core/config/control.ts'
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
  #killHash = ''
  #killList: readonly string[] = []

  constructor(rejected: RejectedValues) {
    this.#rejected = rejected
  }

  get state(): ControlState {
    return this.#state
  }

  /** Since when the state is used, ms since 1970. */
  get epochAtMs(): number {
    return this.#epochAtMs
  }

  /** Hash of the kill list that KV shows; empty for none. */
  get killHash(): string {
    return this.#killHash
  }

  get killList(): readonly string[] {
    return this.#killList
  }

  compiled(): Control {
    return compileControl(this.#state, this.#killList)
  }

  /** Takes over a state that is newer than the one known; whether it was. */
  adopt(state: ControlState, nowMs: number): boolean {
    if (state.epoch <= this.#state.epoch) return false
    this.#state = state
    this.#epochAtMs = nowMs
    return true
  }

  /** Takes what KV shows under `kill`; whether that is another list than before. */
  async takeKillList(text: string | null, nowMs: number): Promise<boolean> {
    if (this.#rejected.has('kill', text)) return false
    const isNew = text !== this.#killText
    if (isNew) {
      const parsed = parseKillList(text)
      if (!parsed.ok) return await this.#refuse('kill', text, parsed.problems, nowMs)
      this.#killText = text
      this.#killHash = text ? await sha256Hex(text) : ''
      this.#killList = parsed.value
    }
    this.#rejected.lift('kill')
    return isNew
  }

  /** Takes what KV shows under `state`; whether that is newer than what was known. */
  async takeState(text: string | null, nowMs: number): Promise<boolean> {
    if (this.#rejected.has('state', text)) return false
    let isNewer = false
    if (text !== this.#stateText) {
      const parsed = parseControlState(text)
      if (!parsed.ok) return await this.#refuse('state', text, parsed.problems, nowMs)
      noteIfNewer('state', parsed.value)
      this.#stateText = text
      isNewer = this.adopt(parsed.value, nowMs)
    }
    this.#rejected.lift('state')
    return isNewer
  }

  async #refuse(key: 'kill' | 'state', text: string | null, problems: readonly Problem[], nowMs: number) {
    const hash = await sha256Hex(text ?? '')
    this.#rejected.add(key, text, { hash, seenAtMs: nowMs, problems })
    return false
  }
}
