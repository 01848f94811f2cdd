/** IP addresses and CIDR ranges. */
import ipaddr from 'ipaddr.js'

export type AddressRange = [ipaddr.IPv4 | ipaddr.IPv6, number]

/** Whether a text is an address in one of the ranges. */
export function isInRanges(text: string, ranges: readonly AddressRange[]): boolean {
  if (!isAddress(text)) return false
  const address = ipaddr.process(text)
  return ranges.some((range) => range[0].kind() === address.kind() && address.match(range))
}

/** IPv4 in four decimal parts only: systems disagree on "010.0.0.1" and "127.1". */
function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text)
}

/** Parses an address or a CIDR range; undefined for other texts. */
export function toAddressRange(text: string): AddressRange | undefined {
  if (ipaddr.IPv4.isValidCIDRFourPartDecimal(text) || ipaddr.IPv6.isValidCIDR(text)) {
    return asIPv4(ipaddr.parseCIDR(text))
  }
  if (!isAddress(text)) return undefined
  const address = ipaddr.process(text)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}

/** IPv4-mapped IPv6 addresses and ranges compare as IPv4. */
function asIPv4(range: AddressRange): AddressRange {
  const [address, bits] = range
  if (!(address instanceof ipaddr.IPv6) || bits < 96 || !address.isIPv4MappedAddress()) return range
  return [address.toIPv4Address(), bits - 96]
}
