/** Flags that a Worker asks for while it answers a request itself, and what became of that request. */

import type { Decision } from '../../core/decision/decide.ts'
import { isPageStatus } from '../../core/flags/answers/judged-answers.ts'
import type { CompiledFlag } from '../../core/flags/flag.ts'
import { hasValueFor } from '../../core/metrics/entries.ts'
import type { Env } from '../../platform/env.ts'
import type { ActiveConfig } from '../config/live-config.ts'
import { isFetchedAhead, pageRoleOf } from '../pages/page-affinity.ts'
import { type MetricFact, REFUSALS } from '../reporting/metric-reporter.ts'
import type { Reporter } from '../reporting/reporter.ts'
import type { GradualRollback } from './gradual-rollback.ts'
import { isEvidence, isOptedOut, placesOf } from './measured.ts'
import { exposed } from './measuring.ts'
import { recognise } from './visitor.ts'

export type FlagUse = {
  /** Whether no flag was asked for. */
  readonly isEmpty: boolean
  /** The decision of a flag, always the same one; undefined for a flag that the document doesn't have. */
  of(flag: string): { decision: Decision; isOn: boolean } | undefined
  /** Every flag; counts none. */
  all(): Record<string, Pick<Decision, 'value' | 'variant' | 'reason'>>
  targetingKey(): string
  /** The Set-Cookie value of an identity that was issued for this request, if one was. */
  setCookie(): string | undefined
  /** Counts an event of a metric for this visitor, in every flag that measures it. */
  record(fact: MetricFact, reporter: Reporter, surroundings: Surroundings): void
  report(ended: Ending, reporter: Reporter, surroundings: Surroundings): void
}

type Ending = { failed: boolean; status: number; latencyMs: number }
type Surroundings = { env: Env; waitUntil(work: Promise<unknown>): void }

export async function openFlagUse(
  raw: Request,
  document: ActiveConfig,
  env: Env,
  gradualRollback: GradualRollback,
): Promise<FlagUse> {
  const { request, context, anonymous, inputs } = await recognise(raw, document, env, Date.now())
  const { flags } = document.snapshot
  const decide = (flag: CompiledFlag) =>
    gradualRollback.decideUnrouted(flag, document.snapshot, context, inputs)
  const asked = new Map<string, Decision>()
  return {
    get isEmpty() {
      return asked.size === 0
    },
    of: (key) => {
      const flag = flags.get(key)
      if (flag === undefined) return undefined
      const decision = asked.get(key) ?? decide(flag)
      asked.set(key, decision)
      return { decision, isOn: decision.variant !== flag.off }
    },
    all: () =>
      Object.fromEntries(
        [...flags.values()].map((flag) => {
          const { value, variant, reason } = asked.get(flag.key) ?? decide(flag)
          return [flag.key, { value, variant, reason }]
        }),
      ),
    targetingKey: () => context.targetingKey() ?? '',
    setCookie: () => anonymous.setCookie(),
    record: (fact, reporter, { env: own, waitUntil }) => {
      const of = (flag: CompiledFlag) => asked.get(flag.key) ?? decide(flag)
      const found = placesOf(document.snapshot, { metric: fact.metric, key: context.targetingKey() }, of)
      if (!found.ok || isOptedOut(request.headers)) return
      if (!found.places.every(({ type }) => hasValueFor(type, fact.value))) return
      if (isEvidence(context, own, request)) reporter.metrics.record(fact, found.places)
      else for (const { flag } of found.places) reporter.metrics.refuse(flag, REFUSALS.unproven)
      reporter.stayInTouch({ env: own, place: request, nowMs: request.nowMs, waitUntil })
    },
    report: ({ failed, status, latencyMs }, reporter, { env: own, waitUntil }) => {
      const surroundings = { env: own, place: request, nowMs: request.nowMs, waitUntil }
      const role = pageRoleOf(request, document.snapshot.cookies)
      const journey = role === 'page' && isPageStatus(status) && !isFetchedAhead(request) && !failed
      const failure = failed ? ('status' as const) : undefined
      const isClientError = !failed && status >= 400 && status < 500
      for (const decision of asked.values()) {
        const flag = flags.get(decision.flag)
        if (flag) exposed(flag, decision, { request, context, anonymous }, { reporter, env: own })
        reporter.report(
          { decision, failure, isClientError, latencyMs, journey, rescued: false },
          surroundings,
        )
      }
    },
  }
}
