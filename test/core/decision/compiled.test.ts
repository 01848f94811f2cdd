/** How a flag of the document is compiled, as far as decisions show it. */
import { describe, expect, it } from 'vitest'
import { Gate } from '../config/keys/gate-probe.ts'

const VARIANTS = { variants: { on: 1, b: 2, off: 0 }, off: 'off' }
const share = (percentage: number, serve: unknown = 'on') => ({ percentage, serve })
const staged = (serve: unknown = 'on') => ({ stages: [{ percentage: 10 }, { percentage: 100 }], serve })
const when = { when: [{ attribute: 'Country', op: 'in', values: ['RO'] }], serve: 'on' }
const weights = { serve: { on: 50, b: 50 } }

function gateOf(rules: object[], parts: object = {}) {
  return new Gate({
    origins: { old: { url: 'http://old.test' } },
    routes: [{ path: '/*', origin: 'old' }],
    flags: { f: { ...VARIANTS, rules, ...parts }, g: { ...VARIANTS, rules: [share(50)] } },
  })
}
const flagOf = (rules: object[], parts?: object) => {
  const flag = gateOf(rules, parts).snapshot.flags.get('f')
  if (flag === undefined) throw new Error('The flag is missing')
  return flag
}

describe('the rule that is compared', () => {
  it('is the staged one, else the first with a percentage, else the last one of a guarded flag', () => {
    const at = (rules: object[], parts?: object) => flagOf(rules, parts).rolloutRule
    expect([
      at([share(5), staged()]),
      at([when, share(5), share(6)]),
      at([when, when]),
      at([when, when], { guard: {} }),
      at([when, share(5)], { guard: {} }),
      at([], { guard: {} }),
    ]).toEqual([1, 1, -1, 1, 1, -1])
  })

  it('has canary and control; other rules have neither', () => {
    const arms = (rules: object[], key: string | undefined, parts: object = {}) =>
      gateOf(rules, parts).decide(key, { attributes: { Country: 'RO' } }).placement.arm
    expect([
      arms([share(100)], 'u'),
      arms([share(0)], 'u'),
      arms([share(0)], undefined),
      arms([when], 'u'),
    ]).toEqual(['canary', 'control', 'other', 'other'])
    expect([arms([when], 'u', { guard: {} }), arms([when], undefined, { guard: {} })]).toEqual([
      'canary',
      'other',
    ])
    // A visitor of an earlier rule is not compared.
    expect(arms([when, share(100)], 'u')).toBe('other')
  })

  it('keeps a holdback only for a comparison, and only in stages', () => {
    const holdbacks = (rules: object[], parts: object) =>
      flagOf(rules, parts).rules.map(({ holdback }) => holdback)
    expect(holdbacks([staged(), share(5)], { guard: {} })).toEqual([1_000, 0])
    expect(holdbacks([staged()], { guard: { latency: {} }, rollout: { holdbackPercent: 2.5 } })).toEqual([
      2_500,
    ])
    expect(holdbacks([staged()], { guard: {}, rollout: { holdbackPercent: 0 } })).toEqual([0])
    expect(holdbacks([staged()], { guard: { errors: false, ceilings: { errorRate: 0.1 } } })).toEqual([0])
    expect(holdbacks([staged()], { guard: { enabled: false } })).toEqual([0])
    expect(holdbacks([staged()], {})).toEqual([0])
  })
})

describe('weights', () => {
  it('have the flag’s salt until a share has used it', () => {
    const salts = (rules: object[], parts?: object) =>
      flagOf(rules, parts).rules.map(({ serve }) =>
        serve.kind === 'weights' ? serve.salt.text : serve.variant,
      )
    expect(salts([weights, share(5, weights.serve), weights])).toEqual(['f', 'f:variant', 'f:variant'])
    expect(salts([weights, weights], { salt: 's' })).toEqual(['s', 's'])
    expect(salts([staged(weights.serve)], { salt: 's' })).toEqual(['s:variant'])
  })

  it('without a targeting key give the first one', () => {
    expect(gateOf([weights]).decide(undefined)).toMatchObject({
      variant: 'on',
      reason: 'SPLIT',
      placement: { arm: 'other' },
    })
    expect(gateOf([{ serve: { on: 0, b: 100 } }]).decide(undefined).variant).toBe('b')
  })
})

