/** A shard by a clock that the test turns: what it remembers, for how long, and when it forwards. */
import { describe, expect, it } from 'vitest'
import { type ControlState, INITIAL_CONTROL_STATE } from '../../../src/core/config/control.ts'
import type { DocumentTag } from '../../../src/core/config/document-tag.ts'
import { emptyCell } from '../../../src/core/counters/cell.ts'
import { PACES } from '../../../src/core/counters/load/pace.ts'
import { type FlushMessage, type FlushReply, PROTOCOL } from '../../../src/core/counters/protocol.ts'
import type { FailureSample } from '../../../src/core/counters/samples/failures.ts'
import { isNews, Shard } from '../../../src/core/counters/shard.ts'
import type { DecisionSample } from '../../../src/core/decision/sample.ts'

const NOW_MS = 1_000_000
const key = { flag: 'f', variant: 'on', arm: 'canary' as const, generation: 1, stage: 0 }
const requests = (count: number) => [{ ...emptyCell(key), requests: count }]
const stateOf = (epoch: number): ControlState => ({ ...INITIAL_CONTROL_STATE, epoch })
const tagOf = (version: number, atMs = version * 1_000): DocumentTag => ({
  version,
  hash: `hash-${version}`,
  atMs,
  replaced: [],
  inKv: true,
})
const samples = (count: number) => Array.from({ length: count }, () => ({}) as DecisionSample)
const error = (count: number) => ({
  place: 'kv.read',
  count,
  firstAtMs: 1,
  lastAtMs: 1,
  message: 'Error: broken',
})

function flush(parts: Partial<FlushMessage> = {}): FlushMessage {
  return {
    protocol: PROTOCOL,
    isolate: 'a',
    shard: 'FRA',
    shards: 1,
    seq: 1,
    cells: requests(1),
    epoch: 0,
    epochAtMs: 0,
    usedHash: '',
    documentHash: '',
    killHash: '',
    samples: [],
    ...parts,
  }
}

const emptyShard = () => new Shard({ outbox: undefined, state: undefined, tag: undefined })
const REPLY = { epoch: 0, state: undefined, document: undefined, intervalMs: 1_000, sampleQuota: 1 }

const requestsOf = (cells: readonly { requests: number }[]) =>
  cells.reduce((sum, cell) => sum + cell.requests, 0)

/** A shard that this many isolates have flushed to, once a second for 20 seconds. */
function busyShard(isolates: number, shards = 1) {
  const shard = emptyShard()
  let reply: FlushReply | undefined
  for (let second = 0; second <= 20; second++)
    for (let n = 0; n < isolates; n++) {
      const message = flush({ isolate: `i${n}`, seq: second + 1, cells: [], shards })
      reply = shard.take(message, NOW_MS + second * 1_000).reply
    }
  if (reply === undefined) throw new Error('No isolate has flushed')
  return { shard, reply }
}

describe('samples of what failed', () => {
  const failures = (count: number) => Array.from({ length: count }, () => ({}) as FailureSample)
  const forwarded = (...flushes: Partial<FlushMessage>[]) => {
    const shard = emptyShard()
    for (const each of flushes) shard.take(flush(each), NOW_MS)
    return shard.startForward('FRA', NOW_MS).failures
  }

  it('are forwarded once, with a flush that is sent again too', () => {
    const first = { seq: 1, failures: failures(3) }
    expect(forwarded(first, first, { seq: 2, failures: failures(1) })).toHaveLength(4)
    const shard = emptyShard()
    shard.take(flush(first), NOW_MS)
    shard.startForward('FRA', NOW_MS)
    shard.forwarded(1, REPLY, NOW_MS)
    shard.take(flush({ seq: 2 }), NOW_MS)
    expect(shard.startForward('FRA', NOW_MS)).not.toHaveProperty('failures')
  })

  it('are at most 200 between two forwards', () => {
    const flushes = [1, 2, 3].map((seq) => ({ seq, failures: failures(90) }))
    expect(forwarded(...flushes)).toHaveLength(200)
  })
})

