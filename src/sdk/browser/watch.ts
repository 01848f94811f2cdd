/** What a page reports automatically: uncaught errors and web vitals. Each returns the function that stops it. */

export function watchErrors(report: (error: unknown) => void): () => void {
  const onError = (event: ErrorEvent) => report(event.error ?? event.message)
  const onRejection = (event: PromiseRejectionEvent) => report(event.reason)
  addEventListener('error', onError)
  addEventListener('unhandledrejection', onRejection)
  return () => {
    removeEventListener('error', onError)
    removeEventListener('unhandledrejection', onRejection)
  }
}

type Entry = PerformanceEntry & {
  value?: number
  hadRecentInput?: boolean
  interactionId?: number
  responseStart?: number
  activationStart?: number
}

/** A layout shift belongs to a burst while the next one comes within a second, and the burst lasts up to five. */
const BURST_GAP_MS = 1_000
const BURST_MS = 5_000

/** Web vitals as they stand when the page is first left, once. */
export function watchVitals(report: (vitals: Readonly<Record<string, number>>) => void): () => void {
  const vitals: Record<string, number> = {}
  const observers: PerformanceObserver[] = []
  const observe = (type: string, take: (entry: Entry) => void, more: object = {}) => {
    try {
      const observer = new PerformanceObserver((list) => list.getEntries().forEach(take))
      observer.observe({ type, buffered: true, ...more })
      observers.push(observer)
    } catch {
      // A browser that doesn't measure this one.
    }
  }
  let burst = { sum: 0, startMs: 0, endMs: Number.NEGATIVE_INFINITY }
  observe('largest-contentful-paint', ({ startTime }) => {
    vitals.LCP = startTime
  })
  observe('paint', ({ name, startTime }) => {
    if (name === 'first-contentful-paint') vitals.FCP = startTime
  })
  observe('navigation', ({ responseStart = 0 }) => {
    vitals.TTFB = responseStart
  })
  observe('layout-shift', ({ value = 0, hadRecentInput, startTime }) => {
    if (hadRecentInput) return
    const isSame = startTime - burst.endMs < BURST_GAP_MS && startTime - burst.startMs < BURST_MS
    burst = isSame
      ? { ...burst, sum: burst.sum + value, endMs: startTime }
      : { sum: value, startMs: startTime, endMs: startTime }
    vitals.CLS = Math.max(vitals.CLS ?? 0, burst.sum)
  })
  observe(
    'event',
    ({ interactionId, duration }) => {
      if (interactionId) vitals.INP = Math.max(vitals.INP ?? 0, duration)
    },
    { durationThreshold: 40 },
  )
  const stop = () => {
    for (const observer of observers) observer.disconnect()
    document.removeEventListener('visibilitychange', onHidden)
  }
  const onHidden = () => {
    if (document.visibilityState !== 'hidden') return
    stop()
    report(vitals)
  }
  document.addEventListener('visibilitychange', onHidden)
  return stop
}
