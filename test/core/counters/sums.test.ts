/** Cells that add up: each field of each sender, once. */
import { describe, expect, it } from 'vitest'
import { type Cell, CellTable, countOutcome, emptyCell, mergeCell } from '../../../src/core/counters/cell.ts'
import { binOf } from '../../../src/core/counters/histogram.ts'
import {
  failureMark,
  groupOf,
  groupOfMark,
  type NetworkCounts,
  networkAt,
  slotOf,
  strongest,
} from '../../../src/core/counters/networks.ts'
import { MOST_ERRORED_SLOTS } from '../../../src/core/counters/slots.ts'
import { armPair } from '../../../src/core/counters/ticks.ts'
import {
  mergeVisitors,
  Sketches,
  type VisitorMark,
  VisitorSketch,
} from '../../../src/core/counters/visitors.ts'
import type { Placement } from '../../../src/core/decision/decide.ts'
import type { Outcome } from '../../../src/core/outcome/outcome.ts'

const KEY = { flag: 'f', variant: 'on', arm: 'canary' as const, generation: 1, stage: 0 }

/** A cell in which no two fields are alike; `k` makes it another one. */
const full = (k: number): Cell => ({
  ...KEY,
  requests: 100 * k,
  errors: { status: k, timeout: 2 * k, connect: 3 * k, 'aborted-by-origin': 4 * k, reported: 5 * k },
  latency: { 50: 6 * k, [60 + k]: 1 },
  erroredBuckets: [1, 10 + k],
  pairing: {
    discordant: [2, 20 + k],
    unpaired: [3, 30 + k],
    unasked: [4, 40 + k],
    sharedFailures: 7 * k,
    unaskedFailures: 8 * k,
    questions: 9 * k,
  },
  clientErrors: { requests: 11 * k, marks: [5, 50 + k] },
  watched: { a: { requests: 12 * k, marks: [6, 60 + k] }, [`only${k}`]: { requests: k, marks: [k] } },
  networks: [
    {
      ...{ network: 31, requests: 13 * k, errors: 14 * k, errored: 15 * k, discordant: 16 * k },
      ...{ unpaired: 17 * k, unasked: 18 * k, journeys: 19 * k, clientErrors: 20 * k },
      ...{ latency: { 70: 21 * k }, timings: { 80: 22 * k } },
    },
  ],
  visitors: [
    [7, 31],
    [70 + k, 32],
  ],
  slices: { 1: { 50: 23 * k }, [k + 1]: { 60: 24 * k } },
  journeys: 25 * k,
  rescued: 26 * k,
  timings: { 90: 27 * k },
  vitals: {
    LCP: { 40: 28 * k },
    INP: { 40: 29 * k },
    FCP: { 40: 30 * k },
    TTFB: { 40: 31 * k },
    CLS: { 40: 32 * k },
  },
})

/** One and two of `full`, each of whose sums is three times that of the first. */
const SUM: Cell = {
  ...full(3),
  latency: { 50: 18, 61: 1, 62: 1 },
  erroredBuckets: [1, 11, 12],
  pairing: {
    ...{ discordant: [2, 21, 22], unpaired: [3, 31, 32], unasked: [4, 41, 42] },
    ...{ sharedFailures: 21, unaskedFailures: 24, questions: 27 },
  },
  clientErrors: { requests: 33, marks: [5, 51, 52] },
  watched: {
    a: { requests: 36, marks: [6, 61, 62] },
    only1: { requests: 1, marks: [1] },
    only2: { requests: 2, marks: [2] },
  },
  visitors: [
    [7, 31],
    [71, 32],
    [72, 32],
  ],
  slices: { 1: { 50: 69 }, 2: { 60: 24 }, 3: { 60: 48 } },
}
const counted = (cell: Cell): Cell =>
  JSON.parse(JSON.stringify({ ...cell, networks: strongest(cell.networks ?? []) }))

