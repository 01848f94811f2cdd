/** A gate on one machine: started from nothing by one command, killed under load, behind a proxy that speaks TLS. */
import { createServer, request as httpRequest, type OutgoingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { AdminClient } from '../../../src/contract/client.ts'
import { document, FLAG } from '../harness/documents.ts'
import { eventually } from '../harness/eventually.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { adminOf } from '../harness/running-gate.ts'
import { type GateFolder, gateFolder } from './gate-folder.ts'

let old: Origin
let fresh: Origin
let gate: GateFolder
let admin: AdminClient

const documentOf = (description: string) => ({
  ...document(
    { old: old.url, new: fresh.url },
    { description, rules: [{ serve: 'on', stages: [{ percentage: 50, bake: '1h' }, { percentage: 100 }] }] },
  ),
  context: { targetingKey: { header: 'x-user-id' }, trustedProxies: 1 },
})

beforeAll(async () => {
  old = await startOrigin('old', (request, response) => {
    // An app that insists on https, as its framework does behind a proxy.
    if (request.headers['x-forwarded-proto'] === 'https') return void response.end('old')
    response
      .writeHead(301, { location: `https://${request.headers['x-forwarded-host']}${request.url}` })
      .end()
  })
  fresh = await startOrigin('new')
  gate = await gateFolder(documentOf('built in'))
  await gate.start()
  admin = adminOf(gate.url, await gate.adminToken())
})
afterAll(async () => {
  await gate?.remove()
  await Promise.all([old?.close(), fresh?.close()])
})
beforeEach(async () => {
  if (!(await fetch(`${gate.url}/__sluice/health`).catch(() => undefined))) await gate.start()
})

const publish = async (description: string) => {
  const { version } = await admin.call('getDocument')
  const text = JSON.stringify(documentOf(description))
  await admin.call('publishDocument', {
    body: { document: text, expectedVersion: version, reason: description, confirm: true },
  })
}

/** The event of that action, once the log has it: every line of it is JSON. */
function logged(action: string): Promise<object> {
  return eventually(`${action} is logged`, () =>
    gate
      .logged()
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { action?: string })
      .find((each) => each.action === action),
  )
}

/** Visitors come as fast as the gate answers, until told to stop; requests that fail in between are not this test's matter. */
function load(): () => Promise<void> {
  let isOver = false
  let visitor = 0
  const loop = async () => {
    while (!isOver) {
      const headers = { 'x-user-id': `v${visitor++}`, 'x-forwarded-proto': 'https' }
      await fetch(gate.url, { headers })
        .then((response) => response.text())
        .catch(() => new Promise((resolve) => setTimeout(resolve, 20)))
    }
  }
  const loops = [loop(), loop(), loop(), loop()]
  return async () => {
    isOver = true
    await Promise.all(loops)
  }
}

describe('a folder that was laid out', () => {
  it('runs by one command: production, its own secrets, ready, with the dashboard', async () => {
    const { environment, signing, document } = await admin.call('getStatus')
    expect([environment, signing, document.source]).toEqual(['production', true, expect.any(String)])
    expect(gate.said()).toContain(`sluice starts on ${gate.url} (environment production)`)
    const page = await fetch(`${gate.url}/__sluice/ui`)
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<script')])
    expect((await fetch(`${gate.url}/__sluice/health`)).status).toBe(200)
  })

  it('is laid out again over what is there: data and secrets stay', async () => {
    await publish('before the upgrade')
    expect(await logged('document-published')).toMatchObject({
      event: 'sluice.audit',
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      evidence: { changes: expect.any(Array) },
    })
    const [token, { version }] = [await gate.adminToken(), await admin.call('getDocument')]
    await gate.layOut()
    await gate.kill()
    await gate.start()
    expect(await gate.adminToken()).toBe(token)
    expect((await admin.call('getDocument')).version).toBe(version)
  })

  it('logs what a person does with its evidence, a line each', async () => {
    await admin.command(FLAG, 'rollback', { reason: 'of a "fault"' })
    expect(await logged('rollback')).toMatchObject({
      event: 'sluice.audit',
      flag: FLAG,
      reason: 'of a "fault"',
    })
    await admin.command(FLAG, 'resume')
  })

  it('takes settings from the environment', async () => {
    await gate.kill()
    await gate.start({ ENVIRONMENT: 'staging', ADMIN_TOKEN: 'a-token-of-mine' })
    const status = await adminOf(gate.url, 'a-token-of-mine').call('getStatus')
    expect(status.environment).toBe('staging')
    await gate.kill()
  })
})

