import { type Bits, bitsOf, lowestBit, setBit, unsetBit } from './bits.ts'
import { EDGE, type Kind, LINE_FEED, WORD } from './char-classes.ts'
import type { Instruction, Program, Rank } from './program.ts'
import type { Assertion } from './syntax.ts'

/** What comes after a place, up to the next stops: by word, which of its bits. */
type Next = { words: readonly number[]; masks: readonly number[]; isMatch: boolean }

/** Later than every copy. */
const NO_COPY = 0x7fffffff

/**
 * The places of a program that a match may have reached, as they move over one character at a time. The set of them is
 * kept as bits: one for each stop, which is a place where a match waits for a character or an assertion. Most stops are
 * followed by the next one: all of these move together, 32 at a time.
 */
export class Places {
  readonly #program: Program
  /** Bit → place. */
  readonly #stops: readonly number[]
  /** Place → bit. */
  readonly #bitOf: ReadonlyMap<number, number>
  readonly #words: number
  readonly #chars: Bits
  readonly #textStarts: Bits
  /** Stops for characters that the next stop follows. */
  readonly #movingOn: Bits
  /** Stops in an optional repetition. */
  readonly #ranked: Bits
  /** Bit → what comes after it. */
  readonly #next: (Next | undefined)[] = []
  readonly #first: Next
  readonly #isAnchored: boolean
  /** Stops that wait for the character to come, and assertions, which no character moves. */
  readonly #waiting: Bits
  /** Assertions that are decided. */
  readonly #decided: Bits
  /** Group of ranks → earliest copy in the set. */
  readonly #earliest: Int32Array
  /** The set. */
  readonly bits: Bits
  /** How many steps moving has taken so far. */
  work = 0

