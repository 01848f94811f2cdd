/**
 * App reports, `POST /__sluice/events`: errors and timings count for the variant that the gate itself computes for the
 * visitor; feedback is stored with it. A variant named by the report could be forged, so reports don't name one.
 */
import { Hono } from 'hono/tiny'
import * as v from 'valibot'
import { VITAL_NAMES } from '../../core/counters/cell.ts'
import type { Decision } from '../../core/decision/decide.ts'
import { RateLimiter } from '../../core/limits/rate-limiter.ts'
import type { Feedback } from '../../durable/storage/feedback-log.ts'
import type { Assignments } from '../../gate/evaluation/visitor.ts'
import type { AppReport, ReportContext } from '../../gate/reporting/reporter.ts'
import { readBoundedText } from '../../platform/bounded-body.ts'
import type { Env } from '../../platform/env.ts'
import { problemDetails } from '../../platform/problem-details.ts'
import { senderIn } from '../auth/sender-in.ts'

/** What the endpoint needs of the gate. */
export type EventsPorts = {
  /** Of the document in force. */
  trustedProxies(): number
  assignments(request: Request, env: Env, ctx: ExecutionContext): Promise<Assignments>
  report(decision: Decision, report: AppReport, context: ReportContext): void
  keepFeedback(env: Env, entries: readonly Feedback[]): Promise<void>
}

/** Beacons of browsers hold 64 kB at most; pages send far less at once. */
const LARGEST_BODY_BYTES = 32_000
const MOST_REPORTS = 50
const LONGEST_TEXT = 2_000
/** An hour; a longer duration means that the clock was set. */
const LONGEST_DURATION_MS = 3_600_000
/** Reports that one address may send; a page that exceeds this repeats the same problem. */
const LIMIT = { burst: 100, perSecond: 2 }

const flag = v.pipe(v.string(), v.minLength(1), v.maxLength(200))
const text = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(LONGEST_TEXT))
const report = v.variant('type', [
  v.object({ type: v.literal('error'), flag, message: v.optional(v.string()) }),
  v.object({
    type: v.literal('timing'),
    flag,
    name: v.optional(v.string()),
    durationMs: v.pipe(v.number(), v.minValue(0), v.maxValue(LONGEST_DURATION_MS)),
  }),
  v.object({
    type: v.literal('vital'),
    flag,
    name: v.picklist(VITAL_NAMES),
    /** Milliseconds; of CLS the share itself. */
    value: v.pipe(v.number(), v.minValue(0), v.maxValue(LONGEST_DURATION_MS)),
  }),
  v.object({ type: v.literal('feedback'), flag, text }),
])
const reports = v.pipe(v.array(report), v.minLength(1), v.maxLength(MOST_REPORTS))

type Report = v.InferOutput<typeof report>

/** The result of one message. */
type Tally = { accepted: number; refused: { flag: string; reason: string }[] }

const EXAMPLE = '{"reports": [{"type": "error", "flag": "new-checkout"}]}'

/** Makes the endpoint; mounted at /__sluice/events. */
export function createEventsApi(ports: EventsPorts): Hono<{ Bindings: Env }> {
  const api = new Hono<{ Bindings: Env }>()
  const limiter = new RateLimiter(LIMIT)

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
    const sender = senderIn(request, c.env, ports.trustedProxies())
    // One limit for all whose address is unknown would let any of them use it up for the rest.
    const waitMs = sender === undefined ? 0 : limiter.take(sender, Date.now(), parsed.reports.length)
    if (waitMs > 0) {
      const retryAfter = { 'retry-after': String(Math.ceil(waitMs / 1_000)) }
      return problemDetails(429, 'Too Many Requests', 'Too many reports; send them later', retryAfter)
    }
    const ctx = c.executionCtx as ExecutionContext
    const assignments = await ports.assignments(request, c.env, ctx)
    if (!assignments.isKnown) {
      const detail =
        'The report brings no identity (cookie or configured targeting key), so no variant is known'
      return problemDetails(422, 'Unprocessable Content', detail)
    }
    return c.json(await take(parsed.reports, assignments, ports, c.env, ctx), 202, {
      'cache-control': 'no-store',
    })
  })

  api.all('/', () => problemDetails(405, 'Method Not Allowed', `POST ${EXAMPLE}`, { allow: 'POST' }))
  return api
}

async function take(
  all: readonly Report[],
  assignments: Assignments,
  ports: EventsPorts,
  env: Env,
  ctx: ExecutionContext,
): Promise<Tally> {
  const nowMs = Date.now()
  const waitUntil = (work: Promise<unknown>) => ctx.waitUntil(work)
  const context: ReportContext = { env, place: assignments, nowMs, waitUntil }
  const tally: Tally = { accepted: 0, refused: [] }
  const feedback: Feedback[] = []
  for (const each of all) {
    const decision = assignments.of(each.flag)
    if (decision === undefined) {
      tally.refused.push({ flag: each.flag, reason: 'the document has no such flag' })
      continue
    }
    if (each.type === 'feedback') {
      feedback.push({ atMs: nowMs, flag: each.flag, variant: decision.variant, text: each.text })
    } else ports.report(decision, each, context)
    tally.accepted++
  }
  if (feedback.length > 0) await ports.keepFeedback(env, feedback)
  return tally
}

function parseMessage(body: string): { ok: true; reports: Report[] } | { ok: false; detail: string } {
  try {
    const message: unknown = JSON.parse(body)
    // A bare list is accepted too; wrapped here, so that a problem names the right alternative.
    const parsed = v.safeParse(v.object({ reports }), Array.isArray(message) ? { reports: message } : message)
    if (parsed.success) return { ok: true, reports: parsed.output.reports }
    const issue = parsed.issues[0]
    const place = v.getDotPath(issue)
    return { ok: false, detail: `${place ? `${place}: ` : ''}${issue.message}. Send for example ${EXAMPLE}` }
  } catch {
    return { ok: false, detail: `The body must be JSON. Send for example ${EXAMPLE}` }
  }
}
