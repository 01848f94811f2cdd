import { expect, test } from 'vitest'
import { compileSnapshot } from '../../../src/core/config/compile/snapshot.ts'
import { parseDocumentValue } from '../../../src/core/config/parse/parse.ts'
import type { DecisionSample } from '../../../src/core/decision/sample.ts'
import { audiencesOf, examplesOf } from '../../../src/core/decision/sample-answers.ts'

test('examples are the values that samples have most often, five of each attribute', () => {
  const of = (country: string | null, plans: string | string[]) => ({ attributes: { country, plans } })
  const rare = ['A', 'B', 'C', 'D', 'E', 'F'].map((code) => of(code, []))
  const samples = [
    ...rare,
    of('RO', 'pro'),
    of('RO', ['pro', 'beta']),
    of('US', 'pro'),
    of('US', 'x'),
    of('US', 'beta'),
  ]
  expect(examplesOf(samples)).toEqual({
    country: ['US', 'RO', 'A', 'B', 'C'],
    plans: ['pro', 'beta', 'x'],
  })
  expect(examplesOf([of(null, []), { attributes: { bot: true, asn: 3 } }])).toEqual({
    ...{ country: [], plans: [], bot: ['true'], asn: ['3'] },
  })
  expect(examplesOf([])).toEqual({})
})

function when(attribute: string, op: string, value: string) {
  const rules = [{ serve: 'on', when: [{ attribute, op, values: [value] }] }]
  const parsed = parseDocumentValue({
    origins: { old: { url: 'http://old.test' } },
    context: { targetingKey: [{ header: 'x-user' }], attributes: { email: { header: 'x-mail' } } },
    routes: [{ path: '/*', origin: 'old' }],
    flags: { f: { variants: { on: true, off: false }, off: 'off', rules } },
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const condition = compileSnapshot(parsed.value).flags.get('f')?.rules[0]?.conditions[0]
  if (condition === undefined) throw new Error('The flag has no condition')
  return condition
}

test('an audience is who meets all conditions; one that fails decides, whatever is not known of others', () => {
  const sample = (country: string | null, email?: string) =>
    ({
      ...{ attributes: { country }, held: {} },
      hashed: email === undefined ? {} : { email: [`#${email}`, '#other'] },
    }) as unknown as DecisionSample
  const samples = [
    sample('RO', 'a'),
    sample('RO', 'b'),
    sample('US', 'a'),
    sample('RO'),
    sample('US'),
    sample(null),
  ]
  const country = when('country', 'in', 'RO')
  const [email, suffix] = [when('email', 'in', 'a'), when('email', 'ends_with', 'a')]
  const of = (...conditions: (typeof country)[]) => {
    const [audience] = audiencesOf([{ conditions }], samples, { nowMs: 0, hashes: new Map([['a', '#a']]) })
    return [audience?.samples, audience?.matched, audience?.unknown]
  }
  expect(of()).toEqual([6, 6, 0])
  expect(of(country)).toEqual([6, 3, 0])
  expect(of(email)).toEqual([3, 2, 3])
  expect(of(when('email', 'not_in', 'a'))).toEqual([3, 1, 3])
  expect(of(country, email)).toEqual([5, 1, 1])
  expect(of(email, country)).toEqual([5, 1, 1])
  // Hashes tell equality alone.
  expect(of(suffix)).toEqual([0, 0, 6])
  expect(of(country, suffix)).toEqual([3, 0, 3])
  const both = audiencesOf([{ conditions: [country] }, { conditions: [email] }], samples, {
    nowMs: 0,
    hashes: new Map(),
  })
  expect(both.map(({ rule }) => rule)).toEqual([0, 1])
})

test('the time is asked of now, not of when a sample was taken', () => {
  const condition = when('now', 'after', '2027-01-01T00:00:00Z')
  const samples = [{ attributes: { now: 'never' }, held: {}, hashed: {} }] as unknown as DecisionSample[]
  const matchedAt = (time: string) =>
    audiencesOf([{ conditions: [condition] }], samples, { nowMs: Date.parse(time), hashes: new Map() })[0]
      ?.matched
  expect([matchedAt('2026-12-31T00:00:00Z'), matchedAt('2027-01-02T00:00:00Z')]).toEqual([0, 1])
})

test('the most frequent value is the first, also where another one came first', () => {
  const samples = ['x', 'y', 'y', 'z', 'z', 'z'].map((plan) => ({ attributes: { plan } }))
  expect(examplesOf(samples)).toEqual({ plan: ['z', 'y', 'x'] })
  expect(examplesOf(samples.slice(0, 2))).toEqual({ plan: ['x', 'y'] })
})
