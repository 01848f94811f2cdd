import { parseTimeMs } from '../../flags/date-time.ts'
import { compileOperator } from '../../flags/operators.ts'
import { ownOf } from '../../json-object.ts'
import type { FlagConfig, GateDocument, RuleConfig } from '../schema/document.ts'
import { governanceProblems } from './governance.ts'
import { identityProblems } from './identity-references.ts'
import { measureProblems, metricProblems } from './metrics.ts'
import { dangling, MOST_PROBLEMS, type PathKey, type Problem, problem } from './problems.ts'
import { chainProblems } from './requirement-chains.ts'
import { routeProblems } from './route-references.ts'

/** Sums that weights may have: percent, and finer parts down to a thousandth of a percent. */
const WEIGHT_TOTALS: readonly number[] = [100, 1_000, 10_000, 100_000]

/** Flags checked per step: a millisecond or two. */
const FLAGS_AT_ONCE = 250

/** The first problems between the parts of a document whose shape is right. */
export function referenceProblems(document: GateDocument): Problem[] {
  return [...referenceSteps(document)].flat()
}

/** The same in steps: each gives those of one part of the document, once it is asked for them. */
export function* referenceSteps(document: GateDocument): Generator<Problem[]> {
  let found = 0
  for (const some of steps(document)) {
    yield some
    found += some.length
    if (found >= MOST_PROBLEMS) return
  }
}

function* steps(document: GateDocument): Generator<Problem[]> {
  yield identityProblems(document)
  yield [...routeProblems(document), ...metricProblems(document)]
  const flags = Object.entries(document.flags)
  for (let from = 0; from < flags.length; from += FLAGS_AT_ONCE)
    yield flags.slice(from, from + FLAGS_AT_ONCE).flatMap(([key, flag]) => flagProblems(document, key, flag))
  yield governanceProblems(document)
  yield chainProblems(document.flags)
  yield document.freezes.flatMap((freeze, index) => timeProblems(['freezes', index], freeze))
  yield (document.bootstrap?.flags ?? [])
    .map((key, index) => ({ key, at: ['bootstrap', 'flags', index] }))
    .filter(({ key }) => !Object.hasOwn(document.flags, key))
    .slice(0, MOST_PROBLEMS)
    .map(({ key, at }) => dangling(at, key, 'a flag', document.flags))
}

function flagProblems(document: GateDocument, key: string, flag: FlagConfig): Problem[] {
  const at: PathKey[] = ['flags', key]
  const { variants } = flag
  const problems: Problem[] = []
  if (!Object.hasOwn(variants, flag.off)) {
    problems.push(dangling([...at, 'off'], flag.off, 'a variant of the flag', variants))
  }
  for (const [index, required] of flag.requires.entries()) {
    if (problems.length >= MOST_PROBLEMS) return problems
    problems.push(...requirementProblems(document, [...at, 'requires', index], required))
  }
  problems.push(...timeProblems([...at, 'schedule'], flag.schedule ?? {}))
  const staged = flag.rules.flatMap((rule, index) => (rule.stages ? [index] : []))
  for (const index of staged.slice(1)) {
    const expected = `stages in only one rule of a flag (rule ${(staged[0] ?? 0) + 1} has them)`
    problems.push(
      problem([...at, 'rules', index, 'stages'], flag.rules[index]?.stages, expected, 'use "percentage"'),
    )
  }
  for (const [index, rule] of flag.rules.entries()) {
    if (problems.length >= MOST_PROBLEMS) return problems
    problems.push(...ruleProblems([...at, 'rules', index], rule, variants))
  }
  return [...problems, ...measureProblems(document, at, flag)]
}

function timeProblems(
  at: readonly PathKey[],
  { start, end }: { start?: string | undefined; end?: string | undefined },
): Problem[] {
  if (start === undefined || end === undefined || parseTimeMs(end) > parseTimeMs(start)) return []
  return [problem([...at, 'end'], end, `a date after ${start}`, 'correct or swap the two dates')]
}

