/**
 * How much of a difference in latency is the visitors' own.
 *
 * Latency counts requests, but it is visitors who are drawn into the arms: a canary of fifty people, five of whom make half
 * of the requests from far away, is slower than control whatever it runs. The formula's null is about rates of requests,
 * so it would be rejected, rightly and uselessly. Two things are known before a stage begins:
 *
 * - The visitors who come next have been seen as control (counters/slices.ts). The ratio R of their slow requests to the
 *   others' is what the canary will show although nothing is wrong. Its standard error is that of a ratio over groups of
 *   visitors, by linearisation (Cochran, "Sampling Techniques", 6.5 and 9A): a group's requests may depend on each other.
 * - In a first stage no one has been seen before. R is 1 by the draw, but only on average: its variance is that between
 *   groups of visitors beyond chance, scaled to the canary's share (a mean over p % of the visitors varies as 1/p). The
 *   coming and the rest of one group tell it best, as the differences between networks cancel. Where they are few, all of
 *   control tells it, networks included; where control is few itself, an earlier stage.
 *
 * The null becomes `r_c ≤ ρ·U·r_b + δ`, with U the upper end of R (2.33 standard errors, 99 %), at least 1. For advance it is
 * the lower end, at most 1. U depends on the past alone, so `E[f] ≤ 1` holds for the wider null; what is lost is power. Beyond
 * 1.5 a quantile is not compared at all: the population is too uneven.
 *
 * From three networks on, R leaves out the two groups that move it furthest, or two networks could widen the null at will.
 */

import { SLICES, type Slices } from '../../counters/visitors.ts'
import { cleanCount } from '../evidence/formula.ts'
import { LATENCY_QUANTILES } from '../evidence/latency.ts'
import type { Regime } from '../networks/groups.ts'

/** Requests of a slice, and those above control's edge per quantile. */
type Tally = { n: number; bad: readonly number[] }

/** ln R per quantile, and its variance. */
type Ratio = { log: readonly number[]; variance: readonly number[] }

/** What the null's ρ is multiplied by, per quantile. */
export type Widening = {
  /** 1 to 1.5. */
  rollback: readonly number[]
  /** 1/1.5 to 1. */
  advance: readonly number[]
  /** Whether visitors differ too much for a comparison. */
  tooUneven: readonly boolean[]
}

export type PopulationState = {
  /** Of the stage, by slice. */
  tallies: Readonly<Record<number, Tally>>
  /** The present canary's R, where its visitors have been seen as control; null: they have not. */
  known: Ratio | null
  /** Variance of ln R between visitors, times their share; per quantile; null: unknown. */
  unevenness: readonly (number | null)[]
  /** The percentage up to which the coming of this stage go. */
  comingTo: number | null
  /** As of the moment when the open batch was begun. */
  widening: Widening
}

const MOST_WIDENING = 1.5
/** 99 %, one-sided. */
const ERRORS = 2.33
/** With fewer slow requests a ratio says nothing. */
const LEAST_SLOW = 30
/**
 * Some eighty visitors, spread by their hash, are seen in so many of the groups. Fewer may happen to have none among them who is
 * much slower than the others, and would make all visitors look alike.
 */
const LEAST_GROUPS = SLICES - 2
/** What a variance that is estimated from 30 groups may truly be: 29 degrees of freedom over their lower 5 % point. */
const UNSURE = 1.64

const each = <T>(value: T): T[] => LATENCY_QUANTILES.map(() => value)

export const NO_WIDENING: Widening = { rollback: each(1), advance: each(1), tooUneven: each(false) }

export function initialPopulation(): PopulationState {
  return { tallies: {}, known: null, unevenness: each(null), comingTo: null, widening: NO_WIDENING }
}

type Look = {
  edges: readonly number[] | null
  isBatchOpen: boolean
  percentage: number
  comingTo: number | undefined
}

