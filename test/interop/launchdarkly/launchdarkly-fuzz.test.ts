/** Flags of LaunchDarkly of every shape, against its own SDK without network. `FUZZ_RUNS`, `FUZZ_SEED` for others. */
import { init, integrations, type LDClient } from '@launchdarkly/node-server-sdk'
import fc from 'fast-check'
import { afterEach, expect, it } from 'vitest'
import { attributesIn } from '../../../src/api/flags/given-attributes.ts'
import { importLaunchDarkly } from '../../../src/interop/launchdarkly/import.ts'
import { deciderFor, documentIn } from '../decider.ts'
import { launchDarklyContext, launchDarklyFile } from './launchdarkly-arbitrary.ts'

const quiet = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} }
let client: LDClient | undefined
afterEach(() => client?.close())

it('imported flags decide as the SDK of LaunchDarkly does, whatever they are', async () => {
  let compared = 0
  let refused = 0
  const seen = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(
      launchDarklyFile,
      fc.array(launchDarklyContext, { minLength: 6, maxLength: 6 }),
      async (file, contexts) => {
        const imported = importLaunchDarkly(JSON.stringify(file))
        const decide = deciderFor(documentIn(imported))
        const lossy = new Set(
          imported.ok ? imported.losses.map(({ path }) => path.replace(/^\$\.flags\.(\w+).*/s, '$1')) : [],
        )
        client = await sdkOf(file)
        for (const [key, { prerequisites }] of Object.entries(file.flags)) {
          if (lossy.has(key) || prerequisites.some((required) => lossy.has(required.key))) {
            if (prerequisites.length > 0) lossy.add(key)
            refused++
            continue
          }
          for (const context of contexts) {
            const { key: targetingKey, kind: _, ...rest } = context
            const own = decide(key, { targetingKey, attributes: attributesIn(rest) })
            const value = await client.variation(key, context, 'none of them')
            expect({ key, context, value: own?.value ?? 'none of them' }).toEqual({ key, context, value })
            seen.set(`${own?.variant}`, (seen.get(`${own?.variant}`) ?? 0) + 1)
            compared++
          }
        }
        client.close()
      },
    ),
    {
      numRuns: Number(process.env.FUZZ_RUNS ?? 100),
      ...(process.env.FUZZ_SEED && { seed: Number(process.env.FUZZ_SEED) }),
    },
  )
  expect(refused * 6).toBeLessThan(compared / 4)
  expect(seen.size).toBeGreaterThan(5)
}, 300_000)

async function sdkOf(file: {
  flags: Record<string, object>
  segments: Record<string, object>
}): Promise<LDClient> {
  const data = new integrations.TestData()
  for (const flag of Object.values(file.flags)) data.usePreconfiguredFlag(structuredClone(flag))
  for (const segment of Object.values(file.segments)) data.usePreconfiguredSegment(structuredClone(segment))
  const made = init('sdk-key', {
    updateProcessor: data.getFactory(),
    sendEvents: false,
    diagnosticOptOut: true,
    logger: quiet,
  })
  await made.waitForInitialization({ timeout: 5 })
  return made
}
