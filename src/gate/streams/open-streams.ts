/**
 * What stays open: event streams, other responses without an end, WebSockets. They outlive the decision that they were
 * opened by, so `kill --sever` has to close those of the killed variants. Hazard: no request may touch the connection of
 * another one, so each looks for itself whether it has to go. A stream is closed where the origin would have ended it;
 * a WebSocket gets code 1012, "service restart", upon which clients connect again.
 */
import type { CompiledFlag } from '../../core/flags/flag.ts'
import { noteInternalError } from '../../platform/internal-errors.ts'
import type { LiveConfig } from '../config/live-config.ts'
import { isEndless } from '../origin/endless.ts'
import type { ReportContext, Reporter } from '../reporting/reporter.ts'
import { type Relay, relayMessages } from './web-socket-relay.ts'

/** A kill arrives within a second or so; what is open goes soon after. */
const LOOK_EVERY_MS = 500
/**
 * A request may make 10,000 subrequests, and staying in touch takes up to two a second. What is open for longer hears of
 * a kill from the other requests of its isolate.
 */
const IN_TOUCH_MS = 3_600_000
const SERVICE_RESTART = 1012
/** How long a side may take to agree to the end of a WebSocket. */
const CLOSING_MS = 10_000

/** What a response was opened by. */
export type Opener = {
  raw: Request
  flag: CompiledFlag
  /** Ends the connection to the origin, where the gate relays a WebSocket. */
  closer: AbortController | undefined
  context: ReportContext
}

export class OpenStreams {
  readonly #live: LiveConfig
  readonly #reporter: Reporter

  constructor(live: LiveConfig, reporter: Reporter) {
    this.#live = live
    this.#reporter = reporter
  }

  /**
   * The response of a variant that a kill would close, in a form that can be closed; most stay as they are.
   *
   * @param headers of the response
   */
  watch(response: Response, headers: Pick<Headers, 'get' | 'has'>, opener: Opener): Response {
    const { closer } = opener
    const socket = closer && response.webSocket
    if (closer && socket) return this.#watchSocket(response.headers, socket, closer, opener)
    const body = isEndless(headers) ? response.body : null
    return body === null ? response : new Response(this.#watchBody(body, opener), response)
  }

  #watchBody(body: ReadableStream, opener: Opener): ReadableStream {
    const { raw, context } = opener
    const { readable, writable } = new IdentityTransformStream()
    const cut = new AbortController()
    let isOver = false
    const carried = body
      .pipeTo(writable, { signal: AbortSignal.any([raw.signal, cut.signal]), preventAbort: true })
      // The stream broke off, its visitor left, or it was cut: only the last of these is an orderly end.
      .catch((error: unknown) => (cut.signal.aborted ? writable.close() : writable.abort(error)))
      // The visitor has left.
      .catch(() => {})
      .finally(() => {
        isOver = true
      })
    context.waitUntil(carried)
    context.waitUntil(
      this.#look(
        opener,
        () => isOver,
        () => cut.abort(),
      ),
    )
    return readable
  }

  #watchSocket(headers: Headers, origin: WebSocket, closer: AbortController, opener: Opener): Response {
    const relay = relayMessages(origin)
    const close = () => relay.close(SERVICE_RESTART, 'Service Restart')
    const ended = this.#look(opener, () => relay.state !== 'open', close)
    opener.context.waitUntil(ended.then(() => closeInTime(relay, closer)))
    return new Response(null, { status: 101, headers, webSocket: relay.visitor })
  }

  /** Looks until the stream is over, or a kill cuts it. Never throws. */
  async #look({ flag, context }: Opener, isOver: () => boolean, cut: () => void): Promise<void> {
    const startedMs = Date.now()
    while (!isOver()) {
      await scheduler.wait(LOOK_EVERY_MS)
      if (isOver()) return
      try {
        const nowMs = Date.now()
        const control = (await this.#hear(context, nowMs, startedMs)).control
        if (control.isKilled(flag.key) && control.isSevered(flag.key)) return cut()
      } catch (error) {
        noteInternalError('stream.look', error, { flag: flag.key })
      }
    }
  }

  /** An isolate that only has open streams must learn of a kill as fast as one that serves pages. */
  async #hear(context: ReportContext, nowMs: number, startedMs: number) {
    if (nowMs - startedMs > IN_TOUCH_MS) return this.#live.last
    // A Worker that embeds the gate may have no Durable Objects.
    if (context.env.COUNTERS !== undefined) this.#reporter.stayInTouch({ ...context, nowMs })
    return await this.#live.current(context.env, context.waitUntil, nowMs)
  }
}

/** A side that has vanished, or does not answer, must not keep the other one. */
async function closeInTime(relay: Relay, closer: AbortController): Promise<void> {
  for (let waitedMs = 0; waitedMs < CLOSING_MS && relay.state !== 'closed'; waitedMs += LOOK_EVERY_MS)
    await scheduler.wait(LOOK_EVERY_MS)
  closer.abort()
}
