/**
 * Random files of flagd, LaunchDarkly and GrowthBook through importer, KV and the running Worker, asked over OFREP,
 * against each system's own evaluator. `FUZZ_RUNS` is how many files of each, `FUZZ_SEED` which.
 */
import { GrowthBook } from '@growthbook/growthbook'
import { init, integrations } from '@launchdarkly/node-server-sdk'
import { FlagdCore } from '@openfeature/flagd-core'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest'
import { importFlagd } from '../../../src/interop/flagd/import.ts'
import { importGrowthBook } from '../../../src/interop/growthbook/import.ts'
import type { Imported } from '../../../src/interop/imported.ts'
import { importLaunchDarkly } from '../../../src/interop/launchdarkly/import.ts'
import { documentIn } from '../../interop/decider.ts'
import { flagdContext, flagdFile } from '../../interop/flagd/flagd-arbitrary.ts'
import { growthBookAttributes, growthBookFile } from '../../interop/growthbook/growthbook-arbitrary.ts'
import { launchDarklyContext, launchDarklyFile } from '../../interop/launchdarkly/launchdarkly-arbitrary.ts'
import { eventually } from '../harness/eventually.ts'
import { type Gate, startGate } from '../harness/running-gate.ts'

const FILES = Number(process.env.FUZZ_RUNS ?? 4)
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_129)
const CONTEXTS = 25
const MARKER = 'file-in-force'
const quiet = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} }

type Context = Record<string, unknown>
/** The value of a flag by the system itself; undefined is the app's own. */
type Reference = (key: string, context: Context) => unknown

let gate: Gate
beforeAll(async () => {
  const app = { url: 'https://app.example.com' }
  gate = await startGate({ document: { origins: { app }, routes: [{ path: '/*', origin: 'app' }] } })
})
afterAll(() => gate?.close())

async function valuesFor(context: Context): Promise<Map<string, unknown>> {
  const response = await fetch(`${gate.url}/__sluice/ofrep/v1/evaluate/flags`, {
    method: 'POST',
    body: JSON.stringify({ context }),
  })
  expect(response.status).toBe(200)
  const { flags } = (await response.json()) as { flags: { key: string; value?: unknown }[] }
  return new Map(flags.map(({ key, value }) => [key, value ?? undefined]))
}

/** Publishes an import and compares every flag of it that lost nothing. */
async function compare(
  name: string,
  imported: Imported,
  contexts: Context[],
  reference: Reference,
): Promise<number> {
  const { flags = {}, ...rest } = documentIn(imported)
  const marker = { variants: { on: name, off: '' }, off: 'off', rules: [{ serve: 'on' }] }
  const flagQueries = { requestsPerMinute: 1_000_000 }
  await gate.kv.put('config', { ...rest, flagQueries, flags: { ...flags, [MARKER]: marker } })
  await eventually(`the gate decides by ${name}`, async () => (await valuesFor({})).get(MARKER) === name)
  const lost = imported.ok ? imported.losses.map(({ path }) => path.split('.')[2] ?? '') : []
  const depends = (key: string): boolean =>
    lost.includes(key) ||
    (flags[key]?.requires ?? []).some((required) =>
      depends(typeof required === 'string' ? required : required.flag),
    )
  let compared = 0
  for (const context of contexts) {
    const values = await valuesFor(context)
    for (const key of Object.keys(flags).filter((each) => !depends(each))) {
      const expected = (await reference(key, context)) ?? undefined
      expect({ name, key, context, value: values.get(key) }).toEqual({ name, key, context, value: expected })
      compared++
    }
  }
  return compared
}

function samples<T>(arbitrary: fc.Arbitrary<T>, count: number, offset = 0): T[] {
  return fc.sample(arbitrary, { numRuns: count, seed: SEED + offset })
}

it('flags of flagd', async () => {
  let compared = 0
  for (const [index, file] of samples(flagdFile, FILES).entries()) {
    const text = JSON.stringify(file)
    const core = new FlagdCore(undefined, quiet)
    core.setConfigurations(text)
    const contexts = samples(flagdContext, CONTEXTS, index).filter(
      ({ email, id }) => !text.includes('"cat"') || (email !== undefined && id !== undefined),
    )
    compared += await compare(`flagd ${index}`, importFlagd(text), contexts, (key, context) => {
      return core.getFlag(key)?.evaluate(context as never, quiet).value
    })
  }
  expect(compared).toBeGreaterThan(FILES * 20)
}, 120_000)

it('flags of LaunchDarkly', async () => {
  let compared = 0
  for (const [index, file] of samples(launchDarklyFile, FILES).entries()) {
    const data = new integrations.TestData()
    for (const flag of Object.values(file.flags)) data.usePreconfiguredFlag(structuredClone(flag))
    for (const segment of Object.values(file.segments)) data.usePreconfiguredSegment(structuredClone(segment))
    const options = { updateProcessor: data.getFactory(), sendEvents: false, diagnosticOptOut: true }
    const client = init('sdk-key', { ...options, logger: quiet })
    await client.waitForInitialization({ timeout: 5 })
    const contexts = samples(launchDarklyContext, CONTEXTS, index).map(({ key, kind: _, ...rest }) => {
      return { targetingKey: key, ...rest }
    })
    compared += await compare(
      `LaunchDarkly ${index}`,
      importLaunchDarkly(JSON.stringify(file)),
      contexts,
      (flag, { targetingKey, ...rest }) =>
        client.variation(flag, { kind: 'user', key: String(targetingKey), ...rest }, undefined),
    )
    client.close()
  }
  expect(compared).toBeGreaterThan(FILES * 40)
}, 120_000)

it('features of GrowthBook', async () => {
  const said = vi.spyOn(console, 'error').mockImplementation(() => {})
  onTestFinished(() => said.mockRestore())
  let compared = 0
  for (const [index, { features, savedGroups }] of samples(growthBookFile, FILES).entries()) {
    // Over OFREP the cookie names a visitor without an id, so each has one.
    const contexts = samples(growthBookAttributes, CONTEXTS, index).map(({ id, ...rest }, n) => {
      return { targetingKey: String(id ?? `visitor-${n}`), ...rest }
    })
    compared += await compare(
      `GrowthBook ${index}`,
      importGrowthBook(JSON.stringify({ features, savedGroups })),
      contexts,
      (key, { targetingKey, ...rest }) => {
        const settings = {
          features: structuredClone(features),
          savedGroups,
          // These two ids are numbers to the app; a targeting key is a text.
          attributes: {
            id: targetingKey === '7' || targetingKey === '18' ? Number(targetingKey) : targetingKey,
            ...rest,
          },
        }
        return new GrowthBook(settings as never).evalFeature(key).value
      },
    )
  }
  expect(compared).toBeGreaterThan(FILES * 40)
}, 120_000)
