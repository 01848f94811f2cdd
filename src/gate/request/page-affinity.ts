/**
 * Page affinity: what a page loads comes from the version that the page came from. Each document is decided anew; its
 * scripts, styles, images, frames, fetches and form submissions follow it, whatever percentages have become since.
 *
 * Requests don't say which document they belong to. They carry the document's URL (Referer), and the gate, which has no
 * memory of visitors, keeps a session cookie: each document leaves an entry with a hash of its URL, flag and variant,
 * newest first. The Referer of a request finds the entry; where it names no known document (a module that imports
 * another, a URL that the app set with pushState, a referrer policy), the newest document of the same flag counts.
 * docs/invisible.md lists what this can't tell, and what catches it.
 *
 * A visitor can write cookies, so an entry decides only what chance would: it can bring back `off`, or the other side
 * of a percentage for which the visitor qualifies. It opens nothing that targeting, rollback or kill closes.
 */

import type { FlagTarget, RouteTarget } from '../../core/config/compile/route-target.ts'
import { findTarget, type Snapshot } from '../../core/config/compile/snapshot.ts'
import { type Decision, NOT_COMPARED } from '../../core/decision/decide.ts'
import type { CompiledFlag } from '../../core/flags/flag.ts'
import { murmur3 } from '../../core/flags/murmur3.ts'
import type { GateRequest } from './gate-request.ts'
import { cookieAttributes } from './identity-cookie.ts'

const PAGES_COOKIE = 'sluice_pages'
const MOST_PAGES = 8
const LONGEST_COOKIE = 1_500
/** Cookies hold ASCII only: flag keys may be in any script, and a visitor's cookie may decode to anything. */
const ESCAPED = /[^\w.~:/|-]+/g

/** Policies under which the Referer names the site alone. Of several policies the last one counts. */
const ORIGIN_ONLY = /(?:^|,)\s*(?:strict-)?origin\s*$/i
const ROOT_ID = pageId('/')

/** The version that a page came from; flag and variant are empty for a page of a route without a flag. */
type Entry = { page: string; flag: string; variant: string }

/** What a request's page says about it: the target to decide by, and the variant to keep. */
export type PageAffinity = { target: FlagTarget; variant: string }

/** `page` is a document by itself; `frame` and `submission` are documents that belong to the one before. */
export type PageRole = 'page' | 'frame' | 'submission' | 'part' | 'foreign'

/** Documents inside another. (A page that a service worker fetches has the destination "empty".) */
const FRAMES = ['iframe', 'frame', 'fencedframe', 'object', 'embed']

/** What a request is to the page it comes from; without fetch metadata (old browsers, tools), by its Accept header. */
export function pageRoleOf(request: GateRequest): PageRole {
  const mode = request.header('sec-fetch-mode')
  if (mode === undefined) {
    return request.method === 'GET' && request.header('accept')?.includes('text/html') ? 'page' : 'part'
  }
  const sameOrigin = request.header('sec-fetch-site') === 'same-origin'
  if (mode !== 'navigate') return sameOrigin ? 'part' : 'foreign'
  if (sameOrigin && request.method !== 'GET') return 'submission'
  return sameOrigin && FRAMES.includes(request.header('sec-fetch-dest') ?? '') ? 'frame' : 'page'
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
  if (found === undefined) return undefined
  const { entry, target } = found
  if (own.kind === 'flag' && own.flag.key === entry.flag) return { target: own, variant: entry.variant }
  const origin = target.origins.get(entry.variant)
  const options = own.kind === 'flag' ? own.distinct : [own.origin]
  // Where a route chooses among the page's origins, the page has chosen already; it doesn't choose among others.
  const isShared = origin !== undefined && options.some((option) => target.distinct.includes(option))
  return isShared ? { target, variant: entry.variant } : undefined
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
  flag: string,
  variant: string,
  referrerPolicy: string | null,
): string | undefined {
  const entries = entriesOf(request)
  if (entries.length === 0 && flag === '') return undefined
  const page = ORIGIN_ONLY.test(referrerPolicy ?? '') ? ROOT_ID : pageId(request.address.tail)
  const first = entries[0]
  if (first?.page === page && first.flag === flag && first.variant === variant) return undefined
  const kept = [{ page, flag, variant }, ...entries.filter((entry) => entry.page !== page)].slice(
    0,
    MOST_PAGES,
  )
  const text = kept.map((entry) =>
    `${entry.page}|${entry.flag}|${entry.variant}`.replace(ESCAPED, encodeURIComponent),
  )
  while (text.length > 1 && text.join('!').length > LONGEST_COOKIE) text.pop()
  return `${PAGES_COOKIE}=${text.join('!')}; ${cookieAttributes(request.host)}`
}

/** The entry of the document that a request comes from, with the route target that it was decided by. */
function pageOf(request: GateRequest, snapshot: Snapshot): { entry: Entry; target: FlagTarget } | undefined {
  const entries = entriesOf(request)
  if (entries.length === 0) return undefined
  const referer = URL.parse(request.header('referer') ?? '')
  // Old browsers don't say where a request comes from; they send the cookie from pages of this site only.
  if (referer === null && (request.header('sec-fetch-site') ?? 'same-origin') !== 'same-origin')
    return undefined
  if (referer !== null && referer.host !== request.host) return undefined
  const id = referer && pageId(referer.pathname + referer.search)
  const place = referer && { host: request.host, path: referer.pathname, method: 'GET' }
  const target = place && findTarget(snapshot, place)
  const flag = target?.kind === 'flag' ? target.flag.key : undefined
  const entry =
    entries.find((each) => each.page === id) ?? entries.find((each) => each.flag === flag) ?? entries[0]
  if (!entry?.flag) return undefined
  if (target?.kind === 'flag' && target.flag.key === entry.flag) return { entry, target }
  const isOfFlag = (each: RouteTarget) => each.kind === 'flag' && each.flag.key === entry.flag
  const elsewhere = snapshot.routes.find((route) => isOfFlag(route.target))?.target
  return elsewhere?.kind === 'flag' ? { entry, target: elsewhere } : undefined
}

function entriesOf(request: GateRequest): Entry[] {
  const text = request.cookie(PAGES_COOKIE)
  if (!text || text.length > 2 * LONGEST_COOKIE) return []
  return text.split('!').flatMap((part) => {
    const [page, flag, variant] = part.split('|')
    return page && flag !== undefined && variant !== undefined ? [{ page, flag, variant }] : []
  })
}

/** By path and query; a question mark at the end makes no difference. */
function pageId(tail: string): string {
  const page = tail.indexOf('?') === tail.length - 1 ? tail.slice(0, -1) : tail
  return murmur3(page, 0).toString(36)
}
