/**
 * Makes changes and makes them known, in this order: state and audit record, the shards, KV, notifications. All changes
 * pass here: commands of users and of the guard, new documents, and what was written to KV.
 */

import { KILL_ALL } from '../../core/config/control.ts'
import type { Problem } from '../../core/config/parse/problems.ts'
import { jsonOf } from '../../core/json-object.ts'
import { needlessApproval } from '../../core/rollout/approval.ts'
import type { AuditRecord, Cause } from '../../core/rollout/audit.ts'
import { type Command, type CommandResult, flagStatus } from '../../core/rollout/commands.ts'
import { type RolloutChange, rolloutChangeText } from '../../core/rollout/edits/document-change.ts'
import { ladderOf, laddersOf, shareOf } from '../../core/rollout/edits/ladders.ts'
import { commandQuestions } from '../../core/rollout/edits/named-change.ts'
import { documentNews } from '../../core/rollout/news/document-news.ts'
import { commandTransition } from '../../core/rollout/news/transition.ts'
import { countersShard, type Env } from '../../platform/env.ts'
import { noteInternalError } from '../../platform/internal-errors.ts'
import { withTimeout } from '../../platform/timeout.ts'
import type { Alarm } from '../storage/alarm.ts'
import type { AuditLog } from '../storage/audit-log.ts'
import type { FlagLog } from '../storage/flag-log.ts'
import type { ShardLog } from '../storage/shard-log.ts'
import type { TextStore } from '../storage/text-store.ts'
import type { ControlStore } from './control-store.ts'
import type { DocumentChange, Documents, LoadedDocument } from './documents.ts'
import type { ImpactEstimator } from './impact.ts'
import type { KvReader } from './kv-reader.ts'
import type { KvWriter } from './kv-writer.ts'
import { eventOf, type Notifier } from './news/notifier.ts'
import { keepOutcome, keepOutcomesOfDocument, type OutcomeParts } from './news/outcome-keeper.ts'
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
/** The same of a command, which isolates have heard by then. */
const KV_COMMAND_PATIENCE_MS = 500
/** How long a call waits for a slow shard, which gets the change with the reply to its next forward. */
const PUSH_TIMEOUT_MS = 1_000
/** A shard silent for this long learns of new states when it forwards again. */
const SHARD_PUSH_MS = 900_000

