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
 * A name counts by its end (`id_token`, `accessToken`, `user[reset_token]`). Bounded, so that a long query costs no time.
 */
const ONE_TIME = new RegExp(
  `(?:^\\?|&)(?:${[
    'code|state|sig|otp|jwt|hmac',
    'saml\\w{0,24}',
    '[^=&]{0,64}(?:token|ticket|signature|nonce|verifier)',
    '[^=&]{0,64}[_.-](?:sig|otp|jwt|hmac)',
    '[^=&]{0,64}(?:auth|authorization|oob|device|user|login|reset|magic|one_?time|otp)[_-]?code',
    '[^=&]{0,64}(?:verif|activat|confirm|invit)\\w{0,12}[_-]?code',
  ].join('|')})(?:\\]|%5d)?=`,
  'i',
)

export function isOneTime({ address: { tail } }: GateRequest): boolean {
  const query = tail.indexOf('?')
  return query >= 0 && ONE_TIME.test(tail.slice(query))
}

/** What a failure proves by the other origin's answer. */
export function pairedBy(answer: OriginAnswer): PairedAs {
  if (answer.kind === 'abandoned') return 'unasked'
  return answer.failure === undefined ? 'discordant' : 'shared'
}
