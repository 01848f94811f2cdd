/** Origins that a Worker on Cloudflare can't reach, though a gate elsewhere can. */
import { ipv4 } from '../../ip-address.ts'
import { originHost } from '../../origin-host.ts'
import type { GateDocument } from '../schema/document.ts'

type Place = 'this-machine' | 'address' | 'worker' | 'elsewhere'

/** What the host of a URL is, however it is spelled: 127.0.0.1, 2130706433, 0x7f.1 and [::1] are this machine. */
function placeOf(url: string): Place {
  const host = originHost(url)
  if (host === 'localhost') return 'this-machine'
  if (host.startsWith('[') || ipv4(host) !== undefined) return 'address'
  return host.endsWith('.workers.dev') ? 'worker' : 'elsewhere'
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
