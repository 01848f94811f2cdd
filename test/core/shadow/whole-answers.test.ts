/** All fields of whole answers. `node test/vectors/make.ts` writes the vectors anew. */
import { describe, expect, it } from 'vitest'
import type { ShadowAnswer } from '../../../src/core/shadow/answer.ts'
import { differences } from '../../../src/core/shadow/compare.ts'
import { NO_SHADOW, stepShadow } from '../../../src/core/shadow/evidence.ts'
import { isSameText } from '../../../src/core/shadow/read-answer.ts'
import { redacted } from '../../../src/core/shadow/redact.ts'
import { routeTemplate } from '../../../src/core/shadow/route-template.ts'
import { MOST_SHOWN } from '../../../src/core/shadow/sample.ts'
import { shadowVerdict } from '../../../src/core/shadow/verdict.ts'
import { isOfFew, type SeenBy, seenBy, type Tallies, tallied } from '../../../src/core/shadow/without-two.ts'
import vectors from '../../vectors/shadow/answers.json' with { type: 'json' }
import { pinnedVerdicts, WHOLE_ANSWERS, wholeAnswer } from './whole-answers.ts'

it.each(Object.entries(WHOLE_ANSWERS))('%s is read as in the vectors', (name, body) => {
  const expected = vectors.answers.find((each) => each.name === name)
  expect({ name, ...wholeAnswer(body) }).toEqual(expected)
})

it('what is shown of a sample is masked from 24 characters of a word on, and 60 long at most', () => {
  expect([
    redacted('a'.repeat(23)),
    redacted('a'.repeat(24)),
    redacted('abcdefghij1'),
    redacted('abcdefghijk1'),
  ]).toEqual([...['a'.repeat(23), '‹token›', 'abcdefghij9', '‹token›']])
  expect([redacted('ab '.repeat(20)), redacted(`${'ab '.repeat(20)}x`)]).toEqual([
    ...['ab '.repeat(20), `${'ab '.repeat(19)}ab…`],
  ])
  expect(MOST_SHOWN).toBe(3)
})

it('a template of a route has eight segments, and 80 characters, at most', () => {
  const path = (segments: number) => '/part'.repeat(segments)
  expect([8, 9].map((segments) => routeTemplate('GET', path(segments)))).toEqual([
    ...[`GET ${path(8)}`, `GET ${path(8)}/…`],
  ])
  expect([75, 76].map((length) => routeTemplate('GET', `/${'x'.repeat(length)}`))).toEqual([
    ...[`GET /${'x'.repeat(75)}`, `GET /${'x'.repeat(74)}…`],
  ])
})

it('where a field has more of the same values, it is said how many', () => {
  const fields = (...values: string[]) => new Map([['f', values]])
  expect(differences(fields('a'), fields('a', 'a'))).toEqual([
    { field: 'f', control: '1 value', canary: 'a' },
  ])
  expect(differences(fields('a', 'b'), fields('a', 'b', 'c'))).toEqual([
    { field: 'f', control: '2 values', canary: 'c' },
  ])
})

it('texts are the same by body and by the headers that are compared; bytes are none', () => {
  const text = (body: string, ...headers: [string, string][]): ShadowAnswer => ({
    ...{ status: 200, headers, body: { kind: 'text', text: body } },
  })
  const bytes: ShadowAnswer = { ...text(''), body: { kind: 'bytes', bytes: 1, hash: '#' } }
  expect([
    isSameText(text('a', ['date', '1']), text('a', ['date', '2'])),
    isSameText(text('a', ['location', '1']), text('a', ['location', '2'])),
    isSameText(text('a', ['set-cookie', '1']), text('a', ['set-cookie', '2'])),
    isSameText(text('a', ['vary', '1']), text('a', ['vary', '2'])),
    isSameText(bytes, text('')),
    isSameText(text(''), bytes),
    isSameText({ failure: 'timeout' }, { failure: 'timeout' }),
  ]).toEqual([true, false, false, false, false, false, false])
})

describe('a verdict', () => {
  const settings = { alpha: 0.01, beta: 0.05, delta: 0.02 }

  it('is as in the vectors, in whichever groups of networks answers are the same or differ', () => {
    expect(pinnedVerdicts()).toEqual(vectors.verdicts)
  })

  it('names a route where the canary differs more than twice as often as control', () => {
    const fields = (canaryOnly: number, controlOnly: number) => ({ f: { canaryOnly, controlOnly, both: 0 } })
    const named = (canaryOnly: number) => {
      const byRoute = { 'GET /': { samples: 90, fields: fields(canaryOnly, 3) } }
      const verdict = shadowVerdict({ ...NO_SHADOW, samples: 90, byRoute, ofAll: fields(60, 0) }, settings)
      return verdict.kind === 'different' && verdict.findings.map(({ route }) => route)
    }
    expect([named(6), named(7)]).toEqual([['(all routes)'], ['GET /']])
  })
})

describe('groups of networks', () => {
  it('are told apart from 1 to 30, by which side differs', () => {
    const tallies = [0, 31, 1, 30, 1].reduce<Tallies | undefined>(
      (before, group, at) => tallied(before, group, at - 3),
      undefined,
    )
    expect(tallies).toEqual({ 1: { samples: 2, up: 1, down: 1 }, 30: { samples: 1, up: 0, down: 0 } })
  })

  it('that saw a difference are eight at most, and each counts on', () => {
    const seen = [0, 31, 1, 2, 3, 4, 5, 6, 7, 30, 9, 30].reduce<SeenBy | undefined>(seenBy, undefined)
    expect(seen).toEqual({ 1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1, 7: 1, 30: 2 })
  })

  it('are few where there are two', () => {
    const tally = { samples: 1, up: 0, down: 0 }
    expect([undefined, { 1: tally, 2: tally }, { 1: tally, 2: tally, 3: tally }].map(isOfFew)).toEqual([
      ...[true, true, false],
    ])
  })

  it('are noted with fields in which the canary alone differs', () => {
    const comparison = { route: 'GET /', canaryOnly: ['a'], controlOnly: ['b'], both: [] }
    const settings = { alpha: 0.01, beta: 0.05, delta: 0.02 }
    const state = stepShadow(
      stepShadow(NO_SHADOW, { ...comparison, group: 4 }, settings),
      comparison,
      settings,
    )
    expect(state.ofAll).toEqual({
      a: { canaryOnly: 2, controlOnly: 0, both: 0, seen: { 4: 1 } },
      b: { canaryOnly: 0, controlOnly: 2, both: 0 },
    })
    expect(state.byGroup).toEqual({ 4: { samples: 1, up: 0, down: 0 } })
  })

  it('are a field’s own: where no more fields fit, others are not looked at', () => {
    const fields = (from: number, count: number) => Array.from({ length: count }, (_, n) => `f${from + n}`)
    const settings = { alpha: 0.01, beta: 0.05, delta: 0.02 }
    const step = (state: typeof NO_SHADOW, canaryOnly: string[]) =>
      stepShadow(state, { route: 'GET /', canaryOnly, controlOnly: [], both: [] }, settings)
    const state = step(step(NO_SHADOW, fields(0, 40)), fields(39, 30))
    expect(Object.keys(state.byRoute['GET /']?.fields ?? {})).toEqual(fields(0, 64))
    expect(state.byRoute['GET /']?.fields.f39?.canaryOnly).toBe(2)
  })
})
