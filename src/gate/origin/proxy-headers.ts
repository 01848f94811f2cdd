/** Headers on their way through the gate. */
import type { Decision } from '../../core/decision/decide.ts'
import type { GateRequest } from '../request/gate-request.ts'
import type { HeaderFields } from '../request/header-list.ts'
import { PROXY_CLAIM, passesAsClaim } from '../request/proxy-claims.ts'
import { ADDRESS_HEADER, CHAIN_HEADER } from '../request/visitor-address.ts'

/**
 * Headers that belong to one connection and not to the message (RFC 9110, 7.6.1). The runtime speaks the
 * connections itself; these are removed in case it lets one through. `Upgrade` stays: the runtime needs it to
 * carry a WebSocket, and drops it otherwise.
 */
const HOP_BY_HOP = ['keep-alive', 'proxy-connection', 'te', 'transfer-encoding', 'trailer']
/** A visitor's header with the gate's prefix could be mistaken for the gate's. CGI servers don't tell `-` from `_`. */
const OWN_NAME = 'sluice[^a-z\\d].*'
/** Names that are worth a look. One pattern, as each search counts: a request has some twenty names. */
const SUSPECT = new RegExp(`^(?:${[...HOP_BY_HOP, OWN_NAME, PROXY_CLAIM].join('|')})$`)

/** Turns the headers of a visitor's request into those for an origin, in place. */
export function prepareForOrigin(headers: Headers, request: GateRequest, speaksForwarded: boolean): void {
  for (const name of unfitFor(request)) headers.delete(name)
  const cookies = request.header('cookie')
  const others = cookies && withoutCookies(cookies, EVERY_GATE_COOKIE)
  if (others !== undefined && others !== cookies) setOrDelete(headers, 'cookie', others)
  if (request.isBehindAccess) removeAccess(headers)
  const { from, ip } = request.from
  if (from === 'platform') {
    const chain = request.header(CHAIN_HEADER)
    headers.set(CHAIN_HEADER, chain === undefined ? ip : withAddress(chain, ip))
  } else {
    // What trusted proxies have written ends with what they know; what none has written is the visitor's word.
    if (from === 'unknown' && request.headers.has(CHAIN_HEADER)) headers.delete(CHAIN_HEADER)
    if (request.headers.has(ADDRESS_HEADER)) headers.delete(ADDRESS_HEADER)
  }
  // A visitor can send these too; only what the gate saw itself counts.
  headers.set('x-forwarded-host', request.host)
  const proto = request.address.protocol
  headers.set('x-forwarded-proto', proto)
  if (speaksForwarded) headers.set('forwarded', `for=${nodeOf(ip)};host="${request.host}";proto=${proto}`)
}

const CONDITIONS = [
  'if-none-match',
  'if-modified-since',
  'if-match',
  'if-unmodified-since',
  'if-range',
  'range',
]

/**
 * Asks for a page that the gate will insert something into, in place: in full, as a 304 or a range would be of the page
 * without it, and uncompressed, as compressed bytes show no tags.
 */
export function askForWholePage(headers: Headers, method: string): void {
  headers.set('accept-encoding', 'identity')
  // A condition of another method guards a change.
  if (method === 'GET' || method === 'HEAD') dropConditions(headers)
}

/** Removes what would make an answer a part of one, or none, in place. */
export function dropConditions(headers: Headers): void {
  for (const name of CONDITIONS) headers.delete(name)
}

/** The chain with the visitor's address at its end, where Cloudflare puts it too. */
function withAddress(chain: string, ip: string): string {
  return chain.slice(chain.lastIndexOf(',') + 1).trim() === ip ? chain : `${chain}, ${ip}`
}

/** Names of headers that no origin may get. */
function unfitFor(request: GateRequest): readonly string[] {
  const unfit: string[] = []
  for (const name of request.headers.names)
    if (SUSPECT.test(name) && !passesAsClaim(name, request)) unfit.push(name)
  const connection = request.header('connection')
  return connection === undefined ? unfit : [...unfit, ...connectionOptions(request, connection)]
}

