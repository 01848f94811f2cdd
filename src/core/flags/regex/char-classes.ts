import type { CharSet } from './syntax.ts'

/** Number of the class that stands for the end of the text. */
export const END = 0

/** What an assertion looks at in a character; the edge of the text is one as well. */
export const EDGE = 0
export const WORD = 1
export const LINE_FEED = 2
export const OTHER = 3
export type Kind = typeof EDGE | typeof WORD | typeof LINE_FEED | typeof OTHER

/** Characters beyond ASCII whose class is remembered. */
const MOST_REMEMBERED = 4_096

/**
 * Divides characters into classes: those of one class belong to the same sets, so that a pattern can't tell them apart.
 * A class is found by asking each set once, on the way down a tree that is made as it is needed.
 */
export class CharClasses {
  readonly #sets: readonly CharSet[]
  readonly #tellsKinds: boolean
  /** Class of an ASCII character; 0: not known yet. */
  readonly ascii = new Uint16Array(128)
  readonly #others = new Map<number, number>()
  /** Two numbers per node: where to go on for no, and for yes; below zero: minus the class. */
  readonly #tree: number[] = [0, 0]
  /** By class: by set, whether it belongs to it. */
  readonly #members: boolean[][] = []
  readonly #kinds: Kind[] = [EDGE]
  /** How many characters were looked up in how many sets so far. */
  work = 0

  /** `tellsKinds`: whether the pattern looks at the kinds of characters. */
  constructor(sets: readonly CharSet[], tellsKinds: boolean) {
    this.#sets = sets
    this.#tellsKinds = tellsKinds
    this.#members[END] = sets.map(() => false)
  }

  /** How many classes there are so far. */
  get size(): number {
    return this.#kinds.length
  }

  kindOf(charClass: number): Kind {
    return this.#kinds[charClass] ?? OTHER
  }

  /** By set: whether the class belongs to it. */
  membersOf(charClass: number): readonly boolean[] {
    return this.#members[charClass] ?? []
  }

  of(code: number): number {
    if (code >= 128) return this.#others.get(code) ?? this.#rememberOther(code)
    const known = this.ascii[code] as number
    if (known > 0) return known
    const found = this.#find(code)
    this.ascii[code] = found
    return found
  }

  #rememberOther(code: number): number {
    if (this.#others.size === MOST_REMEMBERED) this.#others.clear()
    const found = this.#find(code)
    this.#others.set(code, found)
    return found
  }

  #find(code: number): number {
    const kind = this.#tellsKinds ? kindOf(code) : OTHER
    const sets = this.#sets
    this.work += sets.length
    let node = this.#next(0, kind === WORD)
    node = this.#next(node, kind === LINE_FEED)
    for (const set of sets) node = this.#next(node, set.has(code))
    const known = this.#tree[node] as number
    if (known < 0) return -known
    const made = this.#kinds.length
    this.#tree[node] = -made
    this.#kinds.push(kind)
    this.#members.push(sets.map((set) => set.has(code)))
    return made
  }

  #next(node: number, isMember: boolean): number {
    const at = node + Number(isMember)
    const next = this.#tree[at] as number
    if (next > 0) return next
    const made = this.#tree.push(0, 0) - 2
    this.#tree[at] = made
    return made
  }
}

/** RE2's words are ASCII. */
function kindOf(code: number): Kind {
  if (code === 10) return LINE_FEED
  const isDigit = code >= 48 && code <= 57
  const isLetter = (code >= 65 && code <= 90) || (code >= 97 && code <= 122)
  return isDigit || isLetter || code === 95 ? WORD : OTHER
}
