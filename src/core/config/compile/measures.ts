/** What a flag measures: `guard.metrics` and `experiment`, with the document's metrics and the split that is compared. */
import type { Measures, Metric, WeeklyMetric } from '../../metrics/spec.ts'
import type { FlagConfig, GateDocument, MetricConfig } from '../schema/document.ts'
import { parseDurationMs } from '../schema/duration.ts'
import { comparedVariants, comparesWeeks, dealtVariants, measuredNames } from '../split/compared.ts'

/** Undefined for a flag that compares no variants. */
export function compileMeasures(flag: FlagConfig, metrics: GateDocument['metrics']): Measures | undefined {
  const measured = measuredOf(flag, metrics)
  const dealt = measured.length === 0 || comparesWeeks(flag) ? undefined : dealtVariants(flag)
  if (dealt === undefined) return undefined
  const variants = comparedVariants(flag, dealt)
  return { ...dealt, metrics: measured, variants, control: variants[0] ?? flag.off }
}

/** Undefined for a flag that compares variants, or nothing. */
export function compileWeekly(
  flag: FlagConfig,
  metrics: GateDocument['metrics'],
): readonly WeeklyMetric[] | undefined {
  if (!comparesWeeks(flag)) return undefined
  return measuredOf(flag, metrics).flatMap(({ name, type, cap, guard }) =>
    guard === undefined ? [] : [{ name, type, cap, guard }],
  )
}

function measuredOf(flag: FlagConfig, metrics: GateDocument['metrics']): Metric[] {
  return measuredNames(flag).flatMap((name) => {
    const config = metrics[name]
    return config === undefined || !Object.hasOwn(metrics, name) ? [] : [compileMetric(name, config, flag)]
  })
}

function compileMetric(name: string, config: MetricConfig, { guard, experiment }: FlagConfig): Metric {
  const line = guard?.enabled ? guard.metrics?.[name] : undefined
  const { type, better, cap, window, request } = config
  return {
    name,
    type,
    better,
    role: experiment?.primary === name ? 'primary' : line === undefined ? 'secondary' : 'guard',
    guard: line && {
      marginPercent: line.maxDropPercent ?? line.maxRisePercent ?? 0,
      action: line.action,
    },
    cap,
    windowMs: window === undefined ? null : (parseDurationMs(window) ?? null),
    definition: JSON.stringify([type, better, cap, window, request]),
  }
}
