/**
 * The states of an automaton that have been met, each a set of bits, and the steps between them. Both lie in a few
 * typed arrays, which grow up to a bound and are then used again from the start: neither a character nor a state
 * allocates anything once they have grown.
 */

import type { Bits } from './bits.ts'
import type { Kind } from './char-classes.ts'

/** No state yet: the step is not known. */
export const UNKNOWN = 0

const FIRST_CAPACITY = 16
const FIRST_CLASSES = 8
/** Bounds the memory of one pattern to 256 kB. */
const MOST_NUMBERS = 65_536
/** A state costs as much to find as to make when there are very many. */
const MOST_STATES = 4_096
/** However large a state is, some are kept: a text meets the last few again and again. */
const FEWEST_STATES = 64

export class StateCache {
  /** Words per state. */
  readonly #words: number
  #capacity = FIRST_CAPACITY
  #count = 0
  #bits: Bits
  #marks: Uint8Array
  /** Hash → the state made last, and state → the one made before it with the same hash. */
  #heads: Int16Array
  #previous: Int16Array
  /** State and class → state. Read directly, at `state * classes + class`: this is the step that most characters take. */
  steps: Int16Array
  classes = FIRST_CLASSES

  constructor(words: number) {
    this.#words = words
    this.#bits = new Uint32Array(this.#capacity * words)
    this.#marks = new Uint8Array(this.#capacity)
    this.#heads = new Int16Array(2 * this.#capacity)
    this.#previous = new Int16Array(this.#capacity)
    this.steps = new Int16Array(this.#capacity * this.classes)
  }

  /** How many states are kept. */
  get size(): number {
    return this.#count
  }

  /** The number, from 1, of the state with these bits and mark; undefined where there is no more room. */
  intern(bits: Bits, mark: Kind): number | undefined {
    const hash = this.#hashOf(bits, mark)
    const known = this.#find(bits, mark, hash)
    if (known !== undefined) return known
    // Number 0 stays free.
    const state = this.#count + 1
    if (state === this.#capacity && !this.#grow()) return undefined
    this.#count = state
    this.#bits.set(bits, state * this.#words)
    this.#marks[state] = mark
    this.#link(state, hash)
    return state
  }

  /** Copies a state's bits, and returns its mark. */
  read(state: number, bits: Bits): Kind {
    const from = state * this.#words
    for (let word = 0; word < this.#words; word++) bits[word] = this.#bits[from + word] as number
    return this.#marks[state] as Kind
  }

  /** Forgets all states. */
  clear(): void {
    this.#count = 0
    this.#heads.fill(0)
    this.steps.fill(UNKNOWN)
  }

  /** Makes room for more classes, and forgets all states. */
  widen(classes: number): void {
    while (this.classes < classes) this.classes *= 2
    const most = this.#mostStates()
    if (this.#capacity > most) this.#capacity = most
    this.steps = new Int16Array(this.#capacity * this.classes)
    this.clear()
  }

  #find(bits: Bits, mark: number, hash: number): number | undefined {
    for (let state = this.#heads[hash] as number; state > 0; state = this.#previous[state] as number) {
      if (this.#marks[state] !== mark) continue
      const from = state * this.#words
      let word = 0
      while (word < this.#words && this.#bits[from + word] === bits[word]) word++
      if (word === this.#words) return state
    }
    return undefined
  }

  #link(state: number, hash: number): void {
    this.#previous[state] = this.#heads[hash] as number
    this.#heads[hash] = state
  }

  #mostStates(): number {
    const fitting = Math.floor(MOST_NUMBERS / (this.#words + this.classes))
    return Math.max(FEWEST_STATES, Math.min(MOST_STATES, fitting))
  }

  #grow(): boolean {
    const most = this.#mostStates()
    if (this.#capacity >= most) return false
    this.#capacity = Math.min(most, 2 * this.#capacity)
    const { steps } = this
    const bits = this.#bits
    const marks = this.#marks
    this.#bits = new Uint32Array(this.#capacity * this.#words)
    this.#bits.set(bits)
    this.#marks = new Uint8Array(this.#capacity)
    this.#marks.set(marks)
    this.steps = new Int16Array(this.#capacity * this.classes)
    this.steps.set(steps)
    this.#heads = new Int16Array(2 * this.#capacity)
    this.#previous = new Int16Array(this.#capacity)
    const scratch = new Uint32Array(this.#words)
    for (let state = 1; state <= this.#count; state++) {
      const mark = this.read(state, scratch)
      this.#link(state, this.#hashOf(scratch, mark))
    }
    return true
  }

  #hashOf(bits: Bits, mark: number): number {
    let hash = mark + 1
    for (let word = 0; word < this.#words; word++)
      hash = Math.imul(hash ^ (bits[word] as number), 0x9e3779b1) ^ (hash >>> 15)
    return (hash >>> 0) % this.#heads.length
  }
}
