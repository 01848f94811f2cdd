import { expect, test } from 'vitest'
import { examplesOf } from '../../../src/core/decision/sample-answers.ts'

test('examples are the values that samples have most often, five of each attribute', () => {
  const of = (country: string | null, plans: string | string[]) => ({ attributes: { country, plans } })
  const rare = ['A', 'B', 'C', 'D', 'E', 'F'].map((code) => of(code, []))
  const samples = [
    ...rare,
    of('RO', 'pro'),
    of('RO', ['pro', 'beta']),
    of('US', 'pro'),
    of('US', 'x'),
    of('US', 'beta'),
  ]
  expect(examplesOf(samples)).toEqual({
    country: ['US', 'RO', 'A', 'B', 'C'],
    plans: ['pro', 'beta', 'x'],
  })
  expect(examplesOf([of(null, []), { attributes: { bot: true, asn: 3 } }])).toEqual({
    ...{ country: [], plans: [], bot: ['true'], asn: ['3'] },
  })
  expect(examplesOf([])).toEqual({})
})
