import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { document } from '../harness/documents.ts'
import { eventually } from '../harness/eventually.ts'
import { failuresOf, lastAre, startLoad } from '../harness/load.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { adminOf, getPage } from '../harness/running-gate.ts'
import { type KvServer, type ServedGate, type ServeOptions, serve, startKv } from '../harness/serve.ts'

let origins: { old: Origin; new: Origin }
const opened: { close(): Promise<void> }[] = []

beforeAll(async () => {
  origins = { old: await startOrigin('old'), new: await startOrigin('new') }
})
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close()
})
afterAll(async () => {
  await Promise.all([origins.old.close(), origins.new.close()])
})

const urls = () => ({ old: origins.old.url, new: origins.new.url })
const CLOSED = () => document(urls(), { rules: [] })
const OPEN = () => document(urls(), { rules: [{ serve: 'on' }] })
const HALF = () => document(urls(), { rules: [{ percentage: 50, serve: 'on' }], guard: {} })

async function startBroken(
  options: Partial<ServeOptions> & { kv?: KvServer },
): Promise<ServedGate & { url: string; kv: KvServer }> {
  const kv = options.kv ?? (await startKv())
  opened.push(kv)
  const served = await serve({ document: CLOSED(), ...options, kv })
  opened.push(served)
  return { ...served, kv, url: served.urls[0] ?? '' }
}

async function failing(mood: KvServer['mood']): Promise<KvServer> {
  const kv = await startKv({ config: JSON.stringify(OPEN()) })
  kv.mood = mood
  return kv
}

describe('without KV', () => {
  it.each(['failing', 'hanging'] as const)(
    'that is %s at cold start, pages come by the bundled document',
    async (mood) => {
      const { url, kv } = await startBroken({ kv: await failing(mood) })
      const startedMs = Date.now()
      // All wait for what the first of them has asked for.
      const burst = await Promise.all(Array.from({ length: 64 }, () => getPage(url)))
      expect(new Set(burst.map(({ status, text }) => `${status} ${text}`))).toEqual(new Set(['200 old']))
      // A cold isolate waits 1.5 s for KV; the rest is for a slow machine.
      expect(Date.now() - startedMs).toBeLessThan(30_000)
      const warmMs = Date.now()
      for (let n = 0; n < 20; n++) expect(await getPage(url)).toMatchObject({ status: 200, text: 'old' })
      expect(Date.now() - warmMs).toBeLessThan(30_000)
      expect(kv.reads).toBeGreaterThan(0)
      kv.mood = 'well'
      await eventually(
        'the document of KV counts once KV is well',
        async () => (await getPage(url)).text === 'new',
      )
    },
  )

  it('an isolate that is warm goes on with the last good document, and the status says so', async () => {
    const { url, kv } = await startBroken({ kv: await startKv({ config: JSON.stringify(OPEN()) }) })
    await eventually('the document of KV counts', async () => (await getPage(url)).text === 'new')
    const load = startLoad({ url, requestsPerSecond: 100 })
    for (const mood of ['failing', 'hanging'] as const) {
      const before = kv.reads
      kv.mood = mood
      await eventually('the gate has asked again', () => kv.reads > before + 1)
      const sinceMs = Date.now()
      await eventually('20 answers since', () => lastAre(load, 20, sinceMs, ({ origin }) => origin === 'new'))
    }
    const shots = await load.stop()
    expect(failuresOf(shots)).toEqual([])
    expect(shots.filter((shot) => shot.origin !== 'new')).toEqual([])
    kv.mood = 'failing'
    expect((await adminOf(url).call('getStatus')).document.kvError).toMatch(/KV/)
  })
})

describe('when every Durable Object throws', () => {
  it('pages come, by the document, on and on', async () => {
    const { url, kv } = await startBroken({ document: HALF(), brokenObjects: true })
    const load = startLoad({ url, requestsPerSecond: 200 })
    // Long enough for flushes to fail, and to be tried again.
    await eventually('600 answers', () => load.shots.length > 600)
    const shots = await load.stop()
    expect(failuresOf(shots)).toEqual([])
    expect(new Set(shots.map((shot) => shot.origin))).toEqual(new Set(['old', 'new']))
    const variants = new Map<number, Set<string | undefined>>()
    for (const { n, variant } of shots) {
      const visitor = n % 1_000
      variants.set(visitor, (variants.get(visitor) ?? new Set()).add(variant))
    }
    expect([...variants.values()].filter((seen) => seen.size !== 1)).toEqual([])
    kv.values.set('kill', '["*"]')
    await eventually(
      'a kill in KV still closes',
      async () => (await getPage(url, '/', { 'x-user-id': 'x' })).reason === 'killed',
    )
  })

  it('the status says that the Controller can not be reached', async () => {
    const { url } = await startBroken({ brokenObjects: true })
    expect(await adminOf(url).call('getStatus')).toMatchObject({ controller: 'unreachable' })
  })
})

describe('when the evaluator throws', () => {
  it('pages come from the stable origin', async () => {
    const { url } = await startBroken({ document: OPEN(), entry: 'test/e2e/workers/throwing-evaluator.js' })
    for (let n = 0; n < 20; n++) expect(await getPage(url)).toMatchObject({ status: 200, text: 'old' })
    const posted = await fetch(url, { method: 'POST', body: 'kept' })
    expect([posted.status, await posted.text()]).toEqual([200, 'old'])
  })
})

describe('when everything fails at once', () => {
  it('pages still come from the stable origin', async () => {
    const { url } = await startBroken({
      kv: await failing('failing'),
      document: OPEN(),
      brokenObjects: true,
      entry: 'test/e2e/workers/throwing-evaluator.js',
    })
    for (let n = 0; n < 20; n++) expect(await getPage(url)).toMatchObject({ status: 200, text: 'old' })
  })
})
