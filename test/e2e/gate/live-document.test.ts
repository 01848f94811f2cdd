import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { document, FLAG, flag } from '../harness/documents.ts'
import { eventually } from '../harness/eventually.ts'
import { failuresOf, type Load, lastAre, startLoad } from '../harness/load.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { type Gate, startGate } from '../harness/running-gate.ts'

let origins: { old: Origin; new: Origin }
let gate: Gate
let load: Load

const CLOSED = { rules: [] }
const OPEN = { rules: [{ serve: 'on' }] }
/** 20 MB in KV keep a busy machine busy; it is not the origins that are late then. */
const PATIENT = { timeoutMs: 100_000 }
let written = 0
/** Each is a new text: one that was in force before could also be an old one seen late. */
const documentWith = (...parts: [flagParts: object, more?: object]) =>
  document(
    { old: origins.old.url, new: origins.new.url },
    { description: `document ${++written}`, ...parts[0] },
    {
      origins: { old: { url: origins.old.url, ...PATIENT }, new: { url: origins.new.url, ...PATIENT } },
      ...parts[1],
    },
  )

beforeAll(async () => {
  origins = { old: await startOrigin('old'), new: await startOrigin('new') }
  gate = await startGate({ document: documentWith(CLOSED) })
  load = startLoad({ url: gate.url, requestsPerSecond: 150 })
})
afterAll(async () => {
  await load?.stop()
  await Promise.all([gate?.close(), origins.old.close(), origins.new.close()])
})

/** Resolves when the last 20 answers, to what was sent from now on, all came from this origin. */
const onlyFrom = (origin: string) => {
  const sinceMs = Date.now()
  return eventually(
    `all answers come from ${origin}`,
    () => lastAre(load, 20, sinceMs, (shot) => shot.origin === origin),
    { seen: async () => [load.shots.at(-1), (await gate.status()).document, await gate.kv.get('state')] },
  )
}

describe('a document replaced in KV while visitors keep coming', () => {
  it('decides anew within the refresh interval, and no request fails', async () => {
    await gate.kv.put('config', documentWith(CLOSED))
    await onlyFrom('old')
    const publishedMs = Date.now()
    await gate.kv.put('config', documentWith(OPEN))
    await onlyFrom('new')
    const lastOld = load.shots.findLast((shot) => shot.origin === 'old')
    // The interval is 1 s in development; the rest is for a slow machine.
    expect((lastOld?.sentMs ?? 0) - publishedMs).toBeLessThan(15_000)
    await gate.kv.put('config', documentWith(CLOSED))
    await onlyFrom('old')
    expect(failuresOf(load.shots)).toEqual([])
  })
})

it('a document in KV that the Controller has not adopted yet is what a resume goes by', async () => {
  const at = (percentage: number) => documentWith({ rules: [{ serve: 'on', percentage }] })
  const command = (verb: 'rollback' | 'resume') =>
    gate.admin.call('commandFlag', { params: { flag: FLAG, verb }, body: { reason: 'a test' } })
  await gate.kv.put('config', at(0))
  await onlyFrom('old')
  await gate.admin.call('getDocument')
  // Visitors have this one as soon as their isolate, and before the Controller.
  await gate.kv.put('config', at(100))
  await onlyFrom('new')
  await command('rollback')
  await onlyFrom('old')
  await command('resume')
  await onlyFrom('new')
})

describe('a broken document in KV', () => {
  const broken: [what: string, make: () => string | object, problem: RegExp][] = [
    ['bad JSON', () => '{"origins": {', /JSON/i],
    [
      'an origin that is not there',
      () =>
        documentWith(OPEN, {
          routes: [{ path: '/*', flag: FLAG, origins: { on: 'nowhere', off: 'old' } }],
        }),
      /nowhere/,
    ],
    [
      'flags that require each other',
      () =>
        documentWith(
          { ...OPEN, requires: ['g'] },
          { flags: { g: flag({ rules: [{ serve: 'on' }], requires: [FLAG] }) } },
        ),
      /requires/,
    ],
    ['wrong types', () => documentWith({ rules: [{ serve: 'on', percentage: 'half' }] }), /percentage/],
    ['20 MB of nonsense', () => 'nonsense'.repeat(2_500_000), /20,000,000 characters/],
  ]

  it.each(broken)('%s changes nothing and is reported with its problems', async (_, make, problem) => {
    const good = JSON.stringify(documentWith(OPEN))
    const goodHash = createHash('sha256').update(good).digest('hex')
    await gate.kv.put('config', good)
    await onlyFrom('new')
    await eventually('the good document is in use', async () => {
      const { document: report } = await gate.status()
      return report.problems.length === 0 && report.hash === goodHash
    })
    const brokenMs = Date.now()
    await gate.kv.put('config', make())
    const report = await eventually('the status shows the problems', async () => {
      const { document: seen } = await gate.status()
      return seen.problems.length > 0 && seen
    })
    expect(JSON.stringify(report.problems)).toMatch(problem)
    for (const each of report.problems) {
      expect(each).toEqual({
        path: expect.any(String),
        found: expect.any(String),
        expected: expect.any(String),
        fix: expect.stringMatching(/./),
      })
    }
    expect(report.hash).toBe(goodHash)
    await eventually('50 answers since', () => load.since(brokenMs).length >= 50)
    const since = load.since(brokenMs)
    expect(since.filter((shot) => shot.origin !== 'new')).toEqual([])
    expect(failuresOf(load.shots)).toEqual([])
  })

  it('is forgotten as soon as a good one follows', async () => {
    await gate.kv.put('config', '[]')
    await eventually('the problem is reported, not the one before', async () => {
      const { problems } = (await gate.status()).document
      return problems.length > 0 && !JSON.stringify(problems).includes('characters')
    })
    await gate.kv.put('config', documentWith(CLOSED))
    await onlyFrom('old')
    await eventually('no problem is left', async () => {
      const { document: report } = await gate.status()
      return report.problems.length === 0 && report.refused.length === 0
    })
    expect(failuresOf(load.shots)).toEqual([])
  })
})
