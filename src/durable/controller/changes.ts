/**
 * Changes of what the gate does, and how each becomes known, in this order: state and audit record, traffic (the
 * shards), KV, notifications. People's commands, the guard's, new documents and what is found in KV all come by here.
 */
import { KILL_ALL } from '../../core/config/control.ts'
import { type Command, type CommandResult, flagStatus } from '../../core/rollout/commands.ts'
import { countersShard, type Env } from '../../platform/env.ts'
import { withTimeout } from '../../platform/timeout.ts'
import type { AuditLog } from '../storage/audit-log.ts'
import type { FlagLog } from '../storage/flag-log.ts'
import type { ShardLog } from '../storage/shard-log.ts'
import type { TextStore } from '../storage/text-store.ts'
import type { Alarm } from './alarm.ts'
import { type Announcer, eventOf } from './announcer.ts'
import type { Cause, ControlDesk } from './control.ts'
import type { DocumentChange, DocumentDesk } from './documents.ts'
import type { PeopleDesk } from './impact.ts'
import type { KvWriter } from './kv-writer.ts'
import { type Published, type PublishOptions, publish, type Review, review } from './publish.ts'

/** What is left to do after a change is done when the Controller looks next. */
const NEXT_LOOK_MS = 1_000
/** Whoever publishes waits so long for KV; then isolates get the document without it. */
const KV_PATIENCE_MS = 2_000
/** Whoever changes something waits no longer than this for a slow shard; it hears of it all the same. */
const PUSH_TIMEOUT_MS = 1_000
/** A shard that has not forwarded for so long hears of new states when it forwards again. */
const SHARD_PUSH_MS = 900_000

/** What a change is made in, and what makes it known. */
export type ChangeParts = {
  env: Env
  texts: TextStore
  audit: AuditLog
  shards: ShardLog
  control: ControlDesk
  documents: DocumentDesk
  flags: FlagLog
  people: PeopleDesk
  kv: KvWriter
  announcer: Announcer
  alarm: Alarm
}

export class ChangeDesk {
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

  /** Performs a person's command; the answer says what changed, or why nothing did. */
  async command(command: Command, cause: Cause): Promise<CommandResult> {
    const { documents } = this.#parts
    // Whoever lifts a kill sees one, and it may be that of a list which no isolate has told of yet.
    if (command.kind === 'unkill') documents.suspect()
    // Closing a flag that is known waits for nothing; anything else wants to know what people wrote into KV.
    const isUrgent = command.kind === 'kill' || command.kind === 'rollback'
    if (!isUrgent || !documents.current.snapshot.flags.has(command.flag)) await this.noticeKv(Date.now())
    return await (command.kind === 'unkill' && documents.isListed(command.flag)
      ? this.#unkillInKv(command, cause)
      : this.perform(command, cause))
  }

  /** State and audit record are written together; then the traffic learns of it; KV and people follow by alarm. */
  async perform(command: Command, cause: Cause): Promise<CommandResult> {
    const { control, documents, flags, kv, announcer, alarm } = this.#parts
    const { snapshot, plans } = documents.current
    const known = snapshot.flags.get(command.flag)
    const stageCount = plans.get(command.flag)?.stages.length ?? 0
    const nowMs = Date.now()
    const result = control.perform(command, known ? { stageCount } : undefined, cause, nowMs)
    if (!result.ok) return result
    kv.mark('state')
    if (known !== undefined) flags.note(known, control.state, nowMs)
    const event = eventOf(command)
    if (event !== undefined) announcer.tell(event, command.flag, cause, nowMs)
    await this.#pushToShards(nowMs)
    await alarm.within(0)
    return result
  }

