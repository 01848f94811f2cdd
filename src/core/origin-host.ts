/** One spelling for hosts of origins: URLs have many for the same server. */
import { ipv6, looseIpv4 } from './ip-address.ts'

const PLACE = /^https?:\/\/(\[[^\]]*\]|[^/:?#]+)(?::(\d*))?/i
const LOCAL_NAME = /^(?:.+\.)?localhost$/
/** Characters that URL parsers leave out of hosts (UTS 46). */
const IGNORED = /\p{Default_Ignorable_Code_Point}/gu

/**
 * The host of an origin's URL in its normal form, as URL parsers read it: lower case, without a last dot, IPv4 in four
 * decimal parts, and every name and address of this machine as `localhost`. Empty for what is no URL.
 *
 * @example originHost('http://0x7f.1:5302/shop') // 'localhost'
 */
export function originHost(url: string): string {
  const [, text = ''] = PLACE.exec(url) ?? []
  const plain = text.replace(IGNORED, '').normalize('NFKC').toLowerCase().normalize('NFKC')
  const host = plain.replaceAll('。', '.').replace(/\.$/, '')
  const address = host.startsWith('[') ? mappedIpv4(host.slice(1, -1)) : looseIpv4(host)
  if (address === undefined) {
    if (LOCAL_NAME.test(host)) return 'localhost'
    return host.startsWith('[') ? `[${(ipv6(host.slice(1, -1)) ?? []).join(':')}]` : host
  }
  if (address === 0 || address >>> 24 === 127) return 'localhost'
  return [24, 16, 8, 0].map((bits) => (address >>> bits) & 255).join('.')
}

/**
 * Where an origin's URL leads: host and port. The scheme makes it no other place, nor do the ports 80 and 443.
 *
 * @example originPlace('https://Shop.example.:443/a') === originPlace('http://shop.example')
 */
export function originPlace(url: string): string {
  const [, , port = ''] = PLACE.exec(url) ?? []
  const isUsual = port === '' || Number(port) === 80 || Number(port) === 443
  return `${originHost(url)}${isUsual ? '' : `:${Number(port)}`}`
}

/** The IPv4 address that an IPv6 address stands for: ::1 is 127.0.0.1, :: is 0.0.0.0, ::ffff:a.b.c.d is a.b.c.d. */
function mappedIpv4(text: string): number | undefined {
  const groups = ipv6(text) ?? []
  const [high = 0, low = 0] = groups.slice(6)
  if (groups.slice(0, 5).some((group) => group !== 0)) return undefined
  if (groups[5] === 0xffff) return high * 65_536 + low
  return groups[5] === 0 && high === 0 && low <= 1 ? low * 0x7f000001 : undefined
}
