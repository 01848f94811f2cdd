/** Which share of the visitors a rule takes in, and who comes next: where document and control state meet. */
import { describe, expect, it } from 'vitest'
import { compileSnapshot } from '../../../src/core/config/compile/snapshot.ts'
import { compileControl, type FlagControl, INITIAL_CONTROL_STATE } from '../../../src/core/config/control.ts'
import { parseDocumentValue } from '../../../src/core/config/parse/parse.ts'
import type { EvaluationContext } from '../../../src/core/context/attributes.ts'
import { currentShare, decide, EXCLUDED } from '../../../src/core/decision/decide.ts'
import type { CompiledFlag, CompiledRule } from '../../../src/core/flags/flag.ts'

const STAGES = [5_000, 50_000, 100_000].map((thousandths) => ({
  thousandths,
})) as unknown as CompiledRule['stages']
const share = (rule: Partial<CompiledRule>, control: Partial<FlagControl> = {}) =>
  currentShare(
    { thousandths: undefined, stages: undefined, holdback: 0, split: () => 's1', ...rule } as CompiledRule,
    { generation: 1, stage: 0, ...control },
  )

describe('a rule’s share', () => {
  it('is its own where no rollout moves it, whatever the state says', () => {
    const control = { percentage: 10, most: 5, finished: true, split: 's2' }
    expect([
      share({ split: undefined, thousandths: 30_000 }, control),
      share({ split: undefined }, control),
    ]).toEqual([...[30_000, undefined]])
  })

  it('is the stage’s, or the state’s percentage, to a thousandth', () => {
    expect([0, 1, 2, 9].map((stage) => share({ stages: STAGES }, { stage }))).toEqual([
      ...[5_000, 50_000, 100_000, 100_000],
    ])
    expect([0, 7.5, 12.345_6, 100].map((percentage) => share({ stages: STAGES }, { percentage }))).toEqual([
      ...[0, 7_500, 12_346, 100_000],
    ])
  })

  it('is, without stages, the rule’s unless the state says less', () => {
    const rule = { thousandths: 30_000 }
    expect(share(rule)).toBe(30_000)
    expect([10, 30, 50].map((percentage) => share(rule, { percentage }))).toEqual([10_000, 30_000, 30_000])
    expect([share({}), share({}, { percentage: 50 })]).toEqual([undefined, 50_000])
  })

  it('leaves a holdback to control until the rollout is finished', () => {
    const last = { stage: 2 }
    const held = { stages: STAGES, holdback: 10_000 }
    expect([share(held, last), share(held, { ...last, finished: true }), share(held, { stage: 1 })]).toEqual([
      ...[90_000, 100_000, 50_000],
    ])
    // The larger of the document's and the state's.
    expect([80, 95].map((most) => share(held, { ...last, most }))).toEqual([80_000, 90_000])
    expect(share({ stages: STAGES }, { ...last, most: 99.5 })).toBe(99_500)
    expect(share({ holdback: 5_000 }, { percentage: 100 })).toBe(95_000)
    expect(share({ holdback: 5_000 }, { percentage: 100, finished: true })).toBe(100_000)
  })

  it('is 0 where the state is about another split, but for the one that the document before called so', () => {
    const of = (control: Partial<FlagControl>, rule: Partial<CompiledRule> = { stages: STAGES }) =>
      share(rule, { stage: 1, ...control })
    expect([of({ split: 's1' }), of({ split: 's2' }), of({ split: 's2', formerSplit: 's1' })]).toEqual([
      ...[50_000, 0, 50_000],
    ])
    expect(of({ split: 's2', formerSplit: 's0' })).toBe(0)
    // One with stages waits until it is named; one without stages does not.
    expect([of({ split: '' }), of({ split: '' }, { thousandths: 30_000 })]).toEqual([0, 30_000])
    expect(of({ split: 's2' }, { thousandths: 30_000 })).toBe(0)
  })
})

