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

  it('are forgotten with the next good answer, and with the window', () => {
    const breaker = failing('failed', 2)
    breaker.record('answered', 10, 1_000)
    for (let index = 0; index < 100; index++) breaker.record('failed', 10, 1_000, by(index, 9))
    expect(breaker.isOpen).toBe(false)
    for (let index = 0; index < 100; index++) breaker.record('failed', 10, 12_000, by(index, 7 + (index % 2)))
    expect(breaker.isOpen).toBe(false)
  })
})

describe('a network that can not reach the origin', () => {
  const [OWN, OTHER] = [by(1, 7), by(2, 8)]
  const failing = (count: number, atMs = (_: number) => 1_000, tookMs = 10) => {
    const breaker = new CircuitBreaker()
    for (let index = 0; index < count; index++) breaker.record('away', tookMs, atMs(index), OWN)
    return breaker
  }

  it('has a separate circuit, which five failures in a row open, and a success closes', () => {
    expect(failing(4).isOpenFor(OWN)).toBe(false)
    const breaker = failing(5)
    expect([breaker.isOpen, breaker.isOpenFor(OWN), breaker.isOpenFor(OTHER)]).toEqual([false, true, false])
    expect([breaker.blocks(1_001, true, OWN), breaker.blocks(1_001, true, OTHER)]).toEqual([true, false])
    breaker.record('answered', 10, 1_100, OTHER)
    expect(breaker.isOpenFor(OWN)).toBe(true)
    breaker.record('answered', 10, 1_200, OWN)
    expect([breaker.isOpenFor(OWN), breaker.blocks(1_201, true, OWN)]).toEqual([false, false])
    for (let index = 0; index < 4; index++) breaker.record('away', 10, 1_300, OWN)
    expect(breaker.isOpenFor(OWN)).toBe(false)
  })

  it.each([
    [59_999, true],
    [60_000, false],
  ])('failures that are %i ms apart open it: %s', (apartMs, isOpen) => {
    expect(failing(5, (index) => 1_000 + index * apartMs).isOpenFor(OWN)).toBe(isOpen)
    expect(failing(5, (index) => 1_000 - index * apartMs).isOpenFor(OWN)).toBe(isOpen)
  })

  it('is remembered among a thousand that failed later, not more', () => {
    for (const others of [999, 1_000]) {
      const breaker = failing(5)
      for (let index = 0; index < others; index++) {
        breaker.record('failed', 10, 1_000, by(index, 100 + index))
        breaker.record('answered', 10, 1_000, OTHER)
      }
      expect([others, breaker.isOpenFor(OWN)]).toEqual([others, others < 1_000])
    }
  })

  it('opens by failures without an answer, not by bad answers', () => {
    const breaker = new CircuitBreaker()
    for (let index = 0; index < 100; index++) breaker.record('failed', 10, 1_000, by(index, 7))
    expect(breaker.isOpenFor(OWN)).toBe(false)
  })

  it('probes once a second, or once in as many as a failure takes', () => {
    const probes = (tookMs: number) => {
      const breaker = failing(5, undefined, tookMs)
      const times = Array.from({ length: 71 }, (_, index) => 1_000 + index * 100)
      return times.filter((nowMs) => !breaker.blocks(nowMs, true, OWN))
    }
    expect(probes(10)).toEqual([2_000, 3_000, 4_000, 5_000, 6_000, 7_000, 8_000])
    expect(probes(3_000)).toEqual([4_000, 7_000])
    const breaker = failing(5)
    expect([11_999, 12_000].map((nowMs) => breaker.blocks(nowMs, false, OWN))).toEqual([true, false])
  })

  it('says something of the origin where no one is answered for ten seconds', () => {
    const breaker = failing(5)
    expect(breaker.record('away', 10, 1_001, OWN)).toBe(true)
    breaker.record('answered', 10, 2_000, OTHER)
    const says = [11_999, 12_000].map((nowMs) => breaker.record('away', 10, nowMs, OWN))
    expect(says).toEqual([false, true])
  })

  it('says nothing more about the origin to others', () => {
    const breaker = failing(5)
    breaker.record('answered', 10, 1_000, OTHER)
    expect(breaker.record('away', 10, 1_000, OWN)).toBe(false)
    for (let index = 0; index < 100; index++) breaker.record('away', 10, 1_000, OWN)
    // With those of two more networks it would be five failures, or fifty of sixty requests.
    for (let index = 0; index < 10; index++) breaker.record('answered', 10, 1_001, OTHER)
    expect([breaker.record('away', 10, 1_002, OTHER), breaker.record('away', 10, 1_002, by(3, 9))]).toEqual([
      true,
      true,
    ])
    expect(breaker.record('away', 10, 1_002, by(4, 10))).toBe(true)
    expect(breaker.isOpen).toBe(false)
  })
})

