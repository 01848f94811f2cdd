/**
 * Ten isolates under a steady load decide alike soon after a change, by whichever way alone they hear of it: the reply to a
 * flush, KV, or the Controller, which one isolate has told of what it saw in KV.
 */
import { afterEach, expect, it } from 'vitest'
import { eventually } from '../harness/eventually.ts'
import { LONG } from '../harness/long.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { raw } from '../harness/raw.ts'
import { adminOf } from '../harness/running-gate.ts'
import { type KvServer, type ServedGate, type ServeOptions, serve, startKv } from '../harness/serve.ts'

const ISOLATES = 10
const VISIT_EVERY_MS = 250
/** What is promised where the machine has time; where it has none, that it is not the next way, which takes half a minute. */
const MOST_MS = LONG ? 6_000 : 20_000
const FLAG = 'shop'
const TIMEOUT_MS = 150_000
const OFF = { variants: { on: true, off: false }, off: 'off', rules: [] }

type Stage = {
  kv: KvServer
  gate: ServedGate
  document: object
  /** Resolves when all isolates serve an origin: how long the last one came after the first, ms. */
  agree(origin: 'old' | 'new'): Promise<number>
}

let close: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const each of close.reverse()) await each()
  close = []
})

async function stage(options: Partial<ServeOptions> = {}): Promise<Stage> {
  const origins: Origin[] = await Promise.all([startOrigin('old'), startOrigin('new')])
  const [old, fresh] = origins
  close.push(async () => void (await Promise.all(origins.map((each) => each.close()))))
  const document = {
    origins: { old: { url: old?.url }, new: { url: fresh?.url } },
    context: { targetingKey: { header: 'x-user-id' } },
    routes: [{ path: '/*', flag: FLAG, origins: { on: 'new', off: 'old' } }],
    flags: { [FLAG]: { ...OFF, rules: [{ serve: 'on' }] } },
  }
  const kv = await startKv({ config: JSON.stringify(document) })
  close.push(() => kv.close())
  const gate = await serve({ document, kv, isolates: ISOLATES, environment: 'production', ...options })
  close.push(() => gate.close())
  const served = gate.urls.map(() => ({ origin: '', sinceMs: 0 }))
  const headers = { accept: 'text/html', 'x-user-id': 'visitor' }
  let isOver = false
  const visits = gate.urls.map(async (url, isolate) => {
    while (!isOver) {
      // A busy machine may refuse a visit; the next one tells.
      const text = await raw(url, { headers }).then(
        (answer) => answer.text,
        () => '',
      )
      const origin = /^(?:old|new)/.exec(text)?.[0]
      if (origin !== undefined && served[isolate]?.origin !== origin)
        served[isolate] = { origin, sinceMs: Date.now() }
      await new Promise((resolve) => setTimeout(resolve, VISIT_EVERY_MS))
    }
  })
  close.push(async () => {
    isOver = true
    await Promise.all(visits)
  })
  const agree = async (origin: 'old' | 'new') => {
    const isThere = () => served.every((each) => each.origin === origin)
    await eventually(`all isolates serve ${origin}`, isThere, { deadlineMs: 100_000 })
    const times = served.map(({ sinceMs }) => sinceMs)
    return Math.max(...times) - Math.min(...times)
  }
  await agree('new')
  return { kv, gate, document, agree }
}

it('by replies to flushes, while KV fails', { timeout: TIMEOUT_MS }, async () => {
  const { kv, gate, agree } = await stage()
  kv.mood = 'failing'
  const startedMs = Date.now()
  await adminOf(gate.urls[0] ?? '').call('commandFlag', {
    params: { flag: FLAG, verb: 'kill' },
    body: { reason: 'a test' },
  })
  await agree('old')
  expect(Date.now() - startedMs).toBeLessThan(MOST_MS)
})

it('by KV, while Durable Objects fail', { timeout: TIMEOUT_MS }, async () => {
  // In development KV is read each second; in production, where reads are cached, every half a minute.
  const { kv, agree } = await stage({ brokenObjects: true, environment: 'development' })
  kv.values.set('kill', JSON.stringify([FLAG]))
  const startedMs = Date.now()
  await agree('old')
  expect(Date.now() - startedMs).toBeLessThan(MOST_MS)
  kv.values.set('kill', '[]')
  await agree('new')
})

it('by the Controller, which one isolate tells of a document in KV', { timeout: TIMEOUT_MS }, async () => {
  const { kv, document, agree } = await stage()
  kv.values.set('config', JSON.stringify({ ...document, flags: { [FLAG]: OFF } }))
  // The others would read it within half a minute, each in its time.
  expect(await agree('old')).toBeLessThan(MOST_MS)
})
