/**
 * The Controller: one per gate, the strongly consistent side. Adds up what the shards forward, looks at every
 * rollout once a second while there is something to look at, performs commands one after the other, keeps the
 * audit log, and sees to it that shards, KV and people get to know each new state. What to do is decided in core/;
 * here it is done, in this order: state and audit record, traffic (shards), KV, notifications.
 */
import { DurableObject } from 'cloudflare:workers'
import { bundledDocument } from '../bundled.ts'
import {
  type ControlState,
  INITIAL_CONTROL_STATE,
  INITIAL_FLAG_CONTROL,
  KILL_ALL,
  parseControlState,
} from '../core/config/control.ts'
import { NOTIFICATION_EVENTS } from '../core/config/schema/rollout.ts'
import type { NotificationEvent } from '../core/config/schema.ts'
import type { ControllerPort, ForwardMessage, ForwardReply } from '../core/counters/protocol.ts'
import type { CompiledFlag } from '../core/flags/flag.ts'
import type { Verdict } from '../core/guard/index.ts'
import type { AuditRecord } from '../core/rollout/audit.ts'
import { applyCommand, type Command, type CommandResult } from '../core/rollout/commands.ts'
import type { RolloutPlan } from '../core/rollout/plan.ts'
import { type Announcement, stepRollout } from '../core/rollout/step.ts'
import { advancePermission } from '../core/rollout/windows.ts'
import { countersShard, type Env, environmentOf } from '../env.ts'
import { AuditLog } from './audit-log.ts'
import { CellStore } from './cell-store.ts'
import { DocumentWatch } from './document-watch.ts'
import { type Feedback, FeedbackLog } from './feedback-log.ts'
import { JudgeDesk, percentageOf } from './judge-desk.ts'
import { localTime } from './local-time.ts'
import { Notifier } from './notifier.ts'
import { ShardLog } from './shard-log.ts'
import { TextStore } from './storage.ts'

const TICK_MS = 1_000
/** The Controller goes on looking this long after the last counts came in. */
const ACTIVE_MS = 90_000
/** A shard that has not forwarded for so long hears of new states when it forwards again. */
const SHARD_PUSH_MS = 900_000

/** What a flag's rollout is doing. */
export type RolloutView = { verdict: Verdict | null; waitingFor: string }

/** What the admin API shows of the Controller. */
export type ControllerStatus = {
  state: ControlState
  cells: ReturnType<CellStore['all']>
  rollouts: Record<string, RolloutView>
  document: DocumentWatch['report']
  shards: ReturnType<ShardLog['all']>
  kv: { writtenEpoch: number; lastError: string | undefined }
}

/** Who changes something, why, and on what evidence. */
type Cause = { actor: string; reason: string; evidence: unknown }

export class Controller extends DurableObject<Env> implements ControllerPort {
  readonly #texts: TextStore
  readonly #cells: CellStore
  readonly #audit: AuditLog
  readonly #shards: ShardLog
  readonly #document: DocumentWatch
  readonly #desk: JudgeDesk
  readonly #notifier: Notifier
  readonly #feedback: FeedbackLog
  readonly #views = new Map<string, RolloutView>()
  readonly #announced: Map<string, string>
  #state: ControlState
  #writtenEpoch: number
  #kvError: string | undefined
  #lastForwardMs = 0

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    const { sql } = ctx.storage
    this.#texts = new TextStore(sql)
    this.#cells = new CellStore(sql)
    this.#audit = new AuditLog(sql)
    this.#shards = new ShardLog(sql)
    this.#notifier = new Notifier(sql, env)
    this.#feedback = new FeedbackLog(sql)
    this.#desk = new JudgeDesk(this.#texts, this.#cells)
    this.#document = new DocumentWatch(env, this.#texts, bundledDocument)
    this.#state = this.#texts.getJson<ControlState>('state') ?? INITIAL_CONTROL_STATE
    this.#writtenEpoch = this.#texts.getJson<number>('writtenEpoch') ?? 0
    this.#announced = new Map(this.#texts.getJson<[string, string][]>('announced') ?? [])
    ctx.blockConcurrencyWhile(() => this.#begin())
  }

