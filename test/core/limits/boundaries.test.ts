/** Limits just below where they end, and there. */
import { describe, expect, it } from 'vitest'
import { CircuitBreaker } from '../../../src/core/limits/circuit-breaker.ts'
import { CopyRate } from '../../../src/core/limits/copy-rate.ts'
import { FailingNetworks } from '../../../src/core/limits/failing-networks.ts'
import { NetworkStanding } from '../../../src/core/limits/network-standing.ts'
import { SharedRate } from '../../../src/core/limits/shared-rate.ts'

describe('copies of a minute', () => {
  const RATE = { perSecond: 60, members: 2 }
  const START_MS = 1e6
  /** How many a network gets that asks fifty times a second from one moment to before another, each time for a new route. */
  function taken(rate: CopyRate, network: number, fromMs: number, toMs: number): number {
    let count = 0
    for (let nowMs = fromMs; nowMs < toMs; nowMs += 20)
      if (rate.take({ network, route: `GET /${nowMs}` }, RATE, nowMs)) count++
    return count
  }
  function crowded(networks: number): CopyRate {
    const rate = new CopyRate()
    for (let n = 1; n <= networks; n++) rate.take({ network: 100 + n, route: 'GET /' }, RATE, START_MS)
    return rate
  }

  it('are a member’s part of the rate for a network that is alone, and no more', () => {
    const rate = new CopyRate()
    rate.take({ network: 0, route: 'GET /' }, RATE, START_MS)
    expect(taken(rate, 5, START_MS + 1_000, START_MS + 61_000)).toBe(1_800)
  })

  it('are an eighth of it for a network in a crowd, and not limited for what is none', () => {
    expect(taken(crowded(20), 1, START_MS, START_MS + 60_000)).toBe(225)
    expect(taken(crowded(20), 0, START_MS, START_MS + 60_000)).toBeGreaterThan(1_790)
  })

  it.each([
    ['within the minute all are known', 59_999, 2 / 6],
    ['in the next one as many as were', 60_000, 2 / 5],
    ['just before another has gone by', 119_999, 2 / 5],
    ['after a minute of silence none', 120_000, 1],
  ])('%s', (_, afterMs, part) => {
    const rate = crowded(5)
    expect(rate.partOfNetwork).toBe(2 / 5)
    rate.take({ network: 7, route: 'GET /' }, RATE, START_MS + afterMs)
    expect(rate.partOfNetwork).toBe(part)
  })
})

describe('a network that has failed', () => {
  const fail = (networks: FailingNetworks, network: number, nowMs: number) =>
    networks.fail(network, true, nowMs + 1_000, nowMs)

  it('is suspect for less than a minute', () => {
    const networks = new FailingNetworks()
    fail(networks, 5, 0)
    expect([59_999, 60_000].map((nowMs) => networks.isSuspect(5, nowMs))).toEqual([true, false])
  })

  it.each([
    [300_009, false],
    [300_010, true],
  ])('and was wrong at 10 ms has a say at %d ms: %s', (nowMs, hasSay) => {
    const networks = new FailingNetworks()
    fail(networks, 5, 0)
    networks.discredit(10)
    fail(networks, 6, 200_000)
    expect(fail(networks, 5, nowMs)).toBe(hasSay)
  })

  it.each([
    [299_999, false],
    [300_000, true],
  ])('is forgotten when the next failure comes after %d ms: %s', (nowMs, isForgotten) => {
    const networks = new FailingNetworks()
    fail(networks, 5, 0)
    networks.discredit(50_000)
    fail(networks, 6, nowMs)
    expect(fail(networks, 5, nowMs + 1)).toBe(isForgotten)
  })

  it('is forgotten when it is answered, unless it was wrong', () => {
    const right = new FailingNetworks()
    fail(right, 5, 0)
    right.answer(5, 1)
    const wrong = new FailingNetworks()
    fail(wrong, 5, 0)
    wrong.discredit(1)
    wrong.answer(5, 2)
    expect([right.isEmpty, wrong.isEmpty, wrong.isSuspect(5, 3)]).toEqual([true, false, false])
  })

  it('opens its own circuit by five failures, of which a probe is none', () => {
    const breaker = new CircuitBreaker()
    const isOpenAfter = (failures: number, network: number) => {
      for (let n = 0; n < failures; n++) breaker.record('away', 10, 1_500, { visitor: 9, network })
      return breaker.isOpenFor({ network })
    }
    for (const network of [1, 2, 3, 1, 2, 3]) breaker.record('away', 10, 1_000, { visitor: network, network })
    expect([breaker.isOpen, breaker.blocks(1_200, true, { network: 7 })]).toEqual([true, false])
    isOpenAfter(4, 7)
    breaker.record('answered', 10, 1_600, { visitor: 4, network: 4 })
    expect([breaker.isOpen, breaker.isOpenFor({ network: 7 })]).toEqual([false, false])
    expect(isOpenAfter(1, 7)).toBe(true)
  })
})