function requirementProblems(
  document: GateDocument,
  at: readonly PathKey[],
  required: FlagConfig['requires'][number],
): Problem[] {
  const { flag: key, variants } = typeof required === 'string' ? { flag: required } : required
  const flag = ownOf(document.flags, key)
  if (flag === undefined) return [dangling(at, key, 'a flag', document.flags)]
  return (variants ?? [])
    .filter((variant) => !Object.hasOwn(flag.variants, variant))
    .map((variant) => dangling([...at, 'variants'], variant, 'a variant of the required flag', flag.variants))
}

function ruleProblems(at: readonly PathKey[], rule: RuleConfig, variants: FlagConfig['variants']): Problem[] {
  const problems = [...serveProblems(at, rule, variants), ...conditionProblems(at, rule)]
  if (rule.stages && rule.percentage !== undefined) {
    const fix = 'remove one of the two'
    problems.push(problem([...at, 'percentage'], rule.percentage, 'either "percentage" or "stages"', fix))
  }
  for (const [index, stage] of (rule.stages ?? []).entries()) {
    problems.push(...stageProblems([...at, 'stages', index], stage, rule.stages?.[index - 1]))
  }
  return problems
}

type StageConfig = NonNullable<RuleConfig['stages']>[number]

/** Shadow stages come first; then percentages, each above the one before. */
function stageProblems(
  at: readonly PathKey[],
  stage: StageConfig,
  before: StageConfig | undefined,
): Problem[] {
  const { percentage, shadow } = stage
  if ((percentage === undefined) === (shadow === undefined)) {
    const fix = 'a stage sends visitors to the new variant ("percentage"), or copies of requests ("shadow")'
    return [problem(at, stage, 'either "percentage" or "shadow"', fix)]
  }
  if (shadow !== undefined) {
    if (before === undefined || before.shadow !== undefined) return []
    const fix = 'put it before the stages with a percentage'
    return [problem([...at, 'shadow'], shadow, 'no shadow stage after one with a percentage', fix)]
  }
  if (before?.percentage === undefined || percentage === undefined || percentage > before.percentage)
    return []
  const expected = `a percentage above the ${before.percentage} % of the stage before`
  return [problem([...at, 'percentage'], percentage, expected, 'increase the percentage from stage to stage')]
}

function serveProblems(
  at: readonly PathKey[],
  { serve, bucketing }: RuleConfig,
  variants: FlagConfig['variants'],
): Problem[] {
  if (typeof serve === 'string') {
    return Object.hasOwn(variants, serve)
      ? []
      : [dangling([...at, 'serve'], serve, 'a variant of the flag', variants)]
  }
  const problems = Object.keys(serve)
    .filter((variant) => !Object.hasOwn(variants, variant))
    .map((variant) => dangling([...at, 'serve', variant], variant, 'a variant of the flag', variants))
  for (const [index, override] of (bucketing?.scheme === 'unleash' ? bucketing.overrides : []).entries()) {
    if (Object.hasOwn(variants, override.serve)) continue
    const place = [...at, 'bucketing', 'overrides', index, 'serve']
    problems.push(dangling(place, override.serve, 'a variant of the flag', variants))
  }
  const sum = Object.values(serve).reduce((total, weight) => total + weight, 0)
  // Other schemes allow any sum, and visitors keep their variant only with the same one.
  if (bucketing !== undefined && sum > 0) return problems
  if (!WEIGHT_TOTALS.includes(sum)) {
    problems.push(
      problem(
        [...at, 'serve'],
        serve,
        'weights that add up to 100 (or 1000, 10000, 100000)',
        `they add up to ${sum}: change the weights`,
      ),
    )
  }
  return problems
}

function conditionProblems(at: readonly PathKey[], rule: RuleConfig): Problem[] {
  return rule.when.flatMap((condition, index) => {
    const compiled = compileOperator(condition.op, condition.values, condition)
    if ('predicate' in compiled) return []
    const values = [...at, 'when', index, 'values']
    const { index: which, expected, fix } = compiled.problem
    return which === undefined
      ? [problem(values, condition.values, expected, fix)]
      : [problem([...values, which], condition.values[which], expected, fix)]
  })
}
