/** The live picture of the gate: documents, flags with their counts by arm, isolates. */

import type { FlagStatusView, Responses } from '../../../contract/responses.ts'
import type { Snapshot } from '../../../core/config/compile/snapshot.ts'
import type { ControlState } from '../../../core/config/control.ts'
import { compileControl, KILL_ALL } from '../../../core/config/control.ts'
import {
  type Cell,
  CellTable,
  emptyCell,
  errorsOf,
  mergeCell,
  VITAL_NAMES,
  type VitalName,
} from '../../../core/counters/cell.ts'
import { quantileMs, total } from '../../../core/counters/histogram.ts'
import { type InternalError, withOwn } from '../../../core/counters/internal-errors.ts'
import { coloOf } from '../../../core/counters/load/back-pressure.ts'
import { limitText, type ReachedLimit, reachedLimits } from '../../../core/counters/platform-limits.ts'
import { type Arm, currentShare } from '../../../core/decision/decide.ts'
import { unmetRequirements } from '../../../core/decision/unmet.ts'
import { flagStatus } from '../../../core/rollout/commands.ts'
import { ISOLATE_ACTIVE_MS, isolatesOf } from '../../../core/rollout/convergence.ts'
import type { Episode } from '../../../core/rollout/news/alerts.ts'
import type { Steady } from '../../../core/rollout/steady.ts'
import type { Controller } from '../../../durable/controller/controller.ts'
import type { ControllerStatus } from '../../../durable/controller/reports.ts'
import type { LiveConfig, LiveConfigReport } from '../../../gate/config/live-config.ts'
import { type Env, environmentOf } from '../../../platform/env.ts'
import { internalErrors, noteInternalError } from '../../../platform/internal-errors.ts'
import { signingKeysOf } from '../../../platform/keys.ts'

/** Counts in readable form; latencies and error rate are null without data. */
type Counts = {
  requests: number
  errors: number
  errorsByKind: Cell['errors']
  errorRate: number | null
  p50Ms: number | null
  p95Ms: number | null
  p99Ms: number | null
  erroredBuckets: number
  /** Failures that visitors did not see, because control answered instead. */
  rescued: number
  /** Failed requests that both origins fail, those that the other origin was not asked, and background questions. */
  pairing: { shared: number; unasked: number; questions: number }
  journeys: number
  /** Durations that the app reported. */
  timings: { count: number; p50Ms: number | null; p95Ms: number | null }
  /** Web vitals by name: how many, and the 75th percentile (milliseconds; CLS a share). */
  vitals: Partial<Record<VitalName, { count: number; p75: number | null }>>
}

export type FlagStateName = 'open' | 'killed' | 'rolled-back' | 'disabled'

type StatusInputs = {
  environment: string
  signing: boolean
  nowMs: number
  snapshot: Snapshot
  killList: readonly string[]
  report: LiveConfigReport
  /** Undefined when the Controller did not answer. */
  controller: ControllerStatus | undefined
  /** The state that this isolate knows, used when the Controller did not answer. */
  lastState: ControlState
  /** The flags to report; undefined for all. */
  wanted: ReadonlySet<string> | undefined
}

export type StatusCall = {
  live: LiveConfig
  env: Env
  controller: Pick<Controller, 'status' | 'documentText'>
}

/** The live picture as of now; without the Controller it is what this isolate knows. */
export async function statusOf(
  { live, env, controller }: StatusCall,
  wanted?: ReadonlySet<string>,
): Promise<Responses['getStatus']> {
  const nowMs = Date.now()
  const status = await controller.status().catch((error: unknown) => {
    noteInternalError('api.status', error)
    return undefined
  })
  // KV shows a location a change up to a minute later than the Controller does.
  if (status) await live.offer(status.tag, () => controller.documentText(status.tag.version), env, nowMs)
  const { snapshot } = await live.refreshNow(env, nowMs)
  return buildStatus({
    environment: environmentOf(env),
    signing: signingKeysOf(env).length > 0,
    nowMs,
    snapshot,
    killList: live.killList,
    report: live.report,
    controller: status,
    lastState: live.controlState,
    wanted,
  })
}

