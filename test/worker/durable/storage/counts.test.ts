/** Counts, points, samples and times of flags in storage. */
import { describe, expect, it } from 'vitest'
import { compileSnapshot, type Snapshot } from '../../../../src/core/config/compile/snapshot.ts'
import { INITIAL_CONTROL_STATE } from '../../../../src/core/config/control.ts'
import { parseDocumentValue } from '../../../../src/core/config/parse/parse.ts'
import { type Cell, emptyCell } from '../../../../src/core/counters/cell.ts'
import type { DecisionSample } from '../../../../src/core/decision/sample.ts'
import { CellStore } from '../../../../src/durable/storage/cell-store.ts'
import { FlagLog } from '../../../../src/durable/storage/flag-log.ts'
import { SampleRing } from '../../../../src/durable/storage/sample-ring.ts'
import { SeriesStore } from '../../../../src/durable/storage/series-store.ts'
import { TextStore } from '../../../../src/durable/storage/text-store.ts'
import { withStorage } from '../../support/storage.ts'

const KEY = { flag: 'a', variant: 'on', arm: 'canary' as const, generation: 1, stage: 0 }
const cell = (more: Partial<Cell> = {}): Cell => ({
  ...emptyCell(KEY),
  requests: 1,
  latency: { 40: 1 },
  ...more,
})

describe('counts', () => {
  it('add up by cell, also on what was stored', () => {
    const store = new CellStore()
    store.add([cell(), cell({ requests: 2 }), cell({ stage: 1 }), cell({ flag: 'b' })])
    const restarted = new CellStore()
    restarted.restore('a', store.of('a'))
    restarted.add([cell({ requests: 4 })])
    expect(restarted.all().map(({ flag, stage, requests }) => [flag, stage, requests])).toEqual([
      ['a', 0, 7],
      ['a', 1, 1],
    ])
  })

  it('of flags that no tick looks at are not kept for one', () => {
    const store = new CellStore()
    store.add([cell(), cell({ flag: 'b' })])
    store.forgetFresh((flag) => flag === 'b')
    expect([store.takeTick({ key: 'a', off: 'off' }, 1, 0).isEmpty, store.hasFresh]).toEqual([true, true])
    expect([store.takeTick({ key: 'b', off: 'off' }, 1, 0).isEmpty, store.hasFresh]).toEqual([false, false])
    expect(store.all()).toHaveLength(2)
  })

  it('a tick takes what has come since the last one, of its flag, generation and stage', () =>
    withStorage(() => {
      const store = new CellStore()
      const flag = { key: 'a', off: 'off' }
      store.add([cell({ requests: 2 }), cell({ requests: 3 }), cell({ flag: 'b', requests: 90 })])
      const { pair, isEmpty } = store.takeTick(flag, 1, 0)
      expect([pair.canary.requests, isEmpty]).toEqual([5, false])
      expect(store.takeTick(flag, 1, 0)).toMatchObject({ pair: { canary: { requests: 0 } }, isEmpty: true })
      expect(store.takeTick({ key: 'b', off: 'off' }, 1, 0).pair.canary.requests).toBe(90)
      // Late counts of an earlier stage or generation judge nothing.
      store.add([cell({ stage: 1 }), cell({ generation: 2 })])
      expect(store.takeTick(flag, 1, 0)).toMatchObject({ pair: { canary: { requests: 0 } }, isEmpty: false })
    }))

  it('that no tick has seen are in the totals, and not in what a verdict is about', () => {
    const store = new CellStore()
    store.add([cell({ requests: 2 })])
    store.takeTick({ key: 'a', off: 'off' }, 1, 0)
    store.add([cell({ requests: 3 }), cell({ flag: 'b', requests: 9 })])
    const requests = (cells: Cell[]) => cells.map((each) => each.requests)
    expect([requests(store.of('a')), requests(store.seenOf('a'))]).toEqual([[5], [2]])
    expect([requests(store.of('b')), requests(store.seenOf('b'))]).toEqual([[9], []])
    expect(requests(store.of('a'))).toEqual([5])
    store.takeTick({ key: 'a', off: 'off' }, 1, 0)
    expect(requests(store.seenOf('a'))).toEqual([5])
  })

  it('of the five newest generations of a flag are kept', () =>
    withStorage(() => {
      const store = new CellStore()
      store.add([cell({ flag: 'b' })])
      for (const generation of [1, 2, 3, 4, 5]) store.add([cell({ generation })])
      const kept = (from: CellStore) =>
        from
          .all()
          .map(({ flag, generation }) => `${flag}${generation}`)
          .toSorted()
      expect(kept(store)).toEqual(['a1', 'a2', 'a3', 'a4', 'a5', 'b1'])
      store.add([cell({ generation: 6 })])
      const six = ['a2', 'a3', 'a4', 'a5', 'a6', 'b1']
      expect(kept(store)).toEqual(six)
    }))
})

