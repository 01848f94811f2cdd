import fc from 'fast-check'
import { RE2JS } from 're2js'
import { describe, expect, test } from 'vitest'
import { compileRegex, PatternError } from '../../../src/core/flags/regex/regex.ts'

/** The reference implementation's answer; undefined when it does not accept the pattern. */
function reference(pattern: string, ignoreCase: boolean): ((text: string) => boolean) | undefined {
  try {
    const compiled = RE2JS.compile(pattern, ignoreCase ? RE2JS.CASE_INSENSITIVE : 0)
    return (text) => compiled.matcher(text).find()
  } catch {
    return undefined
  }
}

function ours(pattern: string, ignoreCase: boolean): ((text: string) => boolean) | undefined {
  try {
    return compileRegex(pattern, ignoreCase)
  } catch (error) {
    if (error instanceof PatternError) return undefined
    throw error
  }
}

const ATOMS = [
  ...[
    'a',
    'b',
    'k',
    'S',
    'ß',
    'é',
    'Σ',
    '😀',
    '\u212a',
    '_',
    ' ',
    '-',
    '1',
    '.',
    '^',
    '$',
    '\\n',
    '\\t',
    '\\.',
    '\\-',
  ],
  ...[
    '\\d',
    '\\D',
    '\\w',
    '\\W',
    '\\s',
    '\\S',
    '\\b',
    '\\B',
    '\\A',
    '\\z',
    '\\x41',
    '\\x{1F600}',
    '\\101',
    '\\0',
  ],
  ...[
    '\\pL',
    '\\PL',
    '\\p{Lu}',
    '\\P{Lu}',
    '\\p{^Lu}',
    '\\P{^Lu}',
    '\\p{Greek}',
    '\\P{Greek}',
    '\\Qa.b\\E',
    '\\Q',
  ],
  ...[
    '[ab]',
    '[^ab]',
    '[a-k]',
    '[^a-k]',
    '[]a]',
    '[^]a]',
    '[a-]',
    '[-a]',
    '[\\w-]',
    '[^\\W]',
    '[[:alpha:]]',
    '[[:^digit:]x]',
  ],
  ...[
    '[\\pLu]',
    '[^\\p{Lu}]',
    '[^\\P{Lu}]',
    '[\\D]',
    '[\\d\\D]',
    '[^\\S\\n]',
    '[\\]]',
    '[ſ-ß]',
    '[Α-Ω]',
    '[:a]',
    '[[:punct:]]',
  ],
  ...[
    '{',
    '}',
    '{,2}',
    '{a}',
    ']',
    'a**',
    '(?=a)',
    '(?!a)',
    '(?<=a)',
    '\\1',
    '\\8',
    '\\c',
    '[b-a]',
    '[a',
    '[[:nope:]]',
    '\\p{Nope}',
  ],
  ...[
    '(?i)',
    '(?-i)',
    '(?s)',
    '(?m)',
    '(?U)',
    '(?ms-i)',
    '(?x)',
    ')',
    '(',
    '(?P<n>',
    '\\',
    '\\Z',
    '\\C',
    '\\G',
    '(?#c)',
  ],
]
const QUANTIFIERS = [
  '',
  '',
  '',
  '*',
  '+',
  '?',
  '*?',
  '+?',
  '??',
  '{2}',
  '{1,2}',
  '{0,3}?',
  '{2,}',
  '{0}',
  '{01}',
  '{2,1}',
  '{1001}',
]
const anyPattern = fc
  .letrec<{ sequence: string; atom: string }>((tie) => ({
    sequence: fc.oneof(
      { depthSize: 'small' },
      fc
        .array(fc.tuple(tie('atom'), fc.constantFrom(...QUANTIFIERS)), { maxLength: 4 })
        .map((parts) => parts.map((part) => part.join('')).join('')),
      fc.tuple(tie('sequence'), tie('sequence')).map((options) => options.join('|')),
    ),
    atom: fc.oneof(
      { depthSize: 'small' },
      { weight: 4, arbitrary: fc.constantFrom(...ATOMS) },
      {
        weight: 1,
        arbitrary: fc
          .tuple(fc.constantFrom('(', '(?:', '(?i:', '(?m-s:', '(?P<n>', '(?<n>'), tie('sequence'))
          .map(([open, inner]) => `${open}${inner})`),
      },
    ),
  }))
  .sequence // A name given to two groups is refused by RE2; here names mean nothing, and are not looked at.
  .filter((pattern) => pattern.split('<n>').length <= 2)
