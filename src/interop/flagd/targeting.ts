/** flagd's targeting as rules: the first one that matches decides, so every branch ends in a rule that always does. */
import type { RuleInput } from '../../core/config/schema/document.ts'
import type { Json } from '../../core/flags/flag.ts'
import { ownOf } from '../../core/json-object.ts'
import { ALWAYS, type Alternatives, allOf, headOf, Untranslatable } from '../alternatives.ts'
import { alternativesOf, isAnswered } from './conditions.ts'
import { operationIn } from './file.ts'
import { type Fractions, fractionsIn, placeOf } from './fractions.ts'
import { attributeIn, DEFAULT_HASH } from './variables.ts'

export type Surroundings = {
  /** Names of the flag's variants here, by those that flagd knows. */
  variants: ReadonlyMap<string, string>
  /** The variant where targeting has no answer. */
  otherwise: string
  /** Rules that serve it for that reason: at the end of a flag they are left out, so that the reason is the default. */
  unanswered: Set<RuleInput>
  /** A variant without a value: flagd leaves the value to the app where the answer is none of the flag's variants. */
  noValue(path: string, answer: string): string
  /** Told of what can't be translated; it counts as false, or as no answer. */
  lose(path: string, what: string): void
}

/** A path of `$ref`s longer than this is a cycle. */
const MOST_REFERENCES = 32

/** The rules of a flag's whole targeting, without those that no visitor gets to. */
export function targetingRules(logic: Json, path: string, around: Surroundings): RuleInput[] {
  const rules = rulesOf(logic, path, ALWAYS, around)
  const last = rules.findIndex(({ when, bucketing }) => when === undefined && bucketing === undefined)
  const reached = last < 0 ? rules : rules.slice(0, last + 1)
  return reached.slice(0, reached.findLastIndex((rule) => !around.unanswered.has(rule)) + 1)
}

/** The rules for a piece of logic whose answer is a variant; `when` are the conditions under which it is asked. */
function rulesOf(logic: Json, path: string, when: Alternatives, around: Surroundings): RuleInput[] {
  if (logic === null) return unanswered(when, around)
  if (typeof logic !== 'object') return serve(when, named(String(logic), path, around))
  const { op, operands } = operationIn(logic) ?? { op: '', operands: [] }
  const [first = null, ...more] = operands
  const at = `${path}.${op}`
  switch (op) {
    case 'if':
    case '?:':
      return branches(operands, at, when, around)
    // The answer is the operand that decides.
    case 'and':
      if (more.length === 0) return rulesOf(first, `${at}[0]`, when, around)
      return branches([first, { and: more }, first], at, when, around)
    case 'or':
      if (more.length === 0) return rulesOf(first, `${at}[0]`, when, around)
      return branches([first, first, { or: more }], at, when, around)
    case 'fractional':
      return fractions(operands, at, when, around)
    case 'var':
      return variable(logic, path, when, around)
    default:
      if (TRUTHS.has(op)) return truth(logic, path, when, around)
      around.lose(path, `the answer of ${op || 'this'}, which names no variant`)
      return unanswered(when, around)
  }
}

/** A variant of the flag, or one without a value. */
function named(variant: string, path: string, around: Surroundings): string {
  return around.variants.get(variant) ?? around.noValue(path, variant)
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
  if (operands.length % 2 === 0) rules.push(...unanswered(when, around))
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

/** Operations whose answer is true or false, and for some of them, nothing. */
const TRUTHS: ReadonlySet<string> = new Set(
  '! !! == === != !== < <= > >= in starts_with ends_with sem_ver'.split(' '),
)

/** A condition by itself answers with the variants "true" and "false". */
function truth(logic: Json, path: string, when: Alternatives, around: Surroundings): RuleInput[] {
  try {
    const answered = isAnswered(logic)
    const inside = allOf([when, answered])
    const isAlways = answered.some((alternative) => alternative.length === 0)
    return [
      ...serve(allOf([when, alternativesOf(logic)]), named('true', path, around)),
      ...serve(inside, named('false', path, around)),
      ...(isAlways ? [] : unanswered(when, around)),
    ]
  } catch (error) {
    if (!(error instanceof Untranslatable)) throw error
    around.lose(path, error.message)
    return unanswered(when, around)
  }
}

/** An attribute that names a variant. */
function variable(logic: Json, path: string, when: Alternatives, around: Surroundings): RuleInput[] {
  try {
    const attribute = attributeIn(logic) ?? ''
    const names = [...around.variants].flatMap(([said, variant]) =>
      serve(allOf([when, [[{ attribute, op: 'in', values: [said] }]]]), variant),
    )
    const other = `what "${attribute}" says`
    const others = serve(allOf([when, [[{ attribute, op: 'exists' }]]]), around.noValue(path, other))
    return [...names, ...others, ...unanswered(when, around)]
  } catch (error) {
    if (!(error instanceof Untranslatable)) throw error
    around.lose(path, error.message)
    return unanswered(when, around)
  }
}

function fractions(
  operands: readonly Json[],
  path: string,
  when: Alternatives,
  around: Surroundings,
): RuleInput[] {
  const chosen = withWeightsChosen(operands)
  if (chosen !== undefined) return branches(chosen, path, when, around)
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
    return [...rules, ...unanswered(when, around)]
  } catch (error) {
    if (!(error instanceof Untranslatable)) throw error
    around.lose(path, error.message)
    return unanswered(when, around)
  }
}

/** Where a weight is chosen by an `if`: the same `if` of fractions, each with one of the weights. */
function withWeightsChosen(operands: readonly Json[]): readonly Json[] | undefined {
  const weightIn = (operand: Json) => (Array.isArray(operand) ? (operand[1] as Json | undefined) : undefined)
  const index = operands.findIndex((operand) => operationIn(weightIn(operand) ?? null)?.op === 'if')
  const choice = operationIn(weightIn(operands[index] ?? null) ?? null)?.operands
  if (choice === undefined) return undefined
  const withWeight = (weight: Json): Json => ({
    fractional: operands.map(
      (operand, at): Json =>
        at === index && Array.isArray(operand) ? [operand[0] as Json, weight] : operand,
    ),
  })
  // Without a last branch, the weight is null, which is none: flagd gives no answer then.
  return choice.map((each, at) => {
    const isCondition = at % 2 === 0 && at < choice.length - 1
    return isCondition ? each : withWeight(each)
  })
}

/**
 * The parts as weights of variants; undefined where a part is not a plain variant, or there twice, or where its name
 * looks like a number: such names would not keep their order.
 */
function weightsOf({ parts }: Fractions, around: Surroundings): Record<string, number> | undefined {
  const weights: Record<string, number> = {}
  for (const { named: part, weight } of parts) {
    const isPlain = part === null || typeof part === 'string' || typeof part === 'boolean'
    const variant = part === null ? around.otherwise : around.variants.get(String(part))
    if (!isPlain || variant === undefined || /^\d+$/.test(variant)) return undefined
    if (Object.hasOwn(weights, variant)) return undefined
    weights[variant] = weight
  }
  return weights
}

function serve(when: Alternatives, variant: string): RuleInput[] {
  return when.map((alternative) => ({ ...headOf(alternative), serve: variant }))
}

function unanswered(when: Alternatives, around: Surroundings): RuleInput[] {
  const rules = serve(when, around.otherwise)
  for (const rule of rules) around.unanswered.add(rule)
  return rules
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
    const found = typeof name === 'string' ? ownOf(evaluators, name) : undefined
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
