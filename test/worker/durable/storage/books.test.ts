/** The books: all of one moment, over a crash, an upgrade, and a downgrade that was followed by an upgrade. */
import { describe, expect, it } from 'vitest'
import { type Cell, emptyCell } from '../../../../src/core/counters/cell.ts'
import { EMPTY_WINDOW } from '../../../../src/core/counters/sequence.ts'
import { initialGuardState } from '../../../../src/core/guard/index.ts'
import { makeParts } from '../../support/parts.ts'
import { withStorage } from '../../support/storage.ts'

const KEY = { flag: 'a', variant: 'on', arm: 'canary' as const, generation: 1, stage: 0 }
const cell = (more: Partial<Cell> = {}): Cell => ({ ...emptyCell(KEY), requests: 1, ...more })
const forward = (seq: number, shard = 'AAA') => ({
  ...{ seq, shard, epoch: 0, cells: [], isolates: [], documentVersion: 0, samples: [] },
})
const requestsOf = ({ cells }: { cells: { all(): Cell[] } }) =>
  cells.all().map(({ flag, requests }) => `${flag} ${requests}`)
const guard = initialGuardState({ generation: 1, stage: 0, percentage: 5, atMs: 7 })

/** What a Controller of release 0.1 has in its storage. */
function writeAsBefore({ sql }: DurableObjectStorage, requests: number, highest: number) {
  for (const table of ['cells (id', 'shards (name'])
    sql.exec(`CREATE TABLE IF NOT EXISTS ${table} TEXT PRIMARY KEY, data TEXT NOT NULL) WITHOUT ROWID`)
  const shard = { shard: 'AAA', epoch: 0, isolates: [], seenAtMs: Date.now(), window: { highest, seen: 1 } }
  sql.exec("INSERT OR REPLACE INTO cells VALUES ('a on canary 1 0', ?)", JSON.stringify(cell({ requests })))
  sql.exec("INSERT OR REPLACE INTO shards VALUES ('AAA', ?)", JSON.stringify(shard))
  const text = JSON.stringify(guard)
  sql.exec("INSERT OR REPLACE INTO texts (name, part, text) VALUES ('guard a', 0, ?)", text)
}

describe('the books', () => {
  it('after a crash are of the moment of the last save: counts, evidence and numbers', () =>
    withStorage((storage) => {
      const before = makeParts(storage)
      const take = (seq: number, requests: number) => {
        before.shards.take(forward(seq), 10)
        before.cells.add([cell({ requests })])
        before.books.note(['a'])
      }
      take(1, 1)
      before.books.setGuard('a', guard)
      before.books.save(10)
      take(2, 10)
      before.books.setGuard('a', { ...guard, lastAtMs: 99 })
      const after = makeParts(storage)
      expect(requestsOf(after)).toEqual(['a 1'])
      expect(after.books.guardOf('a')).toEqual(guard)
      // The shard has no answer to its second batch, and sends it again.
      expect([1, 2].map((seq) => after.shards.take(forward(seq), 20))).toEqual([false, true])
    }))

  it('are written where something has changed, flag by flag, and no sooner than the pace says', () =>
    withStorage(({ sql, ...rest }) => {
      const storage = { sql, ...rest } as DurableObjectStorage
      storage.transactionSync = <T>(work: () => T) => work()
      const { books, cells, texts } = makeParts(storage)
      expect(books.dueMs(5_000)).toBeUndefined()
      cells.add([cell(), cell({ flag: 'b' })])
      books.note(['a', 'b'])
      books.save(1_000)
      books.note(['b'])
      expect(books.dueMs(5_000)).toBe(6_000)
      texts.remove('book a')
      texts.remove('book b')
      books.save(6_000)
      expect(texts.namesWith('book ')).toEqual(['book b'])
      expect(books.dueMs(5_000)).toBeUndefined()
    }))

  it('take over what an older release has stored, and leave it nothing to trip over', () =>
    withStorage((storage) => {
      makeParts(storage)
      writeAsBefore(storage, 5, 40)
      const upgraded = makeParts(storage)
      expect(requestsOf(upgraded)).toEqual(['a 5'])
      expect(upgraded.books.guardOf('a')).toEqual(guard)
      expect([40, 41].map((seq) => upgraded.shards.take(forward(seq), 20))).toEqual([false, true])
      const left = storage.sql
        .exec(
          'SELECT id FROM cells UNION SELECT name FROM shards UNION SELECT name FROM texts WHERE name LIKE ?',
          'guard%',
        )
        .toArray()
      expect(left).toEqual([])
      expect(requestsOf(makeParts(storage))).toEqual(['a 5'])
    }))

  it('after a downgrade and an upgrade go on from what the older release has counted', () =>
    withStorage((storage) => {
      const first = makeParts(storage)
      first.cells.add([cell({ requests: 7 })])
      first.shards.take(forward(1_000), 10)
      first.books.note(['a'])
      first.books.save(10)
      // The older release has begun anew.
      writeAsBefore(storage, 2, 3)
      const again = makeParts(storage)
      expect(requestsOf(again)).toEqual(['a 2'])
      expect(again.shards.take(forward(4), 20)).toBe(true)
      expect(EMPTY_WINDOW.highest).toBe(0)
    }))
})
