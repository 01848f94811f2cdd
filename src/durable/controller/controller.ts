/**
 * The Controller: one per gate, the strongly consistent side. Adds up what the shards forward, looks at every
 * rollout once a second while there is something to look at, and hands changes to the desk that performs them one
 * after the other and makes them known. What to do is decided in core/; here it is done.
 */
import { DurableObject } from 'cloudflare:workers'
import { type ControlState, INITIAL_FLAG_CONTROL } from '../../core/config/control.ts'
import type { DocumentTag } from '../../core/config/document-tag.ts'
import { intervalMsFor } from '../../core/counters/back-pressure.ts'
import type { InternalError } from '../../core/counters/internal-errors.ts'
import {
  type ControllerPort,
  type ForwardMessage,
  type ForwardReply,
  numbered,
} from '../../core/counters/protocol.ts'
import type { AuditRecord } from '../../core/rollout/audit.ts'
import type { Command, CommandResult } from '../../core/rollout/commands.ts'
import { type Convergence, convergenceOf, documentConvergenceOf } from '../../core/rollout/convergence.ts'
import { bundledDocument } from '../../platform/bundled-document.ts'
import { type Env, environmentOf } from '../../platform/env.ts'
import { noteIfNewer, takeInternalErrors } from '../../platform/internal-errors.ts'
import { AuditLog, type Page } from '../storage/audit-log.ts'
import { CellStore } from '../storage/cell-store.ts'
import type { VersionInfo } from '../storage/document-history.ts'
import { type Feedback, FeedbackLog } from '../storage/feedback-log.ts'
import { FlagLog } from '../storage/flag-log.ts'
import { InternalErrorLog } from '../storage/internal-error-log.ts'
import { SampleRing } from '../storage/sample-ring.ts'
import { type PointContext, type SeriesPoint, SeriesStore } from '../storage/series-store.ts'
import { ShardLog } from '../storage/shard-log.ts'
import { TextStore } from '../storage/text-store.ts'
import type { TokenInfo } from '../storage/token-store.ts'
import { Alarm } from './alarm.ts'
import { Announcer } from './announcer.ts'
import { ChangeDesk } from './changes.ts'
import { ControlDesk } from './control.ts'
import { type DocumentChange, DocumentDesk, type DocumentReport } from './documents.ts'
import { type FlagFacts, flagFactsOf } from './flag-facts.ts'
import { JudgeDesk, percentageOf } from './guard-runner.ts'
import { PeopleDesk } from './impact.ts'
import { type KvKey, KvWriter } from './kv-writer.ts'
import { Notifier } from './notifier.ts'
import type { Published, PublishOptions, Review } from './publish.ts'
import { RolloutRound, type RolloutView } from './rollout-tick.ts'
import { TokenDesk } from './tokens.ts'

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
/** A shard counts towards back-pressure while it has forwarded within this. */
const SHARD_BUSY_MS = 15_000

/** What the admin API shows of the Controller. */
export type ControllerStatus = {
  state: ControlState
  cells: ReturnType<CellStore['all']>
  rollouts: Record<string, RolloutView>
  document: DocumentReport
  tag: DocumentTag
  shards: ReturnType<ShardLog['all']>
  kv: { writtenEpoch: number; lastError: string | undefined }
  internalErrors: InternalError[]
}

export type ConvergenceReport = Convergence & {
  epoch: number
  /** When the epoch came to be, ms since 1970; undefined where that is not known. */
  sinceMs: number | undefined
  kv: { writtenEpoch: number; error: string | null }
  document: { version: number } & Pick<Convergence, 'converged' | 'isolates' | 'colos'>
}

