/** Logs in storage: what they keep, in which order, how much of it, and that a restart loses none. */

import { describe, expect, it } from 'vitest'
import type { ForwardMessage } from '../../../../src/core/counters/protocol.ts'
import type { AuditRecord } from '../../../../src/core/rollout/audit.ts'
import { AuditLog } from '../../../../src/durable/storage/audit-log.ts'
import { FeedbackLog } from '../../../../src/durable/storage/feedback-log.ts'
import { InternalErrorLog } from '../../../../src/durable/storage/internal-error-log.ts'
import { ShardLog } from '../../../../src/durable/storage/shard-log.ts'
import { TextStore } from '../../../../src/durable/storage/text-store.ts'
import { withStorage } from '../../support/storage.ts'

describe('texts', () => {
  it('are read as they were written, however long, and by their name', () =>
    withStorage(({ sql }) => {
      const texts = new TextStore(sql)
      for (const length of [0, 1, 499_999, 500_000, 500_001, 1_700_000]) {
        const text = 'ab'.repeat(Math.ceil(length / 2)).slice(0, length)
        texts.put('long', text)
        texts.put('other', 'other')
        const read = new TextStore(sql)
        expect(read.get('long') === text, String(length)).toBe(true)
        expect(read.get('other')).toBe('other')
      }
    }))

  it('have at most 500,000 characters per row, so that no row is too large for SQLite', () =>
    withStorage(({ sql }) => {
      const texts = new TextStore(sql)
      texts.put('long', 'x'.repeat(1_000_001))
      const rows = sql.exec<{ part: number; size: number }>(
        "SELECT part, LENGTH(text) AS size FROM texts WHERE name = 'long' ORDER BY part",
      )
      expect(rows.toArray()).toEqual([
        { part: 0, size: 500_000 },
        { part: 1, size: 500_000 },
        { part: 2, size: 1 },
      ])
    }))

  it('leave nothing of a longer one, and nothing once removed', () =>
    withStorage(({ sql }) => {
      const texts = new TextStore(sql)
      texts.put('text', 'x'.repeat(1_200_000))
      texts.put('text', 'short')
      expect(texts.get('text')).toBe('short')
      texts.put('kept', 'kept')
      texts.remove('text')
      expect([texts.get('text'), texts.getJson('text'), texts.get('kept')]).toEqual([
        undefined,
        undefined,
        'kept',
      ])
    }))

  it('hold JSON', () =>
    withStorage(({ sql }) => {
      const texts = new TextStore(sql)
      texts.putJson('value', { a: [1, null] })
      expect(texts.getJson('value')).toEqual({ a: [1, null] })
    }))
})

describe('the audit log', () => {
  const record = (flag: string | undefined, atMs: number): AuditRecord => ({
    atMs,
    actor: 'Ada',
    action: 'pause',
    flag,
    reason: 'because',
    evidence: undefined,
    before: null,
    after: null,
  })

  it('gives pages, newest first, of all flags or of one', () =>
    withStorage(({ sql }) => {
      const told: unknown[] = []
      const log = new AuditLog(sql, ({ flag }) => told.push(flag))
      for (const [index, flag] of ['a', 'b', 'a', undefined, 'a'].entries()) log.append(record(flag, index))
      expect(told).toEqual(['a', 'b', 'a', undefined, 'a'])
      const idsOf = (page: Parameters<AuditLog['latest']>[0]) =>
        new AuditLog(sql).latest(page).map(({ id }) => id)
      expect(idsOf({ limit: 10 })).toEqual([5, 4, 3, 2, 1])
      expect(idsOf({ limit: 2 })).toEqual([5, 4])
      expect(idsOf({ limit: 2, before: 4 })).toEqual([3, 2])
      expect(idsOf({ limit: 2, flag: 'a' })).toEqual([5, 3])
      expect(idsOf({ limit: 2, flag: 'a', before: 5 })).toEqual([3, 1])
      expect(idsOf({ limit: 2, flag: 'nowhere' })).toEqual([])
      expect(log.latest({ limit: 1 })).toEqual([{ id: 5, ...record('a', 4) }])
    }))

  it('gives what one actor did, and what is of some kind', () =>
    withStorage(({ sql }) => {
      const log = new AuditLog(sql)
      const did = [
        ['Ada', 'kill'],
        ['Ben', 'kill'],
        ['Ada', 'unkill'],
        ['Ada', 'kill-list'],
      ] as const
      for (const [actor, action] of did) log.append({ ...record('a', 1), actor, action })
      const idsOf = (page: object) => log.latest({ limit: 10, ...page }).map(({ id }) => id)
      expect(idsOf({ actor: 'Ada' })).toEqual([4, 3, 1])
      expect(idsOf({ actions: 'kill' })).toEqual([2, 1])
      expect(idsOf({ actions: 'unkill,kill' })).toEqual([3, 2, 1])
      expect(idsOf({ actor: 'Ada', actions: 'kill,kill-list', before: 4, flag: 'a' })).toEqual([1])
      expect(idsOf({ actor: 'ada' })).toEqual([])
    }))
})

