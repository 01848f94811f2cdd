/** A Host that makes no URL is the visitor's mistake, on the gate's paths too, where a valid token comes with it. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { document } from '../harness/documents.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { ADMIN_TOKEN } from '../harness/running-gate.ts'
import { type KvServer, type ServedGate, serve, startKv } from '../harness/serve.ts'

let gate: ServedGate
let origin: Origin
let kv: KvServer

beforeAll(async () => {
  origin = await startOrigin('the site')
  kv = await startKv()
  const urls = { old: origin.url, new: origin.url }
  gate = await serve({ document: document(urls, {}), kv, environment: 'production' })
})
afterAll(async () => {
  await gate?.close()
  await Promise.all([origin?.close(), kv?.close()])
})

/** The head and body of what the gate answers. */
async function answerTo(target: string, host: string): Promise<string> {
  const socket = connect(Number(new URL(gate.urls[0] ?? '').port), '127.0.0.1')
  const lines = [`GET ${target} HTTP/1.1`, `Host: ${host}`, `Authorization: Bearer ${ADMIN_TOKEN}`]
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
  for (const target of TARGETS) expect(await answerTo(target, host), target).toMatch(/^HTTP\/1\.1 400 /)
  expect(origin.requests.length).toBe(before)
  expect(gate.log()).not.toMatch(/internal_error|TypeError/)
})

it.each(['admin.test,', "it's.test", 'a_b', 'a..b', 'bücher.test', '', 'localhost.', '127.1'])(
  'Host: %s never is an error of the gate',
  async (host) => {
    for (const target of TARGETS) {
      const answer = await answerTo(target, host)
      expect(answer, target).toMatch(/^HTTP\/1\.1 [234]\d\d /)
      expect(answer, target).not.toMatch(/\n {4}at /)
    }
  },
)
