import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { type Behaviour, BehaviourSwitch, HEALTHY, parseBehaviour } from './behaviour.ts'
import { type Exchange, pause, type ShopVersion, send, sendJson } from './exchange.ts'
import { messagePage } from './pages.ts'
import { createShopHandler, readText } from './routes.ts'
import { pairs, toolFor } from './tools.ts'
import { answerHandshake, echoMessages } from './websocket.ts'

export type { Behaviour } from './behaviour.ts'
export type { ShopVersion } from './exchange.ts'

/** How many of the latest requests are remembered whole. */
const REMEMBERED_REQUESTS = 200
const LONGEST_SWITCH_BYTES = 65_536

export interface ShopOptions {
  readonly version: ShopVersion
  /** 0, the default, takes any free port. */
  readonly port?: number
  readonly host?: string
}

/** A request as it arrived. */
export interface ReceivedRequest {
  readonly method: string
  readonly url: string
  readonly headers: readonly (readonly [name: string, value: string])[]
}

export interface ShopStats {
  /** All requests that arrived, except those to the switches. */
  readonly requests: number
  /** The answered ones, by status. The difference to `requests` hung, was reset, or is not answered yet. */
  readonly byStatus: Readonly<Record<string, number>>
  /** The latest 200, oldest first. */
  readonly received: readonly ReceivedRequest[]
}

export interface Shop {
  readonly url: string
  readonly port: number
  readonly version: ShopVersion
  /** Changes how it behaves from the next request on; what is not named stays. */
  behave(changes: Partial<Behaviour>): void
  stats(): ShopStats
  /** Ends at once, open connections included. */
  close(): Promise<void>
}

const KEEP_ALIVE_MS = 75_000

/** Starts a demo origin: a small shop over real HTTP that misbehaves on demand. */
export async function startShop(options: ShopOptions): Promise<Shop> {
  const { version, port = 0, host = '127.0.0.1' } = options
  const origin = new Origin(version)
  const server = createServer((request, response) => void origin.serve(request, response))
  // Longer than gates keep idle connections: one that ends just as it is taken up again looks like a failure.
  server.keepAliveTimeout = KEEP_ALIVE_MS
  server.on('upgrade', (request, socket, head) => void origin.upgrade(request, socket, head))
  const closeServer = closer(server)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string')
    throw new Error('Cannot start the shop: it has no port')
  const shownHost = host.includes(':') ? `[${host}]` : host
  return {
    url: `http://${shownHost}:${address.port}`,
    port: address.port,
    version,
    behave: (changes) => origin.behave(changes),
    stats: () => origin.stats(),
    close: closeServer,
  }
}

/** Closes upgraded connections too, which a server of node:http no longer knows of. */
function closer(server: Server): () => Promise<void> {
  const sockets = new Set<Duplex>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
  })
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve())
      for (const socket of sockets) socket.destroy()
    })
}

class Origin {
  readonly #version: ShopVersion
  readonly #behaviour = new BehaviourSwitch()
  readonly #answerAsShop: (exchange: Exchange) => void | Promise<void>
  readonly #byStatus = new Map<number, number>()
  #requests = 0
  #received: ReceivedRequest[] = []

  constructor(version: ShopVersion) {
    this.#version = version
    this.#answerAsShop = createShopHandler(version)
  }

  behave(changes: Partial<Behaviour>): void {
    const parsed = parseBehaviour(changes)
    if (!parsed.ok) throw new RangeError(`Cannot change the behaviour: ${parsed.problems.join('; ')}`)
    this.#behaviour.change(parsed.value)
  }

  stats(): ShopStats {
    const byStatus = Object.fromEntries([...this.#byStatus].sort(([a], [b]) => a - b))
    return { requests: this.#requests, byStatus, received: [...this.#received] }
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const exchange = this.#exchange(request, response)
    try {
      if (isSwitch(request, exchange.url)) await this.#answerSwitch(exchange)
      else await this.#answerVisitor(exchange)
    } catch (error) {
      // A visitor who leaves ends whatever was being written; that is no fault.
      if (exchange.gone.aborted) return
      if (response.headersSent) response.destroy()
      else sendJson(exchange, 500, { problems: [error instanceof Error ? error.message : String(error)] })
    }
  }

  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    this.#note(request)
    const { hang, reset, delayMs } = this.#behaviour.current
    if (reset) return void socket.destroy()
    if (hang) return
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs).unref())
    const answer = this.#handshake(request)
    this.#count(answer.status)
    const versionLine = `x-shop-version: ${this.#version}`
    const lines = [`HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}`, versionLine, ...answer.headers]
    socket.write(`${lines.join('\r\n')}\r\n\r\n`)
    if (answer.status !== 101) return void socket.end()
    if (head.length > 0) socket.unshift(head)
    await echoMessages(socket)
  }

