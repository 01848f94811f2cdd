/** The figures of the test that spoke: what was counted since its evidence rose, beside the whole attempt. */

import { countText, rateText } from '../../figures.ts'
import type { Counts } from '../evidence/formula.ts'
import { NOTHING_JUDGED, SHOWN_QUANTILES } from '../evidence/judged.ts'
import type { GuardState } from '../tests/guard-state.ts'
import { initialRises, type Measure, type Rise } from '../tests/rises.ts'
import { attemptTotals, type Totals } from '../tests/totals.ts'

const DAY_MS = 86_400_000

/** "16:51 UTC"; with its date where that was over a day before. */
export function clockText(atMs: number, nowMs: number): string {
  const iso = new Date(atMs).toISOString()
  return `${nowMs - atMs < DAY_MS ? '' : `${iso.slice(0, 10)} `}${iso.slice(11, 16)} UTC`
}

/** So many of so many. */
export type Part = { bad: number; all: number }
export type Parts = { canary: Part; control: Part }

/** A part as a share: 0 of nothing is 0. */
export function shareOf({ bad, all }: Part): number {
  return all > 0 ? Math.min(1, bad / all) : 0
}

/** "(12 of 39)"; exposures are scaled, so not whole. */
export function ofText({ bad, all }: Part): string {
  const [most, some] = [Math.round(all), Math.round(Math.min(bad, all))]
  return `(${countText(some)} of ${countText(most)})`
}

export const partText = (part: Part): string => `${rateText(shareOf(part))} ${ofText(part)}`

/** What a measure counts in the sums of an attempt. */
type Count = (totals: Totals) => Parts

export const FAILED: Count = (totals) => ({
  canary: { bad: totals.canaryErrors, all: totals.canaryRequests },
  control: { bad: totals.controlErrors, all: totals.controlRequests },
})

export const TURNED_AWAY: Count = (totals) => ({
  canary: { bad: totals.canaryClientErrors, all: totals.canaryRequests },
  control: { bad: totals.controlClientErrors, all: totals.controlRequests },
})

export const UNSERVED: Count = (totals) => {
  const [failed, away] = [FAILED(totals), TURNED_AWAY(totals)]
  const both = (arm: keyof Parts) => ({ bad: failed[arm].bad + away[arm].bad, all: failed[arm].all })
  return { canary: both('canary'), control: both('control') }
}

/** Journeys of both arms; the canary's are its "bad" ones. */
export const JOURNEYS: Count = (totals) => {
  const part = { bad: totals.canaryJourneys, all: totals.journeys }
  return { canary: part, control: part }
}

export type Since = {
  /** "since 16:51 UTC". */
  from: string
  /** Counted since then. */
  recent: Parts
  /** Of the attempt; null where it is the same. */
  whole: Parts | null
}

export function sinceRise(state: GuardState, measure: Measure, count: Count): Since {
  const rise = riseOf(state, measure)
  const since = sinceOf(state, rise, count(state.totals), count(rise.totals))
  return { ...since, whole: since.whole && count(attemptTotals(state)) }
}

function riseOf(state: GuardState, measure: Measure): Rise {
  return (state.rises ?? initialRises(state.startedAtMs))[measure]
}

function sinceOf(state: GuardState, { atMs }: Rise, now: Parts, before: Parts): Since {
  const difference = (arm: keyof Parts): Part => ({
    bad: now[arm].bad - before[arm].bad,
    all: now[arm].all - before[arm].all,
  })
  const recent = { canary: difference('canary'), control: difference('control') }
  const isAll = before.canary.all + before.control.all === 0
  return { from: `since ${clockText(atMs, state.lastAtMs)}`, recent, whole: isAll ? null : now }
}

/** Slow requests at the quantile where the canary differs most. */
export function slowSince(state: GuardState): Since & { quantile: number } {
  const rise = riseOf(state, 'latency')
  const { slow } = state.judged ?? NOTHING_JUDGED
  const all = SHOWN_QUANTILES.map((quantile, k) => {
    const since = sinceOf(state, rise, partsOf(slow[k]), partsOf(rise.slow[k]))
    return { ...since, quantile }
  })
  const excess = ({ recent: { canary, control } }: Since) =>
    shareOf(canary) / Math.max(1e-4, shareOf(control))
  return all.toSorted((a, b) => excess(b) - excess(a))[0] as Since & { quantile: number }
}

function partsOf(counts: Counts | undefined): Parts {
  const { canaryN = 0, controlN = 0, canaryBad = 0, controlBad = 0 } = counts ?? {}
  return { canary: { bad: canaryBad, all: canaryN }, control: { bad: controlBad, all: controlN } }
}

/** "since 16:51 UTC: 31 % (12 of 39), control 0.2 % (1 of 402); whole attempt 0.6 %, control 0.1 %" */
export function sinceText({ from, recent, whole }: Since): string {
  return `${from}: ${partText(recent.canary)}, control ${partText(recent.control)}${wholeText(whole)}`
}

export function wholeText(whole: Parts | null): string {
  if (whole === null) return ''
  return `; whole attempt ${rateText(shareOf(whole.canary))}, control ${rateText(shareOf(whole.control))}`
}
