/**
 * Counters: one shard per colo. Adds up the flushes of its isolates, each exactly once, and forwards the sums to
 * the Controller about once a second. Whatever it has acknowledged is in SQLite, so that an eviction loses nothing
 * and counts nothing twice.
 */
import { DurableObject } from 'cloudflare:workers'
import { type ControlState, INITIAL_CONTROL_STATE } from '../core/config/control.ts'
import { type DocumentTag, isOvertaken } from '../core/config/document-tag.ts'
import { flushIntervalMs, SHORTEST_INTERVAL_MS } from '../core/counters/back-pressure.ts'
import { Outbox, type OutboxData } from '../core/counters/outbox.ts'
import type { CountersPort, FlushMessage, FlushReply, IsolateSighting } from '../core/counters/protocol.ts'
import { EMPTY_WINDOW, type SequenceWindow, take } from '../core/counters/sequence.ts'
import type { DecisionSample } from '../core/decision/sample.ts'
import { controller, type Env } from '../env.ts'
import { TextStore } from './storage.ts'

/** An isolate that has not flushed for so long is gone; its numbers are forgotten. */
const ISOLATE_FORGOTTEN_AFTER_MS = 600_000
/** An isolate counts towards back-pressure while it has flushed within this. */
const ISOLATE_ACTIVE_MS = 60_000
const LONGEST_RETRY_MS = 30_000

/** Before the Controller has told of one. */
const NO_DOCUMENT: DocumentTag = { version: 0, hash: '', atMs: 0, replaced: [], inKv: true }

/** Before the Controller has said how many it wants. */
const FIRST_SAMPLE_QUOTA = 20

type Isolate = { window: SequenceWindow; sighting: IsolateSighting }

