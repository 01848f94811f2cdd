/** Visitors who keep coming: constant concurrency, every answer remembered. */
import { decisionOf } from './running-gate.ts'

export type Shooting = { path?: string; headers?: Record<string, string> }

export type LoadOptions = {
  url: string
  /** Requests under way at any time. Default 8. */
  concurrency?: number
  /** Most requests per second, so that a test leaves some of the machine to the gate. Default 300. */
  requestsPerSecond?: number
  /** The n-th request. Default: a page, by one of 1,000 visitors in turn. */
  request?: (n: number) => Shooting
}

export type Shot = {
  n: number
  path: string
  sentMs: number
  doneMs: number
  /** 0 where there was no answer at all. */
  status: number
  origin: string | undefined
  variant: string | undefined
  reason: string | undefined
  /** Why there was no answer. */
  error: string | undefined
}

export type Load = {
  /** Everything that has come back, in the order in which it did. */
  shots: Shot[]
  /** What was sent since a time (ms since 1970) and has come back. */
  since(sentMs: number): Shot[]
  /** Ends the load; resolves, with everything, when the last answer is there. */
  stop(): Promise<Shot[]>
}

/** A visitor of `x-user-id`; documents of tests take their targeting key from there. */
export const visitorHeaders = (id: number | string) => ({ 'x-user-id': `visitor-${id}`, accept: 'text/html' })

/** Starts a load; it runs until it is stopped. */
export function startLoad(options: LoadOptions): Load {
  const { url, concurrency = 8, requestsPerSecond = 300 } = options
  const { request = (n): Shooting => ({ headers: visitorHeaders(n % 1_000) }) } = options
  const shots: Shot[] = []
  const startedMs = Date.now()
  let sent = 0
  let stopped = false

  async function shoot(n: number): Promise<void> {
    const { path = '/', headers = {} } = request(n)
    const sentMs = Date.now()
    const shot = {
      n,
      path,
      sentMs,
      status: 0,
      origin: undefined,
      variant: undefined,
      reason: undefined,
      error: undefined,
    }
    try {
      const response = await fetch(url + path, { headers, redirect: 'manual' })
      await response.arrayBuffer()
      shots.push({ ...shot, ...decisionOf(response.headers), doneMs: Date.now(), status: response.status })
    } catch (error) {
      const cause = error instanceof Error ? (error.cause ?? error) : error
      shots.push({ ...shot, doneMs: Date.now(), error: String(cause) })
    }
  }

  async function keepShooting(): Promise<void> {
    while (!stopped) {
      const n = sent++
      const aheadMs = (n / requestsPerSecond) * 1_000 - (Date.now() - startedMs)
      if (aheadMs > 0) await new Promise((resolve) => setTimeout(resolve, aheadMs))
      if (!stopped) await shoot(n)
    }
  }

  const shooters = Array.from({ length: concurrency }, keepShooting)
  return {
    shots,
    since: (sentMs) => shots.filter((shot) => shot.sentMs >= sentMs),
    stop: async () => {
      stopped = true
      await Promise.all(shooters)
      return shots
    },
  }
}

/** Requests that no visitor should have seen fail: no answer, or an error page. */
export function failuresOf(shots: readonly Shot[]): Shot[] {
  return shots.filter((shot) => shot.status === 0 || shot.status >= 500)
}

/** Whether the last `count` answers to what was sent since a time are all so; what was sent before proves nothing. */
export function lastAre(load: Load, count: number, sinceMs: number, isSo: (shot: Shot) => boolean): boolean {
  const last = load.since(sinceMs).slice(-count)
  return last.length === count && last.every(isSo)
}

/** The share of answers that came from an origin. */
export function shareOf(shots: readonly Shot[], origin: string): number {
  return shots.length === 0 ? 0 : shots.filter((shot) => shot.origin === origin).length / shots.length
}

/** Runs `work` for 0 … count − 1, at most `atOnce` at a time; the results in their order. */
export async function inParallel<T>(
  count: number,
  atOnce: number,
  work: (index: number) => Promise<T>,
): Promise<T[]> {
  const results: T[] = new Array(count)
  let next = 0
  const worker = async () => {
    while (next < count) {
      const index = next++
      results[index] = await work(index)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return results
}
