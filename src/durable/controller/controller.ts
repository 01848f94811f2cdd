/**
 * The Controller: the strongly consistent side, one per gate. Adds up what the shards forward, ticks every rollout once
 * a second while there is traffic, and passes changes to the ChangePublisher. A thin shell: core/ decides.
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
import type { Env } from '../../platform/env.ts'
import { noteIfNewer, noteInternalError, takeInternalErrors } from '../../platform/internal-errors.ts'
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
import { type TokenInfo, TokenStore } from '../storage/token-store.ts'
import { Alarm } from './alarm.ts'
import { ChangePublisher } from './change-publisher.ts'
import { ControlStore } from './control-store.ts'
import { type DocumentChange, Documents } from './documents.ts'
import { type FlagFacts, flagFactsOf } from './flag-facts.ts'
import { GuardRunner, percentageOf } from './guard-runner.ts'
import { ImpactEstimator } from './impact.ts'
import { type DocumentReport, KvReader } from './kv-reader.ts'
import { type KvKey, KvWriter } from './kv-writer.ts'
import { Notifier } from './notifier.ts'
import type { Published, PublishOptions, Review } from './publishing.ts'
import { RolloutTick, type RolloutView } from './rollout-tick.ts'

const TICK_MS = 1_000
/** Forwards of the shards drive the tick; an alarm, which is billed as a request, is the backstop when they stop. */
const BACKSTOP_MS = 3_000
/** Forwards come once a second; one that is slightly early still causes a tick. */
const EARLY_MS = 100
/** Ticks go on this long after the last counts came in. */
const ACTIVE_MS = 90_000
/** A shard counts towards back-pressure if it has forwarded within this time. */
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
  /** When the epoch began, in milliseconds since 1970; undefined if unknown. */
  sinceMs: number | undefined
  kv: { writtenEpoch: number; error: string | null }
  document: { version: number } & Pick<Convergence, 'converged' | 'isolates' | 'colos'>
}

