import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Retry, RetryBudget } from '../../../src/core/limits/retry-budget.ts'

const NOW_MS = 1_000_000
const start = (budget: RetryBudget, nowMs = NOW_MS) => budget.start(nowMs) ?? { startedMs: -1, network: 0 }
const isFree = (budget: RetryBudget, nowMs = NOW_MS) => budget.start(nowMs) !== undefined

describe('the retry budget', () => {
  it('lets every request be repeated while repetitions work out', () => {
    const budget = new RetryBudget()
    for (let n = 0; n < 10_000; n++) {
      budget.earn(0.1)
      const repetition = start(budget)
      expect(repetition.startedMs).toBe(NOW_MS)
      budget.end(repetition, true)
    }
  })

  it('lets as many be on their way as an isolate bears, while nothing is lost', () => {
    const budget = new RetryBudget()
    for (let n = 0; n < 2_000; n++) expect(isFree(budget)).toBe(true)
    expect(isFree(budget)).toBe(false)
  })

  it('forgets those whose end is never reported, whichever way the clock goes', () => {
    for (const laterMs of [60_000, -3_600_000]) {
      const budget = new RetryBudget()
      while (isFree(budget));
      expect(isFree(budget, NOW_MS + 59_999)).toBe(false)
      expect(isFree(budget, NOW_MS + laterMs)).toBe(true)
    }
  })

  it('with both origins down allows what it holds, and then the share of the requests', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 5_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 1, max: 90 }),
        (requests, share, atOnce) => {
          const budget = new RetryBudget()
          const onTheirWay: Retry[] = []
          let repeated = 0
          for (let n = 0; n < requests; n++) {
            budget.earn(share)
            const repetition = budget.start(NOW_MS)
            if (repetition === undefined) continue
            repeated++
            onTheirWay.push(repetition)
            const oldest = onTheirWay.length > atOnce ? onTheirWay.shift() : undefined
            if (oldest) budget.end(oldest, false)
          }
          expect(repeated).toBeLessThanOrEqual(200 + share * requests + 1e-6)
        },
      ),
    )
  })

  it('pays back what was on its way when both origins went down, before it allows any more', () => {
    const budget = new RetryBudget()
    const crowd = Array.from({ length: 1_000 }, () => start(budget))
    for (const each of crowd) budget.end(each, false)
    for (let n = 0; n < 8_000; n++) budget.earn(0.1)
    expect(isFree(budget)).toBe(false)
    for (let n = 0; n < 20; n++) budget.earn(0.1)
    expect(isFree(budget)).toBe(true)
  })

  it('spends tokens for good where the outcome is never reported', () => {
    fc.assert(
      fc.property(fc.nat(500), fc.double({ min: 0, max: 1, noNaN: true }), (requests, share) => {
        const budget = new RetryBudget(10)
        let spent = 0
        for (let n = 0; n < requests; n++) {
          budget.earn(share)
          if (budget.spend(0)) spent++
        }
        expect(spent).toBeLessThanOrEqual(10 + share * requests + 1e-6)
      }),
    )
  })

  it('allows again once repetitions can work out again', () => {
    const budget = new RetryBudget()
    while (budget.spend(0));
    expect(isFree(budget)).toBe(false)
    for (let n = 0; n < 30; n++) budget.earn(0.1)
    expect(isFree(budget)).toBe(true)
  })
})
