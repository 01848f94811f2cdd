import { expect, it } from 'vitest'
import { importGrowthBook } from '../../../src/interop/growthbook/import.ts'
import { deciderFor, documentIn } from '../decider.ts'

const fileOf = (rules: object[], more: object = {}) =>
  JSON.stringify({ features: { f: { defaultValue: false, rules }, ...more } })

it.each<[string, object, string]>([
  ['the size of a list', { condition: { a: { $size: 2 } }, force: true }, '.rules[0]'],
  ['an object that is compared as a whole', { condition: { a: { b: 1 } }, force: true }, '.rules[0]'],
  ['an order of texts', { condition: { a: { $gt: 'x' } }, force: true }, '.rules[0]'],
  ["a pattern of JavaScript's own", { condition: { a: { $regex: '(?!x)' } }, force: true }, '.rules[0]'],
  [
    'a prerequisite of a rule alone',
    { parentConditions: [{ id: 'g', condition: {} }], force: true },
    '.rules[0]',
  ],
  ['a contextual bandit', { contextualBanditRef: 'x', variations: [1, 2] }, '.rules[0]'],
])('lists %s with its place', (_what, rule, path) => {
  expect(importGrowthBook(fileOf([rule]))).toMatchObject({
    ok: true,
    losses: [{ path: `$.features.f${path}` }],
  })
})

it('lists a prerequisite behind other rules, and never serves such a feature', () => {
  const gate = { parentConditions: [{ id: 'g', condition: { value: true }, gate: true }] }
  const imported = importGrowthBook(fileOf([{ force: true }, gate], { g: { defaultValue: true } }))
  expect(imported).toMatchObject({ losses: [{ path: '$.features.f.rules[1].parentConditions' }] })
  expect(deciderFor(documentIn(imported))('f', {})?.value).toBeNull()
})

it('has no value, not the default one, without its prerequisite', () => {
  const gate = { parentConditions: [{ id: 'my parent', condition: { value: 'on' }, gate: true }] }
  const parent = { defaultValue: 'on', rules: [{ condition: { plan: 'free' }, force: 'off' }] }
  const text = fileOf([gate], { 'my parent': parent })
  const imported = importGrowthBook(text, undefined, { 'my parent': 'parent' })
  expect(imported).toMatchObject({ ok: true, losses: [] })
  const decide = deciderFor(documentIn(imported))
  expect(decide('f', {})?.value).toBe(false)
  expect(decide('f', { attributes: { plan: 'free' } })?.value).toBeNull()
})

it('takes features alone, as the SDK does', () => {
  const features = {
    'new-checkout': { defaultValue: false, rules: [{ condition: { plan: 'pro' }, force: true }] },
    list: { defaultValue: 1, rules: [{ condition: { a: { $size: 2 } }, force: 2 }] },
  }
  const imported = importGrowthBook(JSON.stringify(features))
  expect(imported).toMatchObject({ losses: [{ path: '$.list.rules[0]' }] })
  expect(documentIn(imported).flags).toEqual(documentIn(importGrowthBook(JSON.stringify({ features }))).flags)
  expect(importGrowthBook('{"a": 1}').ok).toBe(false)
  expect(importGrowthBook('{}').ok).toBe(false)
})
