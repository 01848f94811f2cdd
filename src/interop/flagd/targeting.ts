/** flagd's targeting as rules: the first one that matches decides, so every branch ends in a rule that always does. */
import type { ConditionInput, RuleInput } from '../../core/config/schema/document.ts'
import type { Json } from '../../core/flags/flag.ts'
import { ALWAYS, type Alternatives, allOf, alternativesOf, Untranslatable, variableIn } from './conditions.ts'
import { operationIn } from './file.ts'

export type Surroundings = {
  key: string
  variants: readonly string[]
  /** The variant where targeting has no answer. */
  otherwise: string
  evaluators: Readonly<Record<string, Json>>
  /** Told of what can't be translated; it counts as false, or as no answer. */
  lose(path: string, what: string): void
}

/** Above this flagd gives no answer. */
const MOST_WEIGHT = 2 ** 31 - 1

/** A path of `$ref`s longer than this is a cycle. */
const MOST_REFERENCES = 32

/** The rules for a piece of logic whose answer is a variant; `when` are the conditions under which it is asked. */
export function rulesOf(logic: Json, path: string, when: Alternatives, around: Surroundings): RuleInput[] {
  if (logic === null) return serve(when, around.otherwise)
  if (typeof logic === 'string' || typeof logic === 'boolean') {
    const variant = String(logic)
    if (around.variants.includes(variant)) return serve(when, variant)
    around.lose(path, `"${variant}" is no variant of the flag`)
    return serve(when, around.otherwise)
  }
  const operation = operationIn(logic)
  switch (operation?.op) {
    case 'if':
    case '?:':
      return branches(operation.operands, `${path}.${operation.op}`, when, around)
    case 'fractional':
      return fractions(operation.operands, `${path}.fractional`, when, around)
    default:
      return answer(logic, path, when, around)
  }
}

/** `{"if": [c1, v1, c2, v2, …, otherwise]}`. */
function branches(
  operands: readonly Json[],
  path: string,
  when: Alternatives,
  around: Surroundings,
): RuleInput[] {
  const rules: RuleInput[] = []
  for (let index = 0; index < operands.length; index += 2) {
    const isLast = index === operands.length - 1
    const at = isLast ? index : index + 1
    const value = operands[at] ?? null
    const condition = isLast ? ALWAYS : conditionIn(operands[index] ?? null, `${path}[${index}]`, around)
    rules.push(...rulesOf(value, `${path}[${at}]`, allOf([when, condition]), around))
  }
  if (operands.length % 2 === 0) rules.push(...serve(when, around.otherwise))
  return rules
}

function conditionIn(logic: Json, path: string, around: Surroundings): Alternatives {
  try {
    return alternativesOf(logic)
  } catch (error) {
    if (!(error instanceof Untranslatable)) throw error
    around.lose(path, error.message)
    return []
  }
}

/** A condition by itself answers with the variants "true" and "false". */
function answer(logic: Json, path: string, when: Alternatives, around: Surroundings): RuleInput[] {
  const isBoolean = around.variants.includes('true') && around.variants.includes('false')
  if (!isBoolean) {
    around.lose(path, `the answer of ${operationIn(logic)?.op ?? 'this'}, which names no variant`)
    return serve(when, around.otherwise)
  }
  const ends = endsOf(logic)
  if (ends.includes('missing')) {
    around.lose(path, 'the answer of "missing", which names no variant')
    return serve(when, around.otherwise)
  }
  if (around.otherwise !== 'false' && ends.some((op) => MAY_BE_NOTHING.has(op))) {
    around.lose(path, 'an answer that is neither true nor false where an attribute is missing or no version')
  }
  return [...serve(allOf([when, conditionIn(logic, path, around)]), 'true'), ...serve(when, 'false')]
}

/** Operations without an answer, which is the default variant then, where an attribute is not what they ask about. */
const MAY_BE_NOTHING: ReadonlySet<string> = new Set(['starts_with', 'ends_with', 'sem_ver'])

