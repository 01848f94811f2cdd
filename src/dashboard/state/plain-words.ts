/** Who gets a flag, in plain words. Pure. */
import { percentText } from './format.ts'

/** The parts of a flag's definition that views read; it is valid, since it is in force. */
export type Condition = { attribute: string; op: string; values?: unknown[]; negate?: boolean }
export type Stage = { percentage: number; bake?: string; approval?: boolean; advance?: 'auto' | 'manual' }
export type Rule = {
  name?: string
  when?: Condition[]
  percentage?: number
  stages?: Stage[]
  serve: string | Record<string, number>
}
export type Definition = {
  description?: string
  enabled?: boolean
  variants: Record<string, unknown>
  off: string
  environments?: string[]
  schedule?: { start?: string; end?: string }
  requires?: string[]
  rules?: Rule[]
  rollout?: { holdbackPercent?: number }
  guard?: { enabled?: boolean; action?: 'rollback' | 'freeze'; [key: string]: unknown }
}

const OPERATORS: Readonly<Record<string, readonly [is: string, isNot: string]>> = {
  in: ['is', 'is not'],
  not_in: ['is not', 'is'],
  starts_with: ['begins with', 'does not begin with'],
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
  in_cidr: ['is in', 'is not in'],
  exists: ['is present', 'is missing'],
}

export function conditionWords({ attribute, op, values = [], negate = false }: Condition): string {
  const words = OPERATORS[op]?.[negate ? 1 : 0] ?? `${negate ? 'not ' : ''}${op}`
  const list = values.map(String).join(' or ')
  return `${attribute} ${words}${list ? ` ${list}` : ''}`
}

/** The visitors that a rule is about. */
export function audienceWords({ when = [] }: Rule): string {
  return when.length === 0 ? 'Everybody' : `Visitors whose ${when.map(conditionWords).join(' and whose ')}`
}

/** What they get: one variant, or each with its share. */
export function servingWords({ serve }: Rule): string[] {
  if (typeof serve === 'string') return [serve]
  const all = Object.values(serve).reduce((sum, weight) => sum + weight, 0)
  return Object.entries(serve).map(([variant, weight]) => `${variant} (${percentText((weight / all) * 100)})`)
}

/** Whether everybody, or which share of them; `current` is the stage's percentage in force. */
export function shareWords(rule: Rule, current: number | null): string | undefined {
  const percentage = rule.stages ? (current ?? rule.stages[0]?.percentage) : rule.percentage
  return percentage === undefined || percentage === null ? undefined : percentText(percentage)
}

/** What has to be so before any rule is asked. */
export function requirementWords({ environments, schedule, requires = [] }: Definition): string[] {
  const words: string[] = []
  if (environments) words.push(`only in ${environments.join(', ')}`)
  if (schedule?.start) words.push(`from ${momentText(schedule.start)}`)
  if (schedule?.end) words.push(`until ${momentText(schedule.end)}`)
  if (requires.length > 0) words.push(`only with ${requires.join(' and ')}`)
  return words
}

function momentText(text: string): string {
  const date = new Date(text)
  return Number.isNaN(date.getTime()) ? text : date.toLocaleString()
}
