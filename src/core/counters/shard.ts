/**
 * A Counters shard: takes each flush of its isolates once, forwards the sums to the Controller, and tells isolates
 * what is new. The caller owns storage, clock and transport (durable/counters/counters.ts).
 */
import { type ControlState, INITIAL_CONTROL_STATE } from '../config/control.ts'
import { type DocumentTag, isOvertaken } from '../config/document-tag.ts'
import type { DecisionSample } from '../decision/sample.ts'
import type { ShadowSample } from '../shadow/sample.ts'
import type { Cell } from './cell.ts'
import { ForwardClock } from './forward-clock.ts'
import type { InternalError } from './internal-errors.ts'
import { flushIntervalMsFor, SHORTEST_INTERVAL_MS, shardsFor } from './load/back-pressure.ts'
import { type Busy, BusyIsolates } from './load/busy-isolates.ts'
import { flushMsAt, type Pace } from './load/pace.ts'
import { type LaneRow, MetricLane } from './metrics/metric-lane.ts'
import { Outbox, type OutboxData } from './outbox.ts'
import {
  type FlushMessage,
  type FlushReply,
  type ForwardMessage,
  type ForwardReply,
  type IsolateSighting,
  numbered,
} from './protocol.ts'
import type { FailureSample } from './samples/failures.ts'
import { type SequenceWindow, take } from './sequence.ts'

/** An isolate as the shard remembers it, in memory. */
export type ShardIsolate = Busy & { window: SequenceWindow; sighting: IsolateSighting }

export type ShardData = {
  outbox: OutboxData | undefined
  state: ControlState | undefined
  tag: DocumentTag | undefined
  /** The way of metrics, which have their own numbers. */
  metrics?: MetricLane
}

/** A flush that was taken. `metrics`: what must be stored, under the isolate's name, before the reply is sent. */
export type Taken = { reply: FlushReply; isolate: ShardIsolate; metrics: LaneRow | undefined }

/** An isolate that has not flushed for this long is gone, and its batch numbers are dropped. */
const ISOLATE_FORGOTTEN_AFTER_MS = 600_000
/** The Controller hears of isolates that flushed within this time. */
const ISOLATE_REPORTED_MS = 60_000
/** An isolate counts towards back-pressure for this many of its intervals. */
const BUSY_INTERVALS = 2.5
/** A new shard can't tell yet whether its isolates are few. */
const SETTLED_MS = 10_000
const NO_DOCUMENT: DocumentTag = { version: 0, hash: '', atMs: 0, replaced: [], inKv: true }
const FIRST_SAMPLE_QUOTA = 20
/** Between two forwards. */
const MOST_SHADOW_SAMPLES = 200
const MOST_FAILURES = 200
/** Numbers of batches that one row reserves: an object that starts again uses none that was used before it. */
const RESERVED = 64
/** Clocks of isolates and objects differ by less. */
const CLOCK_SKEW_MS = 250

export class Shard {
  readonly #outbox: Outbox
  readonly #isolates: Map<string, ShardIsolate>
  readonly #metrics: MetricLane
  readonly #busy = new BusyIsolates()
  readonly #startedAtMs: number
  #state: ControlState
  #tag: DocumentTag
  readonly #clock = new ForwardClock()
  /** The Controller's view of KV: how old it was, and when that was said. */
  #kv: { ageMs: number; saidAtMs: number } | undefined
  /** Not stored: an eviction may lose samples. */
  #samples: DecisionSample[] = []
  #sampleQuota = FIRST_SAMPLE_QUOTA
  /** Likewise; what is lost says nothing about what it would have said. */
  #shadow: ShadowSample[] = []
  #failures: FailureSample[] = []
  /** The Controller waits to hear something of an isolate: that it has adopted a state, or sees something new in KV. */
  #hasNews = false
  #isForwarding = false
  #lastFlushMs = Number.NEGATIVE_INFINITY
  /** Start of the current run of flushes without a pause. */
  #inUseSinceMs = 0
  /** Numbers below it are reserved in storage. */
  #reservedSeq: number
  /** Storage holds counts that have no number yet: it must be told before they get one. */
  #hasStoredOpen = false

