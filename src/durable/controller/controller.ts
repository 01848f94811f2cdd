/**
 * The Controller: the strongly consistent side, one per gate. Adds up what the shards forward, ticks every rollout while
 * counts come in or something is due, and passes changes to the ChangePublisher. A thin shell: core/ decides.
 */
import { DurableObject } from 'cloudflare:workers'
import { INITIAL_FLAG_CONTROL } from '../../core/config/control.ts'
import { intervalMsFor } from '../../core/counters/load/back-pressure.ts'
import {
  type ControllerPort,
  type ForwardMessage,
  type ForwardReply,
  numbered,
} from '../../core/counters/protocol.ts'
import type { FailureGroup } from '../../core/counters/samples/failures.ts'
import type { MetricResults } from '../../core/metrics/results.ts'
import { type AttemptOutcome, failuresOf } from '../../core/rollout/attempt.ts'
import type { AuditRecord } from '../../core/rollout/audit.ts'
import type { Command, CommandResult } from '../../core/rollout/commands.ts'
import { bundledDocument } from '../../platform/bundled-document.ts'
import { type Env, isUnbilled } from '../../platform/env.ts'
import { noteIfNewer, noteInternalError, takeInternalErrors } from '../../platform/internal-errors.ts'
import { LimitAlerts } from '../../platform/limit-alerts.ts'
import { Alarm } from '../storage/alarm.ts'
import type { AuditPage, Page } from '../storage/audit-log.ts'
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

/** A forward that comes so soon after a tick is part of the next one. */
const TICK_MS = 1_000
/** Forwards come once a second; one that is slightly early still causes a tick. */
const EARLY_MS = 100
/** The platform evicts an object that has been idle for ten seconds: by then all it has counted is stored. */
const SAVED_BY_MS = 9_000
/** Something that KV does not show yet is looked for so often. */
const LOOK_AGAIN_MS = 5_000
/** A shard counts towards back-pressure, and for samples, if it has forwarded within this time. */
const SHARD_BUSY_MS = 15_000
const SHARD_SAMPLED_MS = 90_000

