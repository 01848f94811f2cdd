/** A visitor as the form describes one, and as the admin API takes it. Pure. */
import type { Visitor } from '../../../contract/requests.ts'

export type VisitorForm = {
  flag: string
  targetingKey: string
  country: string
  url: string
  userAgent: string
  /** Lines of `name: value`. */
  headers: string
  /** Lines of `name = value`. */
  attributes: string
}

export const EMPTY_VISITOR: VisitorForm = {
  flag: '',
  targetingKey: '',
  country: '',
  url: '',
  userAgent: '',
  headers: '',
  attributes: '',
}

/** The visitor, or the problem with the form. */
export function visitorOf(form: VisitorForm): Partial<Visitor> | string {
  const headers = linesOf(form.headers, ':')
  if (typeof headers === 'string') return `Headers must be lines of "name: value", not "${headers}"`
  const attributes = linesOf(form.attributes, '=')
  if (typeof attributes === 'string') return `Attributes must be lines of "name = value", not "${attributes}"`
  if (form.userAgent) headers.push(['user-agent', form.userAgent])
  const describesRequest = form.url !== '' || form.country !== '' || headers.length > 0
  return {
    ...(form.targetingKey && { targetingKey: form.targetingKey }),
    attributes: Object.fromEntries(attributes.map(([name, text]) => [name, attributeOf(text)])),
    ...(describesRequest && {
      request: {
        url: urlOf(form.url),
        method: 'GET',
        headers: Object.fromEntries(headers),
        cf: form.country ? { country: form.country.toUpperCase() } : {},
        claims: {},
      },
    }),
  }
}

/** Name and value of each line; or the first line without both. */
function linesOf(text: string, separator: string): [string, string][] | string {
  const pairs: [string, string][] = []
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue
    const at = line.indexOf(separator)
    if (at < 1) return line.trim()
    pairs.push([line.slice(0, at).trim(), line.slice(at + 1).trim()])
  }
  return pairs
}

/** Numbers and booleans are what they look like; a quoted text stays a text. */
function attributeOf(text: string): string | number | boolean | string[] {
  if (text === 'true' || text === 'false') return text === 'true'
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text)
  if (/^".*"$/.test(text)) return text.slice(1, -1)
  return text
}

/** A path is taken as one of this gate. */
function urlOf(text: string): string {
  const trimmed = text.trim()
  if (trimmed === '') return `${location.origin}/`
  return trimmed.startsWith('/') ? location.origin + trimmed : trimmed
}
