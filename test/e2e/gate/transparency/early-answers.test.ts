/** Origins that answer an upload without reading it, and close the connection. */
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { document, FLAG } from '../../harness/documents.ts'
import { eventually } from '../../harness/eventually.ts'
import { type Origin, startOrigin, startTcp, type TcpOrigin } from '../../harness/origin.ts'
import { raw } from '../../harness/raw.ts'
import { type Gate, startGate } from '../../harness/running-gate.ts'

const TOO_LARGE =
  'HTTP/1.1 413 Payload Too Large\r\nX-Limit: 1k\r\nContent-Length: 3\r\nConnection: close\r\n\r\n'
const UPLOADS = 60

let hasty: TcpOrigin
let lost: TcpOrigin
let stalling: TcpOrigin
let patient: Origin
let gate: Gate

beforeAll(async () => {
  // Closed with bytes unread, a connection is reset.
  hasty = await startTcp((socket) =>
    socket.once('data', () => socket.end(`${TOO_LARGE}big`, () => socket.destroy())),
  )
  lost = await startTcp((socket) => socket.once('data', () => socket.end(TOO_LARGE)))
  stalling = await startTcp((socket) => socket.once('data', () => socket.write(`${TOO_LARGE}b`)))
  patient = await startOrigin('patient')
  gate = await startGate({
    document: document(
      { old: patient.url, new: hasty.url },
      { rules: [{ percentage: 100, serve: 'on' }] },
      {
        origins: {
          old: { url: patient.url },
          new: { url: hasty.url },
          lost: { url: lost.url },
          stalling: { url: stalling.url },
        },
        routes: [
          { path: '/lost', origin: 'lost' },
          { path: '/stalling', origin: 'stalling' },
          { path: '/old', origin: 'old' },
          { path: '/*', flag: FLAG, origins: { on: 'new', off: 'old' } },
        ],
      },
    ),
  })
})
afterAll(() => Promise.all([gate, hasty, lost, stalling, patient].map((each) => each?.close())))

const upload = (path: string, bytes: number) =>
  raw(gate.url + path, { method: 'POST', body: Buffer.alloc(bytes), headers: { 'x-user-id': 'ann' } })

describe('an origin that answers an upload unread, and closes', () => {
  it('gives every visitor its answer', async () => {
    const statuses: number[] = []
    for (let n = 0; n < UPLOADS; n++) statuses.push((await upload('/large', 60_000)).status)
    // Where the connection breaks before the runtime has read the head, there is no answer.
    expect(statuses.filter((status) => status !== 413 && status !== 502)).toEqual([])
    expect(statuses.filter((status) => status === 413).length).toBeGreaterThan(UPLOADS * 0.8)
    const arm = await eventually('all are counted', async () => {
      const { canary } = (await gate.flag(FLAG)).arms
      return canary.requests === UPLOADS && canary
    })
    expect(arm.errors).toBe(statuses.filter((status) => status === 502).length)
  })

  it.each(['/lost', '/stalling'])(
    'has its status and fields where its body never comes: %s',
    async (path) => {
      const { status, headers, text } = await upload(path, 100)
      expect([status, headers.get('x-limit'), text]).toEqual([413, '1k', ''])
    },
  )
})

describe('an error for an upload', () => {
  it('keeps its body and its encoding', async () => {
    const page = gzipSync('no such thing')
    patient.answer((request, response) => {
      request.resume().on('end', () => {
        response.writeHead(404, 'Gone Fishing', { 'content-encoding': 'gzip', 'content-length': page.length })
        response.end(page)
      })
    })
    const { status, headers, bytes, response } = await upload('/old', 100)
    expect([status, response.statusMessage]).toEqual([404, 'Gone Fishing'])
    expect([headers.get('content-encoding'), headers.get('content-length')]).toEqual([
      'gzip',
      String(page.length),
    ])
    expect(bytes.equals(page)).toBe(true)
  })
})
