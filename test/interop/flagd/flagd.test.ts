import { readFileSync } from 'node:fs'
import { FlagdCore } from '@openfeature/flagd-core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseDocumentValue } from '../../../src/core/config/parse/parse.ts'
import { exportFlagd } from '../../../src/interop/flagd/export.ts'
import { importFlagd } from '../../../src/interop/flagd/import.ts'
import { deciderFor, documentIn } from '../decider.ts'
import { answerOf } from './flagd-arbitrary.ts'

const TEXT = readFileSync(new URL('../fixtures/flagd.json', import.meta.url), 'utf8')
const quiet = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} }

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const context = fc
  .record({
    targetingKey: maybe(fc.string({ minLength: 1, maxLength: 10 })),
    email: maybe(fc.constantFrom('ann@example.com', 'bob@elsewhere.org', 'eve@example.com.evil')),
    role: maybe(fc.constantFrom('admin', 'dev', 'guest')),
    country: maybe(fc.constantFrom('RO', 'DE', 'FR', 'US', 'GB')),
    age: maybe(fc.constantFrom(0, 9, 10, 17, 18, 30, 31, 40, 41)),
    agent: maybe(fc.constantFrom('old-browser', 'chrome', 'googlebot')),
    version: maybe(
      fc.constantFrom('1.9.9', '2.0.0', '2.3.1', '2.3.2', '2.4.0-rc.1', '3.0.0-alpha', 'latest'),
    ),
  })
  .map(
    (fields) =>
      JSON.parse(JSON.stringify(fields)) as { targetingKey?: string } & Record<string, string | number>,
  )

/** Value and variant as the app gets them; a value that is left out is the app's own. */
type Answer = { variant: string | undefined; value: unknown }

