import { expect, it } from 'vitest'
import { LazyMap } from '../../src/core/lazy-map.ts'

/** Lengths of the keys, with a record of which were made. */
function lengths() {
  const made: string[] = []
  const map = new LazyMap(new Set(['a', 'bb', 'ccc']), (key) => {
    made.push(key)
    return { length: key.length }
  })
  return { map, made }
}

it('makes a value when it is asked for, once', () => {
  const { map, made } = lengths()
  expect([map.size, map.has('bb'), [...map.keys()], made]).toEqual([3, true, ['a', 'bb', 'ccc'], []])
  expect(map.get('bb')).toEqual({ length: 2 })
  expect(map.get('bb')).toBe(map.get('bb'))
  expect(made).toEqual(['bb'])
  expect([...map.values()].map(({ length }) => length)).toEqual([1, 2, 3])
  expect(made).toEqual(['bb', 'a', 'ccc'])
})

it('has nothing for other keys', () => {
  const { map, made } = lengths()
  expect(map.get('toString')).toBeUndefined()
  expect([map.has('dddd'), made]).toEqual([false, []])
})

it('keeps nothing of a glance', () => {
  const { map, made } = lengths()
  const kept = map.get('a')
  expect([...map.glance()]).toEqual([{ length: 1 }, { length: 2 }, { length: 3 }])
  expect([...map.glance()][0]).toBe(kept)
  expect(made).toEqual(['a', 'bb', 'ccc', 'bb', 'ccc'])
})
