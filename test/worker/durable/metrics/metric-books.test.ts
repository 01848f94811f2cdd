/** The Controller's metrics: exact, whatever is repeated, lost or restarted. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MetricGroup, Refusal } from '../../../../src/core/counters/metrics/metric-batch.ts'
import type { MetricChunk } from '../../../../src/core/counters/metrics/metric-lane.ts'
import type { Measures, Metric, WeeklyMetric } from '../../../../src/core/metrics/spec.ts'
import { type LedgerPlace, MetricBooks } from '../../../../src/durable/storage/metrics/metric-books.ts'
import { PLACES } from '../../../../src/durable/storage/metrics/metric-journal.ts'
import { TextStore } from '../../../../src/durable/storage/text-store.ts'
import { withStorage } from '../../support/storage.ts'

const NOW_MS = 1_800_000_000_000
const metric = (name: string, more: Partial<Metric> = {}): Metric => ({
  ...{ name, type: 'conversion', better: 'higher', role: 'primary' },
  ...{ guard: undefined, cap: undefined, windowMs: null, definition: name, ...more },
})
const MEASURES: Measures = {
  metrics: [metric('order'), metric('revenue', { type: 'sum' })],
  variants: ['off', 'on'],
  control: 'off',
  inside: new Map([['on', 1]]),
  outside: 'off',
  stages: 1,
}
const FIRST: LedgerPlace = { generation: 1, stage: 0, shares: [0.5, 0.5] }

const groupOf = (more: Partial<MetricGroup> = {}): MetricGroup => ({
  ...{ flag: 'shop', generation: 1, stage: 0, variant: 'on', exposed: [], events: [] },
  ...more,
})
const chunkOf = (n: number, ...groups: MetricGroup[]): MetricChunk => ({ n, batch: { groups } })
const met = (position: number, more: Partial<MetricGroup> = {}) =>
  groupOf({ exposed: [position, NOW_MS], ...more })
const bought = (position: number, value: number, id = 0) =>
  groupOf({
    events: [
      ['order', position, NOW_MS + 1, 1, id],
      ['revenue', position, NOW_MS + 1, value, id],
    ],
  })

const WEEKLY: WeeklyMetric[] = (['conversion', 'count', 'sum'] as const).map((type) => ({
  ...{ name: type, type, guard: { marginPercent: 30, action: 'rollback' } },
  cap: type === 'sum' ? 100 : undefined,
}))

/** Books whose document and rollout a test sets, in a Controller that it can restart. */
function booksIn(storage: DurableObjectStorage) {
  const world: {
    measures: Measures | undefined
    weekly: readonly WeeklyMetric[] | undefined
    place: LedgerPlace
    nowMs: number
  } = { measures: MEASURES, weekly: WEEKLY, place: FIRST, nowMs: NOW_MS }
  const start = () =>
    new MetricBooks(storage, new TextStore(storage.sql), {
      measuresOf: (flag) => (flag === 'shop' ? world.measures : undefined),
      nowMs: () => world.nowMs,
      weeklyOf: (flag) => (flag === 'toggle' ? world.weekly : undefined),
      placeOf: () => world.place,
    })
  let books = start()
  return {
    world,
    restart: () => {
      books = start()
    },
    take: (chunks: MetricChunk[], shard = 'OTP') => books.take({ shard, metrics: chunks }, world.nowMs),
    save: () => books.saveInTime(world.nowMs),
    saveNow: () => books.saveInTime(world.nowMs, true),
    kept: () => books.keep('shop'),
    sums: () => {
      const { variants, kept } = books.keep('shop')?.ledger.summaries() ?? { variants: [], kept: undefined }
      const on = variants.find(({ variant }) => variant === 'on')
      return {
        visitors: variants.map(({ visitors }) => visitors),
        orders: on?.metrics[0]?.sum,
        revenue: on?.metrics[1]?.sum,
        refused: kept?.refused,
      }
    },
    totals: () => (world.weekly ?? []).map((each) => books.totalOf('toggle', each)),
    account: () => books.of('shop')?.account,
    sweep: () => books.sweep(),
  }
}

