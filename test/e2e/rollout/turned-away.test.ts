/** Canaries that break without a 5xx: they turn visitors away, fail by gRPC, lead nowhere, or lose their visitors. */
import { Agent, get } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { documentOfFlags, staged } from '../harness/documents.ts'
import { eventually } from '../harness/eventually.ts'
import { type Load, startLoad, visitorHeaders } from '../harness/load.ts'
import { type Answer, type Origin, sayName, startOrigin } from '../harness/origin.ts'
import { type Gate, startGate } from '../harness/running-gate.ts'

const FLAGS = ['rejecting', 'partly', 'grpc', 'loop', 'healthy'] as const
const VISITORS = 300
const MINUTE_MS = 60_000

const canary: Answer = async (request, response) => {
  const path = request.url ?? ''
  if (path.startsWith('/rejecting')) return void response.writeHead(401).end('who are you?')
  // A third of the visitors, by their number.
  const visitor = Number(/\d+/.exec(request.headers['x-user-id']?.toString() ?? '')?.[0] ?? 0)
  if (path.startsWith('/partly') && visitor % 3 === 0) return void response.writeHead(403).end('not you')
  if (path.startsWith('/grpc')) response.setHeader('grpc-status', '14')
  if (path.startsWith('/loop')) return void response.writeHead(302, { location: path }).end()
  await sayName('new')(request, response)
}

let origins: { old: Origin; new: Origin }
let gate: Gate
let load: Load

const request = (n: number) => ({
  path: `/${FLAGS[n % FLAGS.length] ?? ''}`,
  headers: visitorHeaders(Math.floor(n / FLAGS.length) % VISITORS),
})

/**
 * A browser's page views (`fetch` says that it is none). A visitor whom the new version serves loads one page in five;
 * their browser asks for the others ahead of time.
 */
const browser = new Agent({ keepAlive: true, maxSockets: 8 })
const servedBy = new Map<number, string | undefined>()
let browsing: NodeJS.Timeout | undefined
let views = 0
function view(): void {
  const visitor = views++ % VISITORS
  const isAhead = servedBy.get(visitor) === 'new' && Math.floor(views / VISITORS + visitor) % 5 > 0
  const headers = {
    ...visitorHeaders(visitor),
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
    ...(isAhead && { 'sec-purpose': 'prefetch;prerender' }),
  }
  get(`${gate.url}/prefetching`, { agent: browser, headers }, (response) => {
    servedBy.set(visitor, response.headers['sluice-origin']?.toString())
    response.resume()
  }).on('error', () => {})
}

beforeAll(async () => {
  origins = { old: await startOrigin('old'), new: await startOrigin('new', canary) }
  const stage = staged([{ percentage: 50, bake: '10m' }, { percentage: 100 }], { guard: { errors: {} } })
  gate = await startGate({
    document: documentOfFlags(
      { old: origins.old.url, new: origins.new.url },
      {
        ...Object.fromEntries(FLAGS.map((key) => [key, stage])),
        prefetching: { ...stage, guard: { traffic: { maxDropPercent: 30 }, errors: {} } },
      },
    ),
  })
  load = startLoad({ url: gate.url, requestsPerSecond: 150, request })
  browsing = setInterval(view, 20)
})
afterAll(async () => {
  clearInterval(browsing)
  browser.destroy()
  await load?.stop()
  await Promise.all([gate?.close(), origins.old.close(), origins.new.close()])
})

describe('a canary that', () => {
  const rolledBack = (flag: string) =>
    eventually(`${flag} is rolled back`, async () => (await gate.flag(flag)).state === 'rolled-back', {
      deadlineMs: 2 * MINUTE_MS,
    })

  it('answers 401 to everybody is rolled back', async () => {
    await rolledBack('rejecting')
    expect((await gate.flag('rejecting')).rolledBack?.reason).toMatch(/most requests/)
  }, 150_000)

  it('turns a third of the visitors away is held within a minute, and says so', async () => {
    const verdict = await eventually(
      'the stage is held',
      async () => {
        const flag = await gate.flag('partly')
        return flag.verdict?.trigger === 'client-errors' ? flag.verdict : undefined
      },
      { deadlineMs: MINUTE_MS },
    )
    expect(verdict).toMatchObject({ action: 'freeze', mayAdvance: false })
    expect(verdict?.sentence).toMatch(/turns visitors away in \d/)
    const { state, waitingFor } = await gate.flag('partly')
    expect([state, waitingFor]).toEqual(['open', expect.stringMatching(/turns visitors away/)])
  }, 90_000)

  it('answers grpc-status 14 in a 200 is rolled back', () => rolledBack('grpc'), 150_000)

  it('sends every page to itself is rolled back', () => rolledBack('loop'), 150_000)

  it('loses four page views of five, which its prefetches do not hide, is rolled back', async () => {
    await rolledBack('prefetching')
    expect((await gate.flag('prefetching')).rolledBack?.reason).toMatch(/fewer journeys/)
  }, 150_000)

  it('is healthy is let alone', async () => {
    expect((await gate.flag('healthy')).verdict?.action).toBe('none')
  })
})
