import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CircuitBreaker } from '../../../src/core/limits/circuit-breaker.ts'

/** The sender of a request; of no network, unless said otherwise. */
const by = (visitor: number, network = 0) => ({ visitor, network })
const contacts = fc.constantFrom('answered', 'failed', 'away')

const afterFailures = (count: number, tookMs = 10) => {
  const breaker = new CircuitBreaker()
  for (let index = 0; index < count; index++) breaker.record('away', tookMs, 1_000, by(1))
  return breaker
}

describe('an origin that can not be reached', () => {
  it('opens after five failures, not after four', () => {
    expect(afterFailures(4).blocks(1_000)).toBe(false)
    expect(afterFailures(5).blocks(1_000)).toBe(true)
  })

  it('is asked as long as most requests reach it', () => {
    const breaker = new CircuitBreaker()
    for (let index = 0; index < 100; index++)
      breaker.record(index % 5 < 2 ? 'away' : 'answered', 10, 1_000, by(index))
    expect(breaker.isOpen).toBe(false)
  })

  it('is not given up for failures that lie far apart', () => {
    const breaker = new CircuitBreaker()
    for (let index = 0; index < 100; index++) breaker.record('away', 10, index * 2_500, by(index))
    expect(breaker.isOpen).toBe(false)
  })

  it('is tried once a second, and by all again after the first success', () => {
    const breaker = afterFailures(5)
    const tried = Array.from({ length: 41 }, (_, index) => 1_000 + index * 100).filter(
      (nowMs) => !breaker.blocks(nowMs),
    )
    expect(tried).toEqual([2_000, 3_000, 4_000, 5_000])
    breaker.record('away', 10, 5_001, by(1))
    expect(breaker.blocks(5_002)).toBe(true)
    breaker.record('answered', 10, 5_003, by(1))
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

  it('never stays open for long, however the clock jumps', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(contacts, fc.integer({ min: -1e12, max: 1e12 }))), (events) => {
        const breaker = new CircuitBreaker()
        let nowMs = 0
        for (const [contact, byMs] of events) {
          nowMs += byMs
          breaker.record(contact, 10, nowMs, by(nowMs % 100))
        }
        const stillBlocked = [0, 5_001].filter((laterMs) => breaker.blocks(nowMs + laterMs))
        expect(stillBlocked.length).toBeLessThan(2)
      }),
    )
  })

  it('is left alone by those who can not be helped if they fail, unless no other visitor comes to see', () => {
    const breaker = afterFailures(5)
    for (const nowMs of [1_500, 2_000, 11_999]) expect(breaker.blocks(nowMs, false)).toBe(true)
    expect(breaker.blocks(12_000, false)).toBe(false)
    expect(breaker.blocks(12_001, false)).toBe(true)
    expect(breaker.blocks(13_000)).toBe(false)
  })
})

describe('an origin that answers, though badly', () => {
  const failing = (count: number) => {
    const breaker = new CircuitBreaker()
    for (let index = 0; index < count; index++) breaker.record('failed', 10, 1_000 + index, by(index))
    return breaker
  }

  it('opens after twenty visitors in a row had bad answers, until a good one comes', () => {
    expect(failing(19).isOpen).toBe(false)
    const breaker = failing(20)
    expect(breaker.blocks(1_100)).toBe(true)
    expect(breaker.blocks(2_100)).toBe(false)
    breaker.record('failed', 10, 2_101, by(1))
    expect(breaker.blocks(2_102)).toBe(true)
    breaker.record('answered', 10, 3_200, by(1))
    expect(breaker.isOpen).toBe(false)
  })

  it('is asked as long as one in twenty answers is good', () => {
    const breaker = new CircuitBreaker()
    for (let index = 0; index < 1_000; index++) {
      breaker.record(index % 20 === 0 ? 'answered' : 'failed', 10, 1_000 + index, by(index))
      expect(breaker.isOpen).toBe(false)
    }
  })

  it('is asked however often one visitor asks for what is broken', () => {
    const breaker = new CircuitBreaker()
    for (let index = 0; index < 1_000; index++) breaker.record('failed', 10, 1_000 + index, by(index % 19))
    expect(breaker.isOpen).toBe(false)
  })
})

describe('failures of a few networks', () => {
  const SOME = 7
  const failing = (contact: 'failed' | 'away', networks: number, count = 100) => {
    const breaker = new CircuitBreaker()
    breaker.record('answered', 10, 1_000)
    for (let index = 0; index < count; index++)
      breaker.record(contact, 10, 1_000, by(index, SOME + (index % networks)))
    return breaker
  }

  it.each(['failed', 'away'] as const)(
    '%s: open nothing for the others, however many ids they have',
    (contact) => {
      expect(failing(contact, 1).isOpen).toBe(false)
      expect(failing(contact, 2).isOpen).toBe(false)
      expect(failing(contact, 3).isOpen).toBe(true)
    },
  )

  it('are those of everybody where none but they ask, and the origin can not be reached', () => {
    const breaker = new CircuitBreaker()
    for (let index = 0; index < 4; index++) breaker.record('away', 10, 1_000, by(index, SOME))
    expect(breaker.isOpen).toBe(false)
    breaker.record('away', 10, 1_000, by(4, SOME))
    expect(breaker.isOpen).toBe(true)
  })

  it('are forgotten with the next good answer, and with the window', () => {
    const breaker = failing('failed', 2)
    breaker.record('answered', 10, 1_000)
    for (let index = 0; index < 100; index++) breaker.record('failed', 10, 1_000, by(index, 9))
    expect(breaker.isOpen).toBe(false)
    for (let index = 0; index < 100; index++) breaker.record('failed', 10, 12_000, by(index, 7 + (index % 2)))
    expect(breaker.isOpen).toBe(false)
  })
})
