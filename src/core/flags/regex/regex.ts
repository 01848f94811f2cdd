/**
 * Regular expressions with RE2's syntax in time linear in the text: documents carry patterns, and visitors choose the
 * texts.
 *
 * Thompson's construction: the pattern becomes a small program, and all places that a match may have reached advance
 * together, one character at a time. Each place is entered at most once per character, so the work is at most
 * (program length) × (text length), without backtracking. Source: Ken Thompson, "Regular Expression Search Algorithm"
 * (CACM 11.6, 1968).
 */
import { parsePattern } from './parse.ts'
import { type Assertion, type CharTest, type Node, PatternError } from './syntax.ts'

export { PatternError } from './syntax.ts'

type Instruction =
  | { op: 'char'; test: CharTest }
  | { op: 'assert'; assertion: Assertion }
  /** Continues at both places. */
  | { op: 'fork'; first: number; second: number }
  | { op: 'jump'; to: number }
  | { op: 'match' }

/** Bounds the work per character. A thousandfold repetition of a short class still fits. */
const LONGEST_PROGRAM = 4_000
/** Bounds compiling: an empty repeated part adds nothing to the program. */
const MOST_NODES_WRITTEN_OUT = 20_000

/**
 * Compiles a pattern to a test whether it occurs anywhere in a text.
 *
 * @throws PatternError
 * @example compileRegex('^/checkout')('/checkout/pay') // true
 */
export function compileRegex(pattern: string, ignoreCase = false): (text: string) => boolean {
  const program = new ProgramWriter().write(parsePattern(pattern, ignoreCase))
  return (text) => search(program, text)
}

class ProgramWriter {
  readonly #program: Instruction[] = []
  #nodes = 0

  write(node: Node): readonly Instruction[] {
    this.#emit(node)
    this.#program.push({ op: 'match' })
    return this.#program
  }

  #emit(node: Node): void {
    if (++this.#nodes > MOST_NODES_WRITTEN_OUT || this.#program.length > LONGEST_PROGRAM) {
      throw new PatternError('the pattern is too large when its repetitions are written out')
    }
    switch (node.kind) {
      case 'char':
        this.#program.push({ op: 'char', test: node.test })
        return
      case 'assert':
        this.#program.push({ op: 'assert', assertion: node.assertion })
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

  #emitAlternatives(options: readonly Node[]): void {
    const jumps: { to: number }[] = []
    for (const [index, option] of options.entries()) {
      const isLast = index === options.length - 1
      const fork = isLast ? undefined : this.#pushFork()
      this.#emit(option)
      if (fork === undefined) continue
      jumps.push(this.#pushJump())
      fork.second = this.#program.length
    }
    for (const jump of jumps) jump.to = this.#program.length
  }

  #emitRepetition({ node, min, max }: Node & { kind: 'repeat' }): void {
    for (let count = 0; count < min; count++) this.#emit(node)
    if (max === Number.POSITIVE_INFINITY) {
      const start = this.#program.length
      const fork = this.#pushFork()
      this.#emit(node)
      this.#pushJump(start)
      fork.second = this.#program.length
      return
    }
    const forks: { second: number }[] = []
    for (let count = min; count < max; count++) {
      forks.push(this.#pushFork())
      this.#emit(node)
    }
    for (const fork of forks) fork.second = this.#program.length
  }

  /** A fork that first continues with what is emitted next; the caller sets `second`. */
  #pushFork(): { second: number } {
    const fork = { op: 'fork' as const, first: this.#program.length + 1, second: 0 }
    this.#program.push(fork)
    return fork
  }

  #pushJump(to = 0): { to: number } {
    const jump = { op: 'jump' as const, to }
    this.#program.push(jump)
    return jump
  }
}

function search(program: readonly Instruction[], text: string): boolean {
  const places = new Places(program)
  let before = -1
  for (let at = 0; ; ) {
    const code = text.codePointAt(at) ?? -1
    if (places.enter(0, before, code)) return true
    if (code === -1) return false
    const after = at + (code > 0xffff ? 2 : 1)
    if (places.step(code, text.codePointAt(after) ?? -1)) return true
    before = code
    at = after
  }
}

class Places {
  readonly #program: readonly Instruction[]
  /** Place → round in which it was last entered. */
  readonly #enteredIn: Uint32Array
  #round = 1
  #current: CharPlace[] = []

  constructor(program: readonly Instruction[]) {
    this.#program = program
    this.#enteredIn = new Uint32Array(program.length)
  }

  /** Follows what needs no character from a place on; true when that ends the pattern. */
  enter(start: number, before: number, after: number): boolean {
    const pending = [start]
    for (let place = pending.pop(); place !== undefined; place = pending.pop()) {
      if (this.#enteredIn[place] === this.#round) continue
      this.#enteredIn[place] = this.#round
      const instruction = this.#program[place]
      switch (instruction?.op) {
        case 'char':
          this.#current.push({ test: instruction.test, next: place + 1 })
          break
        case 'assert':
          if (holds(instruction.assertion, before, after)) pending.push(place + 1)
          break
        case 'fork':
          pending.push(instruction.first, instruction.second)
          break
        case 'jump':
          pending.push(instruction.to)
          break
        default:
          return true
      }
    }
    return false
  }

  /** Moves every place over one character; true when one ends the pattern. */
  step(code: number, after: number): boolean {
    const waiting = this.#current
    this.#current = []
    this.#round++
    for (const { test, next } of waiting) {
      if (test(code) && this.enter(next, code, after)) return true
    }
    return false
  }
}

type CharPlace = { test: CharTest; next: number }

/** `before` and `after` are the code points around a position; −1 beyond the text. */
function holds(assertion: Assertion, before: number, after: number): boolean {
  switch (assertion) {
    case 'text-start':
      return before === -1
    case 'text-end':
      return after === -1
    case 'line-start':
      return before === -1 || before === 10
    case 'line-end':
      return after === -1 || after === 10
    case 'word-edge':
      return isWord(before) !== isWord(after)
    case 'no-word-edge':
      return isWord(before) === isWord(after)
  }
}

/** RE2's words are ASCII. */
function isWord(code: number): boolean {
  return code >= 0 && code < 128 && /\w/.test(String.fromCharCode(code))
}
