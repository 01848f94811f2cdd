/** `kill --sever` and what is open in several isolates, two of which have no visitor besides. */
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerHandshake, echoMessages } from '../../../examples/shop/websocket.ts'
import type { AdminClient } from '../../../src/contract/client.ts'
import { document, FLAG, flag } from '../harness/documents.ts'
import { eventually, staysSo } from '../harness/eventually.ts'
import { type Answer, type Origin, startOrigin } from '../harness/origin.ts'
import { adminOf } from '../harness/running-gate.ts'
import { type KvServer, type ServedGate, serve, startKv } from '../harness/serve.ts'

const OTHER = 'other'
const ISOLATES = 3
let origins: { old: Origin; new: Origin }
let kv: KvServer
let gate: ServedGate
let admin: AdminClient

/** Responses that never end by themselves: an event a fifth of a second. */
const stream: Answer = ({ url = '' }, response) => {
  const type = new URL(url, 'http://any').searchParams.get('type') ?? 'text/event-stream'
  const [contentType = '', more] = type.split('|')
  response.writeHead(200, { 'content-type': contentType, ...(more && { 'x-accel-buffering': more }) })
  const timer = setInterval(() => response.write('data: tick\n\n'), 200)
  response.on('close', () => clearInterval(timer))
}

/** An origin of streams and of WebSockets that send everything back. */
async function startStreams(name: string): Promise<Origin> {
  const origin = await startOrigin(name, stream)
  origin.server.on('upgrade', (request, socket: Duplex, head: Buffer) => {
    const { status, headers } = answerHandshake(request)
    socket.on('error', () => socket.destroy())
    socket.write([`HTTP/1.1 ${status} Switching Protocols`, ...headers, '', ''].join('\r\n'))
    if (head.length > 0) socket.unshift(head)
    void echoMessages(socket)
  })
  return origin
}

beforeAll(async () => {
  origins = { old: await startStreams('old'), new: await startStreams('new') }
  const routeOf = (key: string, path: string, more = {}) => ({
    path,
    flag: key,
    origins: { on: 'new', off: 'old' },
    ...more,
  })
  const site = document(
    { old: origins.old.url, new: origins.new.url },
    { rules: [{ when: [{ attribute: 'header.x-side', op: 'in', values: ['new'] }], serve: 'on' }] },
    {
      routes: [
        routeOf(OTHER, '/other/*'),
        routeOf(FLAG, '/direct/*', { severable: false }),
        { path: '/plain/*', origin: 'new' },
        routeOf(FLAG, '/*'),
      ],
      // Compared, so that its bodies are watched as well.
      flags: { [OTHER]: flag({ rules: [{ serve: 'on', stages: [{ percentage: 100 }] }] }) },
    },
  )
  kv = await startKv({ config: JSON.stringify(site) })
  gate = await serve({ document: site, kv, isolates: ISOLATES, environment: 'production' })
  admin = adminOf(gate.urls[0] ?? '')
})
afterAll(async () => {
  for (const each of opened) each.close()
  await Promise.all([gate?.close(), kv?.close(), origins?.old.close(), origins?.new.close()])
})

/** Something open: how it ended, once it has. */
type Open = { name: string; end: string | undefined; isAlive(): Promise<boolean>; close(): void }
const opened: Open[] = []

async function openStream(name: string, url: string, side = 'new'): Promise<Open> {
  const request = get(url, { headers: { 'x-side': side }, agent: false })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  let events = 0
  response.on('data', () => events++)
  const open: Open = {
    name,
    end: undefined,
    isAlive: async () => {
      const before = events
      await eventually('another event', () => events > before || open.end !== undefined)
      return open.end === undefined
    },
    close: () => request.destroy(),
  }
  response.on('end', () => {
    open.end ??= 'end of stream'
  })
  response.on('error', () => {
    open.end ??= 'broken off'
  })
  await eventually('the first event', () => events > 0)
  opened.push(open)
  return open
}

