import type { ForwardMessage, IsolateSighting } from '../../core/counters/protocol.ts'
import { EMPTY_WINDOW, type SequenceWindow, take } from '../../core/counters/sequence.ts'

export type ShardSighting = { shard: string; seenAtMs: number; epoch: number; isolates: IsolateSighting[] }
type Shard = ShardSighting & { window: SequenceWindow }

/** Isolates are stored only of small gates, whose Controller may sleep between two forwards. */
const MOST_STORED_ISOLATES = 50
/** A shard that has been silent for so long, and its sequence numbers, are dropped. */
const FORGOTTEN_AFTER_MS = 30 * 24 * 3_600_000

/** The shards that forward to the Controller, and the sequence numbers counted of each. Stored by books.ts. */
export class ShardLog {
  readonly #shards = new Map<string, Shard>()

  /** Takes what was stored. */
  restore(shards: readonly Shard[]): void {
    for (const shard of shards) this.#shards.set(shard.shard, shard)
  }

  /** What to store. */
  toData(nowMs: number): Shard[] {
    const shards = [...this.#shards.values()].filter(({ seenAtMs }) => nowMs - seenAtMs < FORGOTTEN_AFTER_MS)
    const isolates = shards.reduce((sum, shard) => sum + shard.isolates.length, 0)
    return isolates <= MOST_STORED_ISOLATES ? shards : shards.map((shard) => ({ ...shard, isolates: [] }))
  }

  /** Records a forward; returns whether its counts are new. */
  take(message: ForwardMessage, nowMs: number): boolean {
    const { shard, epoch, isolates } = message
    const known = this.#shards.get(shard)
    const window = take(known?.window ?? EMPTY_WINDOW, message.seq)
    const noted = { shard, epoch, isolates, seenAtMs: nowMs, window: window ?? known?.window ?? EMPTY_WINDOW }
    this.#shards.set(shard, noted)
    return window !== undefined
  }

  activeSince(sinceMs: number): string[] {
    return [...this.#shards.values()].filter((shard) => shard.seenAtMs >= sinceMs).map((shard) => shard.shard)
  }

  all(): ShardSighting[] {
    return [...this.#shards.values()].map(({ window: _, ...sighting }) => sighting)
  }
}
