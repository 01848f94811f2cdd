/**
 * Counters: adds up the flushes of a colo's isolates, each exactly once, and forwards the sums to the Controller. What
 * to do is decided in core/counters/shard.ts; here it is done.
 *
 * A row costs seven times a request, so counts are stored only where they would otherwise wait in an object that may be
 * evicted. What a crash loses is a second's counts of one location, of both arms alike: it delays a verdict, and tilts
 * none. Nothing is counted twice: numbers of batches are reserved in storage, and a flush that is sent again to an object
 * which has started since is not taken. Metrics are stored before they are acknowledged: see core/counters/metrics/metric-lane.ts.
 */
import { DurableObject } from 'cloudflare:workers'
import type { ControlState } from '../../core/config/control.ts'
import type { DocumentTag } from '../../core/config/document-tag.ts'
import type { Pace } from '../../core/counters/load/pace.ts'
import { type LaneRow, MetricLane } from '../../core/counters/metrics/metric-lane.ts'
import type { OutboxData } from '../../core/counters/outbox.ts'
import type { CountersPort, FlushMessage, FlushReply } from '../../core/counters/protocol.ts'
import { isNews, Shard } from '../../core/counters/shard.ts'
import { controller, type Env } from '../../platform/env.ts'
import { noteIfNewer, noteInternalError, takeInternalErrors } from '../../platform/internal-errors.ts'
import { Alarm } from '../storage/alarm.ts'
import { TextStore } from '../storage/text-store.ts'
import { takeOlderRows } from './isolate-rows.ts'
import { NewsSignal } from './news-signal.ts'

/** The last counts before a silence arrive that late: more often, alarms would cost more than all else. */
const TAIL_MS = 60_000
/** A row for each isolate that has sent metrics. */
const METRICS = 'metrics '
/** No forward is due this far ahead unless the clock was set back. */
const CLOCK_JUMP_MS = 120_000
/** The longest a flush is held: the platform ends work after a response at 30 s. */
const LONGEST_HOLD_MS = 10_000

export class Counters extends DurableObject<Env> implements CountersPort {
  readonly #texts: TextStore
  readonly #shard: Shard
  readonly #alarm: Alarm
  readonly #news = new NewsSignal()
  #name: string
  #timer: ReturnType<typeof setTimeout> | undefined
  #documentText: { version: number; text: string } | undefined

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    const { sql } = ctx.storage
    this.#texts = new TextStore(sql)
    this.#alarm = new Alarm(ctx.storage)
    this.#name = this.#texts.get('shard') ?? ''
    const older = takeOlderRows(sql)
    this.#shard = new Shard(
      {
        outbox: this.#texts.getJson<OutboxData>('outbox'),
        state: this.#texts.getJson<ControlState>('state'),
        tag: this.#texts.getJson<DocumentTag>('tag'),
        metrics: this.#storedMetrics(),
      },
      older.map((row) => [row.sighting.isolate, row]),
      // Before the first object of a shard there was none that could have taken anything.
      this.#name === '' ? Number.NEGATIVE_INFINITY : Date.now(),
    )
    const open = older.filter(({ batch }) => batch === this.#shard.nextSeq)
    for (const { cells, internalErrors } of open) this.#shard.addStored(cells, internalErrors)
    if (open.length > 0) this.#store()
  }

  /**
   * Adds an isolate's flush, exactly once. Replies at once if there is news or nothing is held; otherwise when news
   * arrives or the isolate's patience ends: an isolate learns of a kill at the same moment as the shard.
   */
  async flush(message: FlushMessage): Promise<FlushReply> {
    const nowMs = Date.now()
    noteIfNewer('flush', message)
    this.#rememberName(message.shard)
    const { reply, metrics } = this.#shard.take(message, nowMs)
    if (metrics !== undefined) {
      // The runtime sends the reply once this is on disk. The alarm is for a crash before they are forwarded.
      this.#texts.putJson(METRICS + message.isolate, metrics)
      await this.#alarm.within(TAIL_MS)
    }
    await this.#forwardInTime(nowMs)
    if (!message.patienceMs || !this.#shard.holds || isNews(reply, message)) return reply
    await this.#news.within(Math.min(message.patienceMs, LONGEST_HOLD_MS))
    return this.#shard.replyTo(message, Date.now())
  }

  /** Adopts a newer state or document tag from the Controller, and its pace. */
  async adopt(
    state: ControlState | undefined,
    tag: DocumentTag | undefined,
    pace?: Pace | undefined,
  ): Promise<void> {
    this.#shard.adoptPace(pace)
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
    for (const isolate of this.#shard.forgetIsolates(Date.now())) this.#texts.remove(METRICS + isolate)
    await this.#forwardInTime(Date.now())
  }

  #storedMetrics(): MetricLane {
    const rows = this.#texts.namesWith(METRICS).flatMap((name): [string, LaneRow][] => {
      const row = this.#texts.getJson<LaneRow>(name)
      return row === undefined ? [] : [[name.slice(METRICS.length), row]]
    })
    return new MetricLane(rows, Date.now())
  }

  #rememberName(shard: string): void {
    if (this.#name === shard) return
    this.#name = shard
    this.#texts.put('shard', shard)
  }

  #store(): void {
    this.#texts.putJson('outbox', this.#shard.snapshot())
  }

  /** Forwards now if a forward is due, otherwise sees to it that it will be forwarded. */
  async #forwardInTime(nowMs: number): Promise<void> {
    this.#shard.noteInternalErrors(takeInternalErrors())
    const dueMs = this.#shard.forwardDueMs
    if (dueMs === undefined) return
    if (nowMs >= dueMs || dueMs > nowMs + CLOCK_JUMP_MS) {
      this.ctx.waitUntil(this.#forward())
      return
    }
    if (this.#shard.waitsFor(dueMs - nowMs, nowMs)) {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined
        this.ctx.waitUntil(this.#forwardInTime(Date.now()))
      }, dueMs - nowMs)
      return
    }
    this.#store()
    await this.#alarm.within(this.#shard.isFailing ? dueMs - nowMs : TAIL_MS)
  }

  /** The arrival of a batch is not stored: should it be sent again, the Controller ignores its number. */
  async #forward(): Promise<void> {
    const { mustStore } = this.#shard
    const message = this.#shard.startForward(this.#name, Date.now())
    if (mustStore) this.#store()
    try {
      const reply = await controller(this.env).forward(message)
      noteIfNewer('forward reply', reply)
      this.#shard.forwarded(message.seq, reply, Date.now())
      await this.adopt(reply.state, reply.document)
    } catch (error) {
      noteInternalError('counters.forward', error)
      this.#shard.forwardFailed()
    }
    await this.#forwardInTime(Date.now())
  }
}