describe('a flush', () => {
  it('counts once, however often it comes, and is remembered with its sender', () => {
    const shard = emptyShard()
    const first = shard.take(
      flush({ epoch: 3, epochAtMs: 9, usedHash: 'u', documentHash: 'd', killHash: 'k' }),
      NOW_MS,
    )
    const again = shard.take(flush(), NOW_MS + 1)
    const next = shard.take(flush({ seq: 2, cells: requests(4) }), NOW_MS + 2)
    expect(first.isolate).toEqual({
      window: { highest: 1, seen: 0xffffffff },
      sighting: {
        isolate: 'a',
        epoch: 3,
        epochAtMs: 9,
        usedHash: 'u',
        documentHash: 'd',
        killHash: 'k',
        seenAtMs: NOW_MS,
      },
      shards: 1,
      busyUntilMs: NOW_MS + 4_500,
    })
    expect(again.isolate.sighting.seenAtMs).toBe(NOW_MS + 1)
    expect(next.isolate.window.highest).toBe(2)
    const { seq, cells } = shard.startForward('FRA', NOW_MS)
    expect([seq, requestsOf(cells)]).toEqual([1, 5])
  })

  it('after a batch was sealed counts in the next one', () => {
    const shard = emptyShard()
    shard.take(flush({ internalErrors: [error(2)] }), NOW_MS)
    expect(shard.startForward('FRA', NOW_MS)).toMatchObject({ seq: 1, internalErrors: [error(2)] })
    shard.take(flush({ seq: 2, cells: requests(7), internalErrors: [error(1)] }), NOW_MS)
    shard.forwarded(1, REPLY, NOW_MS)
    const second = shard.startForward('FRA', NOW_MS)
    expect([second.seq, requestsOf(second.cells), second.internalErrors]).toEqual([2, 7, [error(1)]])
  })

  it('adds up the internal errors of its isolate and of the shard', () => {
    const shard = emptyShard()
    shard.take(flush({ internalErrors: [error(1)] }), NOW_MS)
    for (let time = 0; time < 2; time++) shard.take(flush({ seq: 2, internalErrors: [error(2)] }), NOW_MS)
    shard.noteInternalErrors([error(10)])
    expect(shard.startForward('FRA', NOW_MS).internalErrors).toEqual([error(13)])
  })
})

describe('a shard that starts again', () => {
  const restart = (data: ReturnType<Shard['snapshot']>, startedAtMs = NOW_MS) =>
    new Shard({ outbox: JSON.parse(JSON.stringify(data)), state: undefined, tag: undefined }, [], startedAtMs)

  it('sends what was stored under the number that it had, and what is new under another', () => {
    const before = emptyShard()
    before.take(flush({ cells: requests(3), internalErrors: [error(3)] }), NOW_MS)
    const again = restart(before.snapshot())
    again.take(flush({ seq: 2, cells: requests(4) }), NOW_MS)
    const first = again.startForward('FRA', NOW_MS)
    expect([first.seq, requestsOf(first.cells), first.internalErrors]).toEqual([1, 3, [error(3)]])
    again.forwarded(1, REPLY, NOW_MS)
    const { seq, cells } = again.startForward('FRA', NOW_MS)
    expect([seq > 1, requestsOf(cells)]).toEqual([true, 4])
  })

  it('uses no number that may have been used before: each row reserves 64', () => {
    const shard = emptyShard()
    expect(shard.mustStore).toBe(true)
    let stored = shard.snapshot()
    const used: number[] = []
    for (let n = 0; n < 200; n++) {
      if (shard.mustStore) stored = shard.snapshot()
      const { seq } = shard.startForward('FRA', NOW_MS)
      used.push(seq)
      shard.forwarded(seq, REPLY, NOW_MS)
      expect(stored.nextSeq).toBeGreaterThan(seq)
    }
    expect(new Set(used).size).toBe(200)
    const again = restart(stored)
    expect(again.mustStore).toBe(true)
    expect(again.startForward('FRA', NOW_MS).seq).toBeGreaterThan(Math.max(...used))
  })

  it('stores what is open once more before it gets its number, where a batch was on its way', () => {
    const shard = emptyShard()
    shard.take(flush({ cells: requests(1) }), NOW_MS)
    const { seq } = shard.startForward('FRA', NOW_MS)
    shard.take(flush({ seq: 2, cells: requests(5) }), NOW_MS)
    expect(shard.snapshot()).toMatchObject({ open: requests(5), sealed: { seq, cells: requests(1) } })
    expect(shard.mustStore).toBe(false)
    shard.forwarded(seq, REPLY, NOW_MS)
    expect(shard.mustStore).toBe(true)
    expect(shard.snapshot()).toMatchObject({ open: [], sealed: { seq: seq + 1, cells: requests(5) } })
    expect(shard.mustStore).toBe(false)
  })

  it('does not take a flush again that the object before it may have taken', () => {
    const sentAt = (repeatedSinceMs: number) => {
      const shard = restart(emptyShard().snapshot())
      shard.take(flush({ repeatedSinceMs, seq: 5 }), NOW_MS + 500)
      return requestsOf(shard.startForward('FRA', NOW_MS + 500).cells)
    }
    // Clocks differ; one that was sent while this object started has come to no other.
    expect([-1_000, -251, -250, 100].map((ms) => sentAt(NOW_MS + ms))).toEqual([0, 0, 1, 1])
    const shard = restart(emptyShard().snapshot())
    shard.take(flush({ seq: 5 }), NOW_MS)
    // Of an isolate that is known, the numbers tell.
    shard.take(flush({ seq: 6, repeatedSinceMs: 0 }), NOW_MS)
    shard.take(flush({ seq: 4, repeatedSinceMs: 0 }), NOW_MS)
    expect(requestsOf(shard.startForward('FRA', NOW_MS).cells)).toBe(2)
  })

  it('takes over what an older release has stored with its isolates', () => {
    const shard = restart({ nextSeq: 7, open: [], sealed: undefined })
    expect(shard.nextSeq).toBe(7)
    shard.addStored(requests(3), [error(1)])
    expect(shard.snapshot()).toMatchObject({
      sealed: { seq: 7, cells: requests(3), internalErrors: [error(1)] },
    })
  })
})

