/** Origins that a Worker on Cloudflare can't reach, though a gate elsewhere can. */
import type { GateDocument } from '../schema/document.ts'

const HOST_NAME = /^https?:\/\/(\[[^\]]*\]|[^/:?#]+)/i
const IP_ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[\da-f:.]+\])$/i
const THIS_MACHINE = /^(?:127\.|\[::1\]$|0\.0\.0\.0$)/
const LOCAL_NAME = /^(?:.+\.)?localhost$/i

/** About each such origin, a sentence without a capital or a period. */
export function originWarnings({ origins }: Pick<GateDocument, 'origins'>): { name: string; text: string }[] {
  return Object.entries(origins).flatMap(([name, { url, binding }]) => {
    if (url === undefined || binding !== undefined) return []
    const [, hostname = ''] = HOST_NAME.exec(url) ?? []
    if (IP_ADDRESS.test(hostname) && !THIS_MACHINE.test(hostname))
      return [
        {
          name,
          text: `${url} is an IP address, which a Worker on Cloudflare can't fetch (error 1003): give it a host name, or a binding`,
        },
      ]
    if (hostname.endsWith('.workers.dev'))
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
    const [, hostname = ''] = HOST_NAME.exec(url) ?? []
    const isLocal = (IP_ADDRESS.test(hostname) && THIS_MACHINE.test(hostname)) || LOCAL_NAME.test(hostname)
    return isLocal && binding === undefined
      ? [{ name, text: `${url} is on this machine: a Worker on Cloudflare can't reach it` }]
      : []
  })
}