export class Controller extends DurableObject<Env> implements ControllerPort {
  readonly #parts: ControllerParts
  readonly #limitAlerts = new LimitAlerts()
  #lastTickMs = 0
  #timer: ReturnType<typeof setTimeout> | undefined

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
    const { shards, flags, samples, kvReader, control, documents, books, pace } = this.#parts
    noteIfNewer('forward', message)
    if (shards.take(message, nowMs)) this.#count(message, nowMs)
    const metricsUpTo = this.#takeMetrics(message, nowMs)
    books.note()
    flags.noteSeen(new Set(message.cells.map((cell) => cell.flag)), nowMs)
    samples.add(message.samples, nowMs)
    kvReader.noticeHashes(message.isolates)
    await this.#tickInTime(nowMs)
    const { state } = control
    const { tag } = documents
    const kvAgeMs = isUnbilled(this.env) ? undefined : kvReader.ageMs(nowMs)
    return numbered({
      epoch: state.epoch,
      state: message.epoch < state.epoch ? state : undefined,
      document: message.documentVersion < tag.version ? tag : undefined,
      intervalMs: intervalMsFor(shards.activeSince(nowMs - SHARD_BUSY_MS).length),
      sampleQuota: samples.wantedFrom(shards.activeSince(nowMs - SHARD_SAMPLED_MS).length),
      pace: pace.at(nowMs),
      ...(kvAgeMs !== undefined && { kvAgeMs }),
      ...(metricsUpTo !== undefined && { metricsUpTo }),
    })
  }

  /** Counts must come through whatever becomes of metrics: those that can't be taken stay where they are. */
  #takeMetrics(message: ForwardMessage, nowMs: number): number | undefined {
    try {
      return this.#parts.metricBooks.take(message, nowMs)
    } catch (error) {
      noteInternalError('controller.metrics', error)
      return undefined
    }
  }

  #addSamples({ shadow = [], failures = [] }: ForwardMessage, nowMs: number): void {
    const { flags } = this.#parts.control.state
    const controlOf = (flag: string) => flags[flag] ?? INITIAL_FLAG_CONTROL
    const { snapshot } = this.#parts.documents.current
    // Copies of a flag that has left may still be under way.
    const known = shadow.filter(({ flag }) => snapshot.flags.has(flag))
    if (known.length > 0) this.#parts.shadow.add(known, controlOf, nowMs)
    this.#parts.failures.add(failures, (flag) => controlOf(flag).generation)
  }

  #count(message: ForwardMessage, nowMs: number): void {
    const { cells: counted, internalErrors: errors } = message
    const { cells, series, internalErrors, books } = this.#parts
    cells.add(counted)
    series.close(nowMs, (flag) => pointContextOf(this.#parts, flag))
    series.add(counted, nowMs)
    internalErrors.add(errors)
    internalErrors.add(takeInternalErrors())
    this.#addSamples(message, nowMs)
    books.note(counted.map((cell) => cell.flag))
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

  /** What publishing a change would do, and whom the rules of one flag are about; changes nothing. */
  async review(change: DocumentChange, flag?: string): Promise<Review> {
    return await this.#parts.changes.reviewDocument(change, flag)
  }

  /** What the document in force says of its flags, and when they were used; of one, also what failed. */
  async flagFacts(
    only?: string,
  ): Promise<{ version: number; flags: FlagFacts[]; failures?: FailureGroup[] }> {
    const { documents, flags, control } = this.#parts
    const facts = flagFactsOf(documents.current, flags, Date.now(), only)
    const known = { version: documents.current.info.version, flags: facts }
    if (only === undefined || facts.length === 0) return known
    const { generation } = control.state.flags[only] ?? INITIAL_FLAG_CONTROL
    return { ...known, failures: this.#failuresOf(only, generation) }
  }

  #failuresOf(flag: string, generation: number): FailureGroup[] {
    return failuresOf(this.#parts.failures.of(flag), generation)
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
    // Flags that no one visits cause no tick: the one who looks does, and is told how long it has been so.
    const { rollouts, documents } = this.#parts
    const nowMs = Date.now()
    const isNew = [...documents.current.plans.keys()].some((flag) => !rollouts.views.has(flag))
    if (isNew || nowMs - this.#lastTickMs >= TICK_MS - EARLY_MS) await this.#tickNow(nowMs)
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

  /** What the metrics of a flag show; undefined for a flag that measures nothing. */
  async results(flag: string): Promise<MetricResults | undefined> {
    const { metrics, documents } = this.#parts
    return metrics.results(documents.current, flag, Date.now())
  }

  async series(flag: string, seconds: number): Promise<SeriesReport> {
    return seriesOf(this.#parts, flag, seconds, Date.now())
  }

  async audit(page: AuditPage): Promise<(AuditRecord & { id: number })[]> {
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

  /** Outcomes of attempts that have ended. */
  async outcomes(page: Page): Promise<(AttemptOutcome & { id: number })[]> {
    // Some of what failed arrives after the rollback that it caused.
    return this.#parts.attempts.latest(page).map((outcome) => {
      const failures = this.#failuresOf(outcome.flag, outcome.generation)
      return failures.length > 0 ? { ...outcome, failures } : outcome
    })
  }

  /** Puts a note on an outcome; false where there is none of that id. */
  async noteOutcome(id: number, text: string, actor: string): Promise<boolean> {
    const { attempts, audit } = this.#parts
    const atMs = Date.now()
    const before = attempts.note(id, { text, actor, atMs })
    if (before === undefined) return false
    const { flag, generation, note } = before
    const reason = `Note on attempt ${generation}: ${text || 'removed'}`
    const what = { evidence: undefined, before: note?.text ?? null, after: text || null }
    audit.append({ atMs, actor, action: 'outcome-noted', flag, reason, ...what })
    return true
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
    await this.#tick(Date.now())
    this.#parts.books.save(Date.now())
    await this.#wakeForNext(Date.now())
  }

  /** Ticks if a second has passed since the last tick; otherwise sees to it that what was counted will be seen. */
  async #tickInTime(nowMs: number): Promise<void> {
    const dueInMs = this.#lastTickMs + TICK_MS - EARLY_MS - nowMs
    if (dueInMs <= 0 || dueInMs > TICK_MS) this.ctx.waitUntil(this.#tickNow(nowMs))
    else
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined
        this.ctx.waitUntil(this.#tickNow(Date.now()))
      }, dueInMs)
  }

  async #tickNow(nowMs: number): Promise<void> {
    try {
      await this.#tick(nowMs)
      await this.#saveInTime(Date.now())
    } catch (error) {
      noteInternalError('controller.tick', error)
      await this.#tellLimits(nowMs)
      await this.#parts.alarm.within(0)
    }
  }

  /** Ticks every rollout and does what is due. */
  async #tick(nowMs: number): Promise<void> {
    this.#lastTickMs = nowMs
    const { rollouts, documents, series, changes, notifier, cells, control, books, watch } = this.#parts
    const { epoch } = control.state
    const { plans, snapshot } = documents.current
    // A flag that isolates know first gets its plan with a document that is on its way here.
    cells.forgetFresh((flag) => plans.has(flag) || !snapshot.flags.has(flag))
    await rollouts.run(documents.current, nowMs)
    await this.#parts.metrics.run(documents.current, nowMs)
    watch.look(nowMs)
    series.close(nowMs, (flag) => pointContextOf(this.#parts, flag))
    if (control.state.epoch !== epoch) books.save(nowMs)
    // The next tick waits neither for KV nor for a webhook.
    const work = [
      changes.noticeKv(nowMs),
      changes.writeKv(nowMs),
      notifier.deliver(nowMs),
      this.#tellLimits(nowMs),
    ]
    this.ctx.waitUntil(Promise.allSettled(work).then(() => this.#wakeForNext(Date.now())))
  }

  /** Not by the notifier: past a limit nothing may be stored. */
  async #tellLimits(nowMs: number): Promise<void> {
    const { notifications } = this.#parts.documents.current.document
    await this.#limitAlerts.send(notifications.webhooks, this.env, nowMs)
  }

  /** Stores what was counted as often as the pace says. Only after a tick: what it has not seen is in memory alone. */
  async #saveInTime(nowMs: number): Promise<void> {
    const { books, pace, alarm, cells } = this.#parts
    const dueMs = books.dueMs(pace.at(nowMs).saveMs)
    if (dueMs === undefined) return
    if (nowMs >= dueMs && !cells.hasFresh) books.save(nowMs)
    else await alarm.within(SAVED_BY_MS)
  }

  /** Sleeps until something is due: a write, a message, a bake, a window. */
  async #wakeForNext(nowMs: number): Promise<void> {
    const { kv, kvReader, alarm, notifier, rollouts, watch } = this.#parts
    if (kv.hasPending) return await alarm.within(TICK_MS)
    if (kvReader.isSuspected) await alarm.within(isUnbilled(this.env) ? TICK_MS : LOOK_AGAIN_MS)
    for (const dueMs of [notifier.nextDueMs, rollouts.nextDueMs, watch.nextDueMs])
      if (dueMs !== undefined) await alarm.within(Math.max(TICK_MS, dueMs - nowMs))
  }
}
