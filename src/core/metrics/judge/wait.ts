/**
 * How long still, until an undecided comparison is decided: by the probability that it is, once f times as many visitors are in.
 *
 * A difference d (the ln of a ratio) was seen with standard error s, and differences are like N(0, τ²). What f times the visitors will show is normal, with
 *
 *     mean d·(1 + (f − 1)·h) / f,  variance s²·((f − 1)²·h + f − 1) / f²,  h = τ² / (τ² + s²)
 *
 * and the interval reaches k(f)·s/√f to either side then. It is decided where that leaves out "no difference", or lies within the
 * margin. This is the predictive power of Spiegelhalter, Freedman & Blackburn, "Monitoring clinical trials: conditional or
 * predictive power?" (1986), of the sequences of labels.ts and means.ts.
 *
 * Without a margin it takes until a difference of 5 % would show, at the latest: until the interval reaches no further than that, which
 * no difference seen so far moves.
 */
import { type Arrivals, timeUntil } from '../arrivals.ts'
import type { Metric } from '../spec.ts'
import type { Arm } from './compare.ts'
import { labelsReach } from './labels.ts'
import { factorToEnough, meansReach } from './means.ts'
import { normalBelow } from './special.ts'

/** A difference that is looked for where no margin is set. */
export const LOOKED_FOR_PERCENT = 5
/** Of a variant with nothing, for its logarithm. */
const LEAST_RATIO = 0.01
/** What differences are like: two of three are smaller. */
const USUAL = 0.2
/** So few visitors with a value tell nothing of how values differ. */
const LEAST_VALUES = 20
const LEAST_MS = 60_000
const MOST_FACTOR = 1e6
const STEP = 1.02
/**
 * Probabilities of being decided at one look, which are smaller than of being decided by then: with these, about half of experiments
 * take longer than `ms`, and two of three end between `fromMs` and `toMs` (bench:metrics).
 */
const [LIKELY_FROM, LIKELY, LIKELY_TO] = [0.12, 0.4, 0.75]

/** Infinity stands for more than a year. */
export type Wait = {
  ms: number
  fromMs: number
  toMs: number
  /** The interval reaches no further than the margin: without any difference it would most likely be decided by now. */
  isDue: boolean
}

type Arms = readonly [variant: Arm, control: Arm]
/** `visitors`: of all variants, who have led to what is seen. */
type Asked = { relative: number; alpha: number; arrivals: Arrivals; visitors: number }

/** @returns undefined where nothing is known of it yet */
export function waitOf(metric: Metric, arms: Arms, asked: Asked): Wait | undefined {
  const [variant, control] = arms
  const { relative, alpha, arrivals, visitors } = asked
  const isConversion = metric.type === 'conversion'
  const isFew = !isConversion && Math.min(variant.nonzero, control.nonzero) < LEAST_VALUES
  if (isFew || arrivals.counts.length * arrivals.slotMs < LEAST_MS) return undefined
  const { error, reach } = isConversion
    ? labelsReach(variant.nonzero + control.nonzero, variant.share / (variant.share + control.share))
    : meansReach(variant, control)
  const sign = metric.better === 'higher' ? 1 : -1
  const better = sign * Math.log(Math.max(LEAST_RATIO, 1 + relative))
  const margin = -sign * Math.log1p((-sign * (metric.guard?.marginPercent ?? LOOKED_FOR_PERCENT)) / 100)
  const widthAt = (factor: number) => reach(factor, alpha) / Math.sqrt(factor)
  const isDue = widthAt(1) <= margin

  /** The probability that it is decided by so many times the visitors. */
  function decidedAt(factor: number): number {
    const width = widthAt(factor)
    const lowest = metric.guard ? width - margin : width
    if (lowest <= -width || (!metric.guard && !isDue && width <= margin)) return 1
    const rest = factor - 1
    const known = USUAL ** 2 / (error ** 2 + USUAL ** 2)
    const mean = (better * (1 + rest * known)) / factor
    const deviation = (error * Math.sqrt(rest * rest * known + rest)) / factor || 1e-9
    return normalBelow((mean - lowest) / deviation) + normalBelow((-width - mean) / deviation)
  }
  function timeTo(probability: number): number {
    // It is not decided now.
    let factor = Math.max(STEP, isConversion ? 1 : factorToEnough(variant, control))
    while (decidedAt(factor) < probability) {
      if (factor > MOST_FACTOR) return Infinity
      factor *= STEP
    }
    return timeUntil((factor - 1) * visitors, arrivals)
  }
  return { ms: timeTo(LIKELY), fromMs: timeTo(LIKELY_FROM), toMs: timeTo(LIKELY_TO), isDue }
}
