/** From cells to what the guard and the charts are shown. */
import { describe, expect, it } from 'vitest'
import {
  type Cell,
  cellId,
  cellKeyOf,
  countEndOfOverdue,
  countFailure,
  countOutcome,
  countOverdue,
  countTiming,
  countVital,
  emptyCell,
  errorsOf,
  mergeCell,
} from '../../../src/core/counters/cell.ts'
import { merge, quantileMs, record, total, upperEdgeMs } from '../../../src/core/counters/histogram.ts'
import { BusyIsolates } from '../../../src/core/counters/load/busy-isolates.ts'
import { pairingOf } from '../../../src/core/counters/pairing.ts'
import { EMPTY_WINDOW, take } from '../../../src/core/counters/sequence.ts'
import { addToPoint, closePoint, openPoint, SERIES } from '../../../src/core/counters/series.ts'
import { armPair, EMPTY_ARM } from '../../../src/core/counters/ticks.ts'
import { type Decision, NOT_COMPARED } from '../../../src/core/decision/decide.ts'
import { failureOfStatus, type Outcome } from '../../../src/core/outcome/outcome.ts'

const key = { flag: 'f', variant: 'on', arm: 'canary' as const, generation: 2, stage: 1 }
const cell = (parts: Partial<Cell> = {}): Cell => ({ ...emptyCell(key), requests: 1, ...parts })
const decision: Decision = {
  flag: 'f',
  variant: 'on',
  value: true,
  reason: 'SPLIT',
  rule: 'rule 0',
  placement: { arm: 'canary', position: 9 * 65_536 + 17 },
  generation: 2,
  stage: 1,
}
const outcome = (parts: Partial<Outcome> = {}): Outcome => ({
  decision,
  failure: undefined,
  latencyMs: 100,
  journey: false,
  rescued: false,
  ...parts,
})

describe('late counts', () => {
  it('of another stage or generation judge nothing', () => {
    const late = [
      cell({ stage: 0, requests: 100, errors: { ...cell().errors, status: 100 } }),
      cell({ stage: 2, requests: 100 }),
      cell({ generation: 1, requests: 100 }),
      cell({ generation: 3, requests: 100 }),
      cell({ arm: 'control', stage: 0, requests: 100 }),
      cell({ arm: 'other', isByRule: true, generation: 1, requests: 100 }),
    ]
    const { late: sums, ...judged } = armPair(late, 2, 1, 'off')
    expect(judged).toEqual({ canary: EMPTY_ARM, control: EMPTY_ARM, others: EMPTY_ARM })
    // Those of the generation are part of its sums.
    expect(sums?.canary).toMatchObject({ requests: 200, errors: 100 })
    expect(sums?.control).toMatchObject({ requests: 100, errors: 0 })
    expect(armPair([cell()], 2, 1, 'off')).not.toHaveProperty('late')
    expect(armPair([...late, cell()], 2, 1, 'off').canary.requests).toBe(1)
  })
})

describe('cells of an arm', () => {
  it('add up to a tick; each visitor slot counts once', () => {
    const one = cell({
      requests: 10,
      errors: { status: 1, timeout: 2, connect: 3, 'aborted-by-origin': 4, reported: 5 },
      latency: { 50: 6, 60: 1 },
      erroredBuckets: [1, 2],
      journeys: 3,
      timings: { 70: 2 },
      clientErrors: { requests: 3, marks: [7, 8] },
    })
    const two = cell({
      variant: 'b',
      requests: 5,
      latency: { 50: 1 },
      erroredBuckets: [2, 3],
      journeys: 1,
      clientErrors: { requests: 2, marks: [8, 9] },
    })
    const other = { arm: 'other' as const, requests: 7 }
    const { canary, control, others } = armPair(
      [
        one,
        two,
        cell({ arm: 'control', requests: 4 }),
        cell({ ...other, isByRule: true }),
        cell({ ...other, isByRule: true, variant: 'off' }),
        cell(other),
      ],
      2,
      1,
      'off',
    )
    expect(canary).toEqual({
      requests: 15,
      errors: 15,
      latency: { 50: 7, 60: 1 },
      erroredSlots: [1, 2, 3],
      slotsCut: false,
      pairing: { ...EMPTY_ARM.pairing, discordant: [1, 2, 3] },
      clientErrors: { requests: 5, marks: [7, 8, 9] },
      networks: [],
      visitors: [],
      slices: {},
      journeys: 4,
      timings: { 70: 2 },
    })
    expect([control.requests, others.requests]).toEqual([4, 7])
    expect(errorsOf(one)).toBe(15)
  })
})

