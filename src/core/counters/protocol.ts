/** What isolates, Counters shards and the Controller say to each other. */
import type { ControlState } from '../config/control.ts'
import type { SealedBatch } from './outbox.ts'

/** Isolate → shard. */
export type FlushMessage = SealedBatch & {
  isolate: string
  /** Cloudflare data centre; `local` outside Cloudflare. Also the name of the shard. */
  colo: string
  /** The control state that the isolate decides by. */
  epoch: number
  /** Hash of the document that KV shows the isolate, whether it was accepted or not. */
  documentHash: string
  /** Hash of the kill list that KV shows the isolate. */
  killHash: string
}

/** Shard → isolate. */
export type FlushReply = {
  epoch: number
  /** The control state, when the isolate is behind. */
  state: ControlState | undefined
  /** When the next flush is welcome. */
  intervalMs: number
}

/** An isolate as a shard last saw it. */
export type IsolateSighting = Pick<FlushMessage, 'isolate' | 'epoch' | 'documentHash' | 'killHash'> & {
  seenAtMs: number
}

/** Shard → Controller. */
export type ForwardMessage = SealedBatch & { shard: string; isolates: IsolateSighting[]; epoch: number }

/** Controller → shard. */
export type ForwardReply = { state: ControlState | undefined; epoch: number }

/** The part of a Counters stub that isolates and the Controller use. */
export interface CountersPort {
  flush(message: FlushMessage): Promise<FlushReply>
  adopt(state: ControlState): Promise<void>
}

/** The part of the Controller's stub that shards use. */
export interface ControllerPort {
  forward(message: ForwardMessage): Promise<ForwardReply>
}
