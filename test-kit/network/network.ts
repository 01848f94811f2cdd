/** Calls between machines: they take time, and what is called may be slow or away for a while. */
import type { Random } from '../simulation/random.ts'
import type { Calls } from './calls.ts'
import type { SimulatedClock } from './clock.ts'

/** Something that goes wrong between two moments, ms of simulated time. */
export type Fault = {
  what: 'shard' | 'controller'
  /** A delay on every answer; Infinity: no answer at all. */
  delayMs: number
  fromMs: number
  toMs: number
}

/** How long a caller waits for a Durable Object before it counts as away. */
const CALL_TIMEOUT_MS = 5_000

export class Network {
  readonly clock: SimulatedClock
  readonly #random: Random
  readonly #fault: Fault | undefined

  constructor(clock: SimulatedClock, random: Random, fault: Fault | undefined) {
    this.clock = clock
    this.#random = random
    this.#fault = fault
  }

  /** Calls a Durable Object, and counts the call where it arrives. */
  call(
    calls: Calls,
    what: Fault['what'],
    wayMs: number,
    arrive: () => void,
    fail: () => void = () => {},
  ): void {
    const fault = this.#fault
    const { nowMs } = this.clock
    const isFaulty = fault?.what === what && nowMs >= fault.fromMs && nowMs < fault.toMs
    const delayMs = isFaulty ? fault.delayMs : 0
    if (delayMs > CALL_TIMEOUT_MS) {
      this.clock.after(CALL_TIMEOUT_MS, fail)
      return
    }
    this.clock.after(wayMs + delayMs, () => {
      calls.note(this.clock.nowMs)
      arrive()
    })
  }

  /** One way to a Durable Object in the same city, with a long tail. */
  nearMs(): number {
    return 2 - 4 * Math.log(1 - this.#random.next())
  }

  /** One way across the world. */
  farMs(): number {
    return 15 - 60 * Math.log(1 - this.#random.next())
  }
}
