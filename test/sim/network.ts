/** A network with its own clock: what is sent may be lost, repeated, delayed and overtaken. */
import type { Random } from '../../test-kit/simulation/random.ts'

export type Faults = {
  /** Of each message: that it is lost; that it arrives twice. */
  lost: number
  repeated: number
  /** Longest delay of a message; each takes any time up to that. */
  longestDelayS: number
}

export const NO_FAULTS: Faults = { lost: 0, repeated: 0, longestDelayS: 0 }

export class Network {
  faults: Faults
  readonly #random: Random
  #flights: { dueS: number; arrive: () => void }[] = []

  constructor(random: Random, faults: Faults) {
    this.#random = random
    this.faults = faults
  }

  get isQuiet(): boolean {
    return this.#flights.length === 0
  }

  /** Sends a copy of a message; each that arrives is a separate copy. */
  send<T>(message: T, nowS: number, arrive: (message: T) => void): void {
    const { lost, repeated, longestDelayS } = this.faults
    const text = JSON.stringify(message)
    const copies = this.#random.next() < repeated ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      if (this.#random.next() < lost) continue
      const dueS = nowS + this.#random.below(longestDelayS + 1)
      this.#flights.push({ dueS, arrive: () => arrive(JSON.parse(text) as T) })
    }
  }

  /** Lets arrive what is due, in any order. */
  deliver(nowS: number): void {
    for (let due = this.#takeDue(nowS); due.length > 0; due = this.#takeDue(nowS)) {
      while (due.length > 0) due.splice(this.#random.below(due.length), 1)[0]?.arrive()
    }
  }

  #takeDue(nowS: number) {
    const due = this.#flights.filter((flight) => flight.dueS <= nowS)
    this.#flights = this.#flights.filter((flight) => flight.dueS > nowS)
    return due
  }
}
