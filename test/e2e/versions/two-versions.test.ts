/** Two releases in one runtime, as during a deployment: isolates of one build, Durable Objects of the other. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest'
import { buildWorker, PROJECT_ROOT } from '../../../src/local/build/build-worker.ts'
import { startKvService } from '../../../test-kit/workerd/kv-service.ts'
import { ADMIN_TOKEN, startPlainWorkerd } from '../../../test-kit/workerd/plain-workerd.ts'
import { document, FLAG } from '../harness/documents.ts'
import { eventually } from '../harness/eventually.ts'
import { startOrigin } from '../harness/origin.ts'

const EARLIER = ['0.1.0', '0.2.0-protocol-3'] as const
const VISITORS = 60
/** DESIGN 8: where replies are held 2 s, otherwise 6 s; twice that, for a busy machine. */
const CLOSED_WITHIN_MS = 12_000

let folder: string
let current: string

const buildOf = (version: string) => join(folder, `${version}.js`)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-versions-'))
  current = buildOf('current')
  await buildWorker({ outfile: current })
  for (const version of EARLIER) {
    const packed = await readFile(resolve(PROJECT_ROOT, `test/vectors/builds/${version}.js.gz`))
    await writeFile(buildOf(version), gunzipSync(packed))
  }
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Two isolates of one build with the objects of another, between two origins; gone after the test. */
async function deploy(worker: string, objects: string, { onTestFinished }: TestContext) {
  const canary = { fails: false }
  const kv = await startKvService()
  onTestFinished(() => kv.close())
  const old = await startOrigin('old')
  onTestFinished(() => old.close())
  const fresh = await startOrigin('new', (_, response) => {
    response.writeHead(canary.fails ? 500 : 200).end('new')
  })
  onTestFinished(() => fresh.close())
  const gate = await startPlainWorkerd({
    isolates: 2,
    kvPort: kv.port,
    worker,
    objects,
    environment: 'development',
  })
  onTestFinished(() => gate.close())

  async function api(path: string, body?: object, method = body ? 'POST' : 'GET') {
    const response = await fetch(`${gate.urls[0]}/__sluice/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return JSON.parse(text)
  }

  const publish = async () => {
    const urls = { old: old.url, new: fresh.url }
    const text = JSON.stringify(
      document(urls, {
        rules: [{ serve: 'on', stages: [{ percentage: 50, bake: '1h' }, { percentage: 100 }] }],
        guard: { errors: {} },
      }),
    )
    await api('/document', { document: text, expectedVersion: 0, reason: 'first', confirm: true }, 'PUT')
  }

  /** The origin that answers a visitor, at one of the isolates. */
  async function visit(visitor: string, isolate = 0): Promise<string | null> {
    const headers = { 'x-user-id': visitor, 'cf-connecting-ip': `198.51.${Number(visitor.slice(1)) % 250}.7` }
    const response = await fetch(`${gate.urls[isolate]}/`, { headers })
    await response.text()
    return response.headers.get('sluice-origin')
  }

  async function visitAll(): Promise<void> {
    for (let n = 0; n < VISITORS; n++) await visit(`v${n}`, n % 2)
  }

  const summary = async () => (await api(`/flags/${FLAG}`)).summary

  async function counted(): Promise<number> {
    const { canary, control, other } = await summary()
    return canary.requests + control.requests + other.requests
  }

  /** Both isolates serve what the first publication says. */
  const isolatesSplit = () =>
    eventually('both isolates have the document', async () => {
      for (const isolate of [0, 1]) {
        const origins = new Set<string | null>()
        for (let n = 0; n < 12; n++) origins.add(await visit(`w${n}`, isolate))
        if (!origins.has('new') || !origins.has('old')) return false
      }
      return true
    })

  /** Everything counted so far has arrived: an isolate that has nothing to say any more changes no sum. */
  async function settledCount(): Promise<number> {
    let last = -1
    let sinceMs = Date.now()
    return await eventually('counts have come', async () => {
      const now = await counted()
      if (now !== last) [last, sinceMs] = [now, Date.now()]
      return Date.now() - sinceMs > 12_000 ? { now } : false
    }).then(({ now }) => now)
  }

  /** Every visitor gets the old origin from both isolates; takes no longer than promised. */
  async function closesSoon(what: string): Promise<void> {
    const sinceMs = Date.now()
    await eventually(
      what,
      async () => {
        for (let n = 0; n < 24; n++) if ((await visit(`k${n}`, n % 2)) === 'new') return false
        return true
      },
      { deadlineMs: CLOSED_WITHIN_MS },
    )
    expect(Date.now() - sinceMs).toBeLessThan(CLOSED_WITHIN_MS)
  }

  return {
    gate,
    kv,
    canary,
    api,
    publish,
    visit,
    visitAll,
    summary,
    counted,
    isolatesSplit,
    settledCount,
    closesSoon,
  }
}

// All at a time: most of it is waiting.
describe.concurrent.each(EARLIER)('%s beside this release', (version) => {
  it.for([
    { title: 'isolates of the earlier, objects of this one', worker: version, objects: 'current' },
    { title: 'isolates of this one, objects of the earlier', worker: 'current', objects: version },
  ])(
    '$title: every visit counts, kills and rollbacks hold, and the status says so',
    async ({ worker, objects }, context) => {
      const { kv, canary, api, publish, visit, visitAll, summary, counted, ...deployed } = await deploy(
        buildOf(worker),
        buildOf(objects),
        context,
      )
      const { isolatesSplit, settledCount, closesSoon } = deployed
      await publish()
      await isolatesSplit()
      const before = await settledCount()
      await visitAll()
      await eventually('60 of 60 are counted', async () => (await counted()) === before + VISITORS)

      await api(`/flags/${FLAG}/kill`, { reason: 'drill' })
      await closesSoon('the kill is in force')
      expect(await summary()).toMatchObject({ state: 'killed' })
      await api(`/flags/${FLAG}/unkill`, { reason: 'drill is over' })
      await isolatesSplit()

      kv.values.set('kill', JSON.stringify([FLAG]))
      await closesSoon('the kill in KV is in force')
      kv.values.set('kill', '[]')
      await isolatesSplit()

      canary.fails = true
      let visitors = 0
      await eventually('the guard rolls back', async () => {
        for (let n = 0; n < 120; n++) await visit(`x${visitors++}`, n % 2)
        return (await summary()).state === 'rolled-back'
      })
      await closesSoon('the rollback is in force')
    },
  )
})

it.concurrent('storage goes up to this release, down and up again: documents, counts, kills, rollbacks and tokens stay', async (context) => {
  const earlier = buildOf('0.1.0')
  const { gate, api, publish, visitAll, summary, counted, ...deployed } = await deploy(
    earlier,
    earlier,
    context,
  )
  const { isolatesSplit, settledCount, closesSoon } = deployed
  await publish()
  await isolatesSplit()
  await visitAll()
  const before = await settledCount()
  const { token } = await api('/tokens', { name: 'robot', role: 'viewer' })
  const tokenWorks = async () =>
    (await fetch(`${gate.urls[0]}/__sluice/api/v1/me`, { headers: { authorization: `Bearer ${token}` } }))
      .status

  await gate.restart({ worker: current, objects: current })
  expect([await counted(), await tokenWorks()]).toEqual([before, 200])
  await visitAll()
  await eventually('this release counts on', async () => (await counted()) === before + VISITORS)
  await api(`/flags/${FLAG}/rollback`, { reason: 'by hand' })
  await api(`/flags/${FLAG}/kill`, { reason: 'and cut off' })

  await gate.restart({ worker: earlier, objects: earlier })
  expect([(await summary()).state, await tokenWorks()]).toEqual(['killed', 200])
  await closesSoon('the kill is in force')
  await api(`/flags/${FLAG}/unkill`, { reason: 'a look' })
  expect((await summary()).state).toBe('rolled-back')
  await closesSoon('the rollback is in force')
  await api(`/flags/${FLAG}/resume`, { reason: 'fixed' })
  await isolatesSplit()
  const { generation } = (await api(`/flags/${FLAG}`)).status

  await gate.restart({ worker: current, objects: current })
  expect((await api(`/flags/${FLAG}`)).status).toMatchObject({ generation, state: 'open', percentage: 50 })
  await isolatesSplit()
  const { version } = await api('/document')
  expect([version, await tokenWorks()]).toEqual([1, 200])
})
