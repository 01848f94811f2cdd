/** Flags at a glance: definition, rollout, cleanup. */
import type { FlagStatusView, FlagSummary } from '../../../contract/responses.ts'
import { toldVerdict } from '../../../contract/words/flag-state.ts'
import { nextText } from '../../../contract/words/ladder.ts'
import { parseTimeMs } from '../../../core/flags/date-time.ts'
import { debtOf } from '../../../core/flags/debt.ts'
import type { FlagFacts } from '../../../durable/controller/flag-facts.ts'
import { isoTime } from './call.ts'

export function summaryOf(facts: FlagFacts, status: FlagStatusView, nowMs: number): FlagSummary {
  const {
    key,
    description,
    owner,
    expires,
    enabled,
    stages,
    ladder = [],
    byTime,
    rules,
    schedule,
    routes,
    times,
  } = facts
  const { state, percentage, waitingFor, needsApproval, finished, arms } = status
  const { lastSeenMs, settledSinceMs, knownSinceMs } = times
  const debt = {
    owner: owner ?? undefined,
    expiresMs: expires === null ? undefined : parseTimeMs(expires),
    settledSinceMs: settledSinceMs ?? undefined,
    // Only requests that a flag routes are counted, so the use of other flags is unknown.
    lastSeenMs: routes.length > 0 ? lastSeenMs : undefined,
    knownSinceMs,
  }
  const glance = ({ requests, errors, errorRate, p95Ms }: FlagStatusView['arms']['canary']) => ({
    ...{ requests, errors, errorRate, p95Ms },
  })
  const summary = {
    key,
    description,
    owner,
    tags: [...facts.tags],
    enabled,
    state,
    percentage,
    stage: stages > 0 ? Math.min(status.stage, stages - 1) : null,
    stages,
    ladder: [...ladder],
    ...(byTime && { byTime }),
    rules,
    schedule,
    ...toldVerdict(status),
    waitingFor,
    ...(status.unmet !== undefined && { unmet: status.unmet }),
    paused: status.paused !== null,
    frozen: status.frozen !== null,
    needsApproval,
    finished,
    canary: glance(arms.canary),
    control: glance(arms.control),
    other: glance(arms.other),
    expires,
    lastSeenAt: lastSeenMs === null ? null : isoTime(lastSeenMs),
    stale: debtOf(debt, nowMs),
    routes,
  }
  return { ...summary, next: nextText(summary, status, nowMs) ?? null }
}
