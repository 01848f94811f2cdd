/**
 * The time that an origin has for its answer.
 *
 * A timer for every request costs more than its decision, and nearly all are cancelled within milliseconds. So
 * requests wait together first: one of them carries a watch that looks around twice a second, and wakes those that
 * have been waiting since the look before. Only they set a timer of their own. What the watch is late by comes on top:
 * where that would matter, or nobody is on watch, the timer is set at once.
 *
 * Hazard: a timer belongs to the request that sets it, so the watch must not set one for another. It resolves that
 * one's promise, and what follows runs in the request that waits.
 *
 * An AbortController, joined with the visitor's signal, would end the question too, but costs more still. What hangs
 * past its time is dropped by the runtime when the visitor has been answered.
 */

const LOOK_MS = 500
/** The runtime lets work go on for 30 s after its request has been answered. */
const LOOKS = 20
/** A watch that has not been heard of for so long is gone. */
const LOST_AFTER_MS = 4 * LOOK_MS
/** Below this half a second matters. */
const SHORT_MS = 5_000

type Sleeper = { wake: () => void; signal: AbortSignal }

/** Since the latest look, and since before. */
let arrived = new Set<Sleeper>()
let waiting = new Set<Sleeper>()
let seenOnWatchMs = Number.NEGATIVE_INFINITY

const isOnWatch = () => Math.abs(Date.now() - seenOnWatchMs) < LOST_AFTER_MS

/** Sees to it that somebody is on watch. */
export function keepWatch(waitUntil: (work: Promise<unknown>) => void): void {
  if (isOnWatch()) return
  seenOnWatchMs = Date.now()
  waitUntil(watch())
}

async function watch(): Promise<void> {
  for (let look = 0; look < LOOKS; look++) {
    await scheduler.wait(LOOK_MS)
    seenOnWatchMs = Date.now()
    wakeAll(waiting)
    waiting = arrived
    arrived = new Set()
    if (waiting.size === 0) break
  }
  seenOnWatchMs = Number.NEGATIVE_INFINITY
  wakeAll(waiting)
  wakeAll(arrived)
}

/** Nothing waits any more in a request whose visitor has left. */
function wakeAll(sleeping: Set<Sleeper>): void {
  for (const { wake, signal } of sleeping) if (!signal.aborted) wake()
  sleeping.clear()
}

/** The origin took too long. */
export class TimeIsUp extends Error {}

/**
 * The answer.
 *
 * @param asked what is waited for; it has been asked just now
 * @param timeoutMs how long; about half a second more where it is long
 * @param signal the visitor's
 * @throws TimeIsUp when it hasn't come by then, or what `asked` rejects with
 */
export async function within(
  asked: Promise<Response>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Response> {
  if (timeoutMs < SHORT_MS || !isOnWatch()) return await timed(asked, timeoutMs)
  return (await unlessLong(asked, signal)) ?? (await timed(asked, timeoutMs - LOOK_MS))
}

/** The answer; undefined once the watch has come by twice. */
function unlessLong(asked: Promise<Response>, signal: AbortSignal): Promise<Response | undefined> {
  return new Promise((resolve, reject) => {
    const sleeper = { wake: () => resolve(undefined), signal }
    const leave = () => arrived.delete(sleeper) || waiting.delete(sleeper)
    arrived.add(sleeper)
    asked.then(
      (response) => {
        leave()
        resolve(response)
      },
      (error) => {
        leave()
        reject(error)
      },
    )
  })
}

function timed(asked: Promise<Response>, timeoutMs: number): Promise<Response> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new TimeIsUp())
      asked.then(
        ({ body }) => body?.cancel(),
        () => {},
      )
    }, timeoutMs)
    asked.then(
      (response) => {
        clearTimeout(timer)
        resolve(response)
      },
      (error) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}
