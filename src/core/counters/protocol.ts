/**
 * What isolates, Counters shards and the Controller say to each other.
 *
 * During a deployment two versions of the code talk to each other, in both directions and for minutes: an isolate of
 * the old one flushes to a Durable Object of the new one, and the other way round. So each message, the control state
 * in KV and the document's tag carry the number of the protocol that their sender speaks; a message without one is of
 * protocol 0, release 0.1.
 *
 * | number | what it added |
 * |---|---|
 * | 0 | release 0.1 |
 * | 1 | the number itself; batches carry `internalErrors` |
 * | 2 | cells carry `pairing`, `networks` and `visitors`; the control state says since when visitors' ids are signed, and which kills isolate and sever |
 * | 3 | control's cells carry `slices`; cells, and their networks, carry `clientErrors`; a flush says since when it is being repeated, and when its isolate last read KV; replies say how old the view of KV is that they vouch for; the Controller's replies and pushes carry the pace; flushes and forwards carry `shadow`; flags in the control state carry `split`, `percentage` and `unconfirmed`, and the state says that it names splits (`namesSplits`) |
 * | 4 | the canary's cells carry `watched` |
 * | 5 | flushes and forwards carry `failures` and `metrics`, whose exposures have `networks`; replies to forwards say up to which chunk the Controller has them (`metricsUpTo`); replies to flushes say how many isolates the colo has (`inColo`); flags in the control state carry `formerSplit`; samples in `shadow` carry `group` |
 *
 * A change of a message is an addition. What an older reader needs is neither renamed, nor dropped, nor given another
 * meaning; what an older sender leaves out is optional here and has a default where it is read. To change a message:
 * add one to `PROTOCOL` and a row above; record messages of the code before the change as
 * `test/vectors/protocol-<number>.json`; the tests called "protocol" then read the old messages with the new code
 * (old × new), and expect each field of the old messages in the new ones (new × old).
 *
 * A number higher than the reader's is no reason to refuse a message: what is known of it is taken, the rest is
 * ignored, and the reader notes an internal error at `protocol.newer`, so that an operator can see it.
 */
import type { ControlState } from '../config/control.ts'
import type { DocumentTag } from '../config/document-tag.ts'
import type { DecisionSample } from '../decision/sample.ts'
import type { ShadowSample } from '../shadow/sample.ts'
import type { Pace } from './load/pace.ts'
import type { MetricChunk } from './metrics/metric-lane.ts'
import type { SealedBatch } from './outbox.ts'
import type { FailureSample } from './samples/failures.ts'

/** The number that this version of the code speaks. */
export const PROTOCOL = 5

/** A message, as far as its number is concerned; a message without one is of protocol 0. */
export type Numbered = { protocol?: number | undefined }

/** The message with the number of this version, as it is sent or written. */
export function numbered<M extends object>(message: M): M & { protocol: number } {
  return { ...message, protocol: PROTOCOL }
}

/** Whether a message comes from a version that knows more than this one does. */
export function isNewer({ protocol = 0 }: Numbered): boolean {
  return protocol > PROTOCOL
}

/** Isolate → shard. */
export type FlushMessage = SealedBatch &
  Numbered & {
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
    /** Compared requests of shadow stages. */
    shadow?: ShadowSample[]
    /** Some of what failed. */
    failures?: FailureSample[]
    /** How long the isolate likes to wait for the reply while there is no news for it; not at all unless it says. */
    patienceMs?: number
    /** Where this batch has been sent before: when, the first time. */
    repeatedSinceMs?: number
    /** When the isolate last read `kill` and `state` in KV itself. */
    kvReadAtMs?: number
  }

/** Shard → isolate. */
export type FlushReply = Numbered & {
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
  /** How many isolates of the colo flush at present, as far as the shard can tell. */
  inColo?: number
  /** How long ago the Controller read KV, as far as the shard knows: an isolate need not read it as well. */
  kvAgeMs?: number
}

/** An isolate as a shard last saw it. */
export type IsolateSighting = Pick<
  FlushMessage,
  'isolate' | 'epoch' | 'epochAtMs' | 'usedHash' | 'documentHash' | 'killHash' | 'kvReadAtMs'
> & { seenAtMs: number }

/** Shard → Controller. */
export type ForwardMessage = Omit<SealedBatch, 'metrics'> &
  Numbered & {
    shard: string
    isolates: IsolateSighting[]
    epoch: number
    documentVersion: number
    samples: DecisionSample[]
    shadow?: ShadowSample[]
    failures?: FailureSample[]
    /** Exposures and events that the Controller has not acknowledged, by ascending number; not under the message's number. */
    metrics?: MetricChunk[]
  }

/** Controller → shard. */
export type ForwardReply = Numbered & {
  epoch: number
  /** The control state and the document's tag, where the shard has older ones. */
  state: ControlState | undefined
  document: DocumentTag | undefined
  /** When the next forward is welcome. */
  intervalMs: number
  /** How many samples the next forward may bring. */
  sampleQuota: number
  pace?: Pace
  /** How long ago the Controller read KV; left out where isolates read it themselves. */
  kvAgeMs?: number
  /** The Controller has stored every chunk of this shard's metrics up to this number. */
  metricsUpTo?: number
}

/** The part of a Counters stub that isolates and the Controller use. */
export interface CountersPort {
  flush(message: FlushMessage): Promise<FlushReply>
  adopt(state: ControlState, document: DocumentTag, pace?: Pace): Promise<void>
  /** The text of the document of a tag; undefined when there is a newer one by now. */
  documentText(version: number): Promise<string | undefined>
}

/** The part of the Controller's stub that shards use. */
export interface ControllerPort {
  forward(message: ForwardMessage): Promise<ForwardReply>
  documentText(version: number): Promise<string | undefined>
}
