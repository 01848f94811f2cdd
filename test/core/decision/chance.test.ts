/** What chance could give to a visitor, what that needs, and with whom a visitor is compared. */
import { describe, expect, it } from 'vitest'
import { compileSnapshot } from '../../../src/core/config/compile/snapshot.ts'
import { compileControl, type FlagControl, INITIAL_CONTROL_STATE } from '../../../src/core/config/control.ts'
import { parseDocumentValue } from '../../../src/core/config/parse/parse.ts'
import { type AttributeValue, staticContext } from '../../../src/core/context/attributes.ts'
import {
  apart,
  currentShare,
  decide,
  EXCLUDED,
  hasOwnPositions,
  NOT_COMPARED,
  variantsByChance,
} from '../../../src/core/decision/decide.ts'
import type { CompiledRequirement } from '../../../src/core/flags/flag.ts'

const RO = [{ attribute: 'country', op: 'in', values: ['RO'] }]
const RANGES = {
  scheme: 'ranges',
  places: [{ algorithm: 'murmur3', hash: [{ attribute: 'a' }], ranges: [[0, 2 ** 32]] }],
}
const UNLEASH = { scheme: 'unleash', group: 'g', stickiness: ['user'] }
const FLAGD = { scheme: 'flagd', hash: [{ attribute: 'email' }] }

