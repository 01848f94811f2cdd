/**
 * IP addresses as numbers. IPv4 in four decimal parts only, but for `looseIpv4`: systems disagree on "010.0.0.1" and
 * "127.1". IPv6 in every spelling of RFC 4291, with or without a zone.
 */

const DOT = 46
export const COLON = 58
const PERCENT = 37
const ZERO = 48

/** A dotted address from `start` to the end of the text, as an unsigned number. */
export function ipv4(text: string, start = 0): number | undefined {
  let address = 0
  let part = -1
  let dots = 0
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === DOT) {
      if (part < 0) return undefined
      address = address * 256 + part
      part = -1
      dots++
    } else {
      const digit = code - ZERO
      if (digit < 0 || digit > 9 || part === 0) return undefined
      part = part < 0 ? digit : part * 10 + digit
      if (part > 255) return undefined
    }
  }
  return dots === 3 && part >= 0 ? address * 256 + part : undefined
}

/** The value of a hex digit; −1 for any other character. */
export function hexDigit(code: number): number {
  if (code >= ZERO && code <= 57) return code - ZERO
  const letter = (code | 32) - 97
  return letter >= 0 && letter < 6 ? letter + 10 : -1
}

const GROUPS = 8

/** The groups of an IPv6 address in any spelling, with or without a zone. */
export function ipv6(text: string): number[] | undefined {
  const groups: number[] = []
  let gap = -1
  let at = 0
  if (text.charCodeAt(0) === COLON) {
    if (text.charCodeAt(1) !== COLON) return undefined
    gap = 0
    at = 2
  }
  while (at < text.length && text.charCodeAt(at) !== PERCENT) {
    const end = endOfGroup(text, at)
    if (text.charCodeAt(end) === DOT) {
      const percent = text.indexOf('%', at)
      const v4 = ipv4(percent < 0 ? text : text.slice(0, percent), at)
      if (v4 === undefined) return undefined
      groups.push(v4 >>> 16, v4 & 0xffff)
      break
    }
    if (end === at || end - at > 4) return undefined
    groups.push(Number.parseInt(text.slice(at, end), 16))
    at = end
    if (text.charCodeAt(at) !== COLON) continue
    at++
    if (text.charCodeAt(at) === COLON) {
      if (gap >= 0) return undefined
      gap = groups.length
      at++
    } else if (at === text.length || text.charCodeAt(at) === PERCENT) return undefined
    if (groups.length > GROUPS) return undefined
  }
  return spread(groups, gap)
}

/** The index of the first character from `at` on that is no hex digit; a stray one ends in an empty group. */
function endOfGroup(text: string, at: number): number {
  let end = at
  for (; end < text.length; end++) {
    if (hexDigit(text.charCodeAt(end)) < 0) break
  }
  const code = text.charCodeAt(end)
  return end === text.length || code === COLON || code === DOT || code === PERCENT ? end : at
}

/** Eight groups: `::` at `gap` stands for the zeros that are missing. */
function spread(groups: number[], gap: number): number[] | undefined {
  if (gap < 0) return groups.length === GROUPS ? groups : undefined
  if (groups.length >= GROUPS) return undefined
  while (groups.length < GROUPS) groups.splice(gap, 0, 0)
  return groups
}

/**
 * The 16-bit groups of an address: two of IPv4, eight of IPv6; undefined for other texts. An IPv4-mapped IPv6 address
 * (RFC 4291, 2.5.5.2) is the IPv4 address.
 *
 * @example groupsOf('::ffff:10.0.0.1') // [2560, 1]
 */
export function groupsOf(text: string): readonly number[] | undefined {
  const v4 = ipv4(text)
  if (v4 !== undefined) return [v4 >>> 16, v4 & 0xffff]
  const groups = ipv6(text)
  return groups && isMapped(groups) ? groups.slice(6) : groups
}

/** Whether IPv6 groups hold an IPv4 address. */
export function isMapped(groups: readonly number[]): boolean {
  return groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0)
}

const IPV4_PART = /^(?:0x[\da-f]*|0[0-7]*|[1-9]\d*)$/i

/**
 * IPv4 as URL parsers read it: up to four parts, decimal, octal or hexadecimal; the last fills what is left.
 *
 * @returns the address as a number; undefined for what is none
 * @example looseIpv4('0x7f.1') === looseIpv4('127.0.0.1')
 */
export function looseIpv4(host: string): number | undefined {
  const parts = host.split('.')
  if (parts.length > 4 || !parts.every((part) => IPV4_PART.test(part))) return undefined
  const numbers = parts.map((part) =>
    Number(/^0[0-7]+$/.test(part) ? `0o${part}` : /^0x$/i.test(part) ? 0 : part),
  )
  const last = numbers.pop() ?? 0
  if (numbers.some((number) => number > 255) || last >= 256 ** (4 - numbers.length)) return undefined
  return numbers.reduce((sum, number, index) => sum + number * 256 ** (3 - index), last)
}
