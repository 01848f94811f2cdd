/** A tiny origin over real HTTP that answers as the test says and remembers what it was asked. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTcpServer, type Server as NetServer, type Socket } from 'node:net'

export type Answer = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

export type LoggedRequest = {
  method: string
  url: string
  /** By lower-case name; several fields of one name are joined as node:http does. */
  headers: Readonly<Record<string, string | string[] | undefined>>
}

export type Origin = {
  url: string
  name: string
  /** Everything that arrived, oldest first. */
  requests: LoggedRequest[]
  /** Answers like this from the next request on. */
  answer(answer: Answer): void
  server: Server
  close(): Promise<void>
}

/** Longer than anything that a test waits for. */
const KEEP_ALIVE_MS = 300_000

/** Answers with its own name, as text. */
export const sayName =
  (name: string): Answer =>
  (_, response) => {
    response.writeHead(200, { 'content-type': 'text/plain', 'x-origin': name }).end(name)
  }

/**
 * Says of each request whether it fails, so that a share of them does, spread evenly. Chance would now and then give two
 * origins that fail equally often so different beginnings that a judge may well call one of them worse.
 */
export function failsEvenly(rate: () => number): () => boolean {
  let owed = 0
  return () => {
    owed += rate()
    if (owed < 1) return false
    owed -= 1
    return true
  }
}

/** Starts an origin on any free port. */
export async function startOrigin(name: string, first: Answer = sayName(name), port = 0): Promise<Origin> {
  let answer = first
  const requests: LoggedRequest[] = []
  const server = createServer((request, response) => {
    const { method = 'GET', url = '/', headers } = request
    requests.push({ method, url, headers })
    // A visitor or a test that leaves is no fault of the origin.
    Promise.resolve(answer(request, response)).catch(() => response.destroy())
  })
  // A connection that closes just as a busy workerd takes it up again would look like a failure of the origin.
  server.keepAliveTimeout = KEEP_ALIVE_MS
  return {
    ...(await listenOn(server, port)),
    name,
    requests,
    answer: (next) => {
      answer = next
    },
    server,
  }
}

export type TcpOrigin = { url: string; close(): Promise<void> }

/** An origin that takes connections, and need not speak HTTP. */
export function startTcp(onConnection: (socket: Socket) => void): Promise<TcpOrigin> {
  return listenOn(createTcpServer(onConnection))
}

async function listenOn(server: NetServer, port = 0): Promise<TcpOrigin> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string')
    throw new Error('Cannot start an origin: it has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}
