/**
 * The Controller: one per gate, the strongly consistent side. Adds up what the shards forward, looks at every
 * guarded flag once a second while there is traffic, performs commands one after the other, keeps the audit log,
 * and sees to it that shards and KV get to know each new state. What to do is decided in core/; here it is done:
 * traffic first (shards), then KV.
 */
import { DurableObject } from 'cloudflare:workers'
import { bundledDocument } from '../bundled.ts'
import { type ControlState, INITIAL_CONTROL_STATE, parseControlState } from '../core/config/control.ts'
import type { ControllerPort, ForwardMessage, ForwardReply } from '../core/counters/protocol.ts'
import type { AuditRecord } from '../core/rollout/audit.ts'
import { applyCommand, type Command, type CommandResult } from '../core/rollout/commands.ts'
import { type JudgeState, judge, type Verdict } from '../core/rollout/judge.ts'
import { countersShard, type Env } from '../env.ts'
import { AuditLog } from './audit-log.ts'
import { CellStore } from './cell-store.ts'
import { DocumentWatch } from './document-watch.ts'
import { ShardLog } from './shard-log.ts'
import { TextStore } from './storage.ts'

const TICK_MS = 1_000
/** The guard goes on looking this long after the last counts came in. */
const ACTIVE_MS = 90_000

/** What the admin API shows of the Controller. */
export type ControllerStatus = {
  state: ControlState
  cells: ReturnType<CellStore['all']>
  verdicts: Record<string, Verdict>
  document: DocumentWatch['report']
  shards: ReturnType<ShardLog['all']>
  kv: { writtenEpoch: number; lastError: string | undefined }
}

export class Controller extends DurableObject<Env> implements ControllerPort {
  readonly #texts: TextStore
  readonly #cells: CellStore
  readonly #audit: AuditLog
  readonly #shards: ShardLog
  readonly #document: DocumentWatch
  readonly #verdicts = new Map<string, Verdict>()
  #judgements: Map<string, JudgeState>
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
    this.#document = new DocumentWatch(env, this.#texts, bundledDocument)
    this.#state = this.#texts.getJson<ControlState>('state') ?? INITIAL_CONTROL_STATE
    this.#writtenEpoch = this.#texts.getJson<number>('writtenEpoch') ?? 0
    this.#judgements = new Map(this.#texts.getJson<[string, JudgeState][]>('judgements') ?? [])
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
    return await this.#perform(command, actor, reason, undefined)
  }

  async status(): Promise<ControllerStatus> {
    await this.#document.load()
    return {
      state: this.#state,
      cells: this.#cells.all(),
      verdicts: Object.fromEntries(this.#verdicts),
      document: this.#document.report,
      shards: this.#shards.all(),
      kv: { writtenEpoch: this.#writtenEpoch, lastError: this.#kvError },
    }
  }

  async audit(limit: number): Promise<AuditRecord[]> {
    return this.#audit.latest(limit)
  }

  override async alarm(): Promise<void> {
    const nowMs = Date.now()
    for (const record of await this.#document.check(nowMs)) this.#audit.append(record)
    await this.#look(nowMs)
    await this.#writeKv()
    const restless = nowMs - this.#lastForwardMs < ACTIVE_MS || this.#writtenEpoch < this.#state.epoch
    if (restless) await this.#wakeWithin(TICK_MS)
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

  /** One look of the guard at every flag that has one. */
  async #look(nowMs: number): Promise<void> {
    await this.#document.load()
    const { guards } = this.#document.snapshot
    for (const [flag, guard] of guards) {
      const control = this.#state.flags[flag] ?? { generation: 1, stage: 0 }
      const pair = this.#cells.takeTick(flag, control.generation, control.stage)
      if (control.rolledBack) continue
      const { generation } = control
      const looked = judge(guard, this.#judgements.get(flag), { atMs: nowMs, generation, pair })
      this.#judgements.set(flag, looked.state)
      const before = this.#verdicts.get(flag)
      this.#verdicts.set(flag, looked.verdict)
      if (looked.verdict.action === 'rollback') {
        const { sentence, evidence } = looked.verdict
        await this.#perform({ kind: 'rollback', flag }, 'guard', sentence, evidence)
      } else if (looked.verdict.action === 'freeze' && before?.action !== 'freeze') {
        this.#auditFreeze(flag, looked.verdict, nowMs)
      }
    }
    this.#texts.putJson('judgements', [...this.#judgements])
  }

  #auditFreeze(flag: string, { sentence, evidence }: Verdict, atMs: number): void {
    this.#audit.append({
      atMs,
      actor: 'guard',
      action: 'freeze',
      flag,
      reason: sentence,
      evidence,
      before: undefined,
      after: undefined,
    })
  }

  /** State and audit record are written together; then the traffic learns of it, then KV. */
  async #perform(command: Command, actor: string, reason: string, evidence: unknown): Promise<CommandResult> {
    const flag = this.#document.snapshot.flags.get(command.flag)
    const facts = flag && { stageCount: flag.rules[flag.rolloutRule]?.stages?.length ?? 0 }
    const nowMs = Date.now()
    const result = applyCommand(this.#state, command, facts, nowMs, reason)
    if (!result.ok) return result
    const { before, after } = result
    this.ctx.storage.transactionSync(() => {
      this.#remember(result.state)
      this.#audit.append({
        atMs: nowMs,
        actor,
        action: command.kind,
        flag: command.flag,
        reason,
        evidence,
        before,
        after,
      })
    })
    await this.#pushToShards(nowMs)
    await this.#wakeWithin(0)
    return result
  }

  #remember(state: ControlState): void {
    this.#state = state
    this.#texts.putJson('state', state)
  }

  /** A shard that can't be reached hears of the state in the reply to its next forward. */
  async #pushToShards(nowMs: number): Promise<void> {
    const active = this.#shards.activeSince(nowMs - 10 * ACTIVE_MS)
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

  async #wakeWithin(delayMs: number): Promise<void> {
    const dueMs = Date.now() + delayMs
    const alarmMs = await this.ctx.storage.getAlarm()
    if (alarmMs === null || alarmMs > dueMs) await this.ctx.storage.setAlarm(dueMs)
  }
}
