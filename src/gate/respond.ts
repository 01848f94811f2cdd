/** The response that the visitor gets. */
import type { RouteTarget } from '../core/config/compile/route-target.ts'
import type { Snapshot } from '../core/config/compile/snapshot.ts'
import type { Decision } from '../core/decision/decide.ts'
import { noteInternalError } from '../platform/internal-errors.ts'
import { withPageFlags } from './evaluation/page-flags.ts'
import { loopResponse, namesIn, translate } from './names/translate.ts'
import { isForSharedCaches, keepFromSharedCaches } from './origin/cache-control.ts'
import { changeable, HIGHEST_STATUS } from './origin/changeable.ts'
import { errorResponse } from './origin/error-page.ts'
import { tagValidators } from './origin/etags.ts'
import { fieldsOf, type OriginAnswer } from './origin/fetch-origin.ts'
import { connectionFields, dropGateCookies, flagsHeader, setsGateCookies } from './origin/proxy-headers.ts'
import type { Delivery } from './origin/retry-and-fallback.ts'
import { nextPageCookie, pageCookie, shownPageCookie } from './pages/page-affinity.ts'
import type { Plan } from './plan.ts'
import type { GateRequest } from './request/gate-request.ts'
import { AnswerHeaders, type HeaderFields } from './request/header-list.ts'
import { withholdsCookies } from './request/identity-cookie.ts'

/** What a response is made of. */
export type Reply = {
  request: GateRequest
  plan: Plan
  delivery: Delivery
  snapshot: Snapshot
  /** Goes in place of the answer's body. */
  body: ReadableStream | undefined
}

/** The origin's answer, or an error page where there is none, with what the gate has to add to it. */
export function respond(reply: Reply): Response {
  const { request, plan, delivery, snapshot } = reply
  const { answer, rescued } = delivery
  const original = answer.kind === 'answered' ? answer.response : errorResponse(answer, request, snapshot)
  const response = withGateHeaders(original, reply)
  const { bootstrap, decision, setCookie } = plan
  if (bootstrap === undefined) return response
  const page = { flags: rescued ? bootstrap.rescued : bootstrap.flags, revision: bootstrap.revision }
  return withPageFlags(response, page, decision === undefined ? setCookie : undefined)
}

/** An origin's answer that no plan led to: as it is, but out of shared caches. */
export function respondPlainly(answer: OriginAnswer, request: GateRequest, snapshot: Snapshot): Response {
  if (answer.kind !== 'answered') return errorResponse(answer, request, snapshot)
  try {
    if (answer.status > HIGHEST_STATUS && passesUnchanged(answer.response.headers, true))
      return answer.response
    const copy = answer.status > HIGHEST_STATUS ? restated(answer.response) : changeable(answer.response)
    dropGateCookies(copy.headers)
    keepFromSharedCaches(copy.headers)
    return copy
  } catch (error) {
    noteInternalError('gate.respond', error)
    return answer.response
  }
}

/** Headers that visitors take for the gate's word; an origin must not send them, whatever comes after. */
const GATE_PREFIX = 'sluice-'

/** Names of an answer's headers that visitors must not get; most answers have none. */
function unfitHeaders(headers: HeaderFields): readonly string[] {
  let own: string[] | undefined
  for (const name of headers.keys())
    if (name.startsWith(GATE_PREFIX)) {
      own ??= []
      own.push(name)
    }
  const unfit = connectionFields(headers)
  return own === undefined ? unfit : [...unfit, ...own]
}

/**
 * A copy under a status that the runtime makes a response of, where it makes none of the origin's: clients take that one for
 * a 5xx too (RFC 9110, 15).
 */
function restated({ body, headers }: Response, watched: ReadableStream | null = body): Response {
  return new Response(watched, { status: 502, headers })
}

/** Whether nothing has to be taken away from the headers of a response that can't be changed. */
function passesUnchanged(headers: HeaderFields, varies: boolean): boolean {
  return (
    unfitHeaders(headers).length === 0 && !setsGateCookies(headers) && !(varies && isForSharedCaches(headers))
  )
}

