/** Endpoints that are no part of a shop: what a proxy in front of it has to carry unharmed. */
import { createHash } from 'node:crypto'
import { type Exchange, type Headers, pause, send, sendJson, stream } from './exchange.ts'

/** The longest run of header lines that still fits the 16 KiB which HTTP clients commonly accept. */
const MOST_COOKIES = 150
const MOST_EVENTS = 100_000
const LONGEST_WAIT_MS = 600_000

/** Repeats every 251 bytes: a prime, so that a block lost or sent twice never goes unnoticed. */
const PATTERN_PERIOD = 251
const PATTERN = Uint8Array.from({ length: PATTERN_PERIOD * 256 }, (_, index) => index % PATTERN_PERIOD)

/** The tool for a path, undefined where there is none. */
export function toolFor(path: string): ((exchange: Exchange) => void | Promise<void>) | undefined {
  if (path.startsWith('/status/')) return answerStatus
  return TOOLS.get(path)
}

/** The body of `/download?bytes=N`: byte number i is i modulo 251. */
export function* downloadBytes(bytes: number): Generator<Uint8Array> {
  for (let left = bytes; left > 0; left -= PATTERN.length)
    yield PATTERN.subarray(0, Math.min(left, PATTERN.length))
}

const TOOLS: ReadonlyMap<string, (exchange: Exchange) => void | Promise<void>> = new Map([
  ['/echo', echo],
  ['/download', download],
  ['/sse', serverSentEvents],
  ['/cookies', cookies],
  ['/redirect', redirect],
  ['/slow', slow],
])

/** What arrived, in its own spelling and order; the body as length and hash, so it may have any size. */
async function echo(exchange: Exchange): Promise<void> {
  const { request, version } = exchange
  const hash = createHash('sha256')
  let length = 0
  for await (const chunk of request) {
    if (!(chunk instanceof Uint8Array)) continue
    hash.update(chunk)
    length += chunk.length
  }
  const { method, url, httpVersion, rawHeaders } = request
  const headers = pairs(rawHeaders)
  sendJson(exchange, 200, {
    version,
    method,
    url,
    httpVersion,
    headers,
    body: { length, sha256: hash.digest('hex') },
  })
}

/** `[name, value, name, value]` as Node has it, in pairs. */
export function pairs(rawHeaders: readonly string[]): [string, string][] {
  return Array.from({ length: rawHeaders.length / 2 }, (_, index) => [
    rawHeaders[2 * index] ?? '',
    rawHeaders[2 * index + 1] ?? '',
  ])
}

function download(exchange: Exchange): void | Promise<void> {
  const bytes = wholeNumber(exchange, 'bytes', 1024, Number.MAX_SAFE_INTEGER)
  if (bytes === undefined) return
  const headers: Headers = { 'content-type': 'application/octet-stream', 'content-length': bytes }
  return stream(exchange, headers, downloadBytes(exchange.truncate ? Math.floor(bytes / 2) : bytes))
}

function serverSentEvents(exchange: Exchange): void | Promise<void> {
  const events = wholeNumber(exchange, 'events', 5, MOST_EVENTS)
  const everyMs = wholeNumber(exchange, 'everyMs', 200, LONGEST_WAIT_MS)
  if (events === undefined || everyMs === undefined) return
  const headers: Headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-store' }
  return stream(
    exchange,
    headers,
    ticks(exchange, exchange.truncate ? Math.floor(events / 2) : events, everyMs),
  )
}

async function* ticks(exchange: Exchange, events: number, everyMs: number): AsyncGenerator<string> {
  for (let n = 1; n <= events; n++) {
    if (n > 1) await pause(exchange, everyMs)
    yield `id: ${n}\nevent: tick\ndata: ${JSON.stringify({ n, version: exchange.version })}\n\n`
  }
}

/** The date has a comma in it: anyone who splits Set-Cookie at commas is found out. */
function cookies(exchange: Exchange): void {
  const n = wholeNumber(exchange, 'n', 2, MOST_COOKIES)
  if (n === undefined) return
  const expires = 'Expires=Wed, 01 Jan 2098 00:00:00 GMT'
  const lines = Array.from({ length: n }, (_, index) => `shop${index + 1}=v${index + 1}; Path=/; ${expires}`)
  sendJson(exchange, 200, { cookies: n }, { 'set-cookie': lines })
}

function redirect(exchange: Exchange): void {
  send(exchange, 302, { location: '/', 'content-type': 'text/plain; charset=utf-8' }, 'The shop is at /\n')
}

function answerStatus(exchange: Exchange): void {
  const code = /^\/status\/([2-5]\d\d)$/.exec(exchange.url.pathname)?.[1]
  if (code === undefined) badRequest(exchange, 'the path', 'a status from 200 to 599', exchange.url.pathname)
  else sendJson(exchange, Number(code), { version: exchange.version, status: Number(code) })
}

async function slow(exchange: Exchange): Promise<void> {
  const ms = wholeNumber(exchange, 'ms', 1000, LONGEST_WAIT_MS)
  if (ms === undefined) return
  await pause(exchange, ms)
  sendJson(exchange, 200, { version: exchange.version, waitedMs: ms })
}

/** A number from the query; answers 400 by itself, and returns undefined, where it is none. */
function wholeNumber(exchange: Exchange, name: string, otherwise: number, most: number): number | undefined {
  const text = exchange.url.searchParams.get(name)
  if (text === null) return otherwise
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (value <= most) return value
  return badRequest(exchange, name, `a whole number from 0 to ${most}`, text)
}

function badRequest(exchange: Exchange, what: string, expected: string, found: string): undefined {
  sendJson(exchange, 400, {
    problems: [`${what}: expected ${expected}, got ${JSON.stringify(found.slice(0, 60))}`],
  })
}