describe('what shards forward', () => {
  it('is taken once, and acknowledged by its number', () =>
    withStorage((storage) => {
      const { take, sums } = booksIn(storage)
      expect(take([])).toBeUndefined()
      expect(take([chunkOf(7, met(1)), chunkOf(8, met(2, { variant: 'off' }))])).toBe(8)
      expect(take([chunkOf(7, met(1)), chunkOf(8, met(3)), chunkOf(9, bought(1, 30))])).toBe(9)
      expect(take([chunkOf(9, bought(1, 30))])).toBe(9)
      expect(take([chunkOf(2, bought(1, 5))], 'FRA')).toBe(2)
      expect(sums()).toMatchObject({ visitors: [1, 1], orders: 1, revenue: 35 })
    }))

  it('survives a crash once it is acknowledged, with and without a checkpoint', () =>
    withStorage((storage) => {
      const { world, take, sums, restart, save } = booksIn(storage)
      take([chunkOf(1, met(1)), chunkOf(2, bought(1, 30, 7))])
      restart()
      expect(sums()).toMatchObject({ visitors: [0, 1], orders: 1, revenue: 30 })
      world.nowMs += 61_000
      save()
      take([chunkOf(3, bought(1, 12, 8), bought(1, 99, 7))])
      restart()
      expect(take([chunkOf(3, bought(1, 12, 8))])).toBe(3)
      expect(sums()).toMatchObject({ visitors: [0, 1], orders: 1, revenue: 42 })
      expect(sums().refused).toEqual({ repeated: 1, 'converted already': 2 })
    }))

  it('survives however many forwards there are between two checkpoints', () =>
    withStorage((storage) => {
      const { take, sums, restart } = booksIn(storage)
      for (let n = 1; n <= 3 * PLACES + 5; n++) take([chunkOf(n, met(n))])
      restart()
      expect(sums().visitors).toEqual([0, 3 * PLACES + 5])
    }))

  it('is exact against an independent count, whatever is repeated, lost and restarted', async () => {
    const deed = fc.record({
      what: fc.constantFrom('visit', 'visit', 'buy', 'repeat', 'restart', 'save'),
      visitor: fc.nat(40),
      shard: fc.constantFrom('OTP', 'FRA'),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(deed, { maxLength: 40 }), (deeds) =>
        withStorage((storage) => {
          const { take, sums, restart, saveNow } = booksIn(storage)
          const visitors = new Set<number>()
          const sent: Record<string, MetricChunk[]> = { OTP: [], FRA: [] }
          const bought1: number[] = []
          const send = (shard: string, group: MetricGroup) => {
            const chunk = chunkOf((sent[shard]?.length ?? 0) + 1, group)
            sent[shard]?.push(chunk)
            take([chunk], shard)
          }
          for (const { what, visitor, shard } of deeds) {
            if (what === 'restart') restart()
            else if (what === 'save') saveNow()
            else if (what === 'repeat') take(sent[shard] ?? [], shard)
            else if (what === 'visit') {
              send(shard, met(visitor))
              visitors.add(visitor)
            } else {
              send(shard, bought(visitor, 10))
              bought1.push(visitor)
            }
          }
          const buyers = bought1.filter((visitor) => visitors.has(visitor))
          expect(sums()).toMatchObject({
            visitors: [0, visitors.size],
            orders: new Set(buyers).size,
            revenue: 10 * buyers.length,
          })
        }),
      ),
      { numRuns: 25 },
    )
  })
})

