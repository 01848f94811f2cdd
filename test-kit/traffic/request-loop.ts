/** Steady requests to every isolate, and what each was answered with last. */

const REQUEST_TIMEOUT_MS = 10_000

export type Watch = {
  /** When an isolate's last answer from an origin came, ms of performance.now(). */
  lastFrom(isolate: number, origin: string): number
  /** Whether the latest answers of every isolate come from an origin. */
  allServe(origin: string): boolean
  failures: number
  requests: number
  stop(): Promise<void>
}

/** How many answers in a row make sure that an isolate has changed. */
const SETTLED_ANSWERS = 5

export function startTraffic(urls: readonly string[], perSecondEach: number): Watch {
  const last = urls.map(() => new Map<string, number>())
  const inARow = urls.map(() => ({ origin: '', times: 0 }))
  let isOver = false
  let visitor = 0
  const watch: Watch = {
    lastFrom: (isolate, origin) => last[isolate]?.get(origin) ?? Number.NEGATIVE_INFINITY,
    allServe: (origin) => inARow.every((row) => row.origin === origin && row.times >= SETTLED_ANSWERS),
    failures: 0,
    requests: 0,
    stop: async () => {
      isOver = true
      await Promise.all(loops)
    },
  }
  const ask = async (isolate: number) => {
    watch.requests++
    try {
      const response = await fetch(`${urls[isolate]}/`, {
        headers: { 'x-user-id': `visitor-${visitor++}` },
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      })
      const origin = await response.text()
      if (!response.ok) watch.failures++
      last[isolate]?.set(origin, performance.now())
      const row = inARow[isolate]
      if (row) inARow[isolate] = { origin, times: row.origin === origin ? row.times + 1 : 1 }
    } catch {
      watch.failures++
    }
  }
  const loops = urls.map(async (_, isolate) => {
    while (!isOver) {
      const startedMs = performance.now()
      await ask(isolate)
      const restMs = 1_000 / perSecondEach - (performance.now() - startedMs)
      if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs))
    }
  })
  return watch
}
