/** JsonLogic's conditions, against what JsonLogic and flagd say of them: each with what holds and what doesn't, and their opposites. */
import { describe, expect, it } from 'vitest'
import type { ConditionInput } from '../../../src/core/config/schema/document.ts'
import { type AttributeValue, staticContext } from '../../../src/core/context/attributes.ts'
import { holds } from '../../../src/core/flags/conditions.ts'
import type { Json } from '../../../src/core/flags/flag.ts'
import { compileOperator } from '../../../src/core/flags/operators.ts'
import { type Alternatives, anyOf, opposite, Untranslatable } from '../../../src/interop/alternatives.ts'
import { alternativesOf, isAnswered } from '../../../src/interop/flagd/conditions.ts'

const ABSENT = Symbol('absent')
type Given = AttributeValue | typeof ABSENT

function meets(alternatives: Alternatives, given: Given, attribute = 'x'): boolean {
  const context = staticContext(undefined, typeof given === 'symbol' ? {} : { [attribute]: given })
  return alternatives.some((parts) =>
    parts.every((part) => {
      if (!('op' in part)) throw new Error('No condition')
      const { negate = false, ignoreCase = false, values = [], ...rest } = part as ConditionInput
      const predicate = compileOperator(rest.op, values, part as ConditionInput)
      if ('problem' in predicate) throw new Error(JSON.stringify(predicate))
      return holds(
        { ...rest, negate, ignoreCase, values, ...predicate } as Parameters<typeof holds>[0],
        context,
      )
    }),
  )
}

const x = { var: 'x' }
describe('a condition', () => {
  it.each<[Json, Given[], Given[]]>([
    [{ '==': [x, 'a'] }, ['a'], ['b', '', ABSENT]],
    [{ '===': ['a', x] }, ['a'], ['b', ABSENT]],
    [{ '!=': [x, 'a'] }, ['b', ABSENT], ['a']],
    [{ '!==': [x, 'a'] }, ['b', ABSENT], ['a']],
    [{ '==': [x, 0] }, [0, ABSENT], [1]],
    [{ '===': [x, 0] }, [0], [1, ABSENT]],
    [{ '==': [x, 1] }, [1], [0, ABSENT]],
    [{ '==': [x, false] }, [false, ABSENT], [true]],
    [{ '==': [x, null] }, [ABSENT, 0, false], [1, 'a']],
    [{ '===': [x, null] }, [ABSENT], [0, false, 'a']],
    [{ '!==': [x, null] }, [0, false, 'a'], [ABSENT]],
    [{ '<': [x, 5] }, [4, 0, ABSENT], [5, 6]],
    [{ '<=': [x, 5] }, [4, 5, ABSENT], [6]],
    [{ '>': [x, 5] }, [6], [4, 5, ABSENT]],
    [{ '>=': [x, 5] }, [5, 6], [4, ABSENT]],
    [{ '<': [5, x] }, [6], [5, 4, ABSENT]],
    [{ '>=': [5, x] }, [5, 4, ABSENT], [6]],
    [{ '<': [x, 0] }, [-1], [0, 1, ABSENT]],
    [{ '<=': [x, 0] }, [0, -1, ABSENT], [1]],
    [{ '>': [x, 0] }, [1], [0, ABSENT]],
    [{ '>=': [x, 0] }, [0, 1, ABSENT], [-1]],
    [{ '>': [x, -1] }, [0, ABSENT], [-1, -2]],
    [{ '<': [1, x, 9] }, [2, 8], [1, 9, 0, ABSENT]],
    [{ '<=': [1, x, 9] }, [1, 9], [0, 10, ABSENT]],
    [{ in: [x, ['a', 'b']] }, ['a', 'b'], ['c', ABSENT]],
    [{ in: [x, []] }, [], ['a', ABSENT]],
    [{ in: ['a', x] }, ['bar', 'a'], ['b', ABSENT]],
    [{ starts_with: [x, 'ab'] }, ['abc'], ['cab', ABSENT]],
    [{ ends_with: [x, 'ab'] }, ['cab'], ['abc', ABSENT]],
    [{ starts_with: [x] }, [], ['abc', ABSENT]],
    [{ missing: ['x'] }, [ABSENT], ['a', 0]],
    [x, ['a', 1, true], ['', 0, false, ABSENT]],
    [{ '!': [x] }, ['', 0, false, ABSENT], ['a', 1, true]],
    [{ '!!': [x] }, ['a', 1, true], ['', 0, false, ABSENT]],
    [{ '!': [] }, ['a', ABSENT], []],
    [{ '!!': [] }, [], ['a', ABSENT]],
    [true, ['a', ABSENT], []],
    [0, [], ['a', ABSENT]],
    [null, [], ['a', ABSENT]],
    ['', [], ['a', ABSENT]],
    [{ and: [{ '>': [x, 1] }, { '<': [x, 3] }] }, [2], [1, 3]],
    [{ or: [{ '<': [x, 1] }, { '>': [x, 3] }] }, [0, 4], [1, 3]],
    [{ and: [true, { '>': [x, 1] }] }, [2], [1]],
    [{ or: [true, { '>': [x, 1] }] }, [2, 1, ABSENT], []],
    [{ sem_ver: [x, '=', '1.2.3'] }, ['1.2.3', 'v1.2.3'], ['1.2.4', 'none', ABSENT]],
    [{ sem_ver: [x, '!=', '1.2.3'] }, ['1.2.4'], ['1.2.3', 'none', ABSENT]],
    [{ sem_ver: [x, '<', '1.2.3'] }, ['1.2.2', '1.2.3-rc.1'], ['1.2.3', 'none']],
    [{ sem_ver: [x, '<=', '1.2'] }, ['1.2.0', '1.1.9'], ['1.2.1']],
    [{ sem_ver: [x, '>', '1.2.3-rc.1'] }, ['1.2.3', '1.2.3-rc.2'], ['1.2.3-rc.1', 'none']],
    [{ sem_ver: [x, '>=', 'v2'] }, ['2.0.0', '3.1.4'], ['1.9.9']],
    [{ sem_ver: [x, '^', '1.2.3'] }, ['1.0.0', '1.9.9'], ['2.0.0', '0.9.9', 'none']],
    [{ sem_ver: [x, '~', '1.2.3'] }, ['1.2.0', '1.2.9'], ['1.3.0', '1.1.9', 'none']],
    [{ sem_ver: [x, '?', '1.2.3'] }, [], ['1.2.3', ABSENT]],
    [{ sem_ver: [x, '=', 'none'] }, [], ['none', ABSENT]],
    [{ sem_ver: [x, '=', '1.2.3', 4] }, [], ['1.2.3', ABSENT]],
  ])('%j', (logic, held, not) => {
    const [as, otherwise] = [alternativesOf(logic), alternativesOf(logic, false)]
    for (const [given, expected] of [
      ...held.map((each) => [each, true] as const),
      ...not.map((each) => [each, false] as const),
    ]) {
      expect([String(given), meets(as, given), meets(otherwise, given)]).toEqual([
        String(given),
        expected,
        !expected,
      ])
    }
  })

  it('on the time is told by whole seconds', () => {
    const now = (op: string, wanted = true) =>
      alternativesOf({ [op]: [{ var: '$flagd.timestamp' }, 1_800_000_000] }, wanted)
    const at = (second: number) => new Date(second * 1_000).toISOString()
    const until = (second: number, negate?: true) => [
      [{ attribute: 'now', op: 'before', values: [at(second)], ...(negate && { negate }) }],
    ]
    expect([now('<'), now('<='), now('>'), now('>=')]).toEqual([
      ...[until(1_800_000_000), until(1_800_000_001), until(1_800_000_001, true), until(1_800_000_000, true)],
    ])
    expect([now('<', false), now('<=', false), now('>', false), now('>=', false)]).toEqual([
      ...[now('>='), now('>'), now('<='), now('<')],
    ])
    expect([
      alternativesOf({ var: '$flagd.flagKey' }),
      alternativesOf({ var: '$flagd.flagKey' }, false),
    ]).toEqual([[[]], []])
  })

  it.each<Json>([
    { '==': [x, ['a']] },
    { '==': [x, 'a', 'b'] },
    { '==': ['a', 'b'] },
    { '==': [{ var: '$flagd.timestamp' }, 1] },
    { '<': [x, 'a'] },
    { in: [x, [['a']]] },
    { in: [x, 'abc'] },
    { in: [1, x] },
    { starts_with: [x, 1] },
    { sem_ver: [x, '=', ['1.2.3']] },
    { sem_ver: ['1.2.3', '=', x] },
    { missing: [['x']] },
    { and: [] },
    { or: [] },
    { map: [x, x] },
    {},
  ])('%j is none that a document can say', (logic) => {
    expect(() => alternativesOf(logic)).toThrow(Untranslatable)
  })
})

