import { expect, it } from 'vitest'
import { importLaunchDarkly } from '../../../src/interop/launchdarkly/import.ts'
import { deciderFor, documentIn } from '../decider.ts'

const flag = {
  key: 'f',
  on: true,
  salt: 's',
  variations: [true, false],
  offVariation: 1,
  fallthrough: { variation: 0 },
  rules: [],
}
const fileOf = (more: object, segments: object = {}) =>
  JSON.stringify({ flags: { f: { ...flag, ...more } }, segments })
const ruleWith = (clause: object) => ({ rules: [{ variation: 0, clauses: [{ values: ['x'], ...clause }] }] })

it('takes an export of the REST API, for one of its environments', () => {
  const environment = { on: true, salt: 's', offVariation: 1, fallthrough: { variation: 0 }, rules: [] }
  const item = {
    key: 'new-shop',
    description: 'The new shop',
    tags: ['web'],
    variations: [
      { _id: '1', value: true, name: 'Shown' },
      { _id: '2', value: false },
    ],
    environments: { production: environment, test: { ...environment, on: false } },
  }
  const text = JSON.stringify({ items: [item, { ...item, key: 'old', archived: true }] })
  expect(importLaunchDarkly(text)).toMatchObject({ ok: false, problems: [{ path: '$' }] })
  const imported = importLaunchDarkly(text, undefined, { environment: 'production' })
  expect(imported).toMatchObject({ ok: true, losses: [] })
  const { flags } = documentIn(imported)
  expect(Object.keys(flags ?? {})).toEqual(['new-shop'])
  expect(flags?.['new-shop']).toMatchObject({
    description: 'The new shop',
    tags: ['web'],
    variants: { Shown: true, false: false },
  })
  const off = documentIn(importLaunchDarkly(text, undefined, { environment: 'test' }))
  expect(deciderFor(off)('new-shop', { targetingKey: 'a' })?.value).toBe(false)
})

it('takes flags and segments by key, in a list, and in a list of items', () => {
  const segment = { key: 's', included: ['a'] }
  const rule = ruleWith({ attribute: '', op: 'segmentMatch', values: ['s'] })
  const own = { ...flag, fallthrough: { variation: 1 }, ...rule }
  const of = (flags: object, segments: object) =>
    documentIn(importLaunchDarkly(JSON.stringify({ flags, segments })))
  const byKey = of({ f: own }, { s: segment })
  expect(deciderFor(byKey)('f', { targetingKey: 'a' })?.value).toBe(true)
  expect(of([own], [segment])).toEqual(byKey)
  expect(of({ items: [own] }, { items: [segment] })).toEqual(byKey)
})

it.each<[string, object, string]>([
  ['a context of another kind', ruleWith({ attribute: 'name', op: 'in', contextKind: 'org' }), '.rules[0]'],
  ['a big segment', ruleWith({ attribute: '', op: 'segmentMatch', values: ['big'] }), '.rules[0]'],
  ['a segment in a cycle', ruleWith({ attribute: '', op: 'segmentMatch', values: ['round'] }), '.rules[0]'],
  ['the kind as an attribute', ruleWith({ attribute: 'kind', op: 'in' }), '.rules[0]'],
  [
    "a pattern of JavaScript's own",
    ruleWith({ attribute: 'a', op: 'matches', values: ['(?=x)'] }),
    '.rules[0]',
  ],
  ['a variation that there is not', { fallthrough: { variation: 7 } }, '.fallthrough'],
  [
    'untracked arms',
    {
      fallthrough: {
        rollout: { kind: 'experiment', variations: [{ variation: 0, weight: 100_000, untracked: true }] },
      },
    },
    '.fallthrough.rollout',
  ],
  [
    'targets of another kind',
    { contextTargets: [{ contextKind: 'org', values: ['x'], variation: 0 }] },
    '.contextTargets[0]',
  ],
])('lists %s with its place', (_what, more, path) => {
  const clauses = [{ attribute: '', op: 'segmentMatch', values: ['round'] }]
  const segments = { big: { unbounded: true }, round: { rules: [{ clauses }] } }
  expect(importLaunchDarkly(fileOf(more, segments))).toMatchObject({
    ok: true,
    losses: [{ path: `$.flags.f${path}` }],
  })
})

it('carries over the kind of context that it is told to', () => {
  const rule = ruleWith({ attribute: 'name', op: 'in', contextKind: 'org' })
  const imported = importLaunchDarkly(fileOf({ ...rule, fallthrough: { variation: 1 } }), undefined, {
    kind: 'org',
  })
  expect(imported).toMatchObject({ ok: true, losses: [] })
  expect(deciderFor(documentIn(imported))('f', { attributes: { name: 'x' } })?.value).toBe(true)
})

it('renames keys, in prerequisites too, and keeps places', () => {
  const rollout = {
    variations: [
      { variation: 0, weight: 50_000 },
      { variation: 1, weight: 50_000 },
    ],
  }
  const one = { ...flag, key: 'my flag', fallthrough: { rollout } }
  const other = { ...flag, key: 'g', prerequisites: [{ key: 'my flag', variation: 0 }] }
  const text = JSON.stringify({ flags: { 'my flag': one, g: other } })
  const renamed = documentIn(importLaunchDarkly(text, undefined, { renamed: { 'my flag': 'mine' } }))
  expect(renamed.flags?.mine?.rules?.[0]?.bucketing).toMatchObject({
    places: [{ hash: [{ text: 'my flag.s.' }, {}] }],
  })
  expect(renamed.flags?.g?.requires).toEqual([{ flag: 'mine', variants: ['true'] }])
  expect(importLaunchDarkly(text)).toMatchObject({ losses: [{ path: '$.flags["my flag"]' }] })
})

it("takes the short form of its SDKs' files: a flag with one value for everyone", () => {
  const flags = { f: { on: false, variations: [1, 2], offVariation: 1, salt: 's', version: 1 } }
  const text = JSON.stringify({ flagValues: { a: 'x', b: { k: [1] }, 'c.d': false, f: 3 }, flags })
  const decide = deciderFor(documentIn(importLaunchDarkly(text)))
  const values = ['a', 'b', 'c.d', 'f'].map((key) => decide(key, { targetingKey: 'ann' })?.value)
  expect(values).toEqual(['x', { k: [1] }, false, 2])
})
