import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Shop, startShop } from '../../../examples/shop/shop.ts'
import { document, FLAG } from '../harness/documents.ts'
import { inTime } from '../harness/eventually.ts'
import { type Origin, sayName, startOrigin } from '../harness/origin.ts'
import { type Gate, startGate } from '../harness/running-gate.ts'
import { residentBytes } from '../harness/workerd.ts'

const MB = 1_000_000
const LARGE_BYTES = 100 * MB
/** A gate that kept the body would grow by all of it; one that streams has a few buffers. */
const FLAT_BYTES = 50 * MB

let origin: Origin
let shop: Shop
let gate: Gate

beforeAll(async () => {
  origin = await startOrigin('new')
  shop = await startShop({ version: 'old' })
  const both = { flag: FLAG, origins: { on: 'old', off: 'old' } }
  gate = await startGate({
    // Everybody is canary: their bodies are watched, so that a break counts.
    document: document(
      { old: shop.url, new: origin.url },
      { rules: [{ percentage: 100, serve: 'on' }], guard: { ceilings: { errorRate: 0.9 } } },
      {
        routes: [
          { path: '/ws', ...both },
          { path: '/cookies', ...both },
          { path: '/*', flag: FLAG, origins: { on: 'new', off: 'old' } },
        ],
      },
    ),
  })
})
beforeEach(() => origin.answer(sayName('new')))
afterAll(async () => {
  await Promise.all([gate?.close(), origin.close(), shop.close()])
})

/** The most memory that workerd took, over what it had before, while something happened. */
async function growthWhile(work: () => Promise<void>): Promise<number> {
  const pid = await gate.workerd()
  const before = await residentBytes(pid)
  let most = before
  let busy = true
  const watching = (async () => {
    while (busy) {
      most = Math.max(most, await residentBytes(pid))
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  })()
  await work().finally(() => {
    busy = false
  })
  await watching
  return most - before
}

const CHUNK = Buffer.from(Uint8Array.from({ length: 65_536 }, (_, index) => index % 251))

/** Writes so many bytes, no faster than they are taken. */
async function writeBytes(
  to: { write(chunk: Buffer): boolean; once(event: 'drain', listener: () => void): unknown },
  bytes: number,
): Promise<string> {
  const hash = createHash('sha256')
  for (let left = bytes; left > 0; left -= CHUNK.length) {
    const chunk = CHUNK.subarray(0, Math.min(left, CHUNK.length))
    hash.update(chunk)
    if (!to.write(chunk)) await new Promise<void>((resolve) => to.once('drain', resolve))
  }
  return hash.digest('hex')
}

/** Reads to the end, with a rest at the beginning in which buffers along the way would fill. */
async function readSlowly(from: AsyncIterable<unknown>): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of from) {
    if (bytes === 0) await new Promise((resolve) => setTimeout(resolve, 700))
    const data = chunk as Buffer
    hash.update(data)
    bytes += data.length
  }
  return { bytes, sha256: hash.digest('hex') }
}

describe('100 MB', () => {
  it('come down unchanged, and the gate keeps none of it', async () => {
    let sent = ''
    origin.answer(async (_, response) => {
      response.writeHead(200, { 'content-length': LARGE_BYTES })
      sent = await writeBytes(response, LARGE_BYTES)
      response.end()
    })
    const growth = await growthWhile(async () => {
      const asked = request(`${gate.url}/large`).end()
      const [response] = (await once(asked, 'response')) as [IncomingMessage]
      expect(response.headers['content-length']).toBe(String(LARGE_BYTES))
      expect(await readSlowly(response)).toEqual({ bytes: LARGE_BYTES, sha256: sent })
    })
    expect(growth).toBeLessThan(FLAT_BYTES)
  })

  it.each([
    ['with a length', { 'content-length': LARGE_BYTES }],
    ['in chunks', { 'transfer-encoding': 'chunked' }],
  ])('go up unchanged %s, and the gate keeps none of it', async (_, headers) => {
    let received: { bytes: number; sha256: string } | undefined
    origin.answer(async (incoming, response) => {
      received = await readSlowly(incoming)
      response.end('thanks')
    })
    const growth = await growthWhile(async () => {
      const asked = request(`${gate.url}/large`, { method: 'POST', headers })
      const sha256 = await writeBytes(asked, LARGE_BYTES)
      asked.end()
      const [response] = (await once(asked, 'response')) as [IncomingMessage]
      response.resume()
      expect(response.statusCode).toBe(200)
      expect(received).toEqual({ bytes: LARGE_BYTES, sha256 })
    })
    expect(growth).toBeLessThan(FLAT_BYTES)
  })
})

describe('server-sent events', () => {
  it('arrive one by one: each is seen before the next one is sent', async () => {
    let sendNext: () => void = () => {}
    origin.answer((_, response) => {
      let n = 0
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      sendNext = () => void response.write(`data: ${++n}\n\n`)
      sendNext()
    })
    const leaving = new AbortController()
    const response = await fetch(`${gate.url}/events`, { signal: leaving.signal })
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const seen: string[] = []
    for await (const chunk of response.body ?? []) {
      seen.push(Buffer.from(chunk).toString())
      if (seen.length === 5) break
      sendNext()
    }
    leaving.abort()
    expect(seen).toEqual([1, 2, 3, 4, 5].map((n) => `data: ${n}\n\n`))
  })

  it('end at the origin when the visitor has left', async () => {
    const left = new Promise<void>((resolve) => {
      origin.answer((_, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        // workerd sees that a visitor is gone when it has something for them.
        const speaking = setInterval(() => response.write('data: still here\n\n'), 100)
        response.on('close', () => {
          clearInterval(speaking)
          resolve()
        })
      })
    })
    const leaving = new AbortController()
    const response = await fetch(`${gate.url}/events`, { signal: leaving.signal })
    await response.body?.getReader().read()
    leaving.abort()
    await inTime('the origin sees the visitor leave', left)
  })
})

describe('a WebSocket', () => {
  it('echoes text and bytes, keeps its subprotocol, and closes with its code', async () => {
    const socket = new WebSocket(`${gate.url.replace('http', 'ws')}/ws`, ['chat', 'other'])
    socket.binaryType = 'arraybuffer'
    await once(socket, 'open')
    expect(socket.protocol).toBe('chat')
    const echoed = async (message: string | Uint8Array<ArrayBuffer>) => {
      socket.send(message)
      const [event] = (await once(socket, 'message')) as [MessageEvent]
      return event.data
    }
    expect(await echoed('salut, ștefan')).toBe('salut, ștefan')
    const bytes = Uint8Array.from({ length: 500_000 }, (_, index) => index % 256)
    expect(Buffer.from(await echoed(bytes)).equals(bytes)).toBe(true)
    socket.close(4001, 'done')
    const [event] = (await once(socket, 'close')) as [CloseEvent]
    expect([event.code, event.reason]).toEqual([4001, 'done'])
  })
})

describe('20 cookies', () => {
  it('arrive as 20 lines, in their order', async () => {
    const direct = (await fetch(`${shop.url}/cookies?n=20`)).headers.getSetCookie()
    expect(direct).toHaveLength(20)
    const known = await fetch(`${gate.url}/cookies?n=20`, { headers: { 'x-user-id': 'ann' } })
    expect(known.headers.getSetCookie()).toEqual(direct)
    const unknown = await fetch(`${gate.url}/cookies?n=20`)
    expect(unknown.headers.getSetCookie()).toEqual([...direct, expect.stringMatching(/^sluice_id=/)])
  })
})
