/** The audit log by meaning: kinds, stories, details in words. */
import { describe, expect, it } from 'vitest'
import { AUDIT_ACTIONS } from '../../src/contract/responses/logs.ts'
import type { AuditRecord } from '../../src/contract/words/audit.ts'
import { figureLines, stateLines } from '../../src/contract/words/audit-details.ts'
import { AUDIT_KIND_NAMES, AUDIT_KINDS, groupsOf, kindOf } from '../../src/contract/words/audit-groups.ts'

const record = (id: number, more: Partial<AuditRecord>): AuditRecord => ({
  ...{
    id,
    at: new Date(Date.UTC(2027, 0, 2, 12) - id * 60_000).toISOString(),
    actor: 'Ben',
    action: 'stage',
  },
  ...{ flag: 'f', reason: `r${id}`, evidence: null, before: null, after: null },
  ...more,
})
const at = (percentage: number) => ({ generation: 1, stage: 0, percentage })
const titles = (...records: AuditRecord[]) =>
  groupsOf(records).map(({ records: { length }, title }) => `${length} ${title ?? ''}`.trim())

describe('kinds', () => {
  it('hold every action, each once', () => {
    const all = AUDIT_KIND_NAMES.flatMap((kind) => AUDIT_KINDS[kind].actions)
    expect(all.toSorted()).toEqual([...AUDIT_ACTIONS].sort())
    expect([kindOf('rollback'), kindOf('stage'), kindOf('expired')]).toEqual([
      'closed',
      'rollouts',
      'document',
    ])
  })
})

describe('a story', () => {
  it('is what one actor does to the rollout of one flag, from where it began to where it led', () => {
    const steps = [
      record(1, { before: at(25), after: at(50) }),
      record(2, { action: 'approve', before: at(25), after: at(25) }),
      record(3, { before: at(5), after: at(25) }),
    ]
    expect(titles(...steps)).toEqual(['3 f: 5 % → 25 % → 50 %, 3 changes'])
    const back = [record(1, { before: at(5), after: at(25) }), record(2, { before: at(25), after: at(5) })]
    expect(titles(...back)).toEqual(['2 f: 25 % → 5 % → 25 %, 2 changes'])
    const long = [5, 4, 3, 2, 1].map((place, id) => record(id, { before: at(place), after: at(place + 1) }))
    expect(titles(...long)).toEqual(['5 f: 1 % → … → 6 %, 5 changes'])
    expect(titles(record(1, { action: 'pause' }), record(2, { action: 'hold' }))).toEqual(['2 f: 2 changes'])
  })

  it('is one deed on several flags', () => {
    const kills = ['a', 'b', 'c'].map((flag, id) => record(id, { flag, action: 'kill', reason: 'down' }))
    expect(titles(...kills)).toEqual(['3 3 flags'])
  })

  it.each<[string, Partial<AuditRecord>]>([
    ['another actor', { actor: 'Ana' }],
    ['another flag', { flag: 'g' }],
    ['no flag', { flag: null }],
    ['a kill between', { action: 'kill' }],
    ['a later hour', { at: '2027-01-02T11:00:00.000Z' }],
  ])('ends with %s', (_, more) => {
    expect(titles(record(1, {}), record(2, more))).toEqual(['1', '1'])
  })

  it('is not one deed that is done twice to one flag, or for another reason', () => {
    const kill = { action: 'kill', reason: 'down' } as const
    expect(titles(record(1, kill), record(2, kill))).toEqual(['1', '1'])
    expect(titles(record(1, kill), record(2, { ...kill, flag: 'g', reason: 'slow' }))).toEqual(['1', '1'])
  })
})

describe('details', () => {
  it('say what changed of a state', () => {
    const before = { generation: 1, stage: 0, percentage: 5, rolledBack: { atMs: 1, reason: 'x' } }
    const after = { generation: 2, stage: 1, percentage: 25, paused: { atMs: 1, reason: 'y' } }
    expect(stateLines({ before, after })).toEqual([
      'attempt 1 → 2',
      'stage 1 → stage 2',
      '5 % → 25 %',
      'no longer rolled back',
      'paused',
    ])
    expect(stateLines({ before: { version: 3, hash: 'a' }, after: { version: 4, hash: 'b' } })).toEqual([
      'version 3 → 4',
    ])
    expect(stateLines({ before: before, after: before })).toEqual([])
    expect(stateLines({ before: null, after: 'text' })).toEqual([])
  })

  it('give figures with their units, and leave out what no one reads', () => {
    const evidence = {
      ...{ canaryRequests: 1_204, canaryErrorRate: 0.0312, pValue: 0.00312, stageElapsedMs: 90_000 },
      ...{ errorWealth: 12_345.6, more: 3, restingBuckets: 4, trigger: 'errors', controlErrors: null },
    }
    expect(figureLines(evidence)).toEqual([
      ['Requests of the canary', '1,204'],
      ['Error rate of the canary, last minute', '3.1 %'],
      ['Evidence by errors (1: none)', '12,346'],
      ['Chance of this with a healthy canary (p)', '0.0031'],
      ['Time at the stage', expect.stringMatching(/^\d/)],
    ])
    expect(figureLines('none')).toEqual([])
  })
})