  constructor(program: Program) {
    const { instructions, groups } = program
    const isChar = (place: number) => instructions[place]?.op === 'char'
    const isStop = (place: number) => isChar(place) || instructions[place]?.op === 'assert'
    this.#program = program
    this.#stops = [...instructions.keys()].filter(isStop)
    this.#bitOf = new Map(this.#stops.map((place, bit) => [place, bit]))
    this.#words = Math.max(1, Math.ceil(this.#stops.length / 32))
    this.#chars = this.#stopsWhere(isChar)
    this.#textStarts = this.#stopsWhere((place) => isTextStart(instructions[place]))
    this.#movingOn = this.#stopsWhere((place) => isChar(place) && isStop(place + 1))
    this.#ranked = this.#stopsWhere((place) => program.ranks[place] !== undefined)
    this.#waiting = new Uint32Array(this.#words)
    this.#decided = new Uint32Array(this.#words)
    this.#earliest = new Int32Array(groups)
    this.bits = new Uint32Array(this.#words)
    this.#first = this.#nextOf(0)
    this.#isAnchored = this.start() ? false : this.bits.every((word, at) => word === this.#textStarts[at])
  }

  /** Goes to where every match starts. Returns whether the empty text matches there. */
  start(): boolean {
    this.bits.fill(0)
    this.#add(this.#first)
    return this.#first.isMatch
  }

  /** By stop: whether it waits for a character of these sets. */
  maskOf(members: readonly boolean[]): Bits {
    const { instructions } = this.#program
    return this.#stopsWhere((place) => {
      const instruction = instructions[place]
      return instruction?.op === 'char' && members[instruction.set] === true
    })
  }

  /**
   * Decides the assertions between two characters, and finds the stops that wait for the second one. Returns whether the
   * pattern ends here.
   */
  resolve(before: Kind, after: Kind): boolean {
    const waiting = this.#waiting
    this.#decided.fill(0)
    waiting.set(this.bits)
    this.work += this.#words
    for (let word = 0; word < this.#words; word++) {
      const open =
        (waiting[word] as number) & ~(this.#chars[word] as number) & ~(this.#decided[word] as number)
      if (open === 0) continue
      const bit = 32 * word + lowestBit(open)
      setBit(this.#decided, bit)
      if (this.#holds(bit, before, after)) {
        const next = this.#after(bit)
        if (next.isMatch) return true
        this.#add(next, waiting)
      }
      // Others may have come into this word, or into an earlier one.
      word = -1
    }
    return false
  }

  /**
   * Moves over a character, after `resolve`. `mask`: the stops that wait for it. Returns whether the pattern ends behind
   * it.
   */
  consume(mask: Bits): boolean {
    const { bits } = this
    bits.fill(0)
    let carry = 0
    for (let word = 0; word < this.#words; word++) {
      const moving = (this.#waiting[word] as number) & (mask[word] as number)
      const together = moving & (this.#movingOn[word] as number)
      bits[word] = (bits[word] as number) | (together << 1) | carry
      carry = together >>> 31
      for (let left = moving & ~together; left !== 0; left &= left - 1) {
        const next = this.#after(32 * word + lowestBit(left))
        if (next.isMatch) return true
        this.#add(next)
      }
    }
    if (!this.#isAnchored) {
      if (this.#first.isMatch) return true
      this.#add(this.#first)
    }
    for (let word = 0; word < this.#words; word++)
      bits[word] = (bits[word] as number) & ~(this.#textStarts[word] as number)
    if (this.#program.groups > 0) this.#dropLaterCopies()
    this.work += this.#words
    return false
  }

  /** Whether no place is left. */
  get isEmpty(): boolean {
    return this.bits.every((word) => word === 0)
  }

  #add({ words, masks }: Next, bits = this.bits): void {
    this.work += words.length
    for (let at = 0; at < words.length; at++) {
      const word = words[at] as number
      bits[word] = (bits[word] as number) | (masks[at] as number)
    }
  }

  #holds(bit: number, before: Kind, after: Kind): boolean {
    const instruction = this.#program.instructions[this.#stops[bit] as number]
    return instruction?.op === 'assert' && holds(instruction.assertion, before, after)
  }

  /** From an earlier copy of an optional repetition, a match can go on as from a later one. */
  #dropLaterCopies(): void {
    const earliest = this.#earliest
    this.#eachRank((_, { group }) => {
      earliest[group] = NO_COPY
    })
    this.#eachRank((_, { group, copy }) => {
      if (copy < (earliest[group] as number)) earliest[group] = copy
    })
    this.#eachRank((bit, { group, copy }) => {
      if (copy > (earliest[group] as number)) unsetBit(this.bits, bit)
    })
  }

  #eachRank(visit: (bit: number, rank: Rank) => void): void {
    for (let word = 0; word < this.#words; word++) {
      for (
        let left = (this.bits[word] as number) & (this.#ranked[word] as number);
        left !== 0;
        left &= left - 1
      ) {
        const bit = 32 * word + lowestBit(left)
        this.work++
        for (const rank of this.#program.ranks[this.#stops[bit] as number] ?? []) visit(bit, rank)
      }
    }
  }

  #after(bit: number): Next {
    const known = this.#next[bit]
    if (known !== undefined) return known
    const made = this.#nextOf((this.#stops[bit] as number) + 1)
    this.#next[bit] = made
    return made
  }

  /** Follows what needs no character up to the next stops. */
  #nextOf(start: number): Next {
    const { instructions } = this.#program
    const bits = new Uint32Array(this.#words)
    const entered = new Set<number>()
    const pending = [start]
    let isMatch = false
    for (let place = pending.pop(); place !== undefined; place = pending.pop()) {
      if (entered.has(place)) continue
      entered.add(place)
      const instruction = instructions[place]
      const bit = this.#bitOf.get(place)
      if (bit !== undefined) setBit(bits, bit)
      else if (instruction?.op === 'fork') pending.push(instruction.second, instruction.first)
      else if (instruction?.op === 'jump') pending.push(instruction.to)
      else isMatch = true
    }
    const words = [...bits.keys()].filter((word) => bits[word] !== 0)
    return { words, masks: words.map((word) => bits[word] as number), isMatch }
  }

  #stopsWhere(isWanted: (place: number) => boolean): Bits {
    return bitsOf(
      this.#words,
      [...this.#stops.keys()].filter((bit) => isWanted(this.#stops[bit] as number)),
    )
  }
}

function isTextStart(instruction: Instruction | undefined): boolean {
  return instruction?.op === 'assert' && instruction.assertion === 'text-start'
}

function holds(assertion: Assertion, before: Kind, after: Kind): boolean {
  switch (assertion) {
    case 'text-start':
      return before === EDGE
    case 'text-end':
      return after === EDGE
    case 'line-start':
      return before === EDGE || before === LINE_FEED
    case 'line-end':
      return after === EDGE || after === LINE_FEED
    case 'word-edge':
      return (before === WORD) !== (after === WORD)
    case 'no-word-edge':
      return (before === WORD) === (after === WORD)
  }
}
