/** Features of GrowthBook of every shape, against its own SDK. `FUZZ_RUNS` and `FUZZ_SEED` for others. */
import { GrowthBook } from '@growthbook/growthbook'
import fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import { attributesIn } from '../../../src/api/flags/given-attributes.ts'
import { importGrowthBook } from '../../../src/interop/growthbook/import.ts'
import { deciderFor, documentIn } from '../decider.ts'
import { growthBookAttributes, growthBookFile } from './growthbook-arbitrary.ts'

it('imported features decide as the SDK of GrowthBook does, whatever they are', () => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  let compared = 0
  let refused = 0
  const seen = new Map<string, number>()
  fc.assert(
    fc.property(
      growthBookFile,
      fc.array(growthBookAttributes, { minLength: 6, maxLength: 6 }),
      ({ features, savedGroups }, visitors) => {
        const imported = importGrowthBook(JSON.stringify({ features, savedGroups }))
        const decide = deciderFor(documentIn(imported))
        const lossy = new Set(
          imported.ok ? imported.losses.map(({ path }) => path.replace(/^\$\.features\.(\w+).*/s, '$1')) : [],
        )
        for (const [key, { rules }] of Object.entries(features)) {
          const parents = rules.flatMap((rule) => ('parentConditions' in rule ? rule.parentConditions : []))
          if (lossy.has(key) || parents.some(({ id }) => lossy.has(id))) {
            lossy.add(key)
            refused++
            continue
          }
          for (const attributes of visitors) {
            const { id, ...rest } = attributes
            // A targeting key is a text here: 7 and "7" are one visitor, whom GrowthBook tells apart.
            if (/^\d+$/.test(String(id))) continue
            const own = decide(key, {
              ...(id !== undefined && { targetingKey: String(id) }),
              attributes: attributesIn(rest),
            })
            const sdk = new GrowthBook({
              features: structuredClone(features) as never,
              savedGroups: savedGroups as never,
              attributes,
            })
            const { value } = sdk.evalFeature(key)
            expect({ key, attributes, value: own?.value }).toEqual({ key, attributes, value })
            const answer = JSON.stringify(value)
            seen.set(answer, (seen.get(answer) ?? 0) + 1)
            compared++
          }
        }
      },
    ),
    {
      numRuns: Number(process.env.FUZZ_RUNS ?? 150),
      ...(process.env.FUZZ_SEED && { seed: Number(process.env.FUZZ_SEED) }),
    },
  )
  expect(refused * 6).toBeLessThan(compared / 4)
  expect(seen.size).toBeGreaterThan(5)
}, 120_000)
