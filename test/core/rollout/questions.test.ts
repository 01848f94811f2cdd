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

function sideOf(flag: string, rules: object[] = [STAGED], state: Partial<ControlState> = {}) {
  const parsed = parseDocumentValue({
    origins: { old: { url: 'http://old.test' }, new: { url: 'http://new.test' } },
    routes: [{ path: '/*', flag, origins: { on: 'new', off: 'old' } }],
    flags: { [flag]: { variants: { on: true, off: false }, off: 'off', rules, guard: { errors: {} } } },
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

describe('a rule beside a rollout', () => {
  const beside = (rule: object) => asked(sideOf('f'), sideOf('f', [STAGED, rule]))
  const TAKES_IN = 'f: a rule beside the rollout serves more visitors another variant than the off one'

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
