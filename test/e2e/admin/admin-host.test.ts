/** ADMIN_HOST on the running gate, in every form in which a client may write the host. */
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { document } from '../harness/documents.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { ADMIN_TOKEN, type Gate, startGate } from '../harness/running-gate.ts'

let gate: Gate
let origin: Origin

beforeAll(async () => {
  origin = await startOrigin('the site')
  gate = await startGate({
    document: document({ old: origin.url, new: origin.url }, { rules: [{ serve: 'on', percentage: 10 }] }),
    environment: 'production',
    vars: { ADMIN_HOST: 'Admin.Test.' },
  })
})
afterAll(async () => {
  await gate?.close()
  await origin?.close()
})

/** The status of a request that is written like this. */
async function statusOf(target: string, host: string, method = 'GET'): Promise<number> {
  const lines = [`${method} ${target} HTTP/1.1`, `Host: ${host}`, `Authorization: Bearer ${ADMIN_TOKEN}`]
  const answer = await exchange(`${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`)
  return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])
}

/** What the gate answers to these very bytes. */
async function exchange(text: string): Promise<string> {
  const socket = connect(Number(new URL(gate.url).port), '127.0.0.1')
  socket.write(text)
  let answer = ''
  for await (const chunk of socket.setEncoding('utf8')) answer += chunk
  return answer
}

describe.each([
  'admin.test',
  'ADMIN.TEST',
  'admin.test.',
  'admin.test:80',
  'admin.test:8443',
  'Admin.Test.:1',
])('Host: %s', (host) => {
  it('has the admin API, and nothing of the site', async () => {
    const before = origin.requests.length
    expect(await statusOf('/__sluice/api/v1/me', host)).toBe(200)
    expect(await statusOf('/__sluice/ui', host)).toBe(200)
    for (const target of ['/', '/sw.js', '//', '/__sluicegate', '/__sluice/metrics', '/?/__sluice/ui'])
      expect(await statusOf(target, host), target).toBe(404)
    expect(await statusOf(`http://${host}/`, host)).toBe(404)
    expect(await statusOf(`http://${host}/__sluice/api/v1/me`, host)).toBe(200)
    expect(origin.requests.length).toBe(before)
  })
})

describe.each(['www.test', 'admin.test.evil.test', 'xadmin.test', 'www.test:80'])('Host: %s', (host) => {
  it('has the site, and nothing of the admin API', async () => {
    for (const target of ['/__sluice/api/v1/me', '/__sluice/ui', `http://${host}/__sluice/api/v1/me`])
      expect(await statusOf(target, host), target).toBe(404)
    expect(await statusOf('/', host)).toBe(200)
  })
})

it('where a request names two hosts, one of them decides, and no answer has a part of each', async () => {
  for (const [target, host] of [
    ['http://admin.test', 'www.test'],
    ['http://www.test', 'admin.test'],
  ] as const) {
    const isSite = (await statusOf(`${target}/`, host)) === 200
    const hasApi = (await statusOf(`${target}/__sluice/api/v1/me`, host)) === 200
    expect([isSite, hasApi].filter(Boolean).length, `${target} ${host}`).toBeLessThanOrEqual(1)
  }
})