/** State after a tick; `isBatchOpen` keeps the widening that the open batch began with. */
export function noteSlices(
  state: PopulationState,
  slices: Slices,
  { edges, isBatchOpen, percentage, comingTo }: Look,
): PopulationState {
  const unevenness = isBatchOpen ? state.unevenness : unevennessOf(state, percentage)
  const next = { ...state, unevenness, comingTo: comingTo ?? state.comingTo }
  if (!isBatchOpen) next.widening = wideningOf(next, percentage)
  if (edges === null) return next
  let tallies: Record<number, Tally> | undefined
  for (const key in slices) {
    const slice = Number(key)
    if (!(slice >= 1 && slice <= 2 * SLICES)) continue
    tallies ??= { ...state.tallies }
    tallies[slice] = tallied(tallies[slice], slices[slice] ?? {}, edges)
  }
  return tallies === undefined ? next : { ...next, tallies }
}

function tallied(
  before: Tally | undefined,
  histogram: Readonly<Record<number, number>>,
  edges: readonly number[],
): Tally {
  let n = before?.n ?? 0
  const bad = [...(before?.bad ?? each(0))]
  for (const key in histogram) {
    const bin = Number(key)
    const count = cleanCount(histogram[bin] ?? 0)
    n += count
    edges.forEach((edge, k) => {
      if (bin > edge) bad[k] = (bad[k] ?? 0) + count
    })
  }
  return { n, bad }
}

/** From one percentage to another; `canaryRequests` are those of the stage that ends. */
type StageChange = { before: number; percentage: number; canaryRequests: number; regime: Regime }

/** State at the start of a stage. */
export function enterStageOfPopulation(state: PopulationState, change: StageChange): PopulationState {
  const { before, percentage } = change
  const unevenness = unevennessOf(state, before)
  const fresh = { ...initialPopulation(), unevenness }
  const known = percentage > before && state.comingTo === percentage ? knownOf(state, change) : null
  const entered = { ...fresh, known }
  return { ...entered, widening: wideningOf(entered, percentage) }
}

/** R of the next canary: those who have been in it so far, and those who come. */
function knownOf(state: PopulationState, { before, canaryRequests, regime }: StageChange): Ratio | null {
  const { coming } = sumsOf(state.tallies)
  const old = canaryRequests / Math.max(1, canaryRequests + coming.n)
  const unevenness = unevennessOf(state, before)
  const log: number[] = []
  const variance: number[] = []
  for (let k = 0; k < LATENCY_QUANTILES.length; k++) {
    const fresh = ratioOf(state.tallies, k, regime === 'many')
    if (fresh === null) return null
    const priorVariance = before > 0 ? (unevenness[k] ?? 0) / (before / 100) : 0
    log.push(old * (state.known?.log[k] ?? 0) + (1 - old) * fresh.log)
    variance.push(old ** 2 * (state.known?.variance[k] ?? priorVariance) + (1 - old) ** 2 * fresh.variance)
  }
  return { log, variance }
}

type Sums = { coming: Tally; rest: Tally }

function sumsOf(tallies: PopulationState['tallies'], without: ReadonlySet<number> = NO_GROUPS): Sums {
  const sum = (first: number): Tally => {
    let n = 0
    const bad = each(0)
    for (let group = 1; group <= SLICES; group++) {
      const tally = without.has(group) ? undefined : tallies[first + group]
      if (tally === undefined) continue
      n += tally.n
      tally.bad.forEach((count, k) => {
        bad[k] = (bad[k] ?? 0) + count
      })
    }
    return { n, bad }
  }
  return { coming: sum(SLICES), rest: sum(0) }
}
const NO_GROUPS: ReadonlySet<number> = new Set()

/** `comingGroups`: in how many groups the coming are. */
type Estimate = { log: number; variance: number; chance: number; share: number; comingGroups: number }

/** ln of the coming's slow rate over the rest's, with its variance over groups; null with too few. */
function ratioOf(tallies: PopulationState['tallies'], k: number, withoutTwo: boolean): Estimate | null {
  const all = estimateOf(tallies, k, NO_GROUPS)
  if (all === null || !withoutTwo) return all
  const [first, second] = all.influences.toSorted((a, b) => Math.abs(b.by) - Math.abs(a.by))
  const left = new Set([first?.group ?? 0, second?.group ?? 0])
  return estimateOf(tallies, k, left)
}

