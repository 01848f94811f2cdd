/** Turning a feature off in stages: what is proposed, and what is warned of. */
import { describe, expect, it } from 'vitest'
import { compileSnapshot } from '../../../../src/core/config/compile/snapshot.ts'
import { compileControl, INITIAL_CONTROL_STATE } from '../../../../src/core/config/control.ts'
import { mergePatch } from '../../../../src/core/config/edit.ts'
import { parseDocumentValue } from '../../../../src/core/config/parse/parse.ts'
import { documentWarnings } from '../../../../src/core/config/parse/warnings.ts'
import { sunsetOf } from '../../../../src/core/config/split/sunset.ts'
import { staticContext } from '../../../../src/core/context/attributes.ts'
import { decide } from '../../../../src/core/decision/decide.ts'

type Flags = Record<string, Record<string, unknown>>

const onOff = { variants: { on: true, off: false }, off: 'off' }
const STAGES = [{ percentage: 10 }, { percentage: 100 }]
const US = [{ attribute: 'country', op: 'in', values: ['US'] }]

function parsed(flags: Flags) {
  const document = parseDocumentValue({
    origins: { old: { url: 'https://old.test' } },
    routes: [{ path: '/*', origin: 'old' }],
    flags,
  })
  if (!document.ok) throw new Error(JSON.stringify(document.problems))
  return document.value
}
const planOf = (flag: object) => {
  const definition = parsed({ f: { ...onOff, ...flag } }).flags.f
  if (definition === undefined) throw new Error('The flag is missing')
  return sunsetOf(definition)
}
const warned = (flags: Flags) => documentWarnings(parsed(flags)).map(({ place, text }) => `${place}: ${text}`)

describe('the sunset of a flag', () => {
  it.each<[string, object]>([
    ['one rule for all', { rules: [{ serve: 'on' }] }],
    [
      'a finished rollout with testers',
      {
        rules: [
          { when: US, serve: 'on' },
          { stages: STAGES, serve: 'on' },
        ],
      },
    ],
    ['100 %', { rules: [{ percentage: 100, serve: 'on' }, { serve: 'off' }] }],
    ['a value', { variants: { off: 'none', on: 'banner' }, rules: [{ serve: 'on' }] }],
  ])('closes to what visitors have, and is valid without a warning: %s', (_, flag) => {
    const plan = planOf(flag)
    if (!plan.ok) throw new Error(plan.why)
    expect([plan.keeps, plan.without]).toEqual(['on', 'off'])
    const after = mergePatch({ ...onOff, ...flag }, plan.patch)
    expect(after).toMatchObject({
      off: 'on',
      rules: [{ name: 'sunset', serve: 'off' }],
      guard: { errors: {} },
    })
    expect(warned({ f: after })).toEqual([])
  })

  it('keeps a guard that is on', () => {
    const plan = planOf({ rules: [{ serve: 'on' }], guard: { ceilings: { errorRate: 0.1 } } })
    expect(plan).toMatchObject({ ok: true, patch: { rules: [{ serve: 'off' }] } })
    expect(plan.ok && Object.keys(plan.patch)).toEqual(['off', 'rules'])
    const off = planOf({ rules: [{ serve: 'on' }], guard: { enabled: false } })
    expect(off).toMatchObject({ patch: { guard: { errors: {}, latency: {} } } })
  })

  it.each<[string, object]>([
    ['disabled', { enabled: false, rules: [{ serve: 'on' }] }],
    ['without rules', { rules: [] }],
    ['for some', { rules: [{ when: US, serve: 'on' }] }],
    ['a share', { rules: [{ percentage: 99, serve: 'on' }] }],
    ['off for some', { rules: [{ when: US, serve: 'off' }, { serve: 'on' }] }],
    ['weights', { rules: [{ serve: { on: 50, off: 50 } }] }],
    ['gone already', { off: 'on', rules: [{ name: 'done', serve: 'off' }] }],
    ['off for all', { rules: [{ serve: 'off' }] }],
    ['begun', { off: 'on', rules: [{ name: 'sunset', stages: STAGES, serve: 'off' }] }],
  ])('is not proposed: %s', (_, flag) => expect(planOf(flag)).toMatchObject({ ok: false }))
})

