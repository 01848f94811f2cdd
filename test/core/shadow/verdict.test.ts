/** Shadow traffic judged: exact small cases, and a noisy shop. Each run is the same: bench:shadow has the many. */
import { describe, expect, it } from 'vitest'
import type { Comparison } from '../../../src/core/shadow/compare.ts'
import {
  NO_SHADOW,
  SHADOW_DEFAULTS,
  type ShadowState,
  stepShadow,
} from '../../../src/core/shadow/evidence.ts'
import { findingsOf, shadowVerdict } from '../../../src/core/shadow/verdict.ts'
import { comparisonOf, SHOP_FAULTS, type ShopFault } from '../../../test-kit/simulation/noisy-shop.ts'
import { type Random, seeded } from '../../../test-kit/simulation/random.ts'

/** Samples until there is a verdict. */
function untilVerdict(random: Random, most: number, fault?: ShopFault) {
  let state: ShadowState = NO_SHADOW
  for (let n = 1; n <= most; n++) {
    state = stepShadow(state, comparisonOf(random, fault), SHADOW_DEFAULTS)
    const verdict = shadowVerdict(state, SHADOW_DEFAULTS)
    if (verdict.kind !== 'collecting') return { verdict, samples: n }
  }
  return { verdict: shadowVerdict(state, SHADOW_DEFAULTS), samples: most }
}

describe('a noisy shop', () => {
  it('that is compared with itself passes', () => {
    const { verdict, samples } = untilVerdict(seeded('shadow a/a', 1), 1_000)
    expect({ kind: verdict.kind, inTime: samples < 1_000 }).toEqual({ kind: 'same', inTime: true })
  })

  it.each(SHOP_FAULTS)('with $name: found by route and field within 500 samples', (fault) => {
    const random = seeded(`shadow ${fault.name}`, 1)
    let state: ShadowState = NO_SHADOW
    // What is rare on one route takes samples of that route; the others are found in a mix of six.
    const request = fault.isRare ? ({ method: 'GET', path: '/api/products' } as const) : undefined
    for (let n = 0; n < 500; n++)
      state = stepShadow(state, comparisonOf(random, fault, request), SHADOW_DEFAULTS)
    const verdict = shadowVerdict(state, SHADOW_DEFAULTS)
    const [route, field] = fault.at
    const named =
      verdict.kind === 'different' ? verdict.findings : findingsOf(state, SHADOW_DEFAULTS).slice(0, 3)
    expect(verdict.kind, JSON.stringify(named)).toBe('different')
    expect(named).toContainEqual(expect.objectContaining({ route, field: expect.stringContaining(field) }))
  })
})

describe('the evidence', () => {
  const at = (side: 'canaryOnly' | 'controlOnly' | 'none'): Comparison => ({
    route: 'GET /',
    canaryOnly: side === 'canaryOnly' ? ['f'] : [],
    controlOnly: side === 'controlOnly' ? ['f'] : [],
    both: [],
  })

  it('that something differs has a mean of at most 1 where each side is as likely, at every length', () => {
    // All sequences of twelve discordant pairs.
    const length = 12
    let total = 0
    for (let bits = 0; bits < 2 ** length; bits++) {
      let state: ShadowState = NO_SHADOW
      for (let n = 0; n < length; n++)
        state = stepShadow(state, at((bits >> n) & 1 ? 'canaryOnly' : 'controlOnly'), SHADOW_DEFAULTS)
      total += wealthOf(state)
    }
    expect(total / 2 ** length).toBeCloseTo(1, 6)
  })

  /** From the strength, by the part of the capital that a field over all routes has. */
  function wealthOf(state: ShadowState): number {
    const found = findingsOf(state, SHADOW_DEFAULTS).find(({ route }) => route === '(all routes)')
    const needed = -Math.log(SHADOW_DEFAULTS.alpha) - Math.log(0.4 / 512)
    const bets = [0.6, 0.75, 0.9, 0.98].reduce((sum, p) => sum + (2 * (1 - p)) ** 12 / 4, 0)
    return found === undefined ? bets : Math.exp(found.strength * needed)
  }

  it('that nothing differs has a mean of at most 1 where the excess is δ', () => {
    const { delta } = SHADOW_DEFAULTS
    // The worst case at the bound: x is 1 with probability δ, else 0; exact over sequences of ten samples.
    const length = 10
    let total = 0
    for (let bits = 0; bits < 2 ** length; bits++) {
      let state: ShadowState = NO_SHADOW
      let chance = 1
      for (let n = 0; n < length; n++) {
        const differs = ((bits >> n) & 1) === 1
        chance *= differs ? delta : 1 - delta
        state = stepShadow(state, at(differs ? 'canaryOnly' : 'none'), SHADOW_DEFAULTS)
      }
      const logs = state.sameLogWealth
      total += (chance * logs.reduce((sum, log) => sum + Math.exp(log), 0)) / logs.length
    }
    expect(total).toBeCloseTo(1, 9)
  })

  it('does not pass a canary that differs in one of twenty requests, and finds it', () => {
    const random = seeded('shadow rare', 1)
    let state: ShadowState = NO_SHADOW
    for (let n = 0; n < 2_000; n++)
      state = stepShadow(state, at(random.next() < 0.05 ? 'canaryOnly' : 'none'), SHADOW_DEFAULTS)
    expect(shadowVerdict(state, SHADOW_DEFAULTS).kind).toBe('different')
  })

  it('is bounded, whatever routes and fields there are', () => {
    let state: ShadowState = NO_SHADOW
    for (let n = 0; n < 400; n++) {
      const canaryOnly = Array.from({ length: 100 }, (_, k) => `f${k + (n % 7) * 100}`)
      state = stepShadow(
        state,
        { route: `GET /${n}`, canaryOnly, controlOnly: [], both: [] },
        SHADOW_DEFAULTS,
      )
    }
    expect(Object.keys(state.byRoute)).toHaveLength(128)
    expect(state.byRoute['(other routes)']?.samples).toBe(400 - 127)
    expect(Math.max(...Object.values(state.byRoute).map(({ fields }) => Object.keys(fields).length))).toBe(64)
    expect(Object.keys(state.ofAll).length).toBe(512)
  })
})
