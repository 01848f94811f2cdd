import { describe, expect, it } from 'vitest'
import {
  DEFAULT_GUARD_SETTINGS,
  type GuardOptions,
  resolveGuardSettings,
} from '../../../src/core/guard/index.ts'
import { slowCap } from '../../../src/core/guard/latency/slow.ts'
import { arm, feed, start, tick } from './support.ts'

const seconds = (count: number) => Array.from({ length: count }, (_, k) => k + 1)

describe('guard settings', () => {
  it('have the defaults that docs/guard.md names', () => {
    expect(resolveGuardSettings()).toEqual(DEFAULT_GUARD_SETTINGS)
    expect(DEFAULT_GUARD_SETTINGS).toEqual({
      alpha: 0.01,
      beta: 0.05,
      action: 'rollback',
      bakeMs: 600_000,
      maxBakeMs: null,
      errors: { enabled: true, rho: 1.1, delta: 0.0001, minBuckets: 3 },
      latency: {
        enabled: true,
        rho: 1.1,
        delta: 0.0001,
        marginBuckets: 1,
        minSlow: 5,
        quantiles: [0.5, 0.9, 0.95, 0.99],
        warmUpMs: 120_000,
        fewMachines: false,
      },
      clientErrors: { enabled: true, rho: 1.5, delta: 0.01, action: 'freeze' },
      advance: { rho: 1.5, delta: null, marginBuckets: 3, byTime: false },
      ceilings: { errorRate: null, p95Ms: null, minRequests: 50 },
      thresholds: { errors: null, slow: null },
      traffic: { maxDropPercent: null, journeysPerVisitor: 10 },
      split: { enabled: true, tolerance: 1.5, requestsPerVisitor: 50, alpha: 0.000001 },
    })
  })

  it('take what is given, each for itself', () => {
    const given: GuardOptions = {
      alpha: 0.02,
      beta: 0.1,
      action: 'freeze',
      bakeMs: 1,
      maxBakeMs: 2,
      errors: { rho: 2, delta: 0.1, minBuckets: 4 },
      latency: {
        rho: 3,
        delta: 0.2,
        marginBuckets: 5,
        minSlow: 6,
        quantiles: [0.99],
        warmUpMs: 7,
        fewMachines: true,
      },
      clientErrors: { rho: 3, delta: 0.04, action: 'rollback' },
      advance: { rho: 4, delta: 0.3, marginBuckets: 7, byTime: true },
      ceilings: { errorRate: 0.4, p95Ms: 500, minRequests: 60 },
      thresholds: { errors: 8, slow: { count: 9, baselineMs: 10 } },
      traffic: { maxDropPercent: 30, journeysPerVisitor: 11 },
      split: { tolerance: 5, requestsPerVisitor: 12, alpha: 0.01 },
    }
    const enabled = { enabled: true }
    expect(resolveGuardSettings(given)).toEqual({
      ...given,
      errors: { ...enabled, ...(given.errors || {}) },
      latency: { ...enabled, ...(given.latency || {}) },
      clientErrors: { ...enabled, ...(given.clientErrors || {}) },
      split: { ...enabled, ...(given.split || {}) },
    })
    const off = resolveGuardSettings({ errors: false, latency: false, split: false })
    expect([off.errors.enabled, off.latency.enabled, off.split.enabled]).toEqual([false, false, false])
    expect(off.errors.rho).toBe(1.1)
  })

  const ranges: readonly [name: string, least: number, most: number][] = [
    ['alpha', 1e-9, 0.5],
    ['beta', 1e-9, 0.5],
    ['bakeMs', 0, 1e12],
    ['maxBakeMs', 0, 1e12],
    ['errors.rho', 1, 100],
    ['errors.delta', 0, 1],
    ['errors.minBuckets', 1, 100],
    ['latency.rho', 1, 100],
    ['latency.delta', 0, 1],
    ['latency.marginBuckets', 0, 80],
    ['latency.minSlow', 1, 1e6],
    ['latency.warmUpMs', 0, 1e12],
    ['clientErrors.rho', 1, 100],
    ['clientErrors.delta', 0, 1],
    ['advance.rho', 1, 100],
    ['advance.delta', 0, 1],
    ['advance.marginBuckets', 0, 80],
    ['ceilings.errorRate', 1e-6, 1],
    ['ceilings.p95Ms', 1, 1e9],
    ['ceilings.minRequests', 0, 1e12],
    ['thresholds.errors', 0, 1e12],
    ['thresholds.slow.count', 0, 1e12],
    ['thresholds.slow.baselineMs', 0, 1e9],
    ['traffic.maxDropPercent', 1, 99],
    ['traffic.journeysPerVisitor', 1, 1e6],
    ['split.tolerance', 1, 100],
    ['split.requestsPerVisitor', 1, 1e6],
    ['split.alpha', 1e-12, 0.5],
  ]

  it.each(ranges)('%s is from %d to %d', (name, least, most) => {
    const resolve = (value: number) => resolveGuardSettings(nested(name, value))
    expect(() => resolve(least)).not.toThrow()
    expect(() => resolve(most)).not.toThrow()
    for (const value of [least === 0 ? -0.001 : least * 0.999, most * 1.001])
      expect(() => resolve(value)).toThrow(
        new RangeError(`Cannot resolve guard settings: ${name} must be ${least}–${most}, got ${value}`),
      )
  })
})

/** Options in which one setting, given by its path, has a value. */
function nested(path: string, value: number): GuardOptions {
  const [first = '', second, third] = path.split('.')
  if (second === undefined) return { [first]: value }
  if (third === undefined) return { [first]: { [second]: value } }
  return { [first]: { [second]: { count: 1, baselineMs: 1, [third]: value } } }
}

describe('settings that name a least number', () => {
  it('ceilings.minRequests holds a ceiling back until the canary has had that many requests', () => {
    const failing = (second: number) =>
      tick(
        second * 1000,
        arm(10, [second * 20, second * 20 + 1, second * 20 + 2, second * 20 + 3, second]),
        arm(10),
      )
    const firstBreach = (minRequests: number) => {
      const settings = resolveGuardSettings({
        errors: false,
        latency: false,
        split: false,
        ceilings: { errorRate: 0.1, minRequests },
      })
      let { state } = feed(settings, start(), [failing(1)])
      for (const second of seconds(100).slice(1)) {
        const step = feed(settings, state, [failing(second)])
        if (step.verdict.action === 'rollback') return second
        state = step.state
      }
      return undefined
    }
    expect(firstBreach(0)).toBeLessThan(20)
    // 10 requests a second: the 500th comes in second 50.
    expect(firstBreach(500)).toBe(50)
    expect(firstBreach(501)).toBe(51)
  })

  it('latency.fewMachines makes one stall weigh half', () => {
    const slow = (second: number) =>
      tick(
        second * 1000,
        arm(100, [], { latency: second > 10 ? { 50: 60, 90: 40 } : { 50: 100 } }),
        arm(100, [], { latency: { 50: 100 } }),
      )
    const wealth = (fewMachines: boolean) => {
      const settings = resolveGuardSettings({ errors: false, latency: { fewMachines, warmUpMs: 0 } })
      return feed(settings, start(), seconds(11).map(slow)).verdict.evidence.latencyWealth
    }
    expect(wealth(false) / wealth(true)).toBeGreaterThan(1.25)
    expect(slowCap(0.01, false)).toBeCloseTo(Math.log(100) / 6, 12)
    expect(slowCap(0.01, true)).toBeCloseTo(Math.log(100) / 12, 12)
  })
})
