/** The borders of small rules of a rollout, with values on both sides. */
import { describe, expect, it } from 'vitest'
import type { FlagControl } from '../../../../src/core/config/control.ts'
import { needlessApproval } from '../../../../src/core/rollout/approval.ts'
import { type AuditRecord, LONGEST_TEXT, NOTED, plainRecord } from '../../../../src/core/rollout/audit.ts'
import { currentStage, heldBelow, placeOf, stageBelow } from '../../../../src/core/rollout/place.ts'
import type { StagePlan } from '../../../../src/core/rollout/plan.ts'
import { type Steady, steadyVerdict, type Told } from '../../../../src/core/rollout/steady.ts'
import { movedShare, startStepBack } from '../../../../src/core/rollout/step-back.ts'

const at = (stage: number, parts: Partial<FlagControl> = {}): FlagControl => ({
  generation: 1,
  stage,
  ...parts,
})

describe('a record of the audit log', () => {
  const record = (parts: Partial<AuditRecord>): AuditRecord => ({
    ...{
      atMs: 1,
      actor: 'me',
      action: 'kill',
      flag: 'f',
      reason: 'r',
      evidence: null,
      before: null,
      after: null,
    },
    ...parts,
  })
  it('has texts of up to 2,000 characters', () => {
    expect(LONGEST_TEXT).toBe(2_000)
    const [fits, not] = ['x'.repeat(2_000), 'x'.repeat(2_001)]
    const kept = plainRecord(record({ actor: fits, reason: fits, evidence: { a: [fits] } }))
    expect([kept.actor, kept.reason, kept.evidence]).toEqual([fits, fits, { a: [fits] }])
    const cut = plainRecord(record({ actor: not, reason: not, evidence: { a: [not] } }))
    for (const text of [cut.actor, cut.reason, (cut.evidence as { a: string[] }).a[0]])
      expect([text?.length, text === not]).toEqual([2_000, false])
  })

  it('leaves documents as they are, and shows what steers', () => {
    const document = { a: '\u202e' }
    const plain = plainRecord(record({ reason: 'a\u202eb', before: document, after: document }))
    expect([plain.before, plain.after, plain.reason.includes('\u202e')]).toEqual([document, document, false])
  })

  it('may be news that no command made', () => {
    expect(NOTED).toHaveLength(9)
    expect(NOTED.slice(-3)).toEqual(['counts-missing', 'kv-behind', 'isolates-behind'])
  })
})

describe('an approval', () => {
  const stages = [1, 5, 25].map((percentage) => ({ percentage, approval: false })) as unknown as StagePlan[]
  const asking = (...which: number[]) =>
    stages.map((stage, index) => ({ ...stage, approval: which.includes(index) })) as StagePlan[]
  it('is for the present stage, and says which later one asks', () => {
    const why = (list: StagePlan[], stage: number) => needlessApproval(list, at(stage))
    expect(why(asking(1), 0)).toContain('the next that does is 5 %')
    expect(why(asking(0), 1)).toContain('none after it does')
    expect(why(asking(0), 0)).toBeUndefined()
    expect(why(asking(0, 2), 1)).toContain('the next that does is 25 %')
    expect(why(asking(2), 9)).toBeUndefined()
  })
})

