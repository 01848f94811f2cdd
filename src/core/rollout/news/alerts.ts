/**
 * Alerts that need no configuration: what is wrong with the gate's own senses. Each is told once per episode: a cause must
 * last for a while before it is told, and be gone for a while before it may be told again.
 */
import type { NotificationEvent } from '../../config/schema/document.ts'
import { durationText, plural } from '../../figures.ts'
import type { Convergence } from '../convergence.ts'

export type AlertEvent = Extract<
  NotificationEvent,
  'guard-blind' | 'counts-missing' | 'kv-behind' | 'isolates-behind'
>

/** Something that is wrong now. `flag`: null for the whole gate. */
export type Cause = { event: AlertEvent; flag: string | null; text: string }

/** A cause and its times, ms since 1970. `toldAtMs`: undefined until it is told. */
export type Episode = Cause & { sinceMs: number; lastMs: number; toldAtMs?: number | undefined }

const MINUTE_MS = 60_000
/** How long a cause lasts before it is told: longer than a deployment or a hiccup, shorter than a coffee break. */
const TOLD_AFTER_MS: Readonly<Record<AlertEvent, number>> = {
  'guard-blind': MINUTE_MS,
  'counts-missing': MINUTE_MS,
  'kv-behind': MINUTE_MS,
  'isolates-behind': MINUTE_MS,
}
/** A cause that comes and goes is one episode. */
const OVER_AFTER_MS = 10 * MINUTE_MS

/**
 * The episodes after a look, and those that are to be told now. `hasFlag`: an episode ends with its flag.
 *
 * @example const { episodes, news } = followAlerts(before, causes, nowMs)
 */
export function followAlerts(
  before: readonly Episode[],
  causes: readonly Cause[],
  nowMs: number,
  hasFlag: (flag: string) => boolean = () => true,
): { episodes: Episode[]; news: Episode[] } {
  const isSame = (a: Cause) => (b: Cause) => a.event === b.event && a.flag === b.flag
  const present = causes.map((cause): Episode => {
    const known = before.find(isSame(cause))
    const { sinceMs, toldAtMs } = known ?? { sinceMs: nowMs, toldAtMs: undefined }
    const isDue = toldAtMs === undefined && nowMs - sinceMs >= TOLD_AFTER_MS[cause.event]
    return { ...cause, sinceMs, lastMs: nowMs, toldAtMs: isDue ? nowMs : toldAtMs }
  })
  // What was not told has left no trace; what was told is over once it has been gone for a while.
  const resting = before.filter(
    (episode) =>
      !causes.some(isSame(episode)) &&
      (episode.flag === null || hasFlag(episode.flag)) &&
      episode.toldAtMs !== undefined &&
      nowMs - episode.lastMs < OVER_AFTER_MS,
  )
  return { episodes: [...present, ...resting], news: present.filter(({ toldAtMs }) => toldAtMs === nowMs) }
}

/** Told, and still so. */
export function isActive({ toldAtMs, lastMs }: Episode, nowMs: number): boolean {
  return toldAtMs !== undefined && nowMs - lastMs < MINUTE_MS
}

/** The share of requests that must be missing before chance is no explanation: e^-50. */
const EXPECTED_REQUESTS = 50
/** So many visitors, seen on a flag's routes without a count, are no accident. */
const VISITORS_SEEN = 20

export type Senses = {
  flag: string
  /** In percent, of canary and control together. */
  percentage: number
  /** Requests counted at this stage. */
  canaryRequests: number
  controlRequests: number
  /** Why the guard can't look; undefined where it can. */
  failure?: string | undefined
  /** Why no test of its guard can act; undefined where one can. */
  unjudged?: string | undefined
  /** Visitors lately seen on the flag's routes, while no count of the flag came; 0 where counts come. */
  uncountedVisitors: number
}

/** What is wrong with a rollout that is judged. */
export function blindnessOf(senses: Senses): Cause[] {
  const { flag, percentage, canaryRequests, controlRequests, failure, unjudged } = senses
  const blind = (text: string): Cause[] => [{ event: 'guard-blind', flag, text }]
  if (failure !== undefined) return blind(`the guard cannot look at it: ${failure}`)
  if (unjudged !== undefined) return blind(`${unjudged}; set ceilings or thresholds, or switch the guard off`)
  if (senses.uncountedVisitors >= VISITORS_SEEN) {
    const text = `${senses.uncountedVisitors} visitors came to its routes in the last ten minutes, and no request was counted`
    return [{ event: 'counts-missing', flag, text }]
  }
  if (percentage <= 0 || percentage >= 100) return []
  const odds = percentage / (100 - percentage)
  if (canaryRequests === 0 && controlRequests * odds >= EXPECTED_REQUESTS)
    return blind(`control has ${plural(controlRequests, 'request')} at ${percentage} %, the canary none`)
  if (controlRequests === 0 && canaryRequests / odds >= EXPECTED_REQUESTS)
    return blind(`the canary has ${plural(canaryRequests, 'request')} at ${percentage} %, control none`)
  return []
}

/** What is wrong with KV. `readAgeMs`: since the last read; undefined where none is due. */
export function kvCauses(kv: { error: string | undefined; readAgeMs: number | undefined }): Cause[] {
  const behind = (text: string): Cause[] => [{ event: 'kv-behind', flag: null, text }]
  if (kv.error !== undefined)
    return behind(
      `KV does not take what the gate writes, and isolates that start get older state: ${kv.error}`,
    )
  if (kv.readAgeMs === undefined) return []
  return behind(
    `KV has not been read for ${durationText(kv.readAgeMs)}: kills and documents written there are not seen`,
  )
}

/** A change that is so young may still be on its way. */
const ON_ITS_WAY_MS = MINUTE_MS

/** Isolates that serve requests by an older state, or an older document. `ageMs`: since each came into force. */
export function followingCauses(
  state: Pick<Convergence, 'isolates'> & { ageMs: number },
  document: Pick<Convergence, 'isolates'> & { ageMs: number },
): Cause[] {
  const behind = [
    ...(state.ageMs > ON_ITS_WAY_MS && state.isolates.behind > 0
      ? [`${plural(state.isolates.behind, 'isolate')} by a state from ${durationText(state.ageMs)} ago`]
      : []),
    ...(document.ageMs > ON_ITS_WAY_MS && document.isolates.behind > 0
      ? [`${plural(document.isolates.behind, 'isolate')} by an older document`]
      : []),
  ]
  if (behind.length === 0) return []
  return [{ event: 'isolates-behind', flag: null, text: `requests are decided in ${behind.join(', ')}` }]
}
