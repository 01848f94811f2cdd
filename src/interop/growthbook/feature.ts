/** One feature of GrowthBook as a flag of the document. */

import type { FlagInput, RuleInput } from '../../core/config/schema/document.ts'
import { staticContext } from '../../core/context/attributes.ts'
import { holds } from '../../core/flags/conditions.ts'
import type { Json } from '../../core/flags/flag.ts'
import { compileOperator } from '../../core/flags/operators.ts'
import { ownOf } from '../../core/json-object.ts'
import { type Alternatives, allOf, headOf, Untranslatable } from '../alternatives.ts'
import { variantNames } from '../variant-names.ts'
import { conditionHolds } from './conditions.ts'
import type { GrowthBookFeature, GrowthBookFile, GrowthBookRule } from './file.ts'
import { coverageOf, filtersOf, namespaceOf, placed, rangesOf } from './places.ts'

export type Surroundings = {
  key: string
  file: GrowthBookFile
  /** New keys by GrowthBook's. */
  nameOf(key: string): string | undefined
  lose(path: string, what: string): void
}

type Requirement = Exclude<NonNullable<FlagInput['requires']>[number], string>

export function translateFeature(feature: GrowthBookFeature, around: Surroundings): FlagInput {
  const variants = variantsOf(feature)
  const { requires, isBlocked } = requirementsOf(feature, around)
  const isSeparate = needsSeparateOff(around.key, feature, around.file)
  const own = variants.nameOf(feature.defaultValue)
  const off = isSeparate ? variants.free : own
  const rules = isBlocked ? [] : feature.rules.flatMap((rule, index) => rulesOf(rule, index, feature, around))
  return {
    variants: { ...variants.values, ...(isSeparate && { [off]: null }) },
    off,
    ...(requires.length > 0 && { requires }),
    rules: [...rules, ...(isSeparate && !isBlocked ? [{ name: 'default', serve: own }] : [])],
  }
}

/** Without a prerequisite a feature has no value, not its default one; and a parent's default one may meet a condition. */
function needsSeparateOff(key: string, feature: GrowthBookFeature, { features }: GrowthBookFile): boolean {
  const parents = (rules: readonly GrowthBookRule[]) => rules.flatMap((rule) => rule.parentConditions ?? [])
  const isParent = Object.values(features).some(({ rules }) => parents(rules).some(({ id }) => id === key))
  return isParent || parents(feature.rules).length > 0
}

/** Every value that a feature can have, once, under a name. */
function variantsOf({ defaultValue, rules }: GrowthBookFeature) {
  const all = [
    defaultValue,
    ...rules.flatMap((rule) => ('force' in rule ? [rule.force] : (rule.variations ?? []))),
  ]
  const texts = [...new Set(all.map((value) => JSON.stringify(value ?? null)))]
  const names = variantNames(texts.map((text) => JSON.parse(text) as unknown))
  const byText = new Map(texts.map((text, index) => [text, names[index] ?? text]))
  return {
    values: Object.fromEntries(texts.map((text, index) => [names[index], JSON.parse(text) as Json])),
    nameOf: (value: unknown) => byText.get(JSON.stringify(value ?? null)) ?? '',
    free: names.includes('off') ? 'off~none' : 'off',
  }
}

type Requirements = { requires: Requirement[]; isBlocked: boolean }

/** Prerequisites of the whole feature, which GrowthBook asks in the first rules; or that it can never have a value. */
function requirementsOf(feature: GrowthBookFeature, around: Surroundings): Requirements {
  const requires: Requirement[] = []
  for (const [index, rule] of feature.rules.entries()) {
    const gates = (rule.parentConditions ?? []).filter(({ gate }) => gate)
    const path = `.rules[${index}].parentConditions`
    try {
      const before = feature.rules.slice(0, index)
      if (gates.length > 0 && before.some(({ parentConditions }) => !parentConditions?.length)) {
        throw new Untranslatable('a prerequisite behind other rules')
      }
      for (const gate of gates) {
        const required = requirementOf(gate, around)
        if (required === 'never') return { requires, isBlocked: true }
        if (required !== 'always') requires.push(required)
      }
    } catch (error) {
      if (!(error instanceof Untranslatable)) throw error
      around.lose(path, error.message)
      return { requires, isBlocked: true }
    }
  }
  return { requires, isBlocked: false }
}

