/** Names and reasons from outside say nothing but themselves: in sentences, records, and messages of both formats. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { printable, printableDeep, printableUpTo, quotedName } from '../../src/core/plain-text.ts'
import { type AuditRecord, LONGEST_TEXT, plainRecord } from '../../src/core/rollout/audit.ts'
import { type Notification, notificationBody } from '../../src/core/rollout/news/notification.ts'
import { plainSample } from '../../src/core/shadow/sample.ts'
import { SEED } from '../support/seed.ts'

const HIDDEN = /[\p{C}\p{Zl}\p{Zp}]/u
const NASTY = [
  '\n',
  '\r',
  '\t',
  '\0',
  '\x1b[2J',
  '\x9b',
  '\x7f',
  '\u061c',
  '\u200b',
  '\u202e',
  '\u2066',
  '\u2028',
]
const MARKUP = [
  '\u2029',
  '\ufeff',
  '\ud800',
  '\udfff',
  '`',
  '```',
  '*',
  '_',
  '~',
  '|',
  '<',
  '>',
  '&',
  '<!here>',
]
const WORDS = [
  'https://evil.example/login',
  '@channel',
  '"',
  '\\',
  ' in 0 of 9 requests',
  '😀',
  'é',
  '$.a',
  '',
]
const text = fc.oneof(
  fc.array(fc.constantFrom(...NASTY, ...MARKUP, ...WORDS), { maxLength: 30 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 40 }),
)
const note = (parts: Partial<Notification>): Notification => ({
  ...{ id: '1', event: 'hold', flag: 'f', at: 'now', environment: 'e', actor: 'a', reason: 'r' },
  ...{ generation: 1, stage: 0, percentage: 5, from: null, to: null, changes: [], evidence: null },
  ...parts,
})
const runs = { seed: SEED, numRuns: 300 }

describe('a message', () => {
  const notes = fc
    .record({
      ...{ flag: text, environment: text, actor: text, reason: text },
      changes: fc.array(text, { maxLength: 3 }),
      evidence: fc.dictionary(text, fc.array(text, { maxLength: 2 }), { maxKeys: 3 }),
    })
    .map(note)

  it('in a chat has its own lines and its own markup alone, and no link', () => {
    fc.assert(
      fc.property(notes, (nasty) => {
        const { text: said, ...rest } = JSON.parse(notificationBody(nasty, 'slack'))
        expect(rest).toEqual({ unfurl_links: false, unfurl_media: false })
        expect(said.split('\n')).toHaveLength(1 + nasty.changes.length)
        expect(said.replaceAll('\n', '')).not.toMatch(HIDDEN)
        expect(said).not.toMatch(/[<>]|&(?!(?:amp|lt|gt);)/)
        // What isn't code is the gate's own.
        const own = said.replace(/`[^`\n]+`/g, 'x')
        expect(own).toMatch(/^(?:x|Every flag) is held at 5 % \(x\): x — x(?:\n• x)*$/)
      }),
      runs,
    )
  })

  it('in JSON has no text that steers, reorders or hides, names of evidence included', () => {
    const strings = (value: unknown): string[] =>
      typeof value === 'string'
        ? [value]
        : Object.entries(value ?? {}).flatMap(([key, each]) => [key, ...strings(each)])
    fc.assert(
      fc.property(notes, (nasty) => {
        for (const each of strings(JSON.parse(notificationBody(nasty, 'json'))))
          expect(each).not.toMatch(HIDDEN)
      }),
      runs,
    )
  })

  it('is bounded, each text of it', () => {
    const long = note({ reason: '\n'.repeat(LONGEST_TEXT), changes: ['x'.repeat(3_000)] })
    const { reason, changes } = JSON.parse(notificationBody(long, 'json'))
    expect([reason.length, changes[0].length]).toEqual([LONGEST_TEXT, LONGEST_TEXT])
    expect(reason.endsWith('…')).toBe(true)
  })
})

it('a record has a plain actor, reason and evidence, and documents as they are', () => {
  const record: AuditRecord = {
    ...{ atMs: 1, actor: 'a\n', action: 'hold', flag: 'f', reason: 'r\u202e', evidence: { 'k\n': ['v\0'] } },
    ...{ before: 'b\n', after: { a: '\n' } },
  }
  expect(plainRecord(record)).toEqual({
    ...record,
    actor: 'a\\n',
    reason: 'r\\u{202e}',
    evidence: { 'k\\n': ['v\\u{0}'] },
  })
})

describe('a name', () => {
  it('is a word, or a JSON string of the very name', () => {
    expect(['price', 'a.b', 'größe', '__NEXT', 'og:title', 'ld+json'].map(quotedName)).toEqual([
      ...['price', 'a.b', 'größe', '__NEXT', 'og:title', 'ld+json'],
    ])
    expect(quotedName('price in 0 of 9\n"\u202e')).toBe(String.raw`"price in 0 of 9\n\"\u202e"`)
    expect(quotedName('')).toBe('""')
    fc.assert(
      fc.property(text, (name) => {
        const quoted = quotedName(name)
        expect(quoted).not.toMatch(HIDDEN)
        if (quoted !== name) expect(JSON.parse(quoted)).toBe(name)
        else expect(name).not.toMatch(/[\s"`*<>&|~()]/)
      }),
      runs,
    )
  })

  it('keeps whole letters where it is cut', () => {
    expect([printableUpTo(3, 'abc'), printableUpTo(3, 'abcd'), printableUpTo(3, 'a😀b')]).toEqual([
      ...['abc', 'ab…', 'a…'],
    ])
    expect(printable(printableUpTo(3, 'a😀b'))).toBe('a…')
    expect(printableDeep({ abcd: ['abcd', 7, null] }, 3)).toEqual({ 'ab…': ['ab…', 7, null] })
  })
})

it('a sample is plain and bounded in all but the key of its flag', () => {
  const long = `x\n${'y'.repeat(300)}`
  const sample = { flag: long, generation: 1, stage: 0, atMs: 5, route: long, both: [] as string[] }
  const shown = [{ field: 'f', control: '\u2028', canary: '\x1b' }]
  const plain = plainSample({ ...sample, canaryOnly: [long], controlOnly: ['a\0'], shown })
  const bounded = `x\\n${'y'.repeat(156)}…`
  expect(plain).toEqual({
    ...{ ...sample, route: bounded, canaryOnly: [bounded], controlOnly: ['a\\u{0}'] },
    shown: [{ field: 'f', control: '\\u{2028}', canary: '\\u{1b}' }],
  })
})
