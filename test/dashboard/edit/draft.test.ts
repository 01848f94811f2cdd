import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  documentWith,
  placeOf,
  problemsByPlace,
  valueAt,
  withValue,
} from '../../../src/dashboard/views/edit/draft.ts'
import { EMPTY_VISITOR, visitorOf } from '../../../src/dashboard/views/try/visitor.ts'

const key = fc.oneof(fc.constantFrom('a', 'b', 'rules'), fc.nat(3))

describe('a draft', () => {
  it('has at a place what was put there, and is itself never changed', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.array(key, { minLength: 1 }),
        (definition, rest) => {
          const path = ['root', ...rest]
          const before = JSON.stringify(definition)
          expect(valueAt(withValue(definition, path, 'new'), path)).toBe('new')
          expect(JSON.stringify(definition)).toBe(before)
        },
      ),
    )
  })

  it('loses what is taken away, and nothing else', () => {
    const draft = { rules: [{ name: 'a', serve: 'on' }, { serve: 'off' }], owner: 'me' }
    expect(withValue(draft, ['rules', 0, 'name'], undefined)).toEqual({
      rules: [{ serve: 'on' }, { serve: 'off' }],
      owner: 'me',
    })
    expect(withValue(draft, ['rules', 1], undefined)).toEqual({
      rules: [{ name: 'a', serve: 'on' }],
      owner: 'me',
    })
    expect(withValue(draft, ['owner'], undefined)).toEqual({ rules: draft.rules })
  })

  it('is in the document beside the other flags', () => {
    const document = { routes: [], flags: { a: { off: 'x' } } }
    expect(documentWith(document, { key: 'b', definition: { off: 'y' } })).toEqual({
      routes: [],
      flags: { a: { off: 'x' }, b: { off: 'y' } },
    })
  })

  it('reports its own problems at their places, and of others apart from them', () => {
    const at = (path: string) => ({ path, found: '', expected: '', fix: '' })
    const problems = [at('$.flags["new.shop"].rules[0].serve'), at('$.routes[1].flag')]
    const places = problemsByPlace(problems, 'new.shop')
    expect(places.get(placeOf(['rules', 0, 'serve']))).toEqual([problems[0]])
    expect(places.get('')).toEqual([problems[1]])
  })
})

describe('a visitor to try', () => {
  it('is made of what was filled in', () => {
    const form = {
      ...EMPTY_VISITOR,
      targetingKey: 'ann',
      country: 'ro',
      url: 'https://a.test/x',
      headers: 'Cookie: beta=1',
    }
    expect(visitorOf({ ...form, attributes: 'age = 42\nname = "42"\nok = true' })).toEqual({
      targetingKey: 'ann',
      attributes: { age: 42, name: '42', ok: true },
      request: {
        url: 'https://a.test/x',
        method: 'GET',
        headers: { Cookie: 'beta=1' },
        cf: { country: 'RO' },
        claims: {},
      },
    })
    expect(visitorOf(EMPTY_VISITOR)).toEqual({ attributes: {} })
  })

  it('is refused with the line that cannot be understood', () => {
    expect(visitorOf({ ...EMPTY_VISITOR, headers: 'cookie' })).toContain('"cookie"')
    expect(visitorOf({ ...EMPTY_VISITOR, attributes: 'a = 1\nnonsense' })).toContain('"nonsense"')
  })
})
