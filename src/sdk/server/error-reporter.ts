/** Failures of a back end, reported to the gate for the visitors who met them. */

export type ErrorReporterOptions = {
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

/** Whom a report is about: what `readDecision` gives. */
export type Affected = {
  /** Flag → variant, of the flags that the request was routed by. */
  variants: Readonly<Record<string, string>>
  targetingKey: string | undefined
}

type Scalar = string | number | boolean
type Report = { type: 'error'; flag: string; context: Record<string, Scalar> & { targetingKey: string } }

/** The gate takes 50 at once. */
const MOST_AT_ONCE = 50
/** While the gate is away, later reports are dropped: it has heard of the problem, or will. */
const MOST_WAITING = 1_000

/**
 * Reports failures of a back end. The gate counts each visitor once a minute, and the guard judges by it as by the failures
 * that it sees itself. Nothing here throws or keeps a response waiting.
 *
 * @example
 * import { ErrorReporter, readDecision } from 'sluice/server'
 *
 * const reporter = new ErrorReporter({ url: 'https://www.example.com', token: 'sluice_…' })
 *
 * export async function answer(request: Request, signingKey: string): Promise<Response> {
 *   const decision = await readDecision(request.headers, { signingKey })
 *   try {
 *     return new Response('all is well')
 *   } catch (error) {
 *     if (decision) reporter.report(decision)
 *     throw error
 *   }
 * }
 */
export class ErrorReporter {
  readonly #options: ErrorReporterOptions
  #waiting: Report[] = []
  #timer: ReturnType<typeof setTimeout> | undefined

  /** @throws TypeError where `url` is not absolute, or there is no token */
  constructor(options: ErrorReporterOptions) {
    if (!/^https?:\/\//.test(options.url))
      throw new TypeError(`url must be absolute, such as https://www.example.com: ${options.url}`)
    if (!options.token) throw new TypeError('token must be a token of the gate, of the role reporter')
    this.#options = options
  }

  /**
   * Notes a failure for a visitor, to be sent with the next batch.
   *
   * @param affected the decision of the visitor's request; without a targeting key there is no one to report for
   * @param attributes what the rules of these flags ask for, such as `{ country: 'RO' }`: without it the gate can't tell whether
   * the visitor is compared, and only shows the report
   */
  report({ variants, targetingKey }: Affected, attributes: Readonly<Record<string, Scalar>> = {}): void {
    if (!targetingKey) return
    for (const flag of Object.keys(variants)) {
      if (this.#waiting.length >= MOST_WAITING) return
      this.#waiting.push({ type: 'error', flag, context: { ...attributes, targetingKey } })
    }
    if (this.#timer === undefined && this.#waiting.length > 0) this.#sendLater()
  }

  /**
   * Sends what is waiting, now. In a Worker pass it to `ctx.waitUntil`, as timers end with the response.
   *
   * @returns whether the gate took all of it; what it did not take is dropped
   */
  async flush(): Promise<boolean> {
    if (this.#timer !== undefined) clearTimeout(this.#timer)
    this.#timer = undefined
    const waiting = this.#waiting
    this.#waiting = []
    let isTaken = true
    for (let at = 0; at < waiting.length; at += MOST_AT_ONCE)
      isTaken = (await this.#send(waiting.slice(at, at + MOST_AT_ONCE))) && isTaken
    return isTaken
  }

  #sendLater(): void {
    const timer = setTimeout(() => void this.flush(), this.#options.gatherMs ?? 1_000)
    this.#timer = timer
    // A process that has nothing else to do may end.
    if (typeof timer === 'object') (timer as { unref?(): void }).unref?.()
  }

  async #send(reports: readonly Report[]): Promise<boolean> {
    const { url, token, timeoutMs = 2_000, fetch: send = fetch } = this.#options
    try {
      const response = await send(`${url.replace(/\/$/, '')}/__sluice/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ reports }),
        signal: AbortSignal.timeout(timeoutMs),
      })
      await response.body?.cancel()
      return response.ok
    } catch {
      // The gate is away; the app goes on.
      return false
    }
  }
}
