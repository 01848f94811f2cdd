import { expect, it } from 'vitest'
import { RateLimiter } from '../../../src/core/limits/rate-limiter.ts'

it('asking how long to wait takes nothing, and agrees with taking', () => {
  const limiter = new RateLimiter({ burst: 2, perSecond: 0.5 })
  for (let time = 0; time < 5; time++) expect(limiter.waitMs('a', 0)).toBe(0)
  expect([limiter.take('a', 0), limiter.take('a', 0)]).toEqual([0, 0])
  expect(limiter.waitMs('a', 0)).toBe(2_000)
  expect(limiter.take('a', 0)).toBe(2_000)
  expect(limiter.waitMs('b', 0)).toBe(0)
  expect([limiter.waitMs('a', 2_000), limiter.take('a', 2_000), limiter.take('a', 2_000)]).toEqual([
    0, 0, 2_000,
  ])
})