async function openSocket(name: string, url: string, side = 'new'): Promise<Open> {
  // Node's client takes headers; the standard's second argument is protocols only.
  const options = { headers: { 'x-side': side } } as unknown as string[]
  const socket = new WebSocket(url.replace('http', 'ws'), options)
  const open: Open = {
    name,
    end: undefined,
    isAlive: async () => {
      if (open.end !== undefined) return false
      socket.send('there?')
      await Promise.race([once(socket, 'message'), once(socket, 'close')])
      return open.end === undefined
    },
    close: () => socket.close(),
  }
  socket.addEventListener('close', ({ code, reason }) => {
    open.end ??= `${code} ${reason}`.trim()
  })
  await once(socket, 'open')
  opened.push(open)
  return open
}

/** One stream and one socket for each isolate. */
async function openEverywhere(path: string, side?: string): Promise<Open[]> {
  const all: Open[] = []
  for (const [n, url] of gate.urls.entries()) {
    all.push(
      await openStream(`stream ${n}`, url + path, side),
      await openSocket(`socket ${n}`, url + path, side),
    )
  }
  return all
}

const command = (verb: 'kill' | 'unkill', body = {}, key = FLAG) =>
  admin.call('commandFlag', { params: { flag: key, verb }, body: { reason: 'a test', ...body } })
const ends = (all: readonly Open[]) => all.map(({ name, end }) => `${name}: ${end}`)
// One story: each test goes on where the one before ended.
describe('what is open', { shuffle: false }, () => {
  let canary: Open[]
  let bystanders: Open[]

  it('stays open after a kill', async () => {
    canary = await openEverywhere('/live')
    canary.push(
      await openStream('ndjson', `${gate.urls[1]}/live?type=application/x-ndjson`),
      await openStream('unbuffered', `${gate.urls[1]}/live?type=text/html|no`),
    )
    bystanders = [
      ...(await openEverywhere('/live', 'old')),
      ...(await openEverywhere('/other/live')),
      ...(await openEverywhere('/plain/live')),
      await openSocket('untouched socket', `${gate.urls[1]}/direct/live`),
      await openStream('a page', `${gate.urls[1]}/live?type=text/html`),
    ]
    await command('kill')
    await staysSo(3_000, async () => {
      for (const each of [...canary, ...bystanders])
        expect([each.name, await each.isAlive()]).toEqual([each.name, true])
    })
  })

  it('is closed by kill --sever in every isolate, and nothing else is', async () => {
    const startedMs = Date.now()
    await command('kill', { sever: true })
    await eventually('all of it is closed', () => canary.every(({ end }) => end !== undefined), {
      everyMs: 20,
    })
    expect(Date.now() - startedMs).toBeLessThan(15_000)
    expect(ends(canary)).toEqual(
      canary.map(
        ({ name }) => `${name}: ${name.startsWith('socket') ? '1012 Service Restart' : 'end of stream'}`,
      ),
    )
    await staysSo(1_500, async () => {
      for (const each of bystanders) expect([each.name, await each.isAlive()]).toEqual([each.name, true])
    })
  })

  it('is control afterwards, and stays open', async () => {
    const after = await openEverywhere('/live')
    await staysSo(1_500, async () => {
      for (const each of after) expect([each.name, await each.isAlive()]).toEqual([each.name, true])
    })
    expect((await admin.call('getStatus')).kill).toMatchObject({
      controller: [FLAG],
      severed: [FLAG],
    })
  })

  it('stays open again once the kill is lifted, until all flags are severed', async () => {
    await command('unkill')
    const again = await eventually('the canary has visitors again', async () => {
      const all = await openEverywhere('/live')
      const { requests } = origins.new
      const isCanary = requests.slice(-all.length).filter(({ url }) => url === '/live').length === all.length
      return isCanary && all
    })
    await staysSo(1_500, async () => {
      for (const each of again) expect([each.name, await each.isAlive()]).toEqual([each.name, true])
    })
    await command('kill', { sever: true }, 'all')
    const others = bystanders.slice(2 * ISOLATES, 4 * ISOLATES)
    await eventually('all of it is closed', () => [...again, ...others].every(({ end }) => end !== undefined))
    for (const each of bystanders.slice(4 * ISOLATES))
      expect([each.name, each.end]).toEqual([each.name, undefined])
  })
})
