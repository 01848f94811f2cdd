import { expect, it, vi } from 'vitest'
import { HiddenClasses } from '../../../src/gate/perf/hidden-classes.ts'

it('the objects of eight requests are kept, each 61 requests after the other', () => {
  const shapes = new HiddenClasses()
  const push = vi.spyOn(Array.prototype, 'push')
  const shift = vi.spyOn(Array.prototype, 'shift')
  const one = {}
  for (let count = 0; count < 61 * 20; count++) shapes.keep(one, one, one)
  const kept = push.mock.calls.filter(([each]) => Array.isArray(each) && each[0] === one).length
  const dropped = shift.mock.results.filter(({ value }) => Array.isArray(value) && value[0] === one).length
  vi.restoreAllMocks()
  expect([kept, dropped]).toEqual([20, 12])
})
