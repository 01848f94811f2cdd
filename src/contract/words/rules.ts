/** What a flag's document says, in words: who gets which variant, and what has to hold before. */
import type { FlagInput, RuleInput } from '../../core/config/schema/document.ts'
import { percentText, timestampText, valueText } from '../../core/figures.ts'

/** A condition as the document has it, or as a traced decision does. */
export type ConditionLike = {
  attribute: string
  op: string
  values?: readonly unknown[] | undefined
  negate?: boolean | undefined
  ignoreCase?: boolean | undefined
}

const OPERATOR_WORDS: Readonly<Record<string, readonly [is: string, isNot: string]>> = {
  in: ['is', 'is not'],
  not_in: ['is not', 'is'],
  starts_with: ['starts with', 'does not start with'],
  ends_with: ['ends with', 'does not end with'],
  contains: ['contains', 'does not contain'],
  matches: ['matches', 'does not match'],
  eq: ['is', 'is not'],
  gt: ['is above', 'is not above'],
  gte: ['is at least', 'is below'],
  lt: ['is below', 'is at least'],
  lte: ['is at most', 'is above'],
  before: ['is before', 'is not before'],
  after: ['is after', 'is not after'],
  semver_eq: ['is version', 'is not version'],
  semver_gt: ['is newer than', 'is not newer than'],
  semver_gte: ['is at least version', 'is older than'],
  semver_lt: ['is older than', 'is at least version'],
  semver_lte: ['is at most version', 'is newer than'],
  in_cidr: ['is within', 'is not within'],
  exists: ['is present', 'is missing'],
}

/** "country is US or RO", "age is at least 18". */
export function conditionText({ attribute, op, values = [], negate, ignoreCase }: ConditionLike): string {
  const words = OPERATOR_WORDS[op]?.[negate ? 1 : 0] ?? `${negate ? 'not ' : ''}${op}`
  const operands = values.map(String).join(' or ')
  return [attribute, words, operands, ignoreCase ? '(ignoring case)' : ''].filter(Boolean).join(' ')
}

/** What a traced condition found in the visitor's attribute: "(found RO)". */
export function foundText(found: unknown): string {
  return found === null ? '(missing)' : `(found ${valueText(found)})`
}

/** Whom a rule is about: "all visitors", "visitors whose country is US or RO". */
export function audienceText({ when = [] }: Pick<RuleInput, 'when'>): string {
  return when.length === 0 ? 'all visitors' : `visitors whose ${when.map(conditionText).join(' and whose ')}`
}

/** What a rule serves: its variant, or each variant with its share. */
export function servedTexts({ serve }: Pick<RuleInput, 'serve'>): string[] {
  if (typeof serve === 'string') return [serve]
  const total = Object.values(serve).reduce((sum, weight) => sum + weight, 0)
  return Object.entries(serve).map(
    ([variant, weight]) => `${variant} (${percentText((weight / total) * 100)})`,
  )
}

/** What a stage sends to the new variant: "25 %" of visitors, or "shadow of 5 %". */
export function stageShareText({
  percentage,
  shadow,
}: {
  percentage?: number | undefined
  shadow?: number | undefined
}): string {
  return shadow === undefined ? percentText(percentage ?? 0) : `shadow of ${percentText(shadow)}`
}

/** One rule in one line: `"canary": 25 % of visitors whose country is US or RO: on`. */
export function ruleText(rule: RuleInput, index: number): string {
  const share = rule.percentage === undefined ? '' : `${percentText(rule.percentage)} of `
  const stages = rule.stages?.map(stageShareText).join(' → ')
  const climb = stages === undefined ? '' : `, in stages of ${stages}`
  return `"${rule.name ?? `rule ${index + 1}`}": ${share}${audienceText(rule)}${climb}: ${servedTexts(rule).join(', ')}`
}

/** One required flag: "new-ui is on", "new-ui is off", "theme serves dark or dim". */
export function requirementText(required: NonNullable<FlagInput['requires']>[number]): string {
  if (typeof required === 'string') return `${required} is on`
  const { flag, on = true, variants } = required
  if (!on) return `${flag} is off`
  return variants ? `${flag} serves ${variants.join(' or ')}` : `${flag} is on`
}

/** "from 2026-12-01 00:00:00 UTC until 2027-01-01"; undefined where the flag has no schedule. */
export function scheduleText({ schedule }: Pick<FlagInput, 'schedule'>): string | undefined {
  const { start, end } = schedule ?? {}
  const parts = [start && `from ${timestampText(start)}`, end && `until ${timestampText(end)}`]
  return parts.filter(Boolean).join(' ') || undefined
}

/** What must hold before any rule applies, by its label on the page and in the flag book. */
export function prerequisites(
  flag: Pick<FlagInput, 'requires' | 'environments' | 'schedule'>,
): [string, string][] {
  const { requires = [], environments } = flag
  const rows: [string, string | undefined][] = [
    ['requires', requires.map(requirementText).join(' and ') || undefined],
    ['environments', environments?.join(', ')],
    ['schedule', scheduleText(flag)],
  ]
  return rows.flatMap(([label, text]) => (text === undefined ? [] : [[label, text]]))
}

const OUTCOMES = {
  served: 'served',
  'conditions-not-met': 'conditions not met',
  'outside-percentage': 'outside its percentage',
  'not-reached': 'not reached',
} as const

/** What became of a rule in a traced decision. */
export function outcomeText(outcome: keyof typeof OUTCOMES): string {
  return OUTCOMES[outcome]
}
