/**
 * Page affinity: what a page loads comes from the version that the page came from. Each document is decided anew; its
 * scripts, styles, images, frames, fetches and form submissions follow it, whatever percentages have become since.
 *
 * Requests don't say which document they belong to. They carry the document's URL (Referer), and the gate, which has no
 * memory of visitors, keeps a session cookie: each document leaves an entry with a hash of its URL, flag and variant,
 * newest first; pages of one version share its name, so that many fit. The Referer of a request finds the entry; where it names no known document (a module that imports
 * another, a URL that the app set with pushState, a referrer policy), the newest document of the same flag counts, of
 * those that have been shown: a browser may have fetched others ahead. Where the page's framework goes on to another address
 * without a document, its request for data names that address, and leaves an entry too. docs/invisible.md lists what this can't tell, and what catches it.
 *
 * A visitor can write cookies, so an entry decides only what chance would: it can bring back `off`, or the other side
 * of a percentage for which the visitor qualifies. It opens nothing that targeting, rollback or kill closes.
 */

import type { FlagTarget, RouteTarget } from '../../core/config/compile/route-target.ts'
import { findTarget, type Snapshot } from '../../core/config/compile/snapshot.ts'
import type { CookieSettings } from '../../core/context/identity.ts'
import { type Decision, NOT_COMPARED } from '../../core/decision/decide.ts'
import type { CompiledFlag } from '../../core/flags/flag.ts'
import { murmur3 } from '../../core/flags/murmur3.ts'
import { remembered } from '../../core/remembered.ts'
import type { GateRequest } from '../request/gate-request.ts'
import { cookieAttributes, isWithin } from '../request/identity-cookie.ts'
import { type Address, addressIn } from '../request/url-parts.ts'
import { dataRequestOf } from './framework-data.ts'

const PAGES_COOKIE = 'sluice_pages'
/** With its name. Origins never see it, but servers before the gate may bound headers, and each request carries it. */
const LONGEST_COOKIE = 400
/** What older gates set was longer. */
const LONGEST_READ = 3_000
/** Names of this form are in the cookie as they are; of others, which cookies can't hold or that are long, a hash. */
const SHORT_NAME = /^\*?[\w.~:/-]{0,16}$/
/** Hashes of pages. A visitor's cookie may decode to anything. */
const PAGE_IDS = /^[\w.]+$/
/** Marks a page that has not been shown yet. */
const AHEAD = 'p'

/** Policies under which the Referer names the site alone. Of several policies the last one counts. */
const ORIGIN_ONLY = /(?:^|,)\s*(?:strict-)?origin\s*$/i

/**
 * The version that a page came from; flag and variant, by the names that the cookie has for them, are empty for a page of a
 * route without a flag.
 */
type Entry = { page: string; flag: string; variant: string; isAhead: boolean }

/** The cookie's name for a flag or a variant. */
const nameOf = remembered((name) => (SHORT_NAME.test(name) ? name : `*${murmur3(name, 0).toString(36)}`))

/** What a request's page says about it: the target to decide by, and the variant to keep. */
export type PageAffinity = { target: FlagTarget; variant: string }

/** `page` is a document by itself; `frame` and `submission` are documents that belong to the one before. */
export type PageRole = 'page' | 'frame' | 'submission' | 'part' | 'foreign'

/** Documents inside another. (A page that a service worker fetches has the destination "empty".) */
const FRAMES = ['iframe', 'frame', 'fencedframe', 'object', 'embed']

/** What a request is to the page it comes from; without fetch metadata (old browsers, tools), by its Accept header. */
export function pageRoleOf(request: GateRequest, cookies?: CookieSettings): PageRole {
  const mode = request.header('sec-fetch-mode')
  if (mode === undefined) {
    return request.method === 'GET' && request.header('accept')?.includes('text/html') ? 'page' : 'part'
  }
  const sameOrigin = isOwnSite(request, cookies)
  if (mode !== 'navigate') return sameOrigin ? 'part' : 'foreign'
  if (sameOrigin && request.method !== 'GET') return 'submission'
  return sameOrigin && FRAMES.includes(request.header('sec-fetch-dest') ?? '') ? 'frame' : 'page'
}

/** Whether a request comes from a page of the hosts that share the gate's cookies. */
function isOwnSite(request: GateRequest, cookies: CookieSettings | undefined): boolean {
  const site = request.header('sec-fetch-site')
  return site === 'same-origin' || (site === 'same-site' && isShared(request.host, cookies))
}

/** Whether a host, with or without port, shares the gate's cookies with others. */
function isShared(host: string, cookies: CookieSettings | undefined): boolean {
  return cookies?.domain !== undefined && isWithin(host.replace(/:\d+$/, ''), cookies.domain)
}

/** Whether a browser asks for a page that it may never show. */
export function isFetchedAhead(request: GateRequest): boolean {
  const purpose =
    request.header('sec-purpose') ??
    request.header('purpose') ??
    request.header('x-moz') ??
    request.header('x-purpose')
  return purpose !== undefined && /\bpre(?:fetch|render|view)\b/i.test(purpose)
}

