import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileSnapshot } from '../../../src/core/config/compile/snapshot.ts'
import { parseControlState } from '../../../src/core/config/control.ts'
import { killOrder } from '../../../src/core/config/kill-list.ts'
import {
  LARGEST_DOCUMENT_CHARACTERS,
  parseDocument,
  parseDocumentInSteps,
} from '../../../src/core/config/parse/parse.ts'
import { compilePlans } from '../../../src/core/rollout/plan.ts'
import { documents } from '../../support/arbitrary.ts'

/** Parses; what is refused must say why, what is accepted must compile. */
function outcomeOf(text: string): 'accepted' | 'refused' {
  const parsed = parseDocument(text)
  if (parsed.ok) {
    compileSnapshot(parsed.value)
    compilePlans(parsed.value)
    return 'accepted'
  }
  expect(parsed.problems.length).toBeGreaterThan(0)
  for (const { path, found, expected, fix } of parsed.problems) {
    expect(path).toMatch(/^\$/)
    for (const part of [found, expected, fix]) expect(part).not.toBe('')
  }
  return 'refused'
}

const document = (flags: string) =>
  `{"origins":{"old":{"url":"http://old.test"}},"routes":[{"path":"/*","origin":"old"}],"flags":${flags}}`
const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`

/** Puts a value in the place of one that is chosen by a number, in a copy. */
function withReplaced(value: unknown, place: number, replacement: unknown): unknown {
  let visited = 0
  const visit = (part: unknown): unknown => {
    if (visited++ === place) return replacement
    if (Array.isArray(part)) return part.map(visit)
    if (typeof part !== 'object' || part === null) return part
    return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, visit(inner)]))
  }
  return visit(value)
}

describe('parsing', () => {
  it('accepts and compiles every valid document', () => {
    fc.assert(fc.property(documents, (valid) => outcomeOf(JSON.stringify(valid)) === 'accepted'))
  })

  it('never throws, whatever the text: there are problems, or there is a snapshot', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => outcomeOf(text) !== undefined))
  })

  it('never throws on a valid document with anything in the place of any part', () => {
    const anything = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(null, -1, 1e308, '', '*', '/', [], {}, [[]], { on: -1 }, '__proto__', '2026-02-30'),
    )
    const outcomes = new Set<string>()
    fc.assert(
      fc.property(documents, fc.nat(120), anything, (valid, place, replacement) => {
        outcomes.add(outcomeOf(JSON.stringify(withReplaced(valid, place, replacement))))
      }),
      { numRuns: 200 },
    )
    expect(outcomes).toEqual(new Set(['accepted', 'refused']))
  })

  it('never throws on what KV may hold under the other keys', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const parsed = parseControlState(text)
        expect(parsed.ok || parsed.problems.length > 0).toBe(true)
        const { list, problems } = killOrder(text, new Map())
        expect(list === undefined || list.includes('*') || list.length === 0).toBe(true)
        expect(list !== undefined || problems.length > 0).toBe(true)
      }),
    )
  })
})

describe('a document that would break what reads it is refused:', () => {
  it.each([100, 10_000, 200_000])('%d levels of nesting', (levels) => {
    const text = document(`{"f":{"variants":{"on":${nested(levels)},"off":0},"off":"off"}}`)
    expect(outcomeOf(text)).toBe('refused')
    expect(outcomeOf(nested(levels))).toBe('refused')
  })

  it.each(['__proto__', 'constructor', 'prototype'])('the name %s, which would vanish', (name) => {
    expect(outcomeOf(document(`{"${name}":{"variants":{"on":1,"off":0},"off":"off"}}`))).toBe('refused')
    expect(outcomeOf(document(`{"f":{"variants":{"${name}":1,"off":0},"off":"off"}}`))).toBe('refused')
    expect(outcomeOf(document(`{"f":{"variants":{"on":{"${name}":1},"off":0},"off":"off"}}`))).toBe('refused')
  })

  it('a chain of requirements that is too long; a wide net of them is fine', () => {
    const flag = (requires: string[]) => ({ variants: { on: 1, off: 0 }, off: 'off', requires })
    const chain = (length: number, times: number) =>
      Object.fromEntries(
        Array.from({ length }, (_, index) => [
          `f${index}`,
          flag(index + 1 < length ? Array(times).fill(`f${index + 1}`) : []),
        ]),
      )
    expect(outcomeOf(document(JSON.stringify(chain(50, 4))))).toBe('accepted')
    expect(outcomeOf(document(JSON.stringify(chain(51, 1))))).toBe('refused')
    expect(outcomeOf(document(JSON.stringify(chain(5_000, 1))))).toBe('refused')
  })

  it('windows in an unknown timezone', () => {
    const flag = (timezone: string) =>
      document(`{"f":{"variants":{"on":1,"off":0},"off":"off","rollout":{"timezone":"${timezone}"}}}`)
    for (const known of ['UTC', 'Europe/Bucharest', 'Asia/Kolkata', 'America/Argentina/Buenos_Aires']) {
      expect(outcomeOf(flag(known)), known).toBe('accepted')
    }
    for (const unknown of ['Europe/Bukarest', 'Bucharest', '', 'now']) {
      expect(outcomeOf(flag(unknown)), unknown).toBe('refused')
    }
  })

  it('a text that is too large, unread', () => {
    const text = ' '.repeat(LARGEST_DOCUMENT_CHARACTERS + 1)
    expect(parseDocument(text)).toMatchObject({
      ok: false,
      problems: [{ path: '$', found: expect.stringContaining('characters') }],
    })
  })

  it('as many problems as there are values: one is told', () => {
    const routes = Array(200_000).fill(0)
    const parsed = parseDocument(JSON.stringify({ origins: { old: { url: 'http://a' } }, routes }))
    expect(parsed).toMatchObject({ ok: false, problems: [{ path: '$.routes[0]' }] })
  })
})

describe('a key that the schema does not know', () => {
  const fixOf = (text: string) => {
    const parsed = parseDocument(text)
    return parsed.ok ? undefined : parsed.problems[0]?.fix
  }

  it('is told what it was meant to be, or that it is in the wrong place', () => {
    const valid = document('{}').slice(0, -1)
    expect(fixOf(`${valid},"orgins":{}}`)).toBe('did you mean "origins"?')
    expect(fixOf(`${valid},"rescue":false}`)).toBe('it is a key of routes[]: move it, or remove it')
    expect(fixOf(`${valid},"timeoutMs":1}`)).toBe('it is a key of origins.*, routes[]: move it, or remove it')
    expect(fixOf(`${valid},"zzzzzzzz":1}`)).toBe('remove it')
  })

  it.each([
    [
      'flags.f.guard.thresholds',
      '(errors, slow)',
      'it is a key of flags.*.guard.ceilings: move it, or remove it',
    ],
    [
      'metrics.m',
      '(type, better, request, cap, window)',
      'it is a key of flags.*.guard.ceilings: move it, or remove it',
    ],
    [
      'flags.f.rules.0.stages.0',
      '(percentage, shadow, ',
      'it is a key of flags.*.guard.ceilings: move it, or remove it',
    ],
  ])('hears the keys of its place: %s', (place, known, fix) => {
    const text = { errorRate: 0.1 } as object
    const value: object = place
      .split('.')
      .reduceRight<object>((inner, key) => (/^[0-9]/.test(key) ? [inner] : { [key]: inner }), text)
    const parsed = parseDocument(JSON.stringify(value))
    const problem = parsed.ok ? undefined : parsed.problems.find(({ found }) => found.includes('errorRate'))
    expect([problem?.expected, problem?.fix]).toEqual([expect.stringContaining(known), fix])
  })
})

describe('parsing in steps', () => {
  const flag = { variants: { on: true, off: false }, off: 'off', rules: [{ percentage: 5, serve: 'on' }] }
  const flags = Object.fromEntries(Array.from({ length: 250 }, (_, index) => [`flag-${index}`, flag]))
  const many = JSON.parse(document(JSON.stringify(flags))) as object

  it('comes to the same, whatever is wrong and wherever', async () => {
    const broken = fc
      .tuple(fc.nat(2_500), fc.jsonValue({ maxDepth: 2 }))
      .map(([place, value]) => JSON.stringify(withReplaced(many, place, value)))
    await fc.assert(
      fc.asyncProperty(fc.oneof(broken, fc.json()), async (text) => {
        expect(await parseDocumentInSteps(text, async () => {})).toEqual(parseDocument(text))
      }),
    )
  })

  it('rests between them', async () => {
    let rests = 0
    const parsed = await parseDocumentInSteps(JSON.stringify(many), async () => void rests++)
    expect(parsed.ok && Object.keys(parsed.value.flags)).toHaveLength(250)
    expect(rests).toBeGreaterThan(3)
  })
})
