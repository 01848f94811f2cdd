/**
 * Thompson's construction: a pattern as a small program, whose places a match goes through. Source: Ken Thompson,
 * "Regular Expression Search Algorithm" (CACM 11.6, 1968).
 */
import { type Assertion, type CharSet, type Node, PatternTooLarge } from './syntax.ts'
import { trimmed } from './trim.ts'

export type Instruction =
  /** Consumes a character of a set, by its number in `Program.sets`. */
  | { op: 'char'; set: number }
  | { op: 'assert'; assertion: Assertion }
  /** Continues at both places. */
  | { op: 'fork'; first: number; second: number }
  | { op: 'jump'; to: number }
  | { op: 'match' }

/** One place inside an optional repetition. */
export type Rank = {
  /** What the same place has in common in all copies of a repetition. */
  group: number
  /** In which copy it is. From an earlier one, a match can go on as from a later one, and with more repetitions. */
  copy: number
}

export type Program = {
  instructions: readonly Instruction[]
  sets: readonly CharSet[]
  /** By place; undefined outside optional repetitions. */
  ranks: readonly (readonly Rank[] | undefined)[]
  /** How many groups of ranks there are. */
  groups: number
}

/** Bounds the work per character where no state is known yet. A thousandfold repetition of one class still fits. */
const MOST_PARTS = 1_000
/** The same for what joins them: an alternative takes two more instructions. */
const LONGEST_PROGRAM = 4_000
/** Each character that the text brings for the first time is looked up in all sets. */
const MOST_SETS = 100
/** Bounds compiling: an empty repeated part adds nothing to the program. */
const MOST_NODES_WRITTEN_OUT = 20_000

/** @throws PatternError */
export function programOf(pattern: Node): Program {
  return new ProgramWriter().write(trimmed(pattern))
}

class ProgramWriter {
  readonly #instructions: Instruction[] = []
  readonly #sets = new Map<string, { set: CharSet; number: number }>()
  readonly #ranks: (Rank[] | undefined)[] = []
  #groups = 0
  #parts = 0
  #nodes = 0

  write(node: Node): Program {
    this.#emit(node)
    this.#instructions.push({ op: 'match' })
    const sets = [...this.#sets.values()].map(({ set }) => set)
    return { instructions: this.#instructions, sets, ranks: this.#ranks, groups: this.#groups }
  }

  #emit(node: Node): void {
    if (++this.#nodes > MOST_NODES_WRITTEN_OUT || this.#instructions.length > LONGEST_PROGRAM)
      throw new PatternTooLarge('is too large when its repetitions are written out')
    switch (node.kind) {
      case 'char':
        this.#addPart({ op: 'char', set: this.#numberOf(node.set) })
        return
      case 'assert':
        this.#addPart({ op: 'assert', assertion: node.assertion })
        return
      case 'concat':
        for (const part of node.parts) this.#emit(part)
        return
      case 'alternate':
        this.#emitAlternatives(node.options)
        return
      case 'repeat':
        this.#emitRepetition(node)
    }
  }

  #addPart(instruction: Instruction): void {
    if (++this.#parts > MOST_PARTS)
      throw new PatternTooLarge(
        'has more than 1,000 characters and classes when its repetitions are written out',
      )
    this.#instructions.push(instruction)
  }

  #numberOf(set: CharSet): number {
    const known = this.#sets.get(set.key)
    if (known !== undefined) return known.number
    const number = this.#sets.size
    if (number === MOST_SETS) throw new PatternTooLarge('has more than 100 different characters and classes')
    this.#sets.set(set.key, { set, number })
    return number
  }

  #emitAlternatives(options: readonly Node[]): void {
    const jumps: { to: number }[] = []
    for (const [index, option] of options.entries()) {
      const isLast = index === options.length - 1
      const fork = isLast ? undefined : this.#pushFork()
      this.#emit(option)
      if (fork === undefined) continue
      jumps.push(this.#pushJump())
      fork.second = this.#instructions.length
    }
    for (const jump of jumps) jump.to = this.#instructions.length
  }

  #emitRepetition({ node, min, max }: Node & { kind: 'repeat' }): void {
    for (let count = 0; count < min; count++) this.#emit(node)
    if (max === Number.POSITIVE_INFINITY) {
      const start = this.#instructions.length
      const fork = this.#pushFork()
      this.#emit(node)
      this.#pushJump(start)
      fork.second = this.#instructions.length
      return
    }
    this.#emitOptional(node, max - min)
  }

  /** Copies after each of which the repetition may end. All are alike: a place has one group in all of them. */
  #emitOptional(node: Node, copies: number): void {
    const forks: { second: number }[] = []
    let firstGroup = 0
    for (let copy = 0; copy < copies; copy++) {
      forks.push(this.#pushFork())
      const start = this.#instructions.length
      this.#emit(node)
      if (copies === 1) continue
      const length = this.#instructions.length - start
      if (copy === 0) {
        firstGroup = this.#groups
        this.#groups += length
      }
      for (let at = 0; at < length; at++) {
        const place = start + at
        this.#ranks[place] = [...(this.#ranks[place] ?? []), { group: firstGroup + at, copy }]
      }
    }
    for (const fork of forks) fork.second = this.#instructions.length
  }

  /** A fork that first continues with what is emitted next; the caller sets `second`. */
  #pushFork(): { second: number } {
    const fork = { op: 'fork' as const, first: this.#instructions.length + 1, second: 0 }
    this.#instructions.push(fork)
    return fork
  }

  #pushJump(to = 0): { to: number } {
    const jump = { op: 'jump' as const, to }
    this.#instructions.push(jump)
    return jump
  }
}
