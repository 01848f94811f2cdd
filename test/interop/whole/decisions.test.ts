/**
 * The flags of the whole imports, decided here and by the system that they come from, for visitors on both sides of each
 * of their boundaries. What an import lists as not carried over is left out.
 */
import { GrowthBook } from '@growthbook/growthbook'
import { init, integrations } from '@launchdarkly/node-server-sdk'
import { FlagdCore } from '@openfeature/flagd-core'
import { expect, it, vi } from 'vitest'
import { attributesIn } from '../../../src/api/flags/given-attributes.ts'
import { parseDocumentValue } from '../../../src/core/config/parse/parse.ts'
import type { GateDocumentInput } from '../../../src/core/config/schema/document.ts'
import { exportFlagd } from '../../../src/interop/flagd/export.ts'
import { importFlagd } from '../../../src/interop/flagd/import.ts'
import { importGrowthBook } from '../../../src/interop/growthbook/import.ts'
import type { Imported } from '../../../src/interop/imported.ts'
import { importLaunchDarkly } from '../../../src/interop/launchdarkly/import.ts'
import { deciderFor, documentIn } from '../decider.ts'
import { answerOf } from '../flagd/flagd-arbitrary.ts'
import { FLAGD } from './sources/flagd.ts'
import { GROWTHBOOK } from './sources/growthbook.ts'
import { LAUNCHDARKLY } from './sources/launchdarkly.ts'

const quiet = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} }
const OF_A = [-1, 0, 1, 2, 8.5, '', 'x', 'xy', 'null', 'on', '1.2.3', '2.1.0', true, false, undefined]
const VISITORS = OF_A.map((a, index) => ({
  id: ['ada', 'bob', 'eve', 'zoe'][index % 4] ?? '',
  plain: {
    email: `${index}@example.com`,
    b: index % 3 === 0 ? 'y' : index % 3,
    plan: ['pro', 'free'][index % 2],
  },
  ...(a !== undefined && { a }),
}))

/** They require a flag that has no place in a document, which is listed. */
const NEVER_ON = new Set(['needs-archived', 'needs-unfit', 'child-of-an-unfit'])

/** Keys of flags that say all of what their source says, so that both decide alike. */
function faithfulIn(imported: Imported, folder: string): string[] {
  if (!imported.ok) throw new Error(JSON.stringify(imported.problems))
  const lossy = new Set(
    imported.losses.map(({ path }) =>
      path.replace(new RegExp(`^\\$\\.${folder}(?:\\.([\\w-]+)|\\["(.*?)"\\]).*`, 's'), '$1$2'),
    ),
  )
  const { flags = {} } = imported.document
  const isFaithful = (key: string): boolean =>
    !lossy.has(key) &&
    !NEVER_ON.has(key) &&
    (flags[key]?.requires ?? []).every((each) => isFaithful(typeof each === 'string' ? each : each.flag))
  return Object.keys(flags).filter(isFaithful)
}

it('as flagd does', () => {
  const imported = importFlagd(JSON.stringify(FLAGD))
  const decide = deciderFor(documentIn(imported))
  const keys = faithfulIn(imported, 'flags')
  const reference = new FlagdCore(undefined, quiet)
  const flags = Object.fromEntries(Object.entries<object>(FLAGD.flags).filter(([key]) => keys.includes(key)))
  reference.setConfigurations(JSON.stringify({ ...FLAGD, flags }))
  const found: unknown[] = []
  for (const key of keys)
    for (const { id, a, plain } of VISITORS) {
      const attributes = { ...(a !== undefined && { a }), ...plain }
      const own = answerOf(decide(key, { targetingKey: id, attributes }))
      const { variant, value } =
        reference.getFlag(key)?.evaluate({ targetingKey: id, ...attributes } as never, quiet) ?? {}
      if (JSON.stringify([own.variant, own.value]) !== JSON.stringify([variant, value]))
        found.push({ key, a, own, variant, value })
    }
  expect(found).toEqual([])
})

