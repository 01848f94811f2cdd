/**
 * Preview links, `GET /__sluice/preview?t=TOKEN&to=/path`: a signed token becomes a cookie of this browser, and the
 * visitor goes on to the page. `?end` removes the cookie.
 */
import type { Env } from '../../platform/env.ts'
import { problemDetails } from '../../platform/problem-details.ts'
import { DEBUG_COOKIE } from '../request/overrides.ts'
import { grantOf } from '../request/signature.ts'

export async function openPreview(request: Request, env: Env, nowMs: number): Promise<Response> {
  const here = new URL(request.url)
  const { protocol, searchParams } = here
  const to = placeIn(here, searchParams.get('to') ?? '/')
  if (to === undefined) return problemDetails(400, 'Bad Request', 'A preview leads to a path of this site')
  if (searchParams.has('end')) return goTo(to, cookie('', 0, protocol))
  const token = searchParams.get('t') ?? ''
  const grant = await grantOf(env, token, nowMs)
  if (grant === undefined) {
    return problemDetails(
      403,
      'Forbidden',
      'This preview link has expired, or it is from another gate. Ask for a new one',
    )
  }
  return goTo(to, cookie(token, Math.ceil((grant.expiresAtMs - nowMs) / 1_000), protocol))
}

/**
 * A path of this site, read as a browser reads it: undefined for what would lead to another. Hazard: a browser drops tabs
 * and line ends, and takes a backslash for a slash, so that "/<tab>/evil.test" is another site.
 */
function placeIn(here: URL, to: string): string | undefined {
  if (!to.startsWith('/') || !URL.canParse(to, here.href)) return undefined
  const { origin, pathname, search, hash } = new URL(to, here)
  return origin === here.origin && !pathname.startsWith('//') ? pathname + search + hash : undefined
}

function cookie(value: string, maxAgeSeconds: number, protocol: string): string {
  const secure = protocol === 'https:' ? '; Secure' : ''
  return `${DEBUG_COOKIE}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax${secure}`
}

function goTo(path: string, setCookie: string): Response {
  const headers = {
    location: path,
    'set-cookie': setCookie,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
  }
  return new Response(null, { status: 303, headers })
}
