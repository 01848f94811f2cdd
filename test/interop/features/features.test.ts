import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { importFeatures } from '../../../src/interop/features/import.ts'
import { deciderFor, documentIn } from '../decider.ts'
import { isOn, type LiteralFlag, randomUsers } from './literal-features.ts'

const readFixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8')
const TEXT = readFixture('features_config.json')
const { features } = JSON.parse(TEXT) as { features: Record<string, LiteralFlag> }
const NOW_MS = Date.parse('2026-06-01T12:00:00Z')
const USERS = 30_000

describe('importing a simple flag file', () => {
  it.each(['production', 'staging', 'development'])(
    'decides as the file says for thousands of users in %s',
    (environment) => {
      const at = { environment, nowMs: NOW_MS }
      const decide = deciderFor(documentIn(importFeatures(TEXT)), at)
      const names = Object.keys(features)
      const seen = new Map(names.map((name) => [name, new Set<boolean>()]))
      const different: unknown[] = []
      for (const user of randomUsers(environment === 'production' ? USERS : USERS / 10, 7)) {
        const { id, ...attributes } = user ?? {}
        const visitor = { ...(id !== undefined && { targetingKey: id }), attributes }
        for (const name of names) {
          const expected = isOn(features, name, user, at)
          seen.get(name)?.add(expected)
          if ((decide(name, visitor)?.value === true) !== expected) different.push({ name, user, expected })
        }
      }
      expect(different.slice(0, 5)).toEqual([])
      // A population for which everything is the same would prove nothing.
      if (environment === 'production') {
        expect(names.filter((name) => seen.get(name)?.size === 2)).toEqual([
          ...['new_checkout', 'new_cart', 'beta_search', 'beta_in_europe', 'chain_1', 'chain_2', 'chain_3'],
          ...['only_users', 'no_region_will_do', 'finely'],
        ])
      }
    },
    120_000,
  )

  it('keeps the places of the hash that such files have, as their users know them', () => {
    const vectors = JSON.parse(readFixture('features-places.json')) as {
      file: Record<string, LiteralFlag>
      places: { id: number; region: string; on: string[] }[]
    }
    const decide = deciderFor(documentIn(importFeatures(JSON.stringify(vectors.file))))
    expect(vectors.places.length).toBeGreaterThan(50)
    for (const { id, region, on } of vectors.places) {
      const visitor = { targetingKey: String(id), attributes: { region } }
      const found = Object.keys(vectors.file).filter((name) => decide(name, visitor)?.value === true)
      expect({ id, on: found }).toEqual({ id, on })
    }
  })

  it('accepts the smallest of such files, a plain map', () => {
    const imported = importFeatures('{"new_feature": false, "old_feature": true}')
    expect(imported).toMatchObject({ ok: true, losses: [] })
    const decide = deciderFor(documentIn(imported))
    expect([decide('new_feature', {})?.value, decide('old_feature', {})?.value]).toEqual([false, true])
  })

  it.each([33.33333, 12.345, 0.0001, 30.00001, 29.99999, 99.9999])(
    'places visitors by %d percent as the file does, whatever its decimals',
    (percentage_rollout) => {
      const flags = { a: { active: true, percentage_rollout } }
      const imported = importFeatures(JSON.stringify(flags))
      expect(imported).toMatchObject({ ok: true, losses: [] })
      const decide = deciderFor(documentIn(imported))
      const at = { environment: 'production', nowMs: NOW_MS }
      for (let id = 0; id < 1_200; id++) {
        const user = { id: String(id) }
        expect(decide('a', { targetingKey: user.id })?.value, user.id).toBe(isOn(flags, 'a', user, at))
      }
    },
  )

  it('takes thresholds over as plain counts, and seconds as milliseconds', () => {
    const { flags } = documentIn(importFeatures(TEXT))
    expect(flags?.new_checkout).toMatchObject({
      description: 'Checkout in one page',
      owner: 'payments',
      metadata: { ticket: 4711 },
      guard: { thresholds: { errors: 20, slow: { count: 15, baselineMs: 800 } } },
    })
  })

  it('calls a cycle of dependencies an error', () => {
    const text = JSON.stringify({
      a: { active: true, depends_on: ['b'] },
      b: { active: true, depends_on: ['a'] },
    })
    expect(importFeatures(text)).toMatchObject({ ok: false, problems: [{ found: '"a → b → a"' }] })
  })

  it('calls a cycle an error also where a flag of it can never be on', () => {
    const text = JSON.stringify({
      features: { a: { active: true, depends_on: ['b', 'nowhere'] }, b: { active: true, depends_on: 'a' } },
    })
    const problems = [{ path: '$.features.b.depends_on[0]', found: '"a → b → a"' }]
    expect(importFeatures(text)).toMatchObject({ ok: false, problems })
  })

  it('points into the file, however it is laid out', () => {
    const bad = { active: true, percentage_rollout: 101 }
    const pathIn = (file: unknown) => {
      const imported = importFeatures(JSON.stringify(file))
      return imported.ok ? undefined : imported.problems[0]?.path
    }
    expect(pathIn({ flags: { a: bad } })).toBe('$.flags.a.percentage_rollout')
    expect(
      pathIn({
        features: [
          { name: 'x', active: true },
          { name: 'a', ...bad },
        ],
      }),
    ).toBe('$.features[1].percentage_rollout')
    expect(pathIn([{ name: 'a', ...bad }])).toBe('$[0].percentage_rollout')
    expect(pathIn({ features: { active: bad } })).toBe('$.features.active.percentage_rollout')
  })

  it('loses no flag and no fact without a word', () => {
    const file = {
      version: 3,
      features: { a: { active: true, metadata: { owner: ['x'], description: null, ticket: null } } },
      b: { active: true },
    }
    expect(importFeatures(JSON.stringify(file))).toMatchObject({
      losses: [{ path: '$.b' }, { path: '$.features.a.metadata.owner' }],
      notes: expect.arrayContaining([expect.objectContaining({ path: '$.version' })]),
    })
  })

  it.each([
    ['a percentage past 100', { percentage_rollout: 101 }, '$.a.percentage_rollout'],
    ['a date that is none', { activation_date: 'soon' }, '$.a.activation_date'],
    ['a text for a number', { error_threshold: 'many' }, '$.a.error_threshold'],
  ])('points at %s', (_what, parts, path) => {
    const imported = importFeatures(JSON.stringify({ a: { active: true, ...parts } }))
    expect(imported).toMatchObject({ ok: false, problems: [{ path }] })
  })

  it('lists what it can not carry over instead of guessing', () => {
    const imported = importFeatures(JSON.stringify({ a: { actve: true, metadata: { history: [1] } } }))
    expect(imported).toMatchObject({
      ok: true,
      losses: [{ path: '$.a.actve' }, { path: '$.a' }, { path: '$.a.metadata.history' }],
    })
  })

  it('leaves out names that no flag can have, where it is allowed to', () => {
    const source = {
      a: { active: true },
      'new shop': { active: true },
      b: { active: true, depends_on: ['new shop'] },
    }
    const imported = importFeatures(JSON.stringify(source))
    expect(imported).toMatchObject({
      ok: true,
      losses: [{ path: '$["new shop"]' }],
      notes: expect.arrayContaining([expect.objectContaining({ path: '$.b.depends_on' })]),
    })
    const { flags } = documentIn(imported)
    expect(Object.keys(flags ?? {})).toEqual(['a', 'b'])
    expect(deciderFor(documentIn(imported))('b', {})?.value).toBe(false)
  })

  it.each([
    ['a day that there is not', { a: { active: true, activation_date: '2026-02-30' } }],
    [
      'two flags of one name',
      [
        { name: 'a', active: true },
        { name: 'a', active: false },
      ],
    ],
    ['a number without end', '{"a": {"active": true, "percentage_rollout": 1e999}}'],
  ])('refuses %s', (_what, source) => {
    const text = typeof source === 'string' ? source : JSON.stringify(source)
    expect(importFeatures(text)).toMatchObject({ ok: false })
  })

  it('reads what an editor has put a byte order mark before, and nothing that is too deep', () => {
    expect(importFeatures(`\uFEFF${JSON.stringify({ a: { active: true } })}`)).toMatchObject({ ok: true })
    const deep = `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`
    expect(importFeatures(deep)).toMatchObject({ ok: false, problems: [{ path: '$' }] })
  })

  it('says which flags of a document it replaces', () => {
    const text = JSON.stringify({ a: { active: true }, b: { active: true } })
    const into = documentIn(importFeatures(JSON.stringify({ a: { active: false } })))
    expect(importFeatures(text, into)).toMatchObject({
      ok: true,
      notes: expect.arrayContaining([{ path: '$', text: expect.stringMatching(/replaced: a$/) }]),
    })
  })

  it('accepts flags at the top, under "flags", and in a list with names', () => {
    const a = { active: true, percentage_rollout: 20 }
    const forms = [{ a }, { flags: { a } }, { features: [{ name: 'a', ...a }] }, [{ name: 'a', ...a }]]
    const documents = forms.map((form) => documentIn(importFeatures(JSON.stringify(form))))
    for (const document of documents) expect(document).toEqual(documents[0])
  })

  it.each([[[{ active: true }]], [[{ name: 7, active: true }]], [['a']], [[null]]])(
    'refuses a list in which a flag has no name: %j',
    (list) => {
      for (const form of [list, { flags: list }])
        expect(importFeatures(JSON.stringify(form))).toMatchObject({ ok: false, problems: [{ path: '$' }] })
    },
  )

  it("compares with the attributes that one's own documents have", () => {
    const attributes = { user: 'userId', region: 'country', accountType: 'plan', beta: 'beta' }
    const text = JSON.stringify({ a: { active: true, regions: ['RO'], users: ['x'] } })
    const decide = deciderFor(documentIn(importFeatures(text, undefined, attributes)))
    expect(decide('a', { attributes: { country: 'RO' } })?.value).toBe(true)
    expect(decide('a', { attributes: { region: 'RO', country: 'US' } })?.value).toBe(false)
    expect(decide('a', { attributes: { userId: 'x' } })?.value).toBe(true)
  })
})
