/** An HTTP origin that answers as a test says, and remembers what it was asked. */
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'

export type Seen = { method: string; url: string; headers: IncomingMessage['headers']; body: string }
export type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void
export type TestOrigin = { url: string; seen: Seen[]; handler: Handler; close(): Promise<void> }

/** Starts an origin; `handler` may be replaced while it runs. */
export async function startOrigin(handler: Handler): Promise<TestOrigin> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    try {
      for await (const chunk of request) chunks.push(chunk)
    } catch {
      return
    }
    const body = Buffer.concat(chunks).toString('latin1')
    const { method = '', url = '', headers } = request
    origin.seen.push({ method, url, headers, body })
    origin.handler(request, response, body)
  })
  const { url, close } = await listen(server)
  server.keepAliveTimeout = 60_000
  const origin: TestOrigin = { url, seen: [], handler, close }
  return origin
}

/** Something that takes connections and is not necessarily HTTP. */
export async function startTcp(onConnection: (socket: Socket) => void) {
  return await listen(
    createTcpServer((socket) => {
      socket.on('error', () => {})
      onConnection(socket)
    }),
  )
}

async function listen(server: Server): Promise<{ url: string; close(): Promise<void> }> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

/** Runs `work` for 0 … count − 1, so many at once. */
export async function inParallel<T>(count: number, atOnce: number, work: (index: number) => Promise<T>) {
  const results: T[] = new Array(count)
  let next = 0
  const worker = async () => {
    while (next < count) {
      const index = next++
      results[index] = await work(index)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return results
}

export type Answer = { status: number; headers: Headers; text: string }

/** One request as it is given: unlike fetch, this adds no headers and follows nothing. */
export async function plainRequest(
  url: string,
  {
    method = 'GET',
    headers = {},
    body,
  }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const sent = httpRequest(url, { method, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const pairs = response.rawHeaders.flatMap((name, index, all): [string, string][] =>
          index % 2 === 0 ? [[name, all[index + 1] ?? '']] : [],
        )
        const text = Buffer.concat(chunks).toString('latin1')
        resolve({ status: response.statusCode ?? 0, headers: new Headers(pairs), text })
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
