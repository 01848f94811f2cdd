/** Facts about each flag, from the document and the flag log. */
import { routeLabel } from '../../core/config/compile/snapshot.ts'
import type { StagePlan } from '../../core/rollout/plan.ts'
import type { FlagLog, FlagTimes } from '../storage/flag-log.ts'
import type { LoadedDocument } from './documents.ts'

/** A stage, without what only the guard needs. */
export type LadderStage = Pick<StagePlan, 'percentage' | 'shadow' | 'bakeMs' | 'approval' | 'advance'>

export type FlagFacts = {
  key: string
  description: string | null
  owner: string | null
  tags: readonly string[]
  expires: string | null
  enabled: boolean
  /** Number of its stages; 0 for none. */
  stages: number
  /** Its stages; missing where a Controller of an older release answers. */
  ladder?: readonly LadderStage[]
  /** Its stages advance by time alone. */
  byTime?: true
  rules: number
  schedule: { start: string | null; end: string | null } | null
  /** Labels of the routes that it controls. */
  routes: string[]
  times: FlagTimes
}

/** The facts of all flags, or of one. */
export function flagFactsOf(
  { document, plans }: LoadedDocument,
  log: FlagLog,
  nowMs: number,
  only?: string,
): FlagFacts[] {
  const routes = new Map<string, string[]>()
  for (const route of document.routes) {
    if (route.flag === undefined) continue
    const labels = routes.get(route.flag) ?? []
    routes.set(route.flag, labels)
    labels.push(routeLabel(route))
  }
  const flags = Object.entries(document.flags).filter(([key]) => only === undefined || key === only)
  return flags.map(([key, flag]) => ({
    key,
    description: flag.description ?? null,
    owner: flag.owner ?? null,
    tags: flag.tags ?? [],
    expires: flag.expires ?? null,
    enabled: flag.enabled,
    stages: plans.get(key)?.stages.length ?? 0,
    ladder: (plans.get(key)?.stages ?? []).map(({ percentage, shadow, bakeMs, approval, advance }) => ({
      ...{ percentage, bakeMs, approval, advance },
      ...(shadow !== undefined && { shadow }),
    })),
    ...(plans.get(key)?.guard?.advance.byTime && { byTime: true as const }),
    rules: flag.rules.length,
    schedule: flag.schedule ? { start: flag.schedule.start ?? null, end: flag.schedule.end ?? null } : null,
    routes: routes.get(key) ?? [],
    times: log.timesOf(key, nowMs),
  }))
}
