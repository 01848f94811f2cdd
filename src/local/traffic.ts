/** Visitors that keep coming: a steady load on a gate, with what each second of it met. */

export type Moment = { atMs: number; origin: string; status: number }

export type TrafficOptions = { url: string; visitors: number; requestsPerSecond: number }

const STEP_MS = 20

export class Traffic {
  readonly moments: Moment[] = []
  readonly #options: TrafficOptions
  readonly #timer: NodeJS.Timeout
  #sent = 0
  #startedMs = Date.now()

  /** Starts at once. */
  constructor(options: TrafficOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.#step(), STEP_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** What came in since a time: how many answers, which share from an origin, how many of them errors. */
  since(sinceMs: number, origin: string): { answers: number; share: number; errors: number } {
    const recent = this.moments.filter((moment) => moment.atMs >= sinceMs)
    const fromOrigin = recent.filter((moment) => moment.origin === origin).length
    const errors = recent.filter((moment) => moment.status >= 500 || moment.status === 0).length
    return { answers: recent.length, share: recent.length === 0 ? 0 : fromOrigin / recent.length, errors }
  }

  /** When an origin last answered. */
  lastFrom(origin: string): number | undefined {
    return this.moments.findLast((moment) => moment.origin === origin)?.atMs
  }

  /** Sends what is due by now, so that a late timer changes nothing about the rate. */
  #step(): void {
    const due = ((Date.now() - this.#startedMs) / 1_000) * this.#options.requestsPerSecond
    while (this.#sent < due) void this.#visit(this.#sent++)
  }

  async #visit(number: number): Promise<void> {
    const { url, visitors } = this.#options
    const visitor = `visitor-${(number * 7_919) % visitors}`
    try {
      const response = await fetch(url, { headers: { 'x-user-id': visitor, accept: 'text/html' } })
      await response.arrayBuffer()
      const origin = response.headers.get('sluice-origin') ?? '?'
      this.moments.push({ atMs: Date.now(), origin, status: response.status })
    } catch {
      this.moments.push({ atMs: Date.now(), origin: '?', status: 0 })
    }
  }
}
