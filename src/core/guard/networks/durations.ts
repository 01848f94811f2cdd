/** Durations by group of networks. What no listed network has is no network's, so it is never left out. */

import { type Histogram, merge } from '../../counters/histogram.ts'
import { groupOf } from '../../counters/networks.ts'
import type { ArmTick } from '../../counters/ticks.ts'
import { cleanCount } from '../evidence/formula.ts'
import type { Durations } from '../evidence/latency.ts'
import type { GuardTick } from '../evidence/types.ts'
import { GROUPS, type Standing } from './groups.ts'

type Kind = 'latency' | 'timings'

/** Durations of those who take part: of all together and, where networks are known, by group. */
export type GroupDurations = { all: Durations; groups: readonly Durations[] }

export function durationsOf(
  { canary, control }: GuardTick,
  kind: Kind,
  { regime, aside }: Standing,
): GroupDurations {
  if (regime === 'none') return { all: { canary: canary[kind], control: control[kind] }, groups: [] }
  const arms = { canary: byGroup(canary, kind), control: byGroup(control, kind) }
  const groups = arms.canary.map((histogram, group) => ({
    canary: aside[group] ? {} : histogram,
    control: aside[group] ? {} : (arms.control[group] ?? {}),
  }))
  const all: Durations = { canary: {}, control: {} }
  for (const each of groups) {
    merge(all.canary, each.canary)
    merge(all.control, each.control)
  }
  return { all, groups }
}

function byGroup(arm: ArmTick, kind: Kind): Histogram[] {
  const groups: Histogram[] = Array.from({ length: GROUPS }, () => ({}))
  const listed: Histogram = {}
  for (const each of arm.networks) {
    const durations = each[kind]
    if (durations === undefined) continue
    merge(listed, durations)
    const group = groups[groupOf(each.network)]
    if (group !== undefined) merge(group, durations)
  }
  const others = groups[0] as Histogram
  for (const key in arm[kind]) {
    const bin = Number(key)
    const left = cleanCount(arm[kind][bin] ?? 0) - cleanCount(listed[bin] ?? 0)
    if (left > 0) others[bin] = (others[bin] ?? 0) + left
  }
  return groups
}
