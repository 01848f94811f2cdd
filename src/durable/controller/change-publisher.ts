/**
 * Makes changes and makes them known, in this order: state and audit record, the shards, KV, notifications. All changes
 * pass here: commands of users and of the guard, new documents, and what was written to KV.
 */
import { KILL_ALL } from '../../core/config/control.ts'
import { needlessApproval } from '../../core/rollout/approval.ts'
import type { AuditRecord } from '../../core/rollout/audit.ts'
import { type Command, type CommandResult, flagStatus } from '../../core/rollout/commands.ts'
import { ladderOf, laddersOf, shareOf } from '../../core/rollout/edits/ladders.ts'
import { countersShard, type Env } from '../../platform/env.ts'
import { noteInternalError } from '../../platform/internal-errors.ts'
import { withTimeout } from '../../platform/timeout.ts'
import type { Alarm } from '../storage/alarm.ts'
import type { AuditLog } from '../storage/audit-log.ts'
import type { FlagLog } from '../storage/flag-log.ts'
import type { ShardLog } from '../storage/shard-log.ts'
import type { TextStore } from '../storage/text-store.ts'
import type { Cause, ControlStore } from './control-store.ts'
import type { DocumentChange, Documents, LoadedDocument } from './documents.ts'
import type { ImpactEstimator } from './impact.ts'
import type { KvReader } from './kv-reader.ts'
import type { KvWriter } from './kv-writer.ts'
import { eventOf, type Notifier } from './notifier.ts'
import type { PaceKeeper } from './pace/pace-keeper.ts'
import {
  type Published,
  type PublishOptions,
  putChangeInForce,
  type Review,
  reviewChange,
} from './publishing.ts'

/** The rest of a change is done at the next tick. */
const NEXT_TICK_MS = 1_000
/** How long a call waits for KV; after that isolates get the document without it. */
const KV_PATIENCE_MS = 2_000
/** How long a call waits for a slow shard, which gets the change with the reply to its next forward. */
const PUSH_TIMEOUT_MS = 1_000
/** A shard silent for this long learns of new states when it forwards again. */
const SHARD_PUSH_MS = 900_000

/** What changes are made in, and what makes them known. */
export type ChangeParts = {
  env: Env
  texts: TextStore
  audit: AuditLog
  shards: ShardLog
  control: ControlStore
  documents: Documents
  flags: FlagLog
  impact: ImpactEstimator
  kv: KvWriter
  kvReader: KvReader
  notifier: Notifier
  alarm: Alarm
  pace: PaceKeeper
}

export class ChangePublisher {
  readonly #parts: ChangeParts
  #writtenEpoch: number
  #queue: Promise<unknown> = Promise.resolve()

  constructor(parts: ChangeParts) {
    this.#parts = parts
    this.#writtenEpoch = parts.texts.getJson<number>('writtenEpoch') ?? 0
  }

  /** The latest control state that KV has. */
  get writtenEpoch(): number {
    return this.#writtenEpoch
  }

  /** Performs a user's command; the result says what changed, or why nothing did. */
  async command(command: Command, cause: Cause): Promise<CommandResult> {
    const { documents, kvReader } = this.#parts
    // The kill to lift may be in a list in KV that no isolate has reported yet.
    if (command.kind === 'unkill') kvReader.suspect()
    // Closing a known flag waits for nothing; any other command first adopts what was written to KV.
    const isUrgent = command.kind === 'kill' || command.kind === 'rollback'
    if (!isUrgent || !documents.current.snapshot.flags.has(command.flag)) await this.noticeKv(Date.now())
    const needless = command.kind === 'approve' ? this.#needlessApproval(command.flag) : undefined
    if (needless !== undefined)
      return { ok: false, why: 'impossible', error: `Cannot approve ${command.flag}: ${needless}` }
    return await (command.kind === 'unkill' && kvReader.isListed(command.flag)
      ? this.#unkillInKv(command, cause)
      : this.perform(command, cause))
  }

