/** What changed between two documents, as command line, History and Activity say it. */
import { describe, expect, it } from 'vitest'
import { changeWords } from '../../../src/core/config/document-words.ts'

const stages = (...percentages: number[]) => percentages.map((percentage) => ({ percentage, bake: '10m' }))
const canary = (more: object = {}) => ({
  name: 'canary',
  stages: stages(1, 5, 25, 50, 100),
  serve: 'on',
  ...more,
})
const testers = {
  name: 'testers',
  when: [{ attribute: 'email', op: 'ends_with', values: ['@e.com'] }],
  serve: 'on',
}
const flag = (parts: object = {}) => ({
  variants: { on: true, off: false },
  off: 'off',
  rules: [canary()],
  ...parts,
})
const document = (flags: object, more: object = {}) => ({
  origins: { old: { url: 'http://old' } },
  flags,
  ...more,
})
const words = (before: object, after: object) => changeWords(document({ f: before }), document({ f: after }))

describe('a change is told', () => {
  it('by rule name and stage', () => {
    expect(words(flag(), flag({ rules: [testers, canary({ stages: stages(5, 50, 100) })] }))).toEqual([
      'f: canary: stages 1/5/25/50/100 → 5/50/100; rule testers added',
    ])
    const [first, second] = [
      { percentage: 5, bake: '10m' },
      { percentage: 50, bake: '1h' },
    ]
    expect(
      words(
        flag({ rules: [canary({ stages: stages(5, 50) })] }),
        flag({ rules: [canary({ stages: [first, second] })] }),
      ),
    ).toEqual(['f: canary: stage 2 (50 %) bake 10m → 1h'])
    expect(words(flag(), flag({ rules: [{ name: 'canary', percentage: 5, serve: 'on' }] }))).toEqual([
      'f: canary: stages 1/5/25/50/100 removed; canary: percentage 5 added',
    ])
  })

  it('by conditions, order, guard, state and value', () => {
    const when = (...values: string[]) => [{ attribute: 'country', op: 'in', values }]
    expect(
      words(
        flag({ rules: [canary({ when: when('RO') })] }),
        flag({ rules: [canary({ when: when('RO', 'US') })] }),
      ),
    ).toEqual(['f: canary: conditions country in RO → country in RO, US'])
    expect(words(flag({ rules: [testers, canary()] }), flag({ rules: [canary(), testers] }))).toEqual([
      'f: rules in another order: canary, testers',
    ])
    expect(words(flag({ guard: { errors: {} } }), flag())).toEqual(['f: guard removed'])
    expect(words(flag({ guard: { alpha: 0.01 } }), flag({ guard: { alpha: 0.001 } }))).toEqual([
      'f: guard alpha 0.01 → 0.001',
    ])
    expect(words(flag(), flag({ enabled: false, salt: 'x' }))).toEqual(['f: disabled; salt x added'])
    expect(words(flag({ enabled: false }), flag())).toEqual(['f: enabled'])
    expect(words(flag({ rules: [{ serve: 'on' }] }), flag({ rules: [] }))).toEqual(['f: rule 1 removed'])
  })

  it('for flags that come and go, and for the rest of the document', () => {
    expect(changeWords(document({ a: flag() }), document({ b: flag() }))).toEqual([
      'flag a removed',
      'flag b added',
    ])
    expect(changeWords(document({}), document({}, { origins: { old: { url: 'http://older' } } }))).toEqual([
      'origin old: url http://old → http://older',
    ])
    expect(changeWords(document({}), document({}))).toEqual([])
  })

  it('with at most sixty characters of a value', () => {
    const salt = (length: number) =>
      changeWords(document({ a: flag() }), document({ a: flag({ salt: 'x'.repeat(length) }) }))
    expect(salt(60)).toEqual([`a: salt ${'x'.repeat(60)} added`])
    expect(salt(61)).toEqual([`a: salt ${'x'.repeat(59)}… added`])
  })

  it('for lists of plain values', () => {
    const tags = (...tags: string[]) => document({ a: flag({ tags }) })
    expect(changeWords(tags('ui'), tags('ui', 'night'))).toEqual(['a: tags ui → ui, night'])
  })

  it('for a new origin and the routes that lead to it', () => {
    const old = { path: '/*', origin: 'old' }
    const led = { path: '/*', flag: 'f', origins: { on: 'new', off: 'old' } }
    const api = { path: '/api/*', host: 'a.test', method: 'POST', origin: 'old' }
    const words = (was: object[], is: object[], origins: object = {}) =>
      changeWords(document({}, { routes: was }), document({}, { routes: is, origins }))
    const origins = { old: { url: 'http://old' } }
    expect(words([old], [api, led], { ...origins, new: { url: 'http://new' } })).toEqual([
      'origin new added: http://new',
      'route POST a.test /api/* added: old',
      'route /*: old → flag f',
    ])
    expect(words([api, old], [old], {})).toEqual(['origin old removed', 'route POST a.test /api/* removed'])
    expect(words([api, old], [old, api], origins)).toEqual([
      'routes in another order: /*, POST a.test /api/*',
    ])
    const other = { ...led, origins: { on: 'newer', off: 'old' } }
    expect(words([led], [other], origins)).toEqual(['route /*: origins.on new → newer'])
    // Two of one name are told by their places.
    expect(words([old, old], [old, led], origins)).toContain('routes[1].flag f added')
  })
})