describe('a place on a ladder', () => {
  it('is its percentage, or that of its stage', () => {
    expect([
      placeOf(at(0), [5, 50]),
      placeOf(at(1), [5, 50]),
      placeOf(at(9), [5, 50]),
      placeOf(at(1, { percentage: 7 }), [5, 50]),
      placeOf(at(0, { percentage: 0 }), [5]),
      placeOf(at(0), []),
    ]).toEqual([5, 50, 50, 7, 0, undefined])
  })

  it('is led by the largest stage that is not above it', () => {
    expect([4.9, 5, 49.9, 50, 100].map((place) => stageBelow([5, 50], place))).toEqual([-1, 0, 0, 1, 1])
    expect([
      currentStage(at(1), [5, 50]),
      currentStage(at(1, { percentage: 5 }), [5, 50]),
      currentStage(at(0, { percentage: 3 }), [5, 50]),
      currentStage(at(0), []),
      currentStage(at(1, { percentage: 0 }), [0, 0, 5]),
      currentStage(at(2, { percentage: 0 }), [0, 0, 5]),
    ]).toEqual([1, 0, undefined, undefined, 1, 1])
  })

  it('below what the document says is held', () => {
    const held = (control: Partial<FlagControl>, stages: number[], percentage?: number) =>
      heldBelow(at(0, control), { stages, percentage })
    expect([
      held({}, [5]),
      held({ percentage: 5 }, [5]),
      held({ percentage: 4 }, [5]),
      held({ percentage: 0 }, [5]),
      held({ percentage: 5, unconfirmed: true }, [5]),
      held({ percentage: 20 }, [], 30),
      held({ percentage: 30 }, [], 30),
      held({ percentage: 99 }, []),
      held({}, []),
    ]).toEqual([
      undefined,
      undefined,
      'held at 4 %: its first stage is 5 %; advance leads there',
      'held at 0 %: what it compares was changed without confirmation; resume begins at 5 %',
      'held at 5 %: its first stage is 5 %; advance leads there',
      'held at 20 %: the document says 30 %; resume leads there',
      undefined,
      'held at 99 %: the document says 100 %; resume leads there',
      undefined,
    ])
  })
})

describe('the verdict that is told', () => {
  const told = (kind: string, parts: object = {}) =>
    ({ kind, action: 'rollback', place: '1', needsOperator: false, ...parts }) as unknown as Told
  const seen = (verdict: Told): Steady => ({ ...verdict, seenMs: 0 })
  const toldAfter = (before: Told, now: Told, ms: number) => {
    const { kind, seenMs } = steadyVerdict(seen(before), now, ms)
    return `${kind} ${seenMs}`
  }
  it('gets worse at once, and better after ten seconds', () => {
    const order = [told('healthy'), told('waiting'), told('broken-split'), told('failing')]
    for (const [rank, before] of order.entries())
      for (const [next, now] of order.entries())
        expect([
          before.kind,
          now.kind,
          toldAfter(before, now, 9_999),
          toldAfter(before, now, 10_000),
        ]).toEqual([
          before.kind,
          now.kind,
          next >= rank ? `${now.kind} 9999` : `${before.kind} 0`,
          `${now.kind} 10000`,
        ])
  })

  it('of a freeze is as bad as a broken split, and another place is news', () => {
    const frozen = told('waiting', { action: 'freeze' })
    expect(toldAfter(frozen, told('broken-split'), 1)).toBe('broken-split 1')
    expect(toldAfter(frozen, told('waiting'), 1)).toBe('waiting 0')
    expect(toldAfter(told('failing'), told('healthy', { place: '2' }), 1)).toBe('healthy 1')
    expect(steadyVerdict(undefined, told('healthy'), 7).seenMs).toBe(7)
  })
})

describe('a gradual rollback', () => {
  const moved = (times: number[], controlMs?: number, baselineMs?: number, withinMs = 60_000) => {
    const stepBack = startStepBack(0, baselineMs, 0)
    return times.map((nowMs) => movedShare(stepBack, { nowMs, withinMs, controlMs }))
  }
  it('moves a quarter each half second', () => {
    expect(moved([0, 499, 500, 999, 1_000, 1_500, 2_000])).toEqual([0.25, 0.25, 0.5, 0.5, 0.75, 1, 1])
  })

  it('waits while control’s latency climbs by half, and by more than ten milliseconds', () => {
    expect(moved([500], 150, 100)).toEqual([0.5])
    expect(moved([500, 1_000], 151, 100)).toEqual([0.25, 0.25])
    expect(moved([500], 14, 4)).toEqual([0.5])
    expect(moved([500], 15, 4)).toEqual([0.25])
    expect(moved([500], 10)).toEqual([0.5])
    expect(moved([500], 11)).toEqual([0.25])
  })

  it('has moved all in time regardless', () => {
    expect(moved([5_000, 9_999, 10_000, 11_000], 900, 1, 10_000)).toEqual([0.5, 0.9999, 1, 1])
  })
})
