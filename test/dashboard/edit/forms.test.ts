import { describe, expect, it } from 'vitest'
import { parseDocumentValue } from '../../../src/core/config/parse/parse.ts'
import { BUILT_IN_ATTRIBUTES } from '../../../src/core/context/attributes.ts'
import { OPERATORS } from '../../../src/core/flags/operators.ts'
import {
  aboutAttribute,
  attributeGroups,
  choicesFor,
  conditionOn,
  kindOf,
  operatorsFor,
} from '../../../src/dashboard/views/edit/attribute-kinds.ts'
import { inUnits, localMoment } from '../../../src/dashboard/views/edit/pickers.tsx'
import {
  documentWithRollout,
  missingIn,
  newRollout,
  PRESETS,
} from '../../../src/dashboard/views/rollout/rollout-draft.ts'

const PRESENT = {
  origins: { old: { url: 'https://old.example.com' } },
  routes: [
    { path: '/api/*', origin: 'old' },
    { path: '/*', origin: 'old' },
  ],
  flags: {},
}
const draft = (parts: object = {}) => ({
  ...newRollout(PRESENT),
  ...{ key: 'new-shop', newUrl: 'https://new.example.com', ...parts },
})
const problemsOf = (document: unknown) => {
  const parsed = parseDocumentValue(document)
  return parsed.ok ? [] : parsed.problems
}

describe('a rollout by form', () => {
  it('makes a valid document: the flag, its origin, and the route in place of the one with that path', () => {
    const document = documentWithRollout(PRESENT, draft())
    expect(problemsOf(document)).toEqual([])
    expect(document.routes).toEqual([
      { path: '/api/*', origin: 'old' },
      { path: '/*', flag: 'new-shop', origins: { on: 'new', off: 'old' } },
    ])
    expect(document.origins).toEqual({ ...PRESENT.origins, new: { url: 'https://new.example.com' } })
  })

  it.each(Object.entries(PRESETS))('in %s stages is valid', (_, stages) => {
    const flag = { ...newRollout(PRESENT).flag, rules: [{ serve: 'on', stages }] }
    expect(problemsOf(documentWithRollout(PRESENT, draft({ flag })))).toEqual([])
  })

  it('puts a new path before all others, which may be more general', () => {
    const { routes } = documentWithRollout(PRESENT, draft({ path: '/checkout/*' }))
    expect((routes as { path: string }[]).map(({ path }) => path)).toEqual(['/checkout/*', '/api/*', '/*'])
    const ofHost = { ...PRESENT, routes: [{ path: '/*', host: 'a.example.com', origin: 'old' }] }
    expect(documentWithRollout(ofHost, draft()).routes).toHaveLength(2)
  })

  it('leads to an origin that the document has already', () => {
    const both = { ...PRESENT, origins: { ...PRESENT.origins, new: { url: 'https://next.example.com' } } }
    expect(documentWithRollout(both, draft({ newUrl: '' })).origins).toEqual(both.origins)
    expect(missingIn(both, draft({ newUrl: '' }))).toBeUndefined()
  })

  it.each([
    ['Name the rollout.', { key: '' }],
    ['Name the new origin.', { newOrigin: '' }],
    ['Give the URL of the new origin.', { newUrl: '' }],
    ['Choose another name: there is an origin old.', { newOrigin: 'old' }],
    ['Choose the origin that serves these requests today.', { control: '' }],
    ['The new origin must be another one than that of today.', { newOrigin: 'old', newUrl: '' }],
    ['The path must begin with a slash.', { path: 'checkout' }],
    [undefined, {}],
  ])('asks for what is missing: %s', (missing, parts) => {
    expect(missingIn(PRESENT, draft(parts))).toBe(missing)
  })

  it('does not take the name of a flag', () => {
    expect(missingIn({ ...PRESENT, flags: { 'new-shop': {} } }, draft())).toMatch(/^Choose another name/)
  })
})

describe('attributes', () => {
  it.each(Object.keys(BUILT_IN_ATTRIBUTES))(
    '%s has operators that exist, and what it holds in words',
    (name) => {
      const operators = operatorsFor(name).map(([op]) => op)
      expect(operators.length).toBeGreaterThan(0)
      for (const op of operators) expect(OPERATORS).toContain(op)
      expect(aboutAttribute(name)).not.toContain('`')
      expect(operators[0]).toBe(conditionOn(name).op)
    },
  )

  it('of a choice have values to choose from, each known to the gate', () => {
    for (const name of ['country', 'continent', 'timezone', 'device', 'method'])
      expect([name, kindOf(name), (choicesFor(name) ?? []).length > 3]).toEqual([name, 'choice', true])
    const document = (value: string) => ({
      ...PRESENT,
      flags: {
        f: {
          ...{ variants: { on: true, off: false }, off: 'off' },
          rules: [{ when: [{ attribute: 'country', op: 'in', values: [value] }], serve: 'on' }],
        },
      },
    })
    for (const [code] of choicesFor('country') ?? []) expect(problemsOf(document(code))).toEqual([])
    expect(choicesFor('city')).toBeUndefined()
  })

  it('of this document come first; for an unknown one every operator may fit', () => {
    const [own, known] = attributeGroups({ context: { attributes: { plan: { jwt: 'plan' } } } })
    expect(own).toEqual({ label: 'Of this gate', attributes: [['plan', 'plan']] })
    expect(known?.attributes.map(([name]) => name)).toContain('country')
    expect(attributeGroups({})).toHaveLength(1)
    expect(operatorsFor('plan').map(([op]) => op)).toContain('semver_gte')
    expect([kindOf('plan'), kindOf('city'), kindOf('constructor')]).toEqual(['unknown', 'text', 'unknown'])
    expect(conditionOn('bot')).toEqual({ attribute: 'bot', op: 'in', values: [true] })
    const flags = {
      f: {
        ...{ variants: { on: true, off: false }, off: 'off' },
        rules: [{ when: [conditionOn('bot'), conditionOn('eu')], serve: 'on' }],
      },
    }
    expect(problemsOf({ ...PRESENT, flags })).toEqual([])
  })
})

describe('durations and moments', () => {
  it.each([
    ['10m', 10, 'm'],
    ['1h30m', 90, 'm'],
    ['2h', 2, 'h'],
    ['24h', 24, 'h'],
    ['60s', 60, 's'],
    ['1.5h', 1.5, 'h'],
    ['12h12h', 1, 'd'],
    ['90s', 90, 's'],
    ['0s', 0, 'm'],
    ['soon', undefined, 'm'],
    [undefined, undefined, 'm'],
  ])('%s is %s %s', (text, amount, unit) => {
    expect(inUnits(text)).toEqual({ amount, unit })
  })

  it('a moment is shown in local time, and nothing for what is none', () => {
    const iso = '2026-12-01T12:30:00Z'
    expect(new Date(localMoment(iso)).getTime()).toBe(Date.parse(iso))
    expect([localMoment('soon'), localMoment(undefined)]).toEqual(['', ''])
  })
})
