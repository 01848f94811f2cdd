import { describe, expect, it } from 'vitest'
import type { FlagStatusView, FlagSummary } from '../../src/contract/responses.ts'
import type { AuditRecord } from '../../src/contract/words/audit.ts'
import { momentsOf } from '../../src/dashboard/views/flag/moments.ts'
import { timelineOf } from '../../src/dashboard/views/flag/timeline.ts'
import { summary } from './support.ts'

const NOW = Date.parse('2026-12-01T12:00:00Z')
const MIN = 60_000
const auto = { approval: false, advance: 'auto' as const }
const LADDER = [10, 20, 50, 100].map((percentage) => ({ percentage, bakeMs: 10 * MIN, ...auto }))

let id = 0
function record(
  action: AuditRecord['action'],
  from: object | null,
  to: object | null,
  parts: Partial<AuditRecord> = {},
) {
  const at = new Date(NOW - 30 * MIN + id * MIN).toISOString()
  return {
    ...{
      id: ++id,
      at,
      actor: 'rollout',
      action,
      flag: 'f',
      reason: `r${id}`,
      evidence: null,
      before: from,
      after: to,
    },
    ...parts,
  } as AuditRecord
}
const at = (generation: number, stage: number) => ({ generation, stage })
const baking = { kind: 'healthy', mayAdvance: false, evidence: { stageElapsedMs: 4 * MIN } }
const status = (parts: object = {}) =>
  ({
    generation: 2,
    verdict: baking,
    cells: [],
    approved: false,
    finished: false,
    rolledBack: null,
    ...parts,
  }) as unknown as FlagStatusView
const flag = (parts: Partial<FlagSummary> = {}) =>
  summary({ ladder: LADDER, stages: 4, stage: 1, verdict: 'healthy', ...parts })

describe('the timeline of a rollout', () => {
  const older = record('stage', at(1, 0), at(1, 1), { actor: 'Ben' })
  const resumed = record('resume', at(1, 1), at(2, 0), { actor: 'Ana' })
  const advanced = record('advance', at(2, 0), at(2, 1))
  const paused = record('pause', at(2, 1), at(2, 1))
  const records = [paused, advanced, resumed, older]

  it('says when each stage of this attempt began, by whom and why', () => {
    const { stages } = timelineOf(flag(), status(), records, NOW)
    expect(stages[0]).toMatchObject({ kind: 'entered', at: resumed.at, actor: 'Ana', reason: resumed.reason })
    expect(stages[1]).toMatchObject({ kind: 'entered', at: advanced.at, actor: 'rollout' })
  })

  it('expects the next ones by their bakes, and the end', () => {
    const { stages, finishMs } = timelineOf(flag(), status(), records, NOW)
    expect(stages[2]).toEqual({ kind: 'expected', atMs: NOW + 6 * MIN })
    expect(stages[3]).toEqual({ kind: 'expected', atMs: NOW + 16 * MIN })
    expect(finishMs).toBe(NOW + 26 * MIN)
  })

  it('expects nothing while something else than evidence holds the stage', () => {
    const held = timelineOf(flag(), status({ holds: '9 visitors, 3 so far' }), records, NOW)
    expect([held.stages[2], held.finishMs]).toEqual([undefined, undefined])
  })

  it.each([
    ['approval', 'approval', { approval: true }],
    ['an operator', 'operator', { advance: 'manual' as const }],
  ])('says nothing beyond a stage that waits for %s', (_, by, asks) => {
    const ladder = LADDER.map((stage) => (stage.percentage === 50 ? { ...stage, ...asks } : stage))
    const { stages, finishMs } = timelineOf(flag({ ladder }), status(), records, NOW)
    expect(stages[2]).toEqual({ kind: 'expected', atMs: NOW + 6 * MIN })
    expect([stages[3], finishMs]).toEqual([{ kind: 'asked', by }, undefined])
  })

  it('an approval that is given is waited for no more', () => {
    const ladder = LADDER.map((stage) => (stage.percentage === 20 ? { ...stage, approval: true } : stage))
    const of = (approved: boolean) =>
      timelineOf(flag({ ladder }), status({ approved }), records, NOW).stages[2]
    expect(of(false)).toEqual({ kind: 'asked', by: 'approval' })
    expect(of(true)).toEqual({ kind: 'expected', atMs: NOW + 6 * MIN })
  })

  it.each([{ paused: true }, { frozen: true }, { needsOperator: true }, { verdict: 'failing' as const }])(
    'expects nothing while it is held: %o',
    (parts) => {
      const { stages, finishMs } = timelineOf(flag(parts), status(), records, NOW)
      expect([stages[2], stages[3], finishMs]).toEqual([undefined, undefined, undefined])
    },
  )

  it('a rollback stands at the stage where it happened, and nothing is expected', () => {
    const rolledBack = { at: advanced.at, reason: 'too many errors' }
    const { stages, finishMs } = timelineOf(
      flag({ state: 'rolled-back' }),
      status({ rolledBack }),
      records,
      NOW,
    )
    expect(stages[1]).toEqual({ kind: 'failed', ...rolledBack })
    expect([stages[0]?.kind, stages[2], finishMs]).toEqual(['entered', undefined, undefined])
  })

  it('a finished rollout has a past only', () => {
    const { stages, finishMs } = timelineOf(
      flag({ stage: 3, finished: true }),
      status({ finished: true }),
      records,
      NOW,
    )
    expect([stages[3], finishMs]).toEqual([undefined, undefined])
  })
})

describe('the moments that charts mark', () => {
  it('are those that move visitors or wake people, oldest first', () => {
    const records = [
      record('kill', null, null),
      record('document-published', null, null),
      record('rollback', null, null),
    ]
    expect(momentsOf(records.toReversed()).map(({ label, isBad }) => [label, isBad])).toEqual([
      ['killed', true],
      ['rolled back', true],
    ])
    expect(momentsOf([record('resume', null, null)])[0]).toMatchObject({ label: 'resumed', isBad: false })
  })
})