describe('check', () => {
  const closing = (at: string) =>
    `${at}: its canary gets "off", and after a rollback or a kill everybody would: to turn a feature off in stages, let "off" name the variant that visitors have now`

  it.each<[string, object]>([
    ['stages', { rules: [{ stages: STAGES, serve: 'off' }, { serve: 'on' }], guard: {} }],
    ['stages without a guard', { rules: [{ stages: STAGES, serve: 'off' }, { serve: 'on' }] }],
    ['a guarded share', { rules: [{ percentage: 5, serve: 'off' }, { serve: 'on' }], guard: {} }],
    ['weights', { rules: [{ stages: STAGES, serve: { off: 100 } }, { serve: 'on' }], guard: {} }],
  ])('warns where a rollback gives everybody what the canary has: %s', (_, flag) => {
    expect(warned({ f: { ...onOff, ...flag } })).toEqual([closing('$.flags.f.rules[0].serve')])
  })

  it.each<[string, object]>([
    ['the other way', { off: 'on', rules: [{ stages: STAGES, serve: 'off' }], guard: {} }],
    ['a share that nothing judges', { rules: [{ percentage: 5, serve: 'off' }, { serve: 'on' }] }],
    ['weights with another', { rules: [{ stages: STAGES, serve: { off: 50, on: 50 } }], guard: {} }],
    [
      'the rule before',
      {
        rules: [
          { when: US, serve: 'off' },
          { stages: STAGES, serve: 'on' },
        ],
        guard: {},
      },
    ],
  ])('does not: %s', (_, flag) => expect(warned({ f: { ...onOff, ...flag } })).toEqual([]))

  it('warns of flags that require one on its way out without naming its variant', () => {
    const gone = { ...onOff, off: 'on', rules: [{ name: 'sunset', stages: STAGES, serve: 'off' }], guard: {} }
    expect(warned({ gone, f: { ...onOff, requires: ['gone'], rules: [{ serve: 'on' }] } })).toEqual([
      '$.flags.f.requires[0]: gone is being turned off, and "on" is its off variant now: name the variants that are required, { "flag": "gone", "variants": ["on"] }',
    ])
    const named = { ...onOff, requires: [{ flag: 'gone', variants: ['on'] }], rules: [{ serve: 'on' }] }
    expect(warned({ gone, f: named })).toEqual([])
    expect(warned({ gone: { ...onOff, rules: [] }, f: { ...onOff, requires: ['gone'] } })).toEqual([])
  })
})

describe('a flag that requires a variant by its name', () => {
  it('has it also where that is the one of a closed flag', () => {
    const served = (gone: object, requires: unknown[]) => {
      const { flags } = compileSnapshot(
        parsed({ gone: { ...onOff, ...gone }, f: { ...onOff, requires, rules: [{ serve: 'on' }] } }),
      )
      const f = flags.get('f')
      if (f === undefined) throw new Error('The flag is missing')
      const control = compileControl(INITIAL_CONTROL_STATE, [])
      const inputs = { flags, control, environment: 'production', nowMs: 0, overrides: undefined }
      return decide(f, staticContext('ada', {}), inputs).variant
    }
    const kept = { off: 'on', rules: [] }
    const gone = { off: 'on', rules: [{ serve: 'off' }] }
    expect(served(kept, [{ flag: 'gone', variants: ['on'] }])).toBe('on')
    expect(served(gone, [{ flag: 'gone', variants: ['on'] }])).toBe('off')
    expect(served(kept, ['gone'])).toBe('off')
    expect(served(gone, ['gone'])).toBe('on')
    expect(served(kept, [{ flag: 'gone', on: false }])).toBe('on')
    expect(served(gone, [{ flag: 'gone', on: false }])).toBe('off')
  })
})
