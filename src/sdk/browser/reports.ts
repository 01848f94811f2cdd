/** Reports on their way to the gate: collected for a moment, sent in one beacon, and never more than make sense. */

type Report = { type: string; flag: string } & Record<string, unknown>

/** The gate takes 50 at once. */
const MOST_AT_ONCE = 50
const COLLECT_MS = 2_000
/** What fails more often than this on one page fails in one way, and the gate has heard of it. */
const MOST_ERRORS = 20
const LONGEST_MESSAGE = 200

export type Reports = {
  /** Visitors who don't want to be measured send only what they write themselves. */
  isSilent: boolean
  error(flag: string, error: unknown): void
  timing(flag: string, durationMs: number): void
  vital(flag: string, name: string, value: number): void
  feedback(flag: string, text: string): void
  /** Sends what there is, now. */
  send(): void
  close(): void
}

export function createReports(url: string): Reports {
  const isSilent = wantsNoMeasuring()
  let queue: Report[] = []
  let errors = 0
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

  // The last moment in which a page can be sure to say something.
  const onHidden = () => document.visibilityState === 'hidden' && send()
  document.addEventListener('visibilitychange', onHidden)

  return {
    isSilent,
    error: (flag, error) => {
      if (isSilent || errors++ >= MOST_ERRORS) return
      const message = String((error as Error | undefined)?.message ?? error ?? '').slice(0, LONGEST_MESSAGE)
      add({ type: 'error', flag, message })
    },
    timing: (flag, durationMs) => {
      if (!isSilent) add({ type: 'timing', flag, durationMs })
    },
    vital: (flag, name, value) => {
      if (!isSilent) add({ type: 'vital', flag, name, value })
    },
    feedback: (flag, text) => {
      if (text.trim() !== '') add({ type: 'feedback', flag, text })
      send()
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
