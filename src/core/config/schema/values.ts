/** Schemas of small values that several parts share. */
import * as v from 'valibot'
import { parseTimeMs } from '../../flags/date-time.ts'
import { ipv6, looseIpv4 } from '../../ip-address.ts'
import { parseDurationMs } from './duration.ts'

export const NAME_SHAPE = /^[A-Za-z0-9][A-Za-z0-9._~:-]{0,99}$/
/** Letters, digits and symbols of every script: keys of other systems have them. */
export const FLAG_KEY_SHAPE = /^[\p{L}\p{N}\p{So}_][\p{L}\p{M}\p{N}\p{So}_.~:/-]{0,199}$/u

/** Variants may also be called "100%" or "très-bien", as elsewhere. */
export const VARIANT_SHAPE = /^[\p{L}\p{N}\p{So}%+][\p{L}\p{M}\p{N}\p{So}._~:%+@&!()/-]{0,99}$/u

export const name = v.pipe(
  v.string(),
  v.regex(NAME_SHAPE, 'a name of up to 100 letters, digits and . _ ~ : -'),
)
export const variantName = v.pipe(
  v.string(),
  v.regex(VARIANT_SHAPE, 'a name of up to 100 letters, digits and . _ ~ : - % + @ & ! ( ) /'),
)
export const flagKey = v.pipe(
  v.string(),
  v.regex(FLAG_KEY_SHAPE, 'a flag key of up to 200 letters, digits and . _ ~ : / -'),
)
/** URL parsers resolve these, escaped ones too. */
const DOT_SEGMENT = /[\\/](?:\.|%2e){1,2}(?=[\\/]|$)/i
export const pathPattern = v.pipe(
  v.string(),
  v.regex(/^\/[^\s?#]*$/, 'a path that begins with "/", such as "/checkout/*"'),
  v.check((path) => !DOT_SEGMENT.test(path), 'a path without the segments "." and "..", which no URL keeps'),
)
export const headerName = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, 'the name of an HTTP header'),
)
export const nonEmpty = v.pipe(v.string(), v.minLength(1, 'a non-empty string'))
/**
 * Variables of the Worker that are the gate's. A document that could name one would let its author use the gate's keys:
 * as the key of visitors' tokens, for example, or to sign messages to a server of their choice.
 */
const GATE_VARIABLES: ReadonlySet<string> = new Set([
  'ADMIN_TOKEN',
  'SIGNING_KEY',
  'SIGNING_KEY_PREVIOUS',
  'ADMIN_HOST',
  'ENVIRONMENT',
  'COUNTING',
  'JURISDICTION',
  'LOCATION_HINT',
  'SPAN_ATTRIBUTES',
  'KV_UNCACHED',
  'ACCESS_TEAM_DOMAIN',
  'ACCESS_AUDIENCE',
  'ACCESS_ADMINS',
  'ACCESS_OPERATORS',
  'GATE',
  'CONTROLLER',
  'COUNTERS',
  'ASSETS',
])

export function isGateVariable(name: string): boolean {
  return GATE_VARIABLES.has(name)
}

/** The name of a secret of the Worker that a document may use. */
export const secretName = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/, 'the name of a secret, such as TOKEN_KEY: letters, digits and _'),
  // What every object has would be found in the Worker's surroundings, and is no secret.
  v.check(
    (text) => !(text in Object.prototype),
    'the name of a secret that the Worker can have, such as TOKEN_KEY',
  ),
  v.check((text) => !isGateVariable(text), "the name of a secret that is not one of the gate's own"),
)
export const duration = v.pipe(
  v.string(),
  v.check((text) => parseDurationMs(text) !== undefined, 'a duration such as "30s", "10m" or "1h30m"'),
)
export const dateTime = v.pipe(
  v.string(),
  v.check(
    (text) => !Number.isNaN(parseTimeMs(text)),
    'a date such as "2026-12-01" or "2026-12-01T00:00:00Z"',
  ),
)
export const timezone = v.pipe(
  v.string(),
  v.check(isTimezone, 'the IANA name of a timezone, such as "Europe/Bucharest"'),
)
export const percentage = v.pipe(
  v.number(),
  v.minValue(0, 'a percentage from 0 to 100'),
  v.maxValue(100, 'a percentage from 0 to 100'),
  v.check(
    (value) => Math.abs(value * 1000 - Math.round(value * 1000)) < 1e-6,
    'a percentage with at most three decimals',
  ),
)
export const share = v.pipe(
  v.number(),
  v.minValue(0, 'a share from 0 to 1'),
  v.maxValue(1, 'a share from 0 to 1'),
)
export const positiveInteger = v.pipe(
  v.number(),
  v.integer('a whole number'),
  v.minValue(1, 'a whole number of at least 1'),
)
export const positiveMs = v.pipe(v.number(), v.gtValue(0, 'a number of milliseconds above 0'))

/** `fetch` takes http and https; any other URL would fail on every request. */
const ORIGIN_URL = /^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/
export const originUrl = v.pipe(
  v.string(),
  v.regex(ORIGIN_URL, 'an http:// or https:// URL without query, fragment or user'),
  v.check((text) => !ORIGIN_URL.test(text) || hasPlace(text), 'a URL with a valid host and port'),
)

/** One item, or a list of at least one. */
export const oneOrMore = <T extends v.GenericSchema>(item: T) =>
  v.union([item, v.pipe(v.array(item), v.minLength(1, 'a list of at least one'))])

function isTimezone(timeZone: string): boolean {
  if (timeZone === 'UTC') return true
  try {
    return new Date(0).toLocaleTimeString('en', { timeZone }) !== ''
  } catch {
    return false
  }
}

const PLACE = /^https?:\/\/(\[[^\]]*\]|[^:/]*)(?::(\d*))?(?:\/|$)/
/** Characters that the URL standard forbids in hosts, as far as they get here. */
const NO_HOST = /[%<>[\\\]^|]/

/** Whether a URL parser accepts the host and port. */
function hasPlace(url: string): boolean {
  const [, host = '', port = ''] = PLACE.exec(url) ?? []
  if (host === '' || Number(port) > 65_535) return false
  if (host.startsWith('[')) return !host.includes('%') && ipv6(host.slice(1, -1)) !== undefined
  if (NO_HOST.test(host)) return false
  // A host that ends with a number is an IPv4 address or nothing.
  return !/(?:^|\.)\d+\.?$/.test(host) || looseIpv4(host.replace(/\.$/, '')) !== undefined
}
