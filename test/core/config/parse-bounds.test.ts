/** How much of a document is read at once, and how much is told of a broken one. */
import { describe, expect, it } from 'vitest'
import {
  LARGEST_DOCUMENT_CHARACTERS,
  parseDocument,
  parseDocumentInSteps,
  parseDocumentValue,
  parseJson,
} from '../../../src/core/config/parse/parse.ts'
import { BASE } from './keys/case.ts'

const flags = (count: number, flag: object = BASE.flags.g) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`f${n}`, flag]))

describe('a document', () => {
  it('of more than a hundred flags is parsed in steps of a hundred, and what its parts say of each other is checked in steps', async () => {
    const restsFor = async (count: number, flag?: object) => {
      let rests = 0
      const parsed = await parseDocumentInSteps(
        JSON.stringify({ ...BASE, flags: flags(count, flag) }),
        async () => {
          rests++
        },
      )
      return [parsed.ok, rests]
    }
    expect([await restsFor(100), await restsFor(101), await restsFor(201)]).toEqual([
      [true, 0],
      [true, 11],
      [true, 12],
    ])
    // The first step with a problem is the last.
    expect(await restsFor(201, {})).toEqual([false, 2])
    expect(await restsFor(201, { ...BASE.flags.g, off: 'x' })).toEqual([false, 8])
  })

  it('that says a key twice among many is refused in steps as at once', async () => {
    const text = JSON.stringify({ ...BASE, flags: flags(1_500) }).replace('"off":', '"off":"off","off":')
    const inSteps = await parseDocumentInSteps(text, async () => {})
    expect(inSteps).toEqual(parseDocument(text))
    expect(inSteps).toMatchObject({ ok: false, problems: [{ found: 'the key "off" twice in one object' }] })
  })

  it('in steps is the same as at once', async () => {
    const whole = { ...BASE, freezes: [{ start: '2026-01-01', end: '2026-01-02' }], flags: flags(150) }
    expect(await parseDocumentInSteps(JSON.stringify(whole), async () => {})).toEqual(
      parseDocumentValue(whole),
    )
    for (const broken of [
      { ...whole, routes: [] },
      { ...whole, flags: { ...whole.flags, f: { ...BASE.flags.g, off: 'x' } } },
      { ...whole, routes: [{ path: '/*', flag: 'nowhere', origins: {} }] },
      { ...whole, flags: { ...whole.flags, constructor: 1 } },
    ])
      expect(await parseDocumentInSteps(JSON.stringify(broken), async () => {})).toEqual(
        parseDocumentValue(broken),
      )
  })

  it('of more than 50,000 values has one problem told', () => {
    // The document, its origins, one of them, its URL and the list are five values.
    const problems = (count: number) => {
      const parsed = parseDocumentValue({
        origins: { old: { url: 'http://old.test' } },
        routes: Array(count - 5).fill(0),
      })
      return parsed.ok ? 0 : parsed.problems.length
    }
    expect([problems(50_000), problems(50_001)]).toEqual([100, 1])
  })

  it('is refused unread beyond 16,000,000 characters', () => {
    expect(LARGEST_DOCUMENT_CHARACTERS).toBe(16_000_000)
    const text = `"${'x'.repeat(LARGEST_DOCUMENT_CHARACTERS - 2)}"`
    expect(parseJson(text).ok).toBe(true)
    expect(parseJson(`${text} `)).toMatchObject({
      problems: [
        {
          found: '"16,000,001 characters"',
          expected: 'at most 16,000,000 characters',
          fix: 'make it smaller',
        },
      ],
    })
  })
})
