/**
 * Headers by which proxies tell origins who connects, and how: the address, what was asked for, the certificate, the user.
 * Origins believe them, and any visitor can write them. So they pass as a trusted proxy wrote them, or not at all.
 */
import { ADDRESS_HEADER, CHAIN_HEADER, type VisitorAddress } from './visitor-address.ts'

/** CGI servers (and WSGI, Rack) tell no separator from another, so a blank stands for any here. */
function sourceOf(names: readonly string[]): string {
  return names.join('|').replaceAll(' ', '[^a-z\\d]')
}

function patternOf(names: readonly string[]): RegExp {
  return new RegExp(`^(?:${sourceOf(names)})$`)
}

const CONNECTION = [
  'forwarded',
  'x forwarded(?: .*)?',
  'x original (?:for|host|method|path|port|prefix|proto|ur[il]|(?:forwarded|remote) .*)',
  'x rewrite ur[il]',
  'x (?:host|https|(?:url )?scheme)',
  'x http host override',
  'front end https',
]
const CERTIFICATE = [
  'x (?:ssl|tls) .*',
  '(?:ssl|tls) client .*',
  '(?:x )?client (?:cert|dn|verify)(?: .*)?',
  'x arr (?:clientcert|ssl)',
  'x amzn mtls .*',
]
const USER = ['(?:x )?remote (?:email|groups?|host|name|user)', 'x auth request .*']
const ADDRESS = [
  '(?:(?:x|true|cf|do|fastly|fly|wl proxy|proxy|x [a-z]+) )?(?:client|connecting|originating|proxyuser|real|remote|socket|source|user) ?(?:ip|addr)(?:v?[46])?',
  'cf pseudo ipv4',
  'x envoy external address',
  'x nf client connection ip',
  'x vercel (?:forwarded|proxied) for',
]
/** What Cloudflare's edge says of a visitor, always or by its "managed transforms". */
const OF_CLOUDFLARE = [
  'cf (?:client cert .*|ip(?:city|continent|country|latitude|longitude)|metro code|postal code|region(?: code)?|timezone|visitor|worker)',
]

const CLAIMS = [...CONNECTION, ...CERTIFICATE, ...USER, ...ADDRESS, ...OF_CLOUDFLARE]
/** The names of such headers in lower case, as a part of a pattern: it costs less to search for other names by the same one. */
export const PROXY_CLAIM = sourceOf(CLAIMS)
const CLAIM = patternOf(CLAIMS)
const CLAIM_OF_ADDRESS = patternOf(ADDRESS)
const CLAIM_OF_CLOUDFLARE = patternOf(OF_CLOUDFLARE)
/** The gate sets these itself, or removes them; in this very spelling. */
const BY_GATE: readonly string[] = [ADDRESS_HEADER, CHAIN_HEADER, 'x-forwarded-host', 'x-forwarded-proto']

type Sent = { header(name: string): string | undefined; from: VisitorAddress }

/**
 * Whether a header that `PROXY_CLAIM` matches passes: proxies that the operator trusts are believed, and what Cloudflare's
 * edge overwrites in every request. Another header with an address passes where it has the one that the edge gave.
 */
export function passesAsClaim(name: string, request: Sent): boolean {
  if (BY_GATE.includes(name)) return true
  const { from, ip } = request.from
  if (from === 'unknown' || !CLAIM.test(name)) return false
  if (from === 'proxy' || CLAIM_OF_CLOUDFLARE.test(name)) return true
  return CLAIM_OF_ADDRESS.test(name) && request.header(name) === ip
}
