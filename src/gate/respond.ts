import type { Outcome } from '../core/outcome/outcome.ts'
import type { BodyMonitor } from './origin/body-monitor.ts'
import { keepFromSharedCaches } from './origin/cache-control.ts'
import { tagValidators } from './origin/etags.ts'
import type { OriginAnswer } from './origin/fetch-origin.ts'
import { HIGHEST_STATUS, mutable } from './origin/mutable-response.ts'
import { connectionFields, flagsHeader } from './origin/proxy-headers.ts'
import type { Plan } from './plan.ts'
import type { ReportContext, Reporter } from './reporting/reporter.ts'
import type { GateRequest } from './request/gate-request.ts'
import { pageCookie } from './request/page-affinity.ts'

type Watchers = { reporter: Reporter; bodies: BodyMonitor; surroundings: ReportContext }

/**
 * Counts what became of the request, and returns the body that the visitor gets where it is watched. Never throws: an
 * outcome that can't be counted must not cost the visitor the answer.
 */
export function observe(
  plan: Plan,
  answer: OriginAnswer,
  request: GateRequest,
  { reporter, bodies, surroundings }: Watchers,
): ReadableStream | undefined {
  const { decision } = plan
  if (decision === undefined || answer.visitorLeft) return undefined
  const outcome: Outcome = {
    decision,
    failure: answer.failure,
    latencyMs: answer.latencyMs,
    journey: plan.role === 'page' && answer.status < 400 && answer.failure === undefined,
    rescued: answer.rescued === true,
  }
  const isElsewhere = answer.failure !== undefined || answer.origin !== plan.origin
  try {
    reporter.report(outcome, surroundings, plan.wait)
    if (decision.placement.arm === 'other' || isElsewhere) return undefined
    const watched = bodies.watch(answer.response, request, () =>
      reporter.reportBrokenBody(outcome, { ...surroundings, nowMs: Date.now() }),
    )
    if (watched === undefined) return undefined
    surroundings.waitUntil(watched.done)
    return watched.body
  } catch {
    return undefined
  }
}

/** What people take for the gate's word must not be an origin's. */
const OWN_WORDS = ['sluice-origin', 'sluice-flags', 'sluice-rescue']

/** Names of an answer's fields that visitors must not get. */
function unfitFields(headers: Headers): readonly string[] {
  const ofConnection = connectionFields(headers)
  return OWN_WORDS.some((name) => headers.has(name)) ? [...OWN_WORDS, ...ofConnection] : ofConnection
}

/** The origin's answer as the visitor gets it: unchanged, but for what the gate has to add. */
export function respond(
  plan: Plan,
  answer: OriginAnswer,
  watched: ReadableStream | undefined,
  request: GateRequest,
): Response {
  const { decision, debug, setCookie } = plan
  const { response, isMutable, status, origin, tag, rescued, missing } = answer
  if (status > HIGHEST_STATUS) return response
  const varies = dependsOnVisitor(plan, request)
  const given = response.headers
  const page = cookieOfPage(plan, answer, request, given)
  const unfit = unfitFields(given)
  const isChanged = varies || debug.visible || page !== undefined || missing || unfit.length > 0
  if (!isChanged && watched === undefined) return response
  const isCopied = !isMutable || watched !== undefined
  const copy = isCopied ? mutable(response, watched) : response
  const headers = isCopied ? copy.headers : given
  for (const name of unfit) headers.delete(name)
  if (varies || page !== undefined) keepFromSharedCaches(headers, varies && isCode(request))
  if (tag !== undefined) tagValidators(headers, tag)
  if (missing) headers.set('cache-control', 'no-store')
  if (setCookie !== undefined) headers.append('set-cookie', setCookie)
  if (page !== undefined) headers.append('set-cookie', page)
  if (debug.visible) {
    headers.set('sluice-origin', origin.name)
    if (decision !== undefined) headers.set('sluice-flags', flagsHeader(decision))
    if (rescued) headers.set('sluice-rescue', `${plan.origin.name};failure=${answer.failure}`)
  }
  return copy
}

/** Whether another visitor, or the same one from another page, could get another answer. */
function dependsOnVisitor({ target }: Plan, request: GateRequest): boolean {
  return target.kind === 'flag' || (target.varies && request.header('sec-fetch-dest') !== undefined)
}

/** Destinations of what makes a page work, in contrast to what it shows. */
const CODE = [
  ...['document', 'iframe', 'frame', 'object', 'embed', 'script', 'style', 'xslt', 'json', 'empty'],
  ...['worker', 'sharedworker', 'serviceworker', 'audioworklet', 'paintworklet'],
]
/** What browsers load that is no code, by its name: old ones don't say what a request is for. */
const NO_CODE = /\.(?:woff2?|ttf|otf|png|jpe?g|gif|svg|webp|avif|ico|mp[34]|webm|pdf|zip)$/i
/** A file name with the hash of its content, such as `main.3f2a9c1b.js` or `index-BkT3x9aQ.css`. */
const CONTENT_ADDRESSED = /[.-](?=[\w-]*\d)[\w-]{8,}\.\w+$/

/** What a browser must not mix from two versions, and could, because the names don't tell them apart. */
function isCode(request: GateRequest): boolean {
  const dest = request.header('sec-fetch-dest')
  const isLoaded =
    dest === undefined ? isOldBrowser(request) && !NO_CODE.test(request.path) : CODE.includes(dest)
  return isLoaded && !CONTENT_ADDRESSED.test(request.path)
}

/** A browser that knows no fetch metadata. */
function isOldBrowser(request: GateRequest): boolean {
  return request.header('user-agent')?.startsWith('Mozilla/') === true
}

/** A document leaves word of the version that it came from; a redirect is none. */
function cookieOfPage(
  { target, role, decision }: Plan,
  { status, rescued }: OriginAnswer,
  request: GateRequest,
  headers: Headers,
): string | undefined {
  if (role === 'part' || role === 'foreign' || isRedirect(status)) return undefined
  const policy = headers.get('referrer-policy')
  if (decision === undefined)
    return target.kind === 'origin' ? pageCookie(request, '', '', policy) : undefined
  const variant = rescued && target.kind === 'flag' ? target.flag.off : decision.variant
  return pageCookie(request, decision.flag, variant, policy)
}

function isRedirect(status: number): boolean {
  return status >= 300 && status < 400 && status !== 304
}
