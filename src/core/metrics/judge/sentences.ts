/** What the results say in words. */
import { countText, rateText } from '../../figures.ts'
import { type Comparison, isWorseByInterval, type MetricResult, type MetricResults } from '../results.ts'
import type { Metric } from '../spec.ts'
import type { Relative } from './compare.ts'

/** A difference as people read it: −0.123 → "12 % lower". */
export function differenceText(relative: number): string {
  if (Math.abs(relative) < 0.000_5) return 'the same'
  return `${rateText(Math.abs(relative))} ${relative < 0 ? 'lower' : 'higher'}`
}

function rangeText({ low, high }: Relative): string {
  if (low === null && high === null) return 'anything'
  if (high === null)
    return low === null || low < 0
      ? `at most ${rateText(-(low ?? -1))} lower`
      : `at least ${differenceText(low)}`
  const [from, to] = [differenceText(low ?? -1), differenceText(high)]
  const [, unit = ''] = from.split('% ')
  return `between ${unit !== '' && to.endsWith(unit) ? from.replace(` ${unit}`, '') : from} and ${to}`
}

type Said = Omit<Comparison, 'sentence'>

/** "order of on is 12 % higher than that of off (between 3 % higher and 22 % higher)." */
export function comparisonSentence(metric: Metric, said: Said): string {
  const { variant, against, relative, word, low, high } = said
  const subject = `${metric.name} of ${variant}`
  if (relative === null && word === 'worse') return `${subject} is worse: ${against} has none.`
  if (relative === null) return `Too early to compare ${variant} with ${against} by ${metric.name}.`
  const than = `${differenceText(relative)} than that of ${against}`
  const measured = differenceText(relative) === 'the same' ? `the same as that of ${against}` : than
  if (low === null && high === null)
    return `${subject} is ${measured} so far; too few visitors to say how sure that is.`
  const range = rangeText(said)
  if (word === 'worse' && !isWorseByInterval(metric.better, said))
    return `${subject} is ${measured}: worse, as the guard's test found it ${limitText(metric)} (interval: ${range}).`
  if (word === 'better' || word === 'worse') return `${subject} is ${measured}: ${word}, ${range}.`
  if (word === 'not worse')
    return `${subject} is not more than ${metric.guard?.marginPercent} % worse than that of ${against}: ${range}.`
  return `${subject} is ${openText(said)}.`
}

/** What is known of an undecided comparison: "between 3 % lower and 5 % higher compared with off: a difference of more than 5 % either way is ruled out". */
function openText(said: Said): string {
  return `${rangeText(said)} compared with ${said.against}${largest(said)}`
}

/** "No effect larger than x": what an undecided comparison shows all the same. */
function largest({ low, high }: Relative): string {
  if (low === null || high === null) return ''
  // That something is not a hundredfold tells no one anything.
  if (Math.max(-low, high) > 1) return ''
  const most = rateText(Math.max(Math.abs(low), Math.abs(high)))
  return `: a difference of more than ${most} either way is ruled out`
}

/** "more than 5 % below", of the guard's line. */
function limitText({ better, guard, marginPercent }: Pick<Metric, 'better'> & Limit): string {
  return `more than ${guard?.marginPercent ?? marginPercent ?? 0} % ${better === 'higher' ? 'below' : 'above'}`
}
type Limit = { guard?: Metric['guard']; marginPercent?: number }

/** What the guard acts by: its own test, whose level an interval doesn't have. */
export type GuardEvidence = {
  /** Rates or means of variant and control in this stage. */
  means: readonly [number | null, number | null]
  /** The probability with which the test ever says so of what is within the margin. */
  level: number
  /** Whether earlier stages spoke too. */
  isAddedUp: boolean
}

/** "order of on is more than 5 % below that of off: rate 9.6 % against 41 %; chance of that by luck below 0.015 %." */
export function findingSentence(
  metric: Metric,
  { variant, against }: Pick<Said, 'variant' | 'against'>,
  { means, level, isAddedUp }: GuardEvidence,
): string {
  const text = (mean: number | null) =>
    metric.type === 'conversion' ? rateText(mean) : String(Number((mean ?? 0).toPrecision(3)))
  const what = metric.type === 'conversion' ? 'rate' : 'mean'
  const seen = `${what} ${text(means[0])} against ${text(means[1])}${isAddedUp ? ' in this stage, added to those before' : ''}`
  const luck = `chance of that by luck below ${rateText(level)}`
  return `${metric.name} of ${variant} is ${limitText(metric)} that of ${against}: ${seen}; ${luck}.`
}

