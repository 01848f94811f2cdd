import { describe, expect, it } from 'vitest'
import type { Counts } from '../../../../src/core/guard/evidence/formula.ts'
import { LATENCY_QUANTILES } from '../../../../src/core/guard/evidence/latency.ts'
import { resolveGuardSettings } from '../../../../src/core/guard/index.ts'
import {
  type BurstState,
  burstCap,
  initialBursts,
  lastsLonger,
  noteBlocks,
  spend,
} from '../../../../src/core/guard/latency/bursts.ts'
import { arm, feed, start, tick } from '../support.ts'

const at = (canaryBad: number, controlBad: number): Counts[] =>
  LATENCY_QUANTILES.map(() => ({ canaryN: 100, controlN: 500, canaryBad, controlBad }))
const CALM = at(1, 5)
const SLOW = at(20, 5)
const STALL = at(1, 60)

/** Seconds of the same kind, one after the other. */
function seen(state: BurstState, slow: Counts[], seconds: number): BurstState {
  let next = state
  for (let left = seconds; left > 0; left--) next = noteBlocks(next, slow, next.lastAtMs + 1000)
  return next
}
const half = seen(initialBursts(0), CALM, 1801)

describe('bursts', () => {
  it('can’t be told from slowness until it has lasted for half a minute', () => {
    const calm = seen(initialBursts(0), CALM, 100)
    const lasting = (seconds: number) => lastsLonger(seen(calm, SLOW, seconds))
    expect([lasting(20), lasting(25), lasting(35)]).toEqual([false, false, true])
  })

  it('are no question where control has had none for half an hour', () => {
    expect([lastsLonger(seen(initialBursts(0), CALM, 1700)), lastsLonger(half)]).toEqual([false, true])
  })

  it('are learned from control: slowness must last longer than they do', () => {
    const stalled = seen(seen(half, STALL, 40), CALM, 20)
    expect(stalled.longest).toBeGreaterThanOrEqual(7)
    const lasting = (seconds: number) => lastsLonger(seen(stalled, SLOW, seconds))
    expect([lasting(40), lasting(80)]).toEqual([false, true])
  })

  it('leave a block’s noise in control alone', () => {
    expect(seen(seen(half, STALL, 3), CALM, 20).longest).toBe(0)
  })

  it('gain no more than their allowance, which comes back as slowly as they pass', () => {
    const calm = seen(initialBursts(0), CALM, 50)
    const whole = burstCap(calm, 0.01, 9)
    expect(whole).toBeCloseTo(Math.log(100) / 3, 9)
    const spent = spend(calm, 0.01, whole)
    expect(burstCap(spent, 0.01, 9)).toBe(0)
    expect(burstCap(seen(spent, CALM, 10), 0.01, 9)).toBeCloseTo(whole / 2, 6)
    expect(burstCap(seen(spent, CALM, 60), 0.01, 9)).toBeCloseTo(whole, 6)
    expect(burstCap(half, 0.01, 9)).toBe(9)
    expect(spend(half, 0.01, 5)).toBe(half)
  })

  it('a look after a gap knows of nothing that lasted', () => {
    const slow = seen(seen(initialBursts(0), CALM, 100), SLOW, 60)
    expect(lastsLonger(slow)).toBe(true)
    expect(lastsLonger(noteBlocks(slow, SLOW, slow.lastAtMs + 60_000))).toBe(false)
  })

  it('of a canary on one machine roll nothing back; slowness that stays does', () => {
    const settings = resolveGuardSettings({ errors: false, latency: { warmUpMs: 0 } })
    const ticks = (slowFor: number) =>
      Array.from({ length: 400 }, (_, k) => {
        const isSlow = k >= 100 && k < 100 + slowFor
        return tick(
          (k + 1) * 1000,
          arm(50, [], { latency: isSlow ? { 70: 50 } : { 50: 48, 60: 2 } }),
          arm(500, [], { latency: { 50: 480, 60: 20 } }),
          { percentage: 9 },
        )
      })
    expect(feed(settings, start(9), ticks(20)).verdict.action).toBe('none')
    expect(feed(settings, start(9), ticks(60)).verdict).toMatchObject({
      action: 'rollback',
      trigger: 'latency',
    })
  })
})