/** The operations of which one gives the answer: that of `and` and `or` is one of their parts'. */
function endsOf(logic: Json): string[] {
  const { op, operands } = operationIn(logic) ?? { op: '', operands: [] }
  return op === 'and' || op === 'or' ? operands.flatMap(endsOf) : [op]
}

function fractions(
  operands: readonly Json[],
  path: string,
  when: Alternatives,
  around: Surroundings,
): RuleInput[] {
  try {
    const [first, ...rest] = operands
    const isNamed = !Array.isArray(first)
    const buckets = isNamed ? rest : operands
    const hash = isNamed
      ? hashOf(first ?? null, around.key)
      : [{ text: around.key }, { attribute: 'targetingKey' }]
    const weights: Record<string, number> = {}
    for (const bucket of buckets) {
      const [named, weight = 1] = Array.isArray(bucket) ? (bucket as readonly Json[]) : []
      const variant = partOf(named, around)
      if (variant === undefined || typeof weight !== 'number' || !Number.isInteger(weight)) {
        throw new Untranslatable('a part that is not a variant of the flag with a whole weight')
      }
      if (Object.hasOwn(weights, variant)) throw new Untranslatable(`the variant "${variant}" in two parts`)
      // Weights are in the order of the file; names that look like numbers would not.
      if (/^\d+$/.test(variant)) throw new Untranslatable(`the variant "${variant}", whose name is a number`)
      weights[variant] = Math.max(0, weight)
    }
    const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0)
    if (total === 0 || total > MOST_WEIGHT) return serve(when, around.otherwise)
    return when.map((conditions) => ({
      ...(conditions.length > 0 && { when: [...conditions] }),
      bucketing: { scheme: 'flagd', hash },
      serve: weights,
    }))
  } catch (error) {
    if (!(error instanceof Untranslatable)) throw error
    around.lose(path, error.message)
    return serve(when, around.otherwise)
  }
}

/** The variant that a part names; `null` is the default one. Undefined where there is none. */
function partOf(named: Json | undefined, around: Surroundings): string | undefined {
  if (named === null) return around.otherwise
  const isPlain = typeof named === 'string' || typeof named === 'boolean'
  return isPlain && around.variants.includes(String(named)) ? String(named) : undefined
}

type Hash = ({ text: string } | { attribute: string; missing?: string })[]

function hashOf(logic: Json, key: string, isPart = false): Hash {
  if (typeof logic === 'string') return [{ text: logic }]
  const operation = operationIn(logic)
  if (operation?.op === 'cat') return operation.operands.flatMap((operand) => hashOf(operand, key, true))
  const attribute = variableIn(logic)
  if (attribute === '$flagd.flagKey') return [{ text: key }]
  if (attribute === undefined || attribute.startsWith('$flagd.')) {
    throw new Untranslatable('what is hashed is not made of attributes and texts')
  }
  // Of texts that are put together, flagd's evaluator for JavaScript calls the missing ones "null".
  return [{ attribute, ...(isPart && { missing: 'null' }) }]
}

function serve(when: Alternatives, variant: string): RuleInput[] {
  return when.map((conditions: readonly ConditionInput[]) => ({
    ...(conditions.length > 0 && { when: [...conditions] }),
    serve: variant,
  }))
}

/** The logic with what `$ref` names in its place. */
export function resolved(logic: Json, evaluators: Readonly<Record<string, Json>>, depth = 0): Json {
  if (depth > MOST_REFERENCES) throw new Untranslatable('a "$ref" that leads back to itself')
  if (Array.isArray(logic)) return logic.map((each) => resolved(each as Json, evaluators, depth))
  if (typeof logic !== 'object' || logic === null) return logic
  const operation = operationIn(logic)
  if (operation?.op === '$ref') {
    const [name] = operation.operands
    const found = typeof name === 'string' && Object.hasOwn(evaluators, name) ? evaluators[name] : undefined
    if (found === undefined)
      throw new Untranslatable(`"$ref" names ${JSON.stringify(name)}, which is not there`)
    return resolved(found, evaluators, depth + 1)
  }
  return Object.fromEntries(
    Object.entries(logic).map(([op, value]) => [op, resolved(value as Json, evaluators, depth)]),
  )
}
