/**
 * The Controller: the strongly consistent side, one per gate. Adds up what the shards forward, ticks every rollout once
 * a second while there is traffic, and passes changes to the ChangePublisher. A thin shell: core/ decides.
 */
import { DurableObject } from 'cloudflare:workers'
import { INITIAL_FLAG_CONTROL } from '../../core/config/control.ts'
import { intervalMsFor } from '../../core/counters/back-pressure.ts'
import {
  type ControllerPort,
  type ForwardMessage,
  type ForwardReply,
  numbered,
} from '../../core/counters/protocol.ts'
import type { AuditRecord } from '../../core/rollout/audit.ts'
import type { Command, CommandResult } from '../../core/rollout/commands.ts'
import { bundledDocument } from '../../platform/bundled-document.ts'
import type { Env } from '../../platform/env.ts'
import { noteIfNewer, noteInternalError, takeInternalErrors } from '../../platform/internal-errors.ts'
import { Alarm } from '../storage/alarm.ts'
import type { Page } from '../storage/audit-log.ts'
import type { VersionInfo } from '../storage/document-history.ts'
import type { Feedback, SentFeedback } from '../storage/feedback-log.ts'
import type { SessionInfo } from '../storage/session-store.ts'
import type { TokenInfo } from '../storage/token-store.ts'
import type { DocumentChange } from './documents.ts'
import { type FlagFacts, flagFactsOf } from './flag-facts.ts'
import { type ControllerParts, createParts } from './parts.ts'
import type { Published, PublishOptions, Review } from './publishing.ts'
import {
  type ControllerStatus,
  type ConvergenceReport,
  convergenceReportOf,
  pointContextOf,
  type SeriesReport,
  seriesOf,
  statusOf,
} from './reports.ts'

const TICK_MS = 1_000
/** Forwards of the shards drive the tick; an alarm, which is billed as a request, is the backstop when they stop. */
const BACKSTOP_MS = 3_000
/** Forwards come once a second; one that is slightly early still causes a tick. */
const EARLY_MS = 100
/** Ticks go on this long after the last counts came in. */
const ACTIVE_MS = 90_000
/** A shard counts towards back-pressure if it has forwarded within this time. */
const SHARD_BUSY_MS = 15_000

