/** Rules and conditions in words. */
import type { RuleConfig } from '../../core/config/schema/document.ts'

type ConditionConfig = RuleConfig['when'][number]

/** Operators as people say them; those that are not here are said by their name. */
const WORDS: Readonly<Record<string, string>> = {
  in: 'is',
  not_in: 'is not',
  starts_with: 'starts with',
  ends_with: 'ends with',
  contains: 'contains',
  matches: 'matches',
  eq: '=',
  gt: '>',
  gte: '≥',
  lt: '<',
  lte: '≤',
  before: 'is before',
  after: 'is after',
  in_cidr: 'is within',
}

/** `"canary": country is US or RO, 25 % of those: on`. */
export function describeRule(rule: RuleConfig, index: number): string {
  const who = rule.when.length === 0 ? 'everybody' : rule.when.map(describeCondition).join(' and ')
  const share = shareOf(rule)
  return `"${rule.name ?? `rule ${index}`}": ${who}${share}: ${servedBy(rule.serve)}`
}

function describeCondition({ attribute, op, values, negate, ignoreCase }: ConditionConfig): string {
  const not = negate ? 'not ' : ''
  if (op === 'exists') return `${not}${attribute} is there`
  const listed = values.map(String).join(' or ')
  return `${not}${attribute} ${WORDS[op] ?? op.replaceAll('_', ' ')} ${listed}${ignoreCase ? ' (in any case)' : ''}`
}

function shareOf({ percentage, stages }: RuleConfig): string {
  if (percentage !== undefined) return `, ${percentage} % of those`
  if (stages === undefined) return ''
  return `, in stages of ${stages.map((stage) => `${stage.percentage} %`).join(' → ')}`
}

function servedBy(serve: RuleConfig['serve']): string {
  if (typeof serve === 'string') return serve
  const total = Object.values(serve).reduce((sum, weight) => sum + weight, 0)
  return Object.entries(serve)
    .map(([variant, weight]) => `${variant} ${Math.round((1_000 * weight) / total) / 10} %`)
    .join(', ')
}