type ParentCondition = NonNullable<GrowthBookRule['parentConditions']>[number]

function requirementOf(
  { id, condition = {} }: ParentCondition,
  around: Surroundings,
): Requirement | 'always' | 'never' {
  const parent = ownOf(around.file.features, id)
  const flag = around.nameOf(id)
  const isMetByNothing = isMetBy(null, condition, around)
  if (parent === undefined || flag === undefined) return isMetByNothing ? 'always' : 'never'
  if (canBeNothing(parent) && isMetByNothing) {
    throw new Untranslatable('a prerequisite that is met where its feature has no value')
  }
  const { values, nameOf } = variantsOf(parent)
  const variants = Object.values(values)
    .filter((value) => isMetBy(value, condition, around))
    .map(nameOf)
  return variants.length === 0 ? 'never' : { flag, variants }
}

/** Whether a feature can have no value, because of its prerequisites. */
function canBeNothing({ rules }: GrowthBookFeature): boolean {
  return rules.some(({ parentConditions }) => parentConditions?.some(({ gate }) => gate))
}

/** Whether a value meets a condition on `value`, as the gate's own conditions answer. */
function isMetBy(
  value: unknown,
  condition: Readonly<Record<string, unknown>>,
  { file }: Surroundings,
): boolean {
  const isPlain = value === null || ['string', 'number', 'boolean'].includes(typeof value)
  if (!isPlain) throw new Untranslatable('a prerequisite on a feature whose values are objects')
  const context = staticContext(
    undefined,
    value === null ? {} : { value: value as string | number | boolean },
  )
  return conditionHolds(condition, file.savedGroups).some((alternative) =>
    alternative.every((part) => {
      if (!('op' in part)) return false
      const { attribute, op, negate = false, ignoreCase = false, values = [], type } = part
      const compiled = compileOperator(op, values, part)
      if ('problem' in compiled) return false
      return holds(
        { attribute, op, negate, ignoreCase, values, type, predicate: compiled.predicate },
        context,
      )
    }),
  )
}

function rulesOf(
  rule: GrowthBookRule,
  index: number,
  feature: GrowthBookFeature,
  around: Surroundings,
): RuleInput[] {
  const name = rule.name || `rule ${index + 1}`
  try {
    if (rule.parentConditions?.some(({ gate }) => !gate)) {
      throw new Untranslatable('a prerequisite of a rule alone')
    }
    const condition = rule.condition ? [conditionHolds(rule.condition, around.file.savedGroups)] : []
    const { nameOf } = variantsOf(feature)
    const always = [...condition, ...filtersOf(rule)]
    if ('force' in rule) {
      const when = allOf([...always, ...coverageOf(rule, rule.seed || around.key)])
      return served(when, name, nameOf(rule.force))
    }
    return experimentRules(rule, name, allOf([...always, ...namespaceOf(rule)]), nameOf, around)
  } catch (error) {
    if (!(error instanceof Untranslatable)) throw error
    around.lose(`.rules[${index}]`, error.message)
    return []
  }
}

/** One rule for each variation; visitors outside of all go on to the next rule. */
function experimentRules(
  rule: GrowthBookRule,
  name: string,
  when: Alternatives,
  nameOf: (value: unknown) => string,
  { key }: Surroundings,
): RuleInput[] {
  if (rule.contextualBanditRef !== undefined) throw new Untranslatable('a contextual bandit')
  const variations = rule.variations ?? []
  // GrowthBook runs no experiment of fewer.
  if (variations.length < 2) return []
  const hashed = {
    seed: rule.seed || rule.key || key,
    attribute: rule.hashAttribute,
    version: rule.hashVersion || 1,
  }
  const ranges = rangesOf(rule, variations.length)
  return variations.flatMap((value, index) => {
    const own = ranges[index]
    if (own === undefined || rule.meta?.[index]?.passthrough) return []
    const variant = nameOf(value)
    return served(allOf([when, placed(hashed, own)]), `${name}: ${variant}`, variant)
  })
}

function served(when: Alternatives, name: string, serve: string): RuleInput[] {
  return when.map((alternative) => ({ name, ...headOf(alternative), serve }))
}
