/** What isolates, Counters shards and the Controller say to each other. */
import type { ControlState } from '../config/control.ts'
import type { DocumentTag } from '../config/document-tag.ts'
import type { DecisionSample } from '../decision/sample.ts'
import type { SealedBatch } from './outbox.ts'

/** Isolate → shard. */
export type FlushMessage = SealedBatch & {
  isolate: string
  /** The shard's own name, which it can't know otherwise: that of a Cloudflare data centre (`local` outside
   * Cloudflare), with a number where the data centre has several shards. */
  shard: string
  /** How many shards the isolate believes its colo to have. */
  shards: number
  /** The control state that the isolate decides by, and since when (ms since 1970, by its own clock). */
  epoch: number
  epochAtMs: number
  /** Hash of the document that the isolate decides by; empty for the bundled one. */
  usedHash: string
  /** Hash of the document that KV shows the isolate, whether it was accepted or not. */
  documentHash: string
  /** Hash of the kill list that KV shows the isolate. */
  killHash: string
  /** What a few of the decisions were made from. */
  samples: DecisionSample[]
  /** How long the isolate likes to wait for the reply while there is no news for it; not at all unless it says. */
  patienceMs?: number
}

/** Shard → isolate. */
export type FlushReply = {
  epoch: number
  /** The control state, when the isolate is behind. */
  state: ControlState | undefined
  /** What the Controller holds, when the isolate decides by another document. */
  document: DocumentTag | undefined
  /** When the next flush is welcome. */
  intervalMs: number
  /** Among how many shards of the colo the next flush chooses. */
  shards: number
  /** How many samples the next flush may bring. */
  sampleQuota: number
}

/** An isolate as a shard last saw it. */
export type IsolateSighting = Pick<
  FlushMessage,
  'isolate' | 'epoch' | 'epochAtMs' | 'usedHash' | 'documentHash' | 'killHash'
> & { seenAtMs: number }

/** Shard → Controller. */
export type ForwardMessage = SealedBatch & {
  shard: string
  isolates: IsolateSighting[]
  epoch: number
  documentVersion: number
  samples: DecisionSample[]
}

/** Controller → shard. */
export type ForwardReply = {
  epoch: number
  /** The control state and the document's tag, where the shard has older ones. */
  state: ControlState | undefined
  document: DocumentTag | undefined
  /** When the next forward is welcome. */
  intervalMs: number
  /** How many samples the next forward may bring. */
  sampleQuota: number
}

/** The part of a Counters stub that isolates and the Controller use. */
export interface CountersPort {
  flush(message: FlushMessage): Promise<FlushReply>
  adopt(state: ControlState, document: DocumentTag): Promise<void>
  /** The text of the document of a tag; undefined when there is a newer one by now. */
  documentText(version: number): Promise<string | undefined>
}

/** The part of the Controller's stub that shards use. */
export interface ControllerPort {
  forward(message: ForwardMessage): Promise<ForwardReply>
  documentText(version: number): Promise<string | undefined>
}
