/**
 * Regular expressions with RE2's syntax, in time linear in the text and without backtracking: documents carry patterns,
 * and visitors choose the texts.
 *
 * pattern → tree (parse) → the same, smaller (trim) → program → automaton, made step by step as texts need it
 *
 * Three bounds hold the work of one text. It is read to a certain length only; a program has so many parts at the most;
 * and of the copies of an optional repetition only the earliest counts, so that few places are alive at a time. Source:
 * Russ Cox, "Regular Expression Matching in the Wild" (https://swtch.com/~rsc/regexp/regexp3.html).
 */
import { LazyDfa } from './lazy-dfa.ts'
import { parsePattern } from './parse.ts'
import { programOf } from './program.ts'

export { PatternError, PatternTooLarge } from './syntax.ts'

/**
 * Compiles a pattern to a test whether it occurs anywhere in a text, of which the first 4,096 UTF-16 units are read.
 *
 * @throws PatternError
 * @example compileRegex('^/checkout')('/checkout/pay') // true
 */
export function compileRegex(pattern: string, ignoreCase = false): (text: string) => boolean {
  const automaton = automatonOf(pattern, ignoreCase)
  return (text) => automaton().matches(text)
}

/** The same as an automaton, made on first use: a document has many patterns that an isolate never meets. */
export function automatonOf(pattern: string, ignoreCase = false): () => LazyDfa {
  const program = programOf(parsePattern(pattern, ignoreCase))
  let made: LazyDfa | undefined
  return () => (made ??= new LazyDfa(program))
}