describe('a ledger', () => {
  it('begins anew with another attempt or stage; what comes late for the old one is counted as such', () =>
    withStorage((storage) => {
      const { world, take, sums, restart, account } = booksIn(storage)
      take([chunkOf(1, met(1), bought(1, 30))])
      world.place = { ...FIRST, stage: 1 }
      take([chunkOf(2, met(2), bought(1, 5), met(3, { stage: 1 }))])
      expect(sums()).toMatchObject({ visitors: [0, 1], orders: 0 })
      expect(account()?.refused).toEqual({ ended: 2 })
      restart()
      expect(sums()).toMatchObject({ visitors: [0, 1], orders: 0 })
      world.place = { ...FIRST, generation: 2 }
      expect(sums()).toMatchObject({ visitors: [0, 0] })
      restart()
      expect(sums()).toMatchObject({ visitors: [0, 0] })
    }))

  it('begins anew where visitors are dealt by other shares', () =>
    withStorage((storage) => {
      const { world, take, sums } = booksIn(storage)
      take([chunkOf(1, met(1))])
      world.place = { ...FIRST, shares: [0.9, 0.1] }
      expect(sums().visitors).toEqual([0, 0])
    }))

  it('goes on with its visitors when the document measures something more, which counts those who come since', () =>
    withStorage((storage) => {
      const { world, take, sums, restart, kept } = booksIn(storage)
      take([chunkOf(1, met(1), bought(1, 30))])
      world.nowMs += 10_000
      world.measures = { ...MEASURES, metrics: [...MEASURES.metrics, metric('tickets', { type: 'count' })] }
      expect(kept()?.ledger.summaries().begunMs).toEqual([0, 0, world.nowMs])
      world.nowMs += 10_000
      const ticket = (position: number) => groupOf({ events: [['tickets', position, world.nowMs, 1, 0]] })
      const later = groupOf({ exposed: [2, world.nowMs] })
      take([chunkOf(2, later, bought(2, 5), ticket(1), ticket(2), ticket(2))])
      const tickets = () => kept()?.ledger.summaries().variants[1]?.metrics[2]
      for (let time = 0; time < 2; time++, restart()) {
        expect(sums()).toMatchObject({ visitors: [0, 2], orders: 2, revenue: 35, refused: { earlier: 1 } })
        expect(tickets()).toEqual({ visitors: 1, nonzero: 1, sum: 2, sumOfSquares: 4 })
      }
    }))

  it('begins anew with a metric that is defined anew, or was away; others go on, and so do their signals', () =>
    withStorage((storage) => {
      const { world, take, sums, restart, account, kept, saveNow } = booksIn(storage)
      const [order, revenue] = MEASURES.metrics as [Metric, Metric]
      take([chunkOf(1, met(1), bought(1, 30))])
      account()?.signalled.push('order on', 'revenue on')
      saveNow()
      world.nowMs += 10_000
      world.measures = { ...MEASURES, metrics: [{ ...order, definition: 'another path' }, revenue] }
      expect(sums()).toMatchObject({ visitors: [0, 1], orders: 0, revenue: 30 })
      expect(account()?.signalled).toEqual(['revenue on'])
      restart()
      expect(sums()).toMatchObject({ visitors: [0, 1], orders: 0, revenue: 30 })
      world.measures = { ...MEASURES, metrics: [revenue] }
      kept()
      world.nowMs += 10_000
      world.measures = MEASURES
      expect(sums()).toMatchObject({ visitors: [0, 1], orders: 0, revenue: 30 })
      const since = world.nowMs
      restart()
      expect(kept()?.ledger.summaries().begunMs).toEqual([since, 0])
      // Limits and roles are no part of a definition.
      world.nowMs += 10_000
      world.measures = { ...MEASURES, metrics: [{ ...order, role: 'secondary' }, revenue] }
      expect(kept()?.ledger.summaries().begunMs).toEqual([since, 0])
    }))

  it('is of what isolates saw before the Controller had the document', () =>
    withStorage((storage) => {
      const { world, take, sums, restart } = booksIn(storage)
      world.measures = undefined
      expect(take([chunkOf(1, met(1), bought(1, 30))])).toBe(1)
      restart()
      world.measures = MEASURES
      world.nowMs += 20_000
      take([chunkOf(2, met(2))])
      expect(sums()).toMatchObject({ visitors: [0, 2], orders: 1, revenue: 30 })
    }))

  it('counts what did not count before it came here', () =>
    withStorage((storage) => {
      const { take, account, restart, kept } = booksIn(storage)
      expect(kept()).toBeDefined()
      const late = (flag: string, count: number): Refusal => [flag, 'late', count]
      const refused: Refusal[] = [late('shop', 2), ['shop', 'unproven', 1], late('other', 5)]
      take([{ n: 1, batch: { groups: [], refused } }])
      take([{ n: 2, batch: { groups: [], refused: [late('shop', 1)] } }])
      restart()
      expect(kept()?.account.refused).toEqual({ late: 3, unproven: 1 })
      expect(account()?.refused).toEqual({ late: 3, unproven: 1 })
    }))

  it('goes by caps that an attempt before it has learned', () =>
    withStorage((storage) => {
      const { world, take, account } = booksIn(storage)
      for (let n = 1; n <= 600; n++)
        take([chunkOf(n, met(n), groupOf({ events: [['revenue', n, NOW_MS + 1, n === 600 ? 1e6 : 50, 0]] }))])
      world.place = { ...FIRST, generation: 2 }
      take([chunkOf(601, met(1, { generation: 2 }))])
      expect(account()?.caps).toEqual({ revenue: 50 })
    }))

  it('is that of the old attempt until another one is asked for', () =>
    withStorage((storage) => {
      const { world, take, account } = booksIn(storage)
      take([chunkOf(1, met(1))])
      world.place = { ...FIRST, generation: 2 }
      expect(account()?.generation).toBe(1)
    }))

  it('is gone once its flag measures nothing, also from storage', () =>
    withStorage((storage) => {
      const { world, take, sums, account, sweep, restart } = booksIn(storage)
      take([chunkOf(1, met(1))])
      sweep()
      expect(sums().visitors).toEqual([0, 1])
      world.measures = undefined
      sweep()
      expect(account()).toBeUndefined()
      expect(storage.sql.exec('SELECT * FROM metric_blocks').toArray()).toEqual([])
      restart()
      world.measures = MEASURES
      expect(sums().visitors).toEqual([0, 0])
    }))

  it('that can not take something loses it, and goes on', () =>
    withStorage((storage) => {
      const { take, sums } = booksIn(storage)
      const broken = { flag: 'shop', generation: 1, stage: 0, variant: 'on' } as unknown as MetricGroup
      expect(take([chunkOf(1, broken), chunkOf(2, met(1))])).toBe(2)
      expect(sums().visitors).toEqual([0, 1])
    }))
})

