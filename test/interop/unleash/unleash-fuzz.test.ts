import { createRequire } from 'node:module'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { importUnleash } from '../../../src/interop/unleash/import.ts'
import { deciderFor, documentIn } from '../decider.ts'
import { FEATURES, id, maybe, number, unleashState, version, word } from './unleash-arbitrary.ts'
import { attributesOf, type UnleashVariantResult, variantOf } from './unleash-state.ts'

/** The client's evaluator, without its network. */
type Evaluator = {
  isEnabled(name: string, context: object, fallback: () => boolean): boolean
  getVariant(name: string, context: object): UnleashVariantResult
}
type Repository = { getToggle(name: string): unknown; getSegment(id: number): unknown }

const require = createRequire(import.meta.url)
const { default: UnleashClient } = require('unleash-client/lib/client.js') as {
  default: new (repository: Repository, strategies: unknown) => Evaluator
}
const { defaultStrategies } = require('unleash-client/lib/strategy/index.js') as {
  defaultStrategies: unknown
}

const NOW_MS = Date.parse('2026-06-01T00:00:00Z')
// Anyone who places visitors finds what it places them by: chance can't be compared.
const context = fc.record(
  {
    userId: id,
    sessionId: id,
    remoteAddress: fc.constantFrom(
      '10.0.0.1',
      '10.9.9.9',
      '192.168.1.1',
      '203.0.113.5',
      '::1',
      '2001:db8::7',
    ),
    appName: word,
    properties: fc
      .record({
        plan: fc.oneof(id, fc.constantFrom('pro', 'free')),
        region: id,
        version: maybe(version),
        age: maybe(number),
      })
      .map((properties) => JSON.parse(JSON.stringify(properties)) as Record<string, string>),
  },
  { requiredKeys: ['userId', 'sessionId', 'remoteAddress', 'properties'] },
)

it('imported features decide as the Unleash client does, whatever they are', () => {
  let compared = 0
  let on = 0
  fc.assert(
    fc.property(unleashState, fc.array(context, { minLength: 4, maxLength: 8 }), (source, contexts) => {
      const toggles = new Map<string, unknown>(source.features.map((each) => [each.name, each]))
      const segments = new Map<number, unknown>(source.segments.map((each) => [each.id, each]))
      const repository: Repository = {
        getToggle: (name) => toggles.get(name),
        getSegment: (number) => segments.get(number),
      }
      const reference = new UnleashClient(repository, defaultStrategies)
      const decide = deciderFor(documentIn(importUnleash(JSON.stringify(source))), { nowMs: NOW_MS })
      for (const each of contexts) {
        for (const name of FEATURES) {
          const mine = variantOf(decide(name, { attributes: attributesOf(each) }))
          const asked = { ...each, currentTime: new Date(NOW_MS) }
          const isOn = reference.isEnabled(name, asked, () => false)
          const { feature_enabled: _, ...variant } = reference.getVariant(name, asked)
          const { feature_enabled, ...own } = mine
          expect({ name, isOn: feature_enabled, variant: own }).toEqual({
            name,
            isOn,
            variant: withoutExtras(variant),
          })
          compared++
          if (isOn) on++
        }
      }
    }),
    { numRuns: Number(process.env.FUZZ_RUNS ?? 300) },
  )
  // Features that are never on would prove little.
  expect(on / compared).toBeGreaterThan(0.15)
}, 120_000)

/** The client repeats `feature_enabled` under a second name. */
function withoutExtras(variant: object): object {
  const { featureEnabled: _, ...rest } = variant as Record<string, unknown>
  return rest
}
