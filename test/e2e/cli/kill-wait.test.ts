/** `sluice kill --wait` tells the truth: four isolates under load, watched from outside. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { buildWorker } from '../../../src/local/build/build-worker.ts'
import { startTraffic, type Watch } from '../../../test-kit/traffic/request-loop.ts'
import { type KvService, startKvService } from '../../../test-kit/workerd/kv-service.ts'
import { ADMIN_TOKEN, type PlainWorkerd, startPlainWorkerd } from '../../../test-kit/workerd/plain-workerd.ts'
import { type RunOptions, sluice } from '../../cli/gate/support.ts'
import { document, FLAG } from '../harness/documents.ts'
import { eventually } from '../harness/eventually.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { adminOf } from '../harness/running-gate.ts'
import { watchAdminApi } from './support/cli.ts'

const ISOLATES = 4
let origins: { old: Origin; new: Origin }
let kv: KvService
let workerd: PlainWorkerd
let traffic: Watch
watchAdminApi()

beforeAll(async () => {
  origins = { old: await startOrigin('old'), new: await startOrigin('new') }
  kv = await startKvService()
  const urls = { old: origins.old.url, new: origins.new.url }
  kv.values.set('config', JSON.stringify(document(urls, { rules: [{ serve: 'on' }] })))
  const folder = await mkdtemp(join(tmpdir(), 'sluice-kill-'))
  const worker = join(folder, 'worker.js')
  await buildWorker({ outfile: worker })
  workerd = await startPlainWorkerd({ isolates: ISOLATES, kvPort: kv.port, worker })
  await rm(folder, { recursive: true })
  traffic = startTraffic(workerd.urls, 20)
  await everyIsolateServes('new')
  await eventually('the Controller knows every isolate', async () => {
    const { isolates } = await adminOf(workerd.urls[0] ?? '', ADMIN_TOKEN).call('getConvergence')
    return isolates.converged === ISOLATES
  })
})
afterAll(async () => {
  await traffic?.stop()
  await Promise.all([workerd?.close(), kv?.close(), origins.old.close(), origins.new.close()])
})

const everyIsolateServes = (origin: string) =>
  eventually(`every isolate serves ${origin}`, () => traffic.allServe(origin), { deadlineMs: 90_000 })

const run = (args: readonly string[], options: RunOptions = {}) =>
  sluice(args, { ...options, env: { SLUICE_URL: workerd.urls[0] ?? '', SLUICE_TOKEN: ADMIN_TOKEN } })

/** Which origin answers a visitor who comes now. */
const originOf = async (url: string) => await (await fetch(url, { headers: { 'x-user-id': 'late' } })).text()

/** When the last answer of the closed origin came, of any isolate; ms since 1970. */
const lastOfNewMs = () =>
  performance.timeOrigin + Math.max(...workerd.urls.map((_, isolate) => traffic.lastFrom(isolate, 'new')))

it.each([1, 2])('when it has ended, no one is served by the closed origin any more (time %i)', async () => {
  const killed = await run(['kill', FLAG, '--wait', '--json'])
  const asked = await Promise.all(workerd.urls.flatMap((url) => [url, url, url].map(originOf)))
  expect(killed).toMatchObject({ code: 0, err: '' })
  const { convergence } = JSON.parse(killed.out)
  expect(convergence).toMatchObject({
    converged: true,
    isolates: { converged: ISOLATES, behind: 0, idle: 0 },
  })
  expect(new Set(asked)).toEqual(new Set(['old']))
  await everyIsolateServes('old')
  // The gate's own figure, against what was seen from outside: an answer can be on its way for a while.
  const seenMs = lastOfNewMs() - Date.parse(convergence.since)
  expect(seenMs).toBeLessThan(convergence.slowestMs + 10_000)
  expect(convergence.slowestMs).toEqual(expect.any(Number))
  expect((await run(['unkill', FLAG])).code).toBe(0)
  await everyIsolateServes('new')
})

it('tells people how it goes on, and ends with what was measured', async () => {
  const { code, out, err } = await run(['kill', FLAG, '--wait', '--reason', 'drill'])
  expect(code).toBe(0)
  expect(err).toMatch(/\d\.\d s {2}(\d of 4 isolates on epoch \d+|Live everywhere after \d+\.\d s)\n/)
  expect(out).toMatch(
    /^✔ f is killed, epoch \d+\n {2}Live everywhere after \d+\.\d s\n {2}4 isolates in 1 location active in the last 60 s\n(?: {2}KV, .*\n)?$/,
  )
  // Someone else does the same: it is so already, and seen everywhere.
  const again = await run(['kill', FLAG, '--wait'])
  expect([again.code, again.err.includes('is killed already')]).toEqual([0, true])
  expect((await run(['unkill', FLAG])).code).toBe(0)
  await everyIsolateServes('new')
})

it('says so while KV is down: isolates have it all the same, new ones would not', async () => {
  kv.isDown = true
  const killed = await run(['kill', FLAG, '--wait'])
  expect(killed.code).toBe(0)
  expect(killed.out).toContain('KV')
  await everyIsolateServes('old')
  kv.isDown = false
  expect((await run(['unkill', FLAG])).code).toBe(0)
  await everyIsolateServes('new')
  // What failed is tried again in its own time, and told of until then.
  await eventually('KV has it all', async () => {
    const { kv: written } = await adminOf(workerd.urls[0] ?? '', ADMIN_TOKEN).call('getConvergence')
    return written.error === null
  })
})