  #handshake(request: IncomingMessage): { status: number; headers: string[] } {
    const closing = ['Connection: close', 'Content-Length: 0']
    if (this.#behaviour.nextFails()) return { status: 500, headers: closing }
    if (targetOf(request).pathname !== '/ws') return { status: 404, headers: closing }
    const { status, headers } = answerHandshake(request)
    return { status, headers: status === 101 ? headers : [...headers, ...closing] }
  }

  async #answerVisitor(exchange: Exchange): Promise<void> {
    this.#note(exchange.request)
    const { hang, reset, delayMs } = this.#behaviour.current
    if (reset) return void exchange.request.socket.destroy()
    if (hang) return
    await pause(exchange, delayMs)
    if (this.#behaviour.nextFails()) {
      const html = messagePage(this.#version, 'Out of order', 'The shop has failed, as it was told to')
      return send(
        exchange,
        500,
        { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
        html,
      )
    }
    await (toolFor(exchange.url.pathname) ?? this.#answerAsShop)(exchange)
  }

  /** The same switches over HTTP, for anyone who has curl in hand. */
  async #answerSwitch(exchange: Exchange): Promise<void> {
    const { method = 'GET' } = exchange.request
    const what = `${method} ${exchange.url.pathname}`
    if (what === 'GET /__shop/stats') return sendJson(exchange, 200, this.stats())
    if (what === 'GET /__shop/behaviour') return sendJson(exchange, 200, this.#behaviour.current)
    if (what === 'DELETE /__shop/behaviour') {
      this.#behaviour.change(HEALTHY)
      return sendJson(exchange, 200, this.#behaviour.current)
    }
    if (what !== 'POST /__shop/behaviour') {
      const known = 'GET /__shop/stats, or GET, POST or DELETE /__shop/behaviour'
      return sendJson(exchange, 404, { problems: [`expected ${known}, got ${what}`] })
    }
    const parsed = parseBehaviour(parseJson(await readText(exchange.request, LONGEST_SWITCH_BYTES)))
    if (!parsed.ok) return sendJson(exchange, 400, { problems: parsed.problems })
    this.#behaviour.change(parsed.value)
    sendJson(exchange, 200, this.#behaviour.current)
  }

  #exchange(request: IncomingMessage, response: ServerResponse): Exchange {
    const left = new AbortController()
    response.on('close', () => left.abort())
    const url = targetOf(request)
    const counted = !isSwitch(request, url)
    return {
      request,
      url,
      version: this.#version,
      gone: left.signal,
      truncate: counted && this.#behaviour.current.truncate,
      begin: (status, headers) => {
        if (counted) this.#count(status)
        return response.writeHead(status, { 'x-shop-version': this.#version, ...headers })
      },
    }
  }

  #note({ method = 'GET', url = '/', rawHeaders }: IncomingMessage): void {
    this.#requests += 1
    this.#received.push({ method, url, headers: pairs(rawHeaders) })
    if (this.#received.length > REMEMBERED_REQUESTS)
      this.#received = this.#received.slice(-REMEMBERED_REQUESTS)
  }

  #count(status: number): void {
    this.#byStatus.set(status, (this.#byStatus.get(status) ?? 0) + 1)
  }
}

/** The switches exist only for who speaks to the origin itself: what came through a gate is a visitor's. */
function isSwitch(request: IncomingMessage, url: URL): boolean {
  return url.pathname.startsWith('/__shop/') && request.headers['x-forwarded-host'] === undefined
}

/** The target of a request; `*` and absolute forms, which no page has, count as the front page. */
function targetOf({ url = '/' }: IncomingMessage): URL {
  return new URL(`http://shop${url.startsWith('/') ? url : '/'}`)
}

/** Undefined and broken text become values that `parseBehaviour` refuses. */
function parseJson(text: string | undefined): unknown {
  if (text === undefined) return `more than ${LONGEST_SWITCH_BYTES} bytes`
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
