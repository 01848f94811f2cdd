import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RetryBudget } from '../../../src/core/limits/retry-budget.ts'

describe('the retry budget', () => {
  it('lets every request be repeated while repetitions work out', () => {
    const budget = new RetryBudget()
    for (let n = 0; n < 10_000; n++) {
      budget.earn(0.1)
      expect(budget.take()).toBe(true)
      budget.giveBack()
    }
  })

  it('with both origins down allows what it holds, and then the share of the requests', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 5_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.constantFrom(undefined, 0, 10),
        (requests, share, mostTokens) => {
          const budget = new RetryBudget(mostTokens)
          let repeated = 0
          for (let n = 0; n < requests; n++) {
            budget.earn(share)
            if (budget.take()) repeated++
          }
          expect(repeated).toBeLessThanOrEqual((mostTokens ?? 200) + share * requests + 1e-6)
        },
      ),
    )
  })

  it('allows again once repetitions can work out again', () => {
    const budget = new RetryBudget()
    while (budget.take());
    for (let n = 0; n < 11; n++) budget.earn(0.1)
    expect(budget.take()).toBe(true)
  })
})
