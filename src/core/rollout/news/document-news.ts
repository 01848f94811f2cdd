/** What a new document is called when people are told of it: by the one thing that it changes, or `publish`. */
import { changesBetween } from '../../config/document-diff.ts'
import { changeWords } from '../../config/document-words.ts'
import type { NotificationEvent } from '../../config/schema/document.ts'
import { isObject, type JsonObject } from '../../json-object.ts'
import type { Extent } from './notification.ts'

export type DocumentNews = {
  event: Extract<NotificationEvent, 'publish' | 'enable' | 'disable' | 'percentage' | 'guard'>
  /** The only flag that it is about; null for several, or for other parts of the document. */
  flag: string | null
  /** All flags whose definitions it changes. */
  flags: readonly string[]
  from: Extent
  to: Extent
  /** By rule name and stage. */
  changes: readonly string[]
}

/**
 * The news in a document as written. `versions`: of both.
 *
 * @example documentNews(before, after, [3, 4]) // { event: 'percentage', flag: 'new-shop', from: 5, to: 10, … }
 */
export function documentNews(
  before: JsonObject,
  after: JsonObject,
  [was, is]: readonly [was: number, is: number],
): DocumentNews {
  const changes = changeWords(before, after)
  const [flagsBefore, flagsAfter] = [objectOf(before.flags), objectOf(after.flags)]
  const keys = new Set([...Object.keys(flagsBefore), ...Object.keys(flagsAfter)])
  const flags = [...keys].filter((key) => !isSame(flagsBefore[key], flagsAfter[key]))
  const isOfFlags = isSame({ ...before, flags: null }, { ...after, flags: null })
  const [only] = isOfFlags && flags.length === 1 ? flags : []
  const plain: DocumentNews = {
    ...{ event: 'publish', flag: only ?? null, flags, from: was, to: is, changes },
  }
  if (only === undefined || !Object.hasOwn(flagsBefore, only) || !Object.hasOwn(flagsAfter, only))
    return plain
  return { ...plain, ...onlyChange(objectOf(flagsBefore[only]), objectOf(flagsAfter[only])) }
}

/** The event of a flag's definition that differs in one thing alone; the versions stay where no value says more. */
function onlyChange(was: JsonObject, is: JsonObject): Partial<DocumentNews> {
  const paths = changesBetween(was, is)
  const [first] = paths
  if (first === undefined) return {}
  if (paths.every(({ path }) => /^\$\.guard\b/.test(path))) return { event: 'guard', from: null, to: null }
  if (paths.length > 1) return {}
  if (first.path === '$.enabled') {
    const isOn = is.enabled !== false
    // Both `true` and a missing key mean enabled.
    return isOn === (was.enabled !== false)
      ? {}
      : { event: isOn ? 'enable' : 'disable', from: !isOn, to: isOn }
  }
  if (!/^\$\.rules\[\d+\]\.percentage$/.test(first.path)) return {}
  return { event: 'percentage', from: numberOr(first.before), to: numberOr(first.after) }
}

/** A rule without a percentage takes everyone in. */
function numberOr(value: unknown): number {
  return typeof value === 'number' ? value : 100
}

function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {}
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
