/** What a change asks for beside the flags that it leaves in place: new names of closed ones, rules beside a rollout, and how much it asks at all. */
import { describe, expect, it } from 'vitest'
import { compileSnapshot } from '../../../src/core/config/compile/snapshot.ts'
import {
  type ControlState,
  INITIAL_CONTROL_STATE,
  INITIAL_FLAG_CONTROL,
} from '../../../src/core/config/control.ts'
import { parseDocumentValue } from '../../../src/core/config/parse/parse.ts'
import { looserLimits, questionsOf } from '../../../src/core/rollout/edits/questions.ts'

const STAGED = { serve: 'on', stages: [{ percentage: 1 }, { percentage: 100 }] }

function sideOf(
  flag: string,
  rules: object[] = [STAGED],
  state: Partial<ControlState> = {},
  more: object = {},
) {
  const variants = { on: true, off: false, other: false }
  const parsed = parseDocumentValue({
    origins: { old: { url: 'http://old.test' }, new: { url: 'http://new.test' } },
    routes: [{ path: '/*', flag, origins: { on: 'new', off: 'old', other: 'new' } }],
    flags: { [flag]: { variants, off: 'off', rules, guard: { errors: {} }, ...more } },
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const snapshot = compileSnapshot(parsed.value)
  return { document: parsed.value, snapshot, state: { ...INITIAL_CONTROL_STATE, ...state } }
}
const asked = (...sides: Parameters<typeof questionsOf>) => questionsOf(...sides).map(({ text }) => text)

describe('a closed flag under another name', () => {
  const rolledBack = { at: '2026-01-01T00:00:00Z', reason: 'worse' } as never
  it.each([
    ['killed', { killed: ['f'] }],
    ['killed', { kvKilled: ['f'] }],
    ['rolled back', { flags: { f: { ...INITIAL_FLAG_CONTROL, rolledBack } } }],
  ])('is asked for: %s, %j', (word, state) => {
    expect(asked(sideOf('f', [STAGED], state), sideOf('g', [STAGED], state))).toEqual([
      `f is ${word} and goes, g comes and is open`,
      '/*: visitors may newly reach origin new, which f holds back at 1 %',
    ])
  })

  it('is not where the flag was open, or all flags are killed, which the new one is as well', () => {
    // Visitors are dealt anew, by another salt.
    expect(asked(sideOf('f'), sideOf('g'))).toEqual([
      '/*: visitors may newly reach origin new, which f holds back at 1 %',
    ])
    const state = { killed: ['*'] }
    expect(asked(sideOf('f', [STAGED], state), sideOf('g', [STAGED], state))).toEqual([])
  })
})

describe('a flag that no visitor gets now', () => {
  const rolledBack = { atMs: 0, reason: 'worse' }
  const at = (control: object) => ({ flags: { f: { ...INITIAL_FLAG_CONTROL, ...control } } })
  const flagOf = (rules: object[], more: object, state: Partial<ControlState> = {}) =>
    sideOf('f', rules, state, more)
  const stages = (...shares: number[]) => ({
    serve: 'on',
    stages: shares.map((percentage) => ({ percentage })),
  })
  const EVERYBODY = { serve: 'on' }
  const when = [{ attribute: 'email', op: 'ends_with', values: ['@example.com'] }]
  const change = (was: object, is: object, control: object, more: object = {}) =>
    asked(flagOf([was], more, at(control)), flagOf([is], more, at(control)))

  it.each<[string, object, object, string[]]>([
    ['fewer stages', stages(1, 100), stages(100), ['f: resume would lead to 99 %, to 1 % before']],
    ['a higher first stage', stages(1, 100), stages(2, 100), ['f: resume would lead to 2 %, to 1 % before']],
    ['none', stages(1, 100), EVERYBODY, ['f: resume would lead to 100 %, to 1 % before']],
    ['a lower first stage', stages(10, 100), stages(1, 100), []],
    ['the same', stages(1, 100), stages(1, 50, 100), []],
    [
      'other conditions',
      { ...stages(1, 100), when },
      stages(1, 100),
      ['f: conditions change: generation 1 begins at 1 % without evidence'],
    ],
    ['another variant', stages(1, 100), { ...stages(1, 100), serve: { on: 50, other: 50 } }, []],
  ])('asks by what resume would begin with, rolled back: %s', (_, was, is, texts) => {
    expect(change(was, is, { rolledBack })).toEqual(texts)
    // What it had when it was rolled back is no share that resume would lead to.
    expect(change(was, is, { stage: 1, rolledBack })).toEqual(texts)
  })

  it('asks for stages that ask less, rolled back or disabled', () => {
    const manual = { serve: 'on', stages: [{ percentage: 1, advance: 'manual' }, { percentage: 100 }] }
    const less = ['f: stages lead up to 100 % without a person, up to 1 % before']
    expect(change(manual, stages(1, 100), { rolledBack })).toEqual(less)
    expect(change(manual, stages(1, 100), {}, { enabled: false })).toEqual(less)
    const off = flagOf([stages(1, 100)], { enabled: false })
    expect(asked(flagOf([manual], {}), off)).toEqual(less)
  })

  it('asks by what enable would lead to, disabled', () => {
    const off = { enabled: false }
    expect(change(stages(1, 100), EVERYBODY, {}, off)).toEqual([
      'f: enable would lead to 100 %, to 1 % before',
    ])
    expect(change(stages(1, 100), stages(100), {}, off)).toEqual([
      'f: enable would lead to 99 %, to 1 % before',
    ])
    expect(change(stages(50, 100), stages(1, 50, 100), {}, off)).toEqual([])
    expect(asked(flagOf([stages(1, 100)], off), flagOf([stages(100)], {}))).toContain(
      'f: goes from 0 % to 99 %',
    )
  })

  it('asks rolled back for what admits visitors, and for rules beside the rollout', () => {
    const [was, is] = [{}, { environments: ['production'] }].map((more) =>
      flagOf([stages(1, 100)], more, at({ rolledBack })),
    )
    if (was && is)
      expect(asked(is, was)).toEqual(['f: environments changed: visitors may enter or leave the canary'])
    const beside = flagOf([stages(1, 100), { name: 'rest', serve: 'on' }], {}, at({ rolledBack }))
    expect(asked(flagOf([stages(1, 100)], {}, at({ rolledBack })), beside)).toEqual([
      'f: rules without stages serve more visitors another variant than the off one',
    ])
  })

  it.each<[Partial<ControlState>, string[]]>([
    [at({ rolledBack }), ['f: resume would lead to 90 %, to 5 % before']],
    [{ killed: ['f'] }, ['f: unkill would lead to 90 %, to 5 % before']],
    [{ kvKilled: ['*'] }, ['f: unkill would lead to 90 %, to 5 % before']],
    // An open one asks by its impact.
    [{}, []],
  ])('asks also without a rollout: %j', (state, texts) => {
    const none = { guard: undefined }
    const [five, ninety] = [5, 90].map((percentage) => flagOf([{ serve: 'on', percentage }], none, state))
    if (five === undefined || ninety === undefined) return
    expect(asked(five, ninety)).toEqual(texts)
    expect(asked(ninety, five)).toEqual([])
  })
})

describe('a rule beside a rollout', () => {
  const beside = (rule: object) => asked(sideOf('f'), sideOf('f', [STAGED, rule]))
  const TAKES_IN = 'f: rules without stages serve more visitors another variant than the off one'

  it('is asked for where it takes in visitors at large', () => {
    expect(beside({ name: 'rest', serve: 'on', percentage: 9 })).toContain(TAKES_IN)
    expect(beside({ name: 'rest', serve: 'on' })).toContain(TAKES_IN)
    const nine = [STAGED, { name: 'rest', serve: 'on', percentage: 9 }]
    const ten = [STAGED, { name: 'rest', serve: 'on', percentage: 10 }]
    expect(asked(sideOf('f', nine), sideOf('f', ten))).toContain(TAKES_IN)
    expect(asked(sideOf('f', ten), sideOf('f', nine))).not.toContain(TAKES_IN)
  })

  it('is not for those whom it names, or who get the off variant', () => {
    const testers = [{ attribute: 'email', op: 'ends_with', values: ['@example.com'] }]
    expect(beside({ name: 'testers', when: testers, serve: 'on' })).not.toContain(TAKES_IN)
    expect(beside({ name: 'rest', serve: 'off' })).not.toContain(TAKES_IN)
  })
})

it('names a fall that other stages lead to, and none that a percentage says itself', () => {
  const at = (percentages: number[], percentage: number, stage: number) =>
    sideOf(
      'f',
      [{ serve: 'on', stages: percentages.map((each) => ({ percentage: each, advance: 'manual' })) }],
      {
        flags: { f: { generation: 1, stage, percentage } },
      },
    )
  expect(asked(at([1, 5, 100], 5, 1), at([1, 8, 100], 1, 0))).toEqual(['f: goes from 5 % to 1 %'])
  expect(asked(at([1, 5, 100], 5, 1), at([1, 5, 8, 100], 5, 1))).toEqual([])
  const plain = (percentage: number) => sideOf('f', [{ serve: 'on', percentage }])
  expect(asked(plain(20), plain(10))).toEqual([])
})

it('a document that asks less of the next changes says so', () => {
  const limited = (confirmAbovePercent: number) => ({
    ...sideOf('f').document,
    publishing: { confirmAbovePercent },
  })
  expect(looserLimits(limited(10), limited(100), 0)).toEqual([
    'publishing.confirmAbovePercent goes from 10 to 100: changes that move fewer visitors ask no one',
  ])
  expect(looserLimits(limited(10), limited(10), 0)).toEqual([])
  expect(looserLimits(limited(10), limited(5), 0)).toEqual([])
})
