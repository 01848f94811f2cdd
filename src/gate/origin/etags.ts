/**
 * One version must not judge the validators (ETag, Last-Modified) of the other: both may use the same ETag or later
 * dates for different content, and a wrong 304 shows the visitor the wrong version. So a validator names its origin.
 * ETags of origins that serve variants get a tag: `"abc"` becomes `"abc~sluice.1x9k2"`; where there is only a date, a
 * weak ETag of the tag alone goes beside it. Stable origins have no tag, and their answers stay untouched.
 *
 * On the way back the tag is removed for the origin that it names. Validators of other origins don't go there, so the
 * origin answers in full.
 */
import type { HeaderFields } from '../request/header-list.ts'

const ETAG = /(?:W\/)?"[^"]*"/g
const MARK = '~sluice.'
const TAGGED = /~sluice\.(\w*)"$/

/** Marks the validators of a response as this origin's, in place. */
export function tagValidators(headers: HeaderFields, tag: string): void {
  if (tag === '') return
  const etag = headers.get('etag')
  const end = `${MARK}${tag}"`
  if (etag?.endsWith('"')) headers.set('etag', etag.slice(0, -1) + end)
  else if (etag === null && headers.has('last-modified')) headers.set('etag', `W/"${end}`)
}

/** Whether a request has conditions, by its headers' lower-case names. */
export function isConditional({ names }: { readonly names: readonly string[] }): boolean {
  for (const name of names) if (name.startsWith('if-')) return true
  return false
}

/** Keeps of a request's conditions those that this origin can judge, in place. */
export function untagValidators(headers: HeaderFields, tag: string): void {
  const noneMatch = headers.get('if-none-match')
  if (noneMatch !== '*' && (noneMatch !== null || headers.has('if-modified-since'))) {
    const own = ownOf(noneMatch, tag)
    setOrDelete(headers, 'if-none-match', own.etags)
    if (own.etags === '' && !own.dated) headers.delete('if-modified-since')
  }
  const match = headers.get('if-match')
  // Another origin's ETag may stay: it doesn't match, and nothing gets overwritten.
  if (match !== null)
    headers.set(
      'if-match',
      match.replace(ETAG, (etag) => untagged(etag, tag) || etag),
    )
  const range = headers.get('if-range')
  if (range === null) return
  const own = ownOf(range.includes('"') ? range : null, tag)
  setOrDelete(headers, 'if-range', own.etags || (own.dated && !range.includes('"') ? range : ''))
  if (!headers.has('if-range')) headers.delete('range')
}

/** The ETags that are this origin's, without tag, and whether a date beside them is this origin's as well. */
function ownOf(field: string | null, tag: string): { etags: string; dated: boolean } {
  if (field === null) return { etags: '', dated: tag === '' }
  if (tag === '' && !field.includes(MARK)) return { etags: field, dated: true }
  const own = (field.match(ETAG) ?? [])
    .map((etag) => untagged(etag, tag))
    .filter((etag) => etag !== undefined)
  const etags = own.filter((etag) => !etag.endsWith('""')).join(', ')
  return { etags, dated: own.length > 0 }
}

/** An ETag without its tag; undefined for one of another origin. */
function untagged(etag: string, tag: string): string | undefined {
  const found = TAGGED.exec(etag)
  if ((found?.[1] ?? '') !== tag) return undefined
  return found === null ? etag : `${etag.slice(0, found.index)}"`
}

function setOrDelete(headers: HeaderFields, name: string, value: string): void {
  if (value === '') headers.delete(name)
  else headers.set(name, value)
}
