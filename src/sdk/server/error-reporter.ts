/** Failures of a back end, reported to the gate for the visitors who met them. */
import { type ReportOptions, ReportQueue } from './report-queue.ts'

export type ErrorReporterOptions = ReportOptions

/** Whom a report is about: what `readDecision` gives. */
export type Affected = {
  /** Flag → variant, of the flags that the request was routed by. */
  variants: Readonly<Record<string, string>>
  targetingKey: string | undefined
}

export type Scalar = string | number | boolean

/**
 * Reports failures of a back end. The gate counts each visitor once a minute, and the guard judges by it as by the failures
 * that it sees itself. Nothing here throws or keeps a response waiting. What the gate can't take at that moment is dropped: it
 * has heard of the problem, or will.
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
  readonly #queue: ReportQueue

  /** @throws TypeError where `url` is not absolute, or there is no token */
  constructor(options: ErrorReporterOptions) {
    this.#queue = new ReportQueue(options)
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
    for (const flag of Object.keys(variants))
      this.#queue.add({ type: 'error', flag, context: { ...attributes, targetingKey } })
  }

  /**
   * Sends what is waiting, now. In a Worker pass it to `ctx.waitUntil`, as timers end with the response.
   *
   * @returns whether the gate took all of it; what it did not take is dropped
   */
  async flush(): Promise<boolean> {
    return await this.#queue.flush()
  }
}
