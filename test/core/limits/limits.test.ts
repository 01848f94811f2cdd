/** Limits by a clock that the test turns, at both sides of every bound. */
import { describe, expect, it } from 'vitest'
import { CircuitBreaker, type Contact } from '../../../src/core/limits/circuit-breaker.ts'
import { NetworkStanding } from '../../../src/core/limits/network-standing.ts'
import { RateLimiter } from '../../../src/core/limits/rate-limiter.ts'
import { RetryBudget } from '../../../src/core/limits/retry-budget.ts'
import { remembered } from '../../../src/core/remembered.ts'

describe('a rate limit', () => {
  it('fills up with time, up to the burst, and gives unused tokens back', () => {
    const limiter = new RateLimiter({ burst: 4, perSecond: 2 })
    expect(limiter.take('a', 0, 4)).toBe(0)
    expect([limiter.waitMs('a', 250), limiter.waitMs('a', 500), limiter.take('a', 500)]).toEqual([250, 0, 0])
    expect([limiter.take('a', 100_000, 5), limiter.take('a', 100_000, 4)]).toEqual([500, 0])
    limiter.giveBack('a')
    expect([limiter.take('a', 100_000), limiter.take('a', 100_000)]).toEqual([0, 500])
    for (let n = 0; n < 9; n++) limiter.giveBack('a')
    limiter.giveBack('unknown')
    expect([limiter.take('a', 100_000, 4), limiter.waitMs('a', 100_000)]).toEqual([0, 500])
  })

  it('earns nothing while the clock goes back, and goes on from there', () => {
    const limiter = new RateLimiter({ burst: 1, perSecond: 1 })
    expect(limiter.take('a', 10_000)).toBe(0)
    expect(limiter.waitMs('a', 5_000)).toBe(1_000)
    expect(limiter.waitMs('a', 6_000)).toBe(0)
  })

  it('forgets the oldest of more than 10,000 keys', () => {
    const limiter = new RateLimiter({ burst: 1, perSecond: 1 })
    for (let n = 0; n < 10_000; n++) limiter.take(`k${n}`, 0)
    expect([limiter.waitMs('k0', 0), limiter.waitMs('k1', 0)]).toEqual([1_000, 1_000])
    limiter.take('one more', 0)
    expect(limiter.waitMs('k1', 0)).toBe(1_000)
    expect(limiter.waitMs('k0', 0)).toBe(0)
  })
})

describe('a retry budget', () => {
  it('bounds retries in flight by what it has left, once half of that is gone', () => {
    const budget = new RetryBudget(10)
    for (let n = 0; n < 4; n++) expect(budget.spend(0)).toBe(true)
    const free = [1, 2, 3, 4, 5, 6, 7].map(() => budget.start(0))
    expect(free.filter(Boolean)).toHaveLength(7)
    budget.spend(0)
    // Five tokens, seven in flight.
    expect(budget.start(0)).toBeUndefined()
    for (const retry of free.slice(0, 3)) if (retry) budget.end(retry, true)
    const fifth = budget.start(0)
    expect(fifth).toBeDefined()
    expect(budget.start(0)).toBeUndefined()
    if (fifth) budget.end(fifth, false)
    // Four tokens, four in flight.
    expect(budget.start(0)).toBeUndefined()
    budget.earn(1)
    expect(budget.start(0)).toBeDefined()
  })

  it('never holds more than at the start, and spends whole tokens only', () => {
    const budget = new RetryBudget(2)
    budget.earn(5)
    expect([budget.spend(0), budget.spend(0), budget.spend(0)]).toEqual([true, true, false])
    budget.earn(0.9)
    expect(budget.spend(0)).toBe(false)
    budget.earn(0.2)
    expect([budget.spend(0), budget.spend(0)]).toEqual([true, false])
  })
})

