/**
 * Exceptions that went no further, counted by place. They add up on their way from isolates through shards to the
 * Controller, however many there are: places and texts are bounded at each step.
 */
export type InternalError = {
  /** Where it was caught, such as `gate.decide`; the label of `sluice_internal_errors_total`. */
  place: string
  count: number
  /** ms since 1970. */
  firstAtMs: number
  lastAtMs: number
  /** What the last of them said, without what could be a secret. */
  message: string
}

/** Each place is a label of a metric, so there are few; what has no proper name, or comes later, counts as `other`. */
const MOST_PLACES = 50
const OTHER = 'other'
const PLACE = /^[a-z][a-z.-]{0,39}$/
const LONGEST_MESSAGE = 200

/** Counts by place, adding up whatever comes in. */
export class InternalErrors {
  readonly #byPlace = new Map<string, InternalError>()

  constructor(errors: readonly InternalError[] = []) {
    this.add(errors)
  }

  get isEmpty(): boolean {
    return this.#byPlace.size === 0
  }

  add(errors: readonly InternalError[]): void {
    for (const error of errors) {
      const place = this.#placeOf(error.place)
      const known = this.#byPlace.get(place)
      const isLatest = known === undefined || error.lastAtMs >= known.lastAtMs
      this.#byPlace.set(place, {
        place,
        count: error.count + (known?.count ?? 0),
        firstAtMs: Math.min(error.firstAtMs, known?.firstAtMs ?? error.firstAtMs),
        lastAtMs: Math.max(error.lastAtMs, known?.lastAtMs ?? error.lastAtMs),
        message: isLatest ? error.message.slice(0, LONGEST_MESSAGE) : known.message,
      })
    }
  }

  toList(): InternalError[] {
    return [...this.#byPlace.values()]
  }

  /** Hands over everything, and begins anew. */
  take(): InternalError[] {
    const errors = this.toList()
    this.#byPlace.clear()
    return errors
  }

  #placeOf(place: string): string {
    const isFull = !this.#byPlace.has(place) && this.#byPlace.size >= MOST_PLACES
    return isFull || !PLACE.test(place) ? OTHER : place
  }
}

/**
 * What the Controller holds, with what an isolate knows better because it can't reach the Controller, or has not yet.
 *
 * @param held the Controller's counts, which include all that has arrived of this isolate's
 * @param own this isolate's counts since it began
 */
export function withOwn(held: readonly InternalError[], own: readonly InternalError[]): InternalError[] {
  const known = new Map(held.map((error) => [error.place, error]))
  for (const error of own)
    if (error.count > (known.get(error.place)?.count ?? 0)) known.set(error.place, error)
  return [...known.values()]
}

/**
 * What an exception says, fit for logs and pages: queries and logins of URLs, quoted texts (JSON.parse quotes what it
 * can't read), addresses and what is as long as a token become `…`.
 *
 * @example messageWithoutSecrets(new TypeError('fetch https://a.example/x?token=1')) // 'TypeError: fetch https://a.example/x?…'
 */
export function messageWithoutSecrets(error: unknown): string {
  return String(error)
    .slice(0, 2_000)
    .replace(/"[^"]*"?/g, '"…"')
    .replace(/\/\/[^/\s@]*@/g, '//…@')
    .replace(/(?<![^\s/@…])[^\s/@…]+@[^\s/@]+\.[^\s/@]+/g, '…')
    .replace(/[?#][^\s]+/g, '?…')
    .replace(/[\w+=-]{24,}/g, '…')
    .replace(/\s+/g, ' ')
    .slice(0, LONGEST_MESSAGE)
}
