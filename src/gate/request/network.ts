/**
 * The network that a request comes from, as far as evidence is concerned: 32 bits of a keyed hash of the client's /24
 * (IPv4) or /48 (IPv6), which is what one person commands, or of a whole autonomous system where that is a small one. Hashed, since a network is personal data, and keyed, since
 * all networks of IPv4 can be tried in a second.
 */
import { NO_NETWORK, UNKNOWN_NETWORK } from '../../core/counters/networks.ts'
import { sha256 } from '../../core/flags/sha.ts'
import { COLON, hexDigit, ipv4, ipv6, isMapped } from '../../core/ip-address.ts'
import { type Env, isDevelopment } from '../../platform/env.ts'
import { isOfSmallSystem } from './small-systems.ts'

/**
 * @param address of a client, that the gate believes; undefined where it knows none
 * @param asn number of its autonomous system, where Cloudflare says it
 */
export function networkOf(address: string | undefined, env: Env, asn?: unknown): number {
  if (isDevelopment(env)) return NO_NETWORK
  const own = address === undefined ? undefined : prefixOf(address)
  if (own === undefined) return UNKNOWN_NETWORK
  if (own === PRIVATE) return NO_NETWORK
  const isSmall = typeof asn === 'number' && Number.isInteger(asn) && asn > 0 && isOfSmallSystem(asn)
  const prefix = isSmall ? SYSTEM + asn : own
  const [k0, k1] = keyOf(env)
  const hash = halfSipHash(k0, k1, prefix | 0, Math.floor(prefix / TWO_TO_32))
  return hash > UNKNOWN_NETWORK ? hash : hash + UNKNOWN_NETWORK + 1
}

/** A number that only this gate knows, where it has a signing key: positions mixed with it can't be chosen. */
export function visitorSeedOf(env: Env): number {
  return keyOf(env)[2]
}

type NetworkKey = readonly [number, number, number]
let known: { secret: string | undefined; key: NetworkKey } | undefined

/** The isolates of a gate agree. Without a signing key a network can be found out, but only by who can read the counts. */
function keyOf({ SIGNING_KEY: secret }: Env): NetworkKey {
  if (known === undefined || known.secret !== secret) {
    const [a = 0, b = 0, c = 0] = sha256(`sluice networks v1 ${secret ?? ''}`)
    known = { secret, key: [a, b, c] }
  }
  return known.key
}

const TWO_TO_32 = 4_294_967_296
/** Keeps the prefixes of IPv6 apart from those of IPv4. */
const IPV6 = 2 ** 48
const PRIVATE = -1
/** Keeps autonomous systems apart from both: an IPv6 prefix stays below 2 ** 48 + 2 ** 48. */
const SYSTEM = 2 ** 50

/** The first 24 bits of an IPv4 address, the first 48 of an IPv6 address; `PRIVATE`; undefined for no address. */
export function prefixOf(address: string): number | undefined {
  const v4 = ipv4(address)
  if (v4 !== undefined) return prefixOfIpv4(v4)
  const first48 = leadingGroups(address)
  if (first48 !== undefined) return IPV6 + first48
  const groups = ipv6(address)
  if (groups === undefined) return undefined
  const [g0, g1, g2, g3, g4, g5, g6, g7] = groups as Groups
  const isZeroTo5 = (g0 | g1 | g2 | g3 | g4) === 0
  if (isZeroTo5 && g5 === 0 && g6 === 0 && g7 <= 1) return PRIVATE
  // The same host, whichever way it comes: mapped (RFC 4291), by NAT64 (RFC 6052), by 6to4 (RFC 3056).
  if (isMapped(groups)) return prefixOfIpv4(g6 * 65_536 + g7)
  if (g0 === 0x64 && g1 === 0xff9b && (g2 | g3 | g4 | g5) === 0) return prefixOfIpv4(g6 * 65_536 + g7)
  if (g0 === 0x2002) return prefixOfIpv4(g1 * 65_536 + g2)
  // Unique local (RFC 4193) and link local.
  if ((g0 & 0xfe00) === 0xfc00 || (g0 & 0xffc0) === 0xfe80) return PRIVATE
  return IPV6 + g0 * TWO_TO_32 + g1 * 65_536 + g2
}

function prefixOfIpv4(address: number): number {
  const first = address >>> 24
  const second = (address >>> 16) & 255
  const isPrivate =
    first === 10 ||
    first === 127 ||
    first === 0 ||
    (first === 192 && second === 168) ||
    (first === 172 && (second & 0xf0) === 16) ||
    (first === 169 && second === 254) ||
    // Shared address space (RFC 6598): inside a carrier, or a private overlay.
    (first === 100 && (second & 0xc0) === 64)
  return isPrivate ? PRIVATE : address >>> 8
}

/** The first three groups of an IPv6 address that is spelled out so far and begins with a global prefix. */
function leadingGroups(text: string): number | undefined {
  let prefix = 0
  let group = 0
  let digits = 0
  for (let at = 0, groups = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === COLON) {
      // 2000::/3 but for 6to4: all others have a meaning of their own.
      if (digits === 0 || digits > 4 || (groups === 0 && ((group & 0xe000) !== 0x2000 || group === 0x2002)))
        return undefined
      prefix = prefix * 65_536 + group
      if (++groups === 3) return prefix
      group = 0
      digits = 0
    } else {
      const digit = hexDigit(code)
      if (digit < 0) return undefined
      group = group * 16 + digit
      digits++
    }
  }
  return undefined
}

type Groups = [number, number, number, number, number, number, number, number]
/**
 * HalfSipHash-2-4 of the eight bytes of two little-endian words, 32 bits (J.-P. Aumasson, D. J. Bernstein, "SipHash: a
 * fast short-input PRF", 2012, and their reference code). All numbers are 32-bit words.
 */
export function halfSipHash(k0: number, k1: number, first: number, second: number): number {
  let v0 = k0
  let v1 = k1
  let v2 = 0x6c796765 ^ k0
  let v3 = 0x74656462 ^ k1
  let step = 0
  // Two rounds for each word and for the length, four at the end.
  for (let round = 0; round < 10; round++) {
    if ((round & 1) === 0 && round <= 6) {
      const done = step === 1 ? first : step === 2 ? second : step === 3 ? LENGTH : 0
      v0 ^= done
      const word = step === 0 ? first : step === 1 ? second : step === 2 ? LENGTH : 0
      v3 ^= word
      if (step === 3) v2 ^= 0xff
      step++
    }
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
  }
  return (v1 ^ v3) >>> 0
}

/** The last block: the number of bytes, in its highest one. */
const LENGTH = 8 << 24
