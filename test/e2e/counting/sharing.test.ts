/** Who gets the new version: as many as the percentage says, always the same ones, and more of them as it grows. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileSnapshot } from '../../../src/core/config/compile/snapshot.ts'
import { compileControl, INITIAL_CONTROL_STATE } from '../../../src/core/config/control.ts'
import { parseDocument } from '../../../src/core/config/parse/parse.ts'
import { staticContext } from '../../../src/core/context/attributes.ts'
import { type DecisionInputs, decide } from '../../../src/core/decision/decide.ts'
import { document, FLAG, flag } from '../harness/documents.ts'
import { eventually } from '../harness/eventually.ts'
import { LONG } from '../harness/long.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { getPage } from '../harness/running-gate.ts'
import { type KvServer, type ServedGate, serve, startKv } from '../harness/serve.ts'

const OTHER = 'other'
const KEYS = Array.from({ length: 20_000 }, (_, n) => `visitor-${n}`)
/** Those of them who really come through each gate, at each percentage. */
const VISITORS = KEYS.slice(0, 150)

const share = (percentage: number) => ({ rules: [{ percentage, serve: 'on' }] })
const documentAt = (urls: { old: string; new: string }, percentage: number, other = percentage) =>
  document(urls, share(percentage), { flags: { [OTHER]: flag(share(other)) } })

/** What the core decides: the keys that are on. */
function decidedOn(percentage: number, key = FLAG): Set<string> {
  const parsed = parseDocument(
    JSON.stringify(documentAt({ old: 'http://old.test', new: 'http://new.test' }, percentage)),
  )
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const { flags } = compileSnapshot(parsed.value)
  const inputs: DecisionInputs = {
    flags,
    control: compileControl(INITIAL_CONTROL_STATE, []),
    environment: 'production',
    nowMs: 0,
    overrides: undefined,
  }
  const compiled = flags.get(key)
  if (compiled === undefined) throw new Error(`No flag ${key}`)
  return new Set(KEYS.filter((each) => decide(compiled, staticContext(each, {}), inputs).variant === 'on'))
}

/** χ² of the two by two table of two sets; with one degree of freedom it is above 10.83 once in 1,000 times. */
function chiSquared(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let sum = 0
  for (const inA of [true, false]) {
    for (const inB of [true, false]) {
      const seen = KEYS.filter((key) => a.has(key) === inA && b.has(key) === inB).length
      const rows = inA ? a.size : KEYS.length - a.size
      const columns = inB ? b.size : KEYS.length - b.size
      const expected = (rows * columns) / KEYS.length
      sum += (seen - expected) ** 2 / expected
    }
  }
  return sum
}

const lost = (before: ReadonlySet<string>, after: ReadonlySet<string>) =>
  [...before].filter((key) => !after.has(key))

describe('of 20,000 targeting keys', () => {
  it.each([1, 10, 25, 50, 99])('%d % are on within 3 standard deviations', (percentage) => {
    const p = percentage / 100
    const deviation = Math.sqrt(KEYS.length * p * (1 - p))
    expect(Math.abs(decidedOn(percentage).size - KEYS.length * p)).toBeLessThan(3 * deviation)
  })

  it('no one leaves as the percentage grows, and at 100 % everybody is on', () => {
    const steps = [0, 1, 10, 25, 50, 99.999, 100].map((percentage) => decidedOn(percentage))
    for (const [index, after] of steps.slice(1).entries())
      expect(lost(steps[index] ?? after, after)).toEqual([])
    expect(steps[0]?.size).toBe(0)
    expect(steps.at(-1)?.size).toBe(KEYS.length)
  })

  it('being in one flag says nothing about being in another', () => {
    const here = decidedOn(25)
    expect(chiSquared(here, decidedOn(25, OTHER))).toBeLessThan(10.83)
    expect(chiSquared(here, here)).toBeGreaterThan(10_000)
  })
})

// One story: the last test restarts the gates.
describe('through running gates', { shuffle: false }, () => {
  let origins: { old: Origin; new: Origin }
  let kv: KvServer
  let gate: ServedGate
  const urls = () => ({ old: origins.old.url, new: origins.new.url })
  let written = 0
  /** Each is a new text: one that was in force before could also be an old one seen late. */
  const publish = (percentage: number) => {
    const flagParts = { ...share(percentage), description: `document ${++written}` }
    const more = { flags: { [OTHER]: flag(share(percentage)) } }
    kv.values.set('config', JSON.stringify(document(urls(), flagParts, more)))
  }

  beforeAll(async () => {
    origins = { old: await startOrigin('old'), new: await startOrigin('new') }
    kv = await startKv()
    publish(10)
    gate = await serve({ document: documentAt(urls(), 0), kv, isolates: 2 })
  })
  afterAll(async () => {
    await gate?.close()
    await Promise.all([kv?.close(), origins.old.close(), origins.new.close()])
  })

  /** Those of the keys that an isolate leads to the new origin. */
  async function ledToNew(isolate: number, keys: readonly string[]): Promise<string[]> {
    const left = keys.values()
    const on: string[] = []
    const come = async () => {
      for (const key of left) {
        const page = await getPage(gate.urls[isolate] ?? '', '/', { 'x-user-id': key })
        if (page.status !== 200) throw new Error(`${key} got ${page.status}`)
        if (page.text === 'new') on.push(key)
      }
    }
    await Promise.all(Array.from({ length: 8 }, come))
    return on.sort()
  }

  /** Waits until an isolate has the document of this percentage, and compares its decisions with the core's. */
  async function agrees(isolate: number, percentage: number, visitors = VISITORS): Promise<void> {
    const on = decidedOn(percentage)
    const few = VISITORS.slice(0, 30)
    const fewOn = few.filter((key) => on.has(key)).sort()
    await eventually(`isolate ${isolate} serves ${percentage} %`, async () => {
      return String(await ledToNew(isolate, few)) === String(fewOn)
    })
    expect(await ledToNew(isolate, visitors)).toEqual(visitors.filter((key) => on.has(key)).sort())
  }

  it(`${VISITORS.length} of them get what the core decides, on each of two isolates, at each percentage`, async () => {
    for (const percentage of [10, 50, 100]) {
      publish(percentage)
      for (const isolate of [0, 1]) await agrees(isolate, percentage)
    }
  }, 600_000)

  it.runIf(LONG)(
    'all 20,000 get it at 25 %',
    async () => {
      publish(25)
      await agrees(0, 25, KEYS)
    },
    600_000,
  )

  it('and the same after a restart', async () => {
    publish(50)
    await agrees(0, 50)
    await gate.close()
    gate = await serve({ document: documentAt(urls(), 0), kv, isolates: 2 })
    for (const isolate of [0, 1]) await agrees(isolate, 50)
  }, 600_000)
})
