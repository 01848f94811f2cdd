/**
 * The Controller: one per gate, the strongly consistent side. Adds up what the shards forward, looks at every
 * rollout once a second while there is something to look at, performs changes one after the other, and sees to it
 * that shards, KV and people get to know each new state. What to do is decided in core/; here it is done, in this
 * order: state and audit record, traffic (shards), KV, notifications.
 */
import { DurableObject } from 'cloudflare:workers'
import { bundledDocument } from '../bundled.ts'
import { type ControlState, INITIAL_FLAG_CONTROL, KILL_ALL } from '../core/config/control.ts'
import type { DocumentTag } from '../core/config/document-tag.ts'
import { intervalMsFor } from '../core/counters/back-pressure.ts'
import type { ControllerPort, ForwardMessage, ForwardReply } from '../core/counters/protocol.ts'
import type { AuditRecord } from '../core/rollout/audit.ts'
import type { Command, CommandResult } from '../core/rollout/commands.ts'
import { type Convergence, convergenceOf } from '../core/rollout/convergence.ts'
import { countersShard, type Env, environmentOf } from '../env.ts'
import { withTimeout } from '../with-timeout.ts'
import { Announcer, eventOf } from './announcer.ts'
import { AuditLog, type Page } from './audit-log.ts'
import { CellStore } from './cell-store.ts'
import { type Cause, ControlDesk } from './control-desk.ts'
import { type DocumentChange, DocumentDesk, type DocumentReport } from './document-desk.ts'
import type { VersionInfo } from './document-history.ts'
import { type Feedback, FeedbackLog } from './feedback-log.ts'
import { type FlagFacts, flagFactsOf } from './flag-facts.ts'
import { FlagLog } from './flag-log.ts'
import { JudgeDesk, percentageOf } from './judge-desk.ts'
import { type KvKey, KvWriter } from './kv-writer.ts'
import { Notifier } from './notifier.ts'
import { PeopleDesk } from './people-desk.ts'
import { type Published, publish, type Review, review } from './publish.ts'
import { RolloutRound, type RolloutView } from './rollout-round.ts'
import { SampleRing } from './sample-ring.ts'
import { type PointContext, type SeriesPoint, SeriesStore } from './series-store.ts'
import { ShardLog } from './shard-log.ts'
import { TextStore } from './storage.ts'
import { type TokenInfo, TokenStore } from './token-store.ts'

const TICK_MS = 1_000
/**
 * While shards forward, it is their forwards that make the Controller look; an alarm, which is billed like a request,
 * sees to it that it looks all the same when they don't.
 */
const BACKSTOP_MS = 3_000
/** Forwards come once a second; one that is a little early still makes the Controller look. */
const EARLY_MS = 100
/** The Controller goes on looking this long after the last counts came in. */
const ACTIVE_MS = 90_000
/** Whoever publishes waits so long for KV; then isolates get the document without it. */
const KV_PATIENCE_MS = 2_000
/** Whoever changes something waits no longer than this for a slow shard; it hears of it all the same. */
const PUSH_TIMEOUT_MS = 1_000
/** A shard counts towards back-pressure while it has forwarded within this. */
const SHARD_BUSY_MS = 15_000
/** A shard that has not forwarded for so long hears of new states when it forwards again. */
const SHARD_PUSH_MS = 900_000

/** What the admin API shows of the Controller. */
export type ControllerStatus = {
  state: ControlState
  cells: ReturnType<CellStore['all']>
  rollouts: Record<string, RolloutView>
  document: DocumentReport
  tag: DocumentTag
  shards: ReturnType<ShardLog['all']>
  kv: { writtenEpoch: number; lastError: string | undefined }
}

export type ConvergenceReport = Convergence & {
  epoch: number
  /** When the epoch came to be, ms since 1970; undefined where that is not known. */
  sinceMs: number | undefined
  kv: { writtenEpoch: number; error: string | null }
}

