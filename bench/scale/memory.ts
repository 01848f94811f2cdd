/** What counting keeps in memory, by the growth of the heap: a full shard, and what an isolate gathers. */
import { Outbox } from '../../src/core/counters/outbox.ts'
import type { FlushMessage } from '../../src/core/counters/protocol.ts'
import { Shard } from '../../src/core/counters/shard.ts'
import { TAG } from '../../test-kit/network/shard-node.ts'
import { cellsOf } from '../../test-kit/network/some-cells.ts'

export type MemoryFigures = {
  isolateBytes: number
  shardBytes: number
  storedRowBytes: number
  flags: number
}

/** Flags with traffic, each with two arms; isolates of a shard that is full. */
const FLAGS = 20
const ISOLATES = 200

export function memoryFigures(): MemoryFigures {
  const kept: unknown[] = []
  const isolateBytes = growthOf(() => {
    const outboxes = Array.from({ length: ISOLATES }, () => new Outbox())
    for (const outbox of outboxes) outbox.open.add(cellsOf(FLAGS))
    kept.push(outboxes)
  })
  let storedRowBytes = 0
  const shardBytes = growthOf(() => {
    const shard = new Shard({ outbox: undefined, state: undefined, tag: TAG }, [])
    for (let index = 0; index < ISOLATES; index++) {
      const { isolate } = shard.take(flushOf(index), 0)
      storedRowBytes = JSON.stringify(isolate).length
    }
    kept.push(shard)
  })
  if (kept.length !== 2) throw new Error('What was measured is gone')
  return { isolateBytes: isolateBytes / ISOLATES, shardBytes, storedRowBytes, flags: FLAGS }
}

function flushOf(index: number): FlushMessage {
  const isolate = `00000000-0000-4000-8000-${`${index}`.padStart(12, '0')}`
  return {
    ...{ seq: 1, cells: cellsOf(FLAGS), isolate, shard: 'FRA', shards: 1, epoch: 0, epochAtMs: 0 },
    ...{ usedHash: TAG.hash, documentHash: TAG.hash, killHash: '', samples: [] },
  }
}

function growthOf(make: () => void): number {
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  make()
  globalThis.gc?.()
  return process.memoryUsage().heapUsed - before
}