export class Controller extends DurableObject<Env> implements ControllerPort {
  readonly #cells: CellStore
  readonly #audit: AuditLog
  readonly #shards: ShardLog
  readonly #series: SeriesStore
  readonly #control: ControlStore
  readonly #documents: Documents
  readonly #changes: ChangePublisher
  readonly #rollouts: RolloutTick
  readonly #kv: KvWriter
  readonly #kvReader: KvReader
  readonly #notifier: Notifier
  readonly #feedback: FeedbackLog
  readonly #tokens: TokenStore
  readonly #flags: FlagLog
  readonly #samples: SampleRing
  readonly #internalErrors: InternalErrorLog
  readonly #alarm: Alarm
  #lastForwardMs = 0
  #lastTickMs = 0

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    const { sql } = ctx.storage
    const texts = new TextStore(sql)
    this.#alarm = new Alarm(ctx.storage)
    this.#cells = new CellStore(sql)
    this.#audit = new AuditLog(sql)
    this.#shards = new ShardLog(sql)
    this.#series = new SeriesStore(sql)
    this.#feedback = new FeedbackLog(sql)
    this.#tokens = new TokenStore(sql, this.#audit)
    this.#flags = new FlagLog(sql)
    this.#samples = new SampleRing(texts)
    this.#internalErrors = new InternalErrorLog(texts)
    this.#control = new ControlStore(ctx.storage, texts, this.#audit)
    this.#kv = new KvWriter(env.GATE, texts, (key) => this.#newestFor(key))
    this.#documents = new Documents(sql, texts, this.#kv, bundledDocument)
    this.#kvReader = new KvReader(env, texts, this.#kv, this.#documents)
    this.#notifier = new Notifier(sql, env, this.#documents, this.#control)
    const parts = { documents: this.#documents, control: this.#control, kvReader: this.#kvReader, env }
    this.#changes = new ChangePublisher({
      ...parts,
      texts,
      notifier: this.#notifier,
      audit: this.#audit,
      shards: this.#shards,
      flags: this.#flags,
      impact: new ImpactEstimator({ ...parts, samples: this.#samples }),
      kv: this.#kv,
      alarm: this.#alarm,
    })
    this.#rollouts = new RolloutTick(this.#control, new GuardRunner(texts, this.#cells), this.#audit, texts, {
      perform: (command, cause) => this.#changes.perform(command, cause),
      notify: (event, flag, cause, nowMs) => this.#notifier.enqueue(event, flag, cause, nowMs),
    })
    ctx.blockConcurrencyWhile(() => this.#control.recallFrom(env.GATE))
  }

  /** Adds a shard's sums, each exactly once, and replies with what is new. */
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
    this.#kvReader.noticeHashes(message.isolates)
    if (nowMs - this.#lastTickMs >= TICK_MS - EARLY_MS) {
      this.ctx.waitUntil(
        this.#tick(nowMs).catch((error: unknown) => {
          noteInternalError('controller.tick', error)
          return this.#alarm.within(0)
        }),
      )
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

  /** Performs a user's command; the result says what changed, or why nothing did. */
  async command(command: Command, actor: string, reason: string): Promise<CommandResult> {
    return await this.#changes.command(command, { actor, reason, evidence: undefined })
  }

  /** Puts a new version of the document in force, or says why not. */
  async publish(change: DocumentChange, options: Omit<PublishOptions, 'nowMs'>): Promise<Published> {
    return await this.#changes.publishDocument(change, options)
  }

  /** What publishing a change would do; changes nothing. */
  async review(change: DocumentChange): Promise<Review> {
    return await this.#changes.reviewDocument(change)
  }

  /** What the document in force says of its flags, or of one, and when they were used. */
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
      rollouts: Object.fromEntries(this.#rollouts.views),
      document: this.#kvReader.report,
      tag: this.#documents.tag,
      shards: this.#shards.all(),
      kv: { writtenEpoch: this.#changes.writtenEpoch, lastError: this.#kv.error },
      internalErrors: this.#internalErrors.all(),
    }
  }

  /** Which isolates have the state of an epoch (default: the latest). */
  async convergence(epoch: number | undefined): Promise<ConvergenceReport> {
    const asked = epoch ?? this.#control.state.epoch
    const sinceMs = this.#control.epochAtMs(asked)
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

  /** Records what happened outside the Controller: previews, refused logins. */
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

  /** Revokes a token; undefined where there is none with that id. */
  async revokeToken(id: string, actor: string): Promise<TokenInfo | undefined> {
    return this.#tokens.revoke(id, actor)
  }

  async findToken(hash: string): Promise<TokenInfo | undefined> {
    return this.#tokens.find(hash, Date.now())
  }

  async testWebhook(url: string, actor: string): Promise<{ delivered: boolean; detail: string } | undefined> {
    const webhook = this.#documents.current.document.notifications?.webhooks.find((each) => each.url === url)
    if (webhook === undefined) return undefined
    const result = await this.#notifier.test(webhook)
    const what = { flag: undefined, evidence: result, before: null, after: null }
    this.#audit.append({ atMs: Date.now(), actor, action: 'webhook-tested', reason: url, ...what })
    return result
  }

  override async alarm(): Promise<void> {
    const nowMs = Date.now()
    await this.#tick(nowMs)
    await this.#wakeForNext(nowMs)
  }

  /** Ticks every rollout and does what is due. */
  async #tick(nowMs: number): Promise<void> {
    this.#lastTickMs = nowMs
    await this.#rollouts.run(this.#documents.current, nowMs)
    this.#series.close(nowMs, (flag) => this.#pointContext(flag))
    // The next tick waits neither for KV nor for a webhook.
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
    const wealth = this.#rollouts.views.get(key)?.verdict?.evidence.wealth ?? null
    return { generation, stage, percentage: flag ? percentageOf(flag, control) : null, wealth }
  }

  #newestFor(key: KvKey): string {
    if (key === 'config') return this.#documents.current.text
    return JSON.stringify(key === 'kill' ? this.#kvReader.report.killList : numbered(this.#control.state))
  }
}
