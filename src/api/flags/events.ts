/**
 * App reports, `POST /__sluice/events`: errors and timings count for the variant that the gate itself computes for the
 * visitor, and events of metrics for each flag that measures them; feedback is stored with its variant. A variant named by
 * the report could be forged, so reports don't name one. An app's server names its visitors, and needs a token for that; all
 * others report about themselves.
 */
import type { Context } from 'hono'
import { Hono } from 'hono/tiny'
import { NO_NETWORK } from '../../core/counters/networks.ts'
import type { Decision } from '../../core/decision/decide.ts'
import { RateLimiter } from '../../core/limits/rate-limiter.ts'
import type { SentFeedback } from '../../durable/storage/feedback-log.ts'
import { isOptedOut, type MetricPlaces } from '../../gate/evaluation/measured.ts'
import type { Assignments, NamedVisitor } from '../../gate/evaluation/visitor.ts'
import type { AppReport, ReportContext } from '../../gate/reporting/reporter.ts'
import { readBoundedText } from '../../platform/bounded-body.ts'
import type { Env } from '../../platform/env.ts'
import { problemDetails } from '../../platform/problem-details.ts'
import { type Login, loginRefused, mayReport } from '../auth/authenticator.ts'
import { senderIn } from '../auth/sender-in.ts'
import {
  EXAMPLE,
  LARGEST_BODY_BYTES,
  MOST_REPORTS,
  type NamedReport,
  parseMessage,
  type Report,
  type Track,
  type UnreadReport,
  type VariantReport,
} from './event-message.ts'
import { attributesIn } from './given-attributes.ts'
import { type Claimant, ReportEvidence } from './report-evidence.ts'
import { type FoundEvent, type MetricsPort, type TrackRefusal, type TrackWhy, takeTrack } from './track.ts'

/** What the endpoint needs of the gate. */
export type EventsPorts = {
  /** Of the document in force. */
  trustedProxies(): number
  assignments(request: Request, env: Env, ctx: ExecutionContext): Promise<Assignments>
  /** The assignments of visitors whom a server names. */
  named(request: Request, env: Env, ctx: ExecutionContext): Promise<NamedAssignments>
  login(request: Request, env: Env, ctx: ExecutionContext): Promise<Login>
  report(decision: Decision, report: AppReport, context: ReportContext): void
  metrics: MetricsPort
  /** Sees to it that events leave the isolate in time. */
  stayInTouch(context: ReportContext): void
  keepFeedback(env: Env, entries: readonly SentFeedback[]): Promise<void>
}

export type NamedAssignments = {
  colo: string
  /** The decision of a flag; undefined for a flag that the document doesn't have. */
  of(visitor: NamedVisitor, flag: string): Decision | undefined
  /** Where an event of a metric counts; `only`: for this flag alone. */
  placesOf(visitor: NamedVisitor, metric: string, only?: string): MetricPlaces
}

/** Reports that one address may send; a page that exceeds this repeats the same problem. */
const LIMIT = { burst: 100, perSecond: 2 }

/** The result of one message. */
type Tally = { accepted: number; refused: (UnreadReport | TrackRefusal)[] }

/** A message whose sender is known, with what the gate finds for each report. */
type Taken = {
  reports: readonly { report: VariantReport; decision: Decision | undefined }[]
  events: readonly FoundEvent[]
  /** Why none of the events counts, whatever it is. */
  eventsRefused: TrackWhy | undefined
  /** Why a report without a decision counts for nothing. */
  otherwise: string
  claimant: Claimant
  place: { readonly colo: string }
}

const NO_FLAG = 'the document has no such flag'
const NO_IDENTITY =
  'The report brings no identity (cookie or configured targeting key), so no variant is known'

type Call = Context<{ Bindings: Env }>

/** Makes the endpoint; mounted at /__sluice/events. */
export function createEventsApi(ports: EventsPorts): Hono<{ Bindings: Env }> {
  const api = new Hono<{ Bindings: Env }>()
  const limiter = new RateLimiter(LIMIT)
  const evidence = new ReportEvidence()

  api.post('/', async (c) => {
    const request = c.req.raw
    if (request.headers.get('sec-fetch-site') === 'cross-site') {
      return problemDetails(403, 'Forbidden', 'Reports must come from pages of this site')
    }
    const body = await readBoundedText(request, LARGEST_BODY_BYTES)
    if (body === undefined) {
      const detail = `Send at most ${LARGEST_BODY_BYTES} bytes, in batches of at most ${MOST_REPORTS} reports`
      return problemDetails(413, 'Content Too Large', detail)
    }
    const parsed = parseMessage(body)
    if (!parsed.ok) return problemDetails(400, 'Bad Request', parsed.detail)
    const { message } = parsed
    const taken =
      message.kind === 'server'
        ? await fromServer(message.reports, c, ports)
        : await fromVisitor(message.reports, c, ports, limiter)
    if (taken instanceof Response) return taken
    const { accepted, refused } = await take(taken, c, ports, evidence)
    const answer: Tally = { accepted, refused: [...refused, ...message.unread] }
    return c.json(answer, 202, { 'cache-control': 'no-store' })
  })

  api.all('/', () => problemDetails(405, 'Method Not Allowed', `POST ${EXAMPLE}`, { allow: 'POST' }))
  return api
}

