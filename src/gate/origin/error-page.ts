/** What visitors get when no origin gives an answer. */
import type { Snapshot } from '../../core/config/compile/snapshot.ts'
import type { GateRequest } from '../request/gate-request.ts'
import type { Unanswered } from './fetch-origin.ts'

/** 504 or 502: the document's error page for browsers, else a line of text. */
export function errorResponse(
  { failure }: Unanswered,
  request: GateRequest,
  { errorPage }: Snapshot,
): Response {
  const [status, what] =
    failure === 'timeout' ? [504, 'took too long to answer'] : [502, 'could not be reached']
  const headers = new Headers({ 'cache-control': 'no-store' })
  const isPage = errorPage !== undefined && request.header('accept')?.includes('text/html') === true
  headers.set('content-type', isPage ? 'text/html; charset=utf-8' : 'text/plain; charset=utf-8')
  if (!isPage) {
    return new Response(`The site ${what}. Please try again in a moment.\n`, { status, headers })
  }
  if (errorPage.retryAfterSeconds) headers.set('retry-after', String(errorPage.retryAfterSeconds))
  return new Response(errorPage.html, { status, headers })
}
