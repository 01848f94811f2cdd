/** Headers on their way through the gate. */
import type { Decision } from '../../core/decision/decide.ts'
import { remembered } from '../../core/remembered.ts'
import type { Facts } from '../request/request-facts.ts'

/** Servers that speak CGI to the app (and WSGI, Rack) make one of `-` and `_`. */
const OWN_NAME = /^sluice[-_]/

/**
 * Fields that belong to one connection and not to the message (RFC 9110, 7.6.1). The runtime speaks the
 * connections itself; these are removed in case it lets one through. `Upgrade` stays: the runtime needs it to
 * carry a WebSocket, and drops it otherwise.
 */
const HOP_BY_HOP = ['keep-alive', 'proxy-connection', 'te', 'transfer-encoding', 'trailer']

/** Makes the headers of a visitor's request fit for an origin, in place. */
export function prepareForOrigin(headers: Headers, facts: Facts, speaksForwarded: boolean): void {
  for (const name of unfitFor(facts)) headers.delete(name)
  const ip = facts.ip()
  if (ip !== undefined) {
    const chain = facts.header('x-forwarded-for')
    headers.set('x-forwarded-for', chain === undefined ? ip : withAddress(chain, ip))
  }
  // A visitor can write these too; what the gate saw itself is the truth.
  headers.set('x-forwarded-host', facts.host)
  const proto = facts.address.protocol
  headers.set('x-forwarded-proto', proto)
  if (speaksForwarded) headers.append('forwarded', `for=${nodeOf(ip)};host="${facts.host}";proto=${proto}`)
}

/** The chain with the visitor's address at its end, where Cloudflare puts it too. */
function withAddress(chain: string, ip: string): string {
  return chain.slice(chain.lastIndexOf(',') + 1).trim() === ip ? chain : `${chain}, ${ip}`
}

/** Names of headers that no origin may get. */
function unfitFor(facts: Facts): string[] {
  const unfit: string[] = []
  for (const name of facts.headers.names) {
    // Whatever a visitor sends under the gate's own prefix could be mistaken for the gate's word.
    if (name.startsWith('sluice') ? OWN_NAME.test(name) : HOP_BY_HOP.includes(name)) unfit.push(name)
  }
  const connection = facts.header('connection')
  if (connection !== undefined) unfit.push(...connectionOptions(facts, connection))
  return unfit
}

/** What belongs to the connection by the visitor's word. */
function connectionOptions(facts: Facts, connection: string): readonly string[] {
  const options = optionsIn(connection)
  return facts.headers.has('upgrade') ? options : [...options, 'connection']
}

/** The fields that a Connection header names. */
const optionsIn = remembered((connection): readonly string[] =>
  connection
    .split(',')
    .map((option) => option.trim().toLowerCase())
    .filter((option) => option !== 'upgrade' && isToken(option)),
)

const NONE: readonly string[] = []
/** What the runtime sees to itself, on this side. */
const RUNTIMES_OWN: ReadonlySet<string> = new Set([
  'keep-alive',
  'close',
  'te',
  'trailer',
  'transfer-encoding',
])

/** Names of an answer's fields that belong to the origin's connection by the origin's word. */
export function connectionFields(headers: Headers): readonly string[] {
  const connection = headers.get('connection')
  return connection === null ? NONE : fieldsNamedBy(connection)
}

const fieldsNamedBy = remembered((connection): readonly string[] => {
  const named = optionsIn(connection).filter((option) => !RUNTIMES_OWN.has(option))
  return named.length === 0 ? NONE : [...named, 'proxy-connection']
})

/** An address as RFC 7239 writes it. */
function nodeOf(ip: string | undefined): string {
  if (ip === undefined) return 'unknown'
  return ip.includes(':') ? `"[${ip}]"` : ip
}

function isToken(text: string): boolean {
  return /^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(text)
}

/** `new-checkout=on;reason=split`, as origins and, in development, visitors see it. */
export function flagsHeader(decision: Decision): string {
  return `${inHeader(decision.flag)}=${decision.variant};reason=${decision.reason.toLowerCase()}`
}

/** Keys of other scripts are percent-encoded: headers hold ASCII. */
const inHeader = remembered((key) => key.replace(/[^\x21-\x7e]+/g, encodeURIComponent))

/** What control hears when it stands in: the variant that it is there for. */
export function rescuedFlagsHeader(flag: { key: string; off: string }): string {
  return `${inHeader(flag.key)}=${flag.off};reason=rescued`
}

/** Directives of Cache-Control that let somebody else than the visitor's own browser keep a response. */
const SHARED_DIRECTIVES = new Set(['public', 's-maxage', 'proxy-revalidate'])
/** `private="x-a"` is said of some fields; the rest of the response anybody may keep. */
const OF_FIELDS = /^private\s*=/i

/** Headers by which an origin talks to shared caches only. */
const SHARED_CACHE_HEADERS = ['cdn-cache-control', 'cloudflare-cdn-cache-control', 'surrogate-control']

/**
 * Keeps a response out of shared caches, in place: it was made for one visitor (it sets an identity, or another
 * visitor would have got another variant). What the origin says to the browser's own cache stays; with `revalidate` the
 * browser keeps it too but asks before it uses it. A visitor who is moved to another version would otherwise get code of
 * the one from the browser's own cache into pages of the other.
 */
export function keepFromSharedCaches(headers: Headers, revalidate = false): void {
  const field = headers.get('cache-control') ?? ''
  const own = revalidate ? revalidated(unshared(field)) : unshared(field)
  if (own !== field) headers.set('cache-control', own)
  for (const name of SHARED_CACHE_HEADERS) headers.delete(name)
}

/** What is left of Cache-Control when only the visitor's own browser may keep the response. */
const unshared = remembered((field) => {
  const directives = directivesOf(field).filter(
    (directive) => !SHARED_DIRECTIVES.has(directiveName(directive)) && !OF_FIELDS.test(directive),
  )
  const given = new Set(directives.map((directive) => directive.toLowerCase()))
  // A cache that knows the status doesn't heed no-store beside must-understand (RFC 9111, 5.2.2.3).
  const isStored = !given.has('no-store') || given.has('must-understand')
  if (isStored && !given.has('private')) directives.unshift('private')
  return directives.join(', ')
})

const FRESHNESS = new Set(['max-age', 'stale-while-revalidate'])

/** Cache-Control by which a browser asks first. */
const revalidated = remembered((field) => {
  const directives = directivesOf(field)
  if (directives.some((directive) => /^(no-store|no-cache|immutable)$/i.test(directive))) return field
  const kept = directives.filter((directive) => !FRESHNESS.has(directiveName(directive)))
  return [...kept, 'no-cache'].join(', ')
})

/** Values in quotes may hold commas. */
const DIRECTIVE = /(?:[^,"]|"(?:[^"\\]|\\.)*"?)+/g

const directivesOf = (field: string) =>
  (field.match(DIRECTIVE) ?? []).map((directive) => directive.trim()).filter((directive) => directive !== '')

function directiveName(directive: string): string {
  return (directive.split('=')[0] ?? '').trim().toLowerCase()
}
