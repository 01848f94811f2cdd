/**
 * Records what the parts of a built gate say to each other: `node test/vectors/record-protocol.ts WORKER FILE`, with the
 * dist/worker.js of the release whose messages are wanted and `test/vectors/protocol-<number>.json`. The build runs in plain
 * workerd, its Durable Objects inside classes that report each call, and meets visitors, failures, commands and documents.
 */
import { writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { startKvService } from '../../test-kit/workerd/kv-service.ts'
import { ADMIN_TOKEN, startPlainWorkerd } from '../../test-kit/workerd/plain-workerd.ts'

type Call = { name: 'flush' | 'forward' | 'adopt'; given: unknown[]; reply?: object }

/** Enough of each message to hold every field, and small enough to read. */
const MOST = 18
const LONGEST_LIST = 4

const [, , workerPath = 'dist/worker.js', file = 'build/protocol.json'] = process.argv

const recorder = (worker: string, url: string) => `
export * from ${JSON.stringify(worker)}
export { default } from ${JSON.stringify(worker)}
import { Controller as C, Counters as K } from ${JSON.stringify(worker)}
const record = async (name, given, work) => {
  const text = JSON.stringify(given)
  const reply = await work()
  await fetch(${JSON.stringify(url)}, { method: 'POST', body: JSON.stringify({ name, given: JSON.parse(text), reply }) })
  return reply
}
export class Counters extends K {
  flush(...given) { return record('flush', given, () => super.flush(...given)) }
  adopt(...given) { return record('adopt', given, () => super.adopt(...given)) }
}
export class Controller extends C {
  forward(...given) { return record('forward', given, () => super.forward(...given)) }
}
`

const calls: Call[] = []
const listenerUrl = await serve(async (request, response) => {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  calls.push(JSON.parse(Buffer.concat(parts).toString()))
  response.end()
})
const worker = join(tmpdir(), `recorded-${process.pid}.js`)
await build({
  stdin: { contents: recorder(resolve(workerPath), listenerUrl), resolveDir: '/' },
  outfile: worker,
  bundle: true,
  format: 'esm',
  external: ['cloudflare:*', 'node:*'],
})

let canaryFails = false
const oldUrl = await serve((_, response) => void response.end('old'))
const newUrl = await serve((request, response) => {
  const usual = request.url?.endsWith('7') ? 404 : 200
  response.writeHead(canaryFails ? 500 : usual, { 'content-type': 'text/html' }).end('<p>new')
})
const kv = await startKvService()
const states: string[] = []
const set = kv.values.set.bind(kv.values)
kv.values.set = (key, value) => {
  if (key === 'state' && !states.includes(value)) states.push(value)
  return set(key, value)
}
const document = (salt: string) => ({
  origins: { old: { url: oldUrl }, new: { url: newUrl } },
  context: { targetingKey: [{ header: 'x-user-id' }, { cookie: 'uid' }] },
  routes: ['checkout', 'search', 'shadowed'].map((flag) => ({
    path: `/${flag}*`,
    flag,
    origins: { on: 'new', off: 'old' },
  })),
  flags: Object.fromEntries(
    ['checkout', 'search', 'shadowed'].map((flag) => [
      flag,
      {
        variants: { on: true, off: false },
        off: 'off',
        salt: `${flag}${salt}`,
        rules: [{ serve: 'on', stages: stagesOf(flag) }],
        guard: { errors: {}, latency: {} },
      },
    ]),
  ),
})
function stagesOf(flag: string) {
  const limits = { paths: [{ path: '/search*', statuses: ['4xx'], max: 1_000 }] }
  const first = { percentage: 50, bake: '10m', ...(flag === 'search' && canShadow && { require: limits }) }
  const climbing = [first, { percentage: 100 }]
  return flag === 'shadowed' && canShadow ? [{ shadow: 100, bake: '10m' }, ...climbing] : climbing
}

let canShadow = true
const gate = await startPlainWorkerd({ isolates: 2, kvPort: kv.port, worker, environment: 'development' })
const [url = '', other = ''] = gate.urls
const api = (path: string, body?: object, method = body ? 'POST' : 'GET') =>
  fetch(`${url}/__sluice/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
// Old releases know neither verbs nor keys of later ones: what they refuse is left out.
const publish = (expectedVersion: number) =>
  api(
    '/document',
    { document: JSON.stringify(document('')), expectedVersion, reason: 'the first', confirm: true },
    'PUT',
  )
const visit = async (count: number, at = url) => {
  for (let n = 0; n < count; n++)
    await fetch(`${at}/${['checkout', 'search', 'shadowed'][n % 3]}?n=${n}`, {
      headers: { 'x-user-id': `visitor-${n}`, 'cf-connecting-ip': `203.0.${n % 50}.7` },
    }).then((response) => response.text())
}
const settled = async () => {
  const seen = calls.length
  await visit(6)
  await until(() => calls.length > seen + 2)
}
const command = async (path: string, body: object = { reason: 'a closer look' }) => {
  await api(path, body)
  await settled()
}

const published = await publish(0)
canShadow = published.ok
if (!canShadow)
  console.log(`Without shadow stages: ${(await publish(0)).status} after ${await published.text()}`)
await settled()
await visit(60)
await visit(12, other)
await fetch(`${url}/__sluice/events`, {
  method: 'POST',
  headers: { 'content-type': 'application/json', 'x-user-id': 'visitor-3', 'cf-connecting-ip': '203.0.3.7' },
  body: JSON.stringify({
    reports: [
      { type: 'error', flag: 'checkout', message: 'the card form did not load' },
      { type: 'timing', flag: 'checkout', name: 'pay', durationMs: 830 },
    ],
  }),
})
await settled()
await command('/flags/search/pause')
await command('/flags/search/kill', { reason: 'cut off', isolate: true, sever: true })
kv.values.set('kill', JSON.stringify(['shadowed']))
await settled()
kv.values.set('kill', '[]')
await command('/flags/search/unkill')
canaryFails = true
let visitors = 0
await until(async () => {
  for (const end = visitors + 120; visitors < end; visitors++)
    await fetch(`${url}/checkout`, {
      headers: { 'x-user-id': `other-${visitors}`, 'cf-connecting-ip': `198.${visitors % 200}.0.7` },
    }).then((response) => response.text())
  return states.some((text) => text.includes('"rolledBack"'))
})
canaryFails = false
await command('/flags/checkout/resume')
// Another split, straight to KV.
kv.values.set('config', JSON.stringify(document('-again')))
for (let n = 0; n < 8; n++) await settled()
await new Promise((done) => setTimeout(done, 2_000))
await gate.close()
await kv.close()

const replies = calls.filter(({ reply }) => reply !== undefined)
const exchanges = (name: Call['name']) => chosen(replies.filter((call) => call.name === name))
const tags = calls
  .flatMap(({ name, given, reply }) => [
    name === 'adopt' ? given[1] : (reply as { document?: object })?.document,
  ])
  .filter((tag) => tag !== undefined && tag !== null)
const distinct = (list: readonly unknown[]) => [...new Set(list.map((each) => JSON.stringify(each)))]
const text = JSON.stringify({
  flushes: exchanges('flush'),
  forwards: exchanges('forward'),
  states,
  tags: distinct(tags).map((tag) => JSON.parse(tag)),
})
await writeFile(file, `${text}\n`)
console.log(`${file}: ${text.length} bytes, ${replies.length} calls, ${states.length} states`)
process.exit(0)

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((done) => setTimeout(done, 100))
}

/** The exchanges that show a field, a reply's field or a cell's field that none before them shows, and some others. */
function chosen(list: readonly Call[]) {
  const seen = new Set<string>()
  const shows = ({ given: [message], reply }: Call) => {
    const before = seen.size
    for (const path of [...pathsOf(message, 'message'), ...pathsOf(reply, 'reply')]) seen.add(path)
    return seen.size > before
  }
  const telling = list.filter(shows)
  const others = list.filter((call) => !telling.includes(call)).slice(0, Math.max(0, MOST - telling.length))
  return list
    .filter((call) => telling.includes(call) || others.includes(call))
    .map(({ given: [message], reply }) => ({ message: shortened(message), reply }))
}

function pathsOf(value: unknown, at: string): string[] {
  if (Array.isArray(value)) return value.flatMap((each) => pathsOf(each, `${at}[]`))
  if (typeof value !== 'object' || value === null) return [at]
  return Object.entries(value).flatMap(([key, each]) =>
    pathsOf(
      each,
      /^\d|latency|vitals|timings$/.test(key) ? `${at}.${key.replace(/\d+/, '0')}` : `${at}.${key}`,
    ),
  )
}

/** Samples are long, and alike. */
function shortened(message: unknown): unknown {
  const { samples = [], shadow, ...rest } = message as { samples?: unknown[]; shadow?: unknown[] }
  return {
    ...rest,
    samples: samples.slice(0, LONGEST_LIST),
    ...(shadow && { shadow: shadow.slice(0, LONGEST_LIST) }),
  }
}
