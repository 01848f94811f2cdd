/**
 * A Counters shard: takes each flush of its isolates once, forwards the sums to the Controller, and tells isolates
 * what is new. The caller owns storage, clock and transport (durable/counters/counters.ts).
 */
import { type ControlState, INITIAL_CONTROL_STATE } from '../config/control.ts'
import { type DocumentTag, isOvertaken } from '../config/document-tag.ts'
import type { DecisionSample } from '../decision/sample.ts'
import type { ShadowSample } from '../shadow/sample.ts'
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
 * An isolate as the shard remembers it. `cells` are its counts in the batch numbered `batch`: storage knows the open
 * batch only by these, so that a flush costs one row.
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

/** An isolate that has not flushed for this long is gone, and its batch numbers are dropped. */
const ISOLATE_FORGOTTEN_AFTER_MS = 600_000
/** The Controller hears of isolates that flushed within this time. */
const ISOLATE_REPORTED_MS = 60_000
/** An isolate counts towards back-pressure for this many of its intervals. */
const BUSY_INTERVALS = 2.5
/** A new shard can't tell yet whether its isolates are few. */
const SETTLED_MS = 10_000
const LONGEST_RETRY_MS = 30_000
const NO_DOCUMENT: DocumentTag = { version: 0, hash: '', atMs: 0, replaced: [], inKv: true }
const FIRST_SAMPLE_QUOTA = 20
/** Between two forwards. */
const MOST_SHADOW_SAMPLES = 200

export class Shard {
  readonly #outbox: Outbox
  readonly #isolates: Map<string, ShardIsolate>
  readonly #busy = new BusyIsolates()
  #state: ControlState
  #tag: DocumentTag
  /** Not stored: an eviction may lose samples. */
  #samples: DecisionSample[] = []
  #sampleQuota = FIRST_SAMPLE_QUOTA
  /** Likewise; what is lost says nothing about what it would have said. */
  #shadow: ShadowSample[] = []
  /** An isolate has adopted a state, and the Controller waits to hear of it. */
  #hasNews = false
  #isForwarding = false
  #lastFlushMs = Number.NEGATIVE_INFINITY
  /** Start of the current run of flushes without a pause. */
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
      // Older versions wrote rows without it.
      if (isolate.busyUntilMs > 0) this.#busy.add(isolate)
      if (isolate.batch !== this.#outbox.nextSeq) continue
      this.#outbox.open.add(isolate.cells)
      this.#outbox.internalErrors.add(isolate.internalErrors ?? [])
    }
  }

  /** The batch to store before sending; undefined when the batch to send has been sent before. */
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

  /** Takes a flush unless it was seen before. `isolate` is what to remember of the sender. */
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
      // Once each: a sample that counts twice would be evidence that no one saw.
      this.#shadow.push(...(message.shadow ?? []).slice(0, MOST_SHADOW_SAMPLES - this.#shadow.length))
    }
    this.#samples.push(...message.samples.slice(0, Math.max(0, this.#sampleQuota - this.#samples.length)))
    this.#busy.add(isolate)
    const reply = this.replyTo(message, nowMs)
    this.#busy.remove(isolate)
    isolate.busyUntilMs = nowMs + BUSY_INTERVALS * reply.intervalMs
    this.#busy.add(isolate)
    return { reply, isolate }
  }

  /** The reply to a flush that has been taken. */
  replyTo(message: FlushMessage, nowMs: number): FlushReply {
    const { isolates, inColo } = this.#busy.at(nowMs)
    const wanted = shardsFor(inColo, message.shards)
    const isSettled = nowMs - this.#inUseSinceMs >= SETTLED_MS
    const shards = wanted < message.shards && !isSettled ? message.shards : wanted
    return numbered({
      epoch: this.#state.epoch,
      state: message.epoch < this.#state.epoch ? this.#state : undefined,
      document: message.usedHash === this.#tag.hash ? undefined : this.#tag,
      // Isolates that move to another shard need not wait for this one's load.
      intervalMs: flushIntervalMsFor(shards === message.shards ? isolates : inColo / shards),
      shards,
      sampleQuota: Math.ceil(this.#sampleQuota / Math.max(1, isolates)),
    })
  }

  /** Takes what has gone wrong in the shard itself; it is forwarded with the rest. */
  noteInternalErrors(errors: readonly InternalError[]): void {
    this.#outbox.internalErrors.add(errors)
  }

  /** When to forward, ms since 1970; undefined with nothing to forward or a forward on its way. */
  get forwardDueMs(): number | undefined {
    if (this.#isForwarding || (this.#outbox.isEmpty && !this.#hasNews)) return undefined
    const waitMs =
      this.#failures === 0
        ? this.#forwardIntervalMs
        : Math.min(LONGEST_RETRY_MS, SHORTEST_INTERVAL_MS * 2 ** (this.#failures - 1))
    return this.#lastForwardMs + waitMs
  }

  /** The message to forward. It stays the same, under its number, until `forwarded` is called. */
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
      ...(this.#shadow.length > 0 && { shadow: this.#shadow.splice(0) }),
      isolates,
    })
  }

  forwarded(seq: number, reply: ForwardReply): void {
    this.#outbox.acknowledge(seq)
    this.#isForwarding = false
    this.#failures = 0
    this.#sampleQuota = reply.sampleQuota
    this.#forwardIntervalMs = reply.intervalMs
  }

  /** The Controller is unreachable: the batch is sent again with growing delays. */
  forwardFailed(): void {
    this.#isForwarding = false
    this.#failures++
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

  /** Drops isolates that are gone; returns their names. */
  forgetIsolates(nowMs: number): string[] {
    const gone = [...this.#isolates]
      .filter(([, { sighting, batch }]) => {
        // Until a batch holds its counts, they exist nowhere else.
        return nowMs - sighting.seenAtMs >= ISOLATE_FORGOTTEN_AFTER_MS && batch !== this.#outbox.nextSeq
      })
      .map(([name]) => name)
    for (const name of gone) this.#isolates.delete(name)
    return gone
  }
}

/** Whether a reply holds news that its receiver should hear at once. */
export function isNews(reply: FlushReply, message: FlushMessage): boolean {
  return reply.state !== undefined || reply.document !== undefined || reply.shards !== message.shards
}