function buildStatus(inputs: StatusInputs): Responses['getStatus'] {
  const { controller, snapshot, report, nowMs } = inputs
  const state = controller?.state ?? inputs.lastState
  const keys = [...snapshot.flags.keys()].filter((key) => inputs.wanted?.has(key) ?? true)
  const unmetOf = unmetRequirements({
    flags: snapshot.flags,
    control: compileControl(state, inputs.killList),
    environment: inputs.environment,
    nowMs,
    overrides: undefined,
  })
  const inputsOfFlags = { ...inputs, unmetOf }
  const cells = new Map<string, Cell[]>()
  for (const cell of controller?.cells ?? []) {
    const known = cells.get(cell.flag)
    if (known) known.push(cell)
    else cells.set(cell.flag, [cell])
  }
  const errors = withOwn(controller?.internalErrors ?? [], internalErrors())
  const refusedDocument = report.refused.find((refusal) => refusal.key === 'config')
  return {
    environment: inputs.environment,
    at: new Date(nowMs).toISOString(),
    controller: controller ? 'ok' : 'unreachable',
    epoch: state.epoch,
    document: {
      source: report.source,
      version: controller?.document.version ?? 0,
      hash: report.hash || null,
      checkedAt: report.checkedAtMs === 0 ? null : new Date(report.checkedAtMs).toISOString(),
      /** What is wrong with the newest document in KV, if it was refused; the one in use stays the last good one. */
      problems: [...(refusedDocument?.problems ?? [])],
      refused: report.refused.map(({ key, hash, seenAtMs, problems }) => ({
        key,
        hash,
        seenAt: new Date(seenAtMs).toISOString(),
        problems: [...problems],
      })),
      kvError: report.lastError ?? controller?.kv.lastError ?? null,
    },
    signing: inputs.signing,
    kill: {
      kv: [...new Set([...inputs.killList, ...state.kvKilled])],
      controller: [...state.killed],
      ...(state.isolated?.length && { isolated: [...state.isolated] }),
      ...(state.severed?.length && { severed: [...state.severed] }),
    },
    flags: Object.fromEntries(
      keys.map((key) => [key, flagEntry(inputsOfFlags, state, key, cells.get(key) ?? [])]),
    ),
    ...liveIsolates(controller, nowMs),
    alerts: (controller?.alerts ?? []).map(alertView),
    limits: reachedLimits(errors, nowMs).map(limitView),
    internalErrors: errors.map(internalErrorView),
  }
}

function limitView({ limit, firstAtMs, lastAtMs }: ReachedLimit) {
  const [since, lastAt] = [firstAtMs, lastAtMs].map((ms) => new Date(ms).toISOString()) as [string, string]
  return { limit, since, lastAt, text: limitText(limit) }
}

function flagEntry(
  inputs: StatusInputs & { unmetOf: ReturnType<typeof unmetRequirements> },
  state: ControlState,
  key: string,
  cells: readonly Cell[],
): FlagStatusView {
  const flag = inputs.snapshot.flags.get(key)
  const status = flagStatus(state, key)
  const killed = status.killed || inputs.killList.includes(key) || inputs.killList.includes(KILL_ALL)
  const rule = flag?.rules[flag.rolloutRule]
  const thousandths = rule && currentShare(rule, status)
  const unmet = flag && inputs.unmetOf(flag)
  const current = cells.filter((cell) => cell.generation === status.generation)
  const rollout = inputs.controller?.rollouts[key]
  const ofArm = (arm: Arm) => countsOf(current.filter((cell) => cell.arm === arm))
  const flagState: FlagStateName = killed
    ? 'killed'
    : status.rolledBack
      ? 'rolled-back'
      : flag?.enabled
        ? 'open'
        : 'disabled'
  return {
    state: flagState,
    generation: status.generation,
    stage: status.stage,
    percentage: thousandths === undefined ? null : thousandths / 1_000,
    rolledBack: occasion(status.rolledBack),
    paused: occasion(status.paused),
    frozen: occasion(status.frozen),
    approved: status.approved ?? false,
    needsApproval: rollout?.needsApproval ?? false,
    needsOperator: rollout?.needsOperator ?? false,
    finished: status.finished ?? false,
    verdict: rollout?.verdict ?? null,
    ...toldOf(rollout?.told),
    waitingFor: rollout?.waitingFor ?? null,
    ...(unmet !== undefined && { unmet }),
    ...(rollout?.holds !== undefined && { holds: rollout.holds }),
    arms: { canary: ofArm('canary'), control: ofArm('control'), other: ofArm('other') },
    variants: Object.fromEntries(
      [...(flag?.values.keys() ?? [])].map((variant) => [
        variant,
        countsOf(current.filter((cell) => cell.variant === variant)),
      ]),
    ),
    cells: new CellTable(cells).toList().map((cell) => ({
      variant: cell.variant,
      arm: cell.arm,
      generation: cell.generation,
      stage: cell.stage,
      ...countsOf([cell]),
    })),
  }
}

