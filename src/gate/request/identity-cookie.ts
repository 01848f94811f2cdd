/** The `sluice_id` cookie: who an anonymous visitor is, and what may be concluded from it. */
import type { KeyStanding } from '../../core/context/attributes.ts'
import { isCrawler } from '../../core/context/crawler.ts'
import type { CookieSettings } from '../../core/context/identity.ts'
import type { AnonymousVisitor } from '../../core/context/request-context.ts'
import type { GateRequest } from './gate-request.ts'
import type { Address } from './url-parts.ts'
import { LIFE_DAYS, placeOf, type VisitorIds } from './visitor-ids.ts'

const IDENTITY_COOKIE = 'sluice_id'

/** Browsers keep cookies for 400 days at most. */
const MAX_AGE_SECONDS = LIFE_DAYS * 24 * 3_600
const LONGEST_UNSIGNED = 128
/** What the gate gave out before ids were signed. */
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * `signed`: the gate's own. `issued`: new with this request. `unsigned`: brought to a gate without a signing key.
 * `legacy`: from before ids were signed; it keeps its place for a while. `replaced`: the visitor brought one that is not
 * the gate's.
 *
 * Those without an id have no place in any split, so all of their requests get the same version. `withheld`: the browser
 * kept its cookies back, so it may have one; or its page, which left some, asks without. `crawler`: it keeps no cookies. `unasked`: the document gives out none.
 */
export type IdentityStanding = 'signed' | 'issued' | 'unsigned' | 'legacy' | 'replaced' | Idless

type Idless = 'withheld' | 'crawler' | 'unasked'

type Identity =
  | { key: string; standing: Exclude<IdentityStanding, Idless>; cookie: string | undefined }
  | { key: undefined; standing: Idless; cookie: undefined }

/** An id that was just issued is the gate's choice, not the visitor's. */
const KEY_STANDING: Readonly<Record<IdentityStanding, KeyStanding>> = {
  signed: 'proven',
  issued: 'proven',
  unsigned: 'unproven',
  legacy: 'excluded',
  replaced: 'excluded',
  withheld: 'excluded',
  crawler: 'excluded',
  unasked: 'excluded',
}

/** Ids that a visitor had before this request. */
const BROUGHT: ReadonlySet<IdentityStanding> = new Set(['signed', 'unsigned', 'legacy'])

const isGiven = (value: string) => value !== ''

/** How a gate reads ids. */
export type IdRules = {
  /** Undefined: the gate has no signing key. */
  ids: VisitorIds | undefined
  /** Until when ids from before the upgrade keep their place, ms since 1970. */
  legacyUntilMs: number
  cookies: CookieSettings
  /** Whether a page asks without the cookies that its document left. */
  isWithheld: () => boolean
}

/** The anonymous id of one visitor: the one that the request brings, or a new one. */
export class AnonymousIdentity implements AnonymousVisitor {
  readonly #request: GateRequest
  readonly #rules: IdRules
  #found: Identity | undefined

  constructor(request: GateRequest, rules: IdRules) {
    this.#request = request
    this.#rules = rules
  }

  /** The visitor's id; for a new visitor, issued at the first call. Undefined for one who gets none. */
  key(): string | undefined {
    return this.#identity.key
  }

  /** The id that the visitor brings, if it counts. */
  broughtKey(): string | undefined {
    return this.#request.cookie(IDENTITY_COOKIE, isGiven) && BROUGHT.has(this.standing)
      ? this.key()
      : undefined
  }

  get standing(): IdentityStanding {
    return this.#identity.standing
  }

  keyStanding(): KeyStanding {
    return KEY_STANDING[this.#identity.standing]
  }

  /** Whether the id was made for this request: none was ever routed by it. False until the id is asked for. */
  get isNew(): boolean {
    return this.#found !== undefined && !BROUGHT.has(this.#found.standing)
  }

  /** The Set-Cookie value of an id that was issued, or signed anew, for this request; undefined for none. */
  setCookie(): string | undefined {
    const cookie = this.#found?.cookie
    if (cookie === undefined) return undefined
    return `${IDENTITY_COOKIE}=${cookie}; Max-Age=${MAX_AGE_SECONDS}; ${cookieAttributes(this.#request.address, this.#rules.cookies)}`
  }

  get #identity(): Identity {
    this.#found ??= this.#find(this.#request.cookie(IDENTITY_COOKIE, isGiven))
    return this.#found
  }

  #find(brought: string | undefined): Identity {
    const { ids, legacyUntilMs, cookies, isWithheld } = this.#rules
    const { nowMs } = this.#request
    if (!cookies.areGiven) return idless('unasked')
    if (brought === undefined) {
      if (withholdsCookies(this.#request) || isWithheld()) return idless('withheld')
      return isCrawler(this.#request.header('user-agent')) ? idless('crawler') : this.#issue('issued')
    }
    if (ids === undefined) {
      if (brought.length > LONGEST_UNSIGNED) return this.#issue('issued')
      // A gate that has lost its key knows its visitors' places still.
      return { key: placeOf(brought) ?? brought, standing: 'unsigned', cookie: undefined }
    }
    const id = ids.read(brought, nowMs) ?? this.#readAnother(ids)
    if (id !== undefined) return { key: id.key, standing: 'signed', cookie: id.cookie }
    if (nowMs < legacyUntilMs && UUID.test(brought))
      return { key: brought, standing: 'legacy', cookie: undefined }
    return this.#issue('replaced')
  }

  /** Another host of the domain can put a cookie of this name before the gate's. */
  #readAnother(ids: VisitorIds): ReturnType<VisitorIds['read']> {
    const { nowMs } = this.#request
    const own = this.#request.cookie(IDENTITY_COOKIE, (value) => ids.read(value, nowMs) !== undefined)
    return own === undefined ? undefined : ids.read(own, nowMs)
  }

  #issue(standing: Exclude<IdentityStanding, Idless>): Identity {
    const { ids } = this.#rules
    if (ids !== undefined) return { ...ids.issue(this.#request.nowMs), standing }
    const key = crypto.randomUUID()
    return { key, standing, cookie: key }
  }
}

function idless(standing: Idless): Identity {
  return { key: undefined, standing, cookie: undefined }
}

/**
 * Whether the browser kept SameSite=Lax cookies back: from another site it sends them with nothing but a navigation of the
 * whole tab by a safe method. To answer such a request with a cookie would replace the one that the visitor has.
 */
export function withholdsCookies(request: GateRequest): boolean {
  if (request.header('sec-fetch-site') !== 'cross-site') return false
  if (!request.isRead) return true
  const dest = request.header('sec-fetch-dest') ?? 'document'
  return request.header('sec-fetch-mode') !== 'navigate' || dest !== 'document'
}

/** Attributes of the gate's cookies, for where a visitor is: the host may have a port. */
export function cookieAttributes(
  { host, protocol }: Pick<Address, 'host' | 'protocol'>,
  { domain }: CookieSettings,
): string {
  const hostname = host.replace(/:\d+$/, '')
  // A browser refuses a domain that the host is not in.
  const shared = domain !== undefined && isWithin(hostname, domain) ? `; Domain=${domain}` : ''
  return `Path=/; HttpOnly; SameSite=Lax${protocol === 'https' ? '; Secure' : ''}${shared}`
}

/** Whether a host is a domain, or one of its subdomains. */
export function isWithin(hostname: string, domain: string): boolean {
  return hostname === domain || hostname.endsWith(`.${domain}`)
}

/** Whether a host is this machine, where browsers refuse cookies of a domain. */
export function isLocalhost(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(\.\d+){3}$/.test(hostname)
  )
}
