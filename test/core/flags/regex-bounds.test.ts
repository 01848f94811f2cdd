/** Regular expressions at the edges: every class and escape character by character, and the limits of size. */
import { RE2JS } from 're2js'
import { describe, expect, it } from 'vitest'
import { compileRegex } from '../../../src/core/flags/regex/regex.ts'

const POSIX = 'alnum alpha ascii blank cntrl digit graph lower print punct space upper word xdigit'.split(' ')
const CLASSES = [
  ...POSIX.flatMap((name) => [`[[:${name}:]]`, `[[:^${name}:]]`, `[^[:${name}:]]`]),
  ...[
    '\\d',
    '\\D',
    '\\s',
    '\\S',
    '\\w',
    '\\W',
    '.',
    '(?s).',
    '[^a]',
    '[a-f\\d]',
    '[^\\W]',
    '[]a]',
    '[a-]',
    '[-a]',
    '[\\]]',
    '[a\\-z]',
  ],
  ...[
    '\\a',
    '\\f',
    '\\t',
    '\\n',
    '\\r',
    '\\v',
    '\\0',
    '\\07',
    '\\012',
    '\\101',
    '\\177',
    '\\x41',
    '\\x7f',
    '\\x{e9}',
  ],
  ...[
    '\\!',
    '\\/',
    '\\:',
    '\\@',
    '\\[',
    '\\`',
    '\\{',
    '\\~',
    '\\.',
    '\\-',
    '\\Q.*\\E',
    '(?i)k',
    '(?i)[k-s]',
    '(?i)[^K]',
  ],
  ...[
    '\\b.',
    '.\\b',
    '\\B.',
    '.\\B',
    '(?m)^.',
    '(?m).$',
    '\\A.',
    '.\\z',
    'a|\\x{e9}',
    'a?b',
    'a{2}',
    '(?-s).',
    '(?i:A)b',
  ],
]
const CHARACTERS = [
  ...Array.from({ length: 260 }, (_, code) => code),
  0x17f,
  0x212a,
  0xffff,
  0x10000,
  0x10ffff,
]
const TEXTS = CHARACTERS.flatMap((code) => {
  const one = String.fromCodePoint(code)
  return [one, `a${one}`, `${one}b`, `\n${one}`, `${one}\n`]
})

describe('a regular expression', () => {
  it.each(CLASSES)('%s finds what RE2 finds', (pattern) => {
    const reference = RE2JS.compile(pattern)
    const found = compileRegex(pattern)
    const expected = TEXTS.filter((text) => reference.matcher(text).find())
    expect(TEXTS.filter(found)).toEqual(expected)
  })

  const accepts = (pattern: string) => {
    try {
      compileRegex(pattern)
      return true
    } catch {
      return false
    }
  }

  it('repeats up to 1,000 times, and not backwards', () => {
    expect(['a{1000}', 'a{0,1000}', 'a{1000,}', 'a{1,1}', 'a{,5}'].map(accepts)).toEqual(Array(5).fill(true))
    expect(['a{1001}', 'a{0,1001}', 'a{1001,}', 'a{2,1}'].map(accepts)).toEqual(Array(4).fill(false))
    const counted = ['', 'a', 'aa', 'aaa'].map((text) => compileRegex('^a{1,2}$')(text))
    expect(counted).toEqual([false, true, true, false])
  })

  it('nests, and writes out, as much as it may and no more', () => {
    const nested = (levels: number) => accepts('('.repeat(levels) + ')'.repeat(levels))
    expect([nested(200), nested(201)]).toEqual([true, false])
    expect([accepts('a'.repeat(1_000)), accepts('a'.repeat(1_001))]).toEqual([true, false])
    expect([accepts('ab{998}c'), accepts('ab{999}c')]).toEqual([true, false])
    expect([accepts('\\b{1000}'), accepts('\\b{1000}a')]).toEqual([true, false])
    // 4,000 instructions: each of the alternatives takes two more, and so does each empty one.
    const alternatives = (count: number) => accepts(`a(?:b|c${'|'.repeat(count)})d`)
    expect([alternatives(1_900), alternatives(2_100)]).toEqual([true, false])
    const different = (count: number) =>
      accepts(Array.from({ length: count }, (_, index) => String.fromCharCode(0x4e00 + index)).join(''))
    expect([different(100), different(101)]).toEqual([true, false])
    // 20,000 parts that add nothing to the program: each repetition, and each empty group that it repeats.
    const parts = (last: number) => accepts(`a${'(){1000}'.repeat(19)}(){${last}}b`)
    expect([parts(977), parts(978)]).toEqual([true, false])
  })

  it('refuses characters beyond Unicode, and names what is wrong', () => {
    const why = [
      '\\x{110000}',
      '\\q',
      '\\8',
      '[b-a]',
      '[[:x:]]',
      'a**',
      '(?<x',
      '\\p{Foo}',
      '[a',
      '+',
      '(',
    ].map((pattern) => {
      try {
        compileRegex(pattern)
        return 'accepted'
      } catch (error) {
        return (error as Error).message
      }
    })
    expect(why).toMatchInlineSnapshot(`
      [
        "a character beyond Unicode at "\\x{110000}"",
        "an unknown escape at "\\q"",
        "a back-reference at "\\8"",
        "a range that runs backwards at "b-a]"",
        "an unknown class at "[:x:]]"",
        "a repetition of a repetition at "*"",
        "a group that RE2 does not have at "(?<x"",
        "an unknown Unicode class at "\\p{Foo}"",
        "a class without its "]" at "[a"",
        "nothing to repeat at "+"",
        "a "(" without its ")" at "("",
      ]
    `)
    expect(accepts('\\x{10ffff}')).toBe(true)
  })
})
