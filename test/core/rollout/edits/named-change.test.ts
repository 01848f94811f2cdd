/** A percentage or enable that a person names asks where many visitors move, or may for all that is known. */
import { describe, expect, it } from 'vitest'
import { compileSnapshot } from '../../../../src/core/config/compile/snapshot.ts'
import {
  type ControlState,
  INITIAL_CONTROL_STATE,
  INITIAL_FLAG_CONTROL,
} from '../../../../src/core/config/control.ts'
import { parseDocumentValue } from '../../../../src/core/config/parse/parse.ts'
import { type Impact, UNKNOWN_IMPACT } from '../../../../src/core/decision/impact.ts'
import { namedQuestions } from '../../../../src/core/rollout/edits/named-change.ts'

const LIMIT = 10
const when = [{ attribute: 'email', op: 'ends_with', values: ['@example.com'] }]

function sideOf(rules: object[], more: object = {}, state: Partial<ControlState> = {}) {
  const parsed = parseDocumentValue({
    origins: { old: { url: 'http://old.test' } },
    routes: [{ path: '/*', origin: 'old' }],
    context: { attributes: { email: { header: 'x-email' } } },
    flags: { f: { variants: { on: true, off: false }, off: 'off', rules, ...more } },
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const snapshot = compileSnapshot(parsed.value)
  return { document: parsed.value, snapshot, state: { ...INITIAL_CONTROL_STATE, ...state } }
}

const share = (percentage: number) => ({ serve: 'on', percentage })
const known = (movedPercent: number, samples = 10_000): Impact => ({
  ...UNKNOWN_IMPACT,
  movedPercent,
  samples,
})

function set(
  from: number,
  to: number,
  people = UNKNOWN_IMPACT,
  state: Partial<ControlState> = {},
  more = {},
) {
  const [before, after] = [sideOf([share(from)], more, state), sideOf([share(to)], more, state)]
  const edit = { kind: 'percentage', flag: 'f', percentage: to, rule: undefined } as const
  return namedQuestions(edit, { before, after }, people, LIMIT)
}

function enabled(rules: object[], people = UNKNOWN_IMPACT, was = false) {
  const [before, after] = [sideOf(rules, { enabled: was }), sideOf(rules)]
  return namedQuestions({ kind: 'enable', flag: 'f' }, { before, after }, people, LIMIT)
}

const NOT_KNOWN = 'how many visitors move is not known: no recent request could be replayed'

describe('a percentage', () => {
  it('asks without traffic where it goes up by more than the limit, and says how far', () => {
    expect(set(5, 90)).toEqual(['f: 5 % → 90 % moves up to 85 % of visitors', NOT_KNOWN])
    expect(set(80, 91)).toHaveLength(2)
    expect(set(80, 90)).toEqual([])
    expect(set(90, 5)).toEqual([])
    expect(set(5, 90, known(0, 5))).toHaveLength(2)
  })

  it('asks by recent requests where there are enough', () => {
    expect(set(5, 90, known(0))).toEqual([])
    expect(set(5, 90, known(85))).toContain('85 % of 10,000 recent requests would be moved, more than 10 %')
    expect(set(5, 10, known(30))).toEqual(['30 % of 10,000 recent requests would be moved, more than 10 %'])
  })

  it.each<[string, Partial<ControlState>, object]>([
    ['killed', { killed: ['f'] }, {}],
    ['killed with all', { kvKilled: ['*'] }, {}],
    ['rolled back', { flags: { f: { ...INITIAL_FLAG_CONTROL, rolledBack: { atMs: 0, reason: '' } } } }, {}],
    ['disabled', {}, { enabled: false }],
  ])('of a flag that is %s asks although no request moves', (_, state, more) => {
    expect(set(5, 90, known(0), state, more)).toEqual([
      'f: 5 % → 90 % moves up to 85 % of visitors once it is opened',
    ])
    expect(set(5, 15, known(0), state, more)).toEqual([])
    expect(set(90, 5, known(0), state, more)).toEqual([])
  })

  it('of a rule beside the others asks for that rule', () => {
    const [before, after] = [5, 90].map((percentage) => sideOf([share(3), { ...share(percentage), when }]))
    if (before === undefined || after === undefined) return
    const edit = { kind: 'percentage', flag: 'f', percentage: 90, rule: 1 } as const
    expect(namedQuestions(edit, { before, after }, UNKNOWN_IMPACT, LIMIT)[0]).toContain('f: 5 % → 90 %')
  })
})

describe('enable', () => {
  it('asks without traffic by the share that it opens', () => {
    expect(enabled([share(60)])).toEqual(['f: 0 % → 60 % moves up to 60 % of visitors', NOT_KNOWN])
    expect(enabled([{ serve: 'on' }])[0]).toContain('f: 0 % → 100 %')
    expect(enabled([share(10)])).toEqual([])
    expect(enabled([share(60)], UNKNOWN_IMPACT, true)).toEqual([])
    expect(enabled([share(60)], known(0))).toEqual([])
  })

  it('asks for a rule beside that takes in visitors at large, and not for testers or the off variant', () => {
    expect(enabled([share(5), share(50)])).toHaveLength(2)
    expect(enabled([{ serve: 'on', when }, share(5)])).toEqual([])
    expect(enabled([share(5), { serve: 'off' }])).toEqual([])
  })
})
