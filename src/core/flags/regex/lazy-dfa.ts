import type { Bits } from './bits.ts'
import { CharClasses, EDGE, END, type Kind, OTHER } from './char-classes.ts'
import { Places } from './places.ts'
import type { Program } from './program.ts'
import { StateCache, UNKNOWN } from './state-cache.ts'

/** A longer text is looked at up to here, in UTF-16 units, and its end is not seen: visitors choose the texts. */
export const LONGEST_TEXT = 4_096

const START = 1
const MATCH = -1
const NO_MATCH = -2

/**
 * A deterministic automaton whose states are made when a text first leads to them. A state is a set of places, and the
 * kind of the character before them where the pattern looks at that. A known step costs one look into an array; a new
 * one as much as moving the places does.
 */
export class LazyDfa {
  readonly #places: Places
  readonly #classes: CharClasses
  readonly #cache: StateCache
  readonly #looksAround: boolean
  /** By class: the stops that wait for it. */
  readonly #masks: (Bits | undefined)[] = []
  readonly #matchesAll: boolean
  #charsRead = 0

  constructor(program: Program) {
    this.#looksAround = program.instructions.some(
      (each) => each.op === 'assert' && each.assertion !== 'text-start' && each.assertion !== 'text-end',
    )
    this.#places = new Places(program)
    this.#classes = new CharClasses(program.sets, this.#looksAround)
    this.#cache = new StateCache(this.#places.bits.length)
    this.#matchesAll = this.#places.start()
    this.#cache.intern(this.#places.bits, EDGE)
  }

  /** What matching has cost so far: characters read, looked up in sets, and steps taken to make states. */
  get work(): number {
    return this.#charsRead + this.#classes.work + this.#places.work
  }

  /** Whether the pattern occurs in the text. */
  matches(text: string): boolean {
    if (this.#matchesAll) return true
    const length = Math.min(text.length, LONGEST_TEXT)
    const { ascii } = this.#classes
    let { steps, classes } = this.#cache
    let state = START
    let at = 0
    while (at < length) {
      let code = text.charCodeAt(at)
      let charClass = code < 128 ? (ascii[code] as number) : 0
      if (charClass === 0) {
        code = text.codePointAt(at) as number
        charClass = this.#classes.of(code)
        if (charClass >= classes) {
          state = this.#widen(state)
          ;({ steps, classes } = this.#cache)
        }
      }
      at += code > 0xffff ? 2 : 1
      let next = steps[state * classes + charClass] as number
      if (next === UNKNOWN) {
        next = this.#step(state, charClass)
        steps = this.#cache.steps
      }
      if (next < 0) {
        this.#charsRead += at
        return next === MATCH
      }
      state = next
    }
    this.#charsRead += at
    return this.#endsAt(state, text.codePointAt(at))
  }

  /** Whether the pattern ends where the reading does, before a character or at the end of the text. */
  #endsAt(state: number, next: number | undefined): boolean {
    if (next !== undefined) return this.#resolve(state, this.#classes.of(next))
    const at = state * this.#cache.classes + END
    if (this.#cache.steps[at] === UNKNOWN)
      this.#cache.steps[at] = this.#resolve(state, END) ? MATCH : NO_MATCH
    return this.#cache.steps[at] === MATCH
  }

  #resolve(state: number, charClass: number): boolean {
    const before = this.#cache.read(state, this.#places.bits)
    return this.#places.resolve(before, this.#classes.kindOf(charClass))
  }

  /** The state behind a character, or the outcome where it is certain. */
  #step(state: number, charClass: number): number {
    const { steps, classes } = this.#cache
    const at = state * classes + charClass
    const isMatch = this.#resolve(state, charClass) || this.#places.consume(this.#maskOf(charClass))
    if (isMatch || this.#places.isEmpty) {
      const outcome = isMatch ? MATCH : NO_MATCH
      steps[at] = outcome
      return outcome
    }
    const before = this.#looksAround ? this.#classes.kindOf(charClass) : OTHER
    const known = this.#cache.intern(this.#places.bits, before)
    if (known === undefined) return this.#startAgain(before)
    this.#cache.steps[at] = known
    return known
  }

  #maskOf(charClass: number): Bits {
    const known = this.#masks[charClass]
    if (known !== undefined) return known
    const made = this.#places.maskOf(this.#classes.membersOf(charClass))
    this.#masks[charClass] = made
    return made
  }

  /** Makes room for more classes; returns the state's number there. */
  #widen(state: number): number {
    const before = this.#cache.read(state, this.#places.bits)
    this.#cache.widen(this.#classes.size)
    return this.#startAgain(before)
  }

  /** Forgets all states but the places' own; returns its number. */
  #startAgain(before: Kind): number {
    const bits = this.#places.bits.slice()
    this.#cache.clear()
    this.#places.start()
    this.#cache.intern(this.#places.bits, EDGE)
    return this.#cache.intern(bits, before) ?? START
  }
}