describe('an outcome', () => {
  it('counts where its decision says', () => {
    expect(cellKeyOf(decision)).toEqual({ ...key, isByRule: false })
    expect(cellKeyOf({ ...decision, placement: NOT_COMPARED })).toEqual({
      ...key,
      arm: 'other',
      isByRule: true,
    })
    expect(cellKeyOf({ ...decision, rule: undefined, placement: NOT_COMPARED }).isByRule).toBe(false)
    expect(cellId(key)).toBe('f on canary 2 1')
    expect(cellId({ ...key, isByRule: true })).toBe('f on canary 2 1 rule')
    expect(emptyCell({ ...key, isByRule: true }).isByRule).toBe(true)
    expect('isByRule' in emptyCell(key)).toBe(false)
  })

  it('is a request, a latency, and what else it was', () => {
    const one = emptyCell(key)
    countOutcome(one, outcome({ journey: true, rescued: true }))
    expect(one).toEqual(cell({ latency: { 54: 1 }, journeys: 1, rescued: 1 }))
    countOutcome(one, outcome())
    expect(one).toEqual(cell({ requests: 2, latency: { 54: 2 }, journeys: 1, rescued: 1 }))
  })

  it('that failed counts its kind and its visitor, who is known by the upper half of the position', () => {
    const one = emptyCell(key)
    countOutcome(one, outcome({ failure: 'connect' }))
    countOutcome(one, outcome({ failure: 'timeout', latencyMs: 1 }))
    countFailure(one, 'reported', { arm: 'control', position: 4_294_967_295 })
    countFailure(one, 'aborted-by-origin', NOT_COMPARED)
    expect(one).toEqual(
      cell({
        requests: 2,
        errors: { status: 0, timeout: 1, connect: 1, 'aborted-by-origin': 1, reported: 1 },
        latency: { 0: 1 },
        erroredBuckets: [9, 65_535],
        pairing: { ...EMPTY_ARM.pairing, unpaired: [9, 65_535] },
      }),
    )
  })

  it('past its deadline is counted when that passes, and not again when it ends', () => {
    const one = emptyCell(key)
    countOverdue(one, 5_000)
    expect(one).toEqual(cell({ latency: { 99: 1 } }))
    countEndOfOverdue(one, outcome({ journey: true, rescued: true, failure: 'status' }))
    expect(one).toMatchObject({
      requests: 1,
      journeys: 1,
      rescued: 1,
      errors: { status: 1 },
      erroredBuckets: [9],
    })
    expect(one.latency).toEqual({ 99: 1 })
  })

  it('fails by a 5xx status and by no other', () => {
    expect([200, 304, 404, 499, 500, 503, 599].map(failureOfStatus)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      'status',
      'status',
      'status',
    ])
  })
})

describe('what the app reports', () => {
  it('counts apart from requests, and merges with the rest', () => {
    const one = emptyCell(key)
    countTiming(one, 100)
    countVital(one, 'LCP', 2_000)
    countVital(one, 'LCP', 2_000)
    countVital(one, 'CLS', 100)
    expect(one).toEqual(cell({ requests: 0, timings: { 54: 1 }, vitals: { LCP: { 88: 2 }, CLS: { 54: 1 } } }))
    const sum = cell({ rescued: 2 })
    mergeCell(sum, one)
    mergeCell(sum, { ...one, requests: 3, journeys: 4, rescued: 5, errors: { ...one.errors, connect: 6 } })
    expect(sum).toEqual(
      cell({
        requests: 4,
        journeys: 4,
        rescued: 7,
        errors: { ...cell().errors, connect: 6 },
        timings: { 54: 2 },
        vitals: { LCP: { 88: 4 }, CLS: { 54: 2 } },
      }),
    )
  })
})