describe('points over time', () => {
  const context = { generation: 1, stage: 0, percentage: 5, wealth: null }
  const minute = 60_000

  it('are there once they end, with what the rollout was doing, and add up all counts of the flag', () =>
    withStorage(({ sql }) => {
      const store = new SeriesStore(sql)
      store.add([cell({ requests: 3 }), cell({ requests: 4 })], 1_000)
      store.close(4_999, () => context)
      expect(store.since('a', 0, 4_999).points).toEqual([])
      store.close(5_000, () => context)
      const { stepMs, points } = store.since('a', 0, 5_000)
      expect(stepMs).toBe(5_000)
      expect(points).toMatchObject([{ atMs: 0, ...context, canary: { requests: 7 } }])
      expect(store.since('b', 0, 5_000).points).toEqual([])
      expect(store.since('a', 1, 5_000).points).toEqual([])
    }))

  it('begin anew after each end, and a quiet flag has none', () =>
    withStorage(({ sql }) => {
      const store = new SeriesStore(sql)
      for (const atMs of [0, 5_000]) {
        store.add([cell()], atMs)
        store.close(atMs + 5_000, () => context)
      }
      for (let atMs = 15_000; atMs <= 5 * minute; atMs += 5_000) store.close(atMs, () => context)
      const points = store.since('a', 0, 5 * minute).points.filter(({ canary }) => canary.requests > 0)
      expect(points.map(({ atMs, canary }) => [atMs, canary.requests])).toEqual([
        [0, 1],
        [5_000, 1],
      ])
      const before = store.since('a', 0, 5 * minute).points.length
      store.close(6 * minute, () => context)
      expect(store.since('a', 0, 6 * minute).points).toHaveLength(before)
    }))

  it('reach back a day in wide points, and older ones are overwritten', () =>
    withStorage(({ sql }) => {
      const store = new SeriesStore(sql)
      for (let atMs = 0; atMs < 2_880 * minute; atMs += 5 * minute) {
        store.add([cell()], atMs)
        store.close(atMs + minute, () => context)
      }
      const { stepMs, points } = store.since('a', 1_440 * minute, 2_880 * minute)
      expect([stepMs, points.length]).toEqual([minute, 288])
      expect(points.map(({ atMs }) => atMs)).toEqual(points.map((_, index) => (1_440 + 5 * index) * minute))
      const rows = sql.exec<{ step_ms: number }>('SELECT step_ms FROM points').toArray()
      const ofWidth = (width: number) => rows.filter(({ step_ms }) => step_ms === width).length
      expect([ofWidth(5_000), ofWidth(minute)]).toEqual([4, 145])
    }))

  it('go on after a restart with what the open blocks have, which are written once they are full', () =>
    withStorage(({ sql }) => {
      const store = new SeriesStore(sql)
      const visit = (of: SeriesStore, atMs: number) => {
        of.close(atMs, () => context)
        of.add([cell()], atMs)
        of.close(atMs + 5_000, () => context)
      }
      visit(store, 0)
      const restarted = new SeriesStore(sql)
      restarted.restore('a', JSON.parse(JSON.stringify(store.blocksOf('a'))))
      visit(restarted, 5_000)
      const times = (of: SeriesStore) =>
        of
          .since('a', 0, 15 * minute)
          .points.filter(({ canary }) => canary.requests > 0)
          .map(({ atMs }) => atMs)
      expect(times(restarted)).toEqual([0, 5_000])
      expect(sql.exec('SELECT * FROM points').toArray()).toEqual([])
      visit(restarted, 11 * minute)
      expect(times(restarted)).toEqual([0, 5_000, 11 * minute])
      expect(times(new SeriesStore(sql))).toEqual([0, 5_000])
    }))
})

