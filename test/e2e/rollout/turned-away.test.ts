/** Canaries that break without a 5xx: they turn visitors away, fail by gRPC, lead nowhere, or lose their visitors. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { documentOfFlags, staged } from '../harness/documents.ts'
import { eventually } from '../harness/eventually.ts'
import { type Load, startLoad, visitorHeaders } from '../harness/load.ts'
import { type Answer, type Origin, sayName, startOrigin } from '../harness/origin.ts'
import { type Gate, startGate } from '../harness/running-gate.ts'

const FLAGS = ['rejecting', 'partly', 'grpc', 'loop', 'healthy', 'prefetching'] as const
const VISITORS = 600
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

/** Visitors of the prefetching canary load one page in five; their browser asks for the rest ahead of time. */
const served = new Map<number, string>()
let watching: NodeJS.Timeout | undefined
const noteOrigins = () => {
  for (const { path, n, origin } of load.shots.slice(-400))
    if (path === '/prefetching' && origin !== undefined)
      served.set(Math.floor(n / FLAGS.length) % VISITORS, origin)
}
const request = (n: number) => {
  const path = FLAGS[n % FLAGS.length] ?? ''
  const visitor = Math.floor(n / FLAGS.length) % VISITORS
  const headers = visitorHeaders(visitor)
  const isAhead = path === 'prefetching' && served.get(visitor) === 'new' && n % 5 > 0
  return {
    path: `/${path}`,
    headers: isAhead ? { ...headers, 'sec-purpose': 'prefetch;prerender' } : headers,
  }
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
  load = startLoad({ url: gate.url, requestsPerSecond: 180, request })
  watching = setInterval(noteOrigins, 500)
})
afterAll(async () => {
  clearInterval(watching)
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
