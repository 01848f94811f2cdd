import { describe, expect, it } from 'vitest'
import { importUnleash } from '../../../src/interop/unleash/import.ts'
import { deciderFor, documentIn } from '../decider.ts'
import { attributesOf, specifications, variantOf } from './unleash-state.ts'

describe.each(specifications())(
  'the client specification of Unleash, $name',
  ({ state, tests, variantTests }) => {
    const decide = deciderFor(documentIn(importUnleash(JSON.stringify(state))))

    it.each(tests)('$description', ({ toggleName, context, expectedResult }) => {
      expect(variantOf(decide(toggleName, { attributes: attributesOf(context) })).feature_enabled).toBe(
        expectedResult,
      )
    })

    it.each(variantTests)('$description', ({ toggleName, context, expectedResult }) => {
      expect(variantOf(decide(toggleName, { attributes: attributesOf(context) }))).toEqual(expectedResult)
    })
  },
)

it('the client specification has 279 cases', () => {
  const counts = specifications().map(({ tests, variantTests }) => [tests.length, variantTests.length])
  expect(counts.reduce(([a = 0, b = 0], [c = 0, d = 0]) => [a + c, b + d])).toEqual([227, 52])
})

it('a strategy or an operator that only JavaScript knows is unknown', () => {
  const features = ['toString', 'constructor'].map((name) => ({
    name,
    enabled: true,
    strategies: [{ name }, { name: 'default', constraints: [{ contextName: 'a', operator: name }] }],
  }))
  const decide = deciderFor(documentIn(importUnleash(JSON.stringify({ features: features.slice(0, 1) }))))
  expect(decide('toString', { attributes: { a: 'x' } })?.variant).toBe('off')
  expect(importUnleash(JSON.stringify({ features }))).toMatchObject({
    ok: false,
    problems: [{ path: '$.flags.constructor' }],
  })
})

it('a date without a zone is UTC, wherever the file is imported', () => {
  const zone = process.env.TZ
  process.env.TZ = 'America/New_York'
  try {
    const constraints = [{ contextName: 'currentTime', operator: 'DATE_AFTER', value: '2026-06-01T12:00:00' }]
    const features = [{ name: 'a', enabled: true, strategies: [{ name: 'default', constraints }] }]
    const { flags } = documentIn(importUnleash(JSON.stringify({ features })))
    expect(flags?.a?.rules?.[0]?.when?.[0]?.values).toEqual(['2026-06-01T12:00:00.000Z'])
  } finally {
    if (zone === undefined) delete process.env.TZ
    else process.env.TZ = zone
  }
})
