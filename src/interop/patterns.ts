/** Patterns that were written for JavaScript. */
import { Untranslatable } from './alternatives.ts'

/** What JavaScript and RE2 read differently, or what one of them lacks. */
const DIFFERENT = /\\[^dDwWbBnrtfv.*+?()[\]{}|^$/\\-]|\[\[:|\(\?[^:]|[^\0-\x7f]|\[\]|\[\^\]/

/** Whether a pattern means the same to RE2; what is none to JavaScript matches nothing. Throws where it differs. */
export function isPattern(pattern: string): boolean {
  try {
    new RegExp(pattern)
  } catch {
    return false
  }
  const different = DIFFERENT.exec(pattern)
  if (different === null) return true
  throw new Untranslatable(`the pattern ${pattern}, in which "${different[0]}" is JavaScript's own`)
}