describe('cells of one key', () => {
  it('add up in every field, from nothing and in either order', () => {
    for (const order of [
      [1, 2],
      [2, 1],
    ]) {
      const sum = emptyCell(KEY)
      for (const k of order) mergeCell(sum, full(k))
      const tidy = JSON.parse(JSON.stringify(counted(sum)), (_, value) =>
        Array.isArray(value) && value.length === 3
          ? value.toSorted((a, b) => (Array.isArray(a) ? a[0] - b[0] : a - b))
          : value,
      )
      expect(tidy).toEqual(counted(SUM))
    }
  })

  it('leave their source as it is', () => {
    const sum = emptyCell(KEY)
    const source = full(1)
    mergeCell(sum, source)
    mergeCell(sum, full(2))
    expect(source).toEqual(full(1))
  })

  it('are one cell of a table; of another arm, stage, attempt, variant, flag or rule they are others', () => {
    const others = [
      { arm: 'control' as const },
      { stage: 1 },
      { generation: 2 },
      { variant: 'b' },
      { flag: 'g' },
      { arm: 'other' as const },
      { arm: 'other' as const, isByRule: true },
    ].map((parts) => ({ ...KEY, ...parts }))
    const table = new CellTable()
    expect(table.isEmpty).toBe(true)
    for (const key of [KEY, ...others]) table.at(key).requests++
    for (const key of [KEY, ...others, KEY]) table.at(key).requests += 10
    expect(table.isEmpty).toBe(false)
    expect(table.toList().map(({ requests }) => requests)).toEqual([21, ...others.map(() => 11)])
    table.add([{ ...emptyCell(KEY), requests: 100 }])
    expect(table.at(KEY).requests).toBe(121)
  })

  it('make a tick with all that the guard asks for', () => {
    const { canary, late } = armPair(
      [
        full(1),
        { ...full(2), variant: 'b' },
        { ...full(1), stage: 7 },
        { ...full(2), stage: 7, arm: 'control' },
      ],
      1,
      0,
      'off',
    )
    const { requests, latency, journeys, timings, pairing, clientErrors, watched, visitors, slices } = SUM
    expect(canary).toMatchObject({
      ...{ requests, latency, journeys, timings, pairing, clientErrors, watched, visitors, slices },
      ...{ errors: 45, erroredSlots: [1, 11, 12], slotsCut: false },
    })
    expect(strongest(canary.networks)).toEqual(strongest(SUM.networks ?? []))
    expect([late?.canary.requests, late?.control.requests]).toEqual([100, 200])
    expect(armPair([{ ...full(2), stage: 7 }], 1, 0, 'off').late?.canary.requests).toBe(200)
    expect(armPair([full(1)], 1, 0, 'off')).not.toHaveProperty('late')
    const { watched: _, slices: __, ...older } = full(1)
    expect(armPair([older as Cell], 1, 0, 'off').canary).toMatchObject({ requests: 100, slices: {} })
    expect(armPair([older as Cell], 1, 0, 'off').canary).not.toHaveProperty('watched')
  })
})

const outcomeAt = (placement: Placement, parts: Partial<Outcome> = {}): Outcome => ({
  decision: { ...KEY, value: true, reason: 'SPLIT', rule: 'r', placement },
  ...{ failure: undefined, latencyMs: 100, journey: false, rescued: false, ...parts },
})
const BIN = binOf(100)

