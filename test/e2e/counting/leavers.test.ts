/** What several requests wait for must not be lost with the visitor whose request began it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportJWK, generateKeyPair } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { buildWorker } from '../../../src/local/build/build-worker.ts'
import { type KvService, startKvService } from '../../../test-kit/workerd/kv-service.ts'
import { ADMIN_TOKEN, type PlainWorkerd, startPlainWorkerd } from '../../../test-kit/workerd/plain-workerd.ts'
import { eventually } from '../harness/eventually.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { adminOf } from '../harness/running-gate.ts'
import { AUDIENCE, ISSUER, signToken } from '../harness/tokens.ts'

let old: Origin
let next: Origin
let kv: KvService
let gate: PlainWorkerd
let folder: string
let keyServer: Server
let isKeyServerHeld = false
const heldKeys: ServerResponse[] = []
let keys: Awaited<ReturnType<typeof generateKeyPair>>

const documentFor = (on: string) => ({
  origins: { old: { url: old.url }, new: { url: next.url } },
  context: {
    jwt: {
      from: [{ header: 'authorization' }],
      jwks: `http://127.0.0.1:${(keyServer.address() as { port: number }).port}/keys.json`,
      issuer: ISSUER,
      audience: AUDIENCE,
    },
    attributes: { plan: { jwt: 'plan' } },
  },
  routes: [
    { path: '/plan/*', flag: 'plan', origins: { on: 'new', off: 'old' } },
    { path: '/*', origin: on },
  ],
  flags: {
    plan: {
      variants: { on: true, off: false },
      off: 'off',
      rules: [{ when: [{ attribute: 'plan', op: 'in', values: ['pro'] }], serve: 'on' }],
    },
  },
})

let keySet: () => string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-leavers-'))
  old = await startOrigin('old')
  next = await startOrigin('new')
  keys = await generateKeyPair('RS256')
  const jwk = { ...(await exportJWK(keys.publicKey)), alg: 'RS256', kid: 'RS256', use: 'sig' }
  keySet = () => JSON.stringify({ keys: [jwk] })
  keyServer = createServer((_, response) => {
    response.setHeader('content-type', 'application/json')
    if (isKeyServerHeld) heldKeys.push(response)
    else response.end(keySet())
  })
  await new Promise<void>((resolve) => keyServer.listen(0, '127.0.0.1', resolve))
  kv = await startKvService()
  const worker = join(folder, 'worker.js')
  await buildWorker({ outfile: worker, document: JSON.stringify(documentFor('old')) })
  gate = await startPlainWorkerd({ isolates: 1, kvPort: kv.port, worker })
})
afterAll(async () => {
  await gate?.close()
  keyServer?.closeAllConnections()
  keyServer?.close()
  await Promise.all([kv?.close(), old?.close(), next?.close()])
  await rm(folder, { recursive: true, force: true })
})
beforeEach(() => {
  kv.until = undefined
  isKeyServerHeld = false
})

/** Keeps every request to KV waiting; the result lets them go on. */
function holdKv(): () => void {
  const { promise, resolve } = Promise.withResolvers<void>()
  kv.until = promise
  return () => {
    kv.until = undefined
    resolve()
  }
}

/** Sends a request whose visitor can leave. */
function visit(path: string, headers: Record<string, string>): Socket {
  const { hostname, port } = new URL(gate.urls[0] ?? '')
  const socket = connect(Number(port), hostname)
  socket.on('error', () => socket.destroy())
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  socket.write([`GET ${path} HTTP/1.1`, `Host: ${hostname}`, ...lines, '', ''].join('\r\n'))
  return socket
}

const ask = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${gate.urls[0]}${path}`, { headers, signal: AbortSignal.timeout(30_000) })

/** Time in which the gate hears that someone has left: nothing tells from outside. */
const heard = () => new Promise((resolve) => setTimeout(resolve, 100))

describe('a visitor who leaves while others wait', () => {
  it('for what the Controller says of their token: they hear it', async () => {
    const admin = adminOf(gate.urls[0] ?? '', ADMIN_TOKEN)
    const { token } = await admin.call('createToken', { body: { name: 'robot', role: 'viewer' } })
    const headers = { authorization: `Bearer ${token}` }
    // A Controller that begins waits for KV.
    await gate.restart()
    const letGo = holdKv()
    const before = kv.asked
    const first = visit('/__sluice/api/v1/me', headers)
    await eventually('the Controller waits', () => kv.asked > before)
    const beside = ask('/__sluice/api/v1/me', headers)
    await heard()
    first.resetAndDestroy()
    await heard()
    const after = ask('/__sluice/api/v1/me', headers)
    letGo()
    expect([(await beside).status, (await after).status]).toEqual([200, 200])
    expect((await ask('/__sluice/api/v1/me', headers)).status).toBe(200)
  })

  it('for the document of a gate that has just started: they are decided by it', async () => {
    kv.values.set('config', JSON.stringify(documentFor('new')))
    await gate.restart()
    const letGo = holdKv()
    const before = kv.asked
    const first = visit('/', {})
    await eventually('KV is asked', () => kv.asked > before)
    const beside = ask('/')
    await heard()
    first.resetAndDestroy()
    await heard()
    letGo()
    expect(await (await beside).text()).toBe('new')
    expect(await (await ask('/')).text()).toBe('new')
    kv.values.delete('config')
  })

  it('for the keys by which tokens are verified: they are known', async () => {
    await gate.restart()
    const token = (sub: string) =>
      signToken({ key: keys.privateKey, alg: 'RS256', kid: 'RS256', claims: { sub, plan: 'pro' } })
    const headers = { authorization: `Bearer ${await token('ada')}` }
    await ask('/')
    isKeyServerHeld = true
    const first = visit('/plan/', headers)
    await eventually('the keys are asked for', () => heldKeys.length > 0)
    first.resetAndDestroy()
    await heard()
    const other = ask('/plan/', headers)
    isKeyServerHeld = false
    for (const response of heldKeys.splice(0)) response.end(keySet())
    expect(await (await other).text()).toBe('new')
    expect(await (await ask('/plan/', { authorization: `Bearer ${await token('bob')}` })).text()).toBe('new')
  })
})
