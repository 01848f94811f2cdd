/**
 * What a Counters shard knows and decides: takes each flush of its isolates once, forwards the sums to the Controller,
 * and tells isolates what is new. Storage, clock and the way to the Controller are the caller's (durable/counters.ts).
 */
import { type ControlState, INITIAL_CONTROL_STATE } from '../config/control.ts'
import { type DocumentTag, isOvertaken } from '../config/document-tag.ts'
import type { DecisionSample } from '../decision/sample.ts'
import { flushIntervalMsFor, SHORTEST_INTERVAL_MS, shardsFor } from './back-pressure.ts'
import { type Busy, BusyIsolates } from './busy-isolates.ts'
import { type Cell, CellTable } from './cell.ts'
import { type InternalError, InternalErrors } from './internal-errors.ts'
import { Outbox, type OutboxData } from './outbox.ts'
import {
  type FlushMessage,
  type FlushReply,
  type ForwardMessage,
  type ForwardReply,
  type IsolateSighting,
  numbered,
} from './protocol.ts'
import { EMPTY_WINDOW, type SequenceWindow, take } from './sequence.ts'

/**
 * An isolate as the shard remembers it. `cells` are its counts for the batch of number `batch`: those of the batch that
 * is still open are all that storage knows of it, so that a flush costs one row.
 */
export type ShardIsolate = Busy & {
  window: SequenceWindow
  sighting: IsolateSighting
  batch: number
  cells: Cell[]
  /** Likewise; rows of an older version have none. */
  internalErrors?: InternalError[]
}

export type ShardData = {
  outbox: OutboxData | undefined
  state: ControlState | undefined
  tag: DocumentTag | undefined
}

/** An isolate that has not flushed for so long is gone; its numbers are forgotten. */
const ISOLATE_FORGOTTEN_AFTER_MS = 600_000
/** The Controller hears of isolates that have flushed within this. */
const ISOLATE_REPORTED_MS = 60_000
/** An isolate counts towards back-pressure for so many of the intervals that it was told. */
const BUSY_INTERVALS = 2.5
/** A shard that is new to its isolates can't tell yet that they are few. */
const SETTLED_MS = 10_000
const LONGEST_RETRY_MS = 30_000
/** Before the Controller has told of one. */
const NO_DOCUMENT: DocumentTag = { version: 0, hash: '', atMs: 0, replaced: [], inKv: true }
/** Before the Controller has said how many it wants. */
const FIRST_SAMPLE_QUOTA = 20

export class Shard {
  readonly #outbox: Outbox
  readonly #isolates: Map<string, ShardIsolate>
  readonly #busy = new BusyIsolates()
  #state: ControlState
  #tag: DocumentTag
  /** Samples are worth no disk: those of an eviction are lost. */
  #samples: DecisionSample[] = []
  #sampleQuota = FIRST_SAMPLE_QUOTA
  /** An isolate has taken over a state; the Controller waits to hear of it. */
  #hasNews = false
  #isForwarding = false
  #lastFlushMs = Number.NEGATIVE_INFINITY
  /** Since when flushes have come without a pause. */
  #inUseSinceMs = 0
  #lastForwardMs = 0
  #forwardIntervalMs = SHORTEST_INTERVAL_MS
  #failures = 0