describe('a circuit breaker', () => {
  const feed = (events: readonly (readonly [Contact, number, number])[], tookMs = 10) => {
    const breaker = new CircuitBreaker()
    for (const [contact, atMs, visitor] of events)
      breaker.record(contact, tookMs, atMs, { visitor, network: 0 })
    return breaker
  }
  const away = (count: number, atMs: number) =>
    Array.from({ length: count }, (_, n) => ['away', atMs, n] as const)
  const answered = (count: number, atMs: number) =>
    Array.from({ length: count }, () => ['answered', atMs, -1] as const)

  it('opens when half of the requests of ten seconds or more failed to reach the origin', () => {
    expect(feed([...answered(5, 0), ...away(5, 1)]).isOpen).toBe(true)
    expect(feed([...answered(6, 0), ...away(5, 1)]).isOpen).toBe(false)
    expect(feed([...away(4, 0), ...away(1, 9_999)]).isOpen).toBe(true)
    expect(feed([...away(4, 0), ...away(1, 10_000)]).isOpen).toBe(false)
    expect(feed([...away(4, 5_000), ...away(1, 4_999)]).isOpen).toBe(true)
    expect(feed([...away(4, 20_000), ...away(1, 19_999)]).isOpen).toBe(false)
  })

  it('forgets failures when it closes, and visitors in a row with every good answer', () => {
    const breaker = feed([...away(5, 1_000), ...answered(1, 1_500), ...away(4, 1_600)])
    expect(breaker.isOpen).toBe(false)
    const rows = (good: boolean) => {
      const failed = (from: number) =>
        Array.from({ length: 10 }, (_, n) => ['failed', 100, from + n] as const)
      return feed([...failed(0), ...(good ? answered(1, 100) : []), ...failed(10)]).isOpen
    }
    expect([rows(false), rows(true)]).toEqual([true, false])
  })

  it('probes once per interval, which is what the last failure took, from one to five seconds', () => {
    const probes = (tookMs: number) => {
      const breaker = feed(away(5, 0), tookMs)
      const at = (nowMs: number) => !breaker.blocks(nowMs)
      return Array.from({ length: 121 }, (_, n) => n * 100).filter(at)
    }
    expect(probes(1)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map((second) => second * 1_000))
    expect(probes(2_500)).toEqual([2_500, 5_000, 7_500, 10_000])
    expect(probes(60_000)).toEqual([5_000, 10_000])
  })

  it('lets a request through when the clock has jumped back', () => {
    const breaker = feed(away(5, 100_000))
    expect([breaker.blocks(100_999), breaker.blocks(96_000), breaker.blocks(95_999)]).toEqual([
      true,
      true,
      false,
    ])
  })

  it('lets a request without a retry probe only once none other came for ten seconds', () => {
    const breaker = feed(away(5, 0))
    expect([breaker.blocks(10_999, false), breaker.blocks(11_000, false)]).toEqual([true, false])
    expect(new CircuitBreaker().blocks(0, false)).toBe(false)
  })
})

describe('what is remembered of a text', () => {
  it('is asked for once; long texts, and more than 200 of them, are not kept', () => {
    const asked: string[] = []
    const answer = remembered((text) => {
      asked.push(text)
      if (text === 'bad') throw new Error('bad')
      return text.length
    })
    for (const text of ['a', 'a', 'bb', 'a', 'bb']) expect(answer(text)).toBe(text.length)
    expect(asked).toEqual(['a', 'bb'])
    for (let time = 0; time < 2; time++) expect(() => answer('bad')).toThrow('bad')
    const [short, long] = ['x'.repeat(200), 'x'.repeat(201)]
    for (const text of [short, 'a', short, long, 'a', long]) answer(text)
    expect(asked.slice(2)).toEqual(['bad', 'bad', short, long, long])
    asked.length = 0
    for (let n = 0; n < 197; n++) answer(`n${n}`)
    answer('a')
    expect(asked).toHaveLength(197)
    answer('the 201st')
    answer('a')
    expect(asked.slice(197)).toEqual(['the 201st', 'a'])
  })
})