describe('the reply to a flush', () => {
  it('has the state and the document only where the isolate lacks them', () => {
    const shard = emptyShard()
    shard.adoptState(stateOf(5))
    shard.adoptTag(tagOf(2))
    const reply = (epoch: number, usedHash: string) => shard.replyTo(flush({ epoch, usedHash }), NOW_MS)
    expect(reply(4, 'hash-1')).toMatchObject({ epoch: 5, state: stateOf(5), document: tagOf(2) })
    expect(reply(5, 'hash-2')).toMatchObject({ epoch: 5, state: undefined, document: undefined })
    expect(reply(6, 'hash-2').state).toBeUndefined()
  })

  it('has the document for one that KV has shown a refused text since', () => {
    const shard = emptyShard()
    const tag = { ...tagOf(2), atMs: 1_000, replaced: ['refused'] }
    shard.adoptTag(tag)
    const reply = (documentHash: string, kvReadAtMs: number) =>
      shard.replyTo(flush({ epoch: 0, usedHash: tag.hash, documentHash, kvReadAtMs }), NOW_MS).document
    expect(reply('refused', 1_001)).toEqual(tag)
    // What it read before is only older.
    expect(reply('refused', 1_000)).toBeUndefined()
    expect(reply(tag.hash, 1_001)).toBeUndefined()
  })

  it('is news when it has either, or another number of shards', () => {
    const reply = {
      epoch: 1,
      state: undefined,
      document: undefined,
      intervalMs: 1,
      shards: 2,
      sampleQuota: 1,
    }
    expect(isNews(reply, flush({ shards: 2 }))).toBe(false)
    expect(isNews(reply, flush({ shards: 1 }))).toBe(true)
    expect(isNews({ ...reply, state: stateOf(1) }, flush({ shards: 2 }))).toBe(true)
    expect(isNews({ ...reply, document: tagOf(1) }, flush({ shards: 2 }))).toBe(true)
  })

  it('spaces flushes by the isolates that are there, and forgets those that fell silent', () => {
    expect(busyShard(1).reply).toMatchObject({ intervalMs: 1_800, shards: 1, sampleQuota: 20 })
    const { shard, reply } = busyShard(4)
    expect(reply).toMatchObject({ intervalMs: 1_800, shards: 1, sampleQuota: 5 })
    // 2.5 intervals of 1.8 s after the last flush, rounded up to a second.
    const later = (ms: number) => shard.replyTo(flush(), NOW_MS + 20_000 + ms).sampleQuota
    expect([0, 4_999, 5_000].map(later)).toEqual([5, 5, 20])
  })

  it('says how many isolates the location has, over all of its shards', () => {
    expect([busyShard(1), busyShard(4)].map(({ reply }) => reply.inColo)).toEqual([1, 4])
    expect(emptyShard().take(flush({ shards: 4 }), NOW_MS).reply.inColo).toBe(4)
  })

  it('adds shards at once and takes them away only once it is settled', () => {
    const grown = busyShard(201).reply
    expect(grown).toMatchObject({ shards: 2, intervalMs: 1_800 })
    const young = emptyShard()
    const shardsAt = (second: number) =>
      young.take(flush({ seq: second + 1, shards: 4 }), NOW_MS + second * 1_000).reply.shards
    expect([0, 5, 9, 10].map(shardsAt)).toEqual([4, 4, 4, 1])
    // After a pause of more than 10 s it can't tell again.
    expect([20, 31, 40, 41].map(shardsAt)).toEqual([1, 4, 4, 1])
  })
})

