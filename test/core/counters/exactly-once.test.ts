import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Cell, emptyCell } from '../../../src/core/counters/cell.ts'
import { Outbox } from '../../../src/core/counters/outbox.ts'
import { EMPTY_WINDOW, type SequenceWindow, take } from '../../../src/core/counters/sequence.ts'

const key = { flag: 'f', variant: 'on', arm: 'canary' as const, generation: 1, stage: 0 }
const requestsOf = (cells: readonly Cell[]) => cells.reduce((sum, { requests }) => sum + requests, 0)

/** Which of the numbers are taken, one after the other. */
function taken(numbers: readonly number[]): number[] {
  let window: SequenceWindow = EMPTY_WINDOW
  return numbers.filter((seq) => {
    const next = take(window, seq)
    if (next === undefined) return false
    window = next
    return true
  })
}

describe('the window of numbers', () => {
  it('takes no number twice, in whatever order they come', () => {
    const once = fc.property(fc.array(fc.integer({ min: 1, max: 80 }), { maxLength: 300 }), (numbers) => {
      const accepted = taken(numbers)
      expect(new Set(accepted).size).toBe(accepted.length)
    })
    fc.assert(once)
  })

  it('takes every number that is not 32 behind', () => {
    const near = fc.array(fc.nat(30), { minLength: 1, maxLength: 100 })
    const all = fc.property(near, (delays) => {
      // Each number is sent at its time plus its delay: none is overtaken by 32 others.
      const sent = delays.map((delay, index) => ({ seq: index + 1, at: index + delay }))
      const order = sent.toSorted((a, b) => a.at - b.at || a.seq - b.seq).map(({ seq }) => seq)
      expect(taken(order).toSorted((a, b) => a - b)).toEqual(sent.map(({ seq }) => seq))
    })
    fc.assert(all)
  })

  it('starts anywhere, and survives JSON', () => {
    expect(taken([1_000_000, 999_999, 1_000_000, 5])).toEqual([1_000_000, 999_999])
    const window = take(take(EMPTY_WINDOW, 31) ?? EMPTY_WINDOW, 1) ?? EMPTY_WINDOW
    expect(take(JSON.parse(JSON.stringify(window)) as SequenceWindow, 1)).toBeUndefined()
    expect(take(window, 2)).toBeDefined()
  })
})

describe('the outbox', () => {
  type Deed = { what: 'count' | 'seal' | 'acknowledge' | 'restart'; number: number }
  const deeds: fc.Arbitrary<Deed> = fc.record({
    what: fc.constantFrom('count', 'count', 'seal', 'acknowledge', 'restart'),
    number: fc.integer({ min: 1, max: 9 }),
  })

  it('loses nothing and sends nothing under two numbers, whatever is acknowledged and when', () => {
    const exact = fc.property(fc.array(deeds, { maxLength: 80 }), (list) => {
      let outbox = new Outbox()
      const sealed = new Map<number, number>()
      const received = new Map<number, number>()
      let counted = 0
      for (const { what, number } of list) {
        if (what === 'count') {
          outbox.open.add([{ ...emptyCell(key), requests: number }])
          counted += number
        } else if (what === 'seal') {
          const { seq, cells } = outbox.seal()
          const requests = requestsOf(cells)
          // The same number is always the same batch; not all that is sent arrives.
          expect(sealed.get(seq) ?? requests).toBe(requests)
          sealed.set(seq, requests)
          if (number > 4) received.set(seq, requests)
        } else if (what === 'acknowledge') {
          // The receiver of a batch may acknowledge it late, or acknowledge another one.
          const known = [...received.keys()]
          outbox.acknowledge(known[known.length - number] ?? 0)
        } else outbox = new Outbox(JSON.parse(JSON.stringify(outbox.toData())))
      }
      for (let rest = 0; rest < 2; rest++) {
        const { seq, cells } = outbox.seal()
        received.set(seq, requestsOf(cells))
        outbox.acknowledge(seq)
      }
      expect([...received.values()].reduce((sum, requests) => sum + requests, 0)).toBe(counted)
    })
    fc.assert(exact, { numRuns: 300 })
  })
})