export class Controller extends DurableObject<Env> implements ControllerPort {
  readonly #cells: CellStore
  readonly #audit: AuditLog
  readonly #shards: ShardLog
  readonly #series: SeriesStore
  readonly #control: ControlDesk
  readonly #documents: DocumentDesk
  readonly #changes: ChangeDesk
  readonly #round: RolloutRound
  readonly #kv: KvWriter
  readonly #notifier: Notifier
  readonly #feedback: FeedbackLog
  readonly #tokens: TokenDesk
  readonly #flags: FlagLog
  readonly #samples: SampleRing
  readonly #internalErrors: InternalErrorLog
  readonly #alarm: Alarm
  #lastForwardMs = 0
  #lastLookMs = 0

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    const { sql } = ctx.storage
    const texts = new TextStore(sql)
    this.#alarm = new Alarm(ctx.storage)
    this.#cells = new CellStore(sql)
    this.#audit = new AuditLog(sql)
    this.#shards = new ShardLog(sql)
    this.#series = new SeriesStore(sql)
    this.#notifier = new Notifier(sql, env)
    this.#feedback = new FeedbackLog(sql)
    this.#tokens = new TokenDesk(sql, this.#audit)
    this.#flags = new FlagLog(sql)
    this.#samples = new SampleRing(texts)
    this.#internalErrors = new InternalErrorLog(texts)
    this.#control = new ControlDesk(ctx.storage, texts, this.#audit)
    this.#kv = new KvWriter(env.GATE, texts, (key) => this.#newestFor(key))
    this.#documents = new DocumentDesk(env, sql, texts, this.#kv, bundledDocument)
    const announcer = new Announcer(this.#notifier, this.#documents, this.#control, environmentOf(env))
    this.#changes = new ChangeDesk({
      env,
      texts,
      announcer,
      audit: this.#audit,
      shards: this.#shards,
      control: this.#control,
      documents: this.#documents,
      flags: this.#flags,
      people: new PeopleDesk(this.#samples, this.#documents, this.#control, env),
      kv: this.#kv,
      alarm: this.#alarm,
    })
    this.#round = new RolloutRound(this.#control, new JudgeDesk(texts, this.#cells), this.#audit, texts, {
      perform: (command, cause) => this.#changes.perform(command, cause),
      notify: (event, flag, cause, nowMs) => announcer.tell(event, flag, cause, nowMs),
    })
    ctx.blockConcurrencyWhile(() => this.#control.recallFrom(env.GATE))
  }

  /** Takes a shard's sums, once. */
  async forward(message: ForwardMessage): Promise<ForwardReply> {
    const nowMs = Date.now()
    noteIfNewer('forward', message)
    this.ctx.storage.transactionSync(() => {
      if (!this.#shards.take(message, nowMs)) return
      this.#cells.add(message.cells)
      this.#series.add(message.cells, nowMs)
      this.#internalErrors.add(message.internalErrors)
    })
    this.#internalErrors.add(takeInternalErrors())
    this.#lastForwardMs = nowMs
    this.#flags.noteSeen(new Set(message.cells.map((cell) => cell.flag)), nowMs)
    this.#samples.add(message.samples, nowMs)
    this.#documents.noticeHashes(message.isolates)
    if (nowMs - this.#lastLookMs >= TICK_MS - EARLY_MS) {
      this.ctx.waitUntil(this.#look(nowMs).catch(() => this.#alarm.within(0)))
    }
    await this.#alarm.within(BACKSTOP_MS)
    const { state } = this.#control
    const { tag } = this.#documents
    return numbered({
      epoch: state.epoch,
      state: message.epoch < state.epoch ? state : undefined,
      document: message.documentVersion < tag.version ? tag : undefined,
      intervalMs: intervalMsFor(this.#shards.activeSince(nowMs - SHARD_BUSY_MS).length),
      sampleQuota: this.#samples.wantedFrom(this.#shards.activeSince(nowMs - ACTIVE_MS).length),
    })
  }

  async documentText(version: number): Promise<string | undefined> {
    const { info, text } = this.#documents.current
    return info.version === version ? text : undefined
  }

  /** Performs a person's command; the answer says what changed, or why nothing did. */
  async command(command: Command, actor: string, reason: string): Promise<CommandResult> {
    return await this.#changes.command(command, { actor, reason, evidence: undefined })
  }

  /** Puts a new version of the document in force, or says why not. */
  async publish(change: DocumentChange, options: Omit<PublishOptions, 'nowMs'>): Promise<Published> {
    return await this.#changes.publish(change, options)
  }

  /** What publishing a change would do; nothing is changed. */
  async review(change: DocumentChange): Promise<Review> {
    return await this.#changes.review(change)
  }

  /** What the document in force says of its flags, or of a single one, and what is remembered of them. */
  async flagFacts(only?: string): Promise<{ version: number; flags: FlagFacts[] }> {
    const { current } = this.#documents
    return { version: current.info.version, flags: flagFactsOf(current, this.#flags, Date.now(), only) }
  }

  /** The document in force, or an earlier version. */
  async document(version: number | undefined): Promise<{ info: VersionInfo; text: string } | undefined> {
    await this.#changes.noticeKv(Date.now())
    const { current, history } = this.#documents
    const found = version === undefined || version === current.info.version ? current : history.find(version)
    return found && { info: found.info, text: found.text }
  }

  async versions(page: Page): Promise<{ current: number; versions: VersionInfo[] }> {
    const { current, history } = this.#documents
    return { current: current.info.version, versions: history.list(page.limit, page.before) }
  }

  async status(): Promise<ControllerStatus> {
    this.#internalErrors.add(takeInternalErrors())
    return {
      state: this.#control.state,
      cells: this.#cells.all(),
      rollouts: Object.fromEntries(this.#round.views),
      document: this.#documents.report,
      tag: this.#documents.tag,
      shards: this.#shards.all(),
      kv: { writtenEpoch: this.#changes.writtenEpoch, lastError: this.#kv.error },
      internalErrors: this.#internalErrors.all(),
    }
  }

  /** Where the state of an epoch has arrived; of the latest one, unless another is asked for. */
  async convergence(epoch: number | undefined): Promise<ConvergenceReport> {
    const asked = epoch ?? this.#control.state.epoch
    const sinceMs = this.#control.epochs.atMs(asked)
    const kv = { writtenEpoch: this.#changes.writtenEpoch, error: this.#kv.error ?? null }
    const [shards, nowMs] = [this.#shards.all(), Date.now()]
    const { version, hash } = this.#documents.tag
    const document = { version, ...documentConvergenceOf(hash, shards, nowMs) }
    return { epoch: asked, sinceMs, kv, document, ...convergenceOf(asked, sinceMs ?? 0, shards, nowMs) }
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
  }

  /** Takes a token back; undefined where there is none of that id. */
  async revokeToken(id: string, actor: string): Promise<TokenInfo | undefined> {
    return this.#tokens.revoke(id, actor)
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
    this.ctx.waitUntil(Promise.all([this.#changes.noticeKv(nowMs), this.#changes.writeKv(nowMs)]))
    this.ctx.waitUntil(this.#notifier.deliver(nowMs))
  }

  async #wakeForNext(nowMs: number): Promise<void> {
    const silentMs = nowMs - this.#lastForwardMs
    if (this.#kv.hasPending) return await this.#alarm.within(TICK_MS)
    if (silentMs < ACTIVE_MS) return await this.#alarm.within(silentMs < BACKSTOP_MS ? BACKSTOP_MS : TICK_MS)
    const messageDueMs = this.#notifier.nextDueMs
    if (messageDueMs !== undefined) await this.#alarm.within(Math.max(TICK_MS, messageDueMs - nowMs))
  }

  #pointContext(key: string): PointContext {
    const flag = this.#documents.current.snapshot.flags.get(key)
    const control = this.#control.state.flags[key] ?? INITIAL_FLAG_CONTROL
    const { generation, stage } = control
    const wealth = this.#round.views.get(key)?.verdict?.evidence.wealth ?? null
    return { generation, stage, percentage: flag ? percentageOf(flag, control) : null, wealth }
  }

  #newestFor(key: KvKey): string {
    if (key === 'config') return this.#documents.current.text
    return JSON.stringify(key === 'kill' ? this.#documents.report.killList : numbered(this.#control.state))
  }
}
