import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as wait } from 'node:timers/promises'

/** Which of the two shops answers. */
export type ShopVersion = 'old' | 'new'

/** One request and the means to answer it, the same for pages and for tools. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly url: URL
  readonly version: ShopVersion
  /** Aborted when the connection is gone, so that nothing waits for a visitor who left. */
  readonly gone: AbortSignal
  /** Break off the body midway. */
  readonly truncate: boolean
  /** Sends status and headers, and counts the answer. */
  begin(status: number, headers: OutgoingHttpHeaders): ServerResponse
}

/** Headers that may repeat a name, as `set-cookie` does. */
export type Headers = OutgoingHttpHeaders

/** Answers with a body that is there already. */
export function send(
  exchange: Exchange,
  status: number,
  headers: Headers,
  body: string | Uint8Array = '',
): void {
  const bytes = Buffer.from(body)
  const bodiless = status === 204 || status === 304
  const response = exchange.begin(status, bodiless ? headers : { 'content-length': bytes.length, ...headers })
  if (exchange.request.method === 'HEAD' || bodiless) {
    response.end()
  } else if (exchange.truncate) {
    response.write(bytes.subarray(0, Math.floor(bytes.length / 2)))
    breakOff(response)
  } else {
    response.end(bytes)
  }
}

/** Answers with JSON. */
export function sendJson(exchange: Exchange, status: number, value: unknown, headers: Headers = {}): void {
  const type = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' }
  send(exchange, status, { ...type, ...headers }, `${JSON.stringify(value, null, 2)}\n`)
}

/** Answers with a body as it is made, no faster than the other side takes it. */
export async function stream(
  exchange: Exchange,
  headers: Headers,
  chunks: AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>,
): Promise<void> {
  const response = exchange.begin(200, headers)
  if (exchange.request.method === 'HEAD') {
    response.end()
    return
  }
  response.flushHeaders()
  await pipeline(Readable.from(chunks), response, { end: !exchange.truncate, signal: exchange.gone })
  if (exchange.truncate) breakOff(response)
}

/** Ends the connection, not the body, once what was written is out. */
function breakOff(response: ServerResponse): void {
  response.socket?.destroySoon()
}

/** Waits, or stops with an AbortError when the visitor has gone. */
export async function pause(exchange: Exchange, ms: number): Promise<void> {
  if (ms > 0) await wait(ms, undefined, { signal: exchange.gone })
}