describe('an outcome', () => {
  it('of canary counts by id what its stage sets a limit for; of others it does not', () => {
    const cell = emptyCell(KEY)
    const watched = ['a', 'b']
    countOutcome(cell, outcomeAt({ arm: 'canary', position: 5 * 65_536 + 9 }, { watched }), 32)
    countOutcome(cell, outcomeAt({ arm: 'canary', position: 6 * 65_536 }, { watched: ['a'] }), 32)
    countOutcome(cell, outcomeAt({ arm: 'canary', position: 6 * 65_536 }, { watched: ['a'] }), 32)
    const mark = (slot: number) => slot + 65_536 * 3
    expect(cell.watched).toEqual({
      a: { requests: 3, marks: [mark(5), mark(6)] },
      b: { requests: 1, marks: [mark(5)] },
    })
    const control = emptyCell({ ...KEY, arm: 'control' })
    countOutcome(control, outcomeAt({ arm: 'control', position: 1 }, { watched }), 32)
    expect(control).not.toHaveProperty('watched')
  })

  it('tells of questions, and of failures that control shared', () => {
    const cell = emptyCell(KEY)
    const placement = { arm: 'canary' as const, position: 5 * 65_536 }
    countOutcome(cell, outcomeAt(placement, { questioned: true }))
    countOutcome(cell, outcomeAt(placement, { questioned: true, failure: 'status', pairedAs: 'shared' }), 9)
    expect(cell.pairing).toMatchObject({ questions: 2, sharedFailures: 1, discordant: [], unpaired: [] })
    expect(cell.networks?.[0]).toMatchObject({
      errors: 1,
      errored: 1,
      discordant: 0,
      unpaired: 0,
      unasked: 0,
    })
    expect(cell.networks?.[0]).not.toHaveProperty('shared')
  })

  it('of control counts its latency by who comes next and by group of networks', () => {
    const cell = emptyCell({ ...KEY, arm: 'control' })
    const control = (isComing?: boolean, position = 4) =>
      ({ arm: 'control', position, ...(isComing !== undefined && { isComing }) }) as const
    // Network 31 is of group 2, network 59 of group 30.
    countOutcome(cell, outcomeAt(control(false)), 31)
    countOutcome(cell, outcomeAt(control(true)), 31)
    countOutcome(cell, outcomeAt(control(true)), 59)
    countOutcome(cell, outcomeAt(control(true)), 59)
    expect(cell.slices).toEqual({ 2: { [BIN]: 1 }, 32: { [BIN]: 1 }, 60: { [BIN]: 2 } })
    // Where the comparison asks for none, where it failed, and of canary: none.
    const none = emptyCell({ ...KEY, arm: 'control' })
    countOutcome(none, outcomeAt(control()), 31)
    countOutcome(none, outcomeAt(control(true), { failure: 'status' }), 31)
    countOutcome(none, outcomeAt({ arm: 'canary', position: 4, isComing: true } as Placement), 31)
    expect(none).not.toHaveProperty('slices')
  })

  it('of an unknown network is of a group of 30 by its visitor', () => {
    for (const network of [0, 1]) {
      const cell = emptyCell({ ...KEY, arm: 'control' })
      for (let position = 0; position < 600; position++)
        countOutcome(cell, outcomeAt({ arm: 'control', position, isComing: false }), network)
      const groups = Object.keys(cell.slices ?? {}).map(Number)
      expect([groups.length, Math.min(...groups), Math.max(...groups)]).toEqual([30, 1, 30])
    }
  })
})

describe('networks', () => {
  const blank = (network: number, parts: Partial<NetworkCounts> = {}): NetworkCounts => ({
    ...{ network, requests: 0, errors: 0, errored: 0, discordant: 0, unpaired: 0, unasked: 0, journeys: 0 },
    ...parts,
  })

  it('are of thirty groups, and none of group 0', () => {
    expect([0, 1, 29, 30, 31, 59, -1].map(groupOf)).toEqual([0, 2, 30, 1, 2, 30, 1 + (4_294_967_295 % 30)])
    expect([failureMark(5, 0), failureMark(5, 31), failureMark(65_535, 59)]).toEqual([5, 131_077, 2_031_615])
    const mark = failureMark(65_535, 59)
    expect([slotOf(mark), groupOfMark(mark), slotOf(5), groupOfMark(65_535)]).toEqual([65_535, 30, 5, 0])
  })

  it('are told by failures first, then by requests; of equals, by the other', () => {
    const list = [
      blank(1, { requests: 5 }),
      blank(2, { requests: 9, errors: 1 }),
      blank(3, { requests: 1, errors: 3 }),
      blank(4, { requests: 2, errors: 3 }),
      blank(5, { requests: 7 }),
      ...[6, 7, 8].map((network) => blank(network, { requests: 8, errors: network === 7 ? 1 : 0 })),
      blank(9, { requests: 6, errors: 1 }),
      blank(10, { requests: 6 }),
    ]
    expect(strongest(list).map(({ network }) => network)).toEqual([4, 3, 2, 7, 6, 8, 5, 9])
    expect(strongest(list.slice(0, 1)).map(({ network }) => network)).toEqual([1])
  })

  it('take the place of the one with the fewest requests, with its rank and not its counts', () => {
    const networks = Array.from({ length: 32 }, (_, at) => blank(100 + at, { requests: 10 + at }))
    const weakest = networks[3]
    if (weakest) weakest.requests = 2
    expect(networkAt(networks, 7, { hasFailed: true })).toEqual(blank(7, { missed: 2 }))
    expect(networks.map(({ network }) => network).slice(2, 5)).toEqual([102, 7, 104])
    // 2 missed and 9 seen are 11, so that the one with 10 is the weakest now.
    const taken = networks[3]
    if (taken) taken.requests = 9
    expect(networkAt(networks, 8, { hasFailed: true })).toEqual(blank(8, { missed: 10 }))
    expect(networks[0]?.network).toBe(8)
    expect(networkAt([], 9)).toEqual(blank(9, { missed: 0 }))
  })

  it('that have not failed find a place the less often, the higher the rank of the weakest', () => {
    const admitted = (rank: number) => {
      const networks = Array.from({ length: 32 }, (_, at) => blank(100 + at, { requests: rank }))
      let found = 0
      for (let call = 0; call < 2_000; call++) {
        if (networkAt(networks, 7) === undefined) continue
        found++
        networks[0] = blank(100, { requests: rank })
      }
      return found / 2_000
    }
    for (const rank of [0, 1, 3, 9]) expect(Math.abs(admitted(rank) * (rank + 1) - 1)).toBeLessThan(0.2)
    expect([admitted(0), admitted(1) < 0.6, admitted(1) > 0.4]).toEqual([1, true, true])
  })

  it('of another sender may find no place, and then change nothing', () => {
    const failing = Array.from({ length: 32 }, (_, at) => blank(100 + at, { requests: 1, errors: 1 }))
    const sum = { ...emptyCell(KEY), networks: failing }
    mergeCell(sum, { ...emptyCell(KEY), networks: [blank(7, { requests: 50 })] })
    expect(sum.networks.map(({ requests }) => requests)).toEqual(Array(32).fill(1))
  })
})