function estimateOf(
  tallies: PopulationState['tallies'],
  k: number,
  without: ReadonlySet<number>,
): (Estimate & { influences: { group: number; by: number }[] }) | null {
  const { coming, rest } = sumsOf(tallies, without)
  const [slowComing, slowRest] = [coming.bad[k] ?? 0, rest.bad[k] ?? 0]
  if (slowComing < LEAST_SLOW || slowRest < LEAST_SLOW) return null
  const influences: { group: number; by: number }[] = []
  let squares = 0
  let comingGroups = 0
  for (let group = 1; group <= SLICES; group++) {
    if (without.has(group)) continue
    const [own, others] = [tallies[SLICES + group], tallies[group]]
    if (own === undefined && others === undefined) continue
    if (own !== undefined) comingGroups++
    const by =
      (own?.bad[k] ?? 0) / slowComing -
      (own?.n ?? 0) / coming.n -
      ((others?.bad[k] ?? 0) / slowRest - (others?.n ?? 0) / rest.n)
    influences.push({ group, by })
    squares += by * by
  }
  const groups = influences.length
  if (groups < 3) return null
  return {
    log: Math.log(slowComing / coming.n / (slowRest / rest.n)),
    variance: (squares * groups) / (groups - 1),
    chance: (1 - slowComing / coming.n) / slowComing + (1 - slowRest / rest.n) / slowRest,
    share: coming.n / (coming.n + rest.n),
    comingGroups,
    influences,
  }
}

/** What the stage has shown of how visitors differ; what earlier ones have, while it has shown too little. */
function unevennessOf(
  { tallies, unevenness }: PopulationState,
  percentage: number,
): PopulationState['unevenness'] {
  return unevenness.map((before, k) => {
    const visitors = 1 - percentage / 100
    const seen = estimateOf(tallies, k, NO_GROUPS)
    if (seen !== null && seen.comingGroups >= LEAST_GROUPS) {
      const beyond = Math.max(0, UNSURE * seen.variance - seen.chance)
      return beyond * seen.share * (1 - seen.share) * visitors
    }
    const beyond = varianceOfAll(tallies, k)
    return beyond === null ? before : beyond * visitors
  })
}

/** Variance beyond chance of ln of control's slow rate, over groups; null with too few visitors. */
function varianceOfAll(tallies: PopulationState['tallies'], k: number): number | null {
  const { coming, rest } = sumsOf(tallies)
  const n = coming.n + rest.n
  const slow = (coming.bad[k] ?? 0) + (rest.bad[k] ?? 0)
  if (slow < 2 * LEAST_SLOW) return null
  let groups = 0
  let squares = 0
  for (let group = 1; group <= SLICES; group++) {
    const [own, others] = [tallies[SLICES + group], tallies[group]]
    const requests = (own?.n ?? 0) + (others?.n ?? 0)
    if (requests === 0) continue
    groups++
    squares += (((own?.bad[k] ?? 0) + (others?.bad[k] ?? 0)) / slow - requests / n) ** 2
  }
  return groups < LEAST_GROUPS
    ? null
    : Math.max(0, (UNSURE * squares * groups) / (groups - 1) - (1 - slow / n) / slow)
}

function wideningOf({ known, unevenness, tallies }: PopulationState, percentage: number): Widening {
  const share = percentage / 100
  if (!(share > 0 && share < 1)) return NO_WIDENING
  const isTold = known !== null || !isEmpty(tallies) || unevenness.some((value) => value !== null)
  if (!isTold) return NO_WIDENING
  // A quantile that has shown too little is taken for as uneven as the most uneven one; with none, it is not compared.
  const most = Math.max(-1, ...unevenness.map((value) => value ?? -1))
  const assumed = most < 0 ? Number.POSITIVE_INFINITY : most
  const widening = { rollback: each(1), advance: each(1), tooUneven: each(false) }
  for (let k = 0; k < LATENCY_QUANTILES.length; k++) {
    const log = known?.log[k] ?? 0
    const slack = ERRORS * Math.sqrt(known?.variance[k] ?? (unevenness[k] ?? assumed) / (share * (1 - share)))
    const [up, down] = [Math.exp(log + slack), Math.exp(log - slack)]
    widening.rollback[k] = Math.min(MOST_WIDENING, Math.max(1, up))
    widening.advance[k] = Math.max(1 / MOST_WIDENING, Math.min(1, down))
    widening.tooUneven[k] = up > MOST_WIDENING
  }
  return widening
}

function isEmpty(tallies: PopulationState['tallies']): boolean {
  for (const _ in tallies) return false
  return true
}
