/** Flushes of any size, order and repetition, with evictions between, against a literal way of counting each once. */
import fc from 'fast-check'
import { emptyCell } from '../../../src/core/counters/cell.ts'
import type { FlushMessage } from '../../../src/core/counters/protocol.ts'
import { Shard } from '../../../src/core/counters/shard.ts'
import { must } from './check.ts'

/** A number older than this many is taken for one that has been seen. */
const REMEMBERED = 32

const cell = fc.record({
  stage: fc.nat(2),
  requests: fc.nat(),
  latency: fc.dictionary(fc.nat(160).map(String), fc.nat(), { maxKeys: 6 }),
  errors: fc.dictionary(fc.constantFrom('status', 'timeout'), fc.nat(), { maxKeys: 2 }),
  erroredBuckets: fc.array(fc.nat(65_535), { maxLength: 5 }),
})
const flush = fc.record({
  kind: fc.constant('flush' as const),
  isolate: fc.constantFrom('a', 'b', '__proto__'),
  seq: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 2 ** 31 })),
  cells: fc.array(cell, { maxLength: 3 }),
  epoch: fc.nat(3),
  shards: fc.integer({ min: 1, max: 64 }),
  hash: fc.constantFrom('', 'abc', 'é'),
})
const forward = fc.record({ kind: fc.constant('forward' as const), isLost: fc.boolean() })
const step = fc.record({
  what: fc.oneof({ weight: 4, arbitrary: flush }, forward, fc.constant({ kind: 'evict' as const })),
  laterMs: fc.oneof(fc.nat(2_000), fc.integer({ min: -3_600_000, max: 3_600_000 })),
})
export const flushes = fc.array(step, { maxLength: 12 })

type Step = typeof flushes extends fc.Arbitrary<(infer T)[]> ? T : never

function messageOf({
  isolate,
  seq,
  cells,
  epoch,
  shards,
  hash,
}: Step['what'] & { kind: 'flush' }): FlushMessage {
  const key = { flag: 'f', variant: 'on', arm: 'canary' as const, generation: 1 }
  return {
    ...{ isolate, seq, epoch, shards, shard: 'local', epochAtMs: 0, samples: [] },
    ...{ usedHash: hash, documentHash: hash, killHash: hash },
    cells: cells.map((counts) => {
      const empty = emptyCell({ ...key, stage: counts.stage })
      return { ...empty, ...counts, errors: { ...empty.errors, ...counts.errors } }
    }),
  }
}

/** Each flush counts once, whatever comes between: what arrives at the Controller is what was sent. */
export function countOnce(steps: readonly Step[]): void {
  let shard = new Shard({ outbox: undefined, state: undefined, tag: undefined })
  let stored = JSON.stringify(shard.snapshot())
  const seen: Seen = new Map()
  const arrived = new Map<number, number>()
  let nowMs = 1e12
  let sent = 0
  const arrive = (isLost: boolean) => {
    const { mustStore } = shard
    const { seq, cells } = shard.startForward('local', nowMs)
    if (mustStore) stored = JSON.stringify(shard.snapshot())
    arrived.set(
      seq,
      cells.reduce((sum, each) => sum + each.requests, 0),
    )
    if (isLost) return shard.forwardFailed()
    const nothing = { epoch: 0, state: undefined, document: undefined }
    shard.forwarded(seq, { ...nothing, intervalMs: 1_000, sampleQuota: 0 }, nowMs)
  }
  for (const { what, laterMs } of steps) {
    nowMs += laterMs
    if (what.kind === 'forward') arrive(what.isLost)
    else if (what.kind === 'evict') {
      shard = new Shard({ outbox: JSON.parse(stored), state: undefined, tag: undefined }, [], nowMs)
      for (const isolate of seen.values()) isolate.isForgotten = true
    } else {
      const message = messageOf(what)
      const isRepeated = seen.get(message.isolate)?.numbers.has(message.seq)
      const { reply } = shard.take({ ...message, ...(isRepeated && { repeatedSinceMs: 0 }) }, nowMs)
      stored = JSON.stringify(shard.snapshot())
      must(reply.intervalMs > 0 && reply.shards >= 1, 'the reply tells when and where to flush next')
      if (isNew(seen, message)) sent += message.cells.reduce((sum, each) => sum + each.requests, 0)
    }
  }
  arrive(false)
  arrive(false)
  const total = [...arrived.values()].reduce((sum, each) => sum + each, 0)
  must(total === sent, `${sent} requests were sent, ${total} arrived`)
}

/** `lowest`: the first number of an isolate that this shard has heard; those before it do not count any more. */
type Seen = Map<string, { highest: number; lowest: number; numbers: Set<number>; isForgotten: boolean }>

function isNew(seen: Seen, { isolate, seq }: FlushMessage): boolean {
  const known = seen.get(isolate) ?? { highest: 0, lowest: 0, numbers: new Set<number>(), isForgotten: true }
  seen.set(isolate, known)
  if (known.isForgotten) Object.assign(known, { isForgotten: false, lowest: seq, highest: seq })
  const isRefused = known.numbers.has(seq) || seq <= known.highest - REMEMBERED || seq < known.lowest
  known.numbers.add(seq)
  if (isRefused) return false
  known.highest = Math.max(known.highest, seq)
  return true
}
