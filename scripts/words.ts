/** Words that are never right in this project, and the field's words for them: the data of `check-words`. */

export interface Word {
  /** Matched case-insensitively, between word boundaries, after identifiers are split: `standIn` reads "stand in". */
  readonly pattern: string
  readonly use: string
  /** Text in which the word belongs to a platform and is fine. */
  readonly except?: RegExp
}

export const WORDS: readonly Word[] = [
  { pattern: 'go(es|ne|ing)? round', use: 'fail over' },
  { pattern: 'awayness', use: 'origin health, circuit breaker' },
  { pattern: '(stands?|stood|standing) in', use: 'fallback; is in, is recorded in' },
  { pattern: 'desks?', use: 'a noun for what the code does' },
  { pattern: 'bells?', use: 'notifier, wake-up' },
  { pattern: 'lest', use: 'so that … not' },
  { pattern: 'who(m|so)?ever', use: 'anyone who, the one who' },
  { pattern: 'nobody', use: 'no one, no visitor, or turn the sentence round' },
  { pattern: 'somebody', use: 'someone, a visitor, an operator' },
  { pattern: 'everybody else', use: 'everyone else, otherwise' },
  { pattern: 'mend(s|ed|ing)?', use: 'fix' },
  { pattern: 'it is no', use: 'it is not a, must be' },
  { pattern: 'of its own', use: 'its own, separate, alone' },
  { pattern: 'people diff', use: 'impact, blast radius' },
  { pattern: 'kept shapes', use: 'hidden classes' },
  { pattern: 'to be gone by', use: 'expires, remove by' },
  { pattern: 'be gone by', use: 'expires, remove by' },
  { pattern: 'is told yet', use: 'no webhooks' },
  { pattern: 'circles?', use: 'cycle', except: /<circle\b|\bcircle\s*[({]|'circle'|border-radius/ },
]
