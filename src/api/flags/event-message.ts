/** The messages of `POST /__sluice/events`, as data. */
import * as v from 'valibot'
import { VITAL_NAMES } from '../../core/counters/cell.ts'

/** Beacons of browsers hold 64 kB at most; pages send far less at once. */
export const LARGEST_BODY_BYTES = 32_000
export const MOST_REPORTS = 50
const LONGEST_TEXT = 2_000
/** An hour; a longer duration means that the clock was set. */
const LONGEST_DURATION_MS = 3_600_000
const LONGEST_KEY = 4_096

const name = v.pipe(v.string(), v.minLength(1), v.maxLength(200))
/** Whom a server reports about, as over OFREP: a targeting key, and the attributes that rules ask for. */
const context = v.optional(
  v.looseObject({ targetingKey: v.pipe(v.string(), v.minLength(1), v.maxLength(LONGEST_KEY)) }),
)
const about = { flag: name, context }
const text = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(LONGEST_TEXT))
const durationMs = v.pipe(v.number(), v.minValue(0), v.maxValue(LONGEST_DURATION_MS))
/** NaN and Infinity are null in JSON. */
const NO_NUMBER = v.pipe(
  v.null(),
  v.transform(() => Number.NaN),
)
const report = v.variant('type', [
  v.object({ type: v.literal('error'), ...about, message: v.optional(v.string()) }),
  v.object({ type: v.literal('timing'), ...about, name: v.optional(v.string()), durationMs }),
  v.object({
    type: v.literal('vital'),
    ...about,
    name: v.picklist(VITAL_NAMES),
    /** Milliseconds; of CLS the share itself. */
    value: durationMs,
  }),
  v.object({ type: v.literal('feedback'), ...about, text }),
  v.object({
    type: v.literal('track'),
    /** Of the metric. What is no name or value is refused by itself: one bad call of a page must not take others along. */
    name: v.string(),
    /** Only for this flag; otherwise for each that measures the metric. */
    flag: v.optional(name),
    context,
    value: v.optional(v.union([v.number(), NO_NUMBER])),
    /** Idempotency key: however often it is sent, it counts once. */
    id: v.optional(v.string()),
    /** When it happened, if not now; ms since 1970, or ISO 8601. */
    atMs: v.optional(v.number()),
    at: v.optional(
      v.pipe(
        v.string(),
        v.check((text) => !Number.isNaN(Date.parse(text)), 'must be a time such as "2027-03-01T12:00:00Z"'),
      ),
    ),
  }),
])
const reports = v.pipe(v.array(report), v.minLength(1), v.maxLength(MOST_REPORTS))

export type Report = v.InferOutput<typeof report>
/** An event of a metric. */
export type Track = Extract<Report, { type: 'track' }>
/** What is said of a variant. */
export type VariantReport = Exclude<Report, Track>
/** A report that names its visitor. */
export type NamedReport = Report & { context: NonNullable<Report['context']> }

/** `visitor`: all reports are about the sender. `server`: each names the visitor that it is about. */
export type EventMessage =
  | { kind: 'visitor'; reports: readonly Report[] }
  | { kind: 'server'; reports: readonly NamedReport[] }

export const EXAMPLE = '{"reports": [{"type": "error", "flag": "new-checkout"}]}'

export function parseMessage(
  body: string,
): { ok: true; message: EventMessage } | { ok: false; detail: string } {
  try {
    const message: unknown = JSON.parse(body)
    // A bare list is accepted too; wrapped here, so that a problem names the right alternative.
    const parsed = v.safeParse(v.object({ reports }), Array.isArray(message) ? { reports: message } : message)
    if (parsed.success) return sorted(parsed.output.reports)
    const issue = parsed.issues[0]
    const place = v.getDotPath(issue)
    return { ok: false, detail: `${place ? `${place}: ` : ''}${issue.message}. Send for example ${EXAMPLE}` }
  } catch {
    return { ok: false, detail: `The body must be JSON. Send for example ${EXAMPLE}` }
  }
}

function sorted(all: Report[]): ReturnType<typeof parseMessage> {
  const named = all.filter((each): each is NamedReport => each.context !== undefined)
  if (named.length === 0) return { ok: true, message: { kind: 'visitor', reports: all } }
  if (named.length === all.length) return { ok: true, message: { kind: 'server', reports: named } }
  return { ok: false, detail: 'Either each report of a message has a context, or none' }
}
