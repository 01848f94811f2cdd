/**
 * Page affinity: what a page loads comes from the version that the page came from. Each document is decided anew; its
 * scripts, styles, images, frames, fetches and form submissions follow it, whatever percentages have become since.
 *
 * Requests don't say which document they belong to. They carry the document's URL (Referer), and the gate, which has no
 * memory of visitors, keeps a session cookie: each document leaves an entry with a hash of its URL, flag and variant,
 * newest first. The Referer of a request finds the entry; where it names no known document (a module that imports
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
const MOST_PAGES = 8
/** With its name. Origins never see it, but servers before the gate may bound headers, and each request carries it. */
const LONGEST_COOKIE = 400
/** What older gates set was longer. */
const LONGEST_READ = 3_000
/** Flag keys of this form are in the cookie as they are; of others, which cookies can't hold or that are long, a hash. */
const SHORT_NAME = /^[\w.~:/-]{1,40}$/
/** Names of variants in any script. A visitor's cookie may decode to anything. */
const ESCAPED = /[^\w.~:/|*-]+/g
/** Marks a page that has not been shown yet. */
const AHEAD = 'p'

/** Policies under which the Referer names the site alone. Of several policies the last one counts. */
const ORIGIN_ONLY = /(?:^|,)\s*(?:strict-)?origin\s*$/i

/**
 * The version that a page came from; flag and variant are empty for a page of a route without a flag. `flag` is the name
 * that the cookie has for it.
 */
type Entry = { page: string; flag: string; variant: string; isAhead: boolean }

/** A flag's name in the cookie. */
const nameOf = remembered((flag) =>
  flag === '' || flag.startsWith('*') || SHORT_NAME.test(flag) ? flag : `*${murmur3(flag, 0).toString(36)}`,
)

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
  const found = pageOf(request, snapshot)
  if (found === undefined) return affinityOfPlainPage(request, own, snapshot)
  const { entry, target } = found
  if (own.kind === 'flag' && nameOf(own.flag.key) === entry.flag)
    return { target: own, variant: entry.variant }
  const origin = target.origins.get(entry.variant)
  const options = own.kind === 'flag' ? own.distinct : [own.origin]
  // Where a route chooses among the page's origins, the page has chosen already; it doesn't choose among others.
  const isShared = origin !== undefined && options.some((option) => target.distinct.includes(option))
  return isShared ? { target, variant: entry.variant } : undefined
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
  const referer = refererOf(request, snapshot.cookies)
  const page = referer && findTarget(snapshot, { host: referer.host, path: referer.path, method: 'GET' })
  return page?.kind === 'origin' && page.origin === own.stable
    ? { target: own, variant: own.flag.off }
    : undefined
}

/** The version that the page of a request came from, whatever the request is for. */
export function affinityOfPage(request: GateRequest, snapshot: Snapshot): PageAffinity | undefined {
  const found = pageOf(request, snapshot)
  return found && { target: found.target, variant: found.entry.variant }
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
  const entries = entriesOf(request)
  if (entries.length === 0 && flag === '') return undefined
  const tail = ORIGIN_ONLY.test(referrerPolicy ?? '') ? '/' : request.address.tail
  const page = pageId(tail, request.host, cookies)
  const isAhead = isFetchedAhead(request)
  const entry = { page, flag: nameOf(flag), variant, isAhead }
  const known = entries.find((each) => each.page === page)
  const isKnown = known?.flag === entry.flag && known.variant === variant
  if (isKnown && (isAhead || (known === entries[0] && !known.isAhead))) return undefined
  return cookieOf([entry, ...entries.filter((each) => each.page !== page)], request, cookies)
}

/**
 * The Set-Cookie value that makes a page which was fetched ahead the newest: its own request says that it is shown.
 * Undefined for any other request.
 */
export function shownPageCookie(request: GateRequest, cookies: CookieSettings): string | undefined {
  if (!request.header('cookie')?.includes(`|${AHEAD}`) || isFetchedAhead(request)) return undefined
  const referer = refererOf(request, cookies)
  const id = referer && idOf(referer, request, cookies)
  const entries = entriesOf(request)
  const shown = entries.find((entry) => entry.page === id)
  if (shown === undefined || !shown.isAhead) return undefined
  return cookieOf(
    [{ ...shown, isAhead: false }, ...entries.filter((each) => each !== shown)],
    request,
    cookies,
  )
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
  const entries = entriesOf(request)
  const entry = { page: pageId(next, request.host, cookies), flag: nameOf(flag), variant, isAhead: false }
  const [newest] = entries
  const isKnown = newest?.page === entry.page && newest.flag === entry.flag && newest.variant === variant
  if (isKnown && !newest.isAhead) return undefined
  return cookieOf([entry, ...entries.filter((each) => each.page !== entry.page)], request, cookies)
}

/** Undefined where not even one entry fits. */
function cookieOf(
  entries: readonly Entry[],
  { address }: GateRequest,
  cookies: CookieSettings,
): string | undefined {
  const texts = entries
    .slice(0, MOST_PAGES)
    .map(({ page, flag, variant, isAhead }) =>
      `${page}|${flag}|${variant}${isAhead ? `|${AHEAD}` : ''}`.replace(ESCAPED, encodeURIComponent),
    )
  const pair = () => `${PAGES_COOKIE}=${texts.join('!')}`
  while (texts.length > 0 && pair().length > LONGEST_COOKIE) texts.pop()
  return texts.length === 0 ? undefined : `${pair()}; ${cookieAttributes(address, cookies)}`
}

/** The entry of the document that a request comes from, with the route target that it was decided by. */
function pageOf(request: GateRequest, snapshot: Snapshot): { entry: Entry; target: FlagTarget } | undefined {
  const entries = entriesOf(request)
  if (entries.length === 0) return undefined
  const { cookies } = snapshot
  const referer = refererOf(request, cookies)
  if (referer === undefined) return undefined
  const id = referer && idOf(referer, request, cookies)
  const place = referer && { host: referer.host, path: referer.path, method: 'GET' }
  const target = place && findTarget(snapshot, place)
  const flag = target?.kind === 'flag' ? nameOf(target.flag.key) : undefined
  const shown = entries.filter((each) => !each.isAhead)
  const entry =
    entries.find((each) => each.page === id) ?? shown.find((each) => each.flag === flag) ?? shown[0]
  if (!entry?.flag) return undefined
  if (target?.kind === 'flag' && flag === entry.flag) return { entry, target }
  const isOfFlag = (each: RouteTarget) => each.kind === 'flag' && nameOf(each.flag.key) === entry.flag
  const elsewhere = snapshot.routes.find((route) => isOfFlag(route.target))?.target
  return elsewhere?.kind === 'flag' ? { entry, target: elsewhere } : undefined
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
    const [page, flag, variant, mark] = part.split('|')
    if (!page || flag === undefined || variant === undefined) return []
    return [{ page, flag: nameOf(flag), variant, isAhead: mark === AHEAD }]
  })
}

/** By path and query, and where hosts share cookies by the host; a question mark at the end makes no difference. */
function pageId(tail: string, host: string, cookies: CookieSettings): string {
  const page = tail.indexOf('?') === tail.length - 1 ? tail.slice(0, -1) : tail
  return murmur3(isShared(host, cookies) ? host + page : page, 0).toString(36)
}
