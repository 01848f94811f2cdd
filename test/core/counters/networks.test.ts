/** The networks and the visitors of a cell: who is told, and who is left out. */
import { describe, expect, it } from 'vitest'
import {
  type Cell,
  countFailure,
  countJourney,
  countOutcome,
  countOverdue,
  countTiming,
  emptyCell,
  mergeCell,
  withoutPeople,
} from '../../../src/core/counters/cell.ts'
import { type NetworkCounts, networkAt, strongest } from '../../../src/core/counters/networks.ts'
import { Outbox } from '../../../src/core/counters/outbox.ts'
import { mergeVisitors, mixed, Sketches, type VisitorMark } from '../../../src/core/counters/visitors.ts'

const key = { flag: 'f', variant: 'on', arm: 'canary' as const, generation: 1, stage: 0 }
const placed = (slot: number) => ({ arm: 'canary' as const, position: slot * 65_536 })
const outcome = (slot: number, latencyMs: number) => ({
  ...{ failure: undefined, latencyMs, journey: false, rescued: false },
  decision: { ...key, value: true, reason: 'SPLIT' as const, rule: 'r', placement: placed(slot) },
})
const numbers = (networks: readonly NetworkCounts[]) => networks.map(({ network }) => network)

describe('a network of a cell', () => {
  it('is told with all that it did; visitors count once in each list', () => {
    const outbox = new Outbox()
    const cell = outbox.open.at(key)
    countOutcome(cell, outcome(1, 100), 9)
    countOverdue(cell, 400, 9)
    countJourney(cell, 9)
    countTiming(cell, 50, 9)
    const source = (pairedAs: 'discordant' | 'shared' | 'unasked' | 'unpaired') => ({ pairedAs, network: 9 })
    for (const as of ['discordant', 'discordant', 'shared', 'unasked', 'unpaired'] as const)
      countFailure(cell, 'status', placed(1), source(as))
    countFailure(cell, 'status', placed(2), source('discordant'))
    const [sent] = outbox.seal().cells
    expect(sent?.networks).toEqual([
      {
        ...{
          network: 9,
          requests: 2,
          errors: 6,
          errored: 2,
          discordant: 2,
          unpaired: 1,
          unasked: 1,
          journeys: 1,
        },
        latency: { 54: 1, 70: 1 },
        timings: { 46: 1 },
      },
    ])
    expect(sent?.pairing).toMatchObject({ sharedFailures: 1, unaskedFailures: 1 })
  })

  it('is none where the visitor is not compared, or has no network', () => {
    const other = emptyCell({ ...key, arm: 'other' })
    countOutcome(other, outcome(1, 100), 9)
    const mine = emptyCell(key)
    countOutcome(mine, outcome(1, 100))
    expect([other.networks, mine.networks]).toEqual([undefined, undefined])
  })

  it('adds up with those of other senders', () => {
    const one = { ...emptyCell(key), networks: [{ ...blank(9), requests: 3, errors: 2, latency: { 50: 3 } }] }
    const sum = emptyCell(key)
    mergeCell(sum, one)
    mergeCell(sum, {
      ...one,
      networks: [{ ...blank(9), requests: 1, unpaired: 1, latency: { 50: 1 } }, blank(8)],
    })
    expect(strongest(sum.networks ?? [])).toEqual([
      { ...blank(9), requests: 4, errors: 2, unpaired: 1, latency: { 50: 4 }, timings: undefined },
      { ...blank(8), latency: undefined, timings: undefined },
    ])
    const { networks, visitors, ...rest } = withoutPeople({ ...sum, visitors: [[1, 2]] }) as Cell
    expect([networks, visitors, rest.flag]).toEqual([undefined, undefined, 'f'])
  })
})

const blank = (network: number): NetworkCounts => ({
  ...{ network, requests: 0, errors: 0, errored: 0, discordant: 0, unpaired: 0, unasked: 0, journeys: 0 },
})

describe('the strongest networks', () => {
  const visit = (networks: NetworkCounts[], network: number) => {
    const counts = networkAt(networks, network)
    if (counts !== undefined) counts.requests++
  }

  it('are half by failures, half by requests, eight at most', () => {
    const all = Array.from({ length: 20 }, (_, n) => ({ ...blank(100 + n), requests: 20 - n, errors: n % 2 }))
    expect(numbers(strongest(all))).toEqual([101, 103, 105, 107, 100, 102, 104, 106])
    expect(strongest(all.slice(0, 3))).toHaveLength(3)
  })

  it('have among them each that makes a tenth of the requests, whenever it begins, and however many others there are', () => {
    const networks: NetworkCounts[] = []
    for (let n = 0; n < 20_000; n++) visit(networks, n > 5_000 && n % 10 === 0 ? 7 : 1_000 + n)
    expect(networks).toHaveLength(32)
    const [first] = strongest(networks)
    expect(first?.network).toBe(7)
    expect(first?.requests).toBeGreaterThan(1_000)
    expect(first?.requests).toBeLessThanOrEqual(1_500)
    expect(first).not.toHaveProperty('missed')
  })

  it('keep the place of one that failed, and find one for each that fails', () => {
    const networks: NetworkCounts[] = []
    for (let n = 0; n < 32; n++) visit(networks, 100 + n)
    const failed = networkAt(networks, 7, { hasFailed: true })
    if (failed) failed.errors++
    for (let n = 0; n < 5_000; n++) visit(networks, 1_000 + n)
    expect(numbers(networks)).toContain(7)
    for (const each of networks) each.errors = 1
    expect(networkAt(networks, 8, { hasFailed: true })).toBeUndefined()
  })
})

describe('distinct visitors', () => {
  it('are told once, the smallest 64 of them, by flag, arm, attempt and stage', () => {
    const sketches = new Sketches()
    const seen = (cell: Cell, from: number, to: number) => {
      for (let n = from; n < to; n++) sketches.see(cell, n, 3, 5)
      return cell.visitors ?? []
    }
    const first = seen(emptyCell(key), 0, 40)
    expect(first).toHaveLength(40)
    expect(first[0]).toEqual([mixed(0, 3), 5])
    expect(seen(emptyCell(key), 0, 40)).toEqual([])
    const rest = seen(emptyCell(key), 0, 5_000)
    const all: VisitorMark[] = []
    mergeVisitors(all, first)
    mergeVisitors(all, rest)
    const smallest = Array.from({ length: 5_000 }, (_, n) => mixed(n, 3))
      .sort((a, b) => a - b)
      .slice(0, 64)
    expect(all.map(([mark]) => mark)).toEqual(smallest)
    expect(rest.length).toBeLessThan(64 * 8)
    for (const more of [{ arm: 'control' as const }, { stage: 1 }, { generation: 2 }, { flag: 'g' }])
      expect(seen(emptyCell({ ...key, ...more }), 0, 3)).toHaveLength(3)
  })

  it('are mixed so that no one chooses them, whatever the positions', () => {
    const marks = Array.from({ length: 1_000 }, (_, n) => mixed(n, 1))
    expect(new Set(marks).size).toBe(1_000)
    const low = marks.filter((mark) => mark < 2 ** 31).length
    expect(low).toBeGreaterThan(430)
    expect(low).toBeLessThan(570)
    expect(mixed(7, 1)).not.toBe(mixed(7, 2))
  })
})