/** Visitors below which no split can be told. */
const LEAST_FOR_SPLIT = 1_000

export function splitResult(
  variants: readonly { variant: string; visitors: number }[],
  shares: readonly number[],
  { isBroken, aside }: { isBroken: boolean; aside: number },
): MetricResults['split'] {
  const total = variants.reduce((sum, { visitors }) => sum + visitors, 0)
  const parts = variants.map(({ variant, visitors }, at) => {
    const seen = total === 0 ? null : visitors / total
    return `${variant} ${rateText(seen)} (planned ${rateText(shares[at])})`
  })
  const without = aside > 0 ? `. Without ${countText(aside)} of a network or two, who are not` : ''
  const of = `${countText(total)} visitors: ${parts.join(', ')}${without}`
  if (isBroken)
    return {
      word: 'broken',
      sentence: `Visitors are not split as planned, so nothing is compared. ${of}.`,
    }
  if (total < LEAST_FOR_SPLIT)
    return { word: 'collecting', sentence: `Too few visitors to check the split. ${of}.` }
  return { word: 'ok', sentence: `Visitors are split as planned. ${of}.` }
}

/** Which is better, by how much, how sure, how long still: by the primary metric, or else the first. */
export function overallSentence(
  metrics: readonly MetricResult[],
  split: MetricResults['split'],
  control: string,
): string {
  if (split.word === 'broken') return split.sentence
  const [first] = metrics
  if (first === undefined || first.comparisons.length === 0) return 'Nothing is compared yet.'
  const sure = `${Number((100 * (1 - first.alpha)).toPrecision(4))} % sure at every look`
  const better = first.comparisons.filter(({ word }) => word === 'better')
  const worse = first.comparisons.filter(({ word }) => word === 'worse')
  const sign = first.better === 'higher' ? 1 : -1
  const best = better.toSorted((a, b) => sign * ((b.relative ?? 0) - (a.relative ?? 0)))[0]
  if (best) {
    const leads = better.length > 1 ? ` ${better.length} variants are better than ${control}; it leads.` : ''
    const waits = first.comparisons.filter(({ wait }) => wait !== undefined)
    const rest = leads + waits.map(({ variant, wait }) => ` ${variant} is undecided: ${wait}.`).join('')
    return `${best.variant} is better than ${control} by ${first.name}: ${differenceText(best.relative ?? 0)}, ${rangeText(best)} (${sure}).${rest}`
  }
  if (worse.length === first.comparisons.length)
    return `${control} is better by ${first.name}: ${worse.map((each) => worseText(first, each, sure)).join('; ')}.`
  const isOpen = first.comparisons.some(({ word }) => word === 'undecided')
  const open = first.comparisons
    .filter(({ word }) => word === (isOpen ? 'undecided' : 'not worse'))
    .toSorted((a, b) => leadOf(b, sign) - leadOf(a, sign))[0] as Comparison
  const verdict = isOpen ? 'Undecided' : `Not more than ${first.marginPercent} % worse`
  const { relative, low, high, why } = open
  const wait = why === undefined ? '' : ` ${why}`
  if (relative === null || (low === null && high === null)) return open.sentence + wait
  const seen = differenceText(relative)
  const than = seen === 'the same' ? `the same as ${control}` : `${seen} than ${control}`
  return `${verdict} by ${first.name}: ${open.variant} is ${than} so far, ${rangeText(open)} (${sure}).${wait}`
}

/** "on is 20 % lower, between 26 % lower and 13 % lower (95 % sure at every look)"; by the guard's test alone, it says so. */
function worseText(metric: MetricResult, each: Comparison, sure: string): string {
  const { variant, relative } = each
  if (relative === null) return `${variant} has some where ${each.against} has none`
  const seen = `${variant} is ${differenceText(relative)}`
  if (isWorseByInterval(metric.better, each)) return `${seen}, ${rangeText(each)} (${sure})`
  return `${seen}; the guard's test found it ${limitText(metric)}`
}

/** How far an undecided variant leads: one that is too early to compare comes last. */
function leadOf({ relative }: Comparison, sign: number): number {
  return relative === null ? Number.NEGATIVE_INFINITY : sign * relative
}