/** The affinity of a request to its page; undefined where it has none, or its route doesn't follow pages. */
export function affinityOf(
  request: GateRequest,
  role: PageRole,
  own: RouteTarget,
  snapshot: Snapshot,
): PageAffinity | undefined {
  if (role === 'page' || role === 'foreign' || !own.follows) return undefined
  const found = affinityOfPage(request, snapshot)
  if (found === undefined) return affinityOfPlainPage(request, own, snapshot)
  const { target, variant } = found
  if (own.kind === 'flag' && own.flag.key === target.flag.key) return { target: own, variant }
  const origin = target.origins.get(variant)
  const options = own.kind === 'flag' ? own.distinct : [own.origin]
  // Where a route chooses among the page's origins, the page has chosen already; it doesn't choose among others.
  const isShared = origin !== undefined && options.some((option) => target.distinct.includes(option))
  return isShared ? found : undefined
}

/**
 * A page without a flag that goes on to one with a flag, by its framework: its code came from the stable origin, so the data comes
 * from there too. A document, which brings its code along, would be decided anew.
 */
function affinityOfPlainPage(
  request: GateRequest,
  own: RouteTarget,
  snapshot: Snapshot,
): PageAffinity | undefined {
  if (own.kind === 'origin' || dataRequestOf(request) === undefined) return undefined
  const page = targetOfPage(refererOf(request, snapshot.cookies), snapshot)
  return page?.kind === 'origin' && page.origin === own.stable
    ? { target: own, variant: own.flag.off }
    : undefined
}

/** The decision, or the page's variant where the two could differ by chance only. */
export function keepToPage(
  affinity: PageAffinity | undefined,
  decision: Decision,
  byChance: (flag: CompiledFlag) => ReadonlySet<string>,
): Decision {
  if (affinity === undefined || affinity.variant === decision.variant) return decision
  const { flag } = affinity.target
  const mayReturn = affinity.variant === flag.off && decision.reason !== 'OVERRIDE'
  const value = flag.values.get(affinity.variant)
  if (value === undefined) return decision
  // The cookie is the visitor's word: it opens nothing that only targeting gives.
  if (!mayReturn && !(decision.reason === 'SPLIT' && byChance(flag).has(affinity.variant))) return decision
  // Not what the split says now: neither canary nor control.
  return { ...decision, variant: affinity.variant, value, rule: undefined, placement: NOT_COMPARED }
}

/** The decision of any flag: the page's variant counts for the flag that the page was decided by. */
export function asOnPage(
  affinity: PageAffinity | undefined,
  decision: Decision,
  byChance: (flag: CompiledFlag) => ReadonlySet<string>,
): Decision {
  return affinity?.target.flag.key === decision.flag ? keepToPage(affinity, decision, byChance) : decision
}

/** The Set-Cookie value that records a document's version; undefined where the cookie has it already. */
export function pageCookie(
  request: GateRequest,
  { flag, variant, referrerPolicy }: { flag: string; variant: string; referrerPolicy: string | null },
  cookies: CookieSettings,
): string | undefined {
  if (flag === '' && entriesOf(request).length === 0) return undefined
  const tail = ORIGIN_ONLY.test(referrerPolicy ?? '') ? '/' : request.address.tail
  const page = pageId(tail, request.host, cookies)
  return cookieWith(entryOf(page, flag, variant, isFetchedAhead(request)), request, cookies)
}

/**
 * The Set-Cookie value that makes a page which was fetched ahead the newest: its own request says that it is shown.
 * Undefined for any other request.
 */
export function shownPageCookie(request: GateRequest, cookies: CookieSettings): string | undefined {
  if (!request.header('cookie')?.includes(`|${AHEAD}`) || isFetchedAhead(request)) return undefined
  const referer = refererOf(request, cookies)
  const id = referer && idOf(referer, request, cookies)
  const shown = entriesOf(request).find((entry) => entry.page === id)
  return shown?.isAhead ? cookieWith({ ...shown, isAhead: false }, request, cookies) : undefined
}

/**
 * The Set-Cookie value that records the address which a page shows next, as its framework asks for that page's data: what it
 * loads and sends from there belongs to the version that the data came from. Undefined for any other request.
 */
export function nextPageCookie(
  request: GateRequest,
  { flag, variant }: { flag: string; variant: string },
  cookies: CookieSettings,
): string | undefined {
  const next = dataRequestOf(request)?.next
  if (next === undefined) return undefined
  return cookieWith(entryOf(pageId(next, request.host, cookies), flag, variant), request, cookies)
}

function entryOf(page: string, flag: string, variant: string, isAhead = false): Entry {
  return { page, flag: nameOf(flag), variant: nameOf(variant), isAhead }
}

/**
 * The Set-Cookie value with an entry as the newest, and as many of the others as fit; undefined where the cookie is so already.
 * The version with the most pages gives up its oldest, so that no other loses the page of an open tab to it; of equal ones the
 * version that was used longest ago.
 */
