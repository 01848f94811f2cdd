/** What happens to connections: who leaves, who is slow, who says something early; through a passthrough and the gate. */
import { createHash } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ADMIN_TOKEN } from '../../../../test-kit/workerd/plain-workerd.ts'
import { eventually } from '../../harness/eventually.ts'
import { adminOf } from '../../harness/running-gate.ts'
import { type Message, readMessage, valuesOf } from './message.ts'
import { hostOf, type Rig, startRig } from './rig.ts'

let rig: Rig
let through: Record<string, string>
beforeAll(async () => {
  rig = await startRig()
  through = { passthrough: rig.passthrough, gate: rig.gate }
})
afterAll(() => rig?.close())

let cases = 0
/** The head of a request that the origin knows by its key. */
function newRequest(startLine: string, ...lines: string[]) {
  const key = `c${cases++}`
  return {
    key,
    head: [startLine, `Host: ${hostOf('canary')}`, `x-case: ${key}`, ...lines, '', ''].join('\r\n'),
  }
}

function open(who: string): { socket: Socket; received: () => Buffer } {
  const { hostname, port } = new URL(through[who] ?? '')
  const socket = connect(Number(port), hostname)
  let received: Buffer = Buffer.alloc(0)
  socket.on('error', () => socket.destroy())
  socket.on('data', (data) => {
    received = Buffer.concat([received, data])
  })
  return { socket, received: () => received }
}

/** The origin's side of a request: its socket, all that came on it, and whether it is gone. */
function takeOver(key: string, atOnce: (socket: Socket) => void = () => {}) {
  const side = {
    socket: undefined as Socket | undefined,
    received: Buffer.alloc(0) as Buffer,
    isClosed: false,
  }
  rig.origin.takeovers.set(key, (socket, received) => {
    Object.assign(side, { socket, received })
    socket.on('data', (data) => {
      side.received = Buffer.concat([side.received, data])
    })
    socket.on('close', () => {
      side.isClosed = true
    })
    atOnce(socket)
  })
  return side
}

/** The value of Sec-WebSocket-Accept for a handshake. */
function acceptOf(handshake: Message | undefined): string {
  const [key = ''] = handshake ? valuesOf(handshake, 'sec-websocket-key') : []
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}

/** A number that grows, once it has stopped growing. */
async function settled(value: () => number): Promise<number> {
  let last = Number.NaN
  return await eventually('the number stands still', async () => {
    await new Promise((resolve) => setTimeout(resolve, 400))
    const isSame = value() === last
    last = value()
    return isSame ? last : undefined
  })
}

const soon = (what: () => boolean) => eventually(String(what), what)
const WHO = ['passthrough', 'gate']

