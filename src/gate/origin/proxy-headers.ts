/** Headers on their way through the gate. */
import type { Decision } from '../../core/decision/decide.ts'
import { remembered } from '../../core/remembered.ts'
import type { GateRequest } from '../request/gate-request.ts'

/** Servers that speak CGI to the app (and WSGI, Rack) make one of `-` and `_`. */
const OWN_NAME = /^sluice[-_]/

/**
 * Fields that belong to one connection and not to the message (RFC 9110, 7.6.1). The runtime speaks the
 * connections itself; these are removed in case it lets one through. `Upgrade` stays: the runtime needs it to
 * carry a WebSocket, and drops it otherwise.
 */
const HOP_BY_HOP = ['keep-alive', 'proxy-connection', 'te', 'transfer-encoding', 'trailer']

/** Makes the headers of a visitor's request fit for an origin, in place. */
export function prepareForOrigin(headers: Headers, request: GateRequest, speaksForwarded: boolean): void {
  for (const name of unfitFor(request)) headers.delete(name)
  const ip = request.ip()
  if (ip !== undefined) {
    const chain = request.header('x-forwarded-for')
    headers.set('x-forwarded-for', chain === undefined ? ip : withAddress(chain, ip))
  }
  // A visitor can write these too; what the gate saw itself is the truth.
  headers.set('x-forwarded-host', request.host)
  const proto = request.address.protocol
  headers.set('x-forwarded-proto', proto)
  if (speaksForwarded) headers.append('forwarded', `for=${nodeOf(ip)};host="${request.host}";proto=${proto}`)
}

/** The chain with the visitor's address at its end, where Cloudflare puts it too. */
function withAddress(chain: string, ip: string): string {
  return chain.slice(chain.lastIndexOf(',') + 1).trim() === ip ? chain : `${chain}, ${ip}`
}

/** Names of headers that no origin may get. */
function unfitFor(request: GateRequest): string[] {
  const unfit: string[] = []
  for (const name of request.headers.names) {
    // Whatever a visitor sends under the gate's own prefix could be mistaken for the gate's word.
    if (name.startsWith('sluice') ? OWN_NAME.test(name) : HOP_BY_HOP.includes(name)) unfit.push(name)
  }
  const connection = request.header('connection')
  if (connection !== undefined) unfit.push(...connectionOptions(request, connection))
  return unfit
}

/** What belongs to the connection by the visitor's word. */
function connectionOptions(request: GateRequest, connection: string): readonly string[] {
  const options = optionsIn(connection)
  return request.headers.has('upgrade') ? options : [...options, 'connection']
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
