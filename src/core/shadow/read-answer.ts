/** Reads an answer into its fields: status, redirect target, headers that matter to a browser, and the body. */
import { quotedName } from '../plain-text.ts'
import type { Fields, ReadingRules, ShadowAnswer, Unanswered } from './answer.ts'
import { withoutBuildIdsInSteps } from './build-names.ts'
import { FieldList, type Steps } from './fields.ts'
import { addHtml, translated } from './html-fields.ts'
import { addJson, parsedJson } from './json-fields.ts'

/** What browsers and caches go by. `date`, `etag`, ids and what belongs to the connection say nothing about an app. */
const COMPARED_HEADERS: ReadonlySet<string> = new Set([
  ...['content-type', 'content-language', 'content-disposition', 'cache-control', 'vary', 'refresh'],
  ...['content-security-policy', 'content-security-policy-report-only', 'strict-transport-security'],
  ...['x-frame-options', 'x-content-type-options', 'referrer-policy', 'permissions-policy', 'x-robots-tag'],
  ...['cross-origin-opener-policy', 'cross-origin-embedder-policy', 'cross-origin-resource-policy'],
  ...['access-control-allow-origin', 'access-control-allow-credentials', 'www-authenticate', 'deprecation'],
])

/** Pages' code, and what frameworks send their pages, name assets. */
const IS_CODE = /^\s*text\/(?:javascript|css|x-component|x-script)\b/i

/**
 * The fields of an answer.
 *
 * @example
 * ```ts
 * const fields = readAnswer(
 *   { status: 200, headers: [['content-type', 'application/json']], body: { kind: 'text', text: '{"price": 5}' } },
 *   { hosts: [] },
 * )
 * fields.get('$.price') // ['5']
 * ```
 */
export function readAnswer(answer: ShadowAnswer | Unanswered, rules: ReadingRules): Fields {
  const steps = readInSteps(answer, rules)
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}

/** The same in steps of about a millisecond, for who has more to do. */
export function* readInSteps(answer: ShadowAnswer | Unanswered, rules: ReadingRules): Steps<Fields> {
  const fields = new FieldList()
  if ('failure' in answer) {
    fields.add('status', answer.failure)
    return yield* fields.sorted()
  }
  fields.add('status', String(answer.status))
  for (const [name, value] of answer.headers) {
    if (name === 'location') fields.add('redirect target', translated(value, rules.hosts))
    else if (name === 'set-cookie') addCookie(fields, value)
    else if (COMPARED_HEADERS.has(name)) fields.add(`header ${name}`, withoutNonces(value))
  }
  yield* addBody(fields, answer, rules)
  return yield* fields.sorted()
}

/** Whether two texts are the same in all that is compared: the second one need not be read. */
export function isSameText(one: ShadowAnswer | Unanswered, other: ShadowAnswer | Unanswered): boolean {
  if ('failure' in one || 'failure' in other) return false
  if (one.body.kind === 'bytes' || other.body.kind === 'bytes') return false
  return one.body.text === other.body.text && headOf(one) === headOf(other)
}

function headOf({ status, headers }: ShadowAnswer): string {
  const isRead = (name: string) => name === 'location' || name === 'set-cookie' || COMPARED_HEADERS.has(name)
  return JSON.stringify([status, headers.filter(([name]) => isRead(name))])
}

function* addBody(fields: FieldList, { headers, body }: ShadowAnswer, rules: ReadingRules): Steps {
  const type = headers.find(([name]) => name === 'content-type')?.[1] ?? ''
  if (body.kind === 'bytes') {
    fields.add('body length', String(body.bytes))
    fields.add('body', body.hash)
  } else if (/^[^;]*[/+]json\b/i.test(type)) {
    const value = parsedJson(body.text)
    if (value === undefined) fields.add('body', 'not JSON')
    else yield* addJson(fields, value, '$', rules.keys ?? {})
  } else if (/^\s*(?:text\/html|application\/xhtml\+xml)\b/i.test(type))
    yield* addHtml(fields, body.text, rules)
  else {
    const text = IS_CODE.test(type) ? yield* withoutBuildIdsInSteps(body.text, fields) : body.text
    for (const line of text.split('\n')) {
      fields.add('body lines', line.trim())
      if (fields.isStep()) yield
    }
  }
}

/** A cookie's name and attributes: its value is the visitor's own. */
function addCookie(fields: FieldList, cookie: string): void {
  const [pair = '', ...attributes] = cookie.split(';')
  const name = pair.slice(0, Math.max(0, pair.indexOf('='))).trim()
  const kept = attributes.map((attribute) =>
    attribute
      .trim()
      .toLowerCase()
      .replace(/^expires=.*/, 'expires'),
  )
  fields.add(`cookie ${quotedName(name)}`, kept.sort().join('; '))
}

function withoutNonces(value: string): string {
  return value.replace(/'nonce-[^']*'/g, "'nonce-…'")
}