describe('importing a flag file of flagd', () => {
  const { flags } = JSON.parse(TEXT) as { flags: Record<string, { state: string }> }

  it("decides as flagd's own evaluator does, for whatever context", () => {
    const reference = new FlagdCore(undefined, quiet)
    reference.setConfigurations(TEXT)
    const decide = deciderFor(documentIn(importFlagd(TEXT)))
    const seen = new Set<string>()
    fc.assert(
      fc.property(context, (given) => {
        const { targetingKey, ...attributes } = given
        for (const key of Object.keys(flags).filter((each) => flags[each]?.state === 'ENABLED')) {
          const decision = decide(key, { ...(targetingKey !== undefined && { targetingKey }), attributes })
          const own: Answer =
            decision?.value === null
              ? { variant: undefined, value: undefined }
              : { variant: decision?.variant, value: decision?.value }
          const { variant, value } = reference.getFlag(key)?.evaluate(given, quiet) ?? {}
          expect({ key, ...own }).toEqual({ key, variant, value })
          seen.add(`${key} ${variant}`)
        }
      }),
      { numRuns: Number(process.env.FUZZ_RUNS ?? 1_000) },
    )
    // Every flag has been seen in more than one state, but for the one that has no targeting.
    const states = Object.keys(flags).map(
      (key) => [...seen].filter((each) => each.startsWith(`${key} `)).length,
    )
    expect(states.filter((count) => count < 2)).toHaveLength(3)
  }, 60_000)

  it('leaves the value of a disabled flag to the app, and serves it as it was when it is enabled again', () => {
    const document = documentIn(importFlagd(TEXT))
    expect(deciderFor(document)('disabled', {})).toMatchObject({ value: null, reason: 'DISABLED' })
    const { disabled } = document.flags ?? {}
    const enabled = { ...document, flags: { disabled: { ...disabled, enabled: true } as never } }
    expect(deciderFor(enabled)('disabled', {})).toMatchObject({ value: true })
  })

  it('takes metadata over, of the flag before that of the file', () => {
    expect(documentIn(importFlagd(TEXT)).flags?.['staff-only']?.metadata).toEqual({
      flagSetId: 'shop',
      owner: 'web',
      tier: 2,
    })
  })

  it.each([
    ['arithmetic', { if: [{ '>': [{ '+': [{ var: 'a' }, 1] }, 2] }, 'on'] }, '.if[0]'],
    ['a default of an attribute as the answer', { var: ['variant', 'on'] }, ''],
    ['a default of an attribute', { if: [{ '==': [{ var: ['a', 'x'] }, 'x'] }, 'on'] }, '.if[0]'],
    ['an unknown reference', { if: [{ $ref: 'no-one' }, 'on'] }, ''],
    ['a weight that is computed', { fractional: [['on', { '+': [1, 2] }]] }, '.fractional'],
    ['a time that is not compared', { if: [{ in: [{ var: '$flagd.timestamp' }, [1]] }, 'on'] }, '.if[0]'],
  ])('lists %s with its place instead of guessing', (_what, targeting, place) => {
    const file = {
      flags: {
        f: { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off', targeting },
      },
    }
    expect(importFlagd(JSON.stringify(file))).toMatchObject({
      ok: true,
      losses: [{ path: `$.flags.f.targeting${place}` }],
    })
  })

  const variants = { on: true, off: false }
  const fileOf = (targeting: object, more: object = {}) =>
    JSON.stringify({
      flags: { f: { state: 'ENABLED', variants, defaultVariant: 'off', targeting, ...more } },
    })

  it.each<[string, object, { given: object; attributes?: Record<string, string | number | boolean> }[]]>([
    [
      'false and 0, which a missing attribute equals',
      { if: [{ '==': [{ var: 'a' }, false] }, 'on', { '!=': [{ var: 'b' }, 0] }, 'off', 'on'] },
      [{ given: {} }, { given: { a: false } }, { given: { a: true, b: 2 } }, { given: { a: true } }],
    ],
    [
      'null, which false and 0 equal',
      { if: [{ '!=': [{ var: 'a' }, null] }, 'on'] },
      [
        { given: {} },
        { given: { a: 0 } },
        { given: { a: false } },
        { given: { a: 7 } },
        { given: { a: '' } },
      ],
    ],
    [
      'what is missing',
      { if: [{ '!': [{ missing: ['a'] }] }, 'on', { missing: ['b', 'c'] }, null, 'on'] },
      [{ given: {} }, { given: { a: 0 } }, { given: { b: '', c: false } }, { given: { c: 1 } }],
    ],
    [
      'lists of numbers',
      { if: [{ in: [{ var: 'a' }, [18, 21]] }, 'on'] },
      [{ given: { a: 18 } }, { given: { a: 20 } }, { given: {} }],
    ],
    [
      'versions that are not in full',
      { if: [{ sem_ver: [{ var: 'v' }, '>=', 'v2.1'] }, 'on'] },
      [{ given: { v: '2.1.0' } }, { given: { v: '2.0.9' } }, { given: {} }],
    ],
    [
      'a number that is to be hashed, which is no text',
      { fractional: [{ var: 'a' }, ['on', 1]] },
      [{ given: { a: 42, targetingKey: 'k' } }, { given: { a: '42' } }, { given: {} }],
    ],
    [
      'parts without a name',
      {
        fractional: [
          ['on', 1],
          [null, 1],
        ],
      },
      Array.from({ length: 20 }, (_, n) => ({ given: { targetingKey: `k${n}` } })),
    ],
    [
      'weights up to the largest',
      {
        fractional: [
          ['on', 1_234_567_890],
          ['off', 912_915_757],
        ],
      },
      Array.from({ length: 20 }, (_, n) => ({ given: { targetingKey: `k${n}` } })),
    ],
    [
      'weights above the largest',
      {
        fractional: [
          ['on', 2 ** 31 - 1],
          ['off', 1],
        ],
      },
      [{ given: { targetingKey: 'k' } }],
    ],
  ])('decides by %s as flagd does', (_what, targeting, contexts) => {
    const file = fileOf(targeting)
    const imported = importFlagd(file)
    expect(imported).toMatchObject({ ok: true, losses: [] })
    const decide = deciderFor(documentIn(imported))
    const reference = new FlagdCore(undefined, quiet)
    reference.setConfigurations(file)
    for (const { given } of contexts) {
      const { targetingKey, ...attributes } = given as Record<string, string>
      const own = decide('f', { ...(targetingKey !== undefined && { targetingKey }), attributes })
      const { variant } = reference.getFlag('f')?.evaluate(given as never, quiet) ?? {}
      expect([given, own?.variant]).toEqual([given, variant])
    }
  })

  it.each([
    ['ends_with', { ends_with: [{ var: 'v' }, '0'] }, ['1.0', 'x', 7, undefined]],
    ['starts_with, with another number of operands', { starts_with: [{ var: 'v' }] }, ['1.0', undefined]],
    ['sem_ver', { sem_ver: [{ var: 'v' }, '=', '1.0.0'] }, ['1.0', '2.0.0', 'x', 1, undefined]],
    [
      'sem_ver, with an unknown operator',
      { sem_ver: [{ var: 'v' }, '===', '1.0.0'] },
      ['1.0.0', 'x', undefined],
    ],
    ['sem_ver, with another number of operands', { sem_ver: [{ var: 'v' }, '='] }, ['1.0.0', undefined]],
    ['the operand of "or" that decides', { or: [{ sem_ver: [{ var: 'v' }, '=', '2'] }, 'on'] }, ['2.0', 'x']],
    [
      'the operand of "and" that decides',
      { and: [{ var: 'v' }, { '==': [{ var: 'v' }, 'on'] }] },
      ['on', 'x', 0],
    ],
    ['an attribute', { var: 'v' }, ['on', 'true', 'true and false', '', undefined]],
    ['an attribute inside of a fraction', { fractional: [[{ var: 'v' }, 1]] }, ['on', 'x', undefined]],
    [
      'a weight that is chosen',
      {
        fractional: [
          ['on', { if: [{ '==': [{ var: 'v' }, 'x'] }, 100, 0] }],
          ['neither', 10],
        ],
      },
      ['x', 'y', undefined],
    ],
    [
      'a variant that there is not',
      { if: [{ '==': [{ var: 'v' }, 'x'] }, 'none of them', 'on'] },
      ['x', 'y'],
    ],
  ])('answers, or leaves it to the app, as flagd does: %s', (_what, targeting, values) => {
    const flag = {
      state: 'ENABLED',
      variants: { true: 1, false: 2, neither: 3, on: 4 },
      defaultVariant: 'neither',
      targeting,
    }
    const text = JSON.stringify({ flags: { f: flag, g: { ...flag, defaultVariant: null } } })
    const imported = importFlagd(text)
    expect(imported).toMatchObject({ losses: [] })
    const decide = deciderFor(documentIn(imported))
    const reference = new FlagdCore(undefined, quiet)
    reference.setConfigurations(text)
    for (const key of ['f', 'g'])
      for (const v of values) {
        const given = { targetingKey: 'ann', ...(v !== undefined && { v }) }
        const { variant, value } = reference.getFlag(key)?.evaluate(given, quiet) ?? {}
        const { targetingKey, ...attributes } = given
        const own = answerOf(decide(key, { targetingKey, attributes: attributes as Record<string, string> }))
        expect({ key, v, ...own }).toEqual({ key, v, variant, value })
      }
  })

  it('lists "missing" as the answer, and takes it back where it has been exported', () => {
    const boolean = { variants: { true: true, false: false }, defaultVariant: 'false' }
    const paths = (file: string) => {
      const imported = importFlagd(file)
      return imported.ok ? imported.losses.map(({ path }) => path) : undefined
    }
    const answer = { or: [{ '==': [{ var: 'a' }, 'x'] }, { missing: ['a'] }] }
    expect(paths(fileOf(answer, boolean))).toEqual(['$.flags.f.targeting.or[2].or[0]'])
    const rules = [
      { when: [{ attribute: 'age', op: 'gt', values: [18] }], serve: 'on' },
      { when: [{ attribute: 'role', op: 'exists', negate: true }], serve: { on: 30, off: 70 } },
    ]
    const origins = { app: { url: 'https://app.example.com' } }
    const parsed = parseDocumentValue({
      origins,
      routes: [{ path: '/*', origin: 'app' }],
      flags: { f: { variants, off: 'off', rules } },
    })
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
    expect(paths(JSON.stringify(exportFlagd(parsed.value).file))).toEqual([])
  })

  it('leaves out flags whose names a document can not have, where it is allowed to', () => {
    const flag = { state: 'ENABLED', variants, defaultVariant: 'off' }
    const flags = { f: flag, 'my flag': flag }
    const imported = importFlagd(JSON.stringify({ flags }))
    expect(imported).toMatchObject({ losses: [{ path: '$.flags["my flag"]' }] })
    expect(Object.keys(documentIn(imported).flags ?? {})).toEqual(['f'])
  })

  it('keeps the description that many files have', () => {
    const flag = { state: 'ENABLED', variants, defaultVariant: 'off' }
    const flags = { f: { ...flag, description: 'Fails on purpose' }, g: { ...flag, description: 7 } }
    const { f, g } = documentIn(importFlagd(JSON.stringify({ flags }))).flags ?? {}
    expect([f?.description, g?.description]).toEqual(['Fails on purpose', undefined])
  })

  it('carries variants such as "100%" over, and gives another name to those that a document can not have', () => {
    const flag = {
      state: 'ENABLED',
      variants: { '100%': 1, 'très-bien': 2, 'très bien': 3, ' a': 4, '-a': 5, '': 6 },
      defaultVariant: '100%',
      targeting: { if: [{ '==': [{ var: 'x' }, 1] }, 'très bien', { var: 'name' }] },
    }
    const imported = importFlagd(JSON.stringify({ flags: { f: flag } }))
    expect(imported).toMatchObject({
      losses: ['["très bien"]', '[" a"]', '["-a"]', '[""]'].map((name) => ({
        path: `$.flags.f.variants${name}`,
      })),
    })
    const names = Object.keys(documentIn(imported).flags?.f?.variants ?? {})
    expect(names).toEqual(['100%', 'très-bien', 'très-bien~3', 'a', 'a~5', 'variant', 'code-default'])
    const decide = deciderFor(documentIn(imported))
    expect(decide('f', { attributes: { x: 1 } })?.value).toBe(3)
    expect(decide('f', { attributes: { name: '-a' } })?.value).toBe(5)
    expect(decide('f', {})).toMatchObject({ value: 1, variant: '100%', reason: 'DEFAULT' })
  })

  it('gives a flag another key where it is told to, and keeps the places of the old one', () => {
    const fractional = [
      ['on', 1],
      ['off', 1],
    ]
    const flag = { state: 'ENABLED', variants, defaultVariant: 'off', targeting: { fractional } }
    const text = JSON.stringify({ flags: { 'my flag': flag } })
    const imported = importFlagd(text, undefined, { 'my flag': 'my-flag' })
    expect(imported).toMatchObject({ ok: true, losses: [] })
    const decide = deciderFor(documentIn(imported))
    const reference = new FlagdCore(undefined, quiet)
    reference.setConfigurations(text)
    for (let n = 0; n < 50; n++) {
      const { variant } = reference.getFlag('my flag')?.evaluate({ targetingKey: `k${n}` }, quiet) ?? {}
      expect(decide('my-flag', { targetingKey: `k${n}` })?.variant).toBe(variant)
    }
  })

  it('says what is wrong with a file', () => {
    expect(importFlagd('{"flags": {"f": {"state": "ON"}}}')).toMatchObject({ ok: false })
    expect(importFlagd('{')).toMatchObject({ ok: false })
    const deep = `${'{"!":['.repeat(5_000)}true${']}'.repeat(5_000)}`
    const flag = `{"state":"ENABLED","variants":{"on":true},"defaultVariant":"on","targeting":{"if":[${deep},"on"]}}`
    expect(importFlagd(`{"flags":{"f":${flag}}}`)).toMatchObject({ ok: false, problems: [{ path: '$' }] })
  })
})

describe('exporting to flagd', () => {
  const variants = { on: true, off: false }
  const document = {
    origins: { app: { url: 'https://app.example.com' } },
    routes: [{ path: '/*', origin: 'app' }],
    flags: {
      share: { variants, off: 'off', rules: [{ percentage: 33.3, serve: 'on' }] },
      weighed: {
        variants: { a: 1, b: 2, c: 3 },
        off: 'a',
        rules: [
          { when: [{ attribute: 'country', op: 'in', values: ['RO', 'DE'] }], percentage: 40, serve: 'c' },
          { serve: { a: 20, b: 30, c: 50 } },
        ],
      },
      targeted: {
        variants,
        off: 'off',
        rules: [
          {
            when: [
              { attribute: 'email', op: 'ends_with', values: ['@example.com'], negate: true },
              { attribute: 'email', op: 'exists' },
            ],
            serve: 'off',
          },
          { when: [{ attribute: 'age', op: 'lt', values: [18] }], serve: 'on' },
          {
            when: [
              { attribute: 'version', op: 'semver_gte', values: ['2.3.1'] },
              { attribute: 'agent', op: 'contains', values: ['chrome', 'bot'] },
            ],
            serve: 'on',
          },
          { when: [{ attribute: 'role', op: 'not_in', values: ['guest', 'dev'] }], serve: 'on' },
        ],
      },
      nought: {
        variants,
        off: 'off',
        rules: [
          { when: [{ attribute: 'age', op: 'eq', values: [0] }], serve: 'on' },
          { when: [{ attribute: 'age', op: 'not_in', values: [0, 9, 10] }], percentage: 50, serve: 'on' },
        ],
      },
      byMail: {
        variants,
        off: 'off',
        rules: [
          {
            bucketing: { scheme: 'flagd', hash: [{ attribute: 'email' }] },
            serve: { on: 1, off: 1 },
          },
        ],
      },
      none: {
        variants: { on: 'x', off: null },
        off: 'off',
        rules: [{ when: [{ attribute: 'age', op: 'gte', values: [30] }], serve: 'on' }],
      },
    },
  }

  it('decides in flagd as here, for everybody who has a targeting key', () => {
    const parsed = parseDocumentValue(document)
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
    const { file, losses } = exportFlagd(parsed.value)
    expect(losses).toEqual([])
    const reference = new FlagdCore(undefined, quiet)
    reference.setConfigurations(JSON.stringify(file))
    const decide = deciderFor(document as never)
    fc.assert(
      fc.property(context, (given) => {
        const { targetingKey = 'someone', ...attributes } = given
        for (const key of Object.keys(document.flags)) {
          const { variant, value } =
            reference.getFlag(key)?.evaluate({ ...attributes, targetingKey }, quiet) ?? {}
          const decision = decide(key, { targetingKey, attributes })
          const isNothing = decision?.value === null
          expect({
            key,
            variant: isNothing ? undefined : decision?.variant,
            value: decision?.value ?? undefined,
          }).toEqual({ key, variant, value })
        }
      }),
      { numRuns: Number(process.env.FUZZ_RUNS ?? 1_000) },
    )
  }, 60_000)

  it('lists what flagd can not say', () => {
    const parsed = parseDocumentValue({
      ...document,
      flags: {
        f: {
          variants,
          off: 'off',
          schedule: { start: '2026-01-01' },
          rules: [
            { when: [{ attribute: 'ip', op: 'in_cidr', values: ['10.0.0.0/8'] }], serve: 'on' },
            { stages: [{ percentage: 10 }], serve: 'on' },
          ],
        },
      },
    })
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
    const paths = exportFlagd(parsed.value).losses.map(({ path }) => path)
    expect(paths).toEqual(['$.flags.f.schedule', '$.flags.f.rules[0].when[0]', '$.flags.f.rules[1].stages'])
  })
})
