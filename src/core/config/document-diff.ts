/** Differences between two JSON values, by path. */
import { isObject, ownOf } from '../json-object.ts'
import { jsonPath, type PathKey } from './parse/problems.ts'

export type Change = {
  /** JSON path, `$` being the document. */
  path: string
  kind: 'added' | 'removed' | 'changed'
  before: unknown
  after: unknown
}

/** A longer list helps no reader. */
const MOST_CHANGES = 500

/**
 * Differences from `before` to `after`. Objects are compared by key. Lists are compared by position when equally long
 * and as a whole otherwise: an inserted rule would look like a change of every later one.
 */
export function changesBetween(before: unknown, after: unknown): Change[] {
  const changes: Change[] = []
  compare([], before, after, changes)
  return changes
}

const MOST_SUMMARISED = 50
const LONGEST_VALUE = 500

/** Changes as the audit log stores them: the first ones, long values cut. */
export function summaryOf(changes: readonly Change[]): { changes: Change[]; more: number } {
  const cut = (value: unknown) => {
    const text = JSON.stringify(value)
    return text.length <= LONGEST_VALUE ? value : `${text.slice(0, LONGEST_VALUE)}…`
  }
  const kept = changes.slice(0, MOST_SUMMARISED)
  return {
    changes: kept.map((change) => ({ ...change, before: cut(change.before), after: cut(change.after) })),
    more: changes.length - kept.length,
  }
}

function compare(keys: readonly PathKey[], before: unknown, after: unknown, changes: Change[]): void {
  if (changes.length >= MOST_CHANGES || Object.is(before, after)) return
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    for (let index = 0; index < before.length; index++) {
      compare([...keys, index], before[index], after[index], changes)
    }
    return
  }
  if (isObject(before) && isObject(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      compare([...keys, key], ownOf(before, key), ownOf(after, key), changes)
    }
    return
  }
  if (JSON.stringify(before) === JSON.stringify(after)) return
  const kind = before === undefined ? 'added' : after === undefined ? 'removed' : 'changed'
  changes.push({ path: jsonPath(keys), kind, before: before ?? null, after: after ?? null })
}
