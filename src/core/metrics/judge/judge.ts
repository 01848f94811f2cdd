/**
 * The judge of a flag's metrics: from sums over visitors to intervals, words, and what the guard must do. It may be asked at any
 * time and as often as anyone likes: everything it says holds at every look (labels.ts, means.ts, split.ts say why).
 *
 * Each stage is judged alone: while a percentage rises, time and variant go together, and visitors of control become the
 * canary's. The guard's evidence of a flag's stages is added up with weights (alpha.ts), each bounded in expectation by 1 alone.
 */
import type { Judged, JudgeSpec, JudgeState, MetricFinding } from '../judge-types.ts'
import type { Comparison, MetricResult } from '../results.ts'
import type { Metric } from '../spec.ts'
import type { Summaries } from '../summary.ts'
import { METRICS_SHARE, metricAlphas, periodWeight } from './alpha.ts'
import { type Arm, armInterval, etaMs, lnGuardEvidence, relativeOf, wordOf } from './compare.ts'
import { meanOf } from './means.ts'
import { comparisonSentence, findingSentence, overallSentence, splitResult } from './sentences.ts'
import { noted } from './series.ts'
import { lnSplitEvidence } from './split.ts'

/** A split that is as planned is called broken with this probability, ever. */
const SPLIT_ALPHA = 0.000_1
/** The level at which the guard's evidence of means is sharpest. */
const SHARPEST_ALPHA = 0.000_15
/** Beyond any limit, and finite. */
const MOST_LN = 200

/**
 * Judges once.
 *
 * @param state what the last look gave; undefined, or of another generation: a new beginning
 * @param summaries of the ledger, whose variants and metrics are those of `spec.measures`
 */
export function judge(
  state: JudgeState | undefined,
  summaries: Summaries,
  spec: JudgeSpec,
  nowMs: number,
): Judged {
  const before = atPeriod(state, summaries, spec)
  const look = lookAt(summaries, spec, nowMs)
  const { measures } = spec
  const guardAlpha = METRICS_SHARE * spec.guardAlpha
  const alphas = metricAlphas(measures.metrics)
  const next = { now: { ...before.now }, crossed: [...before.crossed], series: { ...before.series } }
  const findings: MetricFinding[] = []
  const metrics = measures.metrics.map((metric, at): MetricResult => {
    const alpha = alphas[at] ?? 0
    const compared = look.compare(metric, at, alpha)
    for (const { key, lnEvidence } of compared) next.now[key] = lnEvidence
    const comparisons = compared.map(({ key, comparison, lnEvidence }): Comparison => {
      const pValue = 1 / (look.lineWeight * evidenceOf(before, key, lnEvidence, measures.stages))
      if (metric.guard && pValue <= guardAlpha && !look.isBroken && !next.crossed.includes(key))
        next.crossed.push(key)
      const isBeyond = next.crossed.includes(key) && !look.isBroken
      if (isBeyond) findings.push(findingOf(metric, comparison, { pValue: Math.min(1, pValue), look, at }))
      return look.worded(metric, comparison, isBeyond)
    })
    const series = noted(next.series[metric.name], comparisons, nowMs)
    next.series[metric.name] = series
    const cap = metric.cap ?? summaries.caps[at]
    return {
      ...{ name: metric.name, type: metric.type, better: metric.better, role: metric.role, alpha },
      ...(metric.guard && { marginPercent: metric.guard.marginPercent, action: metric.guard.action }),
      ...(typeof cap === 'number' && { cap }),
      variants: look.means(metric, at, alpha),
      comparisons,
      series: [...series.points],
    }
  })
  const { generation, sinceMs, kept } = summaries
  const { flag, unproven, refused = {} } = spec
  return {
    state: { ...before, ...next },
    findings,
    results: {
      ...{ flag, generation, sinceMs, atMs: nowMs, control: measures.control },
      variants: look.visitors,
      split: look.split,
      kept: { ...kept, unproven, refused: { ...kept.refused, ...refused } },
      metrics,
      sentence: overallSentence(metrics, look.split, measures.control),
    },
  }
}

/** The state at the beginning of a look: a new period takes over what the guard's evidence had come to. */
function atPeriod(
  state: JudgeState | undefined,
  { generation, stage }: Summaries,
  { shares, measures }: JudgeSpec,
): JudgeState {
  const period = `${stage} ${shares.map((share) => share.toFixed(6)).join(' ')}`
  const nothing = { before: {}, now: {}, crossed: [], series: {} }
  if (state?.generation !== generation) return { generation, period, periods: 0, ...nothing }
  if (state.period === period) return state
  const weight = periodWeight(state.periods, measures.stages)
  const before: Record<string, number> = { ...state.before }
  for (const [key, ln] of Object.entries(state.now))
    before[key] = (before[key] ?? 0) + weight * Math.exp(Math.min(MOST_LN, ln))
  return { ...state, period, periods: state.periods + 1, before, now: {}, series: {} }
}

