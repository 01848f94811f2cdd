import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CircuitBreaker } from '../../../src/core/limits/circuit-breaker.ts'

const afterFailures = (count: number, tookMs = 10) => {
  const breaker = new CircuitBreaker()
  for (let index = 0; index < count; index++) breaker.record(true, tookMs, 1_000)
  return breaker
}

describe('an origin that can not be reached', () => {
  it('is gone round after five failures, not after four', () => {
    expect(afterFailures(4).blocks(1_000)).toBe(false)
    expect(afterFailures(5).blocks(1_000)).toBe(true)
  })

  it('is asked as long as most requests reach it', () => {
    const breaker = new CircuitBreaker()
    for (let index = 0; index < 100; index++) breaker.record(index % 5 < 2, 10, 1_000)
    expect(breaker.isOpen).toBe(false)
  })

  it('is not given up for failures that lie far apart', () => {
    const breaker = new CircuitBreaker()
    for (let index = 0; index < 100; index++) breaker.record(true, 10, index * 2_500)
    expect(breaker.isOpen).toBe(false)
  })

  it('is tried once a second, and by all again after the first success', () => {
    const breaker = afterFailures(5)
    const tried = Array.from({ length: 41 }, (_, index) => 1_000 + index * 100).filter(
      (nowMs) => !breaker.blocks(nowMs),
    )
    expect(tried).toEqual([2_000, 3_000, 4_000, 5_000])
    breaker.record(true, 10, 5_001)
    expect(breaker.blocks(5_002)).toBe(true)
    breaker.record(false, 10, 5_003)
    expect(breaker.blocks(5_004)).toBe(false)
    expect(breaker.isOpen).toBe(false)
  })

  it('is tried less often where each try hangs, but at least every five seconds', () => {
    const breaker = afterFailures(5, 30_000)
    expect(breaker.blocks(5_999)).toBe(true)
    expect(breaker.blocks(6_000)).toBe(false)
    expect(breaker.blocks(10_999)).toBe(true)
    expect(breaker.blocks(11_000)).toBe(false)
  })

  it('is never gone round for long, however the clock jumps', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.integer({ min: -1e12, max: 1e12 }))), (events) => {
        const breaker = new CircuitBreaker()
        let nowMs = 0
        for (const [isAway, byMs] of events) {
          nowMs += byMs
          breaker.record(isAway, 10, nowMs)
        }
        const stillBlocked = [0, 5_001].filter((laterMs) => breaker.blocks(nowMs + laterMs))
        expect(stillBlocked.length).toBeLessThan(2)
      }),
    )
  })
})
