/** Problems and warnings of metrics, and of the guards and experiments that name them. */

import { GATE_PATH } from '../../gate-path.ts'
import { ownOf } from '../../json-object.ts'
import type { FlagConfig, GateDocument } from '../schema/document.ts'
import { comparedVariants, comparesWeeks, dealtVariants, measuredNames } from '../split/compared.ts'
import { dangling, type PathKey, type Problem, problem } from './problems.ts'
import { isReservedPattern } from './route-references.ts'

/** Problems of the metrics themselves. */
export function metricProblems({ metrics }: Pick<GateDocument, 'metrics'>): Problem[] {
  return Object.entries(metrics).flatMap(([name, { type, cap, request }]) => {
    const problems: Problem[] = []
    if (type !== 'sum' && cap !== undefined) {
      const expected = `a cap only with the type "sum": a ${type} needs none`
      problems.push(problem(['metrics', name, 'cap'], cap, expected, 'remove it, or set "type" to "sum"'))
    }
    if (request !== undefined && isReservedPattern(request.path)) {
      const expected = `a path of the site: the gate answers ${GATE_PATH} and all below it itself`
      const fix = 'name a page of the app, or leave "request" out and report with track()'
      problems.push(problem(['metrics', name, 'request', 'path'], request.path, expected, fix))
    }
    if (type === 'sum' && request !== undefined) {
      const expected = 'no request for the type "sum": a request carries no value'
      const fix = 'report the values with track(), or use the type "count" or "conversion"'
      problems.push(problem(['metrics', name, 'request'], request, expected, fix))
    }
    return problems
  })
}

/** Problems of what a flag measures. */
export function measureProblems(
  { metrics }: Pick<GateDocument, 'metrics'>,
  at: readonly PathKey[],
  flag: FlagConfig,
): Problem[] {
  const guarded = Object.keys(flag.guard?.metrics ?? {})
  if (flag.experiment === undefined && guarded.length === 0) return []
  if (comparesWeeks(flag)) {
    const problems = lineProblems(metrics, [...at, 'guard', 'metrics'], flag)
    return problems.length > 0 ? problems : weeklyProblems(metrics, [...at, 'guard', 'metrics'], flag)
  }
  if (dealtVariants(flag) === undefined)
    return [...lineProblems(metrics, [...at, 'guard', 'metrics'], flag), ...withoutSplit(at, flag)]
  return [
    ...lineProblems(metrics, [...at, 'guard', 'metrics'], flag),
    ...experimentProblems(metrics, at, flag),
  ]
}

function withoutSplit(at: readonly PathKey[], { experiment }: FlagConfig): Problem[] {
  if (experiment === undefined) return []
  const expected = 'a flag whose last rule, or the one with a percentage or stages, splits its visitors'
  const fix =
    'give the rule stages, a percentage, or weights for several variants: without a split there is nothing to compare with'
  return [problem([...at, 'experiment'], experiment, expected, fix)]
}

/** Of metrics that are compared with the weeks before. */
function weeklyProblems(
  metrics: GateDocument['metrics'],
  at: readonly PathKey[],
  { guard }: FlagConfig,
): Problem[] {
  const split = 'give the rule stages, a percentage, or weights for several variants'
  return Object.keys(guard?.metrics ?? {}).flatMap((name) => {
    const { better, type, cap } = ownOf(metrics, name) ?? {}
    if (better === 'lower') {
      const expected =
        'a metric of which higher is better: without a split only a fall is told from the weeks before'
      return [problem([...at, name], name, expected, split)]
    }
    if (type === 'sum' && cap === undefined) {
      const expected =
        'a sum with a cap: without a split none is learned, and one large value would hide a fall'
      return [problem([...at, name], name, expected, `set "cap" at the metric, or ${split}`)]
    }
    return []
  })
}

const LIMITS = { higher: 'maxDropPercent', lower: 'maxRisePercent' } as const

function lineProblems(
  metrics: GateDocument['metrics'],
  at: readonly PathKey[],
  { guard }: FlagConfig,
): Problem[] {
  return Object.entries(guard?.metrics ?? {}).flatMap(([name, line]) => {
    const metric = ownOf(metrics, name)
    if (metric === undefined) return [dangling([...at, name], name, 'a metric', metrics)]
    const right = LIMITS[metric.better]
    const wrong = right === 'maxDropPercent' ? 'maxRisePercent' : 'maxDropPercent'
    const of = `of this metric ${metric.better} is better`
    if (line[wrong] !== undefined)
      return [problem([...at, name, wrong], line[wrong], `"${right}", as ${of}`, `write "${right}"`)]
    if (line[right] === undefined)
      return [problem([...at, name], line, `the key "${right}", as ${of}`, `add "${right}"`)]
    return []
  })
}

function experimentProblems(
  metrics: GateDocument['metrics'],
  at: readonly PathKey[],
  flag: FlagConfig,
): Problem[] {
  const { experiment } = flag
  const dealt = dealtVariants(flag)
  if (experiment === undefined || dealt === undefined) return []
  const place = [...at, 'experiment']
  const served = comparedVariants({ ...flag, experiment: undefined }, dealt)
  const problems = [
    { name: experiment.primary, keys: [...place, 'primary'] },
    ...experiment.metrics.map((name, index) => ({ name, keys: [...place, 'metrics', index] })),
  ]
    .filter(({ name }) => ownOf(metrics, name) === undefined)
    .map(({ name, keys }) => dangling(keys, name, 'a metric', metrics))
  const named = new Set<string>()
  for (const [index, name] of experiment.metrics.entries()) {
    if (named.has(name))
      problems.push(problem([...place, 'metrics', index], name, 'each metric once', 'remove it'))
    named.add(name)
  }
  const { variants = served, control } = experiment
  const [isServed, compared] = [new Set(served), new Set<string>()]
  for (const [index, variant] of variants.entries()) {
    const keys = [...place, 'variants', index]
    if (!isServed.has(variant))
      problems.push(dangling(keys, variant, 'a variant that the split serves', served))
    else if (compared.has(variant)) problems.push(problem(keys, variant, 'each variant once', 'remove it'))
    compared.add(variant)
  }
  if (control !== undefined && !variants.includes(control))
    problems.push(dangling([...place, 'control'], control, 'a variant of the experiment', variants))
  return problems
}

/** Metrics that no flag measures. */
export function metricWarnings({ metrics, flags }: GateDocument): { name: string; text: string }[] {
  const measured = new Set(Object.values(flags).flatMap(measuredNames))
  return Object.keys(metrics)
    .filter((name) => !measured.has(name))
    .map((name) => ({
      name,
      text: 'no flag measures it: name it in "guard.metrics" or "experiment" of a flag',
    }))
}