export class Controller extends DurableObject<Env> implements ControllerPort {
  readonly #texts: TextStore
  readonly #cells: CellStore
  readonly #audit: AuditLog
  readonly #shards: ShardLog
  readonly #series: SeriesStore
  readonly #control: ControlDesk
  readonly #documents: DocumentDesk
  readonly #round: RolloutRound
  readonly #kv: KvWriter
  readonly #notifier: Notifier
  readonly #feedback: FeedbackLog
  readonly #tokens: TokenStore
  readonly #flags: FlagLog
  readonly #announcer: Announcer
  readonly #samples: SampleRing
  readonly #people: PeopleDesk
  #writtenEpoch: number
  #lastForwardMs = 0
  #lastLookMs = 0
  #queue: Promise<unknown> = Promise.resolve()

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    const { sql } = ctx.storage
    this.#texts = new TextStore(sql)
    this.#cells = new CellStore(sql)
    this.#audit = new AuditLog(sql)
    this.#shards = new ShardLog(sql)
    this.#series = new SeriesStore(sql)
    this.#notifier = new Notifier(sql, env)
    this.#feedback = new FeedbackLog(sql)
    this.#tokens = new TokenStore(sql)
    this.#flags = new FlagLog(sql)
    this.#samples = new SampleRing(this.#texts)
    this.#control = new ControlDesk(ctx.storage, this.#texts, this.#audit)
    this.#kv = new KvWriter(env.GATE, this.#texts, (key) => this.#newestFor(key))
    this.#documents = new DocumentDesk(env, sql, this.#texts, this.#kv, bundledDocument)
    this.#announcer = new Announcer(this.#notifier, this.#documents, this.#control, environmentOf(env))
    this.#people = new PeopleDesk(this.#samples, this.#documents, this.#control, env)
    this.#writtenEpoch = this.#texts.getJson<number>('writtenEpoch') ?? 0
    const desk = new JudgeDesk(this.#texts, this.#cells)
    this.#round = new RolloutRound(this.#control, desk, this.#audit, this.#texts, {
      perform: (command, cause) => this.#perform(command, cause),
      notify: (event, flag, cause, nowMs) => this.#announcer.tell(event, flag, cause, nowMs),
    })
    ctx.blockConcurrencyWhile(() => this.#control.recallFrom(env.GATE))
  }

  /** Takes a shard's sums, once. */
  async forward(message: ForwardMessage): Promise<ForwardReply> {
    const nowMs = Date.now()
    this.ctx.storage.transactionSync(() => {
      if (!this.#shards.take(message, nowMs)) return
      this.#cells.add(message.cells)
      this.#series.add(message.cells, nowMs)
    })
    this.#lastForwardMs = nowMs
    this.#flags.noteSeen(new Set(message.cells.map((cell) => cell.flag)), nowMs)
    this.#samples.add(message.samples, nowMs)
    this.#documents.noticeHashes(message.isolates)
    if (nowMs - this.#lastLookMs >= TICK_MS - EARLY_MS) {
      this.ctx.waitUntil(this.#look(nowMs).catch(() => this.#wakeWithin(0)))
    }
    await this.#wakeWithin(BACKSTOP_MS)
    const { state } = this.#control
    const { tag } = this.#documents
    return {
      epoch: state.epoch,
      state: message.epoch < state.epoch ? state : undefined,
      document: message.documentVersion < tag.version ? tag : undefined,
      intervalMs: intervalMsFor(this.#shards.activeSince(nowMs - SHARD_BUSY_MS).length),
      sampleQuota: this.#samples.wantedFrom(this.#shards.activeSince(nowMs - ACTIVE_MS).length),
    }
  }

  async documentText(version: number): Promise<string | undefined> {
    const { info, text } = this.#documents.current
    return info.version === version ? text : undefined
  }

  /** Performs a person's command; the answer says what changed, or why nothing did. */
  async command(command: Command, actor: string, reason: string): Promise<CommandResult> {
    const cause = { actor, reason, evidence: undefined }
    // Closing a flag that is known waits for nothing; anything else wants to know what people wrote into KV.
    const isUrgent = command.kind === 'kill' || command.kind === 'rollback'
    if (!isUrgent || !this.#documents.current.snapshot.flags.has(command.flag)) {
      await this.#inTurn(() => this.#noticeKv(Date.now()))
    }
    const isListed = this.#documents.report.killList.includes(command.flag)
    return await (command.kind === 'unkill' && isListed
      ? this.#unkillInKv(command, cause)
      : this.#perform(command, cause))
  }

  /** Puts a new version of the document in force, or says why not. */
  async publish(
    change: DocumentChange,
    options: { expectedVersion: number | undefined; confirm: boolean; actor: string; reason: string },
  ): Promise<Published> {
    return await this.#inTurn(async () => {
      const nowMs = Date.now()
      await this.#noticeKv(nowMs)
      const published = await publish(
        this.#documents,
        this.#audit,
        change,
        { ...options, nowMs },
        this.#people,
      )
      if (!published.ok || !published.changed) return published
      this.#noteFlags(nowMs)
      this.#kv.mark('config')
      await Promise.race([this.#writeKv(nowMs), scheduler.wait(KV_PATIENCE_MS)])
      await this.#pushToShards(nowMs)
      await this.#wakeWithin(TICK_MS)
      return { ...published, tag: this.#documents.tag, kvPending: this.#kv.isPending('config') }
    })
  }

  /** What publishing a change would do; nothing is changed. */
  async review(change: DocumentChange): Promise<Review> {
    await this.#inTurn(() => this.#noticeKv(Date.now()))
    return await review(this.#documents, change, this.#people)
  }

  /** What the document in force says of its flags, or of a single one, and what is remembered of them. */
  async flagFacts(only?: string): Promise<{ version: number; flags: FlagFacts[] }> {
    const { current } = this.#documents
    return { version: current.info.version, flags: flagFactsOf(current, this.#flags, Date.now(), only) }
  }

  /** The document in force, or an earlier version. */
  async document(version: number | undefined): Promise<{ info: VersionInfo; text: string } | undefined> {
    await this.#inTurn(() => this.#noticeKv(Date.now()))
    const { current, history } = this.#documents
    const found = version === undefined || version === current.info.version ? current : history.find(version)
    return found && { info: found.info, text: found.text }
  }

  async versions(page: Page): Promise<{ current: number; versions: VersionInfo[] }> {
    const { current, history } = this.#documents
    return { current: current.info.version, versions: history.list(page.limit, page.before) }
  }

  async status(): Promise<ControllerStatus> {
    return {
      state: this.#control.state,
      cells: this.#cells.all(),
      rollouts: Object.fromEntries(this.#round.views),
      document: this.#documents.report,
      tag: this.#documents.tag,
      shards: this.#shards.all(),
      kv: { writtenEpoch: this.#writtenEpoch, lastError: this.#kv.error },
    }
  }

  /** Where the state of an epoch has arrived; of the latest one, unless another is asked for. */
  async convergence(epoch: number | undefined): Promise<ConvergenceReport> {
    const asked = epoch ?? this.#control.state.epoch
    const sinceMs = this.#control.epochs.atMs(asked)
    const kv = { writtenEpoch: this.#writtenEpoch, error: this.#kv.error ?? null }
    return {
      epoch: asked,
      sinceMs,
      kv,
      ...convergenceOf(asked, sinceMs ?? 0, this.#shards.all(), Date.now()),
    }
  }

  async series(
    flag: string,
    seconds: number,
  ): Promise<{ stepMs: number; points: SeriesPoint[]; alpha: number | undefined }> {
    const nowMs = Date.now()
    const alpha = this.#documents.current.plans.get(flag)?.guard?.alpha
    return { ...this.#series.since(flag, nowMs - seconds * 1_000, nowMs), alpha }
  }

  async audit(page: Page): Promise<(AuditRecord & { id: number })[]> {
    return this.#audit.latest(page)
  }

  /** Notes what was done outside the Controller: previews, refused logins. */
  async note(record: AuditRecord): Promise<void> {
    this.#audit.append(record)
  }

  async addFeedback(entries: readonly Feedback[]): Promise<void> {
    this.#feedback.add(entries)
  }

  async feedback(page: Page & { variant?: string | undefined }): Promise<(Feedback & { id: number })[]> {
    return this.#feedback.latest(page)
  }

  async tokens(): Promise<TokenInfo[]> {
    return this.#tokens.list()
  }

  async addToken(token: TokenInfo, hash: string): Promise<void> {
    this.#tokens.add(token, hash)
    const { name, role } = token
    this.#noteToken('token-created', token.createdBy, `${name} may act as ${role}`, null, {
      id: token.id,
      name,
      role,
    })
  }

  /** Takes a token back; undefined where there is none of that id. */
  async revokeToken(id: string, actor: string): Promise<TokenInfo | undefined> {
    const token = this.#tokens.remove(id)
    if (token === undefined) return undefined
    const { name, role } = token
    this.#noteToken(
      'token-revoked',
      actor,
      `${name} may not act as ${role} any more`,
      { id, name, role },
      null,
    )
    return token
  }

  async findToken(hash: string): Promise<TokenInfo | undefined> {
    return this.#tokens.find(hash, Date.now())
  }

  async testWebhook(url: string, actor: string): Promise<{ delivered: boolean; detail: string } | undefined> {
    const webhook = this.#documents.current.document.notifications?.webhooks.find((each) => each.url === url)
    if (webhook === undefined) return undefined
    const result = await this.#notifier.test(webhook, environmentOf(this.env))
    const what = { flag: undefined, evidence: result, before: null, after: null }
    this.#audit.append({ atMs: Date.now(), actor, action: 'webhook-tested', reason: url, ...what })
    return result
  }

  override async alarm(): Promise<void> {
    const nowMs = Date.now()
    await this.#look(nowMs)
    await this.#wakeForNext(nowMs)
  }

  /** Looks at every rollout, and does what is due. */
  async #look(nowMs: number): Promise<void> {
    this.#lastLookMs = nowMs
    await this.#round.run(this.#documents.current, nowMs)
    this.#series.close(nowMs, (flag) => this.#pointContext(flag))
    // Neither KV nor a webhook may keep the next look waiting.
    this.ctx.waitUntil(Promise.all([this.#inTurn(() => this.#noticeKv(nowMs)), this.#writeKv(nowMs)]))
    this.ctx.waitUntil(this.#notifier.deliver(nowMs))
  }

  /** State and audit record are written together; then the traffic learns of it; KV and people follow by alarm. */
  async #perform(command: Command, cause: Cause): Promise<CommandResult> {
    const { snapshot, plans } = this.#documents.current
    const known = snapshot.flags.has(command.flag)
    const stageCount = plans.get(command.flag)?.stages.length ?? 0
    const nowMs = Date.now()
    const result = this.#control.perform(command, known ? { stageCount } : undefined, cause, nowMs)
    if (!result.ok) return result
    this.#kv.mark('state')
    this.#noteFlags(nowMs)
    const event = eventOf(command)
    if (event !== undefined) this.#announcer.tell(event, command.flag, cause, nowMs)
    await this.#pushToShards(nowMs)
    await this.#wakeWithin(0)
    return result
  }

  /** What people wrote into KV, the Controller takes out again; a kill of its own is lifted as well. */
  async #unkillInKv(command: Command, cause: Cause): Promise<CommandResult> {
    const nowMs = Date.now()
    const before = this.#documents.report.killList
    await this.#documents.dropFromKillList((flag) => flag === command.flag || command.flag === KILL_ALL)
    const after = this.#documents.report.killList
    this.#audit.append({ atMs: nowMs, action: 'kill-list', flag: command.flag, before, after, ...cause })
    this.#takeKvKills(nowMs)
    await Promise.race([this.#writeKv(nowMs), scheduler.wait(KV_PATIENCE_MS)])
    const lifted = await this.#perform(command, cause)
    if (lifted.ok) return lifted
    this.#announcer.tell('unkill', command.flag, cause, nowMs)
    await this.#pushToShards(nowMs)
    await this.#wakeWithin(TICK_MS)
    return this.#control.unchanged(command.flag)
  }

  /** What was noticed in KV goes into the log, to the shards, and, if it is about kills, to people. */
  async #noticeKv(nowMs: number): Promise<void> {
    const records = await this.#documents.check(nowMs)
    for (const record of records) {
      this.#audit.append(record)
      if (record.action !== 'kill-list') continue
      const event = Array.isArray(record.after) && record.after.length > 0 ? 'kill' : 'unkill'
      const reason = `${record.reason}: ${JSON.stringify(record.after)}`
      this.#announcer.tell(event, KILL_ALL, { ...record, reason }, nowMs)
    }
    if (records.some((record) => record.action === 'kill-list')) this.#takeKvKills(nowMs)
    if (records.some((record) => record.action === 'document-adopted')) this.#noteFlags(nowMs)
    if (records.some((record) => record.action !== 'document-refused')) await this.#pushToShards(nowMs)
  }

  #takeKvKills(nowMs: number): void {
    this.#control.takeKvKills(this.#documents.report.killList, nowMs)
    this.#kv.mark('state')
  }

  #noteFlags(nowMs: number): void {
    this.#flags.note(this.#documents.current.snapshot.flags, this.#control.state, nowMs)
  }

  #noteToken(
    action: 'token-created' | 'token-revoked',
    actor: string,
    reason: string,
    before: unknown,
    after: unknown,
  ) {
    const nowMs = Date.now()
    this.#audit.append({
      atMs: nowMs,
      actor,
      action,
      flag: undefined,
      reason,
      evidence: undefined,
      before,
      after,
    })
  }

  #pointContext(key: string): PointContext {
    const flag = this.#documents.current.snapshot.flags.get(key)
    const control = this.#control.state.flags[key] ?? INITIAL_FLAG_CONTROL
    const { generation, stage } = control
    const wealth = this.#round.views.get(key)?.verdict?.evidence.wealth ?? null
    return { generation, stage, percentage: flag ? percentageOf(flag, control) : null, wealth }
  }

  /** A shard that can't be reached hears of what is new in the reply to its next forward. */
  async #pushToShards(nowMs: number): Promise<void> {
    const active = this.#shards.activeSince(nowMs - SHARD_PUSH_MS)
    const { state } = this.#control
    const { tag } = this.#documents
    const told = active.map((shard) =>
      withTimeout(countersShard(this.env, shard).adopt(state, tag), PUSH_TIMEOUT_MS),
    )
    await Promise.allSettled(told)
  }

  #newestFor(key: KvKey): string {
    if (key === 'config') return this.#documents.current.text
    return JSON.stringify(key === 'kill' ? this.#documents.report.killList : this.#control.state)
  }

  async #writeKv(nowMs: number): Promise<void> {
    await this.#kv.flush(nowMs)
    const { epoch } = this.#control.state
    if (this.#writtenEpoch === epoch || this.#kv.isPending('state')) return
    this.#writtenEpoch = epoch
    this.#texts.putJson('writtenEpoch', epoch)
  }

  /** Changes are made one after the other: a change that waits for KV must not be overtaken. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work)
    this.#queue = turn.catch(() => undefined)
    return await turn
  }

  async #wakeForNext(nowMs: number): Promise<void> {
    const silentMs = nowMs - this.#lastForwardMs
    if (this.#kv.hasPending) return await this.#wakeWithin(TICK_MS)
    if (silentMs < ACTIVE_MS) return await this.#wakeWithin(silentMs < BACKSTOP_MS ? BACKSTOP_MS : TICK_MS)
    const messageDueMs = this.#notifier.nextDueMs
    if (messageDueMs !== undefined) await this.#wakeWithin(Math.max(TICK_MS, messageDueMs - nowMs))
  }

  async #wakeWithin(delayMs: number): Promise<void> {
    const dueMs = Date.now() + delayMs
    const alarmMs = await this.ctx.storage.getAlarm()
    if (alarmMs === null || alarmMs > dueMs) await this.ctx.storage.setAlarm(dueMs)
  }
}
