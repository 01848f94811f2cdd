/** Reports of a back end on their way to the gate: gathered for a moment, sent in batches, never kept without limit. */

/** Where reports go, and how. */
export type ReportOptions = {
  /** Where the gate is, such as https://www.example.com. */
  url: string
  /** A token of the role `reporter`: sluice token create shop --role reporter. */
  token: string
  /** How long reports are gathered before they are sent, in ms. Default 1000. */
  gatherMs?: number
  /** How long the gate may take, in ms. Default 2000. */
  timeoutMs?: number
  /** Sends the reports. Default: the global `fetch`; in a Worker it may be that of a service binding. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>
}

/** What became of a batch. `later`: the gate is away, or wants nothing for so long. */
type Sent =
  | { kind: 'taken'; refused: readonly { metric?: string; reason?: string }[] }
  | { kind: 'refused'; detail: string }
  | { kind: 'later'; waitMs: number | undefined }

export type QueueOptions = ReportOptions & {
  /** Keeps what the gate could not take, and tries again; by default it is dropped. */
  isKept?: boolean
  /** Hears why reports don't count, once for each reason. */
  onProblem?: (problem: string) => void
}

/** The gate takes 50 at once, in 32,000 bytes. */
const MOST_AT_ONCE = 50
const LARGEST_BODY_BYTES = 31_000
/** While the gate is away, later reports are dropped. */
const MOST_WAITING = { kept: 10_000, dropped: 1_000 }
/** So many don't wait for more. */
const MANY = 500
const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 60_000
/** Reasons may hold names; no more of them are remembered. */
const MOST_PROBLEMS = 100

export class ReportQueue {
  readonly #options: QueueOptions
  readonly #told = new Set<string>()
  /** Each as JSON. */
  #waiting: string[] = []
  #timer: ReturnType<typeof setTimeout> | undefined
  #flushing: Promise<boolean> | undefined
  #retryMs = FIRST_RETRY_MS
  /** Until then the gate is left alone, ms since 1970. */
  #pausedUntilMs = 0

  /** @throws TypeError where `url` is not absolute, or there is no token */
  constructor(options: QueueOptions) {
    if (!/^https?:\/\//.test(options.url))
      throw new TypeError(`url must be absolute, such as https://www.example.com: ${options.url}`)
    if (!options.token) throw new TypeError('token must be a token of the gate, of the role reporter')
    this.#options = options
  }

  add(report: object): void {
    const { isKept, gatherMs = 1_000 } = this.#options
    const most = MOST_WAITING[isKept ? 'kept' : 'dropped']
    const text = JSON.stringify(report)
    const problem =
      this.#waiting.length >= most
        ? `${most} reports are waiting: those that come now are dropped`
        : bytesOf(text) > LARGEST_BODY_BYTES
          ? `a report must be below ${LARGEST_BODY_BYTES} bytes`
          : undefined
    if (problem !== undefined) {
      this.tell(problem)
      return
    }
    this.#waiting.push(text)
    // Only once, so that a burst starts one timer.
    if (this.#waiting.length === MANY) this.#endWait()
    this.#sendIn(this.#waiting.length >= MANY ? 0 : gatherMs)
  }

  /** Sends what is waiting, now. Resolves with whether the gate took all of it. */
  async flush(): Promise<boolean> {
    // One at a time, so that what comes back is sent once.
    while (this.#flushing) await this.#flushing
    this.#flushing = this.#sendAll()
    try {
      return await this.#flushing
    } finally {
      this.#flushing = undefined
    }
  }

  /** Tells a problem, where it is a new one. */
  tell(problem: string): void {
    if (this.#told.has(problem) || this.#told.size >= MOST_PROBLEMS) return
    this.#told.add(problem)
    this.#options.onProblem?.(problem)
  }

  async #sendAll(): Promise<boolean> {
    this.#endWait()
    let isTaken = true
    for (let left = this.#waiting.length; left > 0; ) {
      const batch = batchOf(this.#waiting.slice(0, left))
      const sent = await this.#send(batch)
      if (sent.kind === 'later' && this.#options.isKept) {
        this.#pausedUntilMs = Date.now() + (sent.waitMs ?? this.#retryMs)
        this.#retryMs = Math.min(LONGEST_RETRY_MS, this.#retryMs * 2)
        this.#endWait()
        this.#sendIn(0)
        return false
      }
      this.#waiting.splice(0, batch.length)
      left -= batch.length
      if (sent.kind === 'taken') {
        this.#retryMs = FIRST_RETRY_MS
        for (const { metric = '', reason = '' } of sent.refused) {
          // It was taken before an answer was lost.
          if (!reason.startsWith('repeated')) this.tell(`${metric} does not count: ${reason}`)
        }
      } else {
        isTaken = false
        if (sent.kind === 'refused') this.tell(sent.detail)
      }
    }
    return isTaken
  }

  #sendIn(waitMs: number): void {
    if (this.#timer !== undefined) return
    const pauseMs = this.#pausedUntilMs - Date.now()
    const timer = setTimeout(() => void this.flush(), Math.max(waitMs, pauseMs))
    this.#timer = timer
    // A process that has nothing else to do may end.
    if (typeof timer === 'object') (timer as { unref?(): void }).unref?.()
  }

  #endWait(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer)
    this.#timer = undefined
  }

  async #send(batch: readonly string[]): Promise<Sent> {
    const { url, token, timeoutMs = 2_000, fetch: send = fetch } = this.#options
    try {
      const response = await send(`${url.replace(/\/$/, '')}/__sluice/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: `{"reports":[${batch.join(',')}]}`,
        signal: AbortSignal.timeout(timeoutMs),
      })
      const answer = (await response.json().catch(() => ({}))) as { refused?: []; detail?: string }
      const { status } = response
      if (response.ok) return { kind: 'taken', refused: answer.refused ?? [] }
      if (status === 429 || status >= 500)
        return { kind: 'later', waitMs: Number(response.headers.get('retry-after')) * 1_000 || undefined }
      return { kind: 'refused', detail: answer.detail ?? `the gate answered ${status}` }
    } catch {
      // The gate is away; the app goes on.
      return { kind: 'later', waitMs: undefined }
    }
  }
}

/** As many of the first as one message holds. */
function batchOf(reports: readonly string[]): string[] {
  let bytes = 0
  const count = reports.slice(0, MOST_AT_ONCE).findIndex((report) => {
    bytes += bytesOf(report) + 1
    return bytes > LARGEST_BODY_BYTES
  })
  return reports.slice(0, count === -1 ? MOST_AT_ONCE : Math.max(1, count))
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length
}
