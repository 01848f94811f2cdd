/**
 * The judge of a flag's metrics: from sums over visitors to intervals, words, and what the guard must do. It may be asked at any
 * time and as often as anyone likes: everything it says holds at every look (labels.ts, means.ts, split.ts say why).
 *
 * Each stage is judged alone: while a percentage rises, time and variant go together, and visitors of control become the
 * canary's. The guard's evidence of a flag's stages is added up with weights (alpha.ts), each bounded in expectation by 1 alone.
 *
 * A metric that is defined anew, or comes later, is another one: it counts visitors who were exposed since, and
 * its evidence begins anew, with all of its line's part of α.
 */
import type { Judged, JudgeSpec, JudgeState, MetricFinding, Series } from '../judge-types.ts'
import type { Comparison, MetricResult, VariantResult } from '../results.ts'
import type { Metric } from '../spec.ts'
import type { Summaries } from '../summary.ts'
import { METRICS_SHARE, metricAlphas, periodWeight } from './alpha.ts'
import { type Compared, Look } from './look.ts'
import { findingSentence, overallSentence } from './sentences.ts'
import { noted } from './series.ts'

/** Beyond any limit, and finite. */
const MOST_LN = 200

/** The state that a look leaves behind, in the making. */
type Draft = { now: Record<string, number>; crossed: string[]; series: Record<string, Series> }

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
  const look = new Look(summaries, spec)
  const before = begunAnew(atPeriod(state, summaries, spec), look, spec)
  const draft = { now: { ...before.now }, crossed: [...before.crossed], series: { ...before.series } }
  const findings: MetricFinding[] = []
  const { flag, measures, unproven, refused = {} } = spec
  const alphas = metricAlphas(measures.metrics)
  const metrics = measures.metrics.map((metric, at): MetricResult => {
    const alpha = alphas[at] ?? 0
    const variants = look.means(metric, at, alpha)
    const comparisons = look.others.map((variant): Comparison => {
      const { compared, ln } = look.compare(metric, at, variant, alpha)
      const pValue = note(draft, `${metric.name} ${variant}`, { metric, ln, before, spec, look })
      if (pValue !== undefined) {
        const isAddedUp = (before.before[`${metric.name} ${variant}`] ?? 0) > 0
        const level = METRICS_SHARE * spec.guardAlpha
        findings.push(findingOf(metric, compared, { pValue, level, isAddedUp, variants }, look))
      }
      return look.worded(metric, compared, pValue !== undefined, alpha)
    })
    const series = noted(draft.series[metric.name], comparisons, nowMs)
    draft.series[metric.name] = series
    const cap = look.capOf(metric, at)
    const sinceMs = look.begunMsOf(metric)
    return {
      ...{ name: metric.name, type: metric.type, better: metric.better, role: metric.role, alpha },
      ...(metric.guard && { marginPercent: metric.guard.marginPercent, action: metric.guard.action }),
      ...(cap !== undefined && { cap }),
      ...(sinceMs !== undefined && { sinceMs }),
      ...{ variants, comparisons, series: [...series.points] },
    }
  })
  const { generation, sinceMs, kept } = summaries
  return {
    state: { ...before, ...draft },
    findings,
    results: {
      ...{ flag, generation, sinceMs: sinceMs || null, atMs: nowMs, control: measures.control },
      ...{ variants: look.visitors, split: look.split, metrics },
      kept: { ...kept, unproven, refused: added(kept.refused, refused) },
      sentence: overallSentence(metrics, look.split, measures.control),
    },
  }
}

/** Notes the guard's evidence against a variant. @returns its p-value where the line is crossed, now or earlier */
function note(
  draft: Draft,
  key: string,
  seen: { metric: Metric; ln: number; before: JudgeState; spec: JudgeSpec; look: Look },
): number | undefined {
  const { metric, ln, before, spec, look } = seen
  draft.now[key] = ln
  if (metric.guard === undefined || look.isBroken) return undefined
  const { metrics, stages } = spec.measures
  const lines = metrics.filter(({ guard }) => guard !== undefined).length * look.others.length
  const now = periodWeight(before.periods, stages) * Math.exp(Math.min(MOST_LN, ln))
  const pValue = lines / ((before.before[key] ?? 0) + now)
  if (pValue <= METRICS_SHARE * spec.guardAlpha && !draft.crossed.includes(key)) draft.crossed.push(key)
  return draft.crossed.includes(key) ? Math.min(1, pValue) : undefined
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

/** The state without what it knows of metrics that have begun since. */
function begunAnew(state: JudgeState, look: Look, { measures }: JudgeSpec): JudgeState {
  const begun = measures.metrics.flatMap((metric): [string, number][] => {
    const sinceMs = look.begunMsOf(metric)
    return sinceMs === undefined ? [] : [[metric.name, sinceMs]]
  })
  const isNew = ([name, sinceMs]: [string, number]) => state.begunMs?.[name] !== sinceMs
  const names = begun.filter(isNew).map(([name]) => name)
  if (names.length === 0) return state
  const keys = new Set(names.flatMap((name) => look.others.map((variant) => `${name} ${variant}`)))
  const kept = <T>(all: Readonly<Record<string, T>>, gone: (key: string) => boolean) =>
    Object.fromEntries(Object.entries(all).filter(([key]) => !gone(key)))
  return {
    ...state,
    before: kept(state.before, (key) => keys.has(key)),
    now: kept(state.now, (key) => keys.has(key)),
    crossed: state.crossed.filter((key) => !keys.has(key)),
    series: kept(state.series, (name) => names.includes(name)),
    begunMs: Object.fromEntries(begun),
  }
}

type Crossed = { pValue: number; level: number; isAddedUp: boolean; variants: readonly VariantResult[] }

function findingOf(
  metric: Metric,
  compared: Compared,
  { pValue, level, isAddedUp, variants }: Crossed,
  look: Look,
): MetricFinding {
  const { variant, against, relative, low, high } = compared
  const meanOf = (of: string) => variants.find((each) => each.variant === of)?.mean ?? null
  const means = [meanOf(variant), meanOf(against)] as const
  return {
    ...{ metric: metric.name, variant, verdict: 'worse' },
    action: metric.guard?.action ?? 'signal',
    sentence: findingSentence(metric, compared, { means, level, isAddedUp }),
    evidence: {
      ...{ pValue, relative, low, high },
      marginPercent: metric.guard?.marginPercent ?? 0,
      visitors: look.visitorsOf(variant),
      controlVisitors: look.visitorsOf(against),
    },
  }
}

/** Counts by reason; both the gate's isolates and the ledger refuse events. */
function added(some: Record<string, number>, more: Record<string, number>): Record<string, number> {
  const sums = { ...some }
  for (const [reason, count] of Object.entries(more)) sums[reason] = (sums[reason] ?? 0) + count
  return sums
}
