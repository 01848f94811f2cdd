/** What a text can cost a pattern, counted in steps: how fast the machine is doesn't matter. */
import fc from 'fast-check'
import { RE2JS } from 're2js'
import { describe, expect, it } from 'vitest'
import { automatonOf, compileRegex, PatternTooLarge } from '../../../src/core/flags/regex/regex.ts'
import { SEED } from '../../support/seed.ts'

/** Texts are read up to here. */
const READ = 4_096

/** Characters of an alphabet in an order that repeats nowhere. */
function shuffled(alphabet: string, length = READ): string {
  let state = SEED % 2_147_483_647 || 1
  return Array.from({ length }, () => {
    state = (state * 48_271) % 2_147_483_647
    return alphabet[state % alphabet.length]
  }).join('')
}

/** Steps per character that is read: of a text that is new to the pattern, and of the same text again. */
function steps(pattern: string, text: string): [first: number, again: number] {
  const automaton = automatonOf(pattern)()
  const read = Math.min(text.length, READ)
  automaton.matches(text)
  const first = automaton.work
  automaton.matches(text)
  return [first / read, (automaton.work - first) / read]
}

const LONG = 'a'.repeat(15_000)
/** Patterns that a document may well have, each with the text that costs it most. */
const ORDINARY: [pattern: string, text: string][] = [
  ['[\\w.-]{1,255}@[\\w.-]{1,255}', LONG],
  ['[\\w.-]{1,255}@', shuffled('ab.-')],
  ['^[\\w.-]{1,255}@[\\w.-]{1,255}$', LONG],
  ['[^@]{1,64}@', LONG],
  ['.{0,1000}x', LONG],
  ['a.{0,900}x', shuffled('ab')],
  ['x.{0,800}y.{0,99}z', shuffled('xy')],
  ['((a{1,30}){1,30})+b', LONG],
  ['x((a{0,30}b?){0,30})?y', `x${shuffled('ab')}`],
  ['(a*)*b', LONG],
  ['(.*)(.*)(.*)(.*)[^a]x', LONG],
  ['q(?:[a-z0-9-]{1,63}\\.){1,8}[a-z]{2,63}$', `q${shuffled('ab.')}`],
  ['(?i)bot|crawler|spider|preview|slurp', shuffled('botcrawlespidn')],
  ['\\b(?:\\w+\\s){3}\\w+\\b$', shuffled('ab ')],
]

describe('the work of a pattern', () => {
  it.each(ORDINARY)(
    '%s: a few steps a character at the worst, one where the way is known',
    (pattern, text) => {
      const [first, again] = steps(pattern, text)
      expect(first).toBeLessThan(25)
      expect(again).toBeLessThan(1.01)
    },
  )

  it.each([
    ['ab', 'xxxxxxx', 7],
    ['ab', 'xxabxxx', 4],
    ['^ab', 'xxabxxx', 1],
    ['ab', '😀😀', 4],
  ])('%s in %s: one step for each character up to where the answer is certain', (pattern, text, read) => {
    const automaton = automatonOf(pattern)()
    automaton.matches(text)
    const before = automaton.work
    automaton.matches(text)
    expect(automaton.work - before).toBe(read)
  })

  it.each([
    ['a.{990}b', 'ac'],
    ['(a|b)*a(a|b){400}c', 'ab'],
    ['a(?:bc|d){300}e', 'bcd'],
    ['a(?:b|cd|efg){160}h', 'abcdefg'],
    ['(?:a|ab){320}c', 'ab'],
  ])('%s, whose states no cache can hold: at most a few hundred', (pattern, alphabet) => {
    const [first, again] = steps(pattern, shuffled(alphabet))
    expect(Math.max(first, again)).toBeLessThan(1_000)
  })

  it('looks a character up in each set once', () => {
    const strange = Array.from({ length: 3_000 }, (_, index) => String.fromCharCode(0x4e00 + index)).join('')
    const [first, again] = steps('(?i)abcdefghij', strange)
    expect([first, again]).toEqual([expect.closeTo(11, 0), expect.closeTo(1, 1)])
  })

  it('reads no more than the first 4,096 units of a text', () => {
    for (const length of [READ, READ + 1, 200_000]) {
      const automaton = automatonOf('b')()
      automaton.matches('a'.repeat(length))
      expect(automaton.work).toBeLessThan(READ + 50)
    }
  })

  it('ends with a text that can no longer match', () => {
    const automaton = automatonOf('^/checkout/')()
    automaton.matches(LONG)
    expect(automaton.work).toBeLessThan(50)
  })
})

