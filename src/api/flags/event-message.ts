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
const visitor = v.looseObject({
  targetingKey: v.pipe(v.string(), v.minLength(1), v.maxLength(LONGEST_KEY)),
})
/** Of an event whose context names no visitor. */
const NO_CONTEXT = { targetingKey: '' }
const about = { flag: name, context: v.nullish(visitor) }
const text = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(LONGEST_TEXT))
const durationMs = v.pipe(v.number(), v.minValue(0), v.maxValue(LONGEST_DURATION_MS))
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
    /** Of the metric. What is of a wrong type is refused by itself, with the reason of a wrong value. */
    name: v.fallback(v.string(), ''),
    /** Only for this flag; otherwise for each that measures the metric. */
    flag: v.nullish(v.fallback(v.string(), '')),
    context: v.nullish(v.fallback(visitor, NO_CONTEXT)),
    /** NaN and Infinity are null in JSON. */
    value: v.optional(v.fallback(v.number(), Number.NaN)),
    /** Idempotency key: however often it is sent, it counts once. */
    id: v.nullish(v.fallback(v.string(), '')),
    /** When it happened, if not now; ms since 1970, or ISO 8601. */
    atMs: v.nullish(v.fallback(v.number(), Number.NaN)),
    at: v.nullish(v.fallback(v.string(), '')),
  }),
])

const reports = v.pipe(v.array(v.unknown()), v.minLength(1), v.maxLength(MOST_REPORTS))

export type Report = v.InferOutput<typeof report>
/** An event of a metric. */
export type Track = Extract<Report, { type: 'track' }>
/** What is said of a variant. */
export type VariantReport = Exclude<Report, Track>
/** A report that names its visitor. */
export type NamedReport = Report & { context: NonNullable<Report['context']> }

/** A report that can't be read, and why. */
export type UnreadReport = { flag: string; reason: string }

/** `visitor`: all reports are about the sender. `server`: each names the visitor that it is about. */
export type EventMessage = { unread: readonly UnreadReport[] } & (
  | { kind: 'visitor'; reports: readonly Report[] }
  | { kind: 'server'; reports: readonly NamedReport[] }
)

export const EXAMPLE = '{"reports": [{"type": "error", "flag": "new-checkout"}]}'
const LONGEST_REASON = 200

/** Reads a message, report by report: one that can't be read takes no other along. A message of which none can is refused. */
export function parseMessage(
  body: string,
): { ok: true; message: EventMessage } | { ok: false; detail: string } {
  try {
    const message: unknown = JSON.parse(body)
    const list = v.safeParse(reports, Array.isArray(message) ? message : (message as Message)?.reports)
    if (!list.success) return refused(`reports: ${list.issues[0].message}`)
    const unread: UnreadReport[] = []
    const read = list.output.flatMap((each, at) => {
      const parsed = v.safeParse(report, each)
      if (parsed.success) return [parsed.output]
      const place = ['reports', at, v.getDotPath(parsed.issues[0])].filter((part) => part !== null).join('.')
      unread.push(unreadable(each, `${place}: ${parsed.issues[0].message}`))
      return []
    })
    if (read.length === 0) return refused(unread[0]?.reason ?? '')
    return { ok: true, message: sorted(read, unread) }
  } catch {
    return refused('The body must be JSON')
  }
}

type Message = { reports?: unknown } | null

const refused = (why: string) => ({ ok: false, detail: `${why}. Send for example ${EXAMPLE}` }) as const

function unreadable(report: unknown, reason: string): UnreadReport {
  const { flag } = (report ?? {}) as { flag?: unknown }
  return {
    flag: typeof flag === 'string' ? flag.slice(0, LONGEST_REASON) : '',
    reason: reason.slice(0, LONGEST_REASON),
  }
}

/** Who names one visitor names all: a report without a context isn't about the sender, who is a server. */
function sorted(read: Report[], unread: UnreadReport[]): EventMessage {
  if (read.every(({ context }) => context == null)) return { kind: 'visitor', reports: read, unread }
  const reports = read.flatMap((each): NamedReport[] => {
    if (each.context != null) return [each as NamedReport]
    // An event is refused by the reason of its metric.
    if (each.type === 'track') return [{ ...each, context: NO_CONTEXT }]
    unread.push({ flag: each.flag, reason: 'context: each report must name its visitor, where one does' })
    return []
  })
  return { kind: 'server', reports, unread }
}
