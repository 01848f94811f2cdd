/**
 * Limits of the platform's plan, known by what an exception says. Past one, visitors are served by the last document and
 * state; counting, and what depends on it, stands still until the limit is reset at midnight UTC.
 */

export type PlatformLimit =
  | `durable-object-${'requests' | 'duration' | 'rows' | 'spending'}`
  | `kv-${'reads' | 'writes'}`

/** What internal errors of a limit are counted under. */
const PREFIX = 'limit.'

/**
 * The limit that an exception's text tells of.
 *
 * @example platformLimitIn('Exceeded allowed rows written in Durable Objects free tier.') // 'durable-object-rows'
 */
export function platformLimitIn(message: string): PlatformLimit | undefined {
  const [, what, kv] =
    /Exceeded (?:allowed (?:volume of )?|the account.s )(requests|duration|rows|spending) (?:(?!Exceeded).)*Durable Objects|KV ((?:get|put)\(\) limit|GET failed: 429)/i.exec(
      message,
    ) ?? []
  if (kv) return /^put/i.test(kv) ? 'kv-writes' : 'kv-reads'
  return what ? (`durable-object-${what.toLowerCase()}` as PlatformLimit) : undefined
}

/** What a reached limit means, in one sentence. */
export function limitText(limit: PlatformLimit): string {
  return `${limit} of the plan are used up until midnight UTC: visitors are served as before, ${
    limit.startsWith('kv') ? 'changes in KV are late' : 'nothing is counted or judged'
  }`
}

/** The place under which a limit is counted among internal errors. */
export function limitPlace(limit: PlatformLimit): string {
  return PREFIX + limit
}

export type ReachedLimit = { limit: PlatformLimit; firstAtMs: number; lastAtMs: number }

/** Limits that were reached since they were last reset, at midnight UTC. */
export function reachedLimits(
  errors: readonly { place: string; firstAtMs: number; lastAtMs: number }[],
  nowMs: number,
): ReachedLimit[] {
  const midnightMs = nowMs - (nowMs % 86_400_000)
  return errors
    .filter(({ place, lastAtMs }) => place.startsWith(PREFIX) && lastAtMs >= midnightMs)
    .map(({ place, firstAtMs, lastAtMs }) => ({
      limit: place.slice(PREFIX.length) as PlatformLimit,
      firstAtMs: Math.max(firstAtMs, midnightMs),
      lastAtMs,
    }))
}
