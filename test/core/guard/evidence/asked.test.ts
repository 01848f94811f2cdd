/** Control's failures about which the canary was not asked: what part of them the advance test takes. */
import { describe, expect, it } from 'vitest'
import { failureMark } from '../../../../src/core/counters/networks.ts'
import { pairingOf } from '../../../../src/core/counters/pairing.ts'
import { countedPart, NONE_ASKED, noteAsked } from '../../../../src/core/guard/evidence/asked.ts'
import { resolveGuardSettings } from '../../../../src/core/guard/index.ts'
import { seeded } from '../../../../test-kit/simulation/random.ts'
import { arm, feed, start, tick } from '../support.ts'

const none = pairingOf({ erroredBuckets: [] })
const asked = (discordant: number, shared: number) => ({
  ...none,
  discordant: Array.from({ length: discordant }, (_, k) => k),
  sharedFailures: shared,
})

describe('the part that counts', () => {
  it('is below the share of the past, the less is known the more', () => {
    const part = (discordant: number, shared: number) => countedPart({ discordant, shared }, asked(1, 0))
    expect([part(0, 0), part(1, 0), part(1000, 0)].map((each) => Number(each.toFixed(2)))).toEqual([
      0, 0.46, 1,
    ])
    expect(part(90, 10)).toBeGreaterThan(0.8)
    expect(part(90, 10)).toBeLessThan(0.87)
    expect(part(1, 9)).toBe(0)
  })

  it('is at most the share of the same tick: nothing in an outage of both, or where no one was asked', () => {
    const past = { discordant: 1_000, shared: 0 }
    expect([countedPart(past, asked(0, 9)), countedPart(past, none), countedPart(past, asked(1, 9))]).toEqual(
      [0, 0, 0.1],
    )
  })

  it('forgets', () => {
    const old = noteAsked(noteAsked(NONE_ASKED, asked(8, 4), 1_000), none, 600_000)
    expect(old).toEqual({ discordant: 4, shared: 2 })
  })
})

describe('a stage of 1 % where 1 % of requests fail, and a tenth of control’s failures are asked', () => {
  const settings = resolveGuardSettings({ latency: false, bakeMs: 0 })
  const slot = (from: number, to: number, next: () => number) =>
    failureMark(Math.floor(from + next() * (to - from)), 0)
  /** Ten minutes of 1,000 requests a second; whether the canary may advance. */
  function advances(canaryRate: number, isShared = false) {
    const random = seeded('asked', 1)
    let state = start(1)
    for (let second = 1; second <= 900; second++) {
      const failed = (n: number, rate: number, from: number, to: number) =>
        Array.from({ length: random.binomial(n, rate) }, () => slot(from, to, () => random.next()))
      const canary = failed(10, canaryRate, 0, 655)
      const control = failed(990, 0.01, 655, 65_536)
      const [first, ...others] = control
      const known = first === undefined ? [] : [first]
      const pairing = {
        ...none,
        discordant: isShared ? [] : known,
        sharedFailures: isShared ? known.length : 0,
        unasked: others,
        unaskedFailures: others.length,
      }
      const step = feed(settings, state, [
        tick(second * 1000, arm(10, canary), arm(990, control, { pairing }), { percentage: 1 }),
      ])
      state = step.state
      if (step.verdict.mayAdvance) return true
    }
    return false
  }

  it('lets a healthy canary advance', () => expect(advances(0.01)).toBe(true))
  it('holds one that fails three times as often', () => expect(advances(0.03)).toBe(false))
  it('holds one where control’s failures are shared, and the canary’s own are not', () =>
    expect(advances(0.01, true)).toBe(false))
})
