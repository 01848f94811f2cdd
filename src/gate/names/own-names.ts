/**
 * What an origin calls itself, in the words of visitors: an absolute redirect, a link or a cookie for the origin's own host
 * would lead visitors out of the gate, for good. Only its own host is translated; what it says of other hosts stays.
 */
import type { Origin } from '../../core/config/compile/route-target.ts'
import { remembered } from '../../core/remembered.ts'
import type { GateRequest } from '../request/gate-request.ts'
import type { HeaderFields } from '../request/header-list.ts'
import { isLocalhost, isWithin } from '../request/identity-cookie.ts'

type Field = 'location' | 'content-location' | 'link' | 'refresh'
/** Reading one costs as much as a decision's hash: an ordinary answer leads nowhere. */
const IN_ANSWERS: readonly Field[] = ['content-location', 'link', 'refresh']
const IN_OTHERS: readonly Field[] = ['location', ...IN_ANSWERS]
const ABSOLUTE = /^(?:https?:)?\/\/[^/?#]*/i
/** URLs in Link and Refresh; a sign after which no end comes is looked at once. */
const LINKED = /(<(?=[^<>]*>)\s*)([^\s>]*)/g
const REFRESHED = /^(\s*(?:[\d.]+\s*)?[;,]\s*(?:url\s*=\s*)?["']?)([^"']*)/i
const DOMAIN = /;\s*domain\s*=\s*\.?([^;\s]*)\s*/i
const PATH = /(;\s*path\s*=\s*)([^;\s]*)/i
const IS_ADDRESS = /^[\d.]+$|[:[]/

type Own = { url: URL; hostname: string; base: string }

const ownOf = remembered((text: string): Own => {
  const url = new URL(text)
  return { url, hostname: url.hostname, base: url.pathname.replace(/(?<!\/)\/+$/, '') }
})

type Place = Pick<GateRequest, 'host' | 'address'>

/**
 * Say which page a request comes from, and where WebDAV copies or moves to; apps compare them with their own host before they
 * take a form or a file.
 */
const SOURCES = ['origin', 'referer', 'destination'] as const

/**
 * Names the origin's own site in place of the visitor's where a request says which page it comes from or leads to, in place.
 * Pages of other sites stay what they are.
 *
 * @param site that of the URL which the origin is asked, with the path in front
 */
export function translateSources(headers: Headers, site: string, request: GateRequest): void {
  const own = request.address.site
  if (site.startsWith(own) && /^(?:\/|$)/.test(site.slice(own.length))) return
  for (const name of SOURCES) {
    const value = request.header(name)
    if (value === undefined || !value.startsWith(own)) continue
    const rest = value.slice(own.length)
    if (rest === '' && isAction(request)) headers.delete(name)
    else if (rest === '') headers.set(name, /^https?:\/\/[^/]*/.exec(site)?.[0] ?? site)
    else if (rest.startsWith('/')) headers.set(name, site + rest)
  }
}

/**
 * Whether a page of Next.js or React Router sends a form. What these compare `Origin` with depends on where they run: the host that
 * they were asked under, `X-Forwarded-Host`, or what a platform makes of it. Without `Origin` all of them take it, as of a client
 * that is no browser; here the gate has seen that it is the site's own.
 */
function isAction({ method, path, headers }: GateRequest): boolean {
  return method !== 'GET' && (headers.has('next-action') || path.endsWith('.data'))
}

/** Header fields as visitors should see them: only those that change. */
export function translatedFields(
  headers: HeaderFields,
  { origin, status }: { origin: Origin; status: number },
  request: Place,
): [string, string][] {
  if (!origin.rewrites) return []
  const own = ownOf(origin.url)
  const changed: [string, string][] = []
  for (const name of status === 200 ? IN_ANSWERS : IN_OTHERS) {
    const value = headers.get(name)
    // Most speak of no host; a path needs translation only where the origin has one in front.
    if (value === null || (own.base === '' && !value.includes('//'))) continue
    const next = translatedField(name, value, own, request)
    if (next !== value) changed.push([name, next])
  }
  return changed
}

function translatedField(name: Field, value: string, own: Own, request: Place): string {
  const inside = (_: string, before: string, url: string) => before + translatedUrl(url, own, request)
  if (name === 'link') return value.replace(LINKED, inside)
  if (name === 'refresh') return value.replace(REFRESHED, inside)
  return translatedUrl(value, own, request)
}

function translatedUrl(text: string, own: Own, { address }: Place): string {
  const [authority] = ABSOLUTE.exec(text) ?? []
  if (authority === undefined) return text.startsWith('/') ? withoutBase(text, own.base) : text
  const url = URL.parse(authority, own.url)
  // Of another port another program may be in charge; that of the scheme itself is what sites know themselves by.
  const isOwn = url?.hostname === own.hostname && (url.port === own.url.port || url.port === '')
  return isOwn ? address.site + withoutBase(text.slice(authority.length), own.base) : text
}

/** A path without the one that the gate puts in front of it. */
function withoutBase(tail: string, base: string): string {
  if (base === '' || !tail.startsWith(base) || !/^(?:[/?#]|$)/.test(tail.slice(base.length))) return tail
  const rest = tail.slice(base.length)
  return rest.startsWith('/') ? rest : `/${rest}`
}

/**
 * Whether a redirect leads a visitor back to the URL that was asked for, although the origin means another of its names,
 * such as https of itself: it would repeat for ever. One to the very URL that the gate asked may set a cookie first.
 */
export function isLoop(location: string, origin: Origin, { host, address }: Place): boolean {
  const own = ownOf(origin.url)
  const meant = URL.parse(location, own.url)
  const asked = URL.parse(own.base + address.tail, own.url)
  if (meant === null || asked === null || !ABSOLUTE.test(location) || meant.href === asked.href) return false
  const seen = translatedUrl(location, own, { host, address })
  if (seen === location) return false
  return URL.parse(seen)?.href === URL.parse(address.site + address.tail)?.href
}

/** Cookies whose Domain or Path the visitor's browser would refuse, in the visitor's words; undefined where all are fine. */
export function translatedCookies(
  headers: HeaderFields,
  origin: Origin,
  { host }: Place,
): string[] | undefined {
  if (!origin.rewrites) return undefined
  const own = ownOf(origin.url)
  const hostname = host.replace(/:\d+$/, '')
  const cookies = headers.getSetCookie()
  const translated = cookies.map((cookie) => translatedCookie(cookie, own, hostname))
  return translated.some((cookie, at) => cookie !== cookies[at]) ? translated : undefined
}

function translatedCookie(cookie: string, own: Own, hostname: string): string {
  const named = cookie.replace(DOMAIN, (all, domain: string) => {
    const name = domain.toLowerCase()
    if (name === '' || isWithin(hostname, name) || !isWithin(own.hostname, name)) return all
    return isLocalhost(hostname) || IS_ADDRESS.test(hostname) ? '' : `; Domain=${hostname}`
  })
  if (own.base === '') return named
  return named.replace(PATH, (_, before: string, path: string) => before + withoutBase(path, own.base))
}