it('as GrowthBook does', () => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  const { features, savedGroups } = GROWTHBOOK
  const imported = importGrowthBook(JSON.stringify({ features, savedGroups }))
  const decide = deciderFor(documentIn(imported))
  const found: unknown[] = []
  for (const { id, a, plain } of VISITORS) {
    const attributes = { ...(a !== undefined && { a }), ...plain }
    const sdk = new GrowthBook({
      features: features as never,
      savedGroups: savedGroups as never,
      attributes: { id, ...attributes },
    })
    for (const key of faithfulIn(imported, 'features')) {
      const own = decide(key, { targetingKey: id, attributes: attributesIn(attributes) })?.value
      const { value } = sdk.evalFeature(key)
      if (JSON.stringify(own) !== JSON.stringify(value)) found.push({ key, a, own, value })
    }
  }
  expect(found).toEqual([])
})

it('as LaunchDarkly does', async () => {
  const imported = importLaunchDarkly(JSON.stringify(LAUNCHDARKLY))
  const decide = deciderFor(documentIn(imported))
  const data = new integrations.TestData()
  // Such a key is too much for the SDK's own table of dependencies.
  for (const [key, flag] of Object.entries(LAUNCHDARKLY.flags))
    if (!JSON.stringify(flag).includes('"constructor"'))
      data.usePreconfiguredFlag(structuredClone({ key, version: 1, ...flag }))
  for (const [key, segment] of Object.entries(LAUNCHDARKLY.segments))
    data.usePreconfiguredSegment(structuredClone({ key, version: 1, ...segment }))
  const client = init('sdk-key', {
    updateProcessor: data.getFactory(),
    sendEvents: false,
    diagnosticOptOut: true,
    logger: quiet,
  })
  await client.waitForInitialization({ timeout: 5 })
  const found: unknown[] = []
  for (const { id, a, plain } of VISITORS) {
    const attributes = { ...(a !== undefined && { a }), ...plain }
    for (const key of faithfulIn(imported, 'flags')) {
      if (key.includes('own-word') || key.includes('constructor')) continue
      const own = decide(key, { targetingKey: id, attributes: attributesIn(attributes) })?.value ?? null
      const value = await client.variation(key, { kind: 'user', key: id, ...attributes }, null)
      if (JSON.stringify(own) !== JSON.stringify(value)) found.push({ key, a, own, value })
    }
  }
  client.close()
  expect(found).toEqual([])
})

it('a share by the hash of an attribute decides in flagd as here, for visitors with and without it, and a key', () => {
  const hashes = [
    [{ attribute: 'email' }],
    [{ text: 'x' }, { attribute: 'email' }],
    [{ attribute: 'email', missing: 'null' }, { text: '.' }],
  ]
  const flags = Object.fromEntries(
    hashes.map((hash, index) => [
      `by-${index}`,
      {
        variants: { on: true, off: false },
        off: 'off',
        rules: [{ serve: 'on', percentage: 50, bucketing: { scheme: 'flagd', hash } }],
      },
    ]),
  )
  const document = {
    origins: { app: { url: 'http://app.test' } },
    routes: [{ path: '/*', origin: 'app' }],
    flags,
  } as GateDocumentInput
  const parsed = parseDocumentValue(document)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const reference = new FlagdCore(undefined, quiet)
  reference.setConfigurations(JSON.stringify(exportFlagd(parsed.value).file))
  const decide = deciderFor(document)
  const visitors = Array.from({ length: 40 }, (_, index) => ({
    ...(index % 4 < 2 && { targetingKey: `key-${index}` }),
    ...(index % 2 === 0 && { email: `${index}@example.com` }),
  }))
  const seen = new Set<unknown>()
  for (const visitor of visitors) {
    const { targetingKey, ...attributes } = visitor
    for (const key of Object.keys(flags)) {
      const own = decide(key, { ...(targetingKey !== undefined && { targetingKey }), attributes })?.value
      const { value } = reference.getFlag(key)?.evaluate(visitor as never, quiet) ?? {}
      expect({ key, visitor, value: own }).toEqual({ key, visitor, value })
      seen.add(`${key} ${value} ${targetingKey === undefined}`)
    }
  }
  expect(seen.size).toBeGreaterThan(9)
})