describe('samples', () => {
  const sample = (visitor: string, atMs: number) =>
    ({ visitor, atMs, attributes: {}, hashed: {}, held: {} }) as unknown as DecisionSample

  it('are the newest of each visitor, the newest first, none older than a day', () =>
    withStorage(({ sql }) => {
      const ring = new SampleRing(new TextStore(sql))
      ring.add([sample('a', 1), sample('b', 2), sample('a', 3)], 1_000_000)
      expect(ring.all(3).map(({ visitor, atMs }) => [visitor, atMs])).toEqual([
        ['a', 3],
        ['b', 2],
      ])
      const day = 86_400_000
      expect([2, 3].map((atMs) => ring.all(day + atMs).length)).toEqual([1, 0])
      expect(ring.all(day + 1)).toHaveLength(2)
    }))

  it('are saved at most every five minutes, and read after a restart', () =>
    withStorage(({ sql }) => {
      const texts = new TextStore(sql)
      const saved = () => new SampleRing(texts).all(0).map(({ visitor }) => visitor)
      const ring = new SampleRing(texts)
      ring.add([], 1_000_000)
      expect(texts.get('samples')).toBeUndefined()
      ring.add([sample('a', 0)], 1_000_000)
      expect(saved()).toEqual(['a'])
      ring.add([sample('b', 0)], 1_299_999)
      expect(saved()).toEqual(['a'])
      ring.add([sample('c', 0)], 1_300_000)
      expect(saved()).toEqual(['c', 'b', 'a'])
      ring.add([sample('d', 1_700_000)], 1_700_000)
      const restarted = new SampleRing(texts)
      restarted.add([sample('e', 1_999_999)], 1_999_999)
      expect(saved()[0]).toBe('d')
      restarted.add([sample('f', 2_000_000)], 2_000_000)
      expect(saved()).toEqual(['f', 'e', 'd', 'c', 'b', 'a'])
    }))

  it('are of 5,000 visitors at most; once there are so many, fewer are wanted', () =>
    withStorage(({ sql }) => {
      const ring = new SampleRing(new TextStore(sql))
      expect([0, 1, 3].map((shards) => ring.wantedFrom(shards))).toEqual([100, 100, 34])
      ring.add(
        Array.from({ length: 4_999 }, (_, index) => sample(`v${index}`, 0)),
        0,
      )
      expect(ring.wantedFrom(1)).toBe(100)
      ring.add([sample('new', 0)], 0)
      expect([1, 3].map((shards) => ring.wantedFrom(shards))).toEqual([10, 4])
      ring.add([sample('newest', 0)], 0)
      const visitors = ring.all(0).map(({ visitor }) => visitor)
      expect([visitors.length, visitors[0], visitors.at(-1)]).toEqual([5_000, 'newest', 'v1'])
    }))
})

