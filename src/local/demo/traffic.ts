/** Visitors that keep coming: load on a gate, and the outcome of each request. */

/** `reachedNew` also where the new origin failed and the visitor got the fallback's answer. */
export type Moment = {
  atMs: number
  visitor: string
  status: number
  reachedNew: boolean
  rescued: boolean
}

export type TrafficOptions = {
  url: string
  visitors: number
  requestsPerSecond: number
  /** No further request is sent after so many; endless unless set. */
  most?: number
  /** Paths that requests alternate between; `/` unless set. */
  paths?: readonly string[]
  /** Countries that visitors come from, by `Sluice-Debug-Cf`. */
  countries?: readonly string[]
}

/** Outcomes of some requests. */
export type Sample = { answers: number; share: number; seenErrors: number; rescued: number }

const STEP_MS = 20
/** On a slow machine fewer come, instead of a queue that only grows. */
const MOST_IN_FLIGHT = 16

export class Traffic {
  readonly moments: Moment[] = []
  readonly #options: TrafficOptions
  readonly #timer: NodeJS.Timeout
  #inFlight = 0
  #sent = 0
  #due = 0

  /** Starts at once. */
  constructor(options: TrafficOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.#step(), STEP_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** What came in since a time, at most the latest `most`. */
  since(sinceMs: number, most = Number.POSITIVE_INFINITY): Sample {
    const recent: Moment[] = []
    for (let index = this.moments.length - 1; index >= 0 && recent.length < most; index--) {
      const moment = this.moments[index]
      if (moment === undefined || moment.atMs < sinceMs) break
      recent.push(moment)
    }
    const count = (is: (moment: Moment) => boolean) => recent.filter(is).length
    return {
      answers: recent.length,
      share: recent.length === 0 ? 0 : count((moment) => moment.reachedNew) / recent.length,
      seenErrors: count(({ status }) => status >= 500 || status === 0),
      rescued: count((moment) => moment.rescued),
    }
  }

  /** Some visitors whose requests reached the new origin, each once. */
  visitorsOnNew(most: number): string[] {
    const visitors = this.moments.filter((moment) => moment.reachedNew).map(({ visitor }) => visitor)
    return [...new Set(visitors)].slice(0, most)
  }

  /** When the new origin was last asked. */
  lastOnNewMs(): number | undefined {
    return this.moments.findLast((moment) => moment.reachedNew)?.atMs
  }

  #step(): void {
    this.#due = Math.min(this.#due + (this.#options.requestsPerSecond * STEP_MS) / 1_000, MOST_IN_FLIGHT)
    const { most = Number.POSITIVE_INFINITY } = this.#options
    while (this.#due >= 1 && this.#inFlight < MOST_IN_FLIGHT && this.#sent < most) {
      this.#due--
      void this.#visit(this.#sent++)
    }
  }

  async #visit(number: number): Promise<void> {
    this.#inFlight++
    const { visitors, paths = ['/'], countries } = this.#options
    const person = (number * 7_919) % visitors
    const country = countries?.[person % countries.length]
    this.moments.push(await this.ask(`visitor-${person}`, paths[number % paths.length], country))
    this.#inFlight--
  }

  /** One request of a visitor; status 0 where it got no answer. */
  async ask(visitor: string, path = '/', country?: string): Promise<Moment> {
    try {
      const debug = country === undefined ? {} : { 'sluice-debug-cf': JSON.stringify({ country }) }
      const headers = { 'x-user-id': visitor, accept: 'text/html', ...debug }
      const response = await fetch(this.#options.url + path, { headers, redirect: 'manual' })
      await response.arrayBuffer()
      const rescued = response.headers.has('sluice-rescue')
      const reachedNew = rescued || response.headers.get('sluice-origin') === 'new'
      return { atMs: Date.now(), visitor, status: response.status, reachedNew, rescued }
    } catch {
      return { atMs: Date.now(), visitor, status: 0, reachedNew: false, rescued: false }
    }
  }
}
