import type { GateRequest } from './gate-request.ts'

const IDENTITY_COOKIE = 'sluice_id'

/** Browsers keep cookies for 400 days at most. */
const MAX_AGE_SECONDS = 400 * 24 * 3600
const LONGEST_ID = 128

/** The anonymous id of one visitor: the one that the request brings, or a new one. */
export class AnonymousIdentity {
  readonly #request: GateRequest
  #issued: string | undefined

  constructor(request: GateRequest) {
    this.#request = request
  }

  /** The visitor's id; for a new visitor, issued at the first call. */
  key(): string {
    const brought = this.#request.cookie(IDENTITY_COOKIE)
    if (brought && brought.length <= LONGEST_ID) return brought
    this.#issued ??= crypto.randomUUID()
    return this.#issued
  }

  /** The Set-Cookie value of an id that was issued for this request, if one was. */
  setCookie(): string | undefined {
    if (this.#issued === undefined) return undefined
    return `${IDENTITY_COOKIE}=${this.#issued}; Max-Age=${MAX_AGE_SECONDS}; ${cookieAttributes(this.#request.host)}`
  }
}

/** Attributes of the gate's cookies, for a host with or without port. */
export function cookieAttributes(host: string): string {
  return `Path=/; HttpOnly; SameSite=Lax${isLocalhost(host.replace(/:\d+$/, '')) ? '' : '; Secure'}`
}

/** Some browsers refuse Secure cookies from localhost over plain http. */
export function isLocalhost(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(\.\d+){3}$/.test(hostname)
  )
}