describe('a text that is longer than what is read', () => {
  const padded = (end: string, length = READ) => '.'.repeat(length - end.length) + end
  const found = (pattern: string, text: string) => compileRegex(pattern)(text)

  it('matches up to the last character that is read', () => {
    expect(found('xyz', padded('xyz'))).toBe(true)
    expect(found('xyz', `${padded('xyz')}.`)).toBe(true)
    expect(found('xyz', padded('xyz', READ + 1))).toBe(false)
    expect(found('xyz', padded('xyz', 10_000))).toBe(false)
  })

  it('has no end', () => {
    expect(['$', '\\z', '(?m)$', 'z$'].map((pattern) => found(pattern, padded('z')))).toEqual(
      Array(4).fill(true),
    )
    expect(['$', '\\z', '(?m)$', 'z$'].map((pattern) => found(pattern, `${padded('z')}z`))).toEqual(
      Array(4).fill(false),
    )
  })

  it('shows an assertion the character behind', () => {
    expect(['z\\b', 'z\\B', '(?m)z$'].map((pattern) => found(pattern, `${padded('z')}z`))).toEqual([
      false,
      true,
      false,
    ])
    expect(['z\\b', 'z\\B', '(?m)z$'].map((pattern) => found(pattern, `${padded('z')}\n`))).toEqual([
      true,
      false,
      true,
    ])
  })
})

/** Patterns of repetitions within repetitions, which is where states are left out. */
const repetitive = fc.letrec<{ pattern: string; part: string }>((tie) => ({
  pattern: fc.array(tie('part'), { minLength: 1, maxLength: 4 }).map((parts) => parts.join('')),
  part: fc
    .tuple(
      fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom('a', 'b', '[ab]', '.', '\\w', '\\b', '\\B', '^', '$', '(?m:^)', '(?m:$)', 'é', '😀'),
        tie('pattern').map((inner) => `(?:${inner})`),
        fc.tuple(tie('pattern'), tie('pattern')).map((options) => `(?:${options.join('|')})`),
      ),
      fc.constantFrom('', '', '?', '*', '+', '{2}', '{0,3}', '{1,4}', '{2,5}', '{3,}', '{0,9}'),
    )
    .map((both) => both.join('')),
})).pattern
const fewCharacters = fc.array(fc.constantFrom('a', 'b', 'a', 'b', '-', '\n', 'é', '😀', '\ud83d'), {
  maxLength: 40,
})

/** Undefined for a pattern that is too large. */
function compiled(pattern: string): ((text: string) => boolean) | undefined {
  try {
    return compileRegex(pattern)
  } catch (error) {
    if (error instanceof PatternTooLarge) return undefined
    throw error
  }
}

/** Undefined for repetitions that are too many for RE2. */
function referenceOf(pattern: string): RE2JS | undefined {
  try {
    return RE2JS.compile(pattern)
  } catch {
    return undefined
  }
}

describe('repetitions', () => {
  it('find what RE2 finds, one text after the other', () => {
    fc.assert(
      fc.property(repetitive, fc.array(fewCharacters, { minLength: 4, maxLength: 4 }), (pattern, texts) => {
        const found = compiled(pattern)
        const reference = referenceOf(pattern)
        fc.pre(found !== undefined && reference !== undefined)
        for (const characters of texts) {
          const text = characters.join('')
          expect([pattern, text, found?.(text)]).toEqual([pattern, text, reference?.matcher(text).find()])
        }
      }),
      { numRuns: Number(process.env.REGEX_RUNS ?? 500) },
    )
  })

  it('find the same when the states of a pattern are more than can be kept', () => {
    for (const pattern of ['a[ab]{14}c', 'é?a[ab]{13}(?:c|$)', '\\ba[ab ]{12}\\b$', 'a.{200}(?:c|😀)']) {
      const reference = RE2JS.compile(pattern)
      const found = compileRegex(pattern)
      const all = shuffled('abababab é😀c', 60_000)
      for (let at = 0; at < all.length; at += 1_500) {
        const text = all.slice(at, at + 1_500)
        expect([pattern, at, found(text)]).toEqual([pattern, at, reference.matcher(text).find()])
      }
    }
  })
})