/** What changes are made in, and what makes them known. */
export type ChangeParts = Omit<OutcomeParts, 'control' | 'documents'> & {
  control: ControlStore
  documents: Documents
  env: Env
  texts: TextStore
  audit: AuditLog
  shards: ShardLog
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
    // Closing a known flag reads nothing first. What any other command is about may be in KV, and no isolate has reported it yet.
    const isUrgent = command.kind === 'kill' || command.kind === 'rollback'
    if (!isUrgent || !documents.current.snapshot.flags.has(command.flag)) {
      kvReader.suspect()
      await this.noticeKv(Date.now())
    }
    const needless = command.kind === 'approve' ? this.#needlessApproval(command.flag) : undefined
    if (needless !== undefined)
      return { ok: false, why: 'impossible', error: `Cannot approve ${command.flag}: ${needless}` }
    const questions =
      command.confirm === false
        ? commandQuestions(command, { ...documents.current, state: this.#parts.control.state })
        : []
    if (questions.length > 0) {
      const error = `${command.kind} ${command.flag} needs confirmation: ${questions.join('; ')}`
      return { ok: false, why: 'unconfirmed', error, questions }
    }
    const done = await (command.kind === 'unkill' && kvReader.isListed(command.flag)
      ? this.#unkillInKv(command, cause)
      : this.perform(command, cause))
    // An isolate that starts now, such as that of a machine that has lost its power, knows what KV says.
    if (done.ok && isUrgent)
      await Promise.race([this.writeKv(Date.now()), scheduler.wait(KV_COMMAND_PATIENCE_MS)])
    return done
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
    keepOutcome(this.#parts, { flag: command.flag, ...result }, cause, nowMs)
    const transition = commandTransition(known, result.before, result.after)
    const event = eventOf(command, transition)
    if (event !== undefined) notifier.enqueue(event, command.flag, { ...cause, ...transition }, nowMs)
    await this.#pushToShards(nowMs)
    await alarm.within(0)
    return result
  }

  /** Puts a new version of the document in force and makes it known, or says why not. */
  async publishDocument(change: DocumentChange, options: Omit<PublishOptions, 'nowMs'>): Promise<Published> {
    const { documents, kv, kvReader, alarm } = this.#parts
    return await this.#inTurn(async () => {
      const nowMs = Date.now()
      // What was written to KV a moment ago, and no isolate has reported yet, would be overwritten without a version.
      kvReader.suspect()
      await this.#takeFromKv(nowMs)
      const before = documents.current
      const published = await putChangeInForce(this.#parts, change, { ...options, nowMs })
      if (!published.ok || !published.changed) return published
      const { actor, reason } = options
      this.#tellDocument(before, published.rollouts, { actor, reason, evidence: undefined }, nowMs)
      this.#parts.pace.attend(actor, nowMs)
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
  async reviewDocument(change: DocumentChange, flag?: string): Promise<Review> {
    await this.noticeKv(Date.now())
    return await reviewChange(this.#parts, change, flag)
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
    const listed = kvReader.report.killList
    const records = await kvReader.check(nowMs)
    const isAdopted = documents.current !== before
    const rollouts = isAdopted ? this.#takeUnconfirmed(before, nowMs) : []
    for (const record of records) {
      audit.append(record)
      this.#parts.pace.attend(record.actor, nowMs)
      if (record.action === 'kill-list') this.#tellKvKill(record, nowMs)
      else if (record.action === 'document-adopted') this.#tellDocument(before, rollouts, record, nowMs)
      else if (record.action === 'document-refused' || record.action === 'kill-list-refused')
        this.#parts.notifier.enqueue(record.action, null, { ...record, changes: problemLines(record) }, nowMs)
    }
    // Names of no flag leave no record.
    if (kvReader.report.killList !== listed) this.#takeKvKills(nowMs)
    if (isAdopted) this.#noteFlags(nowMs)
    const isWithdrawn = this.#parts.kv.isPending('config')
    if (isWithdrawn || records.some((record) => record.action !== 'document-refused'))
      await this.#pushToShards(nowMs)
    // Where no counts come, nothing else delivers the messages.
    if (records.length > 0) await this.#parts.alarm.within(0)
  }

  /** One message for each flag that entered or left the list. What `*` still kills is not said to be open. */
  #tellKvKill(record: AuditRecord, nowMs: number): void {
    const { flag = KILL_ALL, after } = record
    const list = after as readonly string[]
    const { documents, control, notifier } = this.#parts
    const open = { ...flagStatus(control.state, flag), killed: false }
    const known = documents.current.snapshot.flags.get(flag)
    const { from, to } = commandTransition(known, open, { ...open, killed: true })
    if (list.includes(flag)) notifier.enqueue('kill', flag, { ...record, from, to }, nowMs)
    else if (!list.includes(KILL_ALL))
      notifier.enqueue('unkill', flag, { ...record, from: to, to: from }, nowMs)
  }

  /** One message for each version, with what it does to rollouts that run. */
  #tellDocument(
    before: LoadedDocument,
    rollouts: readonly RolloutChange[],
    cause: Cause,
    nowMs: number,
  ): void {
    const { info, text } = this.#parts.documents.current
    const versions = [before.info.version, info.version] as const
    const { event, flag, from, to, changes } = documentNews(jsonOf(before.text), jsonOf(text), versions)
    const told = rollouts.map((change) => `${change.flag}: ${rolloutChangeText(change)}`)
    const news = { ...cause, from, to, changes: [...changes, ...told] }
    keepOutcomesOfDocument(this.#parts, before, { rollouts, cause }, nowMs)
    this.#parts.notifier.enqueue(event, flag, news, nowMs)
  }

  /** A state from before splits were named gets those of the document in force; visitors keep their place. */
  #nameSplits(nowMs: number): void {
    const { control, documents, kv } = this.#parts
    if (control.state.namesSplits || documents.current.info.version === 0) return
    const ladders = laddersOf(documents.current, control.state)
    const cause = { actor: 'controller', reason: 'Splits were named', evidence: undefined }
    const before = { shareBefore: () => undefined, ladderBefore: () => undefined }
    control.takeDocument({ ladders, word: 'confirmed', ...before }, cause, nowMs)
    kv.mark('state')
  }

  /** A document that was written to KV is in force; no person has confirmed what it does to rollouts. */
  #takeUnconfirmed(before: LoadedDocument, nowMs: number): RolloutChange[] {
    const { control, documents, kv } = this.#parts
    const { state } = control
    // Under the document that was built in, nothing runs yet.
    const shareBefore = (flag: string) =>
      before.info.version === 0 ? undefined : shareOf(before, flag, flagStatus(state, flag))
    const ladderBefore = (flag: string) => ladderOf(before, flag)
    const ladders = laddersOf(documents.current, state)
    const inputs = { ladders, word: 'unconfirmed' as const, shareBefore, ladderBefore }
    const cause = { actor: 'kv', reason: 'A document was written to KV', evidence: undefined }
    const changes = control.takeDocument(inputs, cause, nowMs)
    kv.mark('state')
    return changes
  }

  #takeKvKills(nowMs: number): void {
    const { control, kvReader, kv } = this.#parts
    control.takeKvKills(kvReader.report.killList, nowMs)
    kv.mark('state')
  }

  #noteFlags(nowMs: number): void {
    const { flags, shadow, documents, control } = this.#parts
    flags.noteAll(documents.current.snapshot.flags, control.state, nowMs)
    shadow.keepOnly(documents.current.snapshot.flags)
    for (const flag of documents.current.plans.keys())
      this.#parts.attempts.noteStart(flag, flagStatus(control.state, flag).generation, nowMs)
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

const MOST_PROBLEMS_TOLD = 5

/** What is wrong with a value in KV, a line each. */
function problemLines({ evidence }: AuditRecord): string[] {
  return (evidence as readonly Problem[])
    .slice(0, MOST_PROBLEMS_TOLD)
    .map(({ path, found, expected }) => `${path}: found ${found}, expected ${expected}`)
}