describe('feedback', () => {
  const entry = (flag: string, variant: string, text: string) => ({ atMs: 7, flag, variant, text })

  it('gives pages, newest first, of a flag, of a variant, or of all', () =>
    withStorage(({ sql }) => {
      const log = new FeedbackLog(sql)
      log.add([entry('a', 'on', '1'), entry('a', 'off', '2'), entry('b', 'on', '3')])
      const textsOf = (page: Partial<Parameters<FeedbackLog['latest']>[0]>) =>
        log.latest({ limit: 10, ...page }).map(({ text }) => text)
      expect(textsOf({})).toEqual(['3', '2', '1'])
      expect(textsOf({ limit: 2 })).toEqual(['3', '2'])
      expect(textsOf({ before: 3 })).toEqual(['2', '1'])
      expect(textsOf({ flag: 'a' })).toEqual(['2', '1'])
      expect(textsOf({ variant: 'on' })).toEqual(['3', '1'])
      expect(textsOf({ flag: 'a', variant: 'on' })).toEqual(['1'])
      expect(log.latest({ limit: 1 })).toEqual([{ id: 3, ...entry('b', 'on', '3') }])
    }))

  it('of one network pushes out its own, never that of others', () =>
    withStorage(({ sql }) => {
      const log = new FeedbackLog(sql)
      const of = (network: string, count: number) =>
        log.add(
          Array.from({ length: count }, (_, n) => ({ ...entry('a', 'on', `${network} ${n}`), network })),
        )
      for (let n = 0; n < 30; n++) of(`home ${n}`, 1)
      of('enemy', 1_100)
      of('late', 2)
      const kept = log.latest({ limit: 5_000 }).map(({ text }) => text)
      expect(kept).toHaveLength(1_000)
      expect(kept.filter((text) => text.startsWith('home'))).toHaveLength(30)
      expect(kept.filter((text) => text.startsWith('late'))).toHaveLength(2)
      expect(kept.filter((text) => text.startsWith('enemy')).at(-1)).toBe('enemy 132')
      expect(log.latest({ limit: 1 })[0]).not.toHaveProperty('network')
    }))

  it('is not read again for each entry', () =>
    withStorage(({ sql }) => {
      const fill = Array.from({ length: 1_000 }, (_, n) => ({
        ...entry('a', 'on', String(n)),
        network: `n${n % 7}`,
      }))
      new FeedbackLog(sql).add(fill)
      let rowsRead = 0
      const counted = {
        exec: (...query: Parameters<SqlStorage['exec']>) => {
          const cursor = sql.exec(...query)
          const rows = cursor.toArray()
          rowsRead += cursor.rowsRead
          return { one: () => rows[0], toArray: () => rows, [Symbol.iterator]: () => rows.values() }
        },
      } as unknown as SqlStorage
      const log = new FeedbackLog(counted)
      for (let n = 0; n < 500; n++) log.add([{ ...entry('a', 'on', `more ${n}`), network: `n${n % 7}` }])
      // Of the thousand that are there, once, with their index; and of each that comes and goes.
      expect(rowsRead).toBeLessThan(5_000)
      expect(log.latest({ limit: 5_000 })).toHaveLength(1_000)
    }))

  it('from before networks were noted is kept', () =>
    withStorage(({ sql }) => {
      sql.exec(
        'CREATE TABLE feedback (id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, flag TEXT NOT NULL, variant TEXT NOT NULL, text TEXT NOT NULL)',
      )
      sql.exec("INSERT INTO feedback (at_ms, flag, variant, text) VALUES (7, 'a', 'on', 'old')")
      new FeedbackLog(sql).add([{ ...entry('a', 'on', 'new'), network: 'n' }])
      expect(new FeedbackLog(sql).latest({ limit: 5 }).map(({ text }) => text)).toEqual(['new', 'old'])
    }))

  it('keeps the newest 1,000 of each flag', () =>
    withStorage(({ sql }) => {
      const log = new FeedbackLog(sql)
      log.add([entry('quiet', 'on', 'first of all')])
      log.add(Array.from({ length: 1_001 }, (_, index) => entry('busy', 'on', String(index))))
      const busy = log.latest({ limit: 5_000, flag: 'busy' })
      expect([busy.length, busy[0]?.text, busy.at(-1)?.text]).toEqual([1_000, '1000', '1'])
      expect(log.latest({ limit: 5_000, flag: 'quiet' })).toHaveLength(1)
    }))
})

