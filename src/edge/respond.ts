import type { Outcome } from '../core/outcome/outcome.ts'
import type { Env } from '../env.ts'
import type { Facts } from './facts.ts'
import { flagsHeader, keepFromSharedCaches } from './headers.ts'
import { pageCookie } from './pages.ts'
import type { Plan } from './plan.ts'
import { type OriginAnswer, watchBody } from './proxy.ts'
import type { Reporter } from './reporter.ts'

type Surroundings = { env: Env; waitUntil(work: Promise<unknown>): void }

/**
 * Counts what became of the request, and returns the body that the visitor gets. Never throws: an outcome that
 * can't be counted must not cost the visitor the answer.
 */
export function observe(
  plan: Plan,
  answer: OriginAnswer,
  facts: Facts,
  reporter: Reporter,
  { env, waitUntil }: Surroundings,
): ReadableStream | null {
  const { decision } = plan
  if (decision === undefined || answer.visitorLeft) return answer.response.body
  const outcome: Outcome = {
    decision,
    failure: answer.failure,
    latencyMs: answer.latencyMs,
    journey: plan.role === 'page' && answer.response.status < 400 && answer.failure === undefined,
    rescued: answer.rescued === true,
  }
  const context = { env, colo: facts.colo, nowMs: facts.nowMs, waitUntil }
  try {
    reporter.report(outcome, context)
  } catch {
    return answer.response.body
  }
  const isElsewhere = answer.failure !== undefined || answer.origin !== plan.origin
  if (decision.arm === 'other' || isElsewhere) return answer.response.body
  const watched = watchBody(answer.response, facts.request.signal, () =>
    reporter.reportBrokenBody(outcome, { ...context, nowMs: Date.now() }),
  )
  if (watched.done !== undefined) waitUntil(watched.done)
  return watched.body
}

/** The origin's answer as the visitor gets it: unchanged, but for what the gate has to add. */
export function respond(
  plan: Plan,
  answer: OriginAnswer,
  body: ReadableStream | null,
  facts: Facts,
): Response {
  const { decision, debug, setCookie } = plan
  const { response, origin, rescued, missing } = answer
  const decided = decision !== undefined
  const page = cookieOfPage(plan, answer, facts)
  if (!decided && !debug.visible && page === undefined && !missing) return response
  const headers = new Headers(response.headers)
  if (decided || page !== undefined) keepFromSharedCaches(headers)
  if (missing) headers.set('cache-control', 'no-store')
  if (setCookie !== undefined) headers.append('set-cookie', setCookie)
  if (page !== undefined) headers.append('set-cookie', page)
  if (debug.visible) {
    headers.set('sluice-origin', origin.name)
    if (decided) headers.set('sluice-flags', flagsHeader(decision))
    if (rescued) headers.set('sluice-rescue', `${plan.origin.name};failure=${answer.failure}`)
  }
  const { status, statusText } = response
  if (response.webSocket !== null)
    return new Response(null, { status, headers, webSocket: response.webSocket })
  return new Response(body, { status, statusText, headers })
}

/** A document leaves word of the version that it came from; a redirect is none. */
function cookieOfPage(plan: Plan, { response, rescued }: OriginAnswer, facts: Facts): string | undefined {
  const { target, role, decision } = plan
  if (role === 'part' || role === 'foreign' || isRedirect(response)) return undefined
  if (decision === undefined) return target.kind === 'origin' ? pageCookie(facts, '', '') : undefined
  const variant = rescued && target.kind === 'flag' ? target.flag.off : decision.variant
  return pageCookie(facts, decision.flag, variant)
}

function isRedirect({ status }: Response): boolean {
  return status >= 300 && status < 400 && status !== 304
}