describe('a histogram', () => {
  it('has edges an eighth of an octave apart', () => {
    expect([0, 8, 16, 80].map(upperEdgeMs)).toEqual([1, 2, 4, 1_024])
  })

  it('adds up, and knows its quantiles', () => {
    const sum = { 8: 1 }
    merge(sum, { 8: 2, 16: 1 })
    record(sum, 4)
    expect(sum).toEqual({ 8: 3, 16: 2 })
    expect(total(sum)).toBe(5)
    expect([0, 0.6, 0.61, 1].map((quantile) => quantileMs(sum, quantile))).toEqual([2, 2, 4, 4])
    expect(quantileMs({ 0: 0, 8: 1, 16: 0 }, 0)).toBe(2)
  })
})

describe('a point of a series', () => {
  it('starts at a multiple of its width and sums up each arm', () => {
    expect(SERIES).toEqual([
      { stepMs: 5_000, keptMs: 1_800_000 },
      { stepMs: 60_000, keptMs: 86_400_000 },
    ])
    const point = openPoint(12_345, 5_000)
    expect(point.startMs).toBe(10_000)
    addToPoint(
      point,
      cell({
        ...{ requests: 3, latency: { 54: 2, 62: 1 }, errors: { ...cell().errors, status: 2 }, journeys: 2 },
        clientErrors: { requests: 4, marks: [1] },
        pairing: { ...pairingOf({ erroredBuckets: [] }), sharedFailures: 1 },
      }),
    )
    addToPoint(point, cell({ arm: 'control', requests: 1 }))
    expect(closePoint(point)).toEqual({
      canary: {
        requests: 3,
        errors: 2,
        p50Ms: 107.6,
        p95Ms: 215.3,
        p99Ms: 215.3,
        clientErrors: 4,
        journeys: 2,
        sharedErrors: 1,
      },
      control: {
        requests: 1,
        errors: 0,
        p50Ms: null,
        p95Ms: null,
        p99Ms: null,
        clientErrors: 0,
        journeys: 0,
        sharedErrors: 0,
      },
      other: {
        requests: 0,
        errors: 0,
        p50Ms: null,
        p95Ms: null,
        p99Ms: null,
        clientErrors: 0,
        journeys: 0,
        sharedErrors: 0,
      },
    })
  })
})

describe('a window of numbers', () => {
  it('remembers 31 numbers before the highest', () => {
    const at40 = take(take(EMPTY_WINDOW, 8) ?? EMPTY_WINDOW, 40)
    expect(at40).toEqual({ highest: 40, seen: 1 })
    expect(take({ highest: 40, seen: 1 }, 9)).toEqual({ highest: 40, seen: 0x8000_0001 })
    expect(take({ highest: 40, seen: 1 }, 8)).toBeUndefined()
    expect(take({ highest: 40, seen: 1 }, 40)).toBeUndefined()
    expect(take({ highest: 8, seen: 1 }, 39)).toEqual({ highest: 39, seen: 0x8000_0001 })
    expect(take({ highest: 40, seen: 0b101 }, 41)).toEqual({ highest: 41, seen: 0b1011 })
  })
})

describe('busy isolates', () => {
  it('count until their time is over, each for as many as it stands among', () => {
    const busy = new BusyIsolates()
    busy.add({ shards: 1, busyUntilMs: 1_500 })
    busy.add({ shards: 4, busyUntilMs: 2_000 })
    busy.add({ shards: 4, busyUntilMs: 2_001 })
    expect(busy.at(0)).toEqual({ isolates: 3, inColo: 9 })
    busy.remove({ shards: 4, busyUntilMs: 2_001 })
    busy.remove({ shards: 2, busyUntilMs: 9_000 })
    expect(busy.at(1_999)).toEqual({ isolates: 2, inColo: 5 })
    expect(busy.at(2_000)).toEqual({ isolates: 0, inColo: 0 })
  })
})