describe('visitors', () => {
  const marks = (from: number, count: number) =>
    Array.from({ length: count }, (_, at): VisitorMark => [from + at, 1])

  it('of two senders are the smallest 64, each once, under their first network', () => {
    const target: VisitorMark[] = [[5, 8]]
    mergeVisitors(target, [
      [5, 9],
      [3, 9],
    ])
    expect(target).toEqual([
      [5, 8],
      [3, 9],
    ])
    const all = marks(100, 64)
    mergeVisitors(all, marks(100, 64))
    expect(all).toEqual(marks(100, 64))
    mergeVisitors(all, [
      [99, 2],
      [500, 2],
    ])
    expect(all).toEqual([[99, 2], ...marks(100, 63)])
  })

  it('belong to a sketch once, while they are among its smallest 64', () => {
    const sketch = new VisitorSketch()
    for (let mark = 64; mark > 0; mark--) expect(sketch.take(10 * mark)).toBe(true)
    expect([10, 320, 640].map((mark) => sketch.take(mark))).toEqual([false, false, false])
    expect([641, 635].map((mark) => sketch.take(mark))).toEqual([false, true])
    // 640 left for 635: what is above the largest of 64 is no news, also where it was.
    expect([640, 636, 1, 635, 630].map((mark) => sketch.take(mark))).toEqual([
      false,
      false,
      true,
      false,
      false,
    ])
  })

  it('are remembered for the four latest attempts, stages and arms of a flag, and for 500 flags', () => {
    const sketches = new Sketches()
    const sees = (parts: Partial<Cell>) => {
      const cell = emptyCell({ ...KEY, ...parts })
      sketches.see(cell, 1, 0, 1)
      return cell.visitors?.length === 1
    }
    const four = [{ stage: 0 }, { stage: 1 }, { stage: 2 }, { stage: 3 }]
    expect(four.map(sees)).toEqual([true, true, true, true])
    expect(four.map(sees)).toEqual([false, false, false, false])
    expect([sees({ stage: 4 }), sees({ stage: 1 }), sees({ stage: 0 })]).toEqual([true, false, true])
    for (let flag = 1; flag < 500; flag++) sees({ flag: `f${flag}` })
    expect([sees({ stage: 0 }), sees({ flag: 'f499' })]).toEqual([false, false])
    expect([sees({ flag: 'one more' }), sees({ stage: 0 })]).toEqual([true, true])
  })
})

it('a list of slots is bounded, and has each once', () => {
  const cell = emptyCell(KEY)
  for (let slot = 0; slot < MOST_ERRORED_SLOTS + 5; slot++)
    for (const _ of [1, 2])
      countOutcome(cell, outcomeAt({ arm: 'canary', position: slot * 65_536 }, { isClientError: true }))
  expect(cell.clientErrors?.marks).toEqual(Array.from({ length: 2_000 }, (_, slot) => slot))
  expect(cell.clientErrors?.requests).toBe(4_010)
})