function withGateHeaders(original: Response, reply: Reply): Response {
  const { request, plan, delivery, snapshot, body } = reply
  const { decision, debug, setCookie } = plan
  const { answer, charge, rescued } = delivery
  const varies = dependsOnVisitor(plan)
  const isOdd = answer.kind === 'answered' && answer.status > HIGHEST_STATUS
  if (isOdd && passesUnchanged(original.headers, varies)) return original
  const hints = plan.role === 'page' ? snapshot.clientHints : undefined
  const isChanged = isOdd || varies || debug.visible || body !== undefined || hints !== undefined
  const isCopy = body === undefined && answer.kind === 'answered' && answer.isCopy
  // Copied before anything is read: the headers of two responses cost twice.
  const copy = isOdd ? restated : changeable
  const early = isChanged && !isCopy ? copy(original, body) : original
  const isOwn = answer.kind === 'answered' && early === answer.response
  const fields = isOwn ? fieldsOf(answer) : new AnswerHeaders(early.headers)
  const page = pageCookieOf(reply, fields)
  const unfit = unfitHeaders(fields)
  const isForging = setsGateCookies(fields)
  const names = answer.kind === 'answered' ? namesIn(fields, answer, request) : undefined
  if (names?.isLoop) return loopResponse(answer.origin, fields.get('location'))
  if (!isChanged && page === undefined && unfit.length === 0 && !isForging && names === undefined)
    return original
  const response = isChanged || isCopy ? early : changeable(original)
  const headers = response === early ? fields : response.headers
  for (const name of unfit) headers.delete(name)
  if (names !== undefined) translate(headers, names)
  if (isForging) dropGateCookies(headers)
  if (varies || page !== undefined) keepFromSharedCaches(headers, varies && isMixable(request, headers))
  // An answer to PUT often has its ETag in the body as well.
  if (answer.kind === 'answered' && answer.tag !== undefined && request.isRead)
    tagValidators(headers, answer.tag)
  if (hints !== undefined) headers.append('accept-ch', hints)
  // Without a flag of the route, its page brings the cookie along with the flags.
  if (setCookie !== undefined && decision !== undefined) headers.append('set-cookie', setCookie)
  if (page !== undefined) headers.append('set-cookie', page)
  if (debug.visible) {
    headers.set('sluice-origin', answer.origin.name)
    if (decision !== undefined) headers.set('sluice-flags', flagsHeader(decision))
    if (rescued) headers.set('sluice-rescue', `${plan.call.origin.name};failure=${charge.failure}`)
  }
  return response
}

/**
 * Whether another visitor, or the same one from another page, could get another answer. Not by this request's headers: a shared
 * cache gives the answer to others, whose headers differ.
 */
function dependsOnVisitor({ call: { target } }: Plan): boolean {
  return target.kind === 'flag' || target.varies
}

/** What a page shows, as opposed to what makes it work, by name and by type. */
const MEDIA_NAME = /\.(?:woff2?|ttf|otf|png|jpe?g|gif|svg|webp|avif|ico|mp[34]|webm|pdf|zip)$/i
const MEDIA_TYPE = /^(?:image|audio|video|font)\//i
/** What is code in either is no media, whatever the other says: browsers run what is named so, or is of such a type. */
const CODE_NAME = /\.(?:m?js|css|wasm|json|html?)$/i
const CODE_TYPE = /html|script|css|json|wasm/i
/**
 * A file name with the hash of its content, such as `main.3f2a9c1b.js` or `index-BkT3x9aQ.css`. Of many dashes only the first
 * begins one: trying each takes seconds of a long path.
 */
const CONTENT_ADDRESSED = /(?:\.|(?:^|[^\w-])\w*-)(?=[\w-]*\d)[\w-]{8,}\.\w+$/

/**
 * Code that a browser could mix from two versions, because its name doesn't tell them apart. Not by what the request is for: a
 * browser takes for a script what it keeps of a picture.
 */
function isMixable(request: GateRequest, headers: HeaderFields): boolean {
  const { path } = request
  if (!isByBrowser(request) || CONTENT_ADDRESSED.test(path)) return false
  const type = headers.get('content-type') ?? ''
  const isMedia = MEDIA_NAME.test(path) || MEDIA_TYPE.test(type)
  return !isMedia || CODE_NAME.test(path) || CODE_TYPE.test(type)
}

/** Old browsers know no fetch metadata. */
function isByBrowser(request: GateRequest): boolean {
  return (
    request.header('sec-fetch-dest') !== undefined ||
    request.header('user-agent')?.startsWith('Mozilla/') === true
  )
}

/** The cookie by which a document leaves the version that it came from. A redirect leaves none. */
function pageCookieOf(reply: Reply, headers: HeaderFields): string | undefined {
  const { request, plan, delivery, snapshot } = reply
  const { call, role, decision, isUnknown } = plan
  if (role === 'part') return pageCookieOfPart(reply)
  if (role === 'foreign' || isUnknown || withholdsCookies(request)) return undefined
  const { answer } = delivery
  const { target } = call
  if (answer.kind === 'answered' && isRedirect(answer.status)) return undefined
  if (decision === undefined && target.kind === 'flag') return undefined
  const flag = decision?.flag ?? ''
  const variant = decision === undefined ? '' : servedVariant(decision, target, delivery)
  const referrerPolicy = headers.get('referrer-policy')
  return pageCookie(request, { flag, variant, referrerPolicy }, snapshot.cookies)
}

/** The cookie by which a part of a page says that the page is shown, or that it goes on to another address. */
function pageCookieOfPart({ request, plan, delivery, snapshot: { cookies } }: Reply): string | undefined {
  const shown = shownPageCookie(request, cookies)
  const { decision, call, isUnknown } = plan
  if (shown !== undefined || decision === undefined || isUnknown) return shown
  const served = servedVariant(decision, call.target, delivery)
  return nextPageCookie(request, { flag: decision.flag, variant: served }, cookies)
}

function servedVariant({ variant }: Decision, target: RouteTarget, { rescued }: Delivery): string {
  return rescued && target.kind === 'flag' ? target.flag.off : variant
}

function isRedirect(status: number): boolean {
  return status >= 300 && status < 400 && status !== 304
}
