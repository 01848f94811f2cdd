/**
 * A Host that makes no URL is the visitor's mistake, on the gate's paths too, where a valid token comes with it: under plain
 * workerd, and under the runtime of `npm start`, whose own entry would answer 500.
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { document } from '../harness/documents.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { ADMIN_TOKEN, startGate } from '../harness/running-gate.ts'
import { serve, startKv } from '../harness/serve.ts'

type Started = { url: string; log(): string; close(): Promise<unknown> }

/** How a gate that stands before both origins is started. */
const RUNTIMES: Record<string, (documentOf: object) => Promise<Started>> = {
  'plain workerd': async (served) => {
    const kv = await startKv()
    const gate = await serve({ document: served, kv, environment: 'production' })
    const [url = ''] = gate.urls
    return { url, log: gate.log, close: () => Promise.all([gate.close(), kv.close()]) }
  },
  'npm start': async (served) => {
    const gate = await startGate({ document: served, environment: 'production' })
    return { url: gate.url, log: () => '', close: gate.close }
  },
}

/** The head and body of what the gate answers. */
async function answerTo(url: string, target: string, host: string, method = 'GET'): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const lines = [`${method} ${target} HTTP/1.1`, `Host: ${host}`, `Authorization: Bearer ${ADMIN_TOKEN}`]
  socket.write(`${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`)
  let answer = ''
  socket.setEncoding('utf8').on('data', (text) => {
    answer += text
  })
  await once(socket, 'close')
  return answer
}

const TARGETS = [
  ...[
    '/',
    '/__sluice/metrics',
    '/__sluice/api/v1/status',
    '/__sluice/ui',
    '/__sluice/health',
    '/__sluice/preview',
  ],
  ...['/__sluice/events', '/__sluice/ofrep/v1/configuration', '/__sluice/api/frontend', '/__sluice/nothing'],
]

describe.each(Object.entries(RUNTIMES))('under %s', (_, start) => {
  let gate: Started
  let origin: Origin

  beforeAll(async () => {
    origin = await startOrigin('the site')
    gate = await start(document({ old: origin.url, new: origin.url }, {}))
  })
  afterAll(() => Promise.all([gate?.close(), origin?.close()]))

  it.each([
    'a:x',
    'a b',
    '[::1',
    'a%zz',
    'a:99999',
    'a:1:2',
    'a/b',
    'a?b',
    'u@a',
    'a\\b',
    'a^b',
    'a<b',
    '1.2.3.4.5',
  ])('Host: %s is 400 everywhere', async (host) => {
    const before = origin.requests.length
    for (const target of TARGETS)
      expect(await answerTo(gate.url, target, host), target).toMatch(/^HTTP\/1\.1 400 /)
    expect(origin.requests.length).toBe(before)
    expect(gate.log()).not.toMatch(/internal_error|TypeError/)
  })

  it.each(['shop.test', 'shop.test:4701'])('OPTIONS * of %s goes as one of its first page', async (host) => {
    const answer = await answerTo(gate.url, '*', host, 'OPTIONS')
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(answer).toMatch(/the site/)
    expect(gate.log()).not.toMatch(/internal_error|TypeError/)
  })

  it.each(['admin.test,', "it's.test", 'a_b', 'a..b', 'bücher.test', '', 'localhost.', '127.1'])(
    'Host: %s never is an error of the gate',
    async (host) => {
      for (const target of TARGETS) {
        const answer = await answerTo(gate.url, target, host)
        expect(answer, target).toMatch(/^HTTP\/1\.1 [234]\d\d /)
        expect(answer, target).not.toMatch(/\n {4}at /)
      }
    },
  )
})