describe.each(WHO)('through the %s', (who) => {
  it('a client that leaves before the answer ends the request at the origin', async () => {
    const { key, head } = newRequest('GET / HTTP/1.1')
    const origin = takeOver(key)
    const client = open(who)
    client.socket.write(head)
    await soon(() => origin.received.length > 0)
    client.socket.resetAndDestroy()
    await soon(() => origin.isClosed)
  })

  it('a client that leaves midway ends the answer at the origin', async () => {
    const { key, head } = newRequest('GET / HTTP/1.1')
    const origin = takeOver(key, (socket) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf'),
    )
    const client = open(who)
    client.socket.write(head)
    await soon(() => client.received().toString().endsWith('half'))
    client.socket.resetAndDestroy()
    await soon(() => origin.isClosed)
  })

  it.each([
    ['of known length', 'half-close', 'Content-Length: 1000', 'half'],
    ['in chunks', 'half-close', 'Transfer-Encoding: chunked', '4\r\nhalf\r\n'],
    ['of known length', 'reset', 'Content-Length: 1000', 'half'],
    ['in chunks', 'reset', 'Transfer-Encoding: chunked', '4\r\nhalf\r\n'],
  ])('an upload %s that breaks off never looks whole (%s)', async (_, how, framing, body) => {
    const { key, head } = newRequest('POST / HTTP/1.1', framing)
    const origin = takeOver(key)
    const client = open(who)
    client.socket.write(head + body)
    await soon(() => origin.received.includes('half'))
    if (how === 'reset') client.socket.resetAndDestroy()
    else client.socket.end()
    await soon(() => origin.isClosed)
    expect(readMessage(origin.received, () => false)).toBeUndefined()
  })

  it('an answer comes through while the upload still goes on', async () => {
    const { key, head } = newRequest('POST / HTTP/1.1', 'Content-Length: 1000')
    takeOver(key, (socket) => socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno'))
    const client = open(who)
    client.socket.write(`${head}half`)
    await soon(() => client.received().toString().startsWith('HTTP/1.1 413 '))
    client.socket.destroy()
  })

  it('an upload arrives while it is being made', async () => {
    const { key, head } = newRequest('POST / HTTP/1.1', 'Transfer-Encoding: chunked')
    const origin = takeOver(key)
    const client = open(who)
    client.socket.write(`${head}3\r\none\r\n`)
    await soon(() => origin.received.includes('one'))
    client.socket.write('3\r\ntwo\r\n')
    await soon(() => origin.received.includes('two'))
    client.socket.destroy()
  })

  it('two requests in one packet get their answers in order', async () => {
    const first = newRequest('GET /1 HTTP/1.1')
    const second = newRequest('GET /2 HTTP/1.1')
    for (const [{ key }, text] of [
      [first, 'one'],
      [second, 'two'],
    ] as const) {
      rig.origin.responses.set(key, Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n${text}`))
    }
    const client = open(who)
    client.socket.write(first.head + second.head)
    await soon(() => client.received().toString().endsWith('two'))
    expect(client.received().toString().indexOf('one')).toBeGreaterThan(0)
    client.socket.destroy()
  })

  it('a client that reads slowly slows the origin down, and takes no memory', async () => {
    const { key, head } = newRequest('GET / HTTP/1.1')
    const chunk = Buffer.alloc(1_000_000, 'x')
    const origin = takeOver(key, (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${200 * chunk.length}\r\n\r\n`)
      const fill = () => {
        while (!socket.destroyed && socket.write(chunk)) {}
        socket.once('drain', fill)
      }
      fill()
    })
    const client = open(who)
    client.socket.pause()
    client.socket.write(head)
    await soon(() => (origin.socket?.bytesWritten ?? 0) > 0)
    const taken = await settled(
      () => (origin.socket?.bytesWritten ?? 0) - (origin.socket?.writableLength ?? 0),
    )
    expect(taken).toBeLessThan(50 * chunk.length)
    client.socket.destroy()
    await soon(() => origin.isClosed)
  })

  it('a WebSocket is carried both ways', async () => {
    const { key, head } = newRequest(
      'GET /ws HTTP/1.1',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    )
    const origin = takeOver(key, (socket) => {
      const accept = acceptOf(readMessage(origin.received, () => false))
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      )
      socket.write(Buffer.from([0x81, 2, 0x68, 0x69]))
    })
    const client = open(who)
    client.socket.write(head)
    await soon(() => client.received().includes(Buffer.from([0x81, 2, 0x68, 0x69])))
    expect(client.received().toString('latin1')).toMatch(/^HTTP\/1.1 101 /)
    expect(client.received().toString('latin1')).toContain('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
    const before = origin.received.length
    // "yo", masked with zeros
    client.socket.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x79, 0x6f]))
    await soon(() => origin.received.length >= before + 8)
    client.socket.destroy()
    await soon(() => origin.isClosed)
  })
})

/** What becomes of a request whose client has closed its own direction, as one may. */
async function halfClosed(who: string): Promise<'answered' | 'dropped'> {
  const { key, head } = newRequest('GET / HTTP/1.1')
  const origin = takeOver(key)
  const client = open(who)
  let isClosed = false
  client.socket.on('close', () => {
    isClosed = true
  })
  client.socket.end(head)
  await soon(() => origin.received.length > 0 || isClosed)
  origin.socket?.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  await soon(() => isClosed || client.received().toString().endsWith('ok'))
  client.socket.destroy()
  // The next request along this connection would get no answer.
  origin.socket?.destroy()
  return client.received().toString().endsWith('ok') ? 'answered' : 'dropped'
}

it('a client that closes its own direction fares as through the passthrough', async () => {
  expect(await halfClosed('gate')).toBe(await halfClosed('passthrough'))
})

it('none of this is counted as a failure of the canary', async () => {
  const admin = adminOf(rig.gate, ADMIN_TOKEN)
  const canary = async () => (await admin.call('getStatus')).flags.canary?.arms.canary
  const before = (await canary())?.requests ?? 0
  // What is counted now is counted after all of it.
  const { key, head } = newRequest('GET / HTTP/1.1')
  rig.origin.responses.set(key, Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlast'))
  const client = open('gate')
  client.socket.write(head)
  await soon(() => client.received().toString().endsWith('last'))
  client.socket.destroy()
  const counted = await eventually('the last one is counted', async () => {
    const now = await canary()
    return now && now.requests > before && now
  })
  expect(counted.errors).toBe(0)
})
