import { request as httpRequest } from 'node:http'
import { text as bodyOf } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { eventually } from '../harness/eventually.ts'
import { inParallel } from '../harness/load.ts'
import { type Answer, type Origin, startOrigin, startTcp, type TcpOrigin } from '../harness/origin.ts'
import { type Gate, SIGNING_KEY, startGate } from '../harness/running-gate.ts'
import { debugToken } from '../harness/tokens.ts'

const answering =
  (text: string): Answer =>
  async (request, response) => {
    response.setHeader('content-type', 'text/plain')
    response.end(request.method === 'POST' ? `${text} ${(await bodyOf(request)).length}` : text)
  }

let old: Origin
let sick: Origin
let garbage: TcpOrigin
let reset: TcpOrigin
let hanging: TcpOrigin
let halfway: TcpOrigin
let document: object
let gate: Gate

/** One flag per kind of failure, each half canary; their guards are off, so that each keeps failing. */
function documentFor(failures: Record<string, string>) {
  const flag = {
    variants: { on: true, off: false },
    off: 'off',
    rules: [{ stages: [{ percentage: 50 }], serve: 'on' }],
  }
  const origins = { on: '', off: 'old' }
  const names = Object.keys(failures)
  return {
    origins: {
      // What is not meant to time out has the time that a busy machine needs for a crowd.
      old: { url: old.url, timeoutMs: 60_000 },
      ...Object.fromEntries(
        names.map((name) => [name, { url: failures[name], timeoutMs: name === 'hanging' ? 300 : 60_000 }]),
      ),
    },
    context: { targetingKey: [{ header: 'x-user-id' }] },
    routes: [
      { path: '/sick/off', flag: 'sick', origins: { ...origins, on: 'sick' }, rescue: false },
      { path: '/sick/any', flag: 'sick', origins: { ...origins, on: 'sick' }, rescue: ['GET', 'POST'] },
      ...names.map((name) => ({ path: `/${name}/*`, flag: name, origins: { ...origins, on: name } })),
      { path: '/*', origin: 'old' },
    ],
    flags: Object.fromEntries(names.map((name) => [name, flag])),
  }
}

beforeAll(async () => {
  old = await startOrigin('old', answering('old'))
  sick = await startOrigin('sick', (request, response) => {
    response.statusCode = request.url === '/sick/good' ? 200 : 503
    response.end('sick')
  })
  garbage = await startTcp((socket) =>
    socket.on('data', () => socket.end('\u0000\u0001 what is HTTP?\r\n\r\n')),
  )
  reset = await startTcp((socket) => socket.on('data', () => socket.resetAndDestroy()))
  hanging = await startTcp(() => {})
  halfway = await startTcp((socket) =>
    socket.on('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf')
      setTimeout(() => socket.destroy(), 20)
    }),
  )
  document = documentFor({
    refused: 'http://127.0.0.1:1',
    reset: reset.url,
    garbage: garbage.url,
    hanging: hanging.url,
    status: sick.url,
    // The others are charged with what one test does, and nothing else.
    gone: 'http://127.0.0.1:2',
    sick: sick.url,
    halfway: halfway.url,
  })
  gate = await startGate({ signingKey: SIGNING_KEY, document })
})
afterEach(() => {
  old.answer(answering('old'))
})
afterAll(async () => {
  await gate?.close()
  await Promise.all([old, sick, garbage, reset, hanging, halfway].map((each) => each?.close()))
})

const ask = (path: string, user: number, init: RequestInit = {}) =>
  fetch(gate.url + path, { ...init, headers: { 'x-user-id': `visitor-${user}`, ...init.headers } })

/** The number of a visitor who is in the canary of a flag. */
const canaryOf = (path: string, flag: string) => visitorOf(path, `${flag}=on`)
const controlOf = (path: string, flag: string) => visitorOf(path, `${flag}=off`)

async function visitorOf(path: string, decision: string): Promise<number> {
  for (let user = 0; user < 100; user++) {
    const flags = (await ask(path, user)).headers.get('sluice-flags')
    if (flags?.startsWith(decision)) return user
  }
  throw new Error(`No user gets ${decision}`)
}

const KINDS = {
  refused: 'connect',
  reset: 'connect',
  garbage: 'connect',
  hanging: 'timeout',
  status: 'status',
}

/** One good answer closes the canary's circuit, for a visitor whose origin it is. */
const closeCircuit = (user: number) =>
  eventually(
    "the canary's circuit is closed",
    async () => (await (await ask('/sick/good', user)).text()) === 'sick',
  )

