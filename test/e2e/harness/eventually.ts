/** Waiting for what comes in its own time, without guessing how long that is. */

export type EventuallyOptions = { deadlineMs?: number; everyMs?: number }

/** Generous: the machine may be slow, and no one waits longer than needed. */
const DEADLINE_MS = 120_000
const EVERY_MS = 100

/**
 * Calls `look` until it returns something else than undefined or false without throwing; that is the result. At the
 * deadline the last error, or "still not so", is thrown.
 */
export async function eventually<T>(
  what: string,
  look: () => T | Promise<T>,
  { deadlineMs = DEADLINE_MS, everyMs = EVERY_MS }: EventuallyOptions = {},
): Promise<Exclude<T, undefined | false>> {
  const untilMs = Date.now() + deadlineMs
  let last: unknown = 'not so'
  do {
    try {
      const seen = await look()
      if (seen !== undefined && seen !== false) return seen as Exclude<T, undefined | false>
      last = 'not so'
    } catch (error) {
      last = error
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  } while (Date.now() < untilMs)
  const reason = last instanceof Error ? last.message : String(last)
  throw new Error(`Not within ${deadlineMs} ms: ${what} (${reason})`, { cause: last })
}

/** What a promise gives; at the deadline an error says what has not come. */
export async function inTime<T>(what: string, promise: Promise<T>, deadlineMs = DEADLINE_MS): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Not within ${deadlineMs} ms: ${what}`)), deadlineMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Checks all the while that something stays so; for "nothing happens", which can't be waited for. */
export async function staysSo(durationMs: number, check: () => void | Promise<void>): Promise<void> {
  const untilMs = Date.now() + durationMs
  do {
    await check()
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
  } while (Date.now() < untilMs)
}
