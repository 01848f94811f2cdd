/**
 * The split, tested on distinct visitors: page views prove nothing, as one visitor makes hundreds of them.
 *
 * Each arm has a bottom-k sketch of its visitors: those with the smallest of evenly spread hashes. A full sketch whose
 * largest hash is at u (0–1) holds the part u of the arm's visitors, one that isn't full holds all. So the numbers in
 * two sketches, with the split's shares times u as exposure, are counts for the usual formula. Each look is one
 * e-value; a sketch hardly changes from look to look, and the level is 10⁻⁶.
 *
 * Ids are free and their hashes can be computed, so visitors of the two networks with most visitors in an arm are left
 * out of both. Source: Bar-Yossef et al., "Counting distinct elements in a data stream" (2002).
 */

import { NO_NETWORK } from '../../counters/networks.ts'
import { MOST_VISITORS, mergeVisitors, type VisitorMark } from '../../counters/visitors.ts'
import { type Counts, logFactor } from '../evidence/formula.ts'
import type { GuardTick } from '../evidence/types.ts'
import { SHARE_BETS } from './share.ts'

/** Distinct visitors in the sketches by whom the split is tested. */
export type SplitFigures = {
  canary: number
  control: number
  /** The canary's share of all visitors, 0–1, as they let expect it. */
  share: number
}

type Sketch = readonly VisitorMark[]
type Sketches = { canary: Sketch; control: Sketch }

/** Of the stage. */
export type VisitorState = Sketches & {
  /** Two-sided p-value of "the split is as configured"; null while no visitor is known. */
  split: { pValue: number; figures: SplitFigures } | null
}

export const NO_VISITORS: VisitorState = { canary: [], control: [], split: null }

/**
 * The state after a tick; the same one when it tells nothing new.
 *
 * @param tolerance ratio that still counts as configured
 */
export function noteVisitors(state: VisitorState, tick: GuardTick, tolerance: number): VisitorState {
  const { canary, control, percentage } = tick
  if (canary.visitors.length + control.visitors.length === 0) return state
  const sketches = {
    canary: merged(state.canary, canary.visitors),
    control: merged(state.control, control.visitors),
  }
  return { ...sketches, split: testSplit(sketches, percentage, tolerance) }
}

function merged(state: Sketch, news: Sketch): Sketch {
  const sketch = [...state]
  mergeVisitors(
    sketch,
    news.filter(([hash]) => Number.isInteger(hash) && hash >= 0 && hash < 2 ** 32),
  )
  return sketch
}

function testSplit(sketches: Sketches, percentage: number, tolerance: number): VisitorState['split'] {
  const tooMuch = judged(sketches, 'canary', percentage, tolerance)
  const tooLittle = judged(sketches, 'control', percentage, tolerance)
  const worse = tooMuch.wealth >= tooLittle.wealth ? tooMuch : tooLittle
  return { pValue: Math.min(1, 2 / worse.wealth), figures: worse.figures }
}

/** Evidence that an arm has more visitors than its share, without the two networks that have most of them. */
function judged(
  sketches: Sketches,
  arm: 'canary' | 'control',
  percentage: number,
  tolerance: number,
): { wealth: number; figures: SplitFigures } {
  const left = mostFrequent(sketches[arm])
  const numberOf = (marks: Sketch) => marks.filter(([, net]) => !left.includes(net)).length
  const figures = { canary: numberOf(sketches.canary), control: numberOf(sketches.control) }
  const canaryN = (percentage / 100) * partOf(sketches.canary)
  const controlN = (1 - percentage / 100) * partOf(sketches.control)
  const counts: Counts = { canaryN, controlN, canaryBad: figures.canary, controlBad: figures.control }
  const turned = {
    canaryN: controlN,
    controlN: canaryN,
    canaryBad: figures.control,
    controlBad: figures.canary,
  }
  let wealth = 0
  for (const { lambda, weight } of SHARE_BETS) {
    const log = logFactor(arm === 'canary' ? counts : turned, lambda, { rho: tolerance, delta: 0 })
    wealth += weight * Math.exp(Math.min(200, log))
  }
  const canary = figures.canary / partOf(sketches.canary)
  const control = figures.control / partOf(sketches.control)
  return { wealth, figures: { ...figures, share: canary / Math.max(1e-9, canary + control) } }
}

/** The part of an arm's visitors that a sketch holds. */
function partOf(sketch: Sketch): number {
  if (sketch.length < MOST_VISITORS) return 1
  return sketch.reduce((largest, [hash]) => Math.max(largest, hash), 0) / 2 ** 32 || 1
}

function mostFrequent(sketch: Sketch): readonly number[] {
  const numbers = new Map<number, number>()
  for (const [, network] of sketch)
    if (network !== NO_NETWORK) numbers.set(network, (numbers.get(network) ?? 0) + 1)
  return [...numbers]
    .sort((a, b) => b[1] - a[1])
    .slice(0, 2)
    .map(([network]) => network)
}