function toldOf(told: Steady | undefined): Pick<FlagStatusView, 'told'> {
  if (told === undefined) return {}
  const { kind, needsOperator } = told
  return { told: { kind, needsOperator } }
}

function alertView({ event, flag, sinceMs, text }: Episode) {
  return { event, flag, since: new Date(sinceMs).toISOString(), reason: text }
}

function internalErrorView({ place, count, firstAtMs, lastAtMs, message }: InternalError) {
  const [firstAt, lastAt] = [new Date(firstAtMs).toISOString(), new Date(lastAtMs).toISOString()]
  return { place, count, firstAt, lastAt, message }
}

function occasion(occasion: { atMs: number; reason: string } | undefined) {
  return occasion ? { at: new Date(occasion.atMs).toISOString(), reason: occasion.reason } : null
}

function countsOf(cells: readonly Cell[]): Counts {
  return cells.length === 0 ? NOTHING : sumOf(cells)
}

function sumOf(cells: readonly Cell[]): Counts {
  const sum = emptyCell({ flag: '', variant: '', arm: 'other', generation: 0, stage: 0 })
  for (const cell of cells) mergeCell(sum, cell)
  const errors = errorsOf(sum)
  return {
    requests: sum.requests,
    errors,
    errorsByKind: sum.errors,
    errorRate: sum.requests === 0 ? null : errors / sum.requests,
    p50Ms: rounded(quantileMs(sum.latency, 0.5)),
    p95Ms: rounded(quantileMs(sum.latency, 0.95)),
    p99Ms: rounded(quantileMs(sum.latency, 0.99)),
    erroredBuckets: sum.erroredBuckets.length,
    rescued: sum.rescued,
    pairing: {
      shared: sum.pairing?.sharedFailures ?? 0,
      unasked: sum.pairing?.unaskedFailures ?? 0,
      questions: sum.pairing?.questions ?? 0,
    },
    journeys: sum.journeys,
    timings: {
      count: total(sum.timings),
      p50Ms: rounded(quantileMs(sum.timings, 0.5)),
      p95Ms: rounded(quantileMs(sum.timings, 0.95)),
    },
    vitals: vitalsOf(sum),
  }
}

/** Shared: most flags of a large document have no traffic. */
const NOTHING: Counts = sumOf([])

function vitalsOf({ vitals = {} }: Cell): Counts['vitals'] {
  return Object.fromEntries(
    VITAL_NAMES.flatMap((name) => {
      const histogram = vitals[name]
      if (histogram === undefined) return []
      const p75 = rounded(quantileMs(histogram, 0.75))
      const value = name === 'CLS' && p75 !== null ? p75 / 1_000 : p75
      return [[name, { count: total(histogram), p75: value }]]
    }),
  )
}

function rounded(valueMs: number | undefined): number | null {
  return valueMs === undefined ? null : Math.round(valueMs * 10) / 10
}

function liveIsolates(controller: ControllerStatus | undefined, nowMs: number) {
  const byColo = Map.groupBy(controller?.shards ?? [], ({ shard }) => coloOf(shard))
  const colos = [...byColo].map(([colo, shards]) => ({
    colo,
    epoch: Math.min(...shards.map(({ epoch }) => epoch)),
    isolates: isolatesOf(shards)
      .filter((isolate) => nowMs - isolate.seenAtMs < ISOLATE_ACTIVE_MS)
      .map(({ isolate, epoch, seenAtMs }) => ({ isolate, epoch, seenAt: new Date(seenAtMs).toISOString() })),
  }))
  return { isolates: colos.reduce((sum, colo) => sum + colo.isolates.length, 0), colos }
}
