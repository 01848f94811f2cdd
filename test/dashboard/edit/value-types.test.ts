/** Values of variants by type. */
import { describe, expect, it } from 'vitest'
import {
  asType,
  freshValue,
  typeOfValues,
  VALUE_TYPES,
  type ValueType,
} from '../../../src/dashboard/views/edit/value-types.ts'

describe('the type of a flag’s values', () => {
  it.each<[unknown[], ValueType]>([
    [[true, false], 'boolean'],
    [['a', ''], 'text'],
    [[1, 0.5], 'number'],
    [[true, 'a'], 'json'],
    [[{ a: 1 }], 'json'],
    [[null], 'json'],
    [[], 'json'],
  ])('of %j is %s', (values, type) => {
    expect(typeOfValues(values)).toBe(type)
  })

  it.each<[unknown, ValueType, unknown]>([
    [true, 'text', 'true'],
    ['on', 'boolean', true],
    ['true', 'boolean', true],
    ['off', 'boolean', false],
    [2, 'boolean', true],
    [0, 'boolean', false],
    ['12.5 px', 'number', 12.5],
    ['wide', 'number', 0],
    [true, 'number', 1],
    [{ a: 1 }, 'text', '{"a":1}'],
    [{ a: 1 }, 'json', { a: 1 }],
    ['', 'text', ''],
  ])('%j as %s is %j', (value, type, expected) => {
    expect(asType(value, type)).toEqual(expected)
  })

  it('a new variant has a value of that type', () => {
    for (const [type] of VALUE_TYPES) expect(typeOfValues([freshValue(type as ValueType, 'blue')])).toBe(type)
  })
})
