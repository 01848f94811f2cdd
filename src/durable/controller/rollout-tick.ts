/** One look at every rollout: judge, decide, perform, tell. What to do is decided in core/. */

import { type FlagControl, INITIAL_FLAG_CONTROL } from '../../core/config/control.ts'
import type { NotificationEvent } from '../../core/config/schema/document.ts'
import type { CompiledFlag } from '../../core/flags/flag.ts'
import { reportOf, type Verdict, type VerdictReport } from '../../core/guard/index.ts'
import { messageOf } from '../../core/message-of.ts'
import { type Command, flagStatus } from '../../core/rollout/commands.ts'
import type { RolloutPlan } from '../../core/rollout/plan.ts'
import { type Announcement, stepRollout } from '../../core/rollout/step.ts'
import { advancePermission } from '../../core/rollout/windows.ts'
import type { AuditLog } from '../storage/audit-log.ts'
import type { TextStore } from '../storage/text-store.ts'
import type { Cause, ControlDesk } from './control.ts'
import type { LoadedDocument } from './documents.ts'
import type { JudgeDesk } from './guard-runner.ts'
import { localTime } from './local-time.ts'

/** What a flag's rollout is doing. */
export type RolloutView = { verdict: VerdictReport | null; waitingFor: string; needsApproval: boolean }

/** What the round does to the world. */
export type RoundPorts = {
  perform(command: Command, cause: Cause): Promise<unknown>
  notify(event: NotificationEvent, flag: string, cause: Cause, nowMs: number): void
}

/** Occasions that people have been told of: of each once while the rollout is at one place, however it wavers. */
type Told = { place: string; keys: readonly string[] }

export class RolloutRound {
  readonly #control: ControlDesk
  readonly #desk: JudgeDesk
  readonly #audit: AuditLog
  readonly #texts: TextStore
  readonly #ports: RoundPorts
  readonly #views = new Map<string, RolloutView>()
  readonly #told: Map<string, Told>

  constructor(control: ControlDesk, desk: JudgeDesk, audit: AuditLog, texts: TextStore, ports: RoundPorts) {
    this.#control = control
    this.#desk = desk
    this.#audit = audit
    this.#texts = texts
    this.#ports = ports
    this.#told = new Map(texts.getJson<[string, Told][]>('told') ?? [])
  }

  /** What each rollout is doing, as of the last round. */
  get views(): ReadonlyMap<string, RolloutView> {
    return this.#views
  }

  async run(loaded: LoadedDocument, nowMs: number): Promise<void> {
    for (const plan of loaded.plans.values()) {
      try {
        await this.#look(plan, loaded, nowMs)
      } catch (error) {
        // One flag that can't be judged must not keep the others from being.
        const reason = messageOf(error)
        const waitingFor = `the guard cannot look at it: ${reason}`
        this.#views.set(plan.flag, { verdict: null, waitingFor, needsApproval: false })
      }
    }
  }

  async #look(plan: RolloutPlan, { snapshot, document }: LoadedDocument, nowMs: number): Promise<void> {
    const flag = snapshot.flags.get(plan.flag)
    if (flag === undefined) return
    const control: FlagControl = this.#control.state.flags[plan.flag] ?? INITIAL_FLAG_CONTROL
    const verdict = this.#desk.look(plan, flag, control, nowMs)
    const local = localTime(nowMs, plan.timezone)
    const permission = advancePermission(plan.windows, document.freezes, local, nowMs)
    const isKilled = flagStatus(this.#control.state, plan.flag).killed
    const step = stepRollout({ plan, control, isKilled, verdict, permission })
    const { waitingFor, announcement } = step
    const needsApproval = announcement?.event === 'approval-needed'
    this.#views.set(plan.flag, { verdict: verdict ? reportOf(verdict) : null, waitingFor, needsApproval })
    if (this.#told.get(plan.flag)?.place !== placeOf(control)) {
      this.#told.set(plan.flag, { place: placeOf(control), keys: [] })
    }
    if (step.announcement) this.#announce(flag, step.announcement, verdict, nowMs)
    if (step.command === undefined) return
    const { kind, reason } = step.command
    const actor = kind === 'rollback' || kind === 'freeze' ? 'guard' : 'rollout'
    await this.#ports.perform({ kind, flag: plan.flag }, { actor, reason, evidence: verdict?.evidence })
  }

  /** Tells people, once per occasion and place. */
  #announce(
    flag: CompiledFlag,
    { key, event, text }: Announcement,
    verdict: Verdict | undefined,
    nowMs: number,
  ) {
    const told = this.#told.get(flag.key)
    if (told === undefined || told.keys.includes(key)) return
    this.#told.set(flag.key, { ...told, keys: [...told.keys, key] })
    this.#texts.putJson('told', [...this.#told])
    const cause = { actor: 'guard', reason: text, evidence: verdict?.evidence }
    if (event === 'freeze') {
      const nothing = { before: null, after: null }
      this.#audit.append({ atMs: nowMs, action: 'freeze', flag: flag.key, ...nothing, ...cause })
    }
    this.#ports.notify(event, flag.key, cause, nowMs)
  }
}

function placeOf({ generation, stage }: FlagControl): string {
  return `${generation} ${stage}`
}
