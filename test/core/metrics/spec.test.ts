import { describe, expect, it } from 'vitest'
import { compileMeasures } from '../../../src/core/config/compile/measures.ts'
import { compileSnapshot } from '../../../src/core/config/compile/snapshot.ts'
import { parseDocumentValue } from '../../../src/core/config/parse/parse.ts'
import { exposedAs, type Measures, sharesOf } from '../../../src/core/metrics/spec.ts'

function snapshotOf(flag: object, metrics: object = { order: {} }) {
  const parsed = parseDocumentValue({
    origins: { app: { url: 'https://app.example.com' } },
    routes: [{ path: '/*', origin: 'app' }],
    metrics,
    flags: { f: { variants: { a: 1, b: 2, c: 3 }, off: 'a', ...flag } },
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return compileSnapshot(parsed.value)
}

function measuresOf(flag: object): Measures {
  const { measures } = snapshotOf({ experiment: { primary: 'order' }, ...flag }).flags.get('f') ?? {}
  if (measures === undefined) throw new Error('The flag measures nothing')
  return measures
}

const STAGED = measuresOf({
  rules: [{ stages: [{ percentage: 5 }, { percentage: 50 }], serve: 'b' }],
})
const WEIGHTS = measuresOf({ rules: [{ serve: { a: 20, b: 30, c: 50 } }] })
const BOTH = measuresOf({ rules: [{ percentage: 40, serve: { b: 75, c: 25 } }] })
const SOME = measuresOf({
  rules: [{ serve: { a: 20, b: 30, c: 50 } }],
  experiment: { primary: 'order', variants: ['b', 'a'] },
})

describe('the shares of compared variants', () => {
  it.each([
    ['stages at 5 %', STAGED, 5, ['a', 'b'], [0.95, 0.05]],
    ['stages at 50 %', STAGED, 50, ['a', 'b'], [0.5, 0.5]],
    ['stages in shadow', STAGED, 0, ['a', 'b'], [1, 0]],
    ['stages with a holdback', STAGED, 99, ['a', 'b'], [0.01, 0.99]],
    ['weights, whatever the percentage', WEIGHTS, 7, ['a', 'b', 'c'], [0.2, 0.3, 0.5]],
    ['weights inside a percentage', BOTH, 40, ['a', 'b', 'c'], [0.6, 0.3, 0.1]],
    ['some of the weights', SOME, 100, ['a', 'b'], [0.4, 0.6]],
  ] as const)('of %s', (_, measures, percentage, variants, shares) => {
    expect(measures.variants).toEqual(variants)
    const found = sharesOf(measures, percentage)
    for (const [at, share] of shares.entries()) expect(found[at]).toBeCloseTo(share, 12)
  })
})

describe('the variant as which a visitor is exposed', () => {
  const decided = (arm: 'canary' | 'control' | 'other', variant: string) => ({
    variant,
    placement: { arm },
  })

  it.each([
    ['inside', STAGED, decided('canary', 'b'), 'b'],
    ['outside', STAGED, decided('control', 'a'), 'a'],
    ['outside, served something else by a later rule', STAGED, decided('control', 'c'), 'a'],
    ['neither', STAGED, decided('other', 'b'), undefined],
    ['of weights', WEIGHTS, decided('canary', 'c'), 'c'],
    ['of weights, without a percentage to be outside of', WEIGHTS, decided('control', 'a'), undefined],
    ['of weights that are not compared', SOME, decided('canary', 'c'), undefined],
  ] as const)('who is %s', (_, measures, decision, variant) => {
    expect(exposedAs(measures, decision)).toBe(variant)
  })
})

describe('a document', () => {
  it('without metrics, or whose flags measure none, has nothing for requests', () => {
    const rules = [{ serve: { a: 50, b: 50 } }]
    expect(snapshotOf({ rules }, {}).measured).toBeUndefined()
    const idle = snapshotOf({ rules })
    expect(idle.measured).toBeUndefined()
    expect(idle.flags.get('f')?.measures).toBeUndefined()
    expect(idle.flags.get('f')?.rolloutRule).toBe(-1)
  })

  it('whose flag measures places its visitors', () => {
    const { measured, flags } = snapshotOf({
      rules: [{ serve: { a: 50, b: 50 } }],
      experiment: { primary: 'order' },
    })
    expect(measured).toEqual({ flagsOf: new Map([['order', ['f']]]), requests: undefined })
    expect(flags.get('f')?.rolloutRule).toBe(0)
  })

  it('with a guard that is switched off measures no line of it', () => {
    const guard = { enabled: false, metrics: { order: { maxDropPercent: 5 } } }
    const rules = [{ serve: { a: 50, b: 50 } }]
    expect(snapshotOf({ rules, guard }).measured).toBeUndefined()
    expect(snapshotOf({ rules, guard: { ...guard, enabled: true } }).measured).toBeDefined()
  })

  it('whose metrics are gone compiles without them', () => {
    const flag = { rules: [{ serve: { a: 50, b: 50 } }], experiment: { primary: 'order' } }
    const parsed = parseDocumentValue({
      origins: { app: { url: 'https://app.example.com' } },
      routes: [{ path: '/*', origin: 'app' }],
      metrics: { order: {} },
      flags: { f: { variants: { a: 1, b: 2 }, off: 'a', ...flag } },
    })
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
    const config = parsed.value.flags.f
    expect(config && compileMeasures(config, {})).toBeUndefined()
  })
})
