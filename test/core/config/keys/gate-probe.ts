/** A gate as far as core goes: a document, compiled, and what can be asked of it. */
import { compileSnapshot, findRoute, type Snapshot } from '../../../../src/core/config/compile/snapshot.ts'
import {
  compileControl,
  type FlagControl,
  INITIAL_CONTROL_STATE,
} from '../../../../src/core/config/control.ts'
import { parseDocumentValue } from '../../../../src/core/config/parse/parse.ts'
import type { GateDocument } from '../../../../src/core/config/schema/document.ts'
import { type AttributeValue, staticContext } from '../../../../src/core/context/attributes.ts'
import { anonymousAs, RequestContext } from '../../../../src/core/context/request-context.ts'
import { type Decision, decide } from '../../../../src/core/decision/decide.ts'
import { type ArmTick, initialGuardState, stepGuard } from '../../../../src/core/guard/index.ts'
import { compilePlans, type RolloutPlan, settingsAtStage } from '../../../../src/core/rollout/plan.ts'
import { stepRollout } from '../../../../src/core/rollout/step.ts'
import {
  type AdvancePermission,
  advancePermission,
  type LocalTime,
} from '../../../../src/core/rollout/windows.ts'
import { arm } from '../../guard/support.ts'

export type Asked = {
  flag?: string
  attributes?: Record<string, AttributeValue>
  control?: Partial<FlagControl>
  environment?: string
  now?: string
}

export class Gate {
  readonly document: GateDocument
  readonly snapshot: Snapshot

  /** @throws Error with the problems of a document that is not valid */
  constructor(document: unknown) {
    const parsed = parseDocumentValue(document)
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems, null, 2))
    this.document = parsed.value
    this.snapshot = compileSnapshot(parsed.value)
  }

  decide(targetingKey: string | undefined, asked: Asked = {}): Decision {
    const { flag: key = 'f', attributes = {}, control, environment = 'production', now } = asked
    const flag = this.snapshot.flags.get(key)
    if (flag === undefined) throw new Error(`The document has no flag "${key}"`)
    const flags = control === undefined ? {} : { [key]: { generation: 1, stage: 0, ...control } }
    return decide(flag, staticContext(targetingKey, attributes), {
      flags: this.snapshot.flags,
      control: compileControl({ ...INITIAL_CONTROL_STATE, flags }, []),
      environment,
      nowMs: Date.parse(now ?? '2026-06-01T00:00:00Z'),
      overrides: undefined,
    })
  }

  variant(asked: Asked = {}): string {
    return this.decide('u', asked).variant
  }

  /** How many of 1,000 visitors get each variant. */
  shares(asked: Asked = {}): Record<string, number> {
    const shares: Record<string, number> = {}
    for (let n = 0; n < 1_000; n++) {
      const { variant } = this.decide(`user-${n}`, asked)
      shares[variant] = (shares[variant] ?? 0) + 1
    }
    return shares
  }

  plan(): RolloutPlan {
    const plan = compilePlans(this.document).get('f')
    if (plan === undefined) throw new Error('The flag has no plan')
    return plan
  }

  /** What the rollout does at the first stage once its guard says that all is well. */
  step(permission: AdvancePermission = { allowed: true }, control: Partial<FlagControl> = {}) {
    const verdict = { kind: 'healthy' as const, sentence: 'healthy', evidence: {} as never }
    const inputs = { plan: this.plan(), isKilled: false, verdict, permission }
    return stepRollout({ ...inputs, control: { generation: 1, stage: 0, ...control } })
  }

  permission(local: LocalTime, now = '2026-06-01T00:00:00Z'): AdvancePermission {
    return advancePermission(this.plan().windows, this.document.freezes, local, Date.parse(now))
  }

  /** The guard's last word on so many seconds that are all alike, at 50 %: `action second`, or its kind. */
  guard(canary: Partial<ArmTick>, control: Partial<ArmTick>, seconds = 100, requests = 100): string {
    const plan = this.plan()
    if (plan.guard === undefined) return 'no guard'
    const settings = settingsAtStage(plan.guard, plan.stages[0])
    let state = initialGuardState({ generation: 1, stage: 0, percentage: 50, atMs: 0 })
    let said = ''
    for (let second = 1; second <= seconds; second++) {
      // Other visitors in each second, so that no error rests.
      const fresh = (slots: readonly number[] = []) => slots.map((slot) => slot + second * 40)
      const step = stepGuard(settings, state, {
        atMs: second * 1_000,
        generation: 1,
        stage: 0,
        percentage: 50,
        canary: arm(requests, fresh(canary.erroredSlots), {
          ...canary,
          erroredSlots: fresh(canary.erroredSlots),
          clientErrors: {
            requests: canary.clientErrors?.requests ?? 0,
            marks: fresh(canary.clientErrors?.marks),
          },
        }),
        control: arm(requests, [], control),
      })
      state = step.state
      said = step.verdict.kind
      if (step.verdict.kind === 'failing') return `${step.verdict.action} ${second}`
    }
    return said
  }

  /** The context of a request; each source answers with its own name and the name that it was asked for. */
  request(): RequestContext {
    const from = (kind: string) => (name: string) => `${kind} ${name}`
    const facts = {
      nowMs: 0,
      method: 'GET',
      host: 'h',
      path: '/',
      header: from('header'),
      cookie: from('cookie'),
      query: from('query'),
      cf: () => undefined,
      claim: from('claim'),
      ip: () => undefined,
    }
    return new RequestContext(facts, this.snapshot.identity, anonymousAs('anonymous'), () => 0)
  }

  /** The route that takes a request, by its position; −1 for none. */
  routeOf(path: string, host = 'shop.test', method = 'GET'): number {
    const route = findRoute(this.snapshot, { host, path, method })
    return route === undefined ? -1 : this.snapshot.routes.indexOf(route)
  }
}