/** A cookie of the gate in a Cookie header. Some clients send two headers, which arrive joined by a comma. */
const GATE_COOKIE = /(?:^|[;,])[\s=]*(?:__Host-)?sluice_[^=;,]*=[^;,]*/i
const EVERY_GATE_COOKIE = new RegExp(GATE_COOKIE, 'gi')
const EVERY_ACCESS_COOKIE = /(?:^|[;,])\s*CF_(?:Authorization|AppSession|Binding)=[^;,]*/gi

/** The other cookies: those of the gate are credentials, and none of an origin's business. */
function withoutCookies(cookies: string, unwanted: RegExp): string {
  const others = cookies.replace(unwanted, '')
  return others === cookies ? cookies : others.replace(/^[;,\s]+/, '')
}

/** Removes what Cloudflare Access signs an operator of this gate in with, in place: an origin could use it here. */
function removeAccess(headers: Headers): void {
  for (const name of [...headers.keys()]) if (name.startsWith('cf-access-')) headers.delete(name)
  const cookies = headers.get('cookie')
  if (cookies !== null) setOrDelete(headers, 'cookie', withoutCookies(cookies, EVERY_ACCESS_COOKIE))
}

/** Removes cookies under the gate's prefix from an origin's answer, in place: only the gate sets those. */
export function dropGateCookies(headers: HeaderFields): void {
  const cookies = headers.getSetCookie()
  headers.delete('set-cookie')
  for (const cookie of cookies) if (!isGateCookie(cookie)) headers.append('set-cookie', cookie)
}

export function setsGateCookies(headers: HeaderFields): boolean {
  const cookies = headers.get('set-cookie')
  return cookies !== null && GATE_COOKIE.test(cookies) && headers.getSetCookie().some(isGateCookie)
}

/** Browsers keep `=sluice_id=x` as a cookie without a name, and send it back as `sluice_id=x`. */
function isGateCookie(cookie: string): boolean {
  return /^[\s=]*(?:__Host-)?sluice_/i.test(cookie)
}

function setOrDelete(headers: Headers, name: string, value: string): void {
  if (value === '') headers.delete(name)
  else headers.set(name, value)
}

/**
 * Headers that belong to the connection because the visitor's Connection header says so. What the edge or a proxy has
 * written is not among them: a visitor could take away from origins the address or the country that they judge by.
 */
function connectionOptions(request: GateRequest, connection: string): readonly string[] {
  const options = optionsIn(connection).filter((option) => !SUSPECT.test(option))
  return request.headers.has('upgrade') ? options : [...options, 'connection']
}

/** The headers that a Connection header names. */
function optionsIn(connection: string): string[] {
  return connection
    .split(',')
    .map((option) => option.trim().toLowerCase())
    .filter((option) => option !== 'upgrade' && isToken(option))
}

const NONE: readonly string[] = []
/** Options that the runtime deals with itself, on this side. */
const BY_RUNTIME: readonly string[] = ['keep-alive', 'close', 'te', 'trailer', 'transfer-encoding']

/** Names of an answer's headers that belong to the origin's connection because its Connection header says so. */
export function connectionFields(headers: HeaderFields): readonly string[] {
  const connection = headers.get('connection')
  if (connection === null) return NONE
  const named = optionsIn(connection).filter((option) => !BY_RUNTIME.includes(option))
  return named.length === 0 ? NONE : [...named, 'proxy-connection']
}

/** An address as RFC 7239 writes it. */
function nodeOf(ip: string | undefined): string {
  if (ip === undefined) return 'unknown'
  return ip.includes(':') ? `"[${ip}]"` : ip
}

function isToken(text: string): boolean {
  return /^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(text)
}

/** `new-checkout=on;reason=split`, as origins and, in development, visitors see it. */
export function flagsHeader({
  flag,
  variant,
  reason,
}: Pick<Decision, 'flag' | 'variant' | 'reason'>): string {
  return `${encoded(flag, variant)};reason=${reason.toLowerCase()}`
}

/** The header for the fallback origin: the variant that it serves. */
export function rescuedFlagsHeader(flag: { key: string; off: string }): string {
  return `${encoded(flag.key, flag.off)};reason=rescued`
}

/** What is not a letter, a digit or one of a few signs is percent-encoded: headers hold ASCII, and lists. */
function encoded(flag: string, variant: string): string {
  const pair = `${flag}=${variant}`
  return /^[\w.~:/=-]*$/.test(pair) ? pair : pair.replace(/[^\w.~:/=-]+/g, encodeURIComponent)
}
