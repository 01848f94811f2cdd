import type { Outcome } from '../core/outcome/outcome.ts'
import type { Env } from '../env.ts'
import type { BodyWatch } from './body-watch.ts'
import type { Facts } from './facts.ts'
import { connectionFields, flagsHeader, keepFromSharedCaches, revalidate } from './headers.ts'
import { pageCookie } from './pages.ts'
import type { Plan } from './plan.ts'
import type { OriginAnswer } from './proxy.ts'
import type { Reporter } from './reporter.ts'
import { tagValidators } from './validators.ts'

type Surroundings = {
  reporter: Reporter
  bodies: BodyWatch
  env: Env
  waitUntil(work: Promise<unknown>): void
}

/**
 * Counts what became of the request, and returns the body that the visitor gets. Never throws: an outcome that
 * can't be counted must not cost the visitor the answer.
 */
export function observe(
  plan: Plan,
  answer: OriginAnswer,
  facts: Facts,
  { reporter, bodies, env, waitUntil }: Surroundings,
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
  const context = { env, place: facts, nowMs: facts.nowMs, waitUntil }
  const isElsewhere = answer.failure !== undefined || answer.origin !== plan.origin
  try {
    reporter.report(outcome, context, plan.wait)
    if (decision.arm === 'other' || isElsewhere) return answer.response.body
    const watched = bodies.watch(answer.response, facts, () =>
      reporter.reportBrokenBody(outcome, { ...context, nowMs: Date.now() }),
    )
    if (watched.done !== undefined) waitUntil(watched.done)
    return watched.body
  } catch {
    return answer.response.body
  }
}

/** What people take for the gate's word must not be an origin's. */
const OWN_WORDS = ['sluice-origin', 'sluice-flags', 'sluice-rescue']

/** The origin's answer as the visitor gets it: unchanged, but for what the gate has to add. */
export function respond(
  plan: Plan,
  answer: OriginAnswer,
  body: ReadableStream | null,
  facts: Facts,
): Response {
  const { decision, debug, setCookie } = plan
  const { response, origin, tag, rescued, missing } = answer
  const decided = decision !== undefined
  const page = cookieOfPage(plan, answer, facts)
  const varies = dependsOnVisitor(plan, facts)
  const given = response.headers
  const isForged = OWN_WORDS.some((name) => given.has(name))
  const unfit = connectionFields(given)
  const isAsIs =
    !varies && !debug.visible && page === undefined && !missing && !isForged && unfit.length === 0
  if (isAsIs || response.status > HIGHEST_STATUS) return response
  const copy = mutable(response, body)
  const { headers } = copy
  if (isForged) for (const name of OWN_WORDS) headers.delete(name)
  for (const name of unfit) headers.delete(name)
  if (varies || page !== undefined) keepFromSharedCaches(headers)
  if (tag !== undefined) tagValidators(headers, tag)
  if (varies && isCode(facts)) revalidate(headers)
  if (missing) headers.set('cache-control', 'no-store')
  if (setCookie !== undefined) headers.append('set-cookie', setCookie)
  if (page !== undefined) headers.append('set-cookie', page)
  if (debug.visible) {
    headers.set('sluice-origin', origin.name)
    if (decided) headers.set('sluice-flags', flagsHeader(decision))
    if (rescued) headers.set('sluice-rescue', `${plan.origin.name};failure=${answer.failure}`)
  }
  return copy
}

/** No response of one's own may have a status beyond. */
export const HIGHEST_STATUS = 599

/** The response, with headers that can be changed. */
export function mutable(response: Response, body: ReadableStream | null): Response {
  return new Response(body, response)
}

/** Whether another visitor, or the same one from another page, could get another answer. */
function dependsOnVisitor({ target }: Plan, facts: Facts): boolean {
  return target.kind === 'flag' || (target.varies && facts.header('sec-fetch-dest') !== undefined)
}

/** Destinations of what makes a page work, in contrast to what it shows. */
const CODE: ReadonlySet<string> = new Set([
  ...['document', 'iframe', 'frame', 'object', 'embed', 'script', 'style', 'xslt', 'json', 'empty'],
  ...['worker', 'sharedworker', 'serviceworker', 'audioworklet', 'paintworklet'],
])
/** What browsers load that is no code, by its name: old ones don't say what a request is for. */
const NO_CODE = /\.(?:woff2?|ttf|otf|png|jpe?g|gif|svg|webp|avif|ico|mp[34]|webm|pdf|zip)$/i
/** A file name with the hash of its content, such as `main.3f2a9c1b.js` or `index-BkT3x9aQ.css`. */
const CONTENT_ADDRESSED = /[.-](?=[\w-]*\d)[\w-]{8,}\.\w+$/

/** What a browser must not mix from two versions, and could, because the names don't tell them apart. */
function isCode(facts: Facts): boolean {
  const dest = facts.header('sec-fetch-dest')
  const isLoaded = dest === undefined ? isOldBrowser(facts) && !NO_CODE.test(facts.path) : CODE.has(dest)
  return isLoaded && !CONTENT_ADDRESSED.test(facts.path)
}

/** A browser that knows no fetch metadata. */
function isOldBrowser(facts: Facts): boolean {
  return facts.header('user-agent')?.startsWith('Mozilla/') === true
}

/** A document leaves word of the version that it came from; a redirect is none. */
function cookieOfPage(plan: Plan, { response, rescued }: OriginAnswer, facts: Facts): string | undefined {
  const { target, role, decision } = plan
  if (role === 'part' || role === 'foreign' || isRedirect(response)) return undefined
  const policy = response.headers.get('referrer-policy')
  if (decision === undefined) return target.kind === 'origin' ? pageCookie(facts, '', '', policy) : undefined
  const variant = rescued && target.kind === 'flag' ? target.flag.off : decision.variant
  return pageCookie(facts, decision.flag, variant, policy)
}

function isRedirect({ status }: Response): boolean {
  return status >= 300 && status < 400 && status !== 304
}