/** The guard's evidence of all periods. */
function evidenceOf(state: JudgeState, key: string, lnNow: number, stages: number): number {
  const now = periodWeight(state.periods, stages) * Math.exp(Math.min(MOST_LN, lnNow))
  return (state.before[key] ?? 0) + now
}

type Compared = Omit<Comparison, 'word' | 'sentence'>

function lookAt(summaries: Summaries, spec: JudgeSpec, nowMs: number) {
  const { measures, shares } = spec
  const visitors = measures.variants.map((variant) => ({
    variant,
    visitors: armOf(summaries, variant).visitors,
  }))
  const counts = visitors.map((each) => each.visitors)
  const isBroken = lnSplitEvidence(counts, shares) >= Math.log(1 / SPLIT_ALPHA)
  const others = measures.variants.filter((variant) => variant !== measures.control)
  const lines = measures.metrics.filter(({ guard }) => guard !== undefined).length
  const arm = (variant: string, at: number): Arm => ({
    ...(armOf(summaries, variant).metrics[at] ?? { nonzero: 0, sum: 0, sumOfSquares: 0 }),
    visitors: armOf(summaries, variant).visitors,
    share: shares[measures.variants.indexOf(variant)] ?? 0,
  })
  const elapsedMs = summaries.sinceMs === 0 ? 0 : nowMs - summaries.sinceMs
  return {
    ...{ visitors, isBroken },
    split: splitResult(visitors, shares, isBroken),
    /** The part of the guard's α that one comparison has. */
    lineWeight: 1 / Math.max(1, lines * others.length),
    controlVisitors: armOf(summaries, measures.control).visitors,
    visitorsOf: (variant: string) => armOf(summaries, variant).visitors,
    means: (metric: Metric, at: number, alpha: number) =>
      measures.variants.map((variant) => {
        const own = arm(variant, at)
        const interval = armInterval(metric, own, alpha / measures.variants.length)
        return {
          ...{ variant, visitors: own.visitors, converted: own.nonzero, total: own.sum },
          mean: own.visitors === 0 ? null : meanOf(own),
          low: interval?.low ?? null,
          high: interval?.high ?? null,
        }
      }),
    compare: (metric: Metric, at: number, alpha: number) =>
      others.map((variant) => {
        const arms = [arm(variant, at), arm(measures.control, at)] as const
        const isCapped = metric.type !== 'sum' || typeof (metric.cap ?? summaries.caps[at]) === 'number'
        const found = relativeOf(metric, arms, { alpha: alpha / others.length, isCapped })
        return {
          key: `${metric.name} ${variant}`,
          lnEvidence: lnGuardEvidence(metric, arms, { alpha: SHARPEST_ALPHA, isCapped }),
          comparison: { variant, against: measures.control, ...found } satisfies Compared,
        }
      }),
    worded: (metric: Metric, comparison: Compared, isBeyond: boolean): Comparison => {
      const word = isBroken ? 'undecided' : wordOf(metric, comparison, isBeyond)
      const eta = word === 'undecided' && !isBroken ? etaMs(metric, comparison, elapsedMs) : undefined
      const said = { ...comparison, word, ...(eta !== undefined && { etaMs: eta }) }
      return { ...said, sentence: comparisonSentence(metric, said) }
    },
  }
}

function armOf({ variants }: Summaries, variant: string) {
  return variants.find((each) => each.variant === variant) ?? { visitors: 0, metrics: [] }
}

function findingOf(
  metric: Metric,
  comparison: Compared,
  { pValue, look }: { pValue: number; look: ReturnType<typeof lookAt>; at: number },
): MetricFinding {
  const { variant, relative, low, high } = comparison
  return {
    ...{ metric: metric.name, variant, verdict: 'worse' },
    action: metric.guard?.action ?? 'signal',
    sentence: findingSentence(metric, { ...comparison, word: 'worse' }),
    evidence: {
      ...{ pValue, relative, low, high },
      marginPercent: metric.guard?.marginPercent ?? 0,
      visitors: look.visitorsOf(variant),
      controlVisitors: look.controlVisitors,
    },
  }
}
