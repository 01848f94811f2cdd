import { describe, expect, it } from 'vitest'
import {
  movesText,
  percentagePlan,
  plansFor,
  rowPlans,
  stagePlan,
} from '../../src/dashboard/actions/change-plans.ts'
import { summary } from './support.ts'

const STAGES = [{ percentage: 10 }, { percentage: 50 }, { percentage: 100 }]
const guarded = (stages: object[] = STAGES) => ({
  rules: [{ serve: 'on', stages: stages as typeof STAGES }],
  guard: {},
})
const labels = (...parts: Parameters<typeof summary>) =>
  plansFor(summary(...parts), { ...guarded(), enabled: parts[0]?.enabled ?? true }).map(({ label }) => label)

describe('what can be done with a flag', () => {
  it.each([
    ['climbs', {}, ['Advance early to 50 %', 'Pause', 'Roll back', 'Disable', 'Kill']],
    [
      'needs approval',
      { needsApproval: true },
      ['Approve', 'Advance early to 50 %', 'Pause', 'Roll back', 'Disable', 'Kill'],
    ],
    ['is paused', { paused: true }, ['Resume', 'Advance early to 50 %', 'Roll back', 'Disable', 'Kill']],
    [
      'is frozen: what it failed at is left first',
      { frozen: true, verdict: 'failing' },
      ['Roll back', 'Resume', 'Advance early to 50 %', 'Disable', 'Kill'],
    ],
    [
      'is at its last stage',
      { stage: 2, percentage: 100 },
      ['Finish', 'Pause', 'Roll back', 'Disable', 'Kill'],
    ],
    ['is finished', { stage: 2, percentage: 100, finished: true }, ['Roll back', 'Disable', 'Kill']],
    ['is rolled back', { state: 'rolled-back' }, ['Resume', 'Kill']],
    ['is killed', { state: 'killed' }, ['Lift kill']],
    ['is disabled', { state: 'disabled', enabled: false }, ['Enable', 'Kill']],
  ] as const)('that %s', (_, parts, expected) => {
    expect(labels(parts)).toEqual(expected)
  })

  it.each([
    ['climbs', {}, ['Kill']],
    ['needs approval', { needsApproval: true }, ['Approve', 'Kill']],
    ['is paused', { paused: true }, ['Resume', 'Kill']],
    ['is frozen', { frozen: true }, ['Roll back', 'Kill']],
    ['is worse', { verdict: 'failing' }, ['Roll back', 'Kill']],
    ['is frozen as it is worse', { frozen: true, verdict: 'failing' }, ['Roll back', 'Kill']],
    ['is rolled back', { state: 'rolled-back' }, ['Resume', 'Kill']],
    ['is killed', { state: 'killed', needsApproval: true }, ['Lift kill']],
    ['is disabled', { state: 'disabled', paused: true }, ['Kill']],
  ] as const)('in a list, a flag that %s is offered what it asks for', (_, parts, expected) => {
    expect(rowPlans(summary(parts)).map(({ label }) => label)).toEqual(expected)
  })

  it('in a list leads to the same stage as on its own page', () => {
    const of = (parts: Parameters<typeof summary>[0]) => {
      const flag = summary(parts)
      const whole = plansFor(flag, guarded())
      return rowPlans(flag).map((plan) => [plan, whole.find(({ label }) => label === plan.label)])
    }
    for (const parts of [
      { needsApproval: true, stage: 1 },
      { state: 'rolled-back' as const },
      { paused: true },
    ])
      for (const [row, page] of of(parts)) expect(row).toEqual(page)
  })

  it('can be undone by going back to where it was', () => {
    const advance = plansFor(summary({ stage: 1, percentage: 50 }), guarded())[0]
    expect(advance?.change).toMatchObject({ verb: 'stage', stage: 2, undo: { verb: 'stage', stage: 1 } })
    const share = percentagePlan(summary({ stages: 0, stage: null }), 1, 10, 40)
    expect(share.change).toMatchObject({ percentage: 40, rule: 1, undo: { percentage: 10, rule: 1 } })
  })

  it('skips the bake and the guard only where they would lead on', () => {
    const advance = (definition: Parameters<typeof plansFor>[1]) => plansFor(summary(), definition)[0]
    expect(advance(guarded())).toMatchObject({
      label: 'Advance early to 50 %',
      skips: 'skips bake and the guard',
    })
    const left = (bakeLeftMs: number) => advance({ ...guarded(), bakeLeftMs })
    expect(left(720_000)).toMatchObject({
      skips: 'skips 12 min of bake and the guard',
      effect: expect.stringContaining('This skips 12 min of bake and the guard.'),
    })
    expect(left(0)?.skips).toBe('skips the guard')
    const stages = [10, 50, 100].map((percentage) => ({ percentage }))
    expect(stagePlan(summary(), { ...guarded(stages), bakeLeftMs: 0 }, 2).skips).toBe(
      'skips 1 stage, the guard',
    )
    const plain = { label: 'Advance to 50 %' }
    expect(advance({ rules: guarded().rules })).toMatchObject(plain)
    expect(advance(guarded([{ percentage: 10, advance: 'manual' }, { percentage: 50 }]))).toMatchObject(plain)
    expect(advance({ rules: guarded().rules })?.skips).toBeUndefined()
  })

  it('is never undone for a rollback, which ends an attempt for good', () => {
    const rollback = plansFor(summary(), guarded()).find(({ label }) => label === 'Roll back')
    expect(rollback?.change.undo).toBeUndefined()
  })
})

describe('what stands out', () => {
  const primary = (parts: Parameters<typeof summary>[0]) =>
    plansFor(summary(parts), guarded())
      .filter(({ tone }) => tone === 'primary')
      .map(({ label }) => label)

  it.each([
    ['advance', {}, 'Advance early to 50 %'],
    ['resume, where it is paused', { paused: true }, 'Resume'],
    ['approve, where that is waited for', { needsApproval: true }, 'Approve'],
    ['roll back, where the canary is worse', { frozen: true, verdict: 'failing' }, 'Roll back'],
  ] as const)('is one thing: to %s', (_, parts, expected) => {
    expect(primary(parts)).toEqual([expected])
  })
})

describe('how many move', () => {
  it.each([
    [10, 50, '40 % of eligible visitors move to the new variant: 10 % → 50 %'],
    [50, 0, '50 % of eligible visitors move back: 50 % → 0 %'],
    [0.5, 0.75, '0.25 % of eligible visitors move to the new variant: 0.5 % → 0.75 %'],
    [20, 20, 'No visitors move'],
    [null, 0, 'The visitors whom a rule serves move'],
  ] as const)('from %s to %s', (from, to, expected) => {
    expect(movesText(from, to)).toBe(expected)
  })
})
