/** A tick as counts for the tests: errors by failing visitor, slow requests by control's thresholds. */

import type { ArmTick } from '../counters/ticks.ts'
import type { DedupeResult, Eligible } from './dedupe/dedupe.ts'
import type { Part } from './dedupe/exposure.ts'
import { type Asked, countedPart, NONE_ASKED } from './evidence/asked.ts'
import type { Batch } from './evidence/batch.ts'
import { type Counts, NO_COUNTS } from './evidence/formula.ts'
import { COLD_MARGIN_BUCKETS, countSlow } from './evidence/latency.ts'
import type { GuardSettings } from './evidence/settings.ts'
import type { GuardTick } from './evidence/types.ts'
import { isColdAt } from './latency/cold.ts'
import { durationsOf, type GroupDurations } from './networks/durations.ts'
import { marksByGroup, sumOf } from './networks/groups.ts'
import type { GuardState } from './tests/guard-state.ts'

/** What the tick adds to the open batch, and slow requests as they are counted once the canary is warm. */
export type TickCounts = { batch: Batch; slowSeen: readonly Counts[] }

export function tickBatch(
  settings: GuardSettings,
  state: GuardState,
  tick: GuardTick,
  dedupe: DedupeResult,
  part: Part,
): TickCounts {
  const { latency } = settings
  const isCold = isColdAt(settings, state, tick.atMs)
  const edges = latency.enabled ? state.latency.edges : null
  const judgedEdges = isCold ? null : edges
  const timingEdges = latency.enabled && !isCold ? state.timings.edges : null
  const latencies = durationsOf(tick, 'latency', part.standing)
  const seen = slowOf(latencies, edges, latency.marginBuckets, part.factors.rollback)
  const { tooUneven } = state.population.widening
  const slow = isCold ? slowOf(latencies, null, 0, 1) : comparable(seen, tooUneven)
  const advanceSlow = slowOf(latencies, judgedEdges, settings.advance.marginBuckets, part.factors.advance)
  const coldMargin = Math.max(COLD_MARGIN_BUCKETS, latency.marginBuckets)
  // So far above a quantile, visitors differ as much as where they differ most.
  const coldEdges = isCold && !tooUneven.includes(true) ? edges : null
  const coldSlow = slowOf(latencies, coldEdges, coldMargin, part.factors.rollback)
  const slowTimings = slowOf(
    durationsOf(tick, 'timings', part.standing),
    timingEdges,
    latency.marginBuckets,
    1,
  )
  const errors = errorCounts(tick, dedupe, part, state.asked ?? NONE_ASKED)
  const batch: Batch = {
    canaryRequests: sumOf(part.exposure.canary),
    controlRequests: sumOf(part.exposure.control),
    errors: errors.rollback.all,
    advanceErrors: errors.advance.all,
    slow: slow.all,
    advanceSlow: advanceSlow.all,
    coldSlow: coldSlow.all,
    slowTimings: slowTimings.all,
    byGroup: {
      errors: errors.rollback.groups,
      advanceErrors: errors.advance.groups,
      slow: slow.groups,
      advanceSlow: advanceSlow.groups,
      coldSlow: coldSlow.groups,
      slowTimings: slowTimings.groups,
    },
  }
  return { batch, slowSeen: seen.all }
}

type Slow = ReturnType<typeof slowOf>

/** Without the quantiles in which visitors differ too much. */
function comparable({ all, groups }: Slow, tooUneven: readonly boolean[]): Slow {
  if (!tooUneven.includes(true)) return { all, groups }
  return {
    all: all.map((counts, k) => (tooUneven[k] ? NO_COUNTS : counts)),
    groups: groups.map((counts, k) => (tooUneven[k] ? [] : counts)),
  }
}

/** The exposure of a tick's errors in the rollback test; no error is counted yet. */
export function errorExposure({ exposure, factors }: Part, eligible: Eligible): Counts {
  return {
    canaryN: sumOf(exposure.canary) * eligible.strictCanary * factors.rollback,
    controlN: sumOf(exposure.control) * eligible.plainControl,
    canaryBad: 0,
    controlBad: 0,
  }
}

type Grouped = { all: Counts; groups: readonly Counts[] }

/** Errors of both tests; each counts one arm strictly and the other plainly (dedupe.ts). */
function errorCounts(
  { canary, control }: GuardTick,
  { eligible, counted }: DedupeResult,
  { standing, exposure, factors }: Part,
  asked: Asked,
): { rollback: Grouped; advance: Grouped } {
  const grouped = (
    shares: { canary: number; control: number },
    bad: { canary: readonly number[]; control: readonly number[] },
    most: { canaryBad: number; controlBad: number },
  ): Grouped => {
    const all = {
      canaryN: sumOf(exposure.canary) * shares.canary,
      controlN: sumOf(exposure.control) * shares.control,
      ...most,
    }
    if (standing.regime === 'none') return { all, groups: [] }
    const canaryBad = marksByGroup(bad.canary)
    const controlBad = marksByGroup(bad.control)
    // Errors beyond the marks that a cell can hold are of no known network.
    canaryBad[0] = (canaryBad[0] ?? 0) + most.canaryBad - bad.canary.length
    controlBad[0] = (controlBad[0] ?? 0) + most.controlBad - bad.control.length
    const groups = exposure.canary.map((requests, group) => ({
      canaryN: requests * shares.canary,
      controlN: (exposure.control[group] ?? 0) * shares.control,
      canaryBad: canaryBad[group] ?? 0,
      controlBad: controlBad[group] ?? 0,
    }))
    return { all, groups }
  }
  return {
    rollback: grouped(
      { canary: eligible.strictCanary * factors.rollback, control: eligible.plainControl },
      { canary: counted.strictCanary, control: counted.plainControl },
      {
        canaryBad: counted.strictCanary.length,
        controlBad: mostErrors(control, counted.plainControl.length),
      },
    ),
    advance: withUnasked(
      grouped(
        { canary: eligible.plainCanary * factors.advance, control: eligible.strictControl },
        { canary: counted.plainCanary, control: counted.strictControl },
        {
          canaryBad: mostErrors(canary, counted.plainCanary.length),
          controlBad: counted.strictControl.length,
        },
      ),
      counted.unaskedControl,
      standing.regime === 'few' ? 0 : countedPart(asked, control.pairing),
    ),
  }
}

/** With a part of control's failures about which the canary was not asked (evidence/asked.ts). */
function withUnasked({ all, groups }: Grouped, unasked: readonly number[], part: number): Grouped {
  if (part === 0 || unasked.length === 0) return { all, groups }
  const by = marksByGroup(unasked)
  return {
    all: { ...all, controlBad: all.controlBad + part * unasked.length },
    groups: groups.map((counts, group) => ({
      ...counts,
      controlBad: counts.controlBad + part * (by[group] ?? 0),
    })),
  }
}

/** Slow requests per quantile, of all and by group. */
function slowOf(
  { all, groups }: GroupDurations,
  edges: readonly number[] | null,
  margin: number,
  factor: number,
): { all: readonly Counts[]; groups: readonly (readonly Counts[])[] } {
  const sums = countSlow(all, edges, margin, factor)
  const each = edges === null ? [] : groups.map((group) => countSlow(group, edges, margin, factor))
  return { all: sums, groups: sums.map((_, k) => each.flatMap((counts) => counts[k] ?? [])) }
}

/**
 * The errors that speak against a test's claim. When a cell was full, all errors: too many are safe here, while too
 * few of control in a shared outage would roll the canary back.
 */
function mostErrors(arm: ArmTick, counted: number): number {
  return arm.slotsCut ? Math.max(counted, arm.errors) : counted
}
