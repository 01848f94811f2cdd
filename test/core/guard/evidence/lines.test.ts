import { describe, expect, it } from 'vitest'
import {
  guardLines,
  NOTHING_JUDGED,
  resolveGuardSettings,
  stepGuard,
} from '../../../../src/core/guard/index.ts'
import { arm, start, tick } from '../support.ts'

describe('what the guard tolerates', () => {
  it('is what each test is set to, with the level at which it acts alone', () => {
    const { errors, latency, clientErrors, journeys } = guardLines(resolveGuardSettings({ alpha: 0.01 }))
    expect(errors).toEqual({ rho: 1.1, delta: 1e-4, level: expect.closeTo(1 / 0.0045, 9) })
    expect(latency).toMatchObject({ rho: 1.1, level: expect.closeTo(1 / 0.0035, 9) })
    expect(clientErrors).toEqual({ rho: 1.5, delta: 0.01, level: expect.closeTo(1 / 0.0004, 9) })
    expect(journeys).toBeNull()
  })

  it('is null for a test that is off, whose part the other has', () => {
    const options = { latency: false, clientErrors: false, traffic: { maxDropPercent: 30 } } as const
    const { errors, latency, clientErrors, journeys } = guardLines(resolveGuardSettings(options))
    expect(errors?.level).toBeCloseTo(1 / 0.008, 9)
    expect([latency, clientErrors, journeys]).toEqual([null, null, 0.7])
    expect(guardLines(resolveGuardSettings({ errors: false })).errors).toBeNull()
  })
})

describe('what is judged', () => {
  it('adds up tick by tick, and starts anew with a generation; a state of an earlier release goes on', () => {
    const settings = resolveGuardSettings({})
    let state = start()
    const at = (atMs: number, generation = 1) => tick(atMs, arm(10), arm(10), { generation })
    for (let second = 1; second <= 5; second++) state = stepGuard(settings, state, at(second * 1_000)).state
    expect(state.judged?.errors).toEqual({ canaryN: 50, controlN: 50, canaryBad: 0, controlBad: 0 })
    const { judged: _, ...stored } = state
    const next = stepGuard(settings, stored, at(6_000)).state
    expect(next.judged?.errors.canaryN).toBe(10)
    const again = stepGuard(settings, state, at(7_000, 2)).state
    expect(again.judged?.errors.canaryN).toBe(10)
    expect(NOTHING_JUDGED.errors.canaryN).toBe(0)
  })
})
