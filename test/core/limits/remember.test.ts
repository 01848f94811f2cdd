import { expect, it } from 'vitest'
import { remember } from '../../../src/core/limits/remember.ts'

it('a full memory forgets what was remembered longest ago, and nothing for a key that it knows', () => {
  const memory = new Map<string, number>()
  const keysAfter = (key: string, value: number) => {
    remember(memory, key, value, 3)
    return [...memory.keys()].join()
  }
  const keys = ['a', 'b', 'c', 'b', 'd'].map(keysAfter)
  expect(keys).toEqual(['a', 'a,b', 'a,b,c', 'a,c,b', 'c,b,d'])
  expect(memory.get('b')).toBe(3)
})
