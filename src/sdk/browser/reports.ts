/** Reports on their way to the gate: collected for a moment, sent in one beacon, and never more than make sense. */

type Report = { type: string } & Record<string, unknown>

/** The gate takes 50 at once. */
const MOST_AT_ONCE = 50
const COLLECT_MS = 2_000
/** What fails more often than this on one page fails in one way, and the gate has heard of it. */
const MOST_ERRORS = 20
const LONGEST_MESSAGE = 200
/** As the gate limits an address, a hundred and two more each second: what is beyond it would refuse. */
const EVENT_EVERY_MS = 500
const BURST_MS = 50_000

/** What a metric of the type `sum` adds, and an id by which the event counts once. */
export type TrackDetails = { value?: number | undefined; id?: string | number | undefined }

export type Reports = {
  /** Visitors who don't want to be measured send only what they write themselves. */
  isSilent: boolean
  error(flag: string, error?: unknown): void
  timing(flag: string, durationMs: number): void
  vital(flag: string, name: string, value: number): void
  feedback(flag: string, text: string): void
  track(metric: string, details?: TrackDetails): void
  /** Sends what there is, now. */
  send(): void
  close(): void
}

export function createReports(url: string): Reports {
  const isSilent = wantsNoMeasuring()
  let queue: Report[] = []
  let errors = 0
  let events = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  function send(): void {
    clearTimeout(timer)
    timer = undefined
    for (; queue.length > 0; queue = queue.slice(MOST_AT_ONCE)) {
      const body = JSON.stringify({ reports: queue.slice(0, MOST_AT_ONCE) })
      if (navigator.sendBeacon?.(url, body)) continue
      fetch(url, { method: 'POST', body, keepalive: true }).catch(() => undefined)
    }
  }

  function add(report: Report): void {
    queue.push(report)
    if (queue.length >= MOST_AT_ONCE) send()
    else timer ??= setTimeout(send, COLLECT_MS)
  }

  function measured(report: Report): void {
    if (!isSilent) add(report)
  }

  // The last moment in which a page can be sure to say something.
  const onHidden = () => document.visibilityState === 'hidden' && send()
  document.addEventListener('visibilitychange', onHidden)

  return {
    isSilent,
    error: (flag, error) => {
      if (errors++ >= MOST_ERRORS) return
      const message = String((error as Error | undefined)?.message ?? error ?? '').slice(0, LONGEST_MESSAGE)
      measured({ type: 'error', flag, message })
    },
    timing: (flag, durationMs) => measured({ type: 'timing', flag, durationMs }),
    vital: (flag, name, value) => measured({ type: 'vital', flag, name, value }),
    feedback: (flag, text) => {
      if (text.trim() !== '') add({ type: 'feedback', flag, text })
      send()
    },
    track: (name, { value, id = Math.random() } = {}) => {
      if (events++ * EVENT_EVERY_MS < performance.now() + BURST_MS)
        // What JSON can't hold would stay in the queue for ever.
        measured({ type: 'track', name: `${name}`, value: value && Number(value), id: `${id}` })
    },
    send,
    close: () => {
      document.removeEventListener('visibilitychange', onHidden)
      send()
    },
  }
}

/** Do Not Track, and Global Privacy Control. */
function wantsNoMeasuring(): boolean {
  const { doNotTrack, globalPrivacyControl } = navigator as Navigator & { globalPrivacyControl?: boolean }
  return doNotTrack === '1' || globalPrivacyControl === true
}