function cookieWith(entry: Entry, request: GateRequest, cookies: CookieSettings): string | undefined {
  const entries = entriesOf(request)
  const known = entries.find(({ page }) => page === entry.page)
  const isSame = known?.flag === entry.flag && known.variant === entry.variant
  if (isSame && (entry.isAhead || (known === entries[0] && !known.isAhead))) return undefined
  const others = entries.filter(({ page }) => page !== entry.page)
  const versions = new Map<string, string[]>()
  for (const { page, flag, variant, isAhead } of [entry, ...others]) {
    const version = `${flag}|${variant}${isAhead ? `|${AHEAD}` : ''}`
    versions.set(version, [...(versions.get(version) ?? []), page])
  }
  const pair = () =>
    `${PAGES_COOKIE}=${Array.from(versions, ([version, pages]) => `${pages.join('.')}|${version}`).join('!')}`
  while (pair().length > LONGEST_COOKIE) {
    const [version, pages] = [...versions].reduce((a, b) => (a[1].length > b[1].length ? a : b))
    if (pages.length === 1) versions.delete(version)
    else pages.pop()
  }
  return `${pair()}; ${cookieAttributes(request.address, cookies)}`
}

/** The version that the page of a request came from, whatever the request is for. */
export function affinityOfPage(request: GateRequest, snapshot: Snapshot): PageAffinity | undefined {
  const entries = entriesOf(request)
  if (entries.length === 0) return undefined
  const { cookies } = snapshot
  const referer = refererOf(request, cookies)
  if (referer === undefined) return undefined
  const id = referer && idOf(referer, request, cookies)
  const target = targetOfPage(referer, snapshot)
  const flag = target?.kind === 'flag' ? nameOf(target.flag.key) : undefined
  const shown = entries.filter((each) => !each.isAhead)
  const entry =
    entries.find((each) => each.page === id) ?? shown.find((each) => each.flag === flag) ?? shown[0]
  if (!entry?.flag) return undefined
  const isOfFlag = (each: RouteTarget) => each.kind === 'flag' && nameOf(each.flag.key) === entry.flag
  const own = flag === entry.flag ? target : snapshot.routes.find((route) => isOfFlag(route.target))?.target
  if (own?.kind !== 'flag') return undefined
  const variant = [...own.flag.values.keys()].find((each) => nameOf(each) === entry.variant)
  return variant === undefined ? undefined : { target: own, variant }
}

/**
 * Whether a page of a flag's route asks without the gate's cookies, which its document left. The browser keeps them back
 * (`credentials: 'omit'`, a frame on another site), has just deleted them (`Clear-Site-Data`), or takes none: the visitor is not new.
 */
export function comesWithoutCookies(request: GateRequest, snapshot: Snapshot): boolean {
  if (!isOwnSite(request, snapshot.cookies) || request.cookie(PAGES_COOKIE) !== undefined) return false
  return targetOfPage(refererOf(request, snapshot.cookies), snapshot)?.kind === 'flag'
}

/** The target that a page was decided by, as far as the document has not changed since. */
function targetOfPage(page: Address | null | undefined, snapshot: Snapshot): RouteTarget | null | undefined {
  return page && findTarget(snapshot, { host: page.host, path: page.path, method: 'GET' })
}

/** The page that a request comes from; null where the browser doesn't say, undefined where it is none of this site. */
function refererOf(request: GateRequest, cookies: CookieSettings): Address | null | undefined {
  const referer = addressIn(request.header('referer'))
  if (referer?.host === request.host) return referer
  if (referer !== undefined) {
    return isShared(referer.host, cookies) && isShared(request.host, cookies) ? referer : undefined
  }
  // Old browsers don't say where a request comes from; they send the cookie from pages of this site only.
  return request.header('sec-fetch-site') === undefined || isOwnSite(request, cookies) ? null : undefined
}

/** The id of the page that a request comes from; undefined where a browser told another host no more than the site. */
function idOf(referer: Address, { host }: GateRequest, cookies: CookieSettings): string | undefined {
  const { tail } = referer
  return tail === '/' && referer.host !== host ? undefined : pageId(tail, referer.host, cookies)
}

function entriesOf(request: GateRequest): Entry[] {
  const text = request.cookie(PAGES_COOKIE)
  if (!text || text.length > LONGEST_READ) return []
  return text.split('!').flatMap((part) => {
    const [pages = '', flag = '', variant, mark] = part.split('|')
    if (!PAGE_IDS.test(pages) || variant === undefined) return []
    const version = entryOf('', flag, variant, mark === AHEAD)
    return pages.split('.').map((page) => ({ ...version, page }))
  })
}

/** By path and query, and where hosts share cookies by the host; a question mark at the end makes no difference. */
function pageId(tail: string, host: string, cookies: CookieSettings): string {
  const page = tail.indexOf('?') === tail.length - 1 ? tail.slice(0, -1) : tail
  return murmur3(isShared(host, cookies) ? host + page : page, 0).toString(36)
}
