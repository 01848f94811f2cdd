/**
 * What a Counters shard knows and decides: takes each flush of its isolates once, forwards the sums to the Controller,
 * and tells isolates what is new. Storage, clock and the way to the Controller are the caller's (durable/counters.ts).
 */
import { type ControlState, INITIAL_CONTROL_STATE } from '../config/control.ts'
import { type DocumentTag, isOvertaken } from '../config/document-tag.ts'
import type { DecisionSample } from '../decision/sample.ts'
import { intervalMsFor, SHORTEST_INTERVAL_MS, shardsFor } from './back-pressure.ts'
import { Outbox, type OutboxData } from './outbox.ts'
import type { FlushMessage, FlushReply, ForwardMessage, ForwardReply, IsolateSighting } from './protocol.ts'
import { EMPTY_WINDOW, type SequenceWindow, take } from './sequence.ts'

/** An isolate as the shard remembers it; `shards`: how many it believes its colo to have. */
export type ShardIsolate = { window: SequenceWindow; sighting: IsolateSighting; shards: number }

export type ShardData = {
  outbox: OutboxData | undefined
  state: ControlState | undefined
  tag: DocumentTag | undefined
}

/** An isolate that has not flushed for so long is gone; its numbers are forgotten. */
const ISOLATE_FORGOTTEN_AFTER_MS = 600_000
/** The Controller hears of isolates that have flushed within this. */
const ISOLATE_REPORTED_MS = 60_000
/** An isolate counts towards back-pressure while it has flushed within this. */
const ISOLATE_BUSY_MS = 5_000
const LONGEST_RETRY_MS = 30_000
/** Flushes come at the same pace as forwards; one that is a little early need not wait for the next. */
const EARLY_MS = 100
/** Before the Controller has told of one. */
const NO_DOCUMENT: DocumentTag = { version: 0, hash: '', atMs: 0, replaced: [], inKv: true }
/** Before the Controller has said how many it wants. */
const FIRST_SAMPLE_QUOTA = 20

export class Shard {
  readonly #outbox: Outbox
  readonly #isolates: Map<string, ShardIsolate>
  #state: ControlState
  #tag: DocumentTag
  /** Samples are worth no disk: those of an eviction are lost. */
  #samples: DecisionSample[] = []
  #sampleQuota = FIRST_SAMPLE_QUOTA
  /** An isolate has taken over a state; the Controller waits to hear of it. */
  #hasNews = false
  #isForwarding = false
  #lastForwardMs = 0
  #forwardIntervalMs = SHORTEST_INTERVAL_MS
  #failures = 0

  constructor(data: ShardData, isolates: Iterable<readonly [string, ShardIsolate]>) {
    this.#outbox = new Outbox(data.outbox)
    this.#state = data.state ?? INITIAL_CONTROL_STATE
    this.#tag = data.tag ?? NO_DOCUMENT
    this.#isolates = new Map(isolates)
  }

  get outbox(): OutboxData {
    return this.#outbox.toData()
  }

  get state(): ControlState {
    return this.#state
  }

  get tag(): DocumentTag {
    return this.#tag
  }

  /** Takes a flush; `isNew` where its counts had not been seen before. `isolate` is what is now known of the sender. */
  take(message: FlushMessage, nowMs: number): { reply: FlushReply; isolate: ShardIsolate; isNew: boolean } {
    const { epoch, epochAtMs, usedHash, documentHash, killHash, shards } = message
    const known = this.#isolates.get(message.isolate)
    const window = take(known?.window ?? EMPTY_WINDOW, message.seq)
    if (known !== undefined && known.sighting.epoch !== epoch) this.#hasNews = true
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
    }
    this.#isolates.set(message.isolate, isolate)
    if (window !== undefined) this.#outbox.open.add(message.cells)
    this.#samples.push(...message.samples.slice(0, Math.max(0, this.#sampleQuota - this.#samples.length)))
    return { reply: this.#replyTo(message, nowMs), isolate, isNew: window !== undefined }
  }

  #replyTo(message: FlushMessage, nowMs: number): FlushReply {
    const isolates = this.#isolatesWith(message.shards, nowMs)
    return {
      epoch: this.#state.epoch,
      state: message.epoch < this.#state.epoch ? this.#state : undefined,
      document: message.usedHash === this.#tag.hash ? undefined : this.#tag,
      intervalMs: intervalMsFor(isolates),
      shards: shardsFor(isolates, message.shards),
      sampleQuota: Math.ceil(this.#sampleQuota / Math.max(1, isolates)),
    }
  }

  /** When to forward, ms since 1970; undefined while there is nothing to forward, or a forward is on its way. */
  get forwardDueMs(): number | undefined {
    if (this.#isForwarding || (this.#outbox.isEmpty && !this.#hasNews)) return undefined
    const waitMs =
      this.#failures === 0
        ? this.#forwardIntervalMs - EARLY_MS
        : Math.min(LONGEST_RETRY_MS, SHORTEST_INTERVAL_MS * 2 ** (this.#failures - 1))
    return this.#lastForwardMs + waitMs
  }

  /** The message to forward now. It stays the same, under its number, until `forwarded` has been called. */
  startForward(shard: string, nowMs: number): ForwardMessage {
    this.#isForwarding = true
    this.#lastForwardMs = nowMs
    this.#hasNews = false
    const sightings = [...this.#isolates.values()].map(({ sighting }) => sighting)
    return {
      ...this.#outbox.seal(),
      shard,
      epoch: this.#state.epoch,
      documentVersion: this.#tag.version,
      samples: this.#samples.splice(0),
      isolates: sightings.filter(({ seenAtMs }) => nowMs - seenAtMs < ISOLATE_REPORTED_MS),
    }
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
      .filter(([, { sighting }]) => nowMs - sighting.seenAtMs >= ISOLATE_FORGOTTEN_AFTER_MS)
      .map(([name]) => name)
    for (const name of gone) this.#isolates.delete(name)
    return gone
  }

  /** Isolates at work that know of so many shards: those that are just moving elsewhere are not ours any more. */
  #isolatesWith(shards: number, nowMs: number): number {
    let count = 0
    for (const isolate of this.#isolates.values()) {
      if (isolate.shards === shards && nowMs - isolate.sighting.seenAtMs < ISOLATE_BUSY_MS) count++
    }
    return count
  }
}
