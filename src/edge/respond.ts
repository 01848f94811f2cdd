import type { Outcome } from '../core/outcome/outcome.ts'
import type { Env } from '../env.ts'
import type { Facts } from './facts.ts'
import { flagsHeader, keepFromSharedCaches } from './headers.ts'
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
    journey: asksForDocument(facts) && answer.response.status < 400 && answer.failure === undefined,
    rescued: answer.rescued === true,
  }
  const context = { env, colo: facts.colo, nowMs: facts.nowMs, waitUntil }
  try {
    reporter.report(outcome, context)
  } catch {
    return answer.response.body
  }
  if (decision.arm === 'other' || answer.failure !== undefined) return answer.response.body
  const watched = watchBody(answer.response, facts.request.signal, () =>
    reporter.reportBrokenBody(outcome, { ...context, nowMs: Date.now() }),
  )
  if (watched.done !== undefined) waitUntil(watched.done)
  return watched.body
}

/** A page, as opposed to what a page loads. Old browsers send no Sec-Fetch-Dest; there Accept tells. */
function asksForDocument(facts: Facts): boolean {
  if (facts.method !== 'GET') return false
  const destination = facts.header('sec-fetch-dest')
  return destination === undefined
    ? facts.header('accept')?.includes('text/html') === true
    : destination === 'document'
}

/** The origin's answer as the visitor gets it: unchanged, but for what the gate has to add. */
export function respond(
  plan: Plan,
  { response, rescued, failure }: OriginAnswer,
  body: ReadableStream | null,
): Response {
  const { decision, debug, setCookie } = plan
  const decided = decision !== undefined
  if (!decided && !debug.visible) return response
  const headers = new Headers(response.headers)
  if (decided) keepFromSharedCaches(headers)
  if (setCookie !== undefined) headers.append('set-cookie', setCookie)
  if (debug.visible) {
    headers.set('sluice-origin', (rescued && plan.standIn?.origin.name) || plan.origin.name)
    if (rescued) headers.set('sluice-rescue', `${plan.origin.name};failure=${failure}`)
    if (decided) headers.set('sluice-flags', flagsHeader(decision))
  }
  const { status, statusText } = response
  if (response.webSocket !== null)
    return new Response(null, { status, headers, webSocket: response.webSocket })
  return new Response(body, { status, statusText, headers })
}