describe('killed with -9 under load and started again', () => {
  it('has every document, kill and rollback that was acknowledged', { timeout: 240_000 }, async () => {
    const stop = load()
    try {
      for (let round = 1; round <= 4; round++) {
        await publish(`round ${round}`)
        await gate.kill()
        await gate.start()
        const { document } = await admin.call('getDocument')
        expect(JSON.stringify(document)).toContain(`round ${round}`)

        await admin.command(FLAG, 'rollback', { reason: `round ${round}` })
        await gate.kill()
        await gate.start()
        const { status } = await admin.call('getFlag', { params: { flag: FLAG } })
        expect(status.rolledBack).toMatchObject({ reason: `round ${round}` })
        await admin.command(FLAG, 'resume')

        await admin.command(FLAG, 'kill')
        await gate.kill()
        await gate.start()
        expect((await admin.call('getFlag', { params: { flag: FLAG } })).status.state).toBe('killed')
        await admin.command(FLAG, 'unkill')
      }
      // Afterwards, since a list in KV counts until the gate has read the next one.
      for (const list of [`["${FLAG}"]`, '[]', `["${FLAG}"]`]) {
        expect((await gate.kv('PUT', '/kill', list)).status).toBe(204)
        await gate.kill()
        await gate.start()
        expect(await gate.kv('GET', '/kill')).toEqual({ status: 200, text: list })
      }
      expect((await admin.call('getFlag', { params: { flag: FLAG } })).status.state).toBe('killed')
      expect((await gate.kv('PUT', '/kill', '[]')).status).toBe(204)
      await eventually('the list is read', async () => {
        const { status } = await admin.call('getFlag', { params: { flag: FLAG } })
        return status.state !== 'killed'
      })
    } finally {
      await stop()
    }
  })
})

describe('the KV service', () => {
  const EXACT = [
    ['a plain text', '/plain', 'text'],
    ['nothing', '/empty', ''],
    ['a key that is encoded', '/a%2Fb%20c%25', 'x'],
    ['more than one row holds', '/large', 'é'.repeat(1_700_000)],
  ] as const

  it.each(EXACT)('keeps %s through a crash', async (_, path, value) => {
    expect((await gate.kv('PUT', path, value)).status).toBe(204)
    await gate.kill()
    await gate.start()
    const { status, text } = await gate.kv('GET', path)
    expect([status, text.length, text === value]).toEqual([200, value.length, true])
    expect((await gate.kv('PUT', path, 'shorter')).status).toBe(204)
    expect((await gate.kv('GET', path)).text).toBe('shorter')
    expect((await gate.kv('DELETE', path)).status).toBe(204)
    expect((await gate.kv('GET', path)).status).toBe(404)
  })

  it('answers several keys at once, and refuses what is no key', async () => {
    await gate.kv('PUT', '/one', '1')
    const { text } = await gate.kv('POST', '/bulk/get', JSON.stringify({ keys: ['one', 'none'] }))
    expect(JSON.parse(text)).toEqual({ one: '1', none: null })
    expect((await gate.kv('PUT', '/', 'x')).status).toBe(414)
    expect((await gate.kv('PUT', `/${'k'.repeat(513)}`, 'x')).status).toBe(414)
    expect((await gate.kv('PATCH', '/one', 'x')).status).toBe(405)
  })
})

describe('behind a proxy that speaks TLS', () => {
  let proxy: Server
  let proxyUrl: string

  beforeAll(async () => {
    // As the Caddyfile does: what visitors claim is replaced by what the proxy knows, or removed.
    proxy = createServer((incoming, outgoing) => {
      const headers = { ...incoming.headers, 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.9' }
      const { 'true-client-ip': _, ...passed } = headers as OutgoingHttpHeaders
      const { port } = new URL(gate.url)
      const sent = httpRequest(
        { host: '127.0.0.1', port, path: incoming.url, method: incoming.method, headers: passed },
        (answer) => {
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
          answer.pipe(outgoing)
        },
      )
      sent.on('error', () => outgoing.destroy())
      incoming.pipe(sent)
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  })
  afterAll(() => void proxy.close())

  it('an app that insists on https gets no redirect loop, and no visitor makes up an address', async () => {
    await publish('behind a proxy')
    await admin.command(FLAG, 'kill')
    old.requests.length = 0
    const response = await fetch(`${proxyUrl}/page`, {
      redirect: 'manual',
      headers: {
        'x-user-id': 'someone',
        'x-forwarded-for': '198.51.100.1',
        'cf-connecting-ip': '198.51.100.2',
        'true-client-ip': '198.51.100.3',
      },
    })
    expect([response.status, await response.text()]).toEqual([200, 'old'])
    const headers = old.requests.at(-1)?.headers ?? {}
    expect(JSON.stringify(headers)).not.toContain('198.51.100')
    expect([headers['cf-connecting-ip'], headers['x-forwarded-for']]).toEqual([undefined, '203.0.113.9'])
    await admin.command(FLAG, 'unkill')
  })
  it('takes the first of several words for the protocol, and what is no protocol of the web for http', async () => {
    const words = ['https, http', 'HTTPS', '"https"', 'http, https', 'http', 'wss', 'javascript', ' , ']
    const seen = async (word: string) => {
      const headers = { 'x-user-id': 'someone', 'x-forwarded-proto': word }
      const { status } = await fetch(`${gate.url}/page?${words.indexOf(word)}`, {
        headers,
        redirect: 'manual',
      })
      const sent = [...old.requests, ...fresh.requests].find(({ url }) =>
        url?.endsWith(`?${words.indexOf(word)}`),
      )
      return [word, status < 400, sent?.headers['x-forwarded-proto']]
    }
    expect(await Promise.all(words.map(seen))).toEqual(
      words.map((word) => [word, true, /^"?https/i.test(word) ? 'https' : 'http']),
    )
    const statusOf = async (path: string, word: string) =>
      (await fetch(gate.url + path, { headers: { 'x-forwarded-proto': word }, redirect: 'manual' })).status
    expect(await statusOf('/__sluice/health', 'https, http')).toBe(200)
    expect(await statusOf('/page', 'https://other.test/__sluice/health?')).toBe(400)
  })
})
