/** IP addresses and CIDR ranges. */
import { groupsOf } from '../ip-address.ts'

const GROUP_BITS = 16

/** The first `bits` bits of the groups of an address. */
export type AddressRange = { groups: readonly number[]; bits: number }

/** Whether a text is an address in one of the ranges. */
export function isInRanges(text: string, ranges: readonly AddressRange[]): boolean {
  const address = groupsOf(text)
  return address !== undefined && ranges.some((range) => contains(range, address))
}

function contains({ groups, bits }: AddressRange, address: readonly number[]): boolean {
  if (groups.length !== address.length) return false
  return groups.every((group, at) => {
    const ignoredBits = Math.min(GROUP_BITS, Math.max(0, GROUP_BITS * (at + 1) - bits))
    return group >>> ignoredBits === (address[at] ?? 0) >>> ignoredBits
  })
}

/** Parses an address or a CIDR range; undefined for other texts. IPv4-mapped IPv6 ranges are ranges of IPv4. */
export function toAddressRange(text: string): AddressRange | undefined {
  const [, start = text, length] = /^(.+)\/(\d+)$/.exec(text) ?? []
  const groups = groupsOf(start)
  if (groups === undefined) return undefined
  const isV4 = groups.length === 2
  if (length === undefined) return { groups, bits: groups.length * GROUP_BITS }
  const isWrittenAsV6 = start.includes(':')
  const bits = Number(length)
  if (bits > (isWrittenAsV6 ? 128 : 32)) return undefined
  if (!isV4 || !isWrittenAsV6) return { groups, bits }
  // A range that holds all IPv4-mapped addresses, and others, matches none: addresses that are mapped count as IPv4.
  return bits < 96 ? { groups: MAPPED, bits } : { groups, bits: bits - 96 }
}

const MAPPED: readonly number[] = [0, 0, 0, 0, 0, 0xffff, 0, 0]
