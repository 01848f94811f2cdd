/** What JSON.parse loses without a word is a problem: keys that stand twice, and numbers that no double carries. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inexactProblems } from '../../../../src/core/config/parse/exact.ts'
import { parseDocument, parseDocumentInSteps, parseJson } from '../../../../src/core/config/parse/parse.ts'
import { readSource } from '../../../../src/interop/imported.ts'
import { SEED } from '../../../support/seed.ts'

const paths = (text: string) => inexactProblems(text, JSON.parse(text)).map(({ path }) => path)

describe('a key that stands twice', () => {
  it.each([
    ['{"a":1,"a":2}', ['$.a']],
    ['{"a":{"b":1},"a":{"b":1}}', ['$.a']],
    [' { "a" : [ { "x" : 1 , "x" : 1 } ] } ', ['$.a[0].x']],
    ['{"a b":1,"\\u0061 b":2}', ['$["a b"]']],
    ['{"a":1,"a":2,"a":3}', ['$.a', '$.a']],
    ['{"__proto__":1,"__proto__":2}', ['$.__proto__']],
    ['{"a\\\\":1,"a\\\\":2}', ['$["a\\\\"]']],
    ['[{"a":1},{"a":2}]', []],
    ['{"a":{"a":{"a":1}}}', []],
    ['{"a":"\\"a\\":1","b":"a\\": 2"}', []],
    ['{"":1,"":2}', ['$[""]']],
  ])('in %s is found at its place', (text, expected) => {
    expect(paths(text)).toEqual(expected)
  })
})

describe('a number', () => {
  it.each([
    ['9007199254740991', []],
    ['-9007199254740991', []],
    ['9007199254740992', ['$']],
    ['9007199254740993', ['$']],
    ['-9007199254740993', ['$']],
    ['{"a":[1,{"b":12345678901234567890}]}', ['$.a[1].b']],
    ['[1e400,-1e999,1e21]', ['$[0]', '$[1]', '$[2]']],
    ['[1e2,1.5e-7,0.1234567890123456789,true,null,false]', []],
    ['{"id":"9007199254740993","e":"1e400"}', []],
  ])('%s is exact, or a problem', (text, expected) => {
    expect(paths(text)).toEqual(expected)
  })

  it('is named as it stands, with a way out', () => {
    expect(inexactProblems('[9007199254740993]', [9007199254740992])).toEqual([
      {
        path: '$[0]',
        found: '9007199254740993',
        expected: 'a whole number up to 9007199254740991',
        fix: 'write it as a text, in quotes',
      },
    ])
  })
})

describe('exact texts', () => {
  it('whatever they are have no problem, written by JSON.stringify in any way', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.integer({ min: 0, max: 3 }), (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        const numbers = text.match(/-?\d+(\.\d+)?([eE][+-]?\d+)?/g) ?? []
        fc.pre(numbers.every((each) => Math.abs(Number(each)) < 2 ** 53))
        expect(inexactProblems(text, JSON.parse(text))).toEqual([])
      }),
      { seed: SEED },
    )
  })

  it('that repeat any key of theirs have one', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.integer(), { minKeys: 1 }), fc.nat(), (object, pick) => {
        const keys = Object.keys(object)
        const key = JSON.stringify(keys[pick % keys.length])
        const text = JSON.stringify(object).replace(/\}$/, () => `,${key}:0}`)
        expect(inexactProblems(text, JSON.parse(text))).toHaveLength(1)
      }),
      { seed: SEED },
    )
  })
})

it('of five megabytes are read in no time that anyone notices', () => {
  const flag = { variants: { on: true, off: false }, off: 'off', description: 'says "a": 1e5 and more' }
  const value = { flags: Object.fromEntries(Array.from({ length: 40_000 }, (_, n) => [`flag-${n}`, flag])) }
  const text = JSON.stringify(value)
  const startedMs = performance.now()
  expect(inexactProblems(text, value)).toEqual([])
  expect(performance.now() - startedMs).toBeLessThan(5_000)
})

it('with a text of megabytes are read too', () => {
  const value = { page: 'x\\"'.repeat(1_000_000), id: '1234567890123456' }
  expect(inexactProblems(JSON.stringify(value), value)).toEqual([])
})

const TWICE =
  '{"origins":{"a":{"url":"http://a.test"},"a":{"url":"http://b.test"}},"routes":[{"path":"/*","origin":"a"}]}'

it('every reader of documents refuses them: in one go, in steps, and sources of imports', async () => {
  const refused = { ok: false, problems: [{ path: '$.origins.a', found: 'the key "a" twice in one object' }] }
  expect(parseDocument(TWICE)).toMatchObject(refused)
  expect(await parseDocumentInSteps(TWICE, async () => {})).toMatchObject(refused)
  expect(readSource(`\ufeff${TWICE}`)).toMatchObject(refused)
  expect(parseJson('{"a":1}')).toEqual({ ok: true, value: { a: 1 } })
})

it('a document may begin with a byte order mark', () => {
  expect(parseJson('\ufeff{"a":1}')).toEqual({ ok: true, value: { a: 1 } })
  expect(parseJson('{"a":"\ufeff"}')).toEqual({ ok: true, value: { a: '\ufeff' } })
  expect(parseJson('\ufeff\ufeff{}').ok).toBe(false)
})