export class Counters extends DurableObject<Env> implements CountersPort {
  readonly #texts: TextStore
  readonly #outbox: Outbox
  readonly #isolates = new Map<string, Isolate>()
  #state: ControlState
  #tag: DocumentTag
  #documentText: { version: number; text: string } | undefined
  #shard: string
  /** An isolate has taken over a state; the Controller waits to hear of it. */
  #hasNews = false
  /** Samples are worth no disk: those of an eviction are lost. */
  #samples: DecisionSample[] = []
  #sampleQuota = FIRST_SAMPLE_QUOTA
  #forwarding = false
  #lastForwardMs = 0
  #failures = 0

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    const { sql } = ctx.storage
    this.#texts = new TextStore(sql)
    sql.exec('CREATE TABLE IF NOT EXISTS isolates (id TEXT PRIMARY KEY, data TEXT) WITHOUT ROWID')
    this.#outbox = new Outbox(this.#texts.getJson<OutboxData>('outbox'))
    this.#state = this.#texts.getJson<ControlState>('state') ?? INITIAL_CONTROL_STATE
    this.#tag = this.#texts.getJson<DocumentTag>('tag') ?? NO_DOCUMENT
    this.#shard = this.#texts.get('shard') ?? ''
    for (const row of sql.exec<{ id: string; data: string }>('SELECT id, data FROM isolates')) {
      this.#isolates.set(row.id, JSON.parse(row.data) as Isolate)
    }
  }

  /** Takes an isolate's flush, once, and tells it what it needs to know. */
  async flush(message: FlushMessage): Promise<FlushReply> {
    const nowMs = Date.now()
    this.#rememberName(message.colo)
    this.#count(message, nowMs)
    this.#samples.push(...message.samples.slice(0, this.#sampleQuota - this.#samples.length))
    await this.#forwardInTime(nowMs)
    const active = this.#activeIsolates(nowMs)
    return {
      epoch: this.#state.epoch,
      state: message.epoch < this.#state.epoch ? this.#state : undefined,
      document: message.usedHash === this.#tag.hash ? undefined : this.#tag,
      intervalMs: flushIntervalMs(active),
      sampleQuota: Math.ceil(this.#sampleQuota / Math.max(1, active)),
    }
  }

  /** Takes over what is newer, from the Controller. */
  async adopt(state: ControlState | undefined, tag: DocumentTag | undefined): Promise<void> {
    if (state !== undefined && state.epoch > this.#state.epoch) {
      this.#state = state
      this.#texts.putJson('state', state)
    }
    if (tag !== undefined && !isOvertaken(tag, this.#tag)) {
      this.#tag = tag
      this.#texts.putJson('tag', tag)
    }
  }

  /** The document's text, asked of the Controller once for all isolates of the shard. */
  async documentText(version: number): Promise<string | undefined> {
    if (this.#documentText?.version === version) return this.#documentText.text
    const text = await controller(this.env).documentText(version)
    if (text !== undefined) this.#documentText = { version, text }
    return text
  }

  override async alarm(): Promise<void> {
    this.#forgetIsolates(Date.now())
    await this.#forward()
  }

  #rememberName(colo: string): void {
    if (this.#shard === colo) return
    this.#shard = colo
    this.#texts.put('shard', colo)
  }

  /** The number and the counts are written together, before the flush is acknowledged. */
  #count(message: FlushMessage, nowMs: number): void {
    const { isolate, epoch, epochAtMs, usedHash, documentHash, killHash } = message
    const known = this.#isolates.get(isolate)
    const window = take(known?.window ?? EMPTY_WINDOW, message.seq)
    const sighting = { isolate, epoch, epochAtMs, usedHash, documentHash, killHash, seenAtMs: nowMs }
    if (known !== undefined && known.sighting.epoch !== epoch) this.#hasNews = true
    const updated = { window: window ?? known?.window ?? EMPTY_WINDOW, sighting }
    this.#isolates.set(isolate, updated)
    if (window !== undefined) this.#outbox.open.add(message.cells)
    this.ctx.storage.transactionSync(() => {
      const data = JSON.stringify(updated)
      this.ctx.storage.sql.exec('INSERT OR REPLACE INTO isolates (id, data) VALUES (?, ?)', isolate, data)
      if (window !== undefined) this.#texts.putJson('outbox', this.#outbox.toData())
    })
  }

  /** Forwards now if the last time is a second ago; else an alarm sees to it, also after an eviction. */
  async #forwardInTime(nowMs: number): Promise<void> {
    const dueMs = this.#lastForwardMs + SHORTEST_INTERVAL_MS
    if (nowMs >= dueMs && !this.#forwarding && this.#failures === 0) {
      this.ctx.waitUntil(this.#forward())
      return
    }
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(dueMs)
  }

  async #forward(): Promise<void> {
    if (this.#forwarding || (this.#outbox.isEmpty && !this.#hasNews)) return
    this.#forwarding = true
    this.#lastForwardMs = Date.now()
    try {
      const batch = this.#outbox.seal()
      this.#hasNews = false
      this.#texts.putJson('outbox', this.#outbox.toData())
      const isolates = [...this.#isolates.values()].map((isolate) => isolate.sighting)
      const reply = await controller(this.env).forward({
        ...batch,
        shard: this.#shard,
        epoch: this.#state.epoch,
        documentVersion: this.#tag.version,
        samples: this.#samples.splice(0),
        isolates: isolates.filter((sighting) => this.#lastForwardMs - sighting.seenAtMs < ISOLATE_ACTIVE_MS),
      })
      this.#outbox.acknowledge(batch.seq)
      this.#texts.putJson('outbox', this.#outbox.toData())
      this.#failures = 0
      this.#sampleQuota = reply.sampleQuota
      await this.adopt(reply.state, reply.document)
    } catch {
      // The Controller is away: the batch stays sealed, under its number, and is sent again.
      this.#failures++
    } finally {
      this.#forwarding = false
    }
    if (!this.#outbox.isEmpty) await this.ctx.storage.setAlarm(Date.now() + this.#retryMs())
  }

  #retryMs(): number {
    return Math.min(LONGEST_RETRY_MS, SHORTEST_INTERVAL_MS * 2 ** Math.max(0, this.#failures - 1))
  }

  #activeIsolates(nowMs: number): number {
    let active = 0
    for (const { sighting } of this.#isolates.values()) {
      if (nowMs - sighting.seenAtMs < ISOLATE_ACTIVE_MS) active++
    }
    return active
  }

  #forgetIsolates(nowMs: number): void {
    for (const [id, { sighting }] of this.#isolates) {
      if (nowMs - sighting.seenAtMs < ISOLATE_FORGOTTEN_AFTER_MS) continue
      this.#isolates.delete(id)
      this.ctx.storage.sql.exec('DELETE FROM isolates WHERE id = ?', id)
    }
  }
}
