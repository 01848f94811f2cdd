/** An answer's names of its origin, as the visitor gets them. */
import type { Origin } from '../../core/config/compile/route-target.ts'
import type { GateRequest } from '../request/gate-request.ts'
import type { HeaderFields } from '../request/header-list.ts'
import { isLoop, translatedCookies, translatedFields } from './own-names.ts'

export type Names = {
  fields: readonly [string, string][]
  cookies: readonly string[] | undefined
  /** Whether the answer would lead the visitor round to the same URL for ever. */
  isLoop: boolean
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
/** After others a browser reads the page that it is led to: no loop, but what follows a form. */
const SAME_METHOD: ReadonlySet<number> = new Set([307, 308])
const IN_COOKIES = /;\s*(?:domain|path)\s*=/i

/** What has to change in an answer; undefined for an ordinary one. */
export function namesIn(
  headers: HeaderFields,
  { origin, status }: { origin: Origin; status: number },
  request: GateRequest,
): Names | undefined {
  const setCookie = headers.get('set-cookie')
  const fields = translatedFields(headers, { origin, status }, request)
  const cookies =
    setCookie !== null && IN_COOKIES.test(setCookie) ? translatedCookies(headers, origin, request) : undefined
  if (fields.length === 0 && cookies === undefined) return undefined
  const isRepeated = request.isRead ? REDIRECTS.has(status) : SAME_METHOD.has(status)
  const location = isRepeated && !setsNewCookie(headers, request) ? headers.get('location') : null
  return { fields, cookies, isLoop: location !== null && isLoop(location, origin, request) }
}

/** Whether the next request brings a cookie that this one lacks: what was asked for may then be answered otherwise. */
export function setsNewCookie(headers: HeaderFields, request: GateRequest): boolean {
  return headers.getSetCookie().some((cookie) => request.cookie(cookie.split('=')[0] ?? '') === undefined)
}

/** Puts the visitor's names in, in place. */
export function translate(headers: HeaderFields, { fields, cookies }: Names): void {
  for (const [name, value] of fields) headers.set(name, value)
  if (cookies === undefined) return
  headers.delete('set-cookie')
  for (const cookie of cookies) headers.append('set-cookie', cookie)
}

/** In place of a redirect that would repeat for ever: it says what to change. */
export function loopResponse({ name, url }: Origin, location: string | null): Response {
  const text = `Bad gateway: origin "${name}" (${url}) redirects to ${location}, which is the page that was asked for. Give the origin the URL that it redirects to.\n`
  return new Response(text, { status: 502, headers: { 'cache-control': 'no-store' } })
}
