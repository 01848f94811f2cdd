import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isConditional, tagValidators, untagValidators } from '../../../../src/gate/origin/etags.ts'

const NEW = '1x9k2'
const STABLE = ''

const sent = (tag: string, headers: Record<string, string>) => {
  const request = new Headers(headers)
  untagValidators(request, tag)
  return Object.fromEntries(request)
}
const seen = (tag: string, headers: Record<string, string>) => {
  const response = new Headers(headers)
  tagValidators(response, tag)
  return Object.fromEntries(response)
}

describe('validators of a version', () => {
  it('leave a stable origin as they are, and say of another whose they are', () => {
    expect(seen(STABLE, { etag: '"a"' })).toEqual({ etag: '"a"' })
    expect(seen(NEW, { etag: '"a"' })).toEqual({ etag: '"a~sluice.1x9k2"' })
    expect(seen(NEW, { etag: 'W/"a"' })).toEqual({ etag: 'W/"a~sluice.1x9k2"' })
    expect(seen(NEW, { 'last-modified': 'Mon' })).toEqual({
      'last-modified': 'Mon',
      etag: 'W/"~sluice.1x9k2"',
    })
    expect(seen(NEW, {})).toEqual({})
  })

  it('come back to the origin that they are from, as it wrote them', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[!#-}]{1,30}$/), fc.boolean(), fc.boolean(), (opaque, weak, stable) => {
        const tag = stable ? STABLE : NEW
        const etag = `${weak ? 'W/' : ''}"${opaque}"`
        const { etag: tagged = '' } = seen(tag, { etag })
        expect(sent(tag, { 'if-none-match': tagged })).toEqual({ 'if-none-match': etag })
        expect(sent(tag, { 'if-match': tagged })).toEqual({ 'if-match': etag })
        expect(sent(tag, { 'if-range': tagged, range: 'bytes=0-1' })).toEqual({
          'if-range': etag,
          range: 'bytes=0-1',
        })
        expect(sent(stable ? NEW : STABLE, { 'if-none-match': tagged, 'if-modified-since': 'Mon' })).toEqual(
          {},
        )
        expect(sent(stable ? NEW : STABLE, { 'if-range': tagged, range: 'bytes=0-1' })).toEqual({})
      }),
    )
  })

  it('are sorted where a browser brings several', () => {
    const both = '"a", W/"b~sluice.1x9k2", "c~sluice.zzz"'
    expect(sent(NEW, { 'if-none-match': both })).toEqual({ 'if-none-match': 'W/"b"' })
    expect(sent(STABLE, { 'if-none-match': both })).toEqual({ 'if-none-match': '"a"' })
  })

  it('that are only a date stay with their origin too', () => {
    const brought = { 'if-none-match': 'W/"~sluice.1x9k2"', 'if-modified-since': 'Mon' }
    expect(sent(NEW, brought)).toEqual({ 'if-modified-since': 'Mon' })
    expect(sent(STABLE, brought)).toEqual({})
    expect(sent(STABLE, { 'if-modified-since': 'Mon' })).toEqual({ 'if-modified-since': 'Mon' })
    expect(sent(NEW, { 'if-modified-since': 'Mon' })).toEqual({})
  })

  it('protect what is written: a foreign If-Match stays, and matches nothing', () => {
    expect(sent(STABLE, { 'if-match': '"a~sluice.1x9k2"' })).toEqual({ 'if-match': '"a~sluice.1x9k2"' })
    expect(sent(NEW, { 'if-match': '"a"' })).toEqual({ 'if-match': '"a"' })
  })

  it('leave alone what they do not understand', () => {
    for (const field of ['*', 'unquoted', '']) {
      expect(sent(STABLE, { 'if-none-match': field })['if-none-match'] ?? '').toBe(field)
    }
    expect(sent(NEW, { 'if-none-match': '*' })).toEqual({ 'if-none-match': '*' })
    expect(sent(NEW, { range: 'bytes=0-1' })).toEqual({ range: 'bytes=0-1' })
  })
})

it.each([
  [['if-none-match'], true],
  [['accept', 'if-modified-since'], true],
  [['accept', 'x-if-match'], false],
  [[], false],
])('a request with %j has conditions: %s', (names, expected) => {
  expect(isConditional({ names })).toBe(expected)
})

describe('a condition by date', () => {
  it.each([
    // A date beside an ETag of the same origin stays.
    [
      STABLE,
      { 'if-none-match': '"a"', 'if-modified-since': 'Mon' },
      { 'if-none-match': '"a"', 'if-modified-since': 'Mon' },
    ],
    [
      NEW,
      { 'if-none-match': '"a~sluice.1x9k2"', 'if-modified-since': 'Mon' },
      { 'if-none-match': '"a"', 'if-modified-since': 'Mon' },
    ],
    [
      STABLE,
      { 'if-none-match': '*', 'if-modified-since': 'Mon' },
      { 'if-none-match': '*', 'if-modified-since': 'Mon' },
    ],
    [STABLE, { 'if-range': 'Mon', range: 'bytes=0-1' }, { 'if-range': 'Mon', range: 'bytes=0-1' }],
    [NEW, { 'if-range': 'Mon', range: 'bytes=0-1' }, {}],
    [STABLE, { 'if-none-match': '"b~sluice.1x9k2", "a"' }, { 'if-none-match': '"a"' }],
    [NEW, { 'if-match': '"a~sluice.1x9k2", "b"' }, { 'if-match': '"a", "b"' }],
  ])('of an origin with the tag "%s": %j becomes %j', (tag, headers, expected) => {
    expect(sent(tag, headers as unknown as Record<string, string>)).toEqual(expected)
  })

  it('goes by an ETag that is not quoted, as the origin wrote it', () => {
    expect(seen(NEW, { etag: 'a', 'last-modified': 'Mon' })).toEqual({ etag: 'a', 'last-modified': 'Mon' })
    expect(seen(STABLE, { 'last-modified': 'Mon' })).toEqual({ 'last-modified': 'Mon' })
  })
})
