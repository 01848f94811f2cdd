import { groupsOf } from '../ip-address.ts'

/** An IPv6 customer has a network of this size at the least, and can send from any address in it. */
const IPV6_GROUPS = 4

/**
 * Under what name an address is limited: an IPv4 address by itself, IPv6 by its /64.
 *
 * @example senderOf('2001:db8:1:2:3::4') // '2001:db8:1:2::/64'
 */
export function senderOf(ip: string): string {
  const groups = groupsOf(ip)
  if (groups === undefined) return ip
  if (groups.length === 2) return groups.flatMap((group) => [group >>> 8, group & 255]).join('.')
  const network = groups.slice(0, IPV6_GROUPS).map((group) => group.toString(16))
  return `${network.join(':')}::/64`
}
