/** Copies are shared out by network and by route: no one fills a stage's evidence alone. */
import { describe, expect, it } from 'vitest'
import { CopyRate } from '../../../src/core/limits/copy-rate.ts'

const TWO = { perSecond: 2, members: 1 }
const START_MS = 1_000_000
type Sender = { network: number; route?: string; every: number }

/** What each of some senders has copied after so many seconds, ten moments a second; they take turns in them. */
function copied(
  senders: readonly Sender[],
  seconds: number,
  rate = new CopyRate(),
  from = START_MS,
  perSecond = 2,
): number[] {
  const taken = senders.map(() => 0)
  for (let tick = 0; tick < seconds * 10; tick++)
    for (const [index, { network, route = `GET /${network}`, every }] of senders.entries())
      if (
        (tick + 7 * index) % every === 0 &&
        rate.take({ network, route }, { perSecond, members: 1 }, from + tick * 100)
      )
        taken[index] = (taken[index] ?? 0) + 1
  return taken
}
const flood = (network: number, route?: string): Sender => ({ network, every: 1, ...(route && { route }) })
/** Visitors who ask once in five seconds, each of another network and route. */
const crowd = (count: number) => Array.from({ length: count }, (_, n) => ({ network: 100 + n, every: 50 }))
const sum = (numbers: readonly number[]) => numbers.reduce((all, each) => all + each, 0)

describe('the rate of copies', () => {
  it('is all of one network’s, of two, and of requests of no network', () => {
    for (const senders of [
      [flood(5)],
      [flood(5), flood(6)],
      [flood(0)],
      [flood(0, 'GET /'), flood(0, 'GET /')],
    ])
      expect(sum(copied(senders, 120))).toBeGreaterThanOrEqual(238)
  })

  it('has an eighth at most for a network that floods a crowd, minute by minute', () => {
    const rate = new CopyRate()
    copied([flood(5), ...crowd(20)], 60, rate)
    for (const minute of [1, 2, 3]) {
      const [own = 0, ...others] = copied([flood(5), ...crowd(20)], 60, rate, START_MS + minute * 60_000)
      expect(own).toBeGreaterThanOrEqual(14)
      expect(own).toBeLessThanOrEqual(15)
      expect(sum(others)).toBeGreaterThanOrEqual(4 * own)
    }
  })

  it('leaves each of a few networks twice an even share', () => {
    const rate = new CopyRate()
    const senders = [flood(5), ...crowd(4)]
    copied(senders, 60, rate)
    const [own = 0] = copied(senders, 60, rate, START_MS + 60_000)
    expect(own).toBe((2 / 5) * 120)
  })

  it('has a quarter at most for a route, however many networks ask for it', () => {
    const rate = new CopyRate()
    const botnet = Array.from({ length: 30 }, (_, n) => flood(500 + n, 'GET /works'))
    copied([...botnet, ...crowd(20)], 60, rate)
    const taken = copied([...botnet, ...crowd(20)], 60, rate, START_MS + 60_000)
    expect(sum(taken.slice(0, 30))).toBe(30)
    expect(sum(taken.slice(30))).toBeGreaterThan(60)
  })

  it('forgets who was there after a minute without them, and when the clock goes back', () => {
    const rate = new CopyRate()
    copied([flood(5), ...crowd(20)], 60, rate)
    expect(rate.partOfNetwork).toBe(1 / 8)
    expect(copied([flood(5)], 60, rate, START_MS + 240_000)[0]).toBeGreaterThanOrEqual(118)
    expect(rate.partOfNetwork).toBe(1)
    copied([flood(5), flood(6), flood(7)], 5, rate, START_MS + 310_000)
    expect(rate.partOfNetwork).toBe(2 / 3)
    rate.take({ network: 8, route: 'GET /' }, TWO, START_MS)
    expect(rate.partOfNetwork).toBe(1 / 2 + 1 / 6)
  })

  it('leaves a network one copy a minute, however low it is', () => {
    const taken = copied([flood(5), ...crowd(20)], 300, new CopyRate(), START_MS, 0.1)
    expect(taken[0]).toBeGreaterThanOrEqual(2)
    expect(taken[0]).toBeLessThanOrEqual(6)
    expect(sum(taken)).toBeGreaterThanOrEqual(20)
  })
})
