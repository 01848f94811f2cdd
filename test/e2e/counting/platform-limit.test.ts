/** Past a limit of the platform's plan: visitors are served, the status names the limit, and an alert goes out. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { sluice } from '../../cli/gate/support.ts'
import { document } from '../harness/documents.ts'
import { eventually } from '../harness/eventually.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { ADMIN_TOKEN, adminOf } from '../harness/running-gate.ts'
import { type KvServer, type ServedGate, serve, startKv } from '../harness/serve.ts'

/** As the Free plan says it. */
const SAID = 'Exceeded allowed volume of requests in Durable Objects free tier.'
const LIMIT = 'durable-object-requests'

let origins: { old: Origin; new: Origin }
let receiver: Server
const messages: { event: string; reason: string; evidence: { limit: string } }[] = []
let kv: KvServer
let gate: ServedGate
let url: string

beforeAll(async () => {
  origins = { old: await startOrigin('old'), new: await startOrigin('new') }
  receiver = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    messages.push(JSON.parse(Buffer.concat(parts).toString()))
    response.end()
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  const hook = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`
  kv = await startKv()
  gate = await serve({
    document: document(
      { old: origins.old.url, new: origins.new.url },
      { rules: [{ serve: 'on', percentage: 50 }] },
      { notifications: { webhooks: [{ url: hook }, { url: hook, events: ['rollback'] }] } },
    ),
    kv,
    environment: 'production',
    brokenObjects: true,
    brokenBy: SAID,
  })
  url = gate.urls[0] ?? ''
})
afterAll(async () => {
  await gate?.close()
  receiver?.close()
  await Promise.all([kv?.close(), origins?.old.close(), origins?.new.close()])
})

it('visitors are served; status, command line and log name the limit; the webhook hears of it once', async () => {
  const served = new Set<string>()
  for (let n = 0; n < 40; n++) {
    const response = await fetch(url, { headers: { 'x-user-id': `visitor-${n}` } })
    expect(response.status).toBe(200)
    served.add(await response.text())
  }
  expect(served).toEqual(new Set(['old', 'new']))
  const status = await eventually('the status names the limit', async () => {
    const found = await adminOf(url, ADMIN_TOKEN).call('getStatus')
    return found.limits.length > 0 && found
  })
  expect(status.limits).toMatchObject([{ limit: LIMIT, text: expect.stringContaining('used up') }])
  expect(status.controller).toBe('unreachable')
  const { out } = await sluice(['status'], { env: { SLUICE_URL: url, SLUICE_TOKEN: ADMIN_TOKEN } })
  expect(out).toContain(`Limit reached: ${LIMIT}`)
  expect(gate.log()).toContain(LIMIT)
  await eventually('the webhook hears of it', async () => {
    await fetch(url).then((response) => response.text())
    return messages.length > 0
  })
  // Each flush fails: still the message is sent once, and only to those who want it.
  for (let n = 0; n < 5; n++) {
    await fetch(url).then((response) => response.text())
    await new Promise((resolve) => setTimeout(resolve, 700))
  }
  expect(messages).toMatchObject([{ event: 'limit', evidence: { limit: LIMIT } }])
  expect(messages[0]?.reason).toContain('visitors are served as before')
})
