/** Events of metrics (orders, revenue), reported to the gate for the visitors who caused them. */
import { type ReportOptions, ReportQueue } from './report-queue.ts'

export type TrackerOptions = ReportOptions & {
  /** Hears why events don't count, once for each reason. Default: a warning on the console. */
  onProblem?: (problem: string) => void
}

/** Whose event it is: a decision of `readDecision`, or a targeting key with the attributes that rules ask for. */
export type Tracked = { readonly targetingKey?: string | undefined }

export type TrackDetails = {
  /** What a metric of the type `sum` adds, such as an amount; a `count` adds 1 without it. */
  value?: number | undefined
  /** The same id counts once, such as an order's number. Default: a new one for each call. */
  id?: string | undefined
  /** When it happened, ms since 1970. Default: now. The gate takes events of the last 24 hours. */
  atMs?: number | undefined
}

/** As the gate takes them. */
const LONGEST_NAME = 200
const LONGEST_ID = 200

/**
 * Reports events of metrics. They count for the variant that the gate computes for the visitor, in every flag that measures
 * the metric. Events are sent in batches. While the gate is away they wait (10,000 at most) and are sent again; each has an id,
 * so that it counts once. Nothing here throws or keeps a response waiting.
 *
 * @example
 * import { readDecision, Tracker } from 'sluice/server'
 *
 * const tracker = new Tracker({ url: 'https://www.example.com', token: 'sluice_…' })
 *
 * export async function ordered(request: Request, signingKey: string, order: { id: string; total: number }) {
 *   const decision = await readDecision(request.headers, { signingKey })
 *   if (decision) tracker.track('order', decision, { value: order.total, id: order.id })
 * }
 */
export class Tracker {
  readonly #queue: ReportQueue

  /** @throws TypeError where `url` is not absolute, or there is no token */
  constructor(options: TrackerOptions) {
    const { onProblem = warn } = options
    this.#queue = new ReportQueue({ ...options, onProblem, isKept: true })
  }

  /**
   * Notes an event, to be sent with the next batch.
   *
   * @param metric the metric's name in the document
   * @param visitor the decision of the visitor's request; without a targeting key there is no one to count it for
   * @param details its value, and an id by which it counts once
   * @param attributes what the rules of the flags ask for, such as `{ country: 'RO' }`: without it the gate can't tell whether
   * the visitor is compared
   */
  track(
    metric: string,
    { targetingKey }: Tracked,
    { value, id = crypto.randomUUID(), atMs = Date.now() }: TrackDetails = {},
    attributes: Readonly<Record<string, unknown>> = {},
  ): void {
    // Numbers of orders come as numbers.
    const name = String(id)
    const problem = problemWith({ metric, targetingKey, id: name })
    if (problem !== undefined) {
      this.#queue.tell(`Cannot track ${String(metric)}: ${problem}`)
      return
    }
    try {
      this.#queue.add({
        ...{ type: 'track', name: metric, id: name, atMs },
        ...(value !== undefined && { value }),
        context: { ...attributes, targetingKey },
      })
    } catch (error) {
      // Attributes that JSON can't hold, such as one that holds itself.
      this.#queue.tell(`Cannot track ${metric}: ${String(error)}`)
    }
  }

  /**
   * Sends what is waiting, now. In a Worker pass it to `ctx.waitUntil`, as timers end with the response.
   *
   * @returns whether the gate took all of it; the rest is sent again later
   */
  async flush(): Promise<boolean> {
    return await this.#queue.flush()
  }
}

/** What the gate would refuse whatever the metric is; whether one needs its value only the gate knows. */
function problemWith({ metric, targetingKey, id }: { metric: unknown; targetingKey: unknown; id: unknown }) {
  if (typeof metric !== 'string' || metric === '' || metric.length > LONGEST_NAME)
    return `the name must be a text of at most ${LONGEST_NAME} characters`
  if (typeof targetingKey !== 'string' || targetingKey === '') return 'the visitor must have a targeting key'
  if (typeof id !== 'string' || id === '' || id.length > LONGEST_ID)
    return `id must be a text of at most ${LONGEST_ID} characters`
  return undefined
}

export function warn(problem: string): void {
  console.warn(`sluice: ${problem}`)
}
