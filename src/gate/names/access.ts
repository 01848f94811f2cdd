/** How an origin is reached where an ordinary fetch of its URL is not enough. */
import type { Origin } from '../../core/config/compile/route-target.ts'
import { noteInternalError } from '../../platform/internal-errors.ts'
import type { GateRequest } from '../request/gate-request.ts'

/** Where the request goes, without its path: the visitor's own site where the origin gets the visitor's Host. */
export function siteFor({ url, access }: Origin, request: GateRequest): string {
  const isVisitors =
    access?.hasVisitorsHost === true && (access.binding !== undefined || request.isOnCloudflare)
  if (!isVisitors) return url.endsWith('/') ? url.slice(0, -1) : url
  return request.address.site + new URL(url).pathname.replace(/(?<!\/)\/+$/, '')
}

/** Sets the origin's own headers, in place. A secret that the Worker doesn't have is left out, and noted. */
export function setOwnHeaders(headers: Headers, { name, access }: Origin, request: GateRequest): void {
  for (const [field, value] of access?.headers ?? []) {
    const text = typeof value === 'string' ? value : request.secret(value.secret)
    if (text !== undefined) headers.set(field, text)
    else noteInternalError('gate.originHeader', new Error(`origin "${name}": no secret for header ${field}`))
  }
}

type Send = (input: Request | string, init: RequestInit) => Promise<Response>

/** What sends a request to the origin. Throws where the Worker has no such binding. */
export function senderFor(origin: Origin, request: GateRequest): Send {
  const { access, url } = origin
  if (access?.binding !== undefined) {
    const binding = request.fetcher(access.binding)
    if (binding !== undefined) return (input, init) => binding.fetch(input, init)
    const error = new Error(`origin "${origin.name}": the Worker has no binding ${access.binding}`)
    noteInternalError('gate.binding', error)
    throw error
  }
  if (access?.hasVisitorsHost && request.isOnCloudflare) {
    const cf = { resolveOverride: new URL(url).hostname }
    return (input, init) => fetch(input, { ...init, cf })
  }
  return (input, init) => fetch(input, init)
}
