/**
 * Watches bodies on their way to the visitor, to charge an origin that breaks them off. Watching costs about as much as
 * the rest of the gate together, so a busy isolate watches some bodies, of all variants alike: enough to find an origin
 * that breaks off often. Once it has found one, it watches all bodies for a while.
 */
import { RateLimiter } from '../../core/limits/rate-limiter.ts'
import { isEndless } from './endless.ts'

const WATCHED = { burst: 20, perSecond: 20 }
/** The limiter's only key. */
const BODIES = 'bodies'
const SUSPICION_MS = 60_000

export class BodyMonitor {
  readonly #limiter = new RateLimiter(WATCHED)
  #suspiciousUntilMs = 0

  /**
   * The body that the visitor gets in place of a watched one, undefined for a body that is not watched. `done` resolves
   * at its end. `onBroken`: the origin broke it off. `isAwaited`: something waits for its end, however busy the isolate is.
   */
  watch(
    response: Response,
    { raw, nowMs }: { raw: Request; nowMs: number },
    onBroken: () => void,
    isAwaited = false,
  ): { body: ReadableStream; done: Promise<void> } | undefined {
    if (!isAwaited && !this.#wants(nowMs)) return undefined
    const { body } = response
    if (body === null) {
      if (!isAwaited) this.#limiter.giveBack(BODIES)
      return undefined
    }
    const { headers } = response
    // It has no end that it could miss. Hazard: a kill may have to cut it, and the runtime carries nothing through two pipes.
    if (isEndless(headers)) return undefined
    const length = headers.get('content-length')
    if (length !== null && !isWholeLength(length, headers)) return undefined
    const { readable, writable } =
      length === null ? new IdentityTransformStream() : new FixedLengthStream(Number(length))
    // Work in waitUntil outlives its visitor: the signal ends it with them.
    const done = body.pipeTo(writable, { signal: raw.signal }).catch(() => {
      if (raw.signal.aborted) return
      this.#suspiciousUntilMs = Date.now() + SUSPICION_MS
      onBroken()
    })
    return { body: readable, done }
  }

  #wants(nowMs: number): boolean {
    return nowMs < this.#suspiciousUntilMs || this.#limiter.take(BODIES, nowMs) === 0
  }
}

/**
 * Whether the header says how long the body is. An origin may say it twice ("5, 5"), or beside chunks, which then count:
 * the runtime can deal with that, but a stream in between would cut the body off.
 */
function isWholeLength(length: string, headers: Headers): boolean {
  return /^\d{1,15}$/.test(length) && !headers.has('transfer-encoding')
}
