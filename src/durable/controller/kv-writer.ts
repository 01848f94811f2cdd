/**
 * Writes of the Controller to KV, which accepts one write per second and key. Each write takes the newest text at that
 * moment; a failed one is retried with each alarm until it succeeds.
 */
import { messageOf } from '../../core/message-of.ts'
import { noteInternalError } from '../../platform/internal-errors.ts'
import { withTimeout } from '../../platform/timeout.ts'
import type { TextStore } from '../storage/text-store.ts'

export type KvKey = 'config' | 'kill' | 'state'

const LEAST_BETWEEN_WRITES_MS = 1_000
const WRITE_TIMEOUT_MS = 10_000

export class KvWriter {
  readonly #kv: KVNamespace
  readonly #texts: TextStore
  readonly #newest: (key: KvKey) => string
  readonly #pending: Set<KvKey>
  readonly #begunAtMs = new Map<KvKey, number>()
  readonly #writing = new Map<KvKey, Promise<void>>()
  #error: string | undefined

  /** `newest` gives the text that a key should have. */
  constructor(kv: KVNamespace, texts: TextStore, newest: (key: KvKey) => string) {
    this.#kv = kv
    this.#texts = texts
    this.#newest = newest
    this.#pending = new Set(texts.getJson<KvKey[]>('kv pending') ?? [])
  }

  get hasPending(): boolean {
    return this.#pending.size > 0
  }

  isPending(key: KvKey): boolean {
    return this.#pending.has(key)
  }

  /** Why the last write failed; undefined if it succeeded. */
  get error(): string | undefined {
    return this.#error
  }

  /** When the last write of a key completed, in milliseconds since 1970: a read that started earlier may miss it. */
  writtenAtMs(key: KvKey): number {
    return this.#texts.getJson<number>(`kv written ${key}`) ?? 0
  }

  /** Notes that a key has a new text; survives an eviction. */
  mark(key: KvKey): void {
    this.#pending.add(key)
    this.#texts.putJson('kv pending', [...this.#pending])
  }

  /** Writes the pending keys that may be written by now. Never throws. */
  async flush(nowMs: number): Promise<void> {
    const lastMs = (key: KvKey) => this.#begunAtMs.get(key) ?? this.writtenAtMs(key)
    // A clock that was set back must not stop writes until it has caught up.
    const due = [...this.#pending].filter((key) => Math.abs(nowMs - lastMs(key)) >= LEAST_BETWEEN_WRITES_MS)
    await Promise.all(due.map((key) => this.#writeOnce(key)))
  }

  /** One write of a key at a time: two could arrive out of order. */
  #writeOnce(key: KvKey): Promise<void> {
    const running = this.#writing.get(key)
    if (running !== undefined) return running
    const done = this.#write(key).finally(() => this.#writing.delete(key))
    this.#writing.set(key, done)
    return done
  }

  async #write(key: KvKey): Promise<void> {
    const text = this.#newest(key)
    this.#begunAtMs.set(key, Date.now())
    try {
      await withTimeout(this.#kv.put(key, text), WRITE_TIMEOUT_MS)
      this.#texts.putJson(`kv written ${key}`, Date.now())
      // A newer text may have come during the write.
      if (this.#newest(key) === text) this.#pending.delete(key)
      this.#texts.putJson('kv pending', [...this.#pending])
      this.#error = undefined
    } catch (error) {
      noteInternalError('kv.write', error)
      this.#error = `Cannot write ${key} to KV: ${messageOf(error)}`
    }
  }
}