describe('fair shares', () => {
  it('are a quarter of the budget for each network within a minute, and earn with it', () => {
    const budget = new RetryBudget(20)
    const spent = (network: number, nowMs: number) => {
      let count = 0
      while (count < 20 && budget.spend(nowMs, network)) count++
      return count
    }
    expect([spent(7, 0), spent(8, 0), spent(7, 59_999)]).toEqual([5, 5, 0])
    for (let n = 0; n < 8; n++) budget.earn(1)
    expect([spent(7, 59_999), spent(7, 60_000)]).toEqual([2, 5])
    expect(spent(0, 60_000)).toBeGreaterThan(5)
  })

  it('grow with what succeeds, and hold what is in flight', () => {
    const budget = new RetryBudget(20)
    const start = () => budget.start(0, 7)
    const first = [start(), start(), start(), start(), start()]
    expect([first.every(Boolean), start()]).toEqual([true, undefined])
    for (const retry of first) if (retry) budget.end(retry, true)
    const next = Array.from({ length: 11 }, start)
    expect(next.filter(Boolean)).toHaveLength(10)
    for (const retry of next) if (retry) budget.end(retry, false)
    expect([start(), budget.start(0, 8) === undefined]).toEqual([undefined, false])
  })
})

describe('a network that wastes questions', () => {
  const waste = (standing: NetworkStanding, count: number, nowMs: number) => {
    for (let n = 0; n < count; n++) standing.waste(7, nowMs)
  }
  const withOthers = (nowMs: number) => {
    const standing = new NetworkStanding()
    for (const network of [7, 8, 9]) standing.takesPart(network, nowMs)
    return standing
  }

  it('takes no part for a minute, then for two, and at most for ten', () => {
    const standing = withOthers(0)
    waste(standing, 4, 0)
    expect(standing.takesPart(7, 0)).toBe(true)
    waste(standing, 1, 59_999)
    const others = (nowMs: number) => [8, 9].map((network) => standing.takesPart(network, nowMs))
    expect([others(60_000), standing.takesPart(7, 60_000)]).toEqual([[true, true], false])
    expect([standing.takesPart(7, 119_998), standing.takesPart(7, 119_999)]).toEqual([false, true])
    let nowMs = 119_999
    const bars = [120, 240, 480, 600, 600].map((seconds) => {
      waste(standing, 5, nowMs)
      others(nowMs + seconds * 1_000 - 1)
      const isBarred = !standing.takesPart(7, nowMs + seconds * 1_000 - 1)
      nowMs += seconds * 1_000
      return isBarred && standing.takesPart(7, nowMs)
    })
    expect(bars).toEqual([true, true, true, true, true])
  })

  it('is forgiven what lies more than a minute apart', () => {
    const standing = withOthers(0)
    for (let n = 0; n < 40; n++) standing.waste(7, n * 15_000)
    expect(standing.takesPart(7, 600_000)).toBe(true)
  })

  it('takes part where fewer than three networks are seen, and where it is none', () => {
    const standing = new NetworkStanding()
    standing.takesPart(7, 0)
    waste(standing, 20, 0)
    expect([standing.payer(7, 0), standing.takesPart(7, 0)]).toEqual([0, true])
    standing.takesPart(8, 0)
    expect([standing.payer(7, 0), standing.takesPart(7, 0)]).toEqual([7, true])
    standing.takesPart(9, 0)
    expect(standing.takesPart(7, 0)).toBe(false)
    expect(standing.payer(7, 120_000)).toBe(0)
    const atHome = withOthers(0)
    for (let n = 0; n < 20; n++) atHome.waste(0, 0)
    expect(atHome.takesPart(0, 0)).toBe(true)
  })

  it('is forgotten when very many come', () => {
    const standing = withOthers(0)
    waste(standing, 5, 0)
    for (let network = 100; network < 1_101; network++) standing.waste(network, 0)
    expect(standing.takesPart(7, 0)).toBe(true)
  })
})