describe('an open circuit', () => {
  const NETWORKS = [7, 8, 9]
  const opened = (tookMs = 10) => {
    const breaker = new CircuitBreaker()
    for (let index = 0; index < 6; index++)
      breaker.record('away', tookMs, 1_000, by(index, NETWORKS[index % 3]))
    expect(breaker.isOpen).toBe(true)
    return breaker
  }
  const probes = (breaker: CircuitBreaker, network: number, times: readonly number[]) =>
    times.filter((nowMs) => !breaker.blocks(nowMs, true, by(1, network)))

  it('is probed at once by a network that has not failed, and then by another once a second', () => {
    const breaker = opened()
    expect(probes(breaker, 7, [1_000, 1_999])).toEqual([])
    expect(probes(breaker, 20, [1_000, 1_001])).toEqual([1_000])
    expect(probes(breaker, 21, [1_001, 1_999, 2_000])).toEqual([2_000])
    // Each network once, however long its probe hangs; those that have failed share what a second allows.
    expect(probes(breaker, 20, [3_000, 3_001])).toEqual([3_000])
    expect(probes(breaker, 7, [3_002, 3_999, 4_000])).toEqual([4_000])
    expect(probes(breaker, 22, [4_001])).toEqual([4_001])
  })

  it('is probed less often where each try hangs', () => {
    const breaker = opened(60_000)
    expect(probes(breaker, 20, [1_000])).toEqual([1_000])
    expect(probes(breaker, 21, [5_999, 6_000])).toEqual([6_000])
  })

  it('is probed by a network again a minute after it has failed, as others do', () => {
    const breaker = opened()
    expect(probes(breaker, 20, [59_500])).toEqual([59_500])
    expect(probes(breaker, 7, [60_400])).toEqual([60_400])
    expect(probes(breaker, 8, [60_500, 60_999, 61_000, 61_001])).toEqual([61_000])
    // The others of them are as others now, and one has probed.
    expect(probes(breaker, 9, [61_400])).toEqual([])
  })

  it('takes their say from those who failed, for five minutes, once the origin answers another', () => {
    const breaker = opened()
    breaker.record('answered', 10, 2_000, by(1, 20))
    expect(breaker.isOpen).toBe(false)
    const again = (nowMs: number, networks: readonly number[]) => {
      for (let index = 0; index < 9; index++)
        breaker.record('away', 10, nowMs, by(index, networks[index % 3]))
      return breaker.isOpen
    }
    // Not even a good answer gives it back: an enemy can have one at any time.
    for (const network of NETWORKS) breaker.record('answered', 10, 2_001, by(1, network))
    expect(again(12_000, NETWORKS)).toBe(false)
    expect(again(24_000, [7, 8, 30])).toBe(false)
    expect(again(301_999, NETWORKS)).toBe(false)
    expect(again(313_000, NETWORKS)).toBe(true)
    breaker.record('answered', 10, 313_001, by(1, 20))
    expect(again(325_000, [31, 32, 33])).toBe(true)
  })

  it('takes it from no one who failed more than a minute before', () => {
    const breaker = new CircuitBreaker()
    const fail = (nowMs: number, networks: readonly number[]) => {
      for (let index = 0; index < 6; index++)
        breaker.record('away', 10, nowMs, by(index, networks[index % 3]))
      return breaker.isOpen
    }
    breaker.record('away', 10, 1_000, by(1, 40))
    expect(fail(61_000, NETWORKS)).toBe(true)
    breaker.record('answered', 10, 61_001, by(1, 20))
    expect(fail(80_000, [40, 41, 42])).toBe(true)
  })

  it('takes it from no one whose network is not known', () => {
    const breaker = afterFailures(5)
    breaker.record('answered', 10, 2_000, by(1, 20))
    for (let index = 0; index < 5; index++) breaker.record('away', 10, 3_000, by(index))
    expect(breaker.isOpen).toBe(true)
  })
})
