/**
 * Visitors that send their next request as soon as they have a response, over a fixed number of connections: as much
 * load as the gate bears. They speak HTTP over bare sockets, which leaves nearly all of the CPU to the gate. Stopping
 * waits for every response, so that each request is accounted for.
 */
import { connect, type Socket } from 'node:net'

export type Visitors = {
  readonly answered: number
  /** Answers other than 200 and 304, connections that broke, and answers that can't be read. */
  readonly failed: number
  /** The latency below which a share of the answers lies. */
  percentileMs(share: number): number
  stop(): Promise<void>
  /** Waits until as many requests as were wanted are answered. */
  ended(): Promise<void>
}

/** `headers`: lines that end with CRLF. A request with a body says its length itself. */
export type VisitorRequest = { path: string; headers: string; method?: string; body?: string }

const LONGEST_MS = 30_000
/** Latencies are counted by tenths of a millisecond. */
const PER_MS = 10

/** `requestOf` gives a request by its number; `most`: how many there are. */
export function startVisitors(
  urls: readonly string[],
  connections: number,
  requestOf: (number: number) => VisitorRequest,
  most = Number.POSITIVE_INFINITY,
): Visitors {
  const latencies = new Uint32Array(LONGEST_MS * PER_MS + 1)
  let answered = 0
  let failed = 0
  let asked = 0
  let isOver = false
  const loops = Array.from({ length: connections }, async (_, index) => {
    const { hostname, port, host } = new URL(urls[index % urls.length] ?? '')
    let line: Line | undefined
    while (!isOver && asked < most) {
      line ??= new Line(connect({ host: hostname, port: Number(port), noDelay: true }))
      const { path, headers, method = 'GET', body = '' } = requestOf(asked++)
      const startedMs = performance.now()
      const status = await line.ask(`${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n${headers}\r\n${body}`)
      const slot = Math.round(Math.min(performance.now() - startedMs, LONGEST_MS) * PER_MS)
      latencies[slot] = (latencies[slot] ?? 0) + 1
      if (status === 200 || status === NOT_MODIFIED) answered++
      else failed++
      if (status === 0) line = undefined
    }
    line?.close()
  })
  return {
    get answered() {
      return answered
    },
    get failed() {
      return failed
    },
    percentileMs: (share) => {
      let below = 0
      for (const [tenthMs, count] of latencies.entries()) {
        below += count
        if (below >= share * (answered + failed)) return tenthMs / PER_MS
      }
      return Number.NaN
    },
    stop: async () => {
      isOver = true
      await Promise.all(loops)
    },
    ended: async () => void (await Promise.all(loops)),
  }
}

const NOT_MODIFIED = 304
const LAST_CHUNK = Buffer.from('\r\n0\r\n\r\n')
const HEAD_END = Buffer.from('\r\n\r\n')

/** One connection, one request at a time. */
class Line {
  readonly #socket: Socket
  #received: Buffer = Buffer.alloc(0)
  #settle: (status: number) => void = () => {}

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (data: Buffer) => this.#take(data))
    socket.on('error', () => this.#settle(0))
    socket.on('close', () => this.#settle(0))
  }

  /** The status of the answer, once it is here as a whole; 0 for none. */
  ask(request: string): Promise<number> {
    return new Promise((resolve) => {
      this.#settle = resolve
      if (this.#socket.destroyed) resolve(0)
      else this.#socket.write(request)
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(data: Buffer): void {
    this.#received = this.#received.length === 0 ? data : Buffer.concat([this.#received, data])
    const headEnd = this.#received.indexOf(HEAD_END)
    if (headEnd < 0) return
    const head = this.#received.toString('latin1', 0, headEnd)
    const status = Number(head.slice(9, 12))
    if (/\r\ntransfer-encoding: chunked/i.test(head)) {
      if (this.#received.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK)) this.#end(status)
      return
    }
    const length = status === NOT_MODIFIED ? '0' : /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
    // The origins say how long their answers are, or send chunks; one that does neither is not theirs.
    if (length === undefined) {
      this.close()
      return
    }
    if (this.#received.length < headEnd + HEAD_END.length + Number(length)) return
    this.#end(status)
  }

  #end(status: number): void {
    this.#received = Buffer.alloc(0)
    this.#settle(status)
  }
}
