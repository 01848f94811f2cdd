/** What sampled visitors answer to conditions, as far as a sample can tell. */
import type { EvaluationContext } from '../context/attributes.ts'
import { type CompiledCondition, holds } from '../flags/conditions.ts'
import type { CompiledRule } from '../flags/flag.ts'
import { conditionId, type DecisionSample } from './sample.ts'

export type AnswerInputs = {
  nowMs: number
  /** Value → its hash, for conditions on attributes that are kept hashed. */
  hashes: ReadonlyMap<string, string>
}

/** Whether a sampled visitor meets a condition; undefined where the sample can't tell. */
export function answerOf(
  condition: CompiledCondition,
  sample: DecisionSample,
  { nowMs, hashes }: AnswerInputs,
): boolean | undefined {
  const { attribute } = condition
  if (attribute === 'now') return holds(condition, contextWith(nowMs))
  if (Object.hasOwn(sample.attributes, attribute))
    return holds(condition, contextWith(sample.attributes[attribute] ?? undefined))
  return sample.held[conditionId(condition)] ?? answerByHash(condition, sample.hashed[attribute], hashes)
}

/** Hashes decide equality and nothing else. */
function answerByHash(
  { op, values, negate, ignoreCase, type }: CompiledCondition,
  hashed: readonly string[] | undefined,
  hashes: AnswerInputs['hashes'],
): boolean | undefined {
  const canTell = (op === 'in' || op === 'not_in') && !ignoreCase && !type
  if (hashed === undefined || !canTell) return undefined
  const listed = new Set(values.map((value) => hashes.get(String(value))))
  const isListed = hashed.some((each) => listed.has(each))
  return (op === 'in' ? isListed : !isListed) !== negate
}

function contextWith(value: ReturnType<EvaluationContext['attribute']>): EvaluationContext {
  return { targetingKey: () => undefined, attribute: () => value }
}

/** How many of the sampled visitors meet all conditions of a rule, whatever its percentage and the rules before it. */
export type RuleAudience = { rule: number; samples: number; matched: number; unknown: number }

/** The audience of each rule, by its index. One condition that fails decides, whatever the sample can't tell of others. */
export function audiencesOf(
  rules: readonly Pick<CompiledRule, 'conditions'>[],
  samples: readonly DecisionSample[],
  inputs: AnswerInputs,
): RuleAudience[] {
  return rules.map(({ conditions }, rule) => {
    const audience = { rule, samples: 0, matched: 0, unknown: 0 }
    for (const sample of samples) {
      const answers = conditions.map((condition) => answerOf(condition, sample, inputs))
      const isKnown = answers.includes(false) || !answers.includes(undefined)
      if (!isKnown) audience.unknown++
      else {
        audience.samples++
        if (!answers.includes(false)) audience.matched++
      }
    }
    return audience
  })
}

/** An attribute shows so many of its values. */
const MOST_EXAMPLES = 5

/** The most frequent values of each attribute that samples hold as they are, most frequent first. */
export function examplesOf(samples: readonly Pick<DecisionSample, 'attributes'>[]): Record<string, string[]> {
  const counts = new Map<string, Map<string, number>>()
  for (const { attributes } of samples) {
    for (const [name, found] of Object.entries(attributes)) {
      const ofName = counts.get(name) ?? new Map<string, number>()
      counts.set(name, ofName)
      for (const value of [found].flat()) {
        if (value !== null) ofName.set(String(value), (ofName.get(String(value)) ?? 0) + 1)
      }
    }
  }
  return Object.fromEntries(
    [...counts].map(([name, ofName]) => {
      const frequent = [...ofName].sort(([, a], [, b]) => b - a).slice(0, MOST_EXAMPLES)
      return [name, frequent.map(([value]) => value)]
    }),
  )
}
