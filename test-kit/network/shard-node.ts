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

const BACKSTOP_MS = 5_000
const LONGEST_HOLD_MS = 10_000

/** The way to the Controller. */
export type Forward = (message: ForwardMessage, done: (reply: ForwardReply) => void, fail: () => void) => void

export class ShardNode {
  readonly calls = new Calls()
  readonly #name: string
  readonly #network: Network
  readonly #forwardTo: Forward
  readonly #shard = new Shard({ outbox: undefined, state: undefined, tag: TAG }, [])
  /** Ends of flushes that are held until there is news. */
  readonly #held = new Set<() => void>()
  #hasTimer = false
  #hasAlarm = false
  /** Forwards and alarms: what they write is paid for as well. */
  forwards = 0
  alarms = 0

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
    if (isNews(reply, message)) {
      send(reply)
      return
    }
    const end = () => {
      if (this.#held.delete(end)) send(this.#shard.replyTo(message, clock.nowMs))
    }
    this.#held.add(end)
    clock.after(Math.min(message.patienceMs ?? 0, LONGEST_HOLD_MS), end)
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
    if (!this.#hasTimer) {
      this.#hasTimer = true
      clock.after(dueMs - clock.nowMs, () => {
        this.#hasTimer = false
        this.#forwardInTime()
      })
    }
    if (this.#hasAlarm) return
    this.#hasAlarm = true
    clock.after(dueMs - clock.nowMs + BACKSTOP_MS, () => {
      this.#hasAlarm = false
      this.alarms++
      this.calls.note(clock.nowMs)
      this.#forwardInTime()
    })
  }

  #forward(): void {
    this.forwards++
    this.#shard.sealNew()
    const message = this.#shard.startForward(this.#name, this.#network.clock.nowMs)
    this.#forwardTo(
      message,
      (reply) => {
        this.#shard.forwarded(message.seq, reply)
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
