/** The runner for GrowthBook's cases tells what passes from what does not. */
import { expect, it } from 'vitest'
import { resultsOf } from './cases.ts'

it('cases pass, fail, are listed, or are not about flags', () => {
  const experiment = { key: 'my-test', variations: ['a', 'b'] }
  const results = resultsOf({
    specVersion: '1',
    evalCondition: [
      ['holds', { plan: 'pro' }, { plan: 'pro' }, true],
      ['said wrongly', { plan: 'pro' }, { plan: 'pro' }, false],
      ['of a group, by a number', { id: { $inGroup: 'g' } }, { id: 1 }, true, { g: [1, 2] }],
      ['listed', { tags: { $size: 2 } }, { tags: ['a', 'b'] }, true],
    ],
    feature: [
      ['forced', { features: { f: { defaultValue: 1, rules: [{ force: 2 }] } } }, 'f', { value: 2 }],
      ['in the app', { forcedVariations: { e: 1 }, features: {} }, 'f', { value: null }],
    ],
    run: [
      ['in', { attributes: { id: '1' } }, experiment, 'b', true, true],
      ['none without an id', { attributes: {} }, experiment, 'a', false, false],
    ],
    decrypt: [['x']],
  })
  const outcomes = Object.fromEntries(
    Object.entries(results).map(([kind, list]) => [kind, list.map(({ outcome }) => outcome)]),
  )
  expect(outcomes).toEqual({
    evalCondition: ['pass', 'fail', 'pass', 'listed'],
    feature: ['pass', 'elsewhere'],
    run: ['pass', 'pass'],
    decrypt: ['elsewhere'],
  })
})
