/** A set of code points. Sets with one key are the same. */
export type CharSet = { key: string; has(code: number): boolean }

/** A parsed pattern; flags such as `(?i)` are resolved into sets and assertions. */
export type Node =
  | { kind: 'char'; set: CharSet }
  | { kind: 'assert'; assertion: Assertion }
  | { kind: 'concat'; parts: readonly Node[] }
  | { kind: 'alternate'; options: readonly Node[] }
  /** `max` is infinite for `*`, `+` and `{n,}`. Whether a text matches doesn't depend on lazy or greedy. */
  | { kind: 'repeat'; node: Node; min: number; max: number }

export type Assertion = 'text-start' | 'text-end' | 'line-start' | 'line-end' | 'word-edge' | 'no-word-edge'

/** RE2 would refuse the pattern; the message says what and where. */
export class PatternError extends Error {}

/** RE2 might accept the pattern, but it would cost too much here; the message says what it has too much of. */
export class PatternTooLarge extends PatternError {}

/** Reads a pattern by code points. */
export class Cursor {
  at = 0
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  get done(): boolean {
    return this.at >= this.text.length
  }

  looksAt(token: string): boolean {
    return this.text.startsWith(token, this.at)
  }

  /** Reads the token if it comes next; returns whether it did. */
  take(token: string): boolean {
    const found = this.looksAt(token)
    if (found) this.at += token.length
    return found
  }

  /** Reads what a sticky expression matches here; undefined for no match. */
  takeMatch(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.at
    const match = expression.exec(this.text)
    if (match === null) return undefined
    this.at += match[0].length
    return match
  }

  /** Reads the next character; empty at the end. */
  next(): string {
    const code = this.text.codePointAt(this.at)
    const char = code === undefined ? '' : String.fromCodePoint(code)
    this.at += char.length
    return char
  }

  fail(what: string, from = this.at): never {
    const part = this.text.slice(from, from + 20)
    throw new PatternError(part === '' ? `${what} at the end` : `${what} at "${part}"`)
  }
}
