/** Which requests both origins of a comparison can be asked, and what their answers prove (core/outcome/outcome.ts). */
import type { FlagTarget } from '../../core/config/compile/route-target.ts'
import type { PairedAs } from '../../core/outcome/outcome.ts'
import type { GateRequest } from '../request/gate-request.ts'
import type { OriginAnswer } from './fetch-origin.ts'

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Whether both origins can be asked a request: it changes nothing, has no body, and the document allows it. */
export function isPairable(request: GateRequest, { rescued, distinct }: FlagTarget): boolean {
  const { method } = request
  if (!SAFE_METHODS.has(method) || !rescued.has(method) || distinct.length < 2) return false
  return !request.hasBody && !isUpgrade(request)
}

/** Whether a request asks for another protocol: that it gets none may be the visitor's doing. */
export function isUpgrade({ headers }: GateRequest): boolean {
  return headers.has('upgrade')
}

/**
 * Parameters whose value serves once: asked a second time, the URL fails. Such requests take no part in the comparison.
 * A name counts by its end (`id_token`, `accessToken`, `user[reset_token]`).
 */
const ONE_TIME =
  /[?&](?:code|state|sig|otp|jwt|hmac|saml\w*|[^=&]*(?:token|ticket|signature|nonce|verifier)|[^=&]*[_.-](?:sig|otp|jwt|hmac)|[^=&]*(?:auth|authorization|oob|verif\w*|device|user|login|reset|activat\w*|confirm\w*|invit\w*|magic|one_?time|otp)[_-]?code)(?:\]|%5d)?=/i

export function isOneTime({ address: { tail } }: GateRequest): boolean {
  return tail.includes('?') && ONE_TIME.test(tail)
}

/** What a failure proves by the other origin's answer. */
export function pairedBy(answer: OriginAnswer): PairedAs {
  if (answer.kind === 'abandoned') return 'unasked'
  return answer.failure === undefined ? 'discordant' : 'shared'
}
