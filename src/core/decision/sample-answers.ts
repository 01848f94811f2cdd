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

/** What samples answer to conditions. What a condition's many values are needed for is made once. */
export class SampleAnswers {
  /** Work so far: an answer, or each value that it was compared with. */
  steps = 0
  readonly #inputs: AnswerInputs
  readonly #asked = new Map<CompiledCondition, { id: string; listed: ReadonlySet<string | undefined> }>()

  constructor(inputs: AnswerInputs) {
    this.#inputs = inputs
  }

  /** Whether a sampled visitor meets a condition; undefined where the sample can't tell. */
  of(condition: CompiledCondition, sample: DecisionSample): boolean | undefined {
    const { attribute } = condition
    this.steps += isByValue(condition) ? 1 : condition.values.length + 1
    if (attribute === 'now') return holds(condition, contextWith(this.#inputs.nowMs))
    if (Object.hasOwn(sample.attributes, attribute))
      return holds(condition, contextWith(sample.attributes[attribute] ?? undefined))
    const { id, listed } = this.#asked.get(condition) ?? this.#ask(condition)
    return sample.held[id] ?? answerByHash(condition, sample.hashed[attribute], listed)
  }

  #ask(condition: CompiledCondition) {
    const listed = isByValue(condition)
      ? new Set(condition.values.map((value) => this.#inputs.hashes.get(String(value))))
      : new Set<undefined>()
    const asked = { id: conditionId(condition), listed }
    this.#asked.set(condition, asked)
    return asked
  }
}

/** Whether one look-up tells if a value is of a condition's. */
function isByValue({ op }: CompiledCondition): boolean {
  return op === 'in' || op === 'not_in'
}

/** Hashes decide equality and nothing else. `listed` has undefined for values whose hash is not known. */
function answerByHash(
  condition: CompiledCondition,
  hashed: readonly string[] | undefined,
  listed: ReadonlySet<string | undefined>,
): boolean | undefined {
  const { op, negate, ignoreCase, type } = condition
  if (hashed === undefined || !isByValue(condition) || ignoreCase || type) return undefined
  const isListed = hashed.some((each) => listed.has(each))
  if (!isListed && listed.has(undefined)) return undefined
  return (op === 'in' ? isListed : !isListed) !== negate
}

function contextWith(value: ReturnType<EvaluationContext['attribute']>): EvaluationContext {
  return { targetingKey: () => undefined, attribute: () => value }
}

/** How many of the sampled visitors meet all conditions of a rule, whatever its percentage and the rules before it. */
export type RuleAudience = { rule: number; samples: number; matched: number; unknown: number }

/** Bounds the cost of audiences; samples beyond it are left out. */
const MOST_STEPS = 1_000_000

/** The audience of each rule, by its index. One condition that fails decides, whatever the sample can't tell of others. */
export function audiencesOf(
  rules: readonly Pick<CompiledRule, 'conditions'>[],
  samples: readonly DecisionSample[],
  inputs: AnswerInputs,
): RuleAudience[] {
  const sampled = new SampleAnswers(inputs)
  const audiences = rules.map((_, rule) => ({ rule, samples: 0, matched: 0, unknown: 0 }))
  for (const [taken, sample] of samples.entries()) {
    if (sampled.steps + taken * rules.length > MOST_STEPS) break
    for (const audience of audiences) {
      const conditions = rules[audience.rule]?.conditions ?? []
      const answers = conditions.map((condition) => sampled.of(condition, sample))
      const isKnown = answers.includes(false) || !answers.includes(undefined)
      if (!isKnown) audience.unknown++
      else {
        audience.samples++
        if (!answers.includes(false)) audience.matched++
      }
    }
  }
  return audiences
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
