/** What the gate is doing: status, convergence, counts over time, audit log, feedback. */

import { resultsCsv } from '../../../contract/words/results-csv.ts'
import type { SeriesArm } from '../../../core/counters/series.ts'
import { problemDetails } from '../../../platform/problem-details.ts'
import { type Handlers, isoTime } from '../answers/call.ts'
import { type StatusCall, statusOf } from '../answers/status.ts'

const STREAM_EVERY_MS = 1_000
/** Proxies close connections that stay silent. */
const KEEP_ALIVE_EVERY_MS = 15_000
/** How often the reader's token or assertion is checked again. */
const CHECK_READER_EVERY_MS = 5_000

function nothingMeasured(flag: string, live: StatusCall['live']): string {
  return live.last.snapshot.flags.get(flag)?.weekly === undefined
    ? `${flag} measures no metric`
    : `${flag} gives every visitor the same, so its guard compares metrics with the weeks before; its status says what it sees`
}

export const observationHandlers: Handlers<
  | 'getStatus'
  | 'streamStatus'
  | 'getConvergence'
  | 'getSeries'
  | 'getShadow'
  | 'getResults'
  | 'listAudit'
  | 'listFeedback'
  | 'listOutcomes'
  | 'noteOutcome'
> = {
  getStatus: (call) => statusOf(call, wantedFlags(call.query)),

  streamStatus: async (call) => {
    const headers = {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    }
    return new Response(statusStream(call, wantedFlags(call.query), call.isStillAllowed), { headers })
  },

  getConvergence: async ({ controller, query }) => {
    const report = await controller.convergence(query.epoch)
    const { sinceMs, epoch, converged, slowestMs, isolates, colos, kv, document } = report
    const since = sinceMs === undefined ? null : isoTime(sinceMs)
    const ofDocument = {
      version: document.version,
      converged: document.converged,
      isolates: document.isolates,
      colos: document.colos.filter((colo) => colo.converged > 0).length,
    }
    return { epoch, since, converged, slowestMs, isolates, colos, kv, document: ofDocument }
  },

  getSeries: async ({ controller, query }) => {
    const { stepMs, points, alpha, lines } = await controller.series(query.flag, query.seconds)
    // Points of an earlier release lack what was counted since.
    const arm = (counts: SeriesArm) => ({ clientErrors: 0, journeys: 0, sharedErrors: 0, ...counts })
    return {
      flag: query.flag,
      stepMs,
      points: points.map(({ atMs, judged = null, canary, control, other, ...point }) => ({
        ...{ at: isoTime(atMs), ...point, judged: judged && { ...judged, slow: [...judged.slow] } },
        ...{ canary: arm(canary), control: arm(control), other: arm(other) },
      })),
      lines: lines ?? null,
      rollbackWealth: alpha === undefined ? null : 1 / alpha,
    }
  },

  getShadow: async ({ controller, params: { flag = '' } }) => {
    const report = await controller.shadow(flag)
    if (report === undefined)
      return problemDetails(404, 'Not Found', `Cannot show shadow traffic: ${flag} has had no shadow stage`)
    const { startedMs, shown, ...rest } = report
    return {
      flag,
      ...rest,
      startedAt: isoTime(startedMs),
      shown: shown.map(({ atMs, route, shown: differences }) => ({ at: isoTime(atMs), route, differences })),
    }
  },

  getResults: async ({ controller, live, params: { flag = '' }, query: { format } }) => {
    const results = await controller.results(flag)
    if (results === undefined)
      return problemDetails(404, 'Not Found', `Cannot show results: ${nothingMeasured(flag, live)}`)
    if (format !== 'csv') return results
    const disposition = `attachment; filename="${encodeURIComponent(flag)}.csv"`
    return new Response(resultsCsv(results), {
      headers: { 'content-type': 'text/csv; charset=utf-8', 'content-disposition': disposition },
    })
  },

  listAudit: async ({ controller, query }) => {
    const records = await controller.audit(query)
    return {
      records: records.map(({ id, atMs, actor, action, flag, reason, evidence, before, after }) => {
        const what = { flag: flag ?? null, reason, evidence: evidence ?? null }
        return { id, at: isoTime(atMs), actor, action, ...what, before: before ?? null, after: after ?? null }
      }),
    }
  },

  listFeedback: async ({ controller, query }) => {
    const entries = await controller.feedback(query)
    return { feedback: entries.map(({ atMs, ...entry }) => ({ ...entry, at: isoTime(atMs) })) }
  },

  listOutcomes: async ({ controller, query }) => {
    const outcomes = await controller.outcomes(query)
    return {
      outcomes: outcomes.map(
        ({ startedAtMs, endedAtMs, note, failures = [], shadow = null, ...outcome }) => ({
          ...outcome,
          startedAt: isoTime(startedAtMs),
          endedAt: isoTime(endedAtMs),
          failures,
          shadow,
          note: note && { text: note.text, actor: note.actor, at: isoTime(note.atMs) },
        }),
      ),
    }
  },

  noteOutcome: async ({ controller, params: { id = '' }, body, actor }) => {
    const isNoted = /^\d{1,15}$/.test(id) && (await controller.noteOutcome(Number(id), body.note, actor.name))
    if (isNoted) return { id: Number(id) }
    return problemDetails(404, 'Not Found', `Cannot note: there is no outcome ${id}`)
  },
}

function wantedFlags({ flags }: { flags?: string | undefined }): ReadonlySet<string> | undefined {
  return flags === undefined ? undefined : new Set(flags.split(','))
}

/** Sends a `status` event at once and on every change, for as long as the reader is allowed to call. */
function statusStream(
  call: StatusCall,
  wanted: ReadonlySet<string> | undefined,
  isStillAllowed: () => Promise<boolean>,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let last = ''
  let quietMs = 0
  let uncheckedMs = 0
  let isOver = false
  return new ReadableStream({
    async pull(stream) {
      while (!isOver) {
        if (last !== '') await scheduler.wait(STREAM_EVERY_MS)
        uncheckedMs += STREAM_EVERY_MS
        if (uncheckedMs > CHECK_READER_EVERY_MS) {
          uncheckedMs = 0
          if (!(await isStillAllowed())) return stream.close()
        }
        const status = await statusOf(call, wanted)
        // The times of the look differ with each look.
        const document = { ...status.document, checkedAt: null }
        const text = JSON.stringify({ ...status, document, at: null })
        quietMs = text === last ? quietMs + STREAM_EVERY_MS : 0
        if (text !== last) {
          last = text
          stream.enqueue(encoder.encode(`event: status\ndata: ${JSON.stringify(status)}\n\n`))
          return
        }
        if (quietMs >= KEEP_ALIVE_EVERY_MS) {
          quietMs = 0
          stream.enqueue(encoder.encode(': nothing new\n\n'))
          return
        }
      }
    },
    cancel() {
      isOver = true
    },
  })
}
