/** Flags of flagd of every shape, against flagd's own evaluator. `FUZZ_RUNS` and `FUZZ_SEED` for others. */
import { FlagdCore } from '@openfeature/flagd-core'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { importFlagd } from '../../../src/interop/flagd/import.ts'
import { deciderFor, documentIn } from '../decider.ts'
import { answerOf, flagdContext, flagdFile } from './flagd-arbitrary.ts'

const quiet = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} }

it('imported flags decide as flagd does, whatever they are', () => {
  const seen = new Map<unknown, number>()
  let refused = 0
  let compared = 0
  fc.assert(
    fc.property(flagdFile, fc.array(flagdContext, { minLength: 6, maxLength: 6 }), (file, contexts) => {
      const text = JSON.stringify(file)
      const imported = importFlagd(text)
      const lossy = new Set(
        imported.ok ? imported.losses.map(({ path }) => path.replace(/^\$\.flags\.(\w+).*/s, '$1')) : [],
      )
      const decide = deciderFor(documentIn(imported))
      const reference = new FlagdCore(undefined, quiet)
      reference.setConfigurations(text)
      for (const key of Object.keys(file.flags)) {
        if (lossy.has(key)) {
          refused++
          continue
        }
        // Of what is missing in a "cat" flagd's evaluator makes "null" or nothing, by the shape of what is around it.
        const isPut = JSON.stringify(file.flags[key as 'a']).includes('"cat"')
        for (const given of contexts) {
          if (isPut && (given.email === undefined || given.id === undefined)) continue
          const { targetingKey, ...attributes } = given
          const decision = decide(key, { ...(targetingKey !== undefined && { targetingKey }), attributes })
          const { variant, value, reason } = reference.getFlag(key)?.evaluate(given as never, quiet) ?? {}
          expect({ key, given, ...answerOf(decision) }).toEqual({ key, given, variant, value })
          // Targeting that no context can change is static too, and the default is not what targeting decided.
          if (reason === 'STATIC') expect(decision?.reason).toBe('STATIC')
          if (decision?.reason === 'DEFAULT') expect([reason, key]).toEqual(['DEFAULT', key])
          seen.set(variant, (seen.get(variant) ?? 0) + 1)
          compared++
        }
      }
    }),
    {
      numRuns: Number(process.env.FUZZ_RUNS ?? 250),
      ...(process.env.FUZZ_SEED && { seed: Number(process.env.FUZZ_SEED) }),
    },
  )
  // What is refused, or always the same, proves little.
  expect(refused * 6).toBeLessThan(compared / 2)
  expect(seen.size).toBeGreaterThan(3)
  expect(Math.max(...seen.values())).toBeLessThan(compared * 0.7)
}, 120_000)