  constructor(data: ShardData, isolates: Iterable<readonly [string, ShardIsolate]>) {
    this.#outbox = new Outbox(data.outbox)
    this.#state = data.state ?? INITIAL_CONTROL_STATE
    this.#tag = data.tag ?? NO_DOCUMENT
    this.#isolates = new Map(isolates)
    for (const isolate of this.#isolates.values()) {
      // Rows of an older version don't say until when they count.
      if (isolate.busyUntilMs > 0) this.#busy.add(isolate)
      if (isolate.batch !== this.#outbox.nextSeq) continue
      this.#outbox.open.add(isolate.cells)
      this.#outbox.internalErrors.add(isolate.internalErrors ?? [])
    }
  }

  /** The batch that is to be written down before it is sent; undefined where the one to send has been sent before. */
  sealNew(): OutboxData | undefined {
    if (this.#outbox.hasSealed) return undefined
    this.#outbox.seal()
    return this.#outbox.toData()
  }

  get state(): ControlState {
    return this.#state
  }

  get tag(): DocumentTag {
    return this.#tag
  }

  /** Takes a flush, if it has not been seen before. `isolate` is what is to be remembered of the sender. */
  take(message: FlushMessage, nowMs: number): { reply: FlushReply; isolate: ShardIsolate } {
    const { epoch, epochAtMs, usedHash, documentHash, killHash, shards } = message
    const known = this.#isolates.get(message.isolate)
    const window = take(known?.window ?? EMPTY_WINDOW, message.seq)
    const isNew = window !== undefined
    const batch = this.#outbox.nextSeq
    const ofBatch = known?.batch === batch ? known : undefined
    const earlier = ofBatch?.cells ?? []
    const internalErrors = new InternalErrors(ofBatch?.internalErrors)
    if (isNew) internalErrors.add(message.internalErrors ?? [])
    if (known !== undefined && known.sighting.epoch !== epoch) this.#hasNews = true
    if (nowMs - this.#lastFlushMs > SETTLED_MS) this.#inUseSinceMs = nowMs
    this.#lastFlushMs = nowMs
    const isolate: ShardIsolate = {
      window: window ?? known?.window ?? EMPTY_WINDOW,
      sighting: {
        isolate: message.isolate,
        epoch,
        epochAtMs,
        usedHash,
        documentHash,
        killHash,
        seenAtMs: nowMs,
      },
      shards,
      batch,
      cells: isNew ? new CellTable([...earlier, ...message.cells]).toList() : earlier,
      ...(!internalErrors.isEmpty && { internalErrors: internalErrors.toList() }),
      busyUntilMs: nowMs + BUSY_INTERVALS * SHORTEST_INTERVAL_MS,
    }
    this.#isolates.set(message.isolate, isolate)
    if (known !== undefined) this.#busy.remove(known)
    if (isNew) {
      this.#outbox.open.add(message.cells)
      this.#outbox.internalErrors.add(message.internalErrors ?? [])
    }
    this.#samples.push(...message.samples.slice(0, Math.max(0, this.#sampleQuota - this.#samples.length)))
    this.#busy.add(isolate)
    const reply = this.replyTo(message, nowMs)
    this.#busy.remove(isolate)
    isolate.busyUntilMs = nowMs + BUSY_INTERVALS * reply.intervalMs
    this.#busy.add(isolate)
    return { reply, isolate }
  }

  /** What is to be said to the sender of a flush that has been taken. */
  replyTo(message: FlushMessage, nowMs: number): FlushReply {
    const { isolates, inColo } = this.#busy.at(nowMs)
    const wanted = shardsFor(inColo, message.shards)
    const isSettled = nowMs - this.#inUseSinceMs >= SETTLED_MS
    const shards = wanted < message.shards && !isSettled ? message.shards : wanted
    return numbered({
      epoch: this.#state.epoch,
      state: message.epoch < this.#state.epoch ? this.#state : undefined,
      document: message.usedHash === this.#tag.hash ? undefined : this.#tag,
      // Who is sent elsewhere need not wait for what is too much here.
      intervalMs: flushIntervalMsFor(shards === message.shards ? isolates : inColo / shards),
      shards,
      sampleQuota: Math.ceil(this.#sampleQuota / Math.max(1, isolates)),
    })
  }

  /** Takes what has gone wrong in the shard itself; it is forwarded with the rest. */
  noteInternalErrors(errors: readonly InternalError[]): void {
    this.#outbox.internalErrors.add(errors)
  }

  /** When to forward, ms since 1970; undefined while there is nothing to forward, or a forward is on its way. */
  get forwardDueMs(): number | undefined {
    if (this.#isForwarding || (this.#outbox.isEmpty && !this.#hasNews)) return undefined
    const waitMs =
      this.#failures === 0
        ? this.#forwardIntervalMs
        : Math.min(LONGEST_RETRY_MS, SHORTEST_INTERVAL_MS * 2 ** (this.#failures - 1))
    return this.#lastForwardMs + waitMs
  }

  /** The message to forward now. It stays the same, under its number, until `forwarded` has been called. */
  startForward(shard: string, nowMs: number): ForwardMessage {
    this.#isForwarding = true
    this.#lastForwardMs = nowMs
    this.#hasNews = false
    const isolates: IsolateSighting[] = []
    for (const { sighting } of this.#isolates.values())
      if (nowMs - sighting.seenAtMs < ISOLATE_REPORTED_MS) isolates.push(sighting)
    return numbered({
      ...this.#outbox.seal(),
      shard,
      epoch: this.#state.epoch,
      documentVersion: this.#tag.version,
      samples: this.#samples.splice(0),
      isolates,
    })
  }

  /** The Controller has the batch. */
  forwarded(seq: number, reply: ForwardReply): void {
    this.#outbox.acknowledge(seq)
    this.#isForwarding = false
    this.#failures = 0
    this.#sampleQuota = reply.sampleQuota
    this.#forwardIntervalMs = reply.intervalMs
  }

  /** The Controller is away: the batch is sent again, later and later. */
  forwardFailed(): void {
    this.#isForwarding = false
    this.#failures++
  }

  /** Takes over a newer control state; whether it was one. */
  adoptState(state: ControlState | undefined): boolean {
    if (state === undefined || state.epoch <= this.#state.epoch) return false
    this.#state = state
    return true
  }

  /** Takes over the tag of a document unless another has overtaken it; whether it did. */
  adoptTag(tag: DocumentTag | undefined): boolean {
    if (tag === undefined || isOvertaken(tag, this.#tag)) return false
    this.#tag = tag
    return true
  }

  /** Forgets isolates that are gone; their names. */
  forgetIsolates(nowMs: number): string[] {
    const gone = [...this.#isolates]
      .filter(([, { sighting, batch }]) => {
        // While its counts are in no batch yet, they are nowhere else.
        return nowMs - sighting.seenAtMs >= ISOLATE_FORGOTTEN_AFTER_MS && batch !== this.#outbox.nextSeq
      })
      .map(([name]) => name)
    for (const name of gone) this.#isolates.delete(name)
    return gone
  }
}

/** Whether a reply says anything that its receiver should hear at once. */
export function isNews(reply: FlushReply, message: FlushMessage): boolean {
  return reply.state !== undefined || reply.document !== undefined || reply.shards !== message.shards
}