export class Controller extends DurableObject<Env> implements ControllerPort {
  readonly #parts: ControllerParts
  #lastForwardMs = 0
  #lastTickMs = 0

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#parts = createParts(ctx.storage, env, new Alarm(ctx.storage), bundledDocument)
    ctx.blockConcurrencyWhile(async () => {
      await this.#parts.control.recallFrom(env.GATE)
      if (env.SIGNING_KEY) this.#parts.control.noteSignedIds(Date.now())
    })
  }

  /** Adds a shard's sums, each exactly once, and replies with what is new. */
  async forward(message: ForwardMessage): Promise<ForwardReply> {
    const nowMs = Date.now()
    const { shards, cells, series, internalErrors, flags, samples, kvReader, alarm, control, documents } =
      this.#parts
    noteIfNewer('forward', message)
    this.ctx.storage.transactionSync(() => {
      if (!shards.take(message, nowMs)) return
      cells.add(message.cells)
      series.add(message.cells, nowMs)
      internalErrors.add(message.internalErrors)
      this.#addShadow(message, nowMs)
    })
    internalErrors.add(takeInternalErrors())
    this.#lastForwardMs = nowMs
    flags.noteSeen(new Set(message.cells.map((cell) => cell.flag)), nowMs)
    samples.add(message.samples, nowMs)
    kvReader.noticeHashes(message.isolates)
    if (nowMs - this.#lastTickMs >= TICK_MS - EARLY_MS) {
      this.ctx.waitUntil(
        this.#tick(nowMs).catch((error: unknown) => {
          noteInternalError('controller.tick', error)
          return alarm.within(0)
        }),
      )
    }
    await alarm.within(BACKSTOP_MS)
    const { state } = control
    const { tag } = documents
    return numbered({
      epoch: state.epoch,
      state: message.epoch < state.epoch ? state : undefined,
      document: message.documentVersion < tag.version ? tag : undefined,
      intervalMs: intervalMsFor(shards.activeSince(nowMs - SHARD_BUSY_MS).length),
      sampleQuota: samples.wantedFrom(shards.activeSince(nowMs - ACTIVE_MS).length),
    })
  }

  #addShadow({ shadow = [] }: ForwardMessage, nowMs: number): void {
    const { flags } = this.#parts.control.state
    if (shadow.length > 0)
      this.#parts.shadow.add(shadow, (flag) => flags[flag] ?? INITIAL_FLAG_CONTROL, nowMs)
  }

  async documentText(version: number): Promise<string | undefined> {
    const { info, text } = this.#parts.documents.current
    return info.version === version ? text : undefined
  }

  /** Performs a user's command; the result says what changed, or why nothing did. */
  async command(command: Command, actor: string, reason: string): Promise<CommandResult> {
    return await this.#parts.changes.command(command, { actor, reason, evidence: undefined })
  }

  /** Puts a new version of the document in force, or says why not. */
  async publish(change: DocumentChange, options: Omit<PublishOptions, 'nowMs'>): Promise<Published> {
    return await this.#parts.changes.publishDocument(change, options)
  }

  /** What publishing a change would do; changes nothing. */
  async review(change: DocumentChange): Promise<Review> {
    return await this.#parts.changes.reviewDocument(change)
  }

  /** What the document in force says of its flags, or of one, and when they were used. */
  async flagFacts(only?: string): Promise<{ version: number; flags: FlagFacts[] }> {
    const { current } = this.#parts.documents
    return { version: current.info.version, flags: flagFactsOf(current, this.#parts.flags, Date.now(), only) }
  }

  /** The document in force, or an earlier version. */
  async document(version: number | undefined): Promise<{ info: VersionInfo; text: string } | undefined> {
    await this.#parts.changes.noticeKv(Date.now())
    const { current, history } = this.#parts.documents
    const found = version === undefined || version === current.info.version ? current : history.find(version)
    return found && { info: found.info, text: found.text }
  }

  async versions(page: Page): Promise<{ current: number; versions: VersionInfo[] }> {
    const { current, history } = this.#parts.documents
    return { current: current.info.version, versions: history.list(page.limit, page.before) }
  }

  async status(): Promise<ControllerStatus> {
    this.#parts.internalErrors.add(takeInternalErrors())
    return statusOf(this.#parts)
  }

  /** Which isolates have the state of an epoch (default: the latest). */
  async convergence(epoch: number | undefined): Promise<ConvergenceReport> {
    return convergenceReportOf(this.#parts, epoch, Date.now())
  }

  /** What the copies of a flag's shadow stage show; undefined for a flag that had none. */
  async shadow(flag: string) {
    return this.#parts.shadow.report(flag, Date.now())
  }

  async series(flag: string, seconds: number): Promise<SeriesReport> {
    return seriesOf(this.#parts, flag, seconds, Date.now())
  }

  async audit(page: Page): Promise<(AuditRecord & { id: number })[]> {
    return this.#parts.audit.latest(page)
  }

  /** Records what happened outside the Controller: previews, refused logins. */
  async note(record: AuditRecord): Promise<void> {
    this.#parts.audit.append(record)
  }

  async addFeedback(entries: readonly SentFeedback[]): Promise<void> {
    this.#parts.feedback.add(entries)
  }

  async feedback(page: Page & { variant?: string | undefined }): Promise<(Feedback & { id: number })[]> {
    return this.#parts.feedback.latest(page)
  }

  async tokens(): Promise<TokenInfo[]> {
    return this.#parts.tokens.list()
  }

  /** False where a valid token has the name. */
  async addToken(token: TokenInfo, hash: string): Promise<boolean> {
    return this.#parts.tokens.add(token, hash)
  }

  /** Revokes a token; undefined where there is none with that id. */
  async revokeToken(id: string, actor: string): Promise<TokenInfo | undefined> {
    return this.#parts.tokens.revoke(id, actor)
  }

  async findToken(hash: string): Promise<TokenInfo | undefined> {
    return this.#parts.tokens.find(hash, Date.now())
  }

  async openSession(hash: string, tokenHash: string): Promise<SessionInfo> {
    return this.#parts.sessions.open(hash, tokenHash, Date.now())
  }

  /** A session that has not ended, with its token; that is undefined for ADMIN_TOKEN, and for one that has ended. */
  async findSession(hash: string): Promise<(SessionInfo & { token: TokenInfo | undefined }) | undefined> {
    const { sessions, tokens } = this.#parts
    const nowMs = Date.now()
    const session = sessions.find(hash, nowMs)
    return session && { ...session, token: tokens.find(session.tokenHash, nowMs) }
  }

  async closeSession(hash: string): Promise<void> {
    this.#parts.sessions.close(hash)
  }

  async testWebhook(url: string, actor: string): Promise<{ delivered: boolean; detail: string } | undefined> {
    const { documents, notifier, audit } = this.#parts
    const { webhooks = [] } = documents.current.document.notifications ?? {}
    const webhook = webhooks.find((each) => each.url === url)
    if (webhook === undefined) return undefined
    const result = await notifier.test(webhook)
    const what = { flag: undefined, evidence: result, before: null, after: null }
    audit.append({ atMs: Date.now(), actor, action: 'webhook-tested', reason: url, ...what })
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
    const { rollouts, documents, series, changes, notifier } = this.#parts
    await rollouts.run(documents.current, nowMs)
    series.close(nowMs, (flag) => pointContextOf(this.#parts, flag))
    // The next tick waits neither for KV nor for a webhook.
    this.ctx.waitUntil(Promise.all([changes.noticeKv(nowMs), changes.writeKv(nowMs)]))
    this.ctx.waitUntil(notifier.deliver(nowMs))
  }

  async #wakeForNext(nowMs: number): Promise<void> {
    const { kv, alarm, notifier } = this.#parts
    const silentMs = nowMs - this.#lastForwardMs
    if (kv.hasPending) return await alarm.within(TICK_MS)
    if (silentMs < ACTIVE_MS) return await alarm.within(silentMs < BACKSTOP_MS ? BACKSTOP_MS : TICK_MS)
    const messageDueMs = notifier.nextDueMs
    if (messageDueMs !== undefined) await alarm.within(Math.max(TICK_MS, messageDueMs - nowMs))
  }
}
