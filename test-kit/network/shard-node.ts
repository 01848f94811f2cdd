/** A Counters object: the real Shard, with simulated time, network and storage around it, as in durable/counters.ts. */
import type { ControlState } from '../../src/core/config/control.ts'
import type { DocumentTag } from '../../src/core/config/document-tag.ts'
import type {
  FlushMessage,
  FlushReply,
  ForwardMessage,
  ForwardReply,
} from '../../src/core/counters/protocol.ts'
import { isNews, Shard } from '../../src/core/counters/shard.ts'
import { Calls } from './calls.ts'
import type { Network } from './network.ts'

export const TAG: DocumentTag = { version: 1, hash: 'simulated', atMs: 0, replaced: [], inKv: true }

const TAIL_MS = 60_000
const LONGEST_HOLD_MS = 10_000

/** The way to the Controller. */
export type Forward = (message: ForwardMessage, done: (reply: ForwardReply) => void, fail: () => void) => void

export class ShardNode {
  readonly calls = new Calls()
  readonly #name: string
  readonly #network: Network
  readonly #forwardTo: Forward
  readonly #shard = new Shard({ outbox: undefined, state: undefined, tag: TAG })
  /** Ends of flushes that are held until there is news. */
  readonly #held = new Set<() => void>()
  #hasTimer = false
  #hasAlarm = false
  /** Forwards and alarms: what they write is paid for as well. */
  forwards = 0
  alarms = 0
  rows = 0
  /** Time with a timer, a held reply or a call that it makes; may count the same moment more than once. */
  activeMs = 0

  constructor(name: string, network: Network, forwardTo: Forward) {
    this.#name = name
    this.#network = network
    this.#forwardTo = forwardTo
  }

  get heldFlushes(): number {
    return this.#held.size
  }

  takeFlush(message: FlushMessage, answer: (reply: FlushReply) => void): void {
    const { clock } = this.#network
    const { reply } = this.#shard.take(message, clock.nowMs)
    this.#forwardInTime()
    const send = (given: FlushReply) => clock.after(this.#network.nearMs(), () => answer(given))
    if (!this.#shard.holds || isNews(reply, message)) {
      send(reply)
      return
    }
    const end = () => {
      if (this.#held.delete(end)) send(this.#shard.replyTo(message, clock.nowMs))
    }
    this.#held.add(end)
    clock.after(Math.min(message.patienceMs ?? 0, LONGEST_HOLD_MS), end)
  }

  get holds(): boolean {
    return this.#shard.holds
  }

  adopt(state: ControlState | undefined): void {
    if (this.#shard.adoptState(state)) for (const end of this.#held) end()
  }

  #forwardInTime(): void {
    const { clock } = this.#network
    const dueMs = this.#shard.forwardDueMs
    if (dueMs === undefined) return
    if (clock.nowMs >= dueMs) {
      this.#forward()
      return
    }
    if (this.#shard.waitsFor(dueMs - clock.nowMs, clock.nowMs)) {
      this.#waitUntil(dueMs)
      return
    }
    this.#store()
    if (this.#hasAlarm) return
    this.#hasAlarm = true
    this.rows++
    clock.after(this.#shard.isFailing ? dueMs - clock.nowMs : TAIL_MS, () => {
      this.#hasAlarm = false
      this.alarms++
      this.calls.note(clock.nowMs)
      this.#forwardInTime()
    })
  }

  #waitUntil(dueMs: number): void {
    const { clock } = this.#network
    if (this.#hasTimer) return
    this.#hasTimer = true
    this.activeMs += dueMs - clock.nowMs
    clock.after(dueMs - clock.nowMs, () => {
      this.#hasTimer = false
      this.#forwardInTime()
    })
  }

  #store(): void {
    this.#shard.snapshot()
    this.rows++
  }

  #forward(): void {
    this.forwards++
    const { clock } = this.#network
    const { mustStore } = this.#shard
    const message = this.#shard.startForward(this.#name, clock.nowMs)
    if (mustStore) this.#store()
    const sentAtMs = clock.nowMs
    this.#forwardTo(
      message,
      (reply) => {
        this.activeMs += clock.nowMs - sentAtMs
        this.#shard.forwarded(message.seq, reply, clock.nowMs)
        this.adopt(reply.state)
        this.#forwardInTime()
      },
      () => {
        this.#shard.forwardFailed()
        this.#forwardInTime()
      },
    )
  }
}
