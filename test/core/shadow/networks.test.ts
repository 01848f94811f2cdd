/** A verdict on copies holds without any two groups of networks, and so does not depend on who sends most. */
import { describe, expect, it } from 'vitest'
import type { Comparison } from '../../../src/core/shadow/compare.ts'
import {
  NO_SHADOW,
  SHADOW_DEFAULTS,
  type ShadowState,
  stepShadow,
} from '../../../src/core/shadow/evidence.ts'
import { findingsOf, shadowVerdict } from '../../../src/core/shadow/verdict.ts'
import { shadowSentence } from '../../../src/core/shadow/words.ts'
import { SEED } from '../../support/seed.ts'
import { attacked } from '../../support/shadow-enemies.ts'

const ALIKE: Comparison = { route: 'GET /a', canaryOnly: [], controlOnly: [], both: [] }
const DIFFERS: Comparison = { ...ALIKE, canaryOnly: ['status'] }
const add = (state: ShadowState, count: number, groups: readonly number[], sample = ALIKE) => {
  let next = state
  for (let n = 0; n < count; n++)
    next = stepShadow(next, { ...sample, group: groups[n % groups.length] }, SHADOW_DEFAULTS)
  return next
}
const kindOf = (state: ShadowState) => shadowVerdict(state, SHADOW_DEFAULTS).kind
const said = (state: ShadowState) =>
  shadowSentence(shadowVerdict(state, SHADOW_DEFAULTS), state, SHADOW_DEFAULTS)
const all = Array.from({ length: 30 }, (_, n) => n + 1)

describe('"the same"', () => {
  it('does not come from two networks while there are others, whatever they send', () => {
    const flooded = add(add(NO_SHADOW, 5_000, [7, 9]), 40, [1, 2, 3, 4])
    expect(shadowVerdict(flooded, SHADOW_DEFAULTS)).toEqual({ kind: 'collecting', waitsFor: 'networks' })
    expect(said(flooded)).toBe(
      '5,040 compared requests: what they show depends on one or two networks; waits for others',
    )
    expect(kindOf(add(flooded, 150, [1, 2, 3, 4]))).toBe('collecting')
    expect(kindOf(add(flooded, 195, [1, 2, 3, 4]))).toBe('same')
  })

  it('comes as soon as without the rule where visitors are of many networks, or of none', () => {
    for (const groups of [all, [1, 2, 3], [0], [0, 0, 1, 2, 3]]) {
      expect(kindOf(add(NO_SHADOW, 225, groups))).toBe('collecting')
      expect(kindOf(add(NO_SHADOW, 235, groups)), String(groups)).toBe('same')
    }
  })

  it('is the word of one or two networks where there are no others, and says so', () => {
    expect(said(add(NO_SHADOW, 400, [4]))).toMatch(/^400 compared requests of one network: /)
    expect(said(add(NO_SHADOW, 400, [4, 5]))).toMatch(/^400 compared requests of two networks: /)
    expect(said(add(NO_SHADOW, 400, [4, 5, 6]))).toMatch(/^400 compared requests: the canary's/)
    expect(said(add(NO_SHADOW, 400, [4, 0]))).toMatch(/^400 compared requests: the canary's/)
  })

  it('counts what a group shows against it, too', () => {
    const mixed = add(add(NO_SHADOW, 400, all), 4, [1, 2], DIFFERS)
    // Without the two that saw a difference, the rest is more alike, not less.
    expect(mixed.byGroup?.[1]).toEqual({ samples: 16, up: 2, down: 0 })
    const other = add(NO_SHADOW, 1, [3], { ...ALIKE, controlOnly: ['x'] })
    expect(other.byGroup?.[3]).toEqual({ samples: 1, up: 0, down: 1 })
  })

  it('goes on from what was counted before groups were', () => {
    const old = add(NO_SHADOW, 400, [0])
    expect(old.byGroup).toBeUndefined()
    expect(kindOf(add(old, 3, [1, 2, 3]))).toBe('same')
  })
})

describe('"different"', () => {
  it('does not come from two networks while there are others; it waits, and says for whom', () => {
    const honest = add(NO_SHADOW, 60, all)
    const planted = add(honest, 100, [7, 9], DIFFERS)
    expect(shadowVerdict(planted, SHADOW_DEFAULTS)).toEqual({ kind: 'collecting', waitsFor: 'networks' })
    expect(findingsOf(planted, SHADOW_DEFAULTS).every(({ strength }) => strength < 1)).toBe(true)
    expect(findingsOf(planted, SHADOW_DEFAULTS)[0]).not.toHaveProperty('seen')
  })

  it.each([
    ['of many networks', all],
    ['of three', [1, 2, 3]],
    ['of two alone', [1, 2]],
    ['of one alone', [1]],
    ['of none', [0]],
  ])('comes from what visitors %s see', (_, groups) => {
    const fine = groups.length < 3 ? groups : all
    expect(kindOf(add(add(NO_SHADOW, 60, fine), 40, groups, DIFFERS))).toBe('different')
  })

  it('holds where two networks send it again and again, and others see it as well', () => {
    const planted = add(add(NO_SHADOW, 60, all), 1_000, [7, 9], DIFFERS)
    expect(kindOf(add(planted, 10, [1, 2, 3], DIFFERS))).toBe('collecting')
    expect(kindOf(add(planted, 30, [1, 2, 3], DIFFERS))).toBe('different')
  })
})

describe('an enemy who asks for pages that work, 60 times a second,', () => {
  let drawn = SEED
  const random = () => {
    drawn = (drawn + 0x6d2b79f5) | 0
    let mixed = Math.imul(drawn ^ (drawn >>> 15), drawn | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const attack = { failing: 0.1, enemyFails: false, share: 100, minutes: 10 }

  it.each([1, 2])(
    'of %i networks does not carry a canary through that fails a tenth of the others',
    (networks) => {
      for (let run = 0; run < 5; run++)
        expect(attacked({ ...attack, networks }, random).kind).toBe('different')
    },
  )

  it('holds no healthy one up', () => {
    const healthy = attacked({ ...attack, networks: 2, failing: 0 }, random)
    expect(healthy.kind).toBe('same')
    expect(healthy.minutes).toBeLessThan(8)
    expect(healthy.copies.visitors).toBeGreaterThan(healthy.copies.enemy)
  })
})