describe('samples', () => {
  it('are taken up to the quota, and forwarded once', () => {
    const shard = emptyShard()
    shard.take(flush({ samples: samples(15) }), NOW_MS)
    shard.take(flush({ seq: 2, samples: samples(15) }), NOW_MS)
    expect(shard.startForward('FRA', NOW_MS).samples).toHaveLength(20)
    shard.forwarded(1, { ...REPLY, sampleQuota: 3 }, NOW_MS)
    expect(shard.startForward('FRA', NOW_MS).samples).toHaveLength(0)
    shard.take(flush({ seq: 3, samples: samples(15) }), NOW_MS)
    expect(shard.startForward('FRA', NOW_MS).samples).toHaveLength(3)
  })
})

describe('forwarding', () => {
  const reply = { epoch: 0, state: undefined, document: undefined, intervalMs: 5_000, sampleQuota: 1 }

  it('is due at once, then as the pace says, and never sooner than the Controller can take it', () => {
    const shard = emptyShard()
    expect(shard.forwardDueMs).toBeUndefined()
    shard.take(flush(), NOW_MS)
    expect(shard.forwardDueMs).toBeLessThan(NOW_MS)
    const { seq } = shard.startForward('FRA', NOW_MS)
    shard.take(flush({ seq: 2 }), NOW_MS)
    expect(shard.forwardDueMs).toBeUndefined()
    shard.forwarded(seq, { ...REPLY, pace: PACES.live }, NOW_MS)
    expect(shard.forwardDueMs).toBe(NOW_MS + 10_000)
    shard.adoptPace({ ...PACES.live, forwardMs: 2_000 })
    expect(shard.forwardDueMs).toBe(NOW_MS + 2_000)
    shard.adoptPace(undefined)
    shard.forwarded(0, reply, NOW_MS)
    // Of an older release: no pace.
    expect(shard.forwardDueMs).toBe(NOW_MS + 5_000)
  })

  it('is urgent with failures of the canary, ten requests, and what an operator waits for', () => {
    const dueInMs = (parts: Partial<FlushMessage>) => {
      const shard = emptyShard()
      shard.take(flush({ cells: [] }), NOW_MS)
      shard.forwarded(shard.startForward('FRA', NOW_MS).seq, { ...REPLY, pace: PACES.live }, NOW_MS)
      shard.take(flush({ seq: 2, ...parts }), NOW_MS)
      return (shard.forwardDueMs ?? Number.NaN) - NOW_MS
    }
    const failed = (arm: 'canary' | 'control') => ({
      cells: [
        { ...emptyCell({ ...key, arm }), requests: 1, errors: { ...emptyCell(key).errors, status: 1 } },
      ],
    })
    expect([failed('canary'), failed('control')].map(dueInMs)).toEqual([1_000, 10_000])
    expect([{ cells: requests(9) }, { cells: requests(10) }].map(dueInMs)).toEqual([10_000, 1_000])
    expect([{ epoch: 1 }, { killHash: 'k' }, { documentHash: 'd' }].map(dueInMs)).toEqual([
      1_000, 1_000, 1_000,
    ])
  })

  it('is waited for where it is due within a second, or many isolates flush; not while the Controller is away', () => {
    const { shard } = busyShard(7)
    const nowMs = NOW_MS + 20_000
    expect([1_000, 1_001].map((ms) => shard.waitsFor(ms, nowMs))).toEqual([true, false])
    expect(busyShard(8).shard.waitsFor(9_000, nowMs)).toBe(true)
    shard.forwardFailed()
    expect([shard.waitsFor(1, nowMs), shard.isFailing]).toEqual([false, true])
  })

  it('tells isolates how old the view of KV is that the Controller has', () => {
    const shard = emptyShard()
    expect(shard.replyTo(flush(), NOW_MS).kvAgeMs).toBeUndefined()
    shard.forwarded(0, { ...REPLY, kvAgeMs: 4_000 }, NOW_MS)
    expect(shard.replyTo(flush(), NOW_MS + 6_000).kvAgeMs).toBe(10_000)
    shard.forwarded(0, REPLY, NOW_MS)
    expect(shard.replyTo(flush(), NOW_MS).kvAgeMs).toBeUndefined()
  })

  it('is tried again with growing delays, the same batch until it has arrived', () => {
    const shard = emptyShard()
    shard.take(flush(), NOW_MS)
    const waits = [1, 2, 3, 4, 5, 6, 7].map((attempt) => {
      const { seq, cells } = shard.startForward('FRA', NOW_MS + attempt)
      expect([seq, requestsOf(cells)]).toEqual([1, 1])
      shard.forwardFailed()
      return (shard.forwardDueMs ?? 0) - NOW_MS - attempt
    })
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
    shard.startForward('FRA', NOW_MS)
    shard.forwarded(1, reply, NOW_MS)
    shard.take(flush({ seq: 2 }), NOW_MS)
    expect(shard.forwardDueMs).toBe(NOW_MS + 5_000)
  })

  it('tells the Controller when an isolate has adopted a state, though there is nothing to count', () => {
    const shard = emptyShard()
    shard.take(flush({ cells: [] }), NOW_MS)
    expect(shard.forwardDueMs).toBeUndefined()
    shard.take(flush({ seq: 2, cells: [], epoch: 1 }), NOW_MS)
    expect(shard.forwardDueMs).toBeDefined()
    shard.forwarded(shard.startForward('FRA', NOW_MS).seq, reply, NOW_MS)
    expect(shard.forwardDueMs).toBeUndefined()
  })

  it('names the shard, what it holds, and the isolates of the last minute', () => {
    const shard = emptyShard()
    shard.adoptState(stateOf(4))
    shard.adoptTag(tagOf(3))
    shard.take(flush({ isolate: 'old', cells: [] }), NOW_MS)
    shard.take(flush({ isolate: 'new' }), NOW_MS + 1)
    expect(shard.startForward('FRA#2', NOW_MS + 60_000)).toMatchObject({
      protocol: PROTOCOL,
      seq: 1,
      shard: 'FRA#2',
      epoch: 4,
      documentVersion: 3,
      isolates: [{ isolate: 'new' }],
    })
  })
})

