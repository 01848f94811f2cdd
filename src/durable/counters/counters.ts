/**
 * Counters: adds up the flushes of a colo's isolates, each exactly once, and forwards the sums to the Controller
 * about once a second. Whatever it has acknowledged is in SQLite, so that an eviction loses nothing and counts
 * nothing twice. What to do is decided in core/counters/shard.ts; here it is done.
 */
import { DurableObject } from 'cloudflare:workers'
import type { ControlState } from '../../core/config/control.ts'
import type { DocumentTag } from '../../core/config/document-tag.ts'
import type { OutboxData } from '../../core/counters/outbox.ts'
import type { CountersPort, FlushMessage, FlushReply } from '../../core/counters/protocol.ts'
import { isNews, Shard, type ShardIsolate } from '../../core/counters/shard.ts'
import { controller, type Env } from '../../platform/env.ts'
import { noteIfNewer, noteInternalError, takeInternalErrors } from '../../platform/internal-errors.ts'
import { TextStore } from '../storage/text-store.ts'
import { NewsSignal } from './news-signal.ts'

/** A timer in memory drives forwards; an alarm, which is billed as a request, is the backstop after an eviction. */
const BACKSTOP_MS = 5_000
/** No forward is due this far ahead unless the clock was set back. */
const CLOCK_JUMP_MS = 120_000
/** The longest a flush is held: the platform ends work after a response at 30 s. */
const LONGEST_HOLD_MS = 10_000

export class Counters extends DurableObject<Env> implements CountersPort {
  readonly #texts: TextStore
  readonly #shard: Shard
  readonly #news = new NewsSignal()
  #name: string
  #timer: ReturnType<typeof setTimeout> | undefined
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

  /**
   * Adds an isolate's flush, exactly once. Replies at once if there is news, otherwise when news arrives or the isolate's
   * patience ends: an isolate learns of a kill at the same moment as the shard.
   */
  async flush(message: FlushMessage): Promise<FlushReply> {
    const nowMs = Date.now()
    noteIfNewer('flush', message)
    this.#rememberName(message.shard)
    const { reply, isolate } = this.#shard.take(message, nowMs)
    // The number and the counts are one row, written before the flush is acknowledged.
    this.ctx.storage.sql.exec(
      'INSERT OR REPLACE INTO isolates (id, data) VALUES (?, ?)',
      message.isolate,
      JSON.stringify(isolate),
    )
    await this.#forwardInTime(nowMs)
    if (!message.patienceMs || isNews(reply, message)) return reply
    await this.#news.within(Math.min(message.patienceMs, LONGEST_HOLD_MS))
    return this.#shard.replyTo(message, Date.now())
  }

  /** Adopts a newer state or document tag from the Controller. */
  async adopt(state: ControlState | undefined, tag: DocumentTag | undefined): Promise<void> {
    const isNewState = this.#shard.adoptState(state)
    const isNewTag = this.#shard.adoptTag(tag)
    if (isNewState) this.#texts.putJson('state', state)
    if (isNewTag) this.#texts.putJson('tag', tag)
    if (isNewState || isNewTag) this.#news.send()
  }

  /** The document's text, fetched from the Controller once for all isolates of the shard. */
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
    await this.#forwardInTime(Date.now())
  }

  #rememberName(shard: string): void {
    if (this.#name === shard) return
    this.#name = shard
    this.#texts.put('shard', shard)
  }

  /** Forwards now if a forward is due, otherwise schedules it. */
  async #forwardInTime(nowMs: number): Promise<void> {
    this.#shard.noteInternalErrors(takeInternalErrors())
    const dueMs = this.#shard.forwardDueMs
    if (dueMs === undefined) return
    if (nowMs >= dueMs || dueMs > nowMs + CLOCK_JUMP_MS) {
      this.ctx.waitUntil(this.#forward())
      return
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.ctx.waitUntil(this.#forwardInTime(Date.now()))
    }, dueMs - nowMs)
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(dueMs + BACKSTOP_MS)
  }

  /**
   * The arrival of a batch is not stored: after an eviction it is sent again, and the Controller ignores its number.
   */
  async #forward(): Promise<void> {
    const sealed = this.#shard.sealNew()
    if (sealed !== undefined) this.#texts.putJson('outbox', sealed)
    const message = this.#shard.startForward(this.#name, Date.now())
    try {
      const reply = await controller(this.env).forward(message)
      noteIfNewer('forward reply', reply)
      this.#shard.forwarded(message.seq, reply)
      await this.adopt(reply.state, reply.document)
    } catch (error) {
      noteInternalError('counters.forward', error)
      this.#shard.forwardFailed()
    }
    await this.#forwardInTime(Date.now())
  }
}
