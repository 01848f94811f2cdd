import type { FlagSummary } from '../../src/contract/responses.ts'

/** A flag as the admin API sums it up: open, at the first of three stages, but for what a test is about. */
export function summary(parts: Partial<FlagSummary> = {}): FlagSummary {
  const nothing = { requests: 0, errors: 0, errorRate: null, p95Ms: null }
  return {
    key: 'f',
    description: null,
    owner: null,
    tags: [],
    enabled: true,
    state: 'open',
    percentage: 10,
    stage: 0,
    stages: 3,
    ladder: [10, 50, 100].map((percentage) => ({
      ...{ percentage, bakeMs: 600_000, approval: false, advance: 'auto' as const },
    })),
    rules: 1,
    schedule: null,
    verdict: null,
    waitingFor: null,
    next: null,
    paused: false,
    frozen: false,
    needsApproval: false,
    needsOperator: false,
    finished: false,
    canary: nothing,
    control: nothing,
    other: nothing,
    expires: null,
    lastSeenAt: null,
    stale: [],
    routes: [],
    ...parts,
  }
}