describe('times of flags', () => {
  const flags = (enabled: Readonly<Record<string, boolean>>): Snapshot['flags'] => {
    const rules = [{ serve: 'on', stages: [{ percentage: 5 }, { percentage: 100 }] }]
    const flag = { variants: { on: true, off: false }, off: 'off', rules }
    const parsed = parseDocumentValue({
      origins: { old: { url: 'http://old.test' } },
      routes: [{ path: '/*', origin: 'old' }],
      flags: Object.fromEntries(
        Object.entries(enabled).map(([key, each]) => [key, { ...flag, enabled: each }]),
      ),
    })
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
    return compileSnapshot(parsed.value).flags
  }
  const state = INITIAL_CONTROL_STATE
  const day = 86_400_000

  it('begin with the document that brings a flag, and end with the one that removes it', () =>
    withStorage(({ sql }) => {
      const log = new FlagLog(sql)
      expect(log.timesOf('a', 7)).toEqual({ knownSinceMs: 7, lastSeenMs: null, settledSinceMs: null })
      log.noteAll(flags({ a: true, b: true }), state, day)
      log.noteAll(flags({ a: true }), state, 2 * day)
      const restarted = new FlagLog(sql)
      expect(restarted.timesOf('a', 9 * day)).toMatchObject({ knownSinceMs: day })
      expect(restarted.timesOf('b', 9 * day)).toMatchObject({ knownSinceMs: 9 * day })
      expect(log.timesOf('b', 9 * day)).toMatchObject({ knownSinceMs: 9 * day })
    }))

  it('say since when a flag is settled, from the change on and not again with each document', () =>
    withStorage(({ sql }) => {
      const log = new FlagLog(sql)
      const settledAt = (enabled: boolean, nowMs: number) => {
        log.noteAll(flags({ a: enabled }), state, nowMs)
        expect(new FlagLog(sql).timesOf('a', 0)).toEqual(log.timesOf('a', 0))
        return log.timesOf('a', nowMs).settledSinceMs
      }
      expect([
        settledAt(true, day),
        settledAt(false, 2 * day),
        settledAt(false, 3 * day),
        settledAt(true, 4 * day),
        settledAt(false, 5 * day),
      ]).toEqual([null, 2 * day, 2 * day, null, 5 * day])
      expect(log.timesOf('a', 0).knownSinceMs).toBe(day)
    }))

  it('follow the control state: a flag that is finished is settled', () =>
    withStorage(({ sql }) => {
      const log = new FlagLog(sql)
      const finished = { ...state, flags: { a: { generation: 1, stage: 1, finished: true } } }
      const a = flags({ a: true }).get('a')
      if (a === undefined) throw new Error('a is missing')
      log.note(a, state, day)
      log.note(a, finished, 2 * day)
      expect(log.timesOf('a', 0)).toEqual({ knownSinceMs: day, lastSeenMs: null, settledSinceMs: 2 * day })
    }))

  it('know the last use of flags of the document, and write it at most once an hour', () =>
    withStorage(({ sql }) => {
      const log = new FlagLog(sql)
      log.noteAll(flags({ a: true, b: true }), state, day)
      const seenAfter = (nowMs: number) => {
        log.noteSeen(['unknown', 'a'], nowMs)
        return new FlagLog(sql).timesOf('a', 0).lastSeenMs
      }
      const hour = 3_600_000
      expect([day, day + hour - 1].map(seenAfter)).toEqual([day, day])
      expect(log.timesOf('a', 0).lastSeenMs).toBe(day + hour - 1)
      expect(seenAfter(day + hour)).toBe(day + hour)
      log.restoreSeen('a', day)
      expect(log.timesOf('a', 0).lastSeenMs).toBe(day + hour)
      log.restoreSeen('a', day + hour + 1)
      expect(log.timesOf('a', 0).lastSeenMs).toBe(day + hour + 1)
      expect(log.timesOf('a', 0).knownSinceMs).toBe(day)
      expect(log.timesOf('b', 0).lastSeenMs).toBeNull()
      expect(log.timesOf('unknown', 0).lastSeenMs).toBeNull()
    }))
})
