/** One tick of every rollout: run the guard, decide, perform, notify. core/ decides. */
import { type FlagControl, INITIAL_FLAG_CONTROL } from '../../core/config/control.ts'
import type { CompiledFlag } from '../../core/flags/flag.ts'
import { reportOf, type Verdict, type VerdictReport } from '../../core/guard/index.ts'
import { messageOf } from '../../core/message-of.ts'
import type { Cause } from '../../core/rollout/audit.ts'
import { type Command, flagStatus } from '../../core/rollout/commands.ts'
import { isLive, nextLookMs } from '../../core/rollout/due.ts'
import { percentageOf } from '../../core/rollout/news/transition.ts'
import type { RolloutPlan } from '../../core/rollout/plan.ts'
import { type Steady, steadyVerdict } from '../../core/rollout/steady.ts'
import { type Announcement, stepRollout } from '../../core/rollout/step.ts'
import { advancePermission } from '../../core/rollout/windows.ts'
import { noteInternalError } from '../../platform/internal-errors.ts'
import type { ShadowLog } from '../storage/shadow-log.ts'
import type { TextStore } from '../storage/text-store.ts'
import type { ControlStore } from './control-store.ts'
import type { LoadedDocument } from './documents.ts'
import type { GuardRunner } from './guard-runner.ts'
import { localTime } from './local-time.ts'

/** What a flag's rollout is doing. */
export type RolloutView = {
  verdict: VerdictReport | null
  waitingFor: string
  needsApproval: boolean
  needsOperator: boolean
  /** What holds the stage besides time and evidence; missing where nothing does. */
  holds?: string
  /** What people are told of the verdict; missing without one. */
  told?: Steady
  /** Why the guard can't look; missing where it can. */
  failure?: string
}

/** What a tick does to the world. */
export type TickPorts = {
  perform(command: Command, cause: Cause): Promise<unknown>
  /** Records news and tells them. */
  tell(event: Announcement['event'], flag: string, cause: Cause, nowMs: number): void
  /** Told of each verdict that is another one than before. */
  log?(verdict: VerdictLine): void
}

export type VerdictLine = {
  flag: string
  generation: number
  stage: number
  verdict: VerdictReport['kind']
  action: VerdictReport['action']
  trigger: VerdictReport['trigger']
  sentence: string
}

/** Announcements already made at one stage of a rollout: each is made once, even if its cause comes and goes. */
type Told = { place: string; keys: readonly string[] }

export class RolloutTick {
  readonly #control: ControlStore
  readonly #guard: GuardRunner
  readonly #shadow: ShadowLog
  readonly #texts: TextStore
  readonly #ports: TickPorts
  readonly #views = new Map<string, RolloutView>()
  readonly #logged = new Map<string, string>()
  readonly #told: Map<string, Told>
  /** When each flag needs a look for the time alone, as of the last tick. */
  readonly #dueMs = new Map<string, number>()

  constructor(
    control: ControlStore,
    { guard, shadow }: { guard: GuardRunner; shadow: ShadowLog },
    texts: TextStore,
    ports: TickPorts,
  ) {
    this.#control = control
    this.#guard = guard
    this.#shadow = shadow
    this.#texts = texts
    this.#ports = ports
    this.#told = new Map(texts.getJson<[string, Told][]>('told') ?? [])
  }

  /** What each rollout is doing, as of the last tick. */
  get views(): ReadonlyMap<string, RolloutView> {
    return this.#views
  }

  /** When the next look is due although nothing is counted; undefined where none is. */
  get nextDueMs(): number | undefined {
    return this.#dueMs.size > 0 ? Math.min(...this.#dueMs.values()) : undefined
  }