describe('what a shard holds', () => {
  it('is the state of the highest epoch, whichever comes last', () => {
    const shard = emptyShard()
    expect([5, 5, 4, 6].map((epoch) => shard.adoptState(stateOf(epoch)))).toEqual([true, false, false, true])
    expect(shard.adoptState(undefined)).toBe(false)
    expect(shard.state).toEqual(stateOf(6))
  })

  it('is the latest document, and that of a Controller that begins anew', () => {
    const shard = emptyShard()
    expect([tagOf(5), tagOf(4), tagOf(5), tagOf(1, 9_000)].map((tag) => shard.adoptTag(tag))).toEqual([
      true,
      false,
      true,
      true,
    ])
    expect(shard.adoptTag(undefined)).toBe(false)
    expect(shard.tag).toEqual(tagOf(1, 9_000))
  })

  it('is of isolates that flushed within ten minutes', () => {
    const shard = emptyShard()
    const isKnown = () => requestsOf(shard.startForward('FRA', NOW_MS).cells) === 1
    shard.take(flush({ isolate: 'silent' }), NOW_MS)
    shard.forwarded(shard.startForward('FRA', NOW_MS).seq, REPLY, NOW_MS)
    shard.forgetIsolates(NOW_MS + 599_999)
    shard.take(flush({ isolate: 'silent' }), NOW_MS)
    expect(isKnown()).toBe(false)
    shard.forgetIsolates(NOW_MS + 600_000)
    shard.forwarded(shard.startForward('FRA', NOW_MS).seq, REPLY, NOW_MS)
    shard.take(flush({ isolate: 'silent' }), NOW_MS)
    expect(isKnown()).toBe(true)
  })
})