  /** `startedAtMs`: what was flushed before has been taken by an earlier object of this shard, if any. */
  constructor(
    data: ShardData,
    isolates: Iterable<readonly [string, ShardIsolate]> = [],
    startedAtMs = Number.NEGATIVE_INFINITY,
  ) {
    this.#outbox = new Outbox(data.outbox)
    this.#reservedSeq = this.#outbox.nextSeq
    this.#state = data.state ?? INITIAL_CONTROL_STATE
    this.#tag = data.tag ?? NO_DOCUMENT
    this.#isolates = new Map(isolates)
    this.#metrics = data.metrics ?? new MetricLane([], 0)
    this.#startedAtMs = startedAtMs
    for (const isolate of this.#isolates.values()) if (isolate.busyUntilMs > 0) this.#busy.add(isolate)
  }

  /** Adds counts that an older version has stored with its isolates. */
  addStored(cells: readonly Cell[], internalErrors: readonly InternalError[] = []): void {
    this.#outbox.open.add(cells)
    this.#outbox.internalErrors.add(internalErrors)
    this.#hasStoredOpen = true
  }

  /** The number of the batch that is still open. */
  get nextSeq(): number {
    return this.#outbox.nextSeq
  }

  /** Whether `snapshot` must be stored before the next forward. */
  get mustStore(): boolean {
    return !this.#outbox.hasSealed && (this.#hasStoredOpen || this.#outbox.nextSeq >= this.#reservedSeq)
  }

  /**
   * What to store: all that has not arrived yet. What is open is stored under the number that it will get, so that a
   * restart can't give the same counts another one.
   */
  snapshot(): OutboxData {
    const { nextSeq, open, sealed } = this.#outbox.toData()
    this.#reservedSeq = nextSeq + RESERVED
    this.#hasStoredOpen = sealed !== undefined && open.length > 0
    if (sealed !== undefined) return { nextSeq: this.#reservedSeq, open, sealed }
    const unsent = this.#outbox.isEmpty ? undefined : this.#outbox.peek()
    return { nextSeq: this.#reservedSeq, open: [], sealed: unsent }
  }

  /** Whether replies are held until there is news. */
  get holds(): boolean {
    return this.#clock.holds
  }

  get state(): ControlState {
    return this.#state
  }

  get tag(): DocumentTag {
    return this.#tag
  }

  /** Takes a flush unless it was seen before. */
  take(message: FlushMessage, nowMs: number): Taken {
    const known = this.#isolates.get(message.isolate)
    const window = known ? take(known.window, message.seq) : allBefore(message.seq)
    const isNew = window !== undefined && !(known === undefined && this.#mayBeTaken(message))
    this.#noteNews(known?.sighting, message)
    if (nowMs - this.#lastFlushMs > SETTLED_MS) this.#inUseSinceMs = nowMs
    this.#lastFlushMs = nowMs
    const isolate: ShardIsolate = {
      window: window ?? known?.window ?? allBefore(message.seq),
      sighting: sightingOf(message, nowMs),
      shards: message.shards,
      busyUntilMs: nowMs + BUSY_INTERVALS * SHORTEST_INTERVAL_MS,
    }
    this.#isolates.set(message.isolate, isolate)
    if (known !== undefined) this.#busy.remove(known)
    if (isNew) {
      this.#outbox.open.add(message.cells)
      this.#outbox.internalErrors.add(message.internalErrors ?? [])
      // Once each: a sample that counts twice would be evidence that no one saw.
      this.#shadow.push(...(message.shadow ?? []).slice(0, MOST_SHADOW_SAMPLES - this.#shadow.length))
      this.#failures.push(...(message.failures ?? []).slice(0, MOST_FAILURES - this.#failures.length))
      this.#clock.note(message.cells)
    }
    this.#samples.push(...message.samples.slice(0, Math.max(0, this.#sampleQuota - this.#samples.length)))
    this.#busy.add(isolate)
    const reply = this.replyTo(message, nowMs)
    this.#busy.remove(isolate)
    isolate.busyUntilMs = nowMs + BUSY_INTERVALS * reply.intervalMs
    this.#busy.add(isolate)
    const { metrics } = message
    const row = metrics && this.#metrics.take(message.isolate, message.seq, metrics, nowMs)
    return { reply, isolate, metrics: row }
  }

  /**
   * Whether an earlier object of this shard may have taken a batch that is sent again: then its counts are lost rather
   * than counted twice. They are of all arms, so no verdict leans either way.
   */
  #mayBeTaken({ repeatedSinceMs }: FlushMessage): boolean {
    return repeatedSinceMs !== undefined && repeatedSinceMs < this.#startedAtMs - CLOCK_SKEW_MS
  }

  #noteNews(known: IsolateSighting | undefined, { epoch, documentHash, killHash }: FlushMessage): void {
    if (known === undefined) return
    if (known.epoch === epoch && known.documentHash === documentHash && known.killHash === killHash) return
    this.#hasNews = true
    this.#clock.hurry()
  }

  /** Whether an isolate decides by the tag's document, and knows that a text which KV has shown since was refused. */
  #knows({ usedHash, documentHash, kvReadAtMs = 0 }: FlushMessage): boolean {
    const isRefused = kvReadAtMs > this.#tag.atMs && this.#tag.replaced.includes(documentHash)
    return usedHash === this.#tag.hash && !isRefused
  }

  /** The reply to a flush that has been taken. */
  replyTo(message: FlushMessage, nowMs: number): FlushReply {
    const { isolates, inColo } = this.#busy.at(nowMs)
    const wanted = shardsFor(inColo, message.shards)
    const isSettled = nowMs - this.#inUseSinceMs >= SETTLED_MS
    const shards = wanted < message.shards && !isSettled ? message.shards : wanted
    // Isolates that move to another shard need not wait for this one's load.
    const forLoadMs = flushIntervalMsFor(shards === message.shards ? isolates : inColo / shards)
    const kvAgeMs = this.#kv && this.#kv.ageMs + nowMs - this.#kv.saidAtMs
    return numbered({
      epoch: this.#state.epoch,
      state: message.epoch < this.#state.epoch ? this.#state : undefined,
      document: this.#knows(message) ? undefined : this.#tag,
      intervalMs: Math.max(forLoadMs, flushMsAt(this.#clock.pace, requestsOf(message.cells))),
      shards,
      inColo: Math.max(1, inColo),
      sampleQuota: Math.ceil(this.#sampleQuota / Math.max(1, isolates)),
      ...(kvAgeMs !== undefined && { kvAgeMs }),
    })
  }

  /** Takes what has gone wrong in the shard itself; it is forwarded with the rest. */
  noteInternalErrors(errors: readonly InternalError[]): void {
    this.#outbox.internalErrors.add(errors)
  }

  /** When to forward, ms since 1970; undefined with nothing to forward or a forward on its way. */
  get forwardDueMs(): number | undefined {
    const isIdle = this.#outbox.isEmpty && this.#metrics.isEmpty && !this.#hasNews
    if (this.#isForwarding || isIdle) return undefined
    return this.#clock.dueMs
  }

  /** Whether a forward in so many milliseconds is waited for; else what there is must be stored. */
  waitsFor(dueInMs: number, nowMs: number): boolean {
    return this.#clock.waitsFor(dueInMs, this.#busy.at(nowMs).isolates)
  }

  /** The message to forward. It stays the same, under its number, until `forwarded` is called. */
  startForward(shard: string, nowMs: number): ForwardMessage {
    this.#clock.start(nowMs)
    this.#isForwarding = true
    this.#hasNews = false
    const metrics = this.#metrics.next()
    const { metrics: _, ...batch } = this.#outbox.seal()
    const isolates: IsolateSighting[] = []
    for (const { sighting } of this.#isolates.values())
      if (nowMs - sighting.seenAtMs < ISOLATE_REPORTED_MS) isolates.push(sighting)
    return numbered({
      ...batch,
      shard,
      epoch: this.#state.epoch,
      documentVersion: this.#tag.version,
      samples: this.#samples.splice(0),
      ...(this.#shadow.length > 0 && { shadow: this.#shadow.splice(0) }),
      ...(this.#failures.length > 0 && { failures: this.#failures.splice(0) }),
      ...(metrics.length > 0 && { metrics }),
      isolates,
    })
  }

  forwarded(seq: number, reply: ForwardReply, nowMs: number): void {
    this.#outbox.acknowledge(seq)
    if (reply.metricsUpTo !== undefined) this.#metrics.acknowledge(reply.metricsUpTo)
    this.#isForwarding = false
    this.#sampleQuota = reply.sampleQuota
    this.#clock.succeed(reply)
    this.#kv = reply.kvAgeMs === undefined ? undefined : { ageMs: reply.kvAgeMs, saidAtMs: nowMs }
  }

  get isFailing(): boolean {
    return this.#clock.isFailing
  }

  /** The Controller is unreachable: the batch is sent again with growing delays. */
  forwardFailed(): void {
    this.#isForwarding = false
    this.#clock.fail()
  }

  /** Adopts the pace that the Controller pushes. */
  adoptPace(pace: Pace | undefined): void {
    if (pace !== undefined) this.#clock.setPace(pace)
  }

  /** Adopts a control state if newer; returns whether it was. */
  adoptState(state: ControlState | undefined): boolean {
    if (state === undefined || state.epoch <= this.#state.epoch) return false
    this.#state = state
    return true
  }

  /** Adopts a document tag unless another has overtaken it; returns whether it did. */
  adoptTag(tag: DocumentTag | undefined): boolean {
    if (tag === undefined || isOvertaken(tag, this.#tag)) return false
    this.#tag = tag
    return true
  }

  /** Drops isolates that are gone; returns those whose row of metrics is no longer needed. */
  forgetIsolates(nowMs: number): string[] {
    for (const [name, { sighting }] of this.#isolates)
      if (nowMs - sighting.seenAtMs >= ISOLATE_FORGOTTEN_AFTER_MS) this.#isolates.delete(name)
    return this.#metrics.forget(nowMs)
  }
}

/** An isolate sends one batch after the other: what it sent before its first one here, another object has taken. */
function allBefore(seq: number): SequenceWindow {
  return { highest: seq, seen: 0xffffffff }
}

function sightingOf(message: FlushMessage, seenAtMs: number): IsolateSighting {
  const { isolate, epoch, epochAtMs, usedHash, documentHash, killHash, kvReadAtMs } = message
  const known = { isolate, epoch, epochAtMs, usedHash, documentHash, killHash, seenAtMs }
  return kvReadAtMs === undefined ? known : { ...known, kvReadAtMs }
}

function requestsOf(cells: readonly Cell[]): number {
  return cells.reduce((sum, { requests }) => sum + requests, 0)
}

/** Whether a reply holds news that its receiver should hear at once. */
export function isNews(reply: FlushReply, message: FlushMessage): boolean {
  return reply.state !== undefined || reply.document !== undefined || reply.shards !== message.shards
}
