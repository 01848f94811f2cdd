/** flagd's targeting as rules: the first one that matches decides, so every branch ends in a rule that always does. */
import type { RuleInput } from '../../core/config/schema/document.ts'
import type { Json } from '../../core/flags/flag.ts'
import { ALWAYS, type Alternatives, allOf, headOf, Untranslatable } from '../alternatives.ts'
import { alternativesOf } from './conditions.ts'
import { operationIn } from './file.ts'
import { type Fractions, fractionsIn, placeOf } from './fractions.ts'
import { DEFAULT_HASH } from './variables.ts'

export type Surroundings = {
  key: string
  variants: readonly string[]
  /** The variant where targeting has no answer. */
  otherwise: string
  evaluators: Readonly<Record<string, Json>>
  /** Told of what can't be translated; it counts as false, or as no answer. */
  lose(path: string, what: string): void
}

/** A path of `$ref`s longer than this is a cycle. */
const MOST_REFERENCES = 32

/** The rules for a piece of logic whose answer is a variant; `when` are the conditions under which it is asked. */
export function rulesOf(logic: Json, path: string, when: Alternatives, around: Surroundings): RuleInput[] {
  if (logic === null) return serve(when, around.otherwise)
  if (typeof logic !== 'object') {
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
    const all = fractionsIn(operands)
    const weights = weightsOf(all, around)
    const isWeighed = weights !== undefined && !when.some((each) => each.some((part) => 'ranges' in part))
    if (all.total > 0 && isWeighed) {
      const bucketing = { scheme: 'flagd' as const, hash: all.hash }
      return when.map((each) => ({ ...headOf(each), bucketing, serve: weights }))
    }
    const rules = all.parts.flatMap((part, index) => {
      if (part.weight === 0) return []
      const place = placeOf([part], all.hash, false)
      return rulesOf(part.named, `${path}[${index}]`, allOf([when, [[place]]]), around)
    })
    return [...rules, ...serve(when, around.otherwise)]
  } catch (error) {
    if (!(error instanceof Untranslatable)) throw error
    around.lose(path, error.message)
    return serve(when, around.otherwise)
  }
}

/**
 * The parts as weights of variants; undefined where a part is not a plain variant, or there twice, or where its name
 * looks like a number: such names would not keep their order.
 */
function weightsOf({ parts }: Fractions, around: Surroundings): Record<string, number> | undefined {
  const weights: Record<string, number> = {}
  for (const { named, weight } of parts) {
    const isPlain = named === null || typeof named === 'string' || typeof named === 'boolean'
    const variant = named === null ? around.otherwise : String(named)
    const isFit = isPlain && around.variants.includes(variant) && !/^\d+$/.test(variant)
    if (!isFit || Object.hasOwn(weights, variant)) return undefined
    weights[variant] = weight
  }
  return weights
}

function serve(when: Alternatives, variant: string): RuleInput[] {
  return when.map((alternative) => ({ ...headOf(alternative), serve: variant }))
}

/** The logic with what `$ref` names in its place, and the flag's key where it is asked for. */
export function resolved(
  logic: Json,
  key: string,
  evaluators: Readonly<Record<string, Json>>,
  depth = 0,
): Json {
  if (depth > MOST_REFERENCES) throw new Untranslatable('a "$ref" that leads back to itself')
  if (Array.isArray(logic)) return logic.map((each) => resolved(each as Json, key, evaluators, depth))
  if (typeof logic !== 'object' || logic === null) return logic
  const operation = operationIn(logic)
  if (operation?.op === '$ref') {
    const [name] = operation.operands
    const found = typeof name === 'string' && Object.hasOwn(evaluators, name) ? evaluators[name] : undefined
    if (found === undefined)
      throw new Untranslatable(`"$ref" names ${JSON.stringify(name)}, which is not there`)
    return resolved(found, key, evaluators, depth + 1)
  }
  if (operation?.op === 'var' && operation.operands[0] === '$flagd.flagKey') return key
  const inside = Object.fromEntries(
    Object.entries(logic).map(([op, value]) => [op, resolved(value as Json, key, evaluators, depth)]),
  )
  const isUnnamed = operation?.op === 'fractional' && Array.isArray(operation.operands[0])
  return isUnnamed ? { fractional: [{ [DEFAULT_HASH]: key }, ...(inside.fractional as Json[])] } : inside
}