describe('internal errors', () => {
  const error = { place: 'kv.read', count: 2, firstAtMs: 5, lastAtMs: 9, message: 'Error: no' }

  it('are added up by place, also over a restart', () =>
    withStorage(({ sql }) => {
      const texts = new TextStore(sql)
      const log = new InternalErrorLog(texts)
      log.add()
      log.add([])
      expect(texts.get('internal errors')).toBeUndefined()
      log.add([error])
      expect(log.isChanged).toBe(true)
      log.save()
      expect(log.isChanged).toBe(false)
      const restarted = new InternalErrorLog(texts)
      restarted.add([{ ...error, count: 1, lastAtMs: 11, message: 'Error: again' }])
      const all = [{ ...error, count: 3, lastAtMs: 11, message: 'Error: again' }]
      expect(restarted.all()).toEqual(all)
      expect(new InternalErrorLog(texts).all()).toEqual([error])
      restarted.save()
      expect(new InternalErrorLog(texts).all()).toEqual(all)
    }))
})

describe('the shards', () => {
  const message = (shard: string, seq: number, epoch = 3) => ({
    seq,
    shard,
    epoch,
    cells: [],
    isolates: [],
    documentVersion: 0,
    samples: [],
  })

  it('have each number counted once, also after a restart, and each shard by itself', () =>
    withStorage(() => {
      const log = new ShardLog()
      expect([1, 1, 3, 2, 3].map((seq) => log.take(message('AAA', seq), 10))).toEqual([
        true,
        false,
        true,
        true,
        false,
      ])
      expect(log.take(message('BBB', 1), 10)).toBe(true)
      const restarted = new ShardLog()
      restarted.restore(log.toData(20))
      expect([1, 3, 4].map((seq) => restarted.take(message('AAA', seq), 20))).toEqual([false, false, true])
    }))

  it('are active from their last forward on, also one that counted nothing', () =>
    withStorage(() => {
      const log = new ShardLog()
      log.take(message('AAA', 1), 10)
      log.take(message('BBB', 1), 20)
      expect([10, 11, 20, 21].map((sinceMs) => log.activeSince(sinceMs))).toEqual([
        ['AAA', 'BBB'],
        ['BBB'],
        ['BBB'],
        [],
      ])
      log.take(message('AAA', 1, 4), 30)
      const seen = { shard: 'AAA', epoch: 4, isolates: [], seenAtMs: 30 }
      expect(log.all()[0]).toEqual(seen)
      expect(log.all()).toEqual([seen, { shard: 'BBB', epoch: 3, isolates: [], seenAtMs: 20 }])
      const month = 30 * 86_400_000
      expect([month + 19, month + 20, month + 30].map((nowMs) => log.toData(nowMs).length)).toEqual([2, 1, 0])
    }))

  it('are stored with their isolates only where these are few', () => {
    const isolates = (count: number) =>
      Array.from({ length: count }, () => ({}) as ForwardMessage['isolates'][number])
    const stored = (counts: readonly number[]) => {
      const log = new ShardLog()
      counts.forEach((count, index) => {
        log.take({ ...message(`S${index}`, 1), isolates: isolates(count) }, 10)
      })
      return log.toData(10).map((shard) => shard.isolates.length)
    }
    expect([stored([20, 30]), stored([20, 31])]).toEqual([
      [20, 30],
      [0, 0],
    ])
  })
})