  /** Takes a shard's sums, once. */
  async forward(message: ForwardMessage): Promise<ForwardReply> {
    const nowMs = Date.now()
    this.ctx.storage.transactionSync(() => {
      if (this.#shards.take(message, nowMs)) this.#cells.add(message.cells)
    })
    this.#lastForwardMs = nowMs
    this.#document.noticeHashes(message.isolates)
    await this.#wakeWithin(TICK_MS)
    const behind = message.epoch < this.#state.epoch
    return { epoch: this.#state.epoch, state: behind ? this.#state : undefined }
  }

  /** Performs a person's command; the answer says what changed, or why nothing did. */
  async command(command: Command, actor: string, reason: string): Promise<CommandResult> {
    await this.#document.load()
    return await this.#perform(command, { actor, reason, evidence: undefined })
  }

  async status(): Promise<ControllerStatus> {
    await this.#document.load()
    return {
      state: this.#state,
      cells: this.#cells.all(),
      rollouts: Object.fromEntries(this.#views),
      document: this.#document.report,
      shards: this.#shards.all(),
      kv: { writtenEpoch: this.#writtenEpoch, lastError: this.#kvError },
    }
  }

  async audit(limit: number): Promise<AuditRecord[]> {
    return this.#audit.latest(limit)
  }

  async addFeedback(entries: readonly Feedback[]): Promise<void> {
    this.#feedback.add(entries)
  }

  async feedback(flag: string | undefined, limit: number): Promise<Feedback[]> {
    return this.#feedback.latest(flag, limit)
  }

  override async alarm(): Promise<void> {
    const nowMs = Date.now()
    await this.#document.load()
    for (const record of await this.#document.check(nowMs)) this.#record(record)
    for (const plan of this.#document.current.plans.values()) await this.#look(plan, nowMs)
    await this.#writeKv()
    this.ctx.waitUntil(this.#notifier.deliver(nowMs))
    await this.#wakeForNext(nowMs)
  }

  /** A Controller without memory learns from KV, so that what was rolled back stays so. */
  async #begin(): Promise<void> {
    if (this.#state.epoch > 0) return
    try {
      const known = parseControlState(await this.env.GATE.get('state', { type: 'text' }))
      if (known.ok && known.value.epoch > 0) {
        this.#remember(known.value)
        this.#writtenEpoch = known.value.epoch
      }
    } catch {
      // KV is away and there is nothing to remember: a gate that begins.
    }
  }

  /** One look at one rollout: judge, decide, perform. */
  async #look(plan: RolloutPlan, nowMs: number): Promise<void> {
    const { snapshot, document } = this.#document.current
    const flag = snapshot.flags.get(plan.flag)
    if (flag === undefined) return
    const control = this.#state.flags[plan.flag] ?? INITIAL_FLAG_CONTROL
    const verdict = this.#desk.look(plan, flag, control, nowMs)
    const local = localTime(nowMs, plan.timezone)
    const permission = advancePermission(plan.windows, document.freezes, local, nowMs)
    const step = stepRollout({ plan, control, verdict, permission })
    this.#views.set(plan.flag, { verdict: verdict ?? null, waitingFor: step.waitingFor })
    if (step.announcement) this.#announce(flag, step.announcement, verdict, nowMs)
    if (step.command === undefined) return
    const { kind, reason } = step.command
    const actor = kind === 'rollback' || kind === 'freeze' ? 'guard' : 'rollout'
    await this.#perform({ kind, flag: plan.flag }, { actor, reason, evidence: verdict?.evidence })
  }

  /** Tells people, once per occasion. */
  #announce(
    flag: CompiledFlag,
    announcement: Announcement,
    verdict: Verdict | undefined,
    nowMs: number,
  ): void {
    if (this.#announced.get(flag.key) === announcement.key) return
    this.#announced.set(flag.key, announcement.key)
    this.#texts.putJson('announced', [...this.#announced])
    const cause = { actor: 'guard', reason: announcement.text, evidence: verdict?.evidence }
    if (announcement.event === 'freeze') {
      this.#audit.append({
        atMs: nowMs,
        action: 'freeze',
        flag: flag.key,
        before: null,
        after: null,
        ...cause,
      })
    }
    this.#notify(announcement.event, flag.key, cause, nowMs)
  }

  /** State and audit record are written together; then the traffic learns of it; KV and people follow by alarm. */
  async #perform(command: Command, cause: Cause): Promise<CommandResult> {
    const flag = this.#document.current.snapshot.flags.get(command.flag)
    const stageCount = this.#document.current.plans.get(command.flag)?.stages.length ?? 0
    const nowMs = Date.now()
    const result = applyCommand(this.#state, command, flag && { stageCount }, nowMs, cause.reason)
    if (!result.ok) return result
    const { before, after } = result
    this.ctx.storage.transactionSync(() => {
      this.#remember(result.state)
      this.#audit.append({ atMs: nowMs, action: command.kind, flag: command.flag, before, after, ...cause })
      const event = eventOf(command)
      if (event !== undefined) this.#notify(event, command.flag, cause, nowMs)
    })
    await this.#pushToShards(nowMs)
    await this.#wakeWithin(0)
    return result
  }

  /** What was noticed in KV goes into the log; a changed kill list is news to people as well. */
  #record(record: AuditRecord): void {
    this.#audit.append(record)
    if (record.action !== 'kill-list') return
    const event = Array.isArray(record.after) && record.after.length > 0 ? 'kill' : 'unkill'
    const reason = `${record.reason}: ${JSON.stringify(record.after)}`
    this.#notify(event, KILL_ALL, { ...record, reason }, record.atMs)
  }

  #notify(event: NotificationEvent, key: string, { actor, reason, evidence }: Cause, nowMs: number): void {
    const { document, snapshot } = this.#document.current
    const webhooks = document.notifications?.webhooks ?? []
    if (webhooks.length === 0) return
    const flag = snapshot.flags.get(key)
    const control = this.#state.flags[key] ?? INITIAL_FLAG_CONTROL
    const { generation, stage } = control
    const notification = {
      id: crypto.randomUUID(),
      event,
      flag: key,
      at: new Date(nowMs).toISOString(),
      environment: environmentOf(this.env),
      actor,
      reason,
      generation,
      stage,
      percentage: flag ? percentageOf(flag, control) : null,
      evidence: evidence ?? null,
    }
    this.#notifier.enqueue(notification, webhooks, nowMs)
  }

  #remember(state: ControlState): void {
    this.#state = state
    this.#texts.putJson('state', state)
  }

  /** A shard that can't be reached hears of the state in the reply to its next forward. */
  async #pushToShards(nowMs: number): Promise<void> {
    const active = this.#shards.activeSince(nowMs - SHARD_PUSH_MS)
    await Promise.allSettled(active.map((shard) => countersShard(this.env, shard).adopt(this.#state)))
  }

  /** KV takes one write per second and key: the alarm comes no more often, and again until KV has it. */
  async #writeKv(): Promise<void> {
    const { epoch } = this.#state
    if (this.#writtenEpoch >= epoch) return
    try {
      await this.env.GATE.put('state', JSON.stringify(this.#state))
      this.#writtenEpoch = epoch
      this.#kvError = undefined
      this.#texts.putJson('writtenEpoch', epoch)
    } catch (error) {
      this.#kvError = `Cannot write the state to KV: ${error instanceof Error ? error.message : String(error)}`
    }
  }

  async #wakeForNext(nowMs: number): Promise<void> {
    const restless = nowMs - this.#lastForwardMs < ACTIVE_MS || this.#writtenEpoch < this.#state.epoch
    if (restless) return await this.#wakeWithin(TICK_MS)
    const messageDueMs = this.#notifier.nextDueMs
    if (messageDueMs !== undefined) await this.#wakeWithin(Math.max(TICK_MS, messageDueMs - nowMs))
  }

  async #wakeWithin(delayMs: number): Promise<void> {
    const dueMs = Date.now() + delayMs
    const alarmMs = await this.ctx.storage.getAlarm()
    if (alarmMs === null || alarmMs > dueMs) await this.ctx.storage.setAlarm(dueMs)
  }
}

/** What people hear of a command; choosing a stage by hand is an advance to them. */
function eventOf({ kind }: Command): NotificationEvent | undefined {
  if (kind === 'stage') return 'advance'
  return NOTIFICATION_EVENTS.find((event) => event === kind)
}
