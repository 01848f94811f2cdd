/** Waiting for what comes in its own time, without guessing how long that is. */

export type EventuallyOptions = { deadlineMs?: number; everyMs?: number; seen?: () => unknown }

/** Generous: the machine may be slow, and no one waits longer than needed. */
const DEADLINE_MS = 120_000
const EVERY_MS = 100

/**
 * Calls `look` until it returns something else than undefined or false without throwing; that is the result. At the
 * deadline an error tells what was waited for, the last error, and what `seen` tells: how things were at the last look, or are.
 */
export async function eventually<T>(
  what: string,
  look: () => T | Promise<T>,
  { deadlineMs = DEADLINE_MS, everyMs = EVERY_MS, seen }: EventuallyOptions = {},
): Promise<Exclude<T, undefined | false>> {
  // Not by the clock of the day, which may be set meanwhile.
  const untilMs = performance.now() + deadlineMs
  let last: unknown = 'not so'
  do {
    try {
      const found = await look()
      if (found !== undefined && found !== false) return found as Exclude<T, undefined | false>
      last = 'not so'
    } catch (error) {
      last = error
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  } while (performance.now() < untilMs)
  const reason = last instanceof Error ? last.message : String(last)
  const told = seen && (await Promise.resolve().then(seen).catch(String))
  const found = seen ? `; seen: ${JSON.stringify(told)}` : ''
  throw new Error(`Not within ${deadlineMs} ms: ${what} (${reason})${found}`, { cause: last })
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
  const untilMs = performance.now() + durationMs
  do {
    await check()
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
  } while (performance.now() < untilMs)
}