/** What visitors report about themselves: limited by address, and worth something with proof only. */
async function fromVisitor(
  reports: readonly Report[],
  c: Call,
  ports: EventsPorts,
  limiter: RateLimiter,
): Promise<Taken | Response> {
  const request = c.req.raw
  const sender = senderIn(request, c.env, ports.trustedProxies())
  // One limit for all whose address is unknown would let any of them use it up for the rest.
  const waitMs = sender === undefined ? 0 : limiter.take(sender, Date.now(), reports.length)
  if (waitMs > 0) {
    const retryAfter = { 'retry-after': String(Math.ceil(waitMs / 1_000)) }
    return problemDetails(429, 'Too Many Requests', 'Too many reports; send them later', retryAfter)
  }
  const assignments = await ports.assignments(request, c.env, c.executionCtx as ExecutionContext)
  const { isKnown, isProven } = assignments
  const { events, others } = apart(reports)
  if (!isKnown && events.length === 0) return problemDetails(422, 'Unprocessable Content', NO_IDENTITY)
  const network = assignments.network === NO_NETWORK ? undefined : assignments.network
  return {
    reports: others.map((report) => ({
      report,
      decision: isKnown ? assignments.of(report.flag) : undefined,
    })),
    events: events.map((event) => ({
      event,
      found: assignments.placesOf(event.name, event.flag ?? undefined),
    })),
    eventsRefused: isOptedOut(request.headers) ? 'opted out' : isKnown && isProven ? undefined : 'unproven',
    otherwise: isKnown ? NO_FLAG : NO_IDENTITY,
    claimant: { isProven, network },
    place: assignments,
  }
}

/** What an app's server reports about its visitors, whom its token proves. */
async function fromServer(
  reports: readonly NamedReport[],
  c: Call,
  ports: EventsPorts,
): Promise<Taken | Response> {
  const request = c.req.raw
  const ctx = c.executionCtx as ExecutionContext
  const login = await ports.login(request, c.env, ctx)
  if (!login.ok) return loginRefused(login)
  if (!mayReport(login.actor)) {
    const detail = `${login.actor.name} may act as ${login.actor.role}; reports about others need reporter`
    return problemDetails(403, 'Forbidden', detail)
  }
  const named = await ports.named(request, c.env, ctx)
  const visitorOf = ({ context: { targetingKey, ...rest } }: NamedReport): NamedVisitor => ({
    targetingKey,
    attributes: attributesIn(rest),
  })
  const { events, others } = apart(reports)
  return {
    reports: others.map((report) => ({ report, decision: named.of(visitorOf(report), report.flag) })),
    events: events.map((event) => ({
      event,
      found:
        event.context.targetingKey === ''
          ? ({ ok: false, why: 'context' } as const)
          : named.placesOf(visitorOf(event), event.name, event.flag ?? undefined),
    })),
    eventsRefused: undefined,
    otherwise: NO_FLAG,
    claimant: { isProven: true, network: undefined },
    place: { colo: named.colo },
  }
}

async function take(
  { reports, events, eventsRefused, otherwise, claimant, place }: Taken,
  { env, executionCtx }: Call,
  ports: EventsPorts,
  evidence: ReportEvidence,
): Promise<Tally> {
  const nowMs = Date.now()
  const context: ReportContext = { env, place, nowMs, waitUntil: (work) => executionCtx.waitUntil(work) }
  const tally: Tally = { accepted: 0, refused: [] }
  const feedback: SentFeedback[] = []
  // A keyed hash: it tells networks apart, and names none.
  const kept = { atMs: nowMs, network: String(claimant.network ?? '') }
  for (const found of events) {
    const refusal = takeTrack(found, eventsRefused, ports.metrics, nowMs)
    if (refusal === undefined) tally.accepted++
    else tally.refused.push(refusal)
  }
  if (events.length > 0) ports.stayInTouch(context)
  for (const { report: each, decision } of reports) {
    if (decision === undefined) {
      tally.refused.push({ flag: each.flag, reason: otherwise })
      continue
    }
    tally.accepted++
    if (each.type === 'feedback')
      feedback.push({ ...kept, flag: each.flag, variant: decision.variant, text: each.text })
    else if (each.type === 'vital') ports.report(decision, each, context)
    else {
      const weighed = evidence.weigh(decision, each.type, claimant, nowMs)
      if (weighed.kind !== 'repeated') ports.report(weighed.decision, each, context)
    }
  }
  if (feedback.length > 0) await ports.keepFeedback(env, feedback)
  return tally
}

/** Events of metrics, and what is said of variants. */
function apart<R extends Report>(reports: readonly R[]) {
  const events: Extract<R, Track>[] = []
  const others: Exclude<R, Track>[] = []
  for (const report of reports) {
    if (report.type === 'track') events.push(report as Extract<R, Track>)
    else others.push(report as Exclude<R, Track>)
  }
  return { events, others }
}
