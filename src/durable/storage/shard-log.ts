import type { ForwardMessage, IsolateSighting } from '../../core/counters/protocol.ts'
import { EMPTY_WINDOW, type SequenceWindow, take } from '../../core/counters/sequence.ts'

export type ShardSighting = { shard: string; seenAtMs: number; epoch: number; isolates: IsolateSighting[] }
type Shard = ShardSighting & { window: SequenceWindow }

/** The shards that forward to the Controller, and the sequence numbers counted of each. */
export class ShardLog {
  readonly #sql: SqlStorage
  readonly #shards = new Map<string, Shard>()

  constructor(sql: SqlStorage) {
    this.#sql = sql
    sql.exec('CREATE TABLE IF NOT EXISTS shards (name TEXT PRIMARY KEY, data TEXT NOT NULL) WITHOUT ROWID')
    for (const row of sql.exec<{ name: string; data: string }>('SELECT name, data FROM shards')) {
      this.#shards.set(row.name, JSON.parse(row.data) as Shard)
    }
  }

  /** Records a forward; returns whether its counts are new. */
  take(message: ForwardMessage, nowMs: number): boolean {
    const { shard, epoch, isolates } = message
    const known = this.#shards.get(shard)
    const window = take(known?.window ?? EMPTY_WINDOW, message.seq)
    const noted = { shard, epoch, isolates, seenAtMs: nowMs, window: window ?? known?.window ?? EMPTY_WINDOW }
    this.#shards.set(shard, noted)
    this.#sql.exec('INSERT OR REPLACE INTO shards (name, data) VALUES (?, ?)', shard, JSON.stringify(noted))
    return window !== undefined
  }

  activeSince(sinceMs: number): string[] {
    return [...this.#shards.values()].filter((shard) => shard.seenAtMs >= sinceMs).map((shard) => shard.shard)
  }

  all(): ShardSighting[] {
    return [...this.#shards.values()].map(({ window: _, ...sighting }) => sighting)
  }
}
