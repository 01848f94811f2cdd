/** A receiver of messages that is away: nothing waits for it, and nothing is lost. */
import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { documentOfFlags } from '../harness/documents.ts'
import { eventually, staysSo } from '../harness/eventually.ts'
import { lastAre, startLoad, visitorHeaders } from '../harness/load.ts'
import { LONG } from '../harness/long.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { type Gate, SIGNING_KEY, startGate } from '../harness/running-gate.ts'
import { derivedKey } from '../harness/tokens.ts'

const FLAG = 'rollout'
const DOWN_MS = LONG ? 60_000 : 3_000

type Delivery = { body: string; signature: string; id: string; atMs: number }

let origins: { old: Origin; new: Origin; receiver: Origin; chat: Origin }
let gate: Gate
let isDown = true
let refused = 0
let downSinceMs = 0
const delivered: Delivery[] = []
const chatted: string[] = []

beforeAll(async () => {
  origins = {
    old: await startOrigin('old'),
    new: await startOrigin('new', (_, response) => void response.writeHead(500).end()),
    receiver: await startOrigin('receiver', async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      if (isDown) {
        refused += 1
        downSinceMs ||= Date.now()
        // Half of the time it refuses, half of the time it does not even answer.
        if (refused % 2 === 0) response.destroy()
        else response.writeHead(503).end()
        return
      }
      const { 'sluice-signature': signature, 'sluice-delivery': id } = request.headers
      delivered.push({ body, signature: String(signature), id: String(id), atMs: Date.now() })
      response.writeHead(204).end()
    }),
    chat: await startOrigin('chat', async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      chatted.push(body)
      response.end('ok')
    }),
  }
  gate = await startGate({
    signingKey: SIGNING_KEY,
    document: documentOfFlags(
      { old: origins.old.url, new: origins.new.url },
      { [FLAG]: { rules: [{ percentage: 50, serve: 'on' }], guard: {} } },
      {
        notifications: {
          webhooks: [
            { url: `${origins.receiver.url}/hook`, events: ['rollback'] },
            { url: `${origins.chat.url}/hook`, format: 'slack', events: ['rollback'] },
          ],
        },
      },
    ),
  })
})
afterAll(async () => {
  await gate?.close()
  await Promise.all(Object.values(origins).map((origin) => origin.close()))
})

// One story: the receiver is down, then back.
describe('a message about a rollback', { shuffle: false }, () => {
  it('a rollback does not wait for a receiver that is down, nor do other receivers', async () => {
    const load = startLoad({
      url: gate.url,
      requestsPerSecond: 150,
      request: (n) => ({ path: `/${FLAG}`, headers: visitorHeaders(n % 500) }),
    })
    await eventually('it is rolled back', async () => (await gate.flag(FLAG)).state === 'rolled-back')
    const closedMs = Date.now()
    await eventually('no one is led there', () =>
      lastAre(load, 30, closedMs, ({ origin }) => origin === 'old'),
    )
    await load.stop()
    await eventually('the other receiver has its message', () => chatted.length > 0)
    expect(JSON.parse(chatted[0] ?? '')).toEqual({
      text: expect.stringMatching(
        /^`rollout` was rolled back, 50 % → 0 % \(`development`\): `the canary fails .*` — `guard`$/,
      ),
      unfurl_links: false,
      unfurl_media: false,
    })
    await eventually('it was tried', () => refused > 0)
    expect(delivered).toEqual([])
  })

  it(`the message arrives when the receiver is back after ${DOWN_MS / 1_000} s or more, once, signed`, async () => {
    await eventually(
      'it is time, and it was tried more than once',
      () => Date.now() >= downSinceMs + DOWN_MS && refused >= 2,
      { deadlineMs: DOWN_MS + 60_000 },
    )
    isDown = false
    // The delay doubles with every attempt: the next one comes after as long as it has been down, at most.
    await eventually('the message is there', () => delivered.length > 0, { deadlineMs: 2 * DOWN_MS + 60_000 })
    await staysSo(5_000, () => expect(delivered).toHaveLength(1))
    const [delivery] = delivered
    const [, seconds = '', hex] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(delivery?.signature ?? '') ?? []
    expect(hex).toBe(
      createHmac('sha256', derivedKey('webhook')).update(`${seconds}.${delivery?.body}`).digest('hex'),
    )
    const message = JSON.parse(delivery?.body ?? '')
    expect(message).toMatchObject({
      id: delivery?.id,
      event: 'rollback',
      flag: FLAG,
      actor: 'guard',
      generation: 1,
      percentage: 50,
      reason: expect.stringMatching(/\bfail(?:s|ed)\b/),
      evidence: expect.objectContaining({ canaryErrors: expect.any(Number) }),
    })
    const rollback = (await gate.audit(FLAG)).find(({ action }) => action === 'rollback')
    expect(message.at).toBe(rollback?.at)
    expect(chatted).toHaveLength(1)
  }, 300_000)
})
