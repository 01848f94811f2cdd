/** Origins that a Worker on Cloudflare can't reach, though a gate elsewhere can. */
import { ipv6, looseIpv4 } from '../../ip-address.ts'
import type { GateDocument } from '../schema/document.ts'

const HOST_NAME = /^https?:\/\/(\[[^\]]*\]|[^/:?#]+)/i
const LOCAL_NAME = /^(?:.+\.)?localhost$/

type Place = 'this-machine' | 'address' | 'worker' | 'elsewhere'

/** What the host of a URL is, however it is spelled: 127.0.0.1, 2130706433, 0x7f.1 and [::1] are this machine. */
function placeOf(url: string): Place {
  const [, text = ''] = HOST_NAME.exec(url) ?? []
  const host = text.normalize('NFKC').replaceAll('。', '.').toLowerCase().replace(/\.$/, '')
  const address = host.startsWith('[') ? mappedIpv4(host.slice(1, -1)) : looseIpv4(host)
  if (address !== undefined) return address === 0 || address >>> 24 === 127 ? 'this-machine' : 'address'
  if (host.startsWith('[')) return 'address'
  if (LOCAL_NAME.test(host)) return 'this-machine'
  return host.endsWith('.workers.dev') ? 'worker' : 'elsewhere'
}

/** The IPv4 address that an IPv6 address stands for: ::1 is 127.0.0.1, :: is 0.0.0.0, ::ffff:a.b.c.d is a.b.c.d. */
function mappedIpv4(text: string): number | undefined {
  const groups = ipv6(text) ?? []
  const [high = 0, low = 0] = groups.slice(6)
  if (groups.slice(0, 5).some((group) => group !== 0)) return undefined
  if (groups[5] === 0xffff) return high * 65_536 + low
  return groups[5] === 0 && high === 0 && low <= 1 ? low * 0x7f000001 : undefined
}

/** About each such origin, a sentence without a capital or a period. */
export function originWarnings({ origins }: Pick<GateDocument, 'origins'>): { name: string; text: string }[] {
  return Object.entries(origins).flatMap(([name, { url, binding }]) => {
    if (url === undefined || binding !== undefined) return []
    const place = placeOf(url)
    if (place === 'address')
      return [
        {
          name,
          text: `${url} is an IP address, which a Worker on Cloudflare can't fetch (error 1003): give it a host name, or a binding`,
        },
      ]
    if (place === 'worker')
      return [
        {
          name,
          text: `${url} is a Worker: where it is of the same account as the gate, Cloudflare answers with error 1042; reach it by a service binding`,
        },
      ]
    return []
  })
}

/** Origins that only a gate on the same machine reaches: right while it runs there, and wrong once it is deployed. */
export function localOrigins({ origins }: Pick<GateDocument, 'origins'>): { name: string; text: string }[] {
  return Object.entries(origins).flatMap(([name, { url = '', binding }]) => {
    return placeOf(url) === 'this-machine' && binding === undefined
      ? [{ name, text: `${url} is on this machine: a Worker on Cloudflare can't reach it` }]
      : []
  })
}