function compiled(rules: object[], more: object = {}) {
  const parsed = parseDocumentValue({
    origins: { old: { url: 'http://old.test' } },
    routes: [{ path: '/*', origin: 'old' }],
    flags: {
      f: { variants: { on: 1, b: 2, c: 3, off: 0 }, off: 'off', rules, ...more },
      g: { variants: { on: 1, off: 0 }, off: 'off', rules: [{ serve: 'on', when: RO }] },
    },
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const { flags } = compileSnapshot(parsed.value)
  const flag = flags.get('f')
  if (flag === undefined) throw new Error('The flag is missing')
  return { flags, flag }
}

function decided(
  rules: object[],
  attributes: Record<string, AttributeValue>,
  key?: string,
  more: object = {},
) {
  const { flags, flag } = compiled(rules, more)
  const inputs = {
    flags,
    control: compileControl(INITIAL_CONTROL_STATE, []),
    environment: 'production',
    nowMs: 0,
    overrides: undefined,
  }
  return decide(flag, staticContext(key, attributes), inputs)
}

describe('the variants that chance could give', () => {
  const START: FlagControl = { generation: 1, stage: 0 }
  const chances = (rules: object[], attributes: Record<string, AttributeValue> = {}) => [
    ...variantsByChance(compiled(rules).flag, START, staticContext('key', attributes)),
  ]
  it.each<[string, object[], string[]]>([
    ['none but the off one', [], ['off']],
    [
      'down to the rule for all',
      [{ serve: 'on', percentage: 5 }, { serve: 'b' }, { serve: 'c' }],
      ['off', 'on', 'b'],
    ],
    ['those of weights', [{ serve: { on: 50, b: 50 } }, { serve: 'c' }], ['off', 'on', 'b']],
    ['past a share of all', [{ serve: 'on', percentage: 100 }, { serve: 'b' }], ['off', 'on', 'b']],
    [
      'past stages',
      [{ serve: 'on', stages: [{ percentage: 5 }, { percentage: 9 }] }, { serve: 'b' }],
      ['off', 'on', 'b'],
    ],
    ['past a bucketing', [{ serve: 'on', bucketing: RANGES }, { serve: 'b' }], ['off', 'on', 'b']],
    ['not of conditions that fail', [{ serve: 'on', when: RO }, { serve: 'b' }], ['off', 'b']],
  ])('are %s', (_, rules, variants) => {
    expect(chances(rules)).toEqual(variants)
  })

  it('end at conditions that hold', () => {
    expect(chances([{ serve: 'on', when: RO }, { serve: 'b' }], { country: 'RO' })).toEqual(['off', 'on'])
  })
})

describe('a visitor without what is hashed', () => {
  const SPLIT = { serve: { on: 50, b: 50 } }
  it('gets the first weight here, and in flagd nothing', () => {
    expect(decided([SPLIT], {})).toMatchObject({ variant: 'on', value: 1, reason: 'SPLIT', rule: 'rule 1' })
    const flagd = [{ ...SPLIT, bucketing: FLAGD }]
    expect(decided(flagd, {})).toMatchObject({ variant: 'off', value: 0, reason: 'DEFAULT', rule: 'rule 1' })
    const variants = new Set(
      Array.from({ length: 30 }, (_, at) => decided(flagd, { email: `${at}` })).map(
        ({ variant, reason }) => `${variant} ${reason}`,
      ),
    )
    expect([...variants].sort()).toEqual(['b SPLIT', 'on SPLIT'])
  })

  it('is outside of a share of flagd’s, and of Unleash’s', () => {
    for (const bucketing of [FLAGD, UNLEASH]) {
      const rules = [{ serve: 'on', percentage: 99, bucketing }]
      expect(decided(rules, {}, 'key')).toMatchObject({ variant: 'off', reason: 'SPLIT', rule: undefined })
      expect(decided(rules, { email: 'x', user: 'x' })).toMatchObject({ variant: 'on', rule: 'rule 1' })
    }
  })

  it('gets a variant of Unleash’s all the same, by an empty id', () => {
    const spread = Array.from(
      { length: 30 },
      (_, at) => decided([{ ...SPLIT, bucketing: UNLEASH }], { user: `${at}` }).variant,
    )
    expect(new Set(spread)).toEqual(new Set(['on', 'b']))
    const none = decided([{ ...SPLIT, bucketing: UNLEASH }], {})
    expect(none).toMatchObject({
      reason: 'SPLIT',
      variant: decided([{ ...SPLIT, bucketing: UNLEASH }], { user: '' }).variant,
    })
  })

  it('has what Unleash overrides for a value', () => {
    const overrides = [{ attribute: 'plan', values: ['7'], serve: 'c' }]
    const rules = [{ ...SPLIT, bucketing: { ...UNLEASH, overrides } }]
    expect([decided(rules, { plan: 7 }).variant, decided(rules, { plan: '7' }).variant]).toEqual(['c', 'c'])
    expect(decided(rules, { plan: '8' }).variant).not.toBe('c')
  })
})

describe('a place in the comparison', () => {
  const guard = { guard: { errors: {} } }
  it('is by the position of the flag, where a rule spreads by it', () => {
    const rule = (bucketing?: object) =>
      compiled([{ serve: 'on', percentage: 50, ...(bucketing && { bucketing }) }]).flag.rules[0]
    const own = [undefined, RANGES, UNLEASH, FLAGD].map((bucketing) => {
      const found = rule(bucketing)
      return found && hasOwnPositions(found)
    })
    expect(own).toEqual([true, true, false, false])
    const narrowed = [{ serve: 'on', percentage: 50, bucketing: RANGES }]
    expect(decided(narrowed, { a: 'x' }, 'key', guard).placement).toMatchObject({
      arm: expect.stringMatching(/canary|control/),
    })
    expect(decided(narrowed, {}, 'key', guard).placement).toMatchObject({ arm: 'control' })
    expect(decided(narrowed, { a: 'x' }, undefined, guard).placement).toBe(NOT_COMPARED)
  })

  it('is none for a request apart from the comparison, which is counted all the same', () => {
    const canary = decided([{ serve: 'on', percentage: 100 }], {}, 'key', guard)
    expect(canary.placement.arm).toBe('canary')
    expect(apart(canary)).toEqual({ ...canary, placement: EXCLUDED })
    expect(apart(canary).placement).toBe(EXCLUDED)
    const other = decided([{ serve: 'on' }], {}, undefined)
    expect(apart(other)).toBe(other)
  })
})

it('a requirement of a flag that there is not is not met', () => {
  const { flags, flag: own } = compiled([])
  const inputs = {
    flags,
    control: compileControl(INITIAL_CONTROL_STATE, []),
    environment: '',
    nowMs: 0,
    overrides: undefined,
  }
  const requiring = (requirement: CompiledRequirement) => ({ ...own, requires: [requirement] })
  const met = (flag: string, parts: object = {}, country = 'RO') =>
    decide(
      requiring({ flag, on: true, variants: undefined, ...parts }),
      staticContext('key', { country }),
      inputs,
    ).reason !== 'DISABLED'
  expect([met('gone'), met('gone', { on: false }), met('g'), met('g', {}, 'DE')]).toEqual([
    false,
    false,
    true,
    false,
  ])
  expect([met('g', { on: false }), met('g', { on: false }, 'DE')]).toEqual([false, true])
  const off = { variants: new Set(['off']) }
  expect([met('g', off), met('g', off, 'DE')]).toEqual([false, true])
})

it('a share is what the control state makes of stages and percentages', () => {
  const stages = [{ percentage: 10 }, { percentage: 100 }]
  const share = (rules: object[], control: Partial<FlagControl>, more: object = {}) => {
    const { flag } = compiled(rules, more)
    const [rule] = flag.rules
    return rule && currentShare(rule, { generation: 1, stage: 0, split: rule.split?.() ?? '', ...control })
  }
  const staged = [{ serve: 'on', stages }]
  const guard = { guard: { errors: {} } }
  const half = [{ serve: 'on', percentage: 50 }]
  expect([
    share(staged, {}),
    share(staged, { stage: 1 }),
    share(staged, { stage: 1 }, guard),
    share(staged, { stage: 1, finished: true }, guard),
    share(staged, { stage: 7 }),
    share(staged, { percentage: 33.3 }),
    share(staged, { percentage: 90, most: 40 }),
    share(staged, { split: 'another' }),
    share(staged, { split: '' }),
    share(half, {}),
    share(half, { percentage: 20 }),
    share(half, { percentage: 90 }),
    share(half, { percentage: 90, most: 5 }),
    share([{ serve: 'on' }], {}),
    share([{ serve: 'on' }], { percentage: 7 }),
    share(half, { split: '' }),
  ]).toEqual([
    10_000,
    100_000,
    99_000,
    100_000,
    100_000,
    33_300,
    40_000,
    0,
    0,
    50_000,
    20_000,
    50_000,
    5_000,
    undefined,
    7_000,
    50_000,
  ])
})