const CHARACTERS = [
  ...'abAksSKſßẞéÉΣσς😀_ -1.\n\tA{},]:xz\0',
  '\u212a',
  '\r',
  '\v',
  '\u2028',
  '\u0130',
  'ı',
  'a.b',
]
const anyText = fc.array(fc.constantFrom(...CHARACTERS), { maxLength: 8 }).map((parts) => parts.join(''))

describe('regular expressions', () => {
  test('accept the patterns that RE2 accepts, and answer as RE2 does', () => {
    fc.assert(
      fc.property(
        anyPattern,
        fc.boolean(),
        fc.array(anyText, { minLength: 6, maxLength: 6 }),
        (pattern, fold, texts) => {
          const expected = reference(pattern, fold)
          const actual = ours(pattern, fold)
          expect(actual !== undefined, `accepts ${pattern}`).toBe(expected !== undefined)
          for (const text of texts) expect([text, actual?.(text)]).toEqual([text, expected?.(text)])
        },
      ),
      { numRuns: Number(process.env.REGEX_RUNS ?? 3_000) },
    )
  })

  test('know the general categories and scripts that RE2 knows', () => {
    const names = [
      'C',
      'Cc',
      'Cf',
      'L',
      'Ll',
      'Lm',
      'Lo',
      'Lt',
      'Lu',
      'M',
      'Mn',
      'N',
      'Nd',
      'Nl',
      'No',
      'P',
      'Pc',
      'Pd',
    ]
    names.push(
      'Pe',
      'Pf',
      'Pi',
      'Po',
      'Ps',
      'S',
      'Sc',
      'Sk',
      'Sm',
      'So',
      'Z',
      'Zs',
      'Any',
      'Latin',
      'Cyrillic',
      'Common',
    )
    // Unassigned characters differ from one version of Unicode to the next; these were all assigned long ago.
    const letters = Array.from({ length: 0x370 }, (_, code) => String.fromCodePoint(code))
    letters.push('Ж', 'Ω', 'あ', '漢', '\u0301', '\u2028', '٣', 'Ⅷ', '€', '😀', '𝔄', '\u{1D165}')
    for (const pattern of names.flatMap((name) => [`^\\p{${name}}$`, `^\\P{${name}}$`])) {
      const expected = letters.filter(reference(pattern, false) ?? (() => false))
      expect([pattern, ...letters.filter(compileRegex(pattern))]).toEqual([pattern, ...expected])
    }
  })

  test('take time linear in the text where backtracking would take forever', () => {
    const text = 'a'.repeat(20_000)
    for (const pattern of [
      '(a*)*b',
      '(a|a)*b',
      '(a|aa)+$b',
      '(.*)(.*)(.*)(.*)(.*)[^a]',
      '^(([a-z])+.)+[A-Z]([a-z])+$',
    ]) {
      expect(compileRegex(pattern)(text)).toBe(false)
    }
  })

  test('refuse patterns that would be too large when written out, also when what they repeat is empty', () => {
    for (const pattern of [
      '((a{100}){100}){100}',
      '((((){1000}){1000}){1000}){1000}',
      '('.repeat(300) + ')'.repeat(300),
    ]) {
      expect(() => compileRegex(pattern)).toThrow(PatternError)
    }
  })

  test('say what is wrong with a pattern, and where', () => {
    const message = (pattern: string) => {
      try {
        compileRegex(pattern)
        return 'accepted'
      } catch (error) {
        return error instanceof PatternError ? error.message : error
      }
    }
    expect(message('a(?=b)')).toBe('a group that RE2 does not have at "(?=b)"')
    expect(message('(a)\\1')).toBe('a back-reference at "\\1"')
    expect(message('a(b')).toBe('a "(" without its ")" at "(b"')
    expect(message('a)b')).toBe('a ")" without its "(" at ")b"')
    expect(message('x*+*')).toBe('a repetition of a repetition at "+*"')
    expect(message('*')).toBe('nothing to repeat at "*"')
    expect(message('[a')).toBe('a class without its "]" at "[a"')
    expect(message('\\p{Klingon}')).toBe('an unknown Unicode class at "\\p{Klingon}"')
    expect(message('\\p{Greek}+')).toBe('accepted')
  })
})
