/** Which requests are copied, as far as they say it themselves. */
import type { FlagTarget, ShadowRules } from '../../core/config/compile/route-target.ts'
import { isOfOneBuild } from '../../core/shadow/build-names.ts'
import type { GateRequest } from '../request/gate-request.ts'

/** Parameters that a link which works once has: to follow it here would use it up. */
const ONE_TIME = /[?&](?:code|token|state|ticket|signature)(?:=|&|$)/i
/** The body of a request that is copied waits in memory until the copy is made. */
const LARGEST_BODY_BYTES = 65_536
const COPYABLE_TYPE = /^\s*application\/(?:[\w.+-]*json|x-www-form-urlencoded)\s*(?:;|$)/i

/** What forms and APIs send. An upload is not copied, nor what says no length. */
export function isCopyableBody({ method, headers }: GateRequest, rules: ShadowRules | undefined): boolean {
  const bytes = Number(headers.get('content-length') ?? Number.NaN)
  if (rules?.methods.has(method) !== true || !(bytes <= LARGEST_BODY_BYTES)) return false
  return COPYABLE_TYPE.test(headers.get('content-type') ?? '')
}

export function isMirrorable(request: GateRequest, { methods }: ShadowRules): boolean {
  if (!methods.has(request.method) || ONE_TIME.test(request.address.tail)) return false
  if (isOfOneBuild(request.path)) return false
  if (request.headers.has('upgrade') || request.headers.has('range')) return false
  return request.header('accept')?.includes('text/event-stream') !== true
}

/** Hosts that stand for this site. */
export function hostsOf({ host }: GateRequest, { distinct }: FlagTarget): string[] {
  return [host, ...distinct.map(({ url }) => new URL(url).host)].map((each) => each.toLowerCase())
}