function flagOf(rule: object, guard?: object, more: object = {}, others: object[] = []): CompiledFlag {
  const parsed = parseDocumentValue({
    origins: { old: { url: 'http://old.test' }, new: { url: 'http://new.test' } },
    routes: [{ path: '/*', flag: 'f', origins: { on: 'new', off: 'old' } }],
    context: { targetingKey: [{ header: 'x-user' }] },
    flags: {
      f: {
        variants: { on: true, off: false },
        off: 'off',
        rules: [{ serve: 'on', ...rule }, ...others],
        ...(guard && { guard }),
        ...more,
      },
    },
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return compileSnapshot(parsed.value).flags.get('f') as CompiledFlag
}

/** The decision on a visitor at a place from 0 to 100 of the ring. */
function decided(
  flag: CompiledFlag,
  place: number,
  control: Partial<FlagControl> = {},
  standing?: 'excluded',
) {
  const context = {
    targetingKey: () => 'someone',
    position: () => Math.floor((place / 100) * 2 ** 32),
    attribute: () => undefined,
    ...(standing && { keyStanding: () => standing }),
  } as EvaluationContext
  const state = { ...INITIAL_CONTROL_STATE, flags: { f: { generation: 1, stage: 0, ...control } } }
  const inputs = {
    ...{ flags: new Map([['f', flag]]), control: compileControl(state, []), environment: 'production' },
    ...{ nowMs: 0, overrides: undefined },
  }
  return decide(flag, context, inputs)
}
const arms = (flag: CompiledFlag, places: readonly number[], control: Partial<FlagControl> = {}) =>
  places.map((place) => {
    const { placement } = decided(flag, place, control)
    return placement.arm === 'control' && placement.isComing === true ? 'coming' : placement.arm
  })

describe('control’s visitors who come next', () => {
  const stages = [10, 40].map((percentage) => ({ percentage }))

  it('are those below the next stage', () => {
    const flag = flagOf({ stages }, {})
    expect(arms(flag, [9.9, 10.1, 39.9, 40.1])).toEqual(['canary', 'coming', 'coming', 'control'])
  })

  it('are, at the last stage, as many as there are in the canary, or half of the others', () => {
    const flag = flagOf({ stages }, {})
    expect(arms(flag, [39.9, 40.1, 69.9, 70.1], { stage: 1 })).toEqual([
      'canary',
      'coming',
      'coming',
      'control',
    ])
    const small = flagOf({ stages: [{ percentage: 10 }] }, {})
    expect(arms(small, [9.9, 10.1, 19.9, 20.1])).toEqual(['canary', 'coming', 'coming', 'control'])
    // Held below its stage: that is the next.
    expect(arms(flag, [4.9, 5.1, 39.9, 40.1], { percentage: 5 })).toEqual([
      'canary',
      'coming',
      'coming',
      'control',
    ])
  })

  it('are none of the holdback', () => {
    const flag = flagOf(
      { stages: [{ percentage: 10 }, { percentage: 100 }] },
      {},
      { rollout: { holdbackPercent: 20 } },
    )
    expect(arms(flag, [10.1, 79.9, 80.1])).toEqual(['coming', 'coming', 'control'])
  })

  it('are told only where latency is judged', () => {
    const flag = flagOf({ stages }, { latency: false })
    expect(decided(flag, 20).placement).toEqual({ arm: 'control', position: Math.floor(0.2 * 2 ** 32) })
  })
})

describe('a visitor', () => {
  it('whose key is excluded gets the same, and is counted apart', () => {
    const flag = flagOf({ stages: [{ percentage: 10 }] }, {})
    for (const [place, variant] of [
      [5, 'on'],
      [50, 'off'],
    ] as const) {
      const decision = decided(flag, place, {}, 'excluded')
      expect([decision.variant, decision.placement]).toEqual([variant, EXCLUDED])
      expect(decided(flag, place).placement).not.toBe(EXCLUDED)
    }
  })

  it('is asked for a key where a share depends on it, and nowhere else', () => {
    const asks = (rule: object, guard?: object, ...others: object[]) => {
      let asked = false
      const context: EvaluationContext = {
        targetingKey: () => {
          asked = true
          return 'someone'
        },
        attribute: () => undefined,
      }
      const flag = flagOf(rule, guard, {}, others)
      const control = compileControl(INITIAL_CONTROL_STATE, [])
      const inputs = {
        flags: new Map([['f', flag]]),
        control,
        environment: 'production',
        nowMs: 0,
        overrides: undefined,
      }
      expect(decide(flag, context, inputs).variant).toMatch(/^o/)
      return asked
    }
    expect([asks({}), asks({ percentage: 99.999 }), asks({ percentage: 0 })]).toEqual([false, true, true])
    // Behind a split for others, of whom this visitor is none.
    const behind = (percentage: number) =>
      asks({ percentage: 50, when: [{ attribute: 'host', op: 'in', values: ['x'] }] }, undefined, {
        serve: 'on',
        percentage,
      })
    expect([behind(100), behind(99.999)]).toEqual([false, true])
    // Whom the guard compares has a place.
    expect(asks({ percentage: 100 }, {})).toBe(true)
  })
})
