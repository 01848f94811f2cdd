import { expect, it } from 'vitest'
import { variantNames } from '../../src/interop/variant-names.ts'

it.each<[string, unknown[], string[]]>([
  ['texts and booleans as they are', ['red', true, false], ['red', 'true', 'false']],
  ['blanks joined, and those around left out', ['  two  words '], ['two-words']],
  [
    'by number what is neither',
    [7, null, { a: 1 }, undefined],
    ['variation-1', 'variation-2', 'variation-3', 'variation-4'],
  ],
  ['by number what looks like a number', ['7', '1.5', ''], ['variation-1', '1.5', 'variation-3']],
  ['by number what no variant can be called', ['#x'], ['variation-1']],
  ['up to 40 characters', ['x'.repeat(40), 'x'.repeat(41)], ['x'.repeat(40), 'variation-2']],
  ['by number what is there already', ['a', 'a', ' a'], ['a', 'variation-2', 'variation-3']],
  [
    'apart from a name like a number’s',
    ['variation-2', 7, 'variation-2'],
    ['variation-2', 'variation-2~2', 'variation-3'],
  ],
])('names %s', (_, labels, names) => {
  expect(variantNames(labels)).toEqual(names)
})
