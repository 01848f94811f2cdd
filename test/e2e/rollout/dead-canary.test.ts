/**
 * A canary that is dead in every way, under requests of mixed shapes: anyone who asks for something that may be asked
 * twice gets it, from the first request on, and meanwhile the guard closes the flag. SLUICE_LONG=1 makes it 10,000
 * requests a way.
 */
import type { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../harness/eventually.ts'
import { inParallel } from '../harness/load.ts'
import { LONG } from '../harness/long.ts'
import { type Origin, startOrigin, startTcp, type TcpOrigin } from '../harness/origin.ts'
import { raw } from '../harness/raw.ts'
import { type Gate, startGate } from '../harness/running-gate.ts'

const REQUESTS = LONG ? 10_000 : 200
const AT_ONCE = 16
const TIMEOUT_MS = 120_000 + REQUESTS * 60

const talking = (say: (socket: Socket) => void) => () =>
  startTcp((socket) => socket.on('data', () => say(socket)))
const WAYS: Record<string, () => Promise<TcpOrigin>> = {
  refused: async () => ({ url: 'http://127.0.0.1:1', close: async () => {} }),
  reset: talking((socket) => socket.resetAndDestroy()),
  closed: talking((socket) => socket.destroy()),
  hangs: talking(() => {}),
  failing: () => startOrigin('failing', (_, response) => void response.writeHead(500).end('broken')),
  garbage: talking((socket) => socket.end('\u0000\u0001 what is HTTP?\r\n\r\n')),
  'half a head': talking((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-')),
  truncated: talking((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf')
    setTimeout(() => socket.destroy(), 5)
  }),
}
const keyOf = (way: string) => way.replaceAll(' ', '-')

/** So many that a tenth is less than the retry budget alone would allow. */
const MANY = Math.max(REQUESTS, 1_000)
/** Flags whose visitors all are canary, or half of them; they have no guard, so that the canary stays in use. */
const SUFFERING = { 'suffering-all': 100, 'suffering-half': 50 }
let isSuffering = false
let control: Origin
let canaries: TcpOrigin[]
let gate: Gate

const flagOf = (percentage: number) => ({
  variants: { on: true, off: false },
  off: 'off',
  rules: [{ serve: 'on', stages: [{ percentage }] }],
})

beforeAll(async () => {
  control = await startOrigin('control', (request, response) => {
    if (isSuffering) return void response.writeHead(503).end('control suffers')
    response.setHeader('etag', '"v1"')
    if (request.headers['if-none-match'] === '"v1"') return void response.writeHead(304).end()
    response.end('control')
  })
  canaries = await Promise.all(Object.values(WAYS).map((start) => start()))
  const keys = Object.keys(WAYS).map(keyOf)
  gate = await startGate({
    document: {
      origins: {
        control: { url: control.url, timeoutMs: 30_000 },
        ...Object.fromEntries(
          keys.map((key, index) => [
            key,
            { url: canaries[index]?.url, timeoutMs: key === 'hangs' ? 300 : 10_000 },
          ]),
        ),
      },
      context: { targetingKey: [{ header: 'x-user-id' }] },
      routes: [
        ...keys.map((key) => ({ path: `/${key}/*`, flag: key, origins: { on: key, off: 'control' } })),
        ...Object.keys(SUFFERING).map((key) => ({
          path: `/${key}/*`,
          flag: key,
          origins: { on: 'failing', off: 'control' },
        })),
        { path: '/*', origin: 'control' },
      ],
      flags: {
        ...Object.fromEntries(
          keys.map((key) => [
            key,
            { ...flagOf(50), guard: { ceilings: { errorRate: 0.2, minRequests: 20 } } },
          ]),
        ),
        ...Object.fromEntries(
          Object.entries(SUFFERING).map(([key, share]) => [
            key,
            { ...flagOf(share), guard: { enabled: false } },
          ]),
        ),
      },
    },
  })
})
afterAll(() =>
  Promise.all([gate?.close(), control?.close(), ...(canaries ?? []).map((each) => each.close())]),
)

type Shape = {
  method: string
  path: string
  headers?: Record<string, string>
  body?: string
  expected: number
}
/** All but the last may be asked twice. */
const SHAPES: Shape[] = [
  { method: 'GET', path: '/', expected: 200 },
  { method: 'GET', path: '/a/b.html?x=1&y=%20', expected: 200 },
  { method: 'HEAD', path: '/page', expected: 200 },
  { method: 'OPTIONS', path: '/api', headers: { origin: 'https://example.com' }, expected: 200 },
  {
    method: 'GET',
    path: '/page',
    headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate' },
    expected: 200,
  },
  {
    method: 'GET',
    path: '/app.js',
    headers: { 'sec-fetch-dest': 'script', 'sec-fetch-mode': 'no-cors' },
    expected: 200,
  },
  { method: 'GET', path: '/cached', headers: { 'if-none-match': '"v1"' }, expected: 304 },
  { method: 'GET', path: '/film', headers: { range: 'bytes=0-1' }, expected: 200 },
  { method: 'GET', path: '/search', headers: { 'content-length': '5' }, body: 'query', expected: 200 },
  { method: 'GET', path: '/gzip', headers: { 'accept-encoding': 'gzip, br' }, expected: 200 },
  { method: 'POST', path: '/order', headers: { 'content-length': '2' }, body: 'hi', expected: 200 },
]

/** What a visitor saw: 0 for an answer that broke off, or none. */
async function shoot(key: string, index: number) {
  const shape = SHAPES[index % SHAPES.length] as Shape
  const { method, path, headers = {}, body, expected } = shape
  const user = { 'x-user-id': `visitor ${index % 997}` }
  const status = await raw(`${gate.url}/${key}${path}`, {
    method,
    headers: { ...user, ...headers },
    ...(body !== undefined && { body }),
  }).then(
    (answer) => answer.status,
    () => 0,
  )
  return {
    status,
    isSafe: method !== 'POST',
    isRight: status === expected,
    what: `${method} ${path}: ${status}`,
  }
}

describe.each(Object.keys(WAYS).map((way) => [way, keyOf(way)]))('a canary that is dead (%s)', (way, key) => {
  it(
    'costs no one an answer, and is closed meanwhile',
    async () => {
      const shots = await inParallel(REQUESTS, AT_ONCE, (index) => shoot(key, index))
      const failed = shots.filter(({ isSafe, isRight }) => isSafe && !isRight).map(({ what }) => what)
      // What has begun can't be taken back: the visitor sees that it is broken.
      if (way === 'truncated')
        expect(new Set(failed.map((what) => what.split(': ')[1]))).toEqual(new Set(['0']))
      else expect(failed).toEqual([])
      const flag = await eventually('the flag is rolled back', async () => {
        // No single second decides alone: visitors keep coming until the guard has seen enough.
        await inParallel(SHAPES.length * 2, AT_ONCE, (index) => shoot(key, index))
        const seen = await gate.flag(key)
        return seen.state === 'rolled-back' && seen
      })
      // The Controller has closed it; a moment later the isolate knows.
      await eventually('the isolate knows', async () => {
        const { headers } = await raw(`${gate.url}/${key}/`, {
          headers: { 'x-user-id': 'visitor 0' },
        })
        return headers.get('sluice-flags')?.includes('reason=rolled_back')
      })
      // Few are enough where nearly all fail.
      expect(flag.arms.canary.errors).toBeGreaterThanOrEqual(4)
      if (way === 'truncated') expect(flag.arms.canary.errorsByKind['aborted-by-origin']).toBeGreaterThan(0)
      const after = await inParallel(SHAPES.length * 4, AT_ONCE, (index) => shoot(key, index))
      expect(after.filter(({ isRight }) => !isRight)).toEqual([])
    },
    TIMEOUT_MS,
  )
})

describe.each(Object.keys(SUFFERING))('a canary that is dead while control suffers too (%s)', (key) => {
  it(
    'adds a tenth to the load of control at most, and costs no one an answer once control is back',
    async () => {
      isSuffering = true
      const before = control.requests.length
      const shots = await inParallel(MANY, AT_ONCE, (index) => shoot(key, index))
      isSuffering = false
      // An origin's own words, and never nothing.
      const unheard = shots.filter(({ status }) => status !== 500 && status !== 503)
      expect(unheard.map(({ what }) => what)).toEqual([])
      const rescues = control.requests
        .slice(before)
        .filter(({ headers }) => headers['sluice-flags'] === `${key}=off;reason=rescued`)
      expect(rescues.length).toBeGreaterThan(0)
      expect(rescues.length).toBeLessThanOrEqual(MANY / 10)
      await eventually('every visitor is served', async () => {
        const later = await inParallel(SHAPES.length * 4, AT_ONCE, (index) => shoot(key, index))
        return later.every(({ isSafe, isRight }) => isRight || !isSafe)
      })
    },
    TIMEOUT_MS,
  )
})
