import { describe, expect, it } from 'vitest'
import { CellTable, cellKeyOf, countOutcome, emptyCell, mergeCell } from '../../../src/core/counters/cell.ts'
import { total } from '../../../src/core/counters/histogram.ts'
import { failureMark } from '../../../src/core/counters/networks.ts'
import { MOST_ERRORED_SLOTS } from '../../../src/core/counters/slots.ts'
import { armPair } from '../../../src/core/counters/ticks.ts'
import { NOT_COMPARED } from '../../../src/core/decision/decide.ts'
import type { FailureKind, Outcome } from '../../../src/core/outcome/outcome.ts'

const key = { flag: 'f', variant: 'on', arm: 'canary', generation: 1, stage: 0 } as const

const { arm: _, ...place } = key
const decided = { ...place, value: true, reason: 'SPLIT' as const, rule: undefined }

/** The outcome of a request of the canary visitor in a slot. */
function outcome(failure: FailureKind | undefined, slot = 5): Outcome {
  const decision = { ...decided, placement: { arm: 'canary' as const, position: slot * 65_536 } }
  return { decision, failure, latencyMs: 3000, journey: false, rescued: false }
}

describe('a cell', () => {
  it('counts a failed answer as an error only, not as a slow one besides', () => {
    const cell = emptyCell(key)
    for (let k = 0; k < 1000; k++) countOutcome(cell, outcome('status'))
    expect(cell).toMatchObject({ requests: 1000, erroredBuckets: [5] })
    expect(total(cell.latency)).toBe(0)
  })

  it('counts a timeout as slow and as an error', () => {
    const cell = emptyCell(key)
    countOutcome(cell, outcome('timeout'))
    countOutcome(cell, outcome(undefined))
    expect(total(cell.latency)).toBe(2)
    expect(cell.errors.timeout).toBe(1)
  })

  it('adds up with cells of an older Worker that knew less', () => {
    const cell = emptyCell(key)
    const older = { ...emptyCell(key), requests: 3, timings: undefined, rescued: undefined }
    mergeCell(cell, older as unknown as typeof cell)
    expect(cell).toMatchObject({ requests: 3, rescued: 0, timings: {} })
  })

  it('counts answers that turned visitors away: requests, visitors once, and their networks', () => {
    const away = { ...outcome(undefined), isClientError: true }
    const cell = emptyCell(key)
    expect('clientErrors' in cell).toBe(false)
    countOutcome(cell, away, 31)
    countOutcome(cell, away, 31)
    countOutcome(cell, outcome(undefined), 31)
    expect(cell).toMatchObject({
      requests: 3,
      clientErrors: { requests: 2, marks: [failureMark(5, 31)] },
      networks: [{ network: 31, requests: 3, errors: 0, clientErrors: 2 }],
    })
    expect([cell.errors.status, total(cell.latency)]).toEqual([0, 3])
    const other = emptyCell({ ...key, arm: 'other' })
    countOutcome(other, { ...away, decision: { ...decided, placement: NOT_COMPARED } }, 31)
    expect(other.clientErrors).toEqual({ requests: 1, marks: [] })
    const sum = emptyCell(key)
    for (const each of [cell, emptyCell(key), cell]) mergeCell(sum, each)
    expect(sum.clientErrors).toEqual({ requests: 4, marks: [failureMark(5, 31)] })
    expect(sum.networks?.[0]?.clientErrors).toBe(4)
  })

  it('says when it met more failing visitors than it holds', () => {
    const cell = emptyCell(key)
    for (let k = 0; k < MOST_ERRORED_SLOTS; k++) countOutcome(cell, outcome('status', k))
    expect(armPair([cell], 1, 0, 'off')).toMatchObject({
      canary: { slotsCut: true },
      control: { slotsCut: false },
    })
    expect(armPair([{ ...cell, erroredBuckets: [1] }], 1, 0, 'off').canary.slotsCut).toBe(false)
  })

  it('counts whom a rule serves apart from who says so by a page or by a token', () => {
    const table = new CellTable()
    const failed = (rule: string | undefined, variant: string) => {
      const decision = { ...decided, variant, rule, placement: NOT_COMPARED }
      countOutcome(table.at(cellKeyOf(decision)), { ...outcome('status'), decision })
    }
    failed('users', 'on')
    failed('staff', 'on')
    failed(undefined, 'on')
    failed('others', 'off')
    const cells = new CellTable(JSON.parse(JSON.stringify(table.toList()))).toList()
    expect(armPair(cells, 1, 0, 'off').others).toMatchObject({ requests: 2, errors: 2 })
  })
})