describe('a canary that fails', () => {
  it.each(Object.entries(KINDS))('%s: visitors see control, the canary is charged', async (flag, kind) => {
    const methods = ['GET', 'HEAD', 'OPTIONS']
    const answers = await inParallel(60, 20, async (user) => {
      const method = methods[user % methods.length] as string
      const response = await ask(`/${flag}/${user}?q=${user}`, user, { method })
      return {
        status: response.status,
        rescue: response.headers.get('sluice-rescue'),
        origin: response.headers.get('sluice-origin'),
      }
    })
    expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 200))
    expect(answers.map((answer) => answer.origin)).toEqual(answers.map(() => 'old'))
    const rescued = answers.filter((answer) => answer.rescue === `${flag};failure=${kind}`).length
    expect(rescued).toBeGreaterThan(10)
    // What goes around the open circuit was not asked of the canary: it counts, but not as the canary's.
    const { canary } = await eventually('all of them count', async () => {
      const { arms } = await gate.flag(flag)
      return arms.canary.requests + arms.other.requests >= rescued && arms
    })
    expect(canary.requests).toBeGreaterThan(0)
    expect(canary.errorsByKind[kind]).toBe(canary.requests)
    expect(canary.rescued).toBe(canary.requests)
  })

  it('leaves no 404 in a cache for files that only the canary has', async () => {
    const [canary, control] = [await canaryOf('/gone/', 'gone'), await controlOf('/gone/', 'gone')]
    old.answer((_, response) => {
      response.writeHead(404, { 'cache-control': 'public, max-age=31536000' }).end()
    })
    // The first ones are rescued, the others fail over at once.
    for (let index = 0; index < 12; index++) {
      for (const user of [canary, control]) {
        const { status, headers } = await ask(`/gone/app.${index}a2b3c4d.js`, user)
        expect([index, status, headers.get('cache-control')]).toEqual([index, 404, 'no-store'])
      }
    }
  })

  it('tells control that it is the fallback', async () => {
    const user = await canaryOf('/sick/', 'sick')
    await closeCircuit(user)
    await ask('/sick/told', user)
    const seen = old.requests.find((each) => each.url === '/sick/told')
    expect(seen?.headers['sluice-flags']).toBe('sick=off;reason=rescued')
    expect(seen?.headers['sluice-signature']).toMatch(/^t=\d+,v1=[0-9a-f]{64}$/)
  })

  it('is not rescued where the method is not safe, or the route says no', async () => {
    const user = await canaryOf('/sick/', 'sick')
    await closeCircuit(user)
    const before = old.requests.length
    expect((await ask('/sick/', user, { method: 'POST', body: 'order' })).status).toBe(503)
    expect((await ask('/sick/off', user)).status).toBe(503)
    expect(old.requests.length).toBe(before)
  })

  it('is rescued with its body where the route opts in and the body is small', async () => {
    const user = await canaryOf('/sick/', 'sick')
    await closeCircuit(user)
    const small = await ask('/sick/any', user, { method: 'POST', body: 'x'.repeat(60_000) })
    expect([small.status, await small.text()]).toEqual([200, 'old 60000'])
    const large = await ask('/sick/any', user, { method: 'POST', body: 'x'.repeat(70_000) })
    expect([large.status, await large.text()]).toEqual([503, 'sick'])
  })

  it('is shown as it is to a visitor who forced the variant', async () => {
    const token = debugToken({ sick: 'on' })
    expect((await ask('/sick/', 0, { headers: { 'sluice-debug': token } })).status).toBe(503)
  })

  it('breaks off midway: the visitor sees the break, and the canary is charged', async () => {
    const user = await canaryOf('/halfway/', 'halfway')
    const before = (await gate.flag('halfway')).arms.canary.errorsByKind['aborted-by-origin'] ?? 0
    const outcome = await new Promise<string>((resolve) => {
      const headers = { 'x-user-id': `visitor-${user}` }
      const sent = httpRequest(`${gate.url}/halfway/x`, { headers }, (response) => {
        let text = ''
        response.on('data', (chunk) => {
          text += chunk
        })
        response.on('error', () => resolve(`broken after "${text}"`))
        response.on('end', () => resolve(`complete: "${text}"`))
      })
      sent.on('error', () => resolve('broken before the head'))
      sent.end()
    })
    expect(outcome).toContain('broken')
    await eventually('the canary is charged', async () => {
      const counts = (await gate.flag('halfway')).arms.canary
      return (counts.errorsByKind['aborted-by-origin'] ?? 0) > before
    })
  })
})

describe('many at once', () => {
  // With a separate budget for repetitions.
  beforeEach(async () => {
    const shared = gate
    gate = await startGate({ document })
    onTestFinished(async () => {
      await gate.close()
      gate = shared
    })
  })

  it('cost no visitor an answer, however many wait for control', async () => {
    const user = await canaryOf('/sick/', 'sick')
    const crowd = 500
    const waiting: (() => void)[] = []
    const letGo = () => {
      for (const answer of waiting.splice(0)) answer()
    }
    old.answer((_, response) => {
      waiting.push(() => response.end('old'))
      if (waiting.length === crowd) letGo()
    })
    // Where not all of them come, control goes on all the same.
    const timer = setInterval(letGo, 5_000)
    const statuses = await inParallel(
      crowd,
      crowd,
      async (index) => (await ask(`/sick/${index}`, user)).status,
    )
    clearInterval(timer)
    expect(statuses.filter((status) => status !== 200)).toEqual([])
  })

  it('with both origins down: the visitor gets an answer of an origin, and repetitions stay within the budget', async () => {
    old.answer((_, response) => void response.writeHead(500).end('old is down too'))
    const user = await canaryOf('/sick/', 'sick')
    const before = old.requests.length
    const requests = 500
    const bodies = await inParallel(requests, 20, async (index) => (await ask(`/sick/${index}`, user)).text())
    expect(new Set(bodies)).toEqual(new Set(['old is down too', 'sick']))
    expect(old.requests.length - before).toBeLessThanOrEqual(200 + requests / 10)
    const refused = await canaryOf('/gone/', 'gone')
    expect(['old is down too', expect.stringContaining('could not be reached')]).toContainEqual(
      await (await ask('/gone/', refused)).text(),
    )
  })
})
