/** What visitors get when no origin gives an answer. */
import type { Snapshot } from '../../core/config/compile/snapshot.ts'
import type { GateRequest } from '../request/gate-request.ts'
import type { OriginAnswer } from './fetch-origin.ts'

export function unavailable(failure: 'timeout' | 'connect'): Response {
  const [status, what] =
    failure === 'timeout' ? [504, 'took too long to answer'] : [502, 'could not be reached']
  return new Response(`The site ${what}. Please try again in a moment.\n`, {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
  })
}

/** The answer, with the document's page for browsers where the words would be the gate's own. */
export function withErrorPage(
  answer: OriginAnswer,
  request: GateRequest,
  { errorPage }: Snapshot,
): OriginAnswer {
  if (!answer.isOwn || errorPage === undefined || !request.header('accept')?.includes('text/html'))
    return answer
  const headers = new Headers({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' })
  if (errorPage.retryAfterSeconds) headers.set('retry-after', String(errorPage.retryAfterSeconds))
  return { ...answer, response: new Response(errorPage.html, { status: answer.response.status, headers }) }
}
