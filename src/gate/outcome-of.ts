/** What a delivery counts as. */
import { canonicalPath } from '../core/config/routes/canonical-path.ts'
import type { Decision } from '../core/decision/decide.ts'
import {
  type AnswerClass,
  classOfAnswer,
  DEFAULT_ANSWERS,
  isPageStatus,
} from '../core/flags/answers/judged-answers.ts'
import { watchedIn } from '../core/flags/answers/watched-answers.ts'
import type { Outcome } from '../core/outcome/outcome.ts'
import { setsNewCookie } from './names/translate.ts'
import { type Answered, fieldsOf } from './origin/fetch-origin.ts'
import type { Delivery } from './origin/retry-and-fallback.ts'
import { isFetchedAhead } from './pages/page-affinity.ts'
import type { Plan } from './plan.ts'
import type { GateRequest } from './request/gate-request.ts'

export function outcomeOf(request: GateRequest, plan: Plan, decision: Decision, delivery: Delivery): Outcome {
  const { answer, charge, rescued } = delivery
  const judged = classOf(request, plan, delivery)
  const failure = judged === 'failure' ? (charge.failure ?? 'status') : undefined
  const isShown = charge.failure === undefined && answer.kind === 'answered' && isPageStatus(answer.status)
  return {
    decision,
    failure,
    pairedAs: charge.pairedAs,
    isClientError: judged === 'client-error',
    latencyMs: charge.latencyMs,
    watched: watchedOf(request, plan, decision, delivery),
    journey: plan.role === 'page' && isShown && failure === undefined && !isFetchedAhead(request),
    rescued,
  }
}

/** Nothing but a field is read where no stage sets a limit. */
function watchedOf(
  request: GateRequest,
  { call }: Plan,
  { placement }: Decision,
  { answer, charge }: Delivery,
): readonly string[] | undefined {
  const watched = call.target.kind === 'flag' ? call.target.flag.watched : undefined
  if (watched === undefined || placement.arm !== 'canary') return undefined
  const own = charge.failure !== undefined ? (charge.status ?? 504) : undefined
  const status = own ?? (answer.kind === 'answered' ? answer.status : 504)
  return watchedIn(watched, canonicalPath(request.path), status)
}

/** What the assigned origin's answer, or its silence, counts as by the flag's own reading. */
function classOf(request: GateRequest, { call }: Plan, { answer, charge }: Delivery): AnswerClass {
  const { failure, status } = charge
  const judged = call.target.kind === 'flag' ? call.target.flag.answers : DEFAULT_ANSWERS
  if (failure !== undefined)
    return failure === 'status' && status !== undefined && !judged.isError(status) ? 'good' : 'failure'
  // A 5xx that is no failure: the visitor's upload dripped in.
  if (answer.kind !== 'answered' || answer.status >= 500) return 'good'
  return classOfAnswer(judged, {
    status: answer.status,
    grpcStatus: () => fieldsOf(answer).get('grpc-status'),
    redirectsToItself: () => redirectsToItself(request, answer),
  })
}

/**
 * Whether an answer sends the visitor to the very page that was asked for: a loop, unless a cookie breaks it. After a form
 * was sent this is how its page is shown, and from http to https it is the way it should be.
 */
function redirectsToItself(request: GateRequest, answer: Answered): boolean {
  if (!request.isRead) return false
  const { origin } = answer
  const fields = fieldsOf(answer)
  const location = fields.get('location')
  if (location === null || setsNewCookie(fields, request)) return false
  const asked = request.url
  const to = URL.parse(location, asked)
  if (to === null || (to.protocol === 'https:' && asked.protocol === 'http:' && to.host === asked.host))
    return false
  const tail = to.pathname + to.search
  const isSame = tail === asked.pathname + asked.search
  if (to.host === asked.host || to.hostname === asked.hostname) return isSame
  const own = URL.parse(origin.url)
  if (own === null || to.host !== own.host) return false
  return isSame || tail === own.pathname.replace(/\/$/, '') + asked.pathname + asked.search
}