describe('a network that wastes questions', () => {
  function standing(): NetworkStanding {
    const networks = new NetworkStanding()
    for (const network of [1, 2, 3]) networks.takesPart(network, 0)
    return networks
  }
  const waste = (networks: NetworkStanding, times: number, nowMs: number) => {
    for (let time = 0; time < times; time++) networks.waste(1, nowMs)
  }
  /** When it takes part again, in whole seconds; others are seen all the time. */
  const backAfterS = (networks: NetworkStanding, fromMs: number) => {
    for (let seconds = 0; ; seconds++) {
      const nowMs = fromMs + seconds * 1_000
      networks.takesPart(2, nowMs)
      networks.takesPart(3, nowMs)
      if (networks.takesPart(1, nowMs)) return seconds
    }
  }

  it.each([
    [4, 59_999, true],
    [3, 59_999, false],
    [4, 60_000, false],
    [4, 0, true],
  ])('%d times, and once more after %d ms, is barred: %s', (times, laterMs, isBarred) => {
    const networks = standing()
    waste(networks, times, 0)
    waste(networks, 1, laterMs)
    expect(networks.takesPart(1, laterMs)).toBe(!isBarred)
  })

  it.each([
    ['at once', 60_000, 120],
    ['within ten minutes', 60_000 + 599_999, 120],
    ['after that', 60_000 + 600_000, 60],
  ])('is barred again, %s, for so many seconds', (_, againMs, seconds) => {
    const networks = standing()
    waste(networks, 5, 0)
    expect(backAfterS(networks, 0)).toBe(60)
    waste(networks, 5, againMs)
    expect(backAfterS(networks, againMs)).toBe(seconds)
  })

  it('counts five anew after its time, whatever it wasted in it', () => {
    const networks = standing()
    waste(networks, 5, 0)
    waste(networks, 9, 30_000)
    waste(networks, 4, 60_000)
    expect(backAfterS(networks, 60_000)).toBe(0)
    waste(networks, 1, 60_001)
    expect(backAfterS(networks, 60_001)).toBe(120)
  })

  it('has others beside it as long as the three seen last were seen within two minutes', () => {
    const networks = standing()
    networks.takesPart(1, 30)
    networks.takesPart(3, 20)
    networks.takesPart(4, 60)
    waste(networks, 5, 120_000)
    expect([networks.takesPart(1, 120_019), networks.takesPart(1, 120_020)]).toEqual([false, true])
  })

  it('is not what has no network, which is no other one either', () => {
    const networks = new NetworkStanding()
    expect([networks.takesPart(0, 0), networks.takesPart(7, 0), networks.payer(7, 0)]).toEqual([
      true,
      true,
      0,
    ])
    expect(networks.takesPart(8, 0)).toBe(true)
    expect([0, 119_999, 120_000].map((nowMs) => networks.payer(7, nowMs))).toEqual([7, 7, 0])
  })
})

it('a shared rate whose members are not known yet is one member’s', () => {
  const rate = new SharedRate()
  expect([0, 249, 250, 250].map((nowMs) => rate.take(4, 0, nowMs))).toEqual([false, false, true, false])
})
