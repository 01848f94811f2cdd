/**
 * Counters: adds up the flushes of a colo's isolates, each exactly once, and forwards the sums to the Controller
 * about once a second. Whatever it has acknowledged is in SQLite, so that an eviction loses nothing and counts
 * nothing twice. What to do is decided in core/counters/shard.ts; here it is done.
 */
import { DurableObject } from 'cloudflare:workers'
import type { ControlState } from '../core/config/control.ts'
import type { DocumentTag } from '../core/config/document-tag.ts'
import type { OutboxData } from '../core/counters/outbox.ts'
import type { CountersPort, FlushMessage, FlushReply } from '../core/counters/protocol.ts'
import { Shard, type ShardIsolate } from '../core/counters/shard.ts'
import { controller, type Env } from '../env.ts'
import { TextStore } from './storage.ts'

/**
 * The next flush forwards what this one has brought, so that there is seldom need of an alarm, which is billed like a
 * request. It fires when no more flushes come, or after an eviction.
 */
const BACKSTOP_MS = 2_000
/** Nothing is ever due so far ahead; where it is, the clock has been put back. */
const CLOCK_JUMP_MS = 120_000

export class Counters extends DurableObject<Env> implements CountersPort {
  readonly #texts: TextStore
  readonly #shard: Shard
  #name: string
  #documentText: { version: number; text: string } | undefined

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    const { sql } = ctx.storage
    this.#texts = new TextStore(sql)
    sql.exec('CREATE TABLE IF NOT EXISTS isolates (id TEXT PRIMARY KEY, data TEXT) WITHOUT ROWID')
    this.#name = this.#texts.get('shard') ?? ''
    const rows = [...sql.exec<{ id: string; data: string }>('SELECT id, data FROM isolates')]
    this.#shard = new Shard(
      {
        outbox: this.#texts.getJson<OutboxData>('outbox'),
        state: this.#texts.getJson<ControlState>('state'),
        tag: this.#texts.getJson<DocumentTag>('tag'),
      },
      rows.map(({ id, data }) => [id, JSON.parse(data) as ShardIsolate]),
    )
  }

  /** Takes an isolate's flush, once, and tells it what it needs to know. */
  async flush(message: FlushMessage): Promise<FlushReply> {
    const nowMs = Date.now()
    this.#rememberName(message.shard)
    const { reply, isolate, isNew } = this.#shard.take(message, nowMs)
    // The number and the counts are written together, before the flush is acknowledged.
    this.ctx.storage.transactionSync(() => {
      const data = JSON.stringify(isolate)
      const { sql } = this.ctx.storage
      sql.exec('INSERT OR REPLACE INTO isolates (id, data) VALUES (?, ?)', message.isolate, data)
      if (isNew) this.#texts.putJson('outbox', this.#shard.outbox)
    })
    await this.#forwardInTime(nowMs)
    return reply
  }

  /** Takes over what is newer, from the Controller. */
  async adopt(state: ControlState | undefined, tag: DocumentTag | undefined): Promise<void> {
    if (this.#shard.adoptState(state)) this.#texts.putJson('state', state)
    if (this.#shard.adoptTag(tag)) this.#texts.putJson('tag', tag)
  }

  /** The document's text, asked of the Controller once for all isolates of the shard. */
  async documentText(version: number): Promise<string | undefined> {
    if (this.#documentText?.version === version) return this.#documentText.text
    const text = await controller(this.env).documentText(version)
    if (text !== undefined) this.#documentText = { version, text }
    return text
  }

  override async alarm(): Promise<void> {
    for (const isolate of this.#shard.forgetIsolates(Date.now())) {
      this.ctx.storage.sql.exec('DELETE FROM isolates WHERE id = ?', isolate)
    }
    if (this.#shard.forwardDueMs !== undefined) await this.#forward()
  }

  #rememberName(shard: string): void {
    if (this.#name === shard) return
    this.#name = shard
    this.#texts.put('shard', shard)
  }

  /** Forwards now if it is time; else a later flush does, or an alarm. */
  async #forwardInTime(nowMs: number): Promise<void> {
    const dueMs = this.#shard.forwardDueMs
    if (dueMs === undefined) return
    if (nowMs >= dueMs || dueMs > nowMs + CLOCK_JUMP_MS) this.ctx.waitUntil(this.#forward())
    else if ((await this.ctx.storage.getAlarm()) === null)
      await this.ctx.storage.setAlarm(dueMs + BACKSTOP_MS)
  }

  async #forward(): Promise<void> {
    const message = this.#shard.startForward(this.#name, Date.now())
    this.#texts.putJson('outbox', this.#shard.outbox)
    try {
      const reply = await controller(this.env).forward(message)
      this.#shard.forwarded(message.seq, reply)
      this.#texts.putJson('outbox', this.#shard.outbox)
      await this.adopt(reply.state, reply.document)
    } catch {
      this.#shard.forwardFailed()
    }
    const dueMs = this.#shard.forwardDueMs
    if (dueMs !== undefined) await this.ctx.storage.setAlarm(dueMs + BACKSTOP_MS)
  }
}