  /** Puts a new version of the document in force, or says why not. */
  async publish(change: DocumentChange, options: Omit<PublishOptions, 'nowMs'>): Promise<Published> {
    const { documents, audit, people, kv, alarm } = this.#parts
    return await this.#inTurn(async () => {
      const nowMs = Date.now()
      await this.#takeFromKv(nowMs)
      const published = await publish(documents, audit, change, { ...options, nowMs }, people)
      if (!published.ok || !published.changed) return published
      this.#noteFlags(nowMs)
      kv.mark('config')
      await Promise.race([this.writeKv(nowMs), scheduler.wait(KV_PATIENCE_MS)])
      await this.#pushToShards(nowMs)
      await alarm.within(NEXT_LOOK_MS)
      return { ...published, tag: documents.tag, kvPending: kv.isPending('config') }
    })
  }

  /** What publishing a change would do; nothing is changed. */
  async review(change: DocumentChange): Promise<Review> {
    await this.noticeKv(Date.now())
    return await review(this.#parts.documents, change, this.#parts.people)
  }

  /** Takes over what people wrote into KV, if anything may be new there. */
  async noticeKv(nowMs: number): Promise<void> {
    await this.#inTurn(() => this.#takeFromKv(nowMs))
  }

  /** Writes to KV what is due. */
  async writeKv(nowMs: number): Promise<void> {
    const { kv, control, texts } = this.#parts
    await kv.flush(nowMs)
    const { epoch } = control.state
    if (this.#writtenEpoch === epoch || kv.isPending('state')) return
    this.#writtenEpoch = epoch
    texts.putJson('writtenEpoch', epoch)
  }

  /** What people wrote into KV, the Controller takes out again; a kill of its own is lifted as well. */
  async #unkillInKv(command: Command, cause: Cause): Promise<CommandResult> {
    const { documents, audit, announcer, alarm, control } = this.#parts
    const nowMs = Date.now()
    // A list that has only just been noticed is not in the control state yet.
    const before = { ...flagStatus(control.state, command.flag), killed: true }
    const lists = await this.#inTurn(async () => {
      const { killList } = documents.report
      await documents.dropFromKillList((flag) => flag === command.flag || command.flag === KILL_ALL)
      return { before: killList, after: documents.report.killList }
    })
    audit.append({ atMs: nowMs, action: 'kill-list', flag: command.flag, ...lists, ...cause })
    this.#takeKvKills(nowMs)
    await Promise.race([this.writeKv(nowMs), scheduler.wait(KV_PATIENCE_MS)])
    const lifted = await this.perform(command, cause)
    if (lifted.ok) return lifted
    announcer.tell('unkill', command.flag, cause, nowMs)
    await this.#pushToShards(nowMs)
    await alarm.within(NEXT_LOOK_MS)
    return { ok: true, state: control.state, before, after: flagStatus(control.state, command.flag) }
  }

  /** What was noticed in KV goes into the log, to the shards, and, if it is about kills, to people. */
  async #takeFromKv(nowMs: number): Promise<void> {
    const { documents, audit, announcer } = this.#parts
    const records = await documents.check(nowMs)
    for (const record of records) {
      audit.append(record)
      if (record.action !== 'kill-list') continue
      const event = Array.isArray(record.after) && record.after.length > 0 ? 'kill' : 'unkill'
      const reason = `${record.reason}: ${JSON.stringify(record.after)}`
      announcer.tell(event, KILL_ALL, { ...record, reason }, nowMs)
    }
    if (records.some((record) => record.action === 'kill-list')) this.#takeKvKills(nowMs)
    if (records.some((record) => record.action === 'document-adopted')) this.#noteFlags(nowMs)
    if (records.some((record) => record.action !== 'document-refused')) await this.#pushToShards(nowMs)
  }

  #takeKvKills(nowMs: number): void {
    const { control, documents, kv } = this.#parts
    control.takeKvKills(documents.report.killList, nowMs)
    kv.mark('state')
  }

  #noteFlags(nowMs: number): void {
    const { flags, documents, control } = this.#parts
    flags.noteAll(documents.current.snapshot.flags, control.state, nowMs)
  }

  /** A shard that can't be reached hears of what is new in the reply to its next forward. */
  async #pushToShards(nowMs: number): Promise<void> {
    const { env, shards, control, documents } = this.#parts
    const active = shards.activeSince(nowMs - SHARD_PUSH_MS)
    const { state } = control
    const { tag } = documents
    const told = active.map((shard) =>
      withTimeout(countersShard(env, shard).adopt(state, tag), PUSH_TIMEOUT_MS),
    )
    await Promise.allSettled(told)
  }

  /** Changes are made one after the other: a change that waits for KV must not be overtaken. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work)
    this.#queue = turn.catch(() => undefined)
    return await turn
  }
}
