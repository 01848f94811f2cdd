/** What is wrong with the gate's own senses just now: with guards, counts, KV, isolates. */
import { findRoute } from '../../core/config/compile/snapshot.ts'
import { type FlagControl, INITIAL_FLAG_CONTROL } from '../../core/config/control.ts'
import { PACES } from '../../core/counters/load/pace.ts'
import { flagStatus } from '../../core/rollout/commands.ts'
import { convergenceOf, documentConvergenceOf } from '../../core/rollout/convergence.ts'
import { isLive } from '../../core/rollout/due.ts'
import { blindnessOf, type Cause, followingCauses, kvCauses } from '../../core/rollout/news/alerts.ts'
import { percentageOf } from '../../core/rollout/news/transition.ts'
import type { RolloutPlan } from '../../core/rollout/plan.ts'
import { type Env, isUnbilled } from '../../platform/env.ts'
import type { CellStore } from '../storage/cell-store.ts'
import type { FlagLog } from '../storage/flag-log.ts'
import type { SampleRing } from '../storage/sample-ring.ts'
import type { ShardLog } from '../storage/shard-log.ts'
import type { ControlStore } from './control-store.ts'
import type { Documents } from './documents.ts'
import type { KvReader } from './kv-reader.ts'
import type { KvWriter } from './kv-writer.ts'
import type { RolloutTick } from './rollout-tick.ts'

/** Visitors are lately seen if they came within this time. */
const LATELY_MS = 600_000
/** Counts come with the visitors, or so much later. */
const COUNTS_LATE_MS = 60_000

export type SensingParts = {
  env: Env
  documents: Documents
  control: ControlStore
  rollouts: RolloutTick
  kv: KvWriter
  kvReader: KvReader
  cells: CellStore
  flags: FlagLog
  samples: SampleRing
  shards: ShardLog
}

export function causesNow(parts: SensingParts, nowMs: number): Cause[] {
  const { documents, kv, kvReader } = parts
  const uncounted = uncountedVisitors(parts, nowMs)
  const rollouts = [...documents.current.plans.values()].flatMap((plan) =>
    rolloutCauses(parts, plan, uncounted),
  )
  const kvState = {
    error: kv.hasPending ? kv.error : undefined,
    readAgeMs: kvReader.unreadableSinceMs === undefined ? undefined : nowMs - kvReader.unreadableSinceMs,
  }
  return [...rollouts, ...kvCauses(kvState), ...following(parts, nowMs)]
}

function rolloutCauses(
  { documents, control: { state }, rollouts, cells }: SensingParts,
  plan: RolloutPlan,
  uncounted: ReadonlyMap<string, number>,
): Cause[] {
  const flag = documents.current.snapshot.flags.get(plan.flag)
  if (flag === undefined || !flag.enabled || plan.guard === undefined) return []
  const control = state.flags[plan.flag] ?? INITIAL_FLAG_CONTROL
  const percentage = percentageOf(flag, control)
  const isKilled = flagStatus(state, plan.flag).killed
  const isJudged = isLive(plan, control, isKilled, percentage)
  if (!isJudged && !isOnForAll(plan, control, isKilled, percentage)) return []
  const { generation, stage } = control
  const requestsOf = (arm: 'canary' | 'control') =>
    cells
      .of(plan.flag)
      .filter((cell) => cell.arm === arm && cell.generation === generation && cell.stage === stage)
      .reduce((sum, { requests }) => sum + requests, 0)
  const { failure, verdict } = rollouts.views.get(plan.flag) ?? {}
  return blindnessOf({
    flag: plan.flag,
    percentage,
    canaryRequests: requestsOf('canary'),
    controlRequests: requestsOf('control'),
    failure,
    unjudged: verdict?.kind === 'unjudged' ? verdict.sentence : undefined,
    uncountedVisitors: isJudged ? (uncounted.get(plan.flag) ?? 0) : 0,
  })
}

/**
 * Whether a flag without stages is open for all. Its guard is there to act for as long as the document has it, whereas a
 * finished rollout has come to its end: of that only the status says that nothing is judged.
 */
function isOnForAll(plan: RolloutPlan, control: FlagControl, isKilled: boolean, percentage: number): boolean {
  return plan.stages.length === 0 && percentage === 100 && !isKilled && !control.rolledBack
}

/** Visitors seen lately on routes of flags of which no count has come since. */
function uncountedVisitors({ documents, flags, samples }: SensingParts, nowMs: number): Map<string, number> {
  const { snapshot, plans } = documents.current
  const silent = [...plans.keys()].filter(
    (flag) => nowMs - (flags.timesOf(flag, nowMs).lastSeenMs ?? 0) > COUNTS_LATE_MS,
  )
  const visitors = new Map<string, number>()
  if (silent.length === 0) return visitors
  for (const sample of samples.all(nowMs)) {
    if (nowMs - sample.atMs > LATELY_MS) continue
    const target = findRoute(snapshot, sample)?.target
    if (target?.kind !== 'flag' || !silent.includes(target.flag.key)) continue
    const { key } = target.flag
    const countedMs = flags.timesOf(key, nowMs).lastSeenMs ?? 0
    if (sample.atMs > countedMs + COUNTS_LATE_MS) visitors.set(key, (visitors.get(key) ?? 0) + 1)
  }
  return visitors
}

function following({ documents, control, shards, env }: SensingParts, nowMs: number): Cause[] {
  const { epoch } = control.state
  const sinceMs = control.epochAtMs(epoch) ?? nowMs
  const { hash, version, atMs } = documents.current.info
  const unreportedMs = isUnbilled(env) ? 0 : PACES.live.forwardMs
  const all = shards.all()
  const state = convergenceOf(epoch, sinceMs, all, nowMs, unreportedMs)
  const document = documentConvergenceOf(hash, all, nowMs, unreportedMs)
  return followingCauses(
    { ...state, ageMs: nowMs - sinceMs },
    // What is built in is in force where KV holds nothing.
    { ...document, ageMs: version === 0 ? 0 : nowMs - atMs },
  )
}
