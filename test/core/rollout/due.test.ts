/** When a rollout needs a look for the time alone, and whether it is being judged. */
import { describe, expect, it } from 'vitest'
import type { FlagControl } from '../../../src/core/config/control.ts'
import { DEFAULT_GUARD_SETTINGS, type Verdict } from '../../../src/core/guard/index.ts'
import { isLive, type Look, nextLookMs } from '../../../src/core/rollout/due.ts'
import type { RolloutPlan } from '../../../src/core/rollout/plan.ts'
import { minutesToWindow } from '../../../src/core/rollout/windows.ts'

const DAY_MS = 24 * 3_600_000
const NOW_MS = Date.UTC(2026, 10, 30, 12)
const stage = { percentage: 5, bakeMs: 60_000, maxBakeMs: null, approval: false, advance: 'auto' as const }
const plan: RolloutPlan = {
  flag: 'f',
  stages: [stage, { ...stage, percentage: 50, bakeMs: 600_000, maxBakeMs: 3_600_000 }],
  windows: [],
  timezone: 'UTC',
  guard: DEFAULT_GUARD_SETTINGS,
}
const control: FlagControl = { generation: 1, stage: 0 }
const verdict = (kind: 'baking' | 'healthy', stageElapsedMs: number) =>
  ({ kind, alert: null, sentence: '', evidence: { stageElapsedMs } }) as unknown as Verdict

function waitMs(more: Partial<Look>): number | undefined {
  const local = { weekday: 'mon' as const, minuteOfDay: 720 }
  const look = { plan, control, isKilled: false, verdict: verdict('baking', 20_000), freezes: [], local }
  const dueMs = nextLookMs({ ...look, ...more }, NOW_MS)
  return dueMs === undefined ? undefined : dueMs - NOW_MS
}

describe('the next look', () => {
  it('is at the end of the bake, then of the longest bake, then for counts alone', () => {
    expect(waitMs({})).toBe(40_000)
    // Without `maxBake`, after a day.
    expect(waitMs({ verdict: verdict('baking', 60_000) })).toBe(DAY_MS - 60_000)
    expect(waitMs({ verdict: verdict('baking', DAY_MS) })).toBeUndefined()
    const second = { control: { ...control, stage: 1 } }
    expect(waitMs({ ...second, verdict: verdict('baking', 599_000) })).toBe(1_000)
    expect(waitMs({ ...second, verdict: verdict('baking', 600_000) })).toBe(3_000_000)
    expect(waitMs({ ...second, verdict: verdict('baking', 3_600_000) })).toBeUndefined()
    expect(waitMs({ control: { ...control, stage: 9 } })).toBe(580_000)
  })

  it('of a stage that may advance is at the end of a freeze, or the start of a window', () => {
    const healthy = verdict('healthy', 60_000)
    const freeze = (end: string) => ({ start: '2026-11-30T00:00:00Z', end, reason: '' })
    const freezes = [freeze('2026-11-30T11:00:00Z'), freeze('2026-11-30T13:00:00Z')]
    expect(waitMs({ verdict: healthy, freezes })).toBe(3_600_000)
    expect(waitMs({ verdict: verdict('baking', 60_000), freezes })).toBe(DAY_MS - 60_000)
    const windows = [{ days: ['mon' as const], from: '14:00', to: '15:00' }]
    expect(waitMs({ verdict: healthy, plan: { ...plan, windows } })).toBe(7_200_000)
  })

  it('is not due where only a command, or no one, leads on', () => {
    const paused = { atMs: 0, reason: '' }
    const held: Partial<FlagControl>[] = [
      { paused },
      { frozen: paused },
      { rolledBack: paused },
      { finished: true },
    ]
    for (const more of held) expect(waitMs({ control: { ...control, ...more } })).toBeUndefined()
    expect(waitMs({ isKilled: true })).toBeUndefined()
    expect(waitMs({ verdict: undefined })).toBeUndefined()
    expect(waitMs({ plan: { ...plan, stages: [] } })).toBeUndefined()
  })

  it('knows the next window of the week', () => {
    const windows = [
      { days: ['mon' as const, 'wed' as const], from: '09:00', to: '10:00' },
      { days: ['sun' as const], from: '22:00', to: '02:00' },
    ]
    const at = (weekday: 'mon' | 'tue' | 'wed' | 'sun', minuteOfDay: number) =>
      minutesToWindow(windows, { weekday, minuteOfDay })
    expect(at('mon', 539)).toBe(1)
    expect(at('mon', 540)).toBe(2 * 1_440)
    expect(at('tue', 0)).toBe(1_440 + 540)
    expect(at('wed', 541)).toBe(4 * 1_440 + 1_320 - 541)
    expect(at('sun', 1_320)).toBe(120 + 540)
  })
})

describe('a flag is live', () => {
  const free = { ...plan, stages: [] }
  it('while canary and control have visitors to compare', () => {
    expect(isLive(plan, control, false, 5)).toBe(true)
    expect(isLive(plan, control, true, 5)).toBe(false)
    expect(isLive({ ...plan, guard: undefined }, control, false, 5)).toBe(false)
    expect(isLive(plan, { ...control, finished: true }, false, 100)).toBe(false)
    expect(isLive(plan, { ...control, rolledBack: { atMs: 0, reason: '' } }, false, 5)).toBe(false)
    expect([0, 1, 99, 100].map((percentage) => isLive(free, control, false, percentage))).toEqual([
      false,
      true,
      true,
      false,
    ])
  })
})
