/** Both ends of the wire: a client that sends bytes, and an origin that answers with bytes. */

import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'
import { type Message, readHead, readMessage, valuesOf } from './message.ts'

/** What the client gets. */
export type Got =
  | { kind: 'answer'; interim: string[]; message: Message; closed: boolean }
  /** The connection ended before the answer did. */
  | {
      kind: 'broken'
      interim: string[]
      head: Pick<Message, 'startLine' | 'headers'> | undefined
      body: number
    }

const PATIENCE_MS = 20_000

const isBodiless = (startLine: string) => /^HTTP\/1\.. (1..|204|304)/.test(startLine)

/** Sends bytes on a new connection, and waits for the answer. */
export async function send(url: string, bytes: Buffer): Promise<Got> {
  const { hostname, port } = new URL(url)
  const isHead = bytes.subarray(0, 5).toString('latin1') === 'HEAD '
  const hasNoBody = (startLine: string) => isHead || isBodiless(startLine)
  const socket = connect(Number(port), hostname)
  const interim: string[] = []
  let received: Buffer = Buffer.alloc(0)
  let ended = false
  try {
    return await new Promise<Got>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`No answer within ${PATIENCE_MS} ms, only ${received.length} bytes`)),
        PATIENCE_MS,
      )
      const look = () => {
        let message = readMessage(received, hasNoBody)
        while (message?.startLine.startsWith('HTTP/1.1 1') && message.bytes !== undefined) {
          interim.push(message.startLine)
          received = received.subarray(message.bytes)
          message = readMessage(received, hasNoBody)
        }
        if (message !== undefined && (ended || message.bytes !== undefined)) {
          clearTimeout(timer)
          resolve({ kind: 'answer', interim, message, closed: message.bytes === undefined })
        } else if (ended) {
          clearTimeout(timer)
          const head = readHead(received)
          resolve({ kind: 'broken', interim, head, body: received.length - (head?.bodyAt ?? 0) })
        }
      }
      socket.on('data', (data) => {
        received = Buffer.concat([received, data])
        look()
      })
      const end = () => {
        ended = true
        look()
      }
      socket.on('error', end)
      socket.on('end', end)
      socket.on('close', end)
      socket.write(bytes)
    })
  } finally {
    socket.destroy()
  }
}

export type Respond = Buffer | ((socket: Socket) => void)
export type WireOrigin = {
  url: string
  /** What has arrived, by the value of `x-case`. */
  seen: Map<string, Message[]>
  /** Answers, by the value of `x-case`. */
  responses: Map<string, Respond>
  /** Who takes a connection over when the head has come, by the value of `x-case`. */
  takeovers: Map<string, (socket: Socket, received: Buffer) => void>
  close(): Promise<void>
}

/** Starts an origin that records whole requests and answers as told; what says nothing about its end is closed. */
export async function startWireOrigin(): Promise<WireOrigin> {
  const seen = new Map<string, Message[]>()
  const responses = new Map<string, Respond>()
  const takeovers: WireOrigin['takeovers'] = new Map()
  const connections = new Set<Socket>()
  const server = createServer((socket) => {
    connections.add(socket)
    let received: Buffer = Buffer.alloc(0)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => connections.delete(socket))
    socket.on('data', (data) => {
      received = Buffer.concat([received, data])
      const head = readHead(received)
      const takeover = head && takeovers.get(valuesOf(head, 'x-case')[0] ?? '')
      if (takeover) {
        socket.removeAllListeners('data')
        return takeover(socket, received)
      }
      const message = readMessage(received, () => false)
      if (message?.bytes === undefined) return
      received = received.subarray(message.bytes)
      const [key = ''] = valuesOf(message, 'x-case')
      seen.set(key, [...(seen.get(key) ?? []), message])
      const respond = responses.get(key) ?? DEFAULT_RESPONSE
      if (typeof respond === 'function') return respond(socket)
      socket.write(respond)
      if (!message.startLine.startsWith('HEAD ') && !staysOpen(respond)) socket.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    responses,
    takeovers,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of connections) socket.destroy()
      }),
  }
}

const DEFAULT_RESPONSE = Buffer.from(
  'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok',
)

/**
 * Whether the connection stays open after this response. One that is closed although the response is whole has to say
 * so: workerd would send the next request on it, and may find it closed only then.
 */
function staysOpen(response: Buffer): boolean {
  const message = readMessage(response, isBodiless)
  if (message?.bytes === undefined || valuesOf(message, 'connection').includes('close')) return false
  if (message.startLine.startsWith('HTTP/1.1 1')) return staysOpen(response.subarray(message.bytes))
  return response.length === message.bytes
}
