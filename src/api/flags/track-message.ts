/** Events of metrics in the messages of `POST /__sluice/events`: what an event must be to count, apart from its visitor. */
import { LARGEST_VALUE } from '../../core/metrics/entries.ts'
import type { Track } from './event-message.ts'

/** How late an event may come. */
export const LATEST_MS = 24 * 3_600_000
/** Clocks of browsers and servers differ by less: an event of the last minutes is one of now. */
const CLOCK_SKEW_MS = 5 * 60_000
const LONGEST_ID = 200

/** Why an event does not count. The first word is what the results of a flag count it under. */
export const REASONS = {
  late: 'late: it is more than 24 hours old',
  future: 'future: it is more than five minutes ahead of the clock of the gate',
  value: `value: it must be a number from 0 to ${LARGEST_VALUE}`,
  at: 'at: it must be a time such as "2027-03-01T12:00:00Z", or atMs a number of milliseconds since 1970',
  context: 'context: it must be an object whose targetingKey has 1 to 4,096 characters',
  id: `id: it must have 1 to ${LONGEST_ID} characters`,
  repeated: 'repeated: an event with this id has counted',
  unknown: 'unknown: no flag measures a metric of this name',
  foreign: 'foreign: the flag does not measure this metric',
  'not exposed': 'not exposed: no flag that measures it compares this visitor',
  unproven:
    'unproven: nothing proves that the gate assigned this visitor; send its cookie, or a token and a context',
  'opted out': 'opted out: the browser sends Sec-GPC or DNT',
} as const

export type RefusalReason = keyof typeof REASONS

/** An event that may count, or why it can't; whether its value is right, its metric says. */
export function checkTrack(
  { id, atMs, at }: Pick<Track, 'id' | 'atMs' | 'at'>,
  nowMs: number,
): { ok: true; atMs: number } | { ok: false; why: RefusalReason } {
  if (id != null && (id.length === 0 || id.length > LONGEST_ID)) return { ok: false, why: 'id' }
  const happenedMs = atMs ?? (at == null ? nowMs : Date.parse(at))
  if (Number.isNaN(happenedMs)) return { ok: false, why: 'at' }
  const ageMs = nowMs - happenedMs
  if (ageMs > LATEST_MS) return { ok: false, why: 'late' }
  if (ageMs < -CLOCK_SKEW_MS) return { ok: false, why: 'future' }
  return { ok: true, atMs: ageMs < CLOCK_SKEW_MS ? nowMs : happenedMs }
}
