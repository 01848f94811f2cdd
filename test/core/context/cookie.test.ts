import fc from 'fast-check'
import { parse } from 'hono/utils/cookie'
import { describe, expect, it } from 'vitest'
import { cookieIn } from '../../../src/core/context/cookie.ts'

const PIECES = [
  'uid',
  'u',
  'uid2',
  '=',
  ';',
  '; ',
  ' ',
  '\t',
  '"',
  '%41',
  '%c3%a9',
  '%zz',
  '%ff',
  'a',
  ',',
  'é',
  '\\',
  '==',
]
const header = fc.array(fc.constantFrom(...PIECES), { maxLength: 24 }).map((pieces) => pieces.join(''))

describe('a cookie', () => {
  it('is the one that a whole parser finds', () => {
    fc.assert(
      fc.property(header, fc.constantFrom('uid', 'u', 'a'), (text, name) => {
        expect(cookieIn(text, name)).toBe(parse(text, name)[name])
      }),
      { numRuns: 20_000 },
    )
  })

  it.each([
    ['uid=ann', 'ann'],
    ['session=1; uid=ann; theme=dark', 'ann'],
    ['my-uid=eve; uid=ann', 'ann'],
    ['note=uid=eve; uid=ann', 'ann'],
    ['uid="ann"', 'ann'],
    ['uid=j%C3%B6rg', 'jörg'],
    ['uid=100%', '100%'],
    ['uid=', ''],
    ['uid=ann=bob', 'ann=bob'],
    ['uid', undefined],
    ['UID=ann', undefined],
  ])('%s', (text, value) => {
    expect(cookieIn(text, 'uid')).toBe(value)
  })
})