describe('a flag without a split', () => {
  const DAY_MS = 86_400_000
  const events = (position: number, value: number, id = 0, atMs = NOW_MS): MetricGroup =>
    groupOf({
      ...{ flag: 'toggle', variant: '', generation: 7 },
      events: WEEKLY.map(({ name }) => [name, position, atMs, value, id]),
    })

  it('counts events of all its visitors, each once, whatever is repeated, over crash and restart', () =>
    withStorage((storage) => {
      const { world, take, totals, restart, save } = booksIn(storage)
      take([chunkOf(1, events(1, 30, 7), events(1, 30, 7), events(2, 30, 7))])
      take([chunkOf(1, events(3, 30, 7))])
      expect(totals()).toEqual([2, 2, 60])
      restart()
      expect(totals()).toEqual([2, 2, 60])
      world.nowMs += 61_000
      save()
      // Without an id each counts; a conversion once a day; of a large value no more than the cap.
      take([chunkOf(2, events(1, 30, 7), events(1, 500), events(1, 0.5), events(2, 1, 0, NOW_MS + DAY_MS))])
      restart()
      expect(totals()).toEqual([3, 5, 161.5])
    }))

  it('begins anew with another definition, and after it was away', () =>
    withStorage((storage) => {
      const { world, take, totals, sweep, restart } = booksIn(storage)
      take([chunkOf(1, events(1, 30, 7))])
      world.weekly = WEEKLY.map((each) => ({ ...each, cap: each.cap && 50 }))
      expect(totals()).toEqual([1, 1, 0])
      world.weekly = undefined
      sweep()
      world.weekly = WEEKLY
      expect(totals()).toEqual([0, 0, 0])
      restart()
      expect(totals()).toEqual([0, 0, 0])
    }))
})
