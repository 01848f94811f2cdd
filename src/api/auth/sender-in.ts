import { senderOf } from '../../core/limits/sender.ts'
import { GateRequest } from '../../gate/request/gate-request.ts'
import type { Env } from '../../platform/env.ts'

/** Under what name the sender of a request is limited; undefined where the address is not known. */
export function senderIn(raw: Request, env: Env, trustedProxies: number): string | undefined {
  const request = new GateRequest(raw, env, Date.now())
  request.trustedProxies = trustedProxies
  const { ip } = request.from
  return ip === undefined ? undefined : senderOf(ip)
}
