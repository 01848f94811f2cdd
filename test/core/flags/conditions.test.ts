import { describe, expect, it } from 'vitest'
import { type AttributeValue, staticContext } from '../../../src/core/context/attributes.ts'
import { holds } from '../../../src/core/flags/conditions.ts'
import { compileOperator, OPERATORS, type Operator } from '../../../src/core/flags/operators.ts'
import vectors from '../../vectors/conditions.json' with { type: 'json' }

type Vector = {
  op: Operator
  values: (string | number | boolean)[]
  ignoreCase?: boolean
  negate?: boolean
  /** Absent where the attribute is missing. */
  attribute?: AttributeValue
  holds: boolean
}

const cases = vectors.conditions as Vector[]

function answerOf({ op, values, ignoreCase = false, negate = false, attribute }: Vector): boolean {
  const compiled = compileOperator(op, values, { ignoreCase })
  if ('problem' in compiled) throw new Error(`${op} ${values}: ${compiled.problem.expected}`)
  const condition = { attribute: 'a', op, values, ignoreCase, negate, predicate: compiled.predicate }
  return holds(condition, staticContext('user', { a: attribute }))
}

it('every condition answers as in the vectors', () => {
  for (const vector of cases) expect(answerOf(vector), JSON.stringify(vector)).toBe(vector.holds)
})

it('the vectors have every operator, holding and not holding', () => {
  for (const op of OPERATORS) {
    const ofOperator = cases.filter((vector) => vector.op === op)
    expect(new Set(ofOperator.map(({ holds }) => holds)), op).toEqual(new Set([true, false]))
  }
})

it('a missing attribute is false for every operator, except that not_in is true', () => {
  const values: Partial<Record<Operator, string[]>> = { exists: [], matches: ['.*'], in_cidr: ['0.0.0.0/0'] }
  for (const op of OPERATORS) {
    const operands = values[op] ?? (op.startsWith('semver') ? ['1.0.0'] : ['2026-01-01'])
    const numeric = ['eq', 'gt', 'gte', 'lt', 'lte'].includes(op) ? [0] : operands
    const vector = { op, values: numeric, holds: op === 'not_in' }
    expect(answerOf(vector), op).toBe(vector.holds)
    expect(answerOf({ ...vector, negate: true }), `negated ${op}`).toBe(!vector.holds)
  }
})

it('an empty text after the numbers lets an empty attribute pass, and nothing else', () => {
  const compiled = compileOperator('gt', [3, ''])
  if ('problem' in compiled) throw new Error(compiled.problem.expected)
  const holding = ['', '  ', 4, '4.5', 3, 'x', true].filter((value) => compiled.predicate(value))
  expect(holding).toEqual(['', '  ', 4, '4.5'])
})

describe('values that an operator cannot compare with', () => {
  it.each([
    ['in', []],
    ['exists', ['x']],
    ['matches', ['(']],
    ['matches', ['(?=x)']],
    ['eq', ['abc']],
    ['eq', ['']],
    ['eq', ['', 1]],
    ['gt', [true]],
    ['before', ['tomorrow']],
    ['before', ['2026-13-01']],
    ['after', ['2026-12-01 and then some']],
    ['semver_eq', ['1.0.0', 'latest']],
    ['semver_gt', ['app/1.0.0']],
    ['semver_lt', [true]],
    ['in_cidr', ['10.0.0.0/33']],
    ['in_cidr', ['10']],
    ['in_cidr', ['10.1/16']],
    ['in_cidr', ['010.0.0.0/8']],
  ] satisfies [Operator, (string | number | boolean)[]][])('%s %j is a problem', (op, values) => {
    expect(compileOperator(op, values)).toMatchObject({ problem: { expected: expect.any(String) } })
  })
})