  /** Whether any flag is being judged. */
  isLive({ plans, snapshot }: LoadedDocument): boolean {
    for (const plan of plans.values()) {
      const flag = snapshot.flags.get(plan.flag)
      if (flag === undefined || !flag.enabled) continue
      const control = this.#control.state.flags[plan.flag] ?? INITIAL_FLAG_CONTROL
      const { killed } = flagStatus(this.#control.state, plan.flag)
      if (isLive(plan, control, killed, percentageOf(flag, control))) return true
    }
    return false
  }

  async run(loaded: LoadedDocument, nowMs: number): Promise<void> {
    this.#dueMs.clear()
    for (const plan of loaded.plans.values()) {
      try {
        await this.#tick(plan, loaded, nowMs)
      } catch (error) {
        // A flag whose guard throws must not stop the others.
        noteInternalError('controller.tick', error, { flag: plan.flag })
        const reason = messageOf(error)
        const waitingFor = `the guard cannot look at it: ${reason}`
        const needs = { needsApproval: false, needsOperator: true }
        this.#views.set(plan.flag, { verdict: null, waitingFor, ...needs, failure: reason })
      }
    }
  }

  async #tick(plan: RolloutPlan, { snapshot, document }: LoadedDocument, nowMs: number): Promise<void> {
    const flag = snapshot.flags.get(plan.flag)
    if (flag === undefined) return
    const control: FlagControl = this.#control.state.flags[plan.flag] ?? INITIAL_FLAG_CONTROL
    const judged = this.#guard.run(plan, flag, control, nowMs)
    const shadow = this.#shadow.look(plan, control, nowMs)
    // No visitor is on the canary of a shadow stage.
    const verdict = shadow === undefined ? judged : undefined
    const local = localTime(nowMs, plan.timezone)
    const permission = advancePermission(plan.windows, document.freezes, local, nowMs)
    const isKilled = flagStatus(this.#control.state, plan.flag).killed
    const step = stepRollout({ plan, control, isKilled, verdict, permission, shadow })
    const look = { plan, control, isKilled, verdict, freezes: document.freezes, local }
    const dueMs = nextLookMs(look, nowMs)
    if (dueMs !== undefined) this.#dueMs.set(plan.flag, dueMs)
    const { waitingFor, announcement, needsOperator = false, holds } = step
    const needsApproval = announcement?.event === 'approval-needed'
    const report = verdict ? reportOf(verdict) : null
    if (report !== null) this.#logVerdict(plan.flag, control, report)
    const told = report && this.#toldOf(plan.flag, control, { ...report, needsOperator }, nowMs)
    this.#views.set(plan.flag, {
      ...{ verdict: report, waitingFor, needsApproval, needsOperator },
      ...(holds !== undefined && { holds }),
      ...(told !== null && { told }),
    })
    if (this.#told.get(plan.flag)?.place !== placeOf(control)) {
      this.#told.set(plan.flag, { place: placeOf(control), keys: [] })
    }
    const evidence = shadow === undefined ? evidenceOf(verdict) : shadow.evidence
    if (step.announcement) this.#announce(flag, step.announcement, evidence, nowMs)
    if (step.command === undefined) return
    const { kind, reason } = step.command
    const actor = kind === 'rollback' || kind === 'freeze' ? 'guard' : 'rollout'
    await this.#ports.perform({ kind, flag: plan.flag }, { actor, reason, evidence })
  }

  #toldOf(
    flag: string,
    control: FlagControl,
    { kind, action, needsOperator }: VerdictReport & { needsOperator: boolean },
    nowMs: number,
  ): Steady {
    const now = { kind, action, needsOperator, place: placeOf(control) }
    return steadyVerdict(this.#views.get(flag)?.told, now, nowMs)
  }

  /** A verdict is given each second; a line is for one that changes. */
  #logVerdict(flag: string, { generation, stage }: FlagControl, report: VerdictReport): void {
    const { kind, action, trigger, sentence } = report
    const said = `${generation} ${stage} ${kind} ${action} ${trigger}`
    if (this.#logged.get(flag) === said) return
    this.#logged.set(flag, said)
    this.#ports.log?.({ flag, generation, stage, verdict: kind, action, trigger, sentence })
  }

  /** Tells once per announcement and stage. */
  #announce(flag: CompiledFlag, { key, event, text }: Announcement, evidence: unknown, nowMs: number) {
    const told = this.#told.get(flag.key)
    if (told === undefined || told.keys.includes(key)) return
    this.#told.set(flag.key, { ...told, keys: [...told.keys, key] })
    this.#texts.putJson('told', [...this.#told])
    const cause = { actor: 'guard', reason: text, evidence }
    this.#ports.tell(event, flag.key, cause, nowMs)
  }
}

/** For the audit log: the figures, and what the stage asked for. */
function evidenceOf(verdict: Verdict | undefined): unknown {
  if (verdict === undefined) return undefined
  const { evidence, requirements, beforeAfter } = verdict
  const summary = requirements?.map(({ text, found }) => `${text}: ${found}`)
  return { ...evidence, ...(summary && { summary }), ...(beforeAfter && { beforeAfter }) }
}

function placeOf({ generation, stage }: FlagControl): string {
  return `${generation} ${stage}`
}