describe('a share', () => {
  it('of 100 % includes visitors without a targeting key, a smaller one does not', () => {
    const variant = (percentage: number) => gateOf([share(percentage)]).decide(undefined)
    expect([variant(100), variant(99.999)]).toMatchObject([
      { variant: 'on', reason: 'SPLIT', rule: 'rule 1' },
      { variant: 'off', reason: 'SPLIT', rule: undefined },
    ])
  })

  it('says why: all, by a condition, by a share, by none', () => {
    const reasons = [[{ serve: 'on' }], [when], [{ ...when, percentage: 100 }], [share(0)], []].map(
      (rules) => gateOf(rules).decide('u', { attributes: { Country: 'RO' } }).reason,
    )
    expect(reasons).toEqual(['STATIC', 'TARGETING_MATCH', 'SPLIT', 'SPLIT', 'DEFAULT'])
  })

  it('past its last stage is that of the last one, and whole once finished', () => {
    const gate = gateOf([staged()], { guard: {} })
    const inside = (control: object) => gate.shares({ control }).on
    expect(inside({ stage: 9 })).toBe(inside({ stage: 1 }))
    expect(inside({ stage: 1, finished: true })).toBe(1_000)
  })
})

describe('what is closed', () => {
  it('opens and closes with environment and schedule, to the millisecond', () => {
    const gate = gateOf([{ serve: 'on' }], {
      environments: ['staging', 'qa'],
      schedule: { start: '2026-01-01', end: '2026-01-02' },
    })
    const at = (now: string, environment = 'qa') => gate.decide('u', { now, environment })
    expect(
      ['2025-12-31T23:59:59.999Z', '2026-01-01', '2026-01-01T23:59:59.999Z', '2026-01-02'].map(
        (now) => at(now).variant,
      ),
    ).toEqual(['off', 'on', 'on', 'off'])
    expect(at('2026-01-01', 'production')).toMatchObject({ variant: 'off', reason: 'DISABLED' })
    expect(at('2026-01-01', 'staging').reason).toBe('STATIC')
  })

  it('follows what it requires as that changes', () => {
    const gate = (requires: unknown[], g: object) =>
      new Gate({
        origins: { old: { url: 'http://old.test' } },
        routes: [{ path: '/*', origin: 'old' }],
        flags: { f: { ...VARIANTS, requires, rules: [{ serve: 'on' }] }, g: { ...VARIANTS, ...g } },
      }).decide('u').variant
    const states = [
      { rules: [{ serve: 'on' }] },
      { rules: [{ serve: 'b' }] },
      { rules: [] },
      { enabled: false, rules: [{ serve: 'on' }] },
    ]
    const table = [
      ['g'],
      [{ flag: 'g', on: false }],
      [{ flag: 'g', variants: ['b'] }],
      ['g', { flag: 'g', on: false }],
    ].map((requires) => states.map((g) => gate(requires, g)).join(' '))
    expect(table).toEqual(['on on off off', 'off off on on', 'off on off off', 'off off off off'])
  })
})

describe('names of attributes', () => {
  it('ignore case for headers alone', () => {
    const attributeOf = (attribute: string) =>
      flagOf([{ when: [{ attribute, op: 'exists' }], serve: 'on' }]).rules[0]?.conditions[0]?.attribute
    expect(['header.X-A', 'cookie.X-A', 'Country'].map(attributeOf)).toEqual([
      'header.x-a',
      'cookie.X-A',
      'Country',
    ])
  })
})
