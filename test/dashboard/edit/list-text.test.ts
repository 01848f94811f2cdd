import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { listText, parseList } from '../../../src/dashboard/views/edit/list-text.ts'

describe('a list as people write it', () => {
  it('comes out as it went in, whatever its items have in them', () => {
    const items = fc.array(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.constantFrom('a,b', '42', 'true', ' x ', '"', '\\', '^a{1,3}$', ''),
        fc.integer(),
        fc.boolean(),
      ),
    )
    fc.assert(fc.property(items, (list) => void expect(parseList(listText(list, true), true)).toEqual(list)))
    const texts = fc.array(fc.oneof(fc.string(), fc.constantFrom('1,5', '42', '"quoted"')))
    fc.assert(
      fc.property(texts, (list) => void expect(parseList(listText(list, false), false)).toEqual(list)),
    )
  })

  it('needs no quotes for plain words', () => {
    expect(listText(['US', 'RO', 'new-shop'], true)).toBe('US, RO, new-shop')
    expect(parseList(' US ,RO,, new-shop , ', true)).toEqual(['US', 'RO', 'new-shop'])
  })

  it('tells numbers and truth values from texts that look like them', () => {
    expect(parseList('42, "42", true, "true", -1.5', true)).toEqual([42, '42', true, 'true', -1.5])
    expect(listText([42, '42'], true)).toBe('42, "42"')
    expect(parseList('42', false)).toEqual(['42'])
  })

  it('keeps what is quoted in one piece, and takes a quote that is not closed as it stands', () => {
    expect(parseList('"^a{1,3}$", b', true)).toEqual(['^a{1,3}$', 'b'])
    expect(parseList('"half, b', true)).toEqual(['"half', 'b'])
  })
})