  #needlessApproval(flag: string): string | undefined {
    const { documents, control } = this.#parts
    const stages = documents.current.plans.get(flag)?.stages ?? []
    return needlessApproval(stages, flagStatus(control.state, flag))
  }

  /** Writes state and audit record, then tells the shards; KV and notifications follow by alarm. */
  async perform(command: Command, cause: Cause): Promise<CommandResult> {
    const { control, documents, flags, kv, notifier, alarm } = this.#parts
    const known = documents.current.snapshot.flags.get(command.flag)
    const nowMs = Date.now()
    const result = control.perform(command, ladderOf(documents.current, command.flag), cause, nowMs)
    if (!result.ok) return result
    this.#parts.pace.attend(cause.actor, nowMs)
    kv.mark('state')
    if (known !== undefined) flags.note(known, control.state, nowMs)
    const event = eventOf(command)
    if (event !== undefined) notifier.enqueue(event, command.flag, cause, nowMs)
    await this.#pushToShards(nowMs)
    await alarm.within(0)
    return result
  }

  /** Puts a new version of the document in force and makes it known, or says why not. */
  async publishDocument(change: DocumentChange, options: Omit<PublishOptions, 'nowMs'>): Promise<Published> {
    const { documents, kv, alarm } = this.#parts
    return await this.#inTurn(async () => {
      const nowMs = Date.now()
      await this.#takeFromKv(nowMs)
      const published = await putChangeInForce(this.#parts, change, { ...options, nowMs })
      if (!published.ok || !published.changed) return published
      this.#parts.pace.attend(options.actor, nowMs)
      this.#noteFlags(nowMs)
      kv.mark('config')
      kv.mark('state')
      await Promise.race([this.writeKv(nowMs), scheduler.wait(KV_PATIENCE_MS)])
      await this.#pushToShards(nowMs)
      await alarm.within(NEXT_TICK_MS)
      return { ...published, tag: documents.tag, kvPending: kv.isPending('config') }
    })
  }

  /** What publishing a change would do; changes nothing. */
  async reviewDocument(change: DocumentChange): Promise<Review> {
    await this.noticeKv(Date.now())
    return await reviewChange(this.#parts, change)
  }

  /** Adopts what was written to KV, if anything may be new there. */
  async noticeKv(nowMs: number): Promise<void> {
    await this.#inTurn(() => this.#takeFromKv(nowMs))
  }

  /** Writes to KV what is due to be written. */
  async writeKv(nowMs: number): Promise<void> {
    const { kv, control, texts } = this.#parts
    await kv.flush(nowMs)
    const { epoch } = control.state
    if (this.#writtenEpoch === epoch || kv.isPending('state')) return
    this.#writtenEpoch = epoch
    texts.putJson('writtenEpoch', epoch)
  }

  /** Lifts a kill that is in KV's list, and the Controller's own kill as well. */
  async #unkillInKv(command: Command, cause: Cause): Promise<CommandResult> {
    const { kvReader, audit, notifier, alarm, control } = this.#parts
    const nowMs = Date.now()
    // The control state does not have a list that was only just read.
    const before = { ...flagStatus(control.state, command.flag), killed: true }
    const lists = await this.#inTurn(async () => {
      const { killList } = kvReader.report
      await kvReader.dropFromKillList((flag) => flag === command.flag || command.flag === KILL_ALL)
      return { before: killList, after: kvReader.report.killList }
    })
    audit.append({ atMs: nowMs, action: 'kill-list', flag: command.flag, ...lists, ...cause })
    this.#takeKvKills(nowMs)
    await Promise.race([this.writeKv(nowMs), scheduler.wait(KV_PATIENCE_MS)])
    const lifted = await this.perform(command, cause)
    if (lifted.ok) return lifted
    notifier.enqueue('unkill', command.flag, cause, nowMs)
    await this.#pushToShards(nowMs)
    await alarm.within(NEXT_TICK_MS)
    return { ok: true, state: control.state, before, after: flagStatus(control.state, command.flag) }
  }

  /** What was adopted from KV goes to the audit log and the shards; changes of the kill list are notified too. */
  async #takeFromKv(nowMs: number): Promise<void> {
    const { kvReader, audit, documents } = this.#parts
    this.#nameSplits(nowMs)
    const before = documents.current
    const records = await kvReader.check(nowMs)
    if (documents.current !== before) this.#takeUnconfirmed(before, nowMs)
    for (const record of records) {
      audit.append(record)
      this.#parts.pace.attend(record.actor, nowMs)
      if (record.action === 'kill-list') this.#tellKvKill(record, nowMs)
    }
    if (records.some((record) => record.action === 'kill-list')) this.#takeKvKills(nowMs)
    if (records.some((record) => record.action === 'document-adopted')) this.#noteFlags(nowMs)
    if (records.some((record) => record.action !== 'document-refused')) await this.#pushToShards(nowMs)
  }

  /** One message for each flag that entered or left the list. What `*` still kills is not said to be open. */
  #tellKvKill(record: AuditRecord, nowMs: number): void {
    const { flag = KILL_ALL, after } = record
    const list = after as readonly string[]
    if (list.includes(flag)) this.#parts.notifier.enqueue('kill', flag, record, nowMs)
    else if (!list.includes(KILL_ALL)) this.#parts.notifier.enqueue('unkill', flag, record, nowMs)
  }

  /** A state from before splits were named gets those of the document in force; visitors keep their place. */
  #nameSplits(nowMs: number): void {
    const { control, documents, kv } = this.#parts
    if (control.state.namesSplits || documents.current.info.version === 0) return
    const ladders = laddersOf(documents.current, control.state)
    const cause = { actor: 'controller', reason: 'Splits were named', evidence: undefined }
    control.takeDocument({ ladders, word: 'confirmed', shareBefore: () => undefined }, cause, nowMs)
    kv.mark('state')
  }

  /** A document that was written to KV is in force; no person has confirmed what it does to rollouts. */
  #takeUnconfirmed(before: LoadedDocument, nowMs: number): void {
    const { control, documents, kv } = this.#parts
    const { state } = control
    // Under the document that was built in, nothing runs yet.
    const shareBefore = (flag: string) =>
      before.info.version === 0 ? undefined : shareOf(before, flag, flagStatus(state, flag))
    const inputs = { ladders: laddersOf(documents.current, state), word: 'unconfirmed' as const, shareBefore }
    const cause = { actor: 'kv', reason: 'A document was written to KV', evidence: undefined }
    control.takeDocument(inputs, cause, nowMs)
    kv.mark('state')
  }

  #takeKvKills(nowMs: number): void {
    const { control, kvReader, kv } = this.#parts
    control.takeKvKills(kvReader.report.killList, nowMs)
    kv.mark('state')
  }

  #noteFlags(nowMs: number): void {
    const { flags, documents, control } = this.#parts
    flags.noteAll(documents.current.snapshot.flags, control.state, nowMs)
  }

  /** A shard that can't be reached gets the change with the reply to its next forward. */
  async #pushToShards(nowMs: number): Promise<void> {
    const { env, shards, control, documents } = this.#parts
    const active = shards.activeSince(nowMs - SHARD_PUSH_MS)
    const { state } = control
    const { tag } = documents
    const pace = this.#parts.pace.at(nowMs)
    const told = active.map((shard) =>
      withTimeout(countersShard(env, shard).adopt(state, tag, pace), PUSH_TIMEOUT_MS),
    )
    for (const result of await Promise.allSettled(told)) {
      if (result.status === 'rejected') noteInternalError('controller.push', result.reason)
    }
  }

  /** Changes are made one after the other: none overtakes one that waits for KV. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work)
    // The caller gets the error; the next turn starts all the same.
    this.#queue = turn.catch(() => undefined)
    return await turn
  }
}