it.each<[Json, Given[], Given[]]>([
  [{ starts_with: [x, 'a'] }, ['b', 'a'], [1, ABSENT]],
  [{ ends_with: [x, 1] }, [], ['b', ABSENT]],
  [{ starts_with: [x] }, [], ['b', ABSENT]],
  [{ sem_ver: [x, '=', '1.2.3'] }, ['1.2.3', '9.9.9'], ['none', ABSENT]],
  [{ sem_ver: [x, '^', '1.2.3'] }, ['1.2.3', '9.9.9'], ['none', ABSENT]],
  [{ sem_ver: [x, '?', '1.2.3'] }, [], ['1.2.3']],
  [{ sem_ver: [x, '=', 'none'] }, [], ['1.2.3']],
  [{ sem_ver: [x, '='] }, [], ['1.2.3']],
  [{ '==': [x, 'a'] }, ['a', ABSENT], []],
  ['text', ['a', ABSENT], []],
])('%j has an answer', (logic, answered, not) => {
  expect([
    answered.map((given) => meets(isAnswered(logic), given)),
    not.map((given) => meets(isAnswered(logic), given)),
  ]).toEqual([...[answered.map(() => true), not.map(() => false)]])
})

describe('alternatives', () => {
  const each = (value: number): Alternatives => [[{ attribute: 'x', op: 'eq', values: [value] }]]
  const many = (count: number) => Array.from({ length: count }, (_, at) => each(at))

  it('are 64 at most', () => {
    expect(anyOf(many(64))).toHaveLength(64)
    expect(() => anyOf(many(65))).toThrow('a condition of more than 64 alternatives')
  })

  it('have an opposite: some condition of each does not hold', () => {
    const both: Alternatives = [[...(each(1)[0] ?? []), ...(each(2)[0] ?? [])], ...each(3)]
    expect(opposite(both)).toHaveLength(2)
    for (const given of [1, 2, 3, 4]) expect(meets(opposite(both), given)).toBe(!meets(both, given))
    expect(meets(opposite(opposite(each(1))), 1)).toBe(true)
  })
})
