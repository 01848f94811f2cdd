/**
 * `sluice import unleash`: what Unleash serves its clients becomes a gate document that decides the same, for the
 * same visitors.
 */
import * as v from 'valibot'
import { jsonPath, problem, problemsOfIssue } from '../../core/config/parse/problems.ts'
import type { FlagInput, GateDocumentInput } from '../../core/config/schema/document.ts'
import { isObject } from '../../core/json-object.ts'
import {
  documentOf,
  type FlagKeys,
  flagKeysOf,
  type Imported,
  keyIn,
  type Loss,
  type Note,
  type Renamed,
  readSource,
} from '../imported.ts'
import { clientForm } from './export-form.ts'
import { type TranslatedFeature, translateFeature } from './feature.ts'
import { collectState, stateSchema, type UnleashFeature, type UnleashState } from './state.ts'

type Requirement = NonNullable<FlagInput['requires']>[number]

/**
 * Imports the text of a state; `into` is the document that is to hold the flags, `renamed` new keys by old ones,
 * `environment` that of an export.
 */
export function importUnleash(
  text: string,
  into?: GateDocumentInput,
  renamed: Renamed = {},
  environment?: string,
): Imported {
  const json = readSource(text)
  if (!json.ok) return json
  const value = stateIn(json.value)
  const form = isObject(value) ? clientForm(value, environment) : { state: value, losses: [] }
  if ('expected' in form) return { ok: false, problems: [problem([], json.value, form.expected, 'name one')] }
  const parsed = v.safeParse(stateSchema, form.state)
  if (!parsed.success)
    return { ok: false, problems: parsed.issues.flatMap((issue) => problemsOfIssue(issue)) }
  const state = collectState(parsed.output)
  const translated = new Map(
    [...state.features].map(([name, feature]) => [name, translateFeature(feature, state.segments)]),
  )
  const keys = flagKeysOf(state.features.keys(), renamed)
  const found = { losses: [...form.losses], notes: [] as Note[] }
  const flags: Record<string, FlagInput> = {}
  for (const [name, feature] of state.features) {
    const path = jsonPath(['features', name])
    const one = translated.get(name)
    if (one === undefined) continue
    found.losses.push(...lossesOf(path, feature))
    found.notes.push(...notesOf(path, feature, one))
    const named = keys.get(name)
    if (named === undefined || 'unfit' in named) {
      if (named !== undefined) found.losses.push({ path, ...named.unfit, instead: 'the feature is left out' })
      continue
    }
    const requires = requirementsOf(feature, { state, translated, keys })
    if (typeof requires === 'string') {
      found.notes.push({ path, text: `it is never on: ${requires}` })
      flags[named.key] = { ...one.flag, rules: [] }
    } else flags[named.key] = { ...one.flag, ...(requires.length > 0 && { requires }) }
  }
  if (usesAttribute(flags, 'userId')) found.notes.push(USER_ID_NOTE)
  return documentOf(flags, into, found)
}

const USER_ID_NOTE: Note = {
  path: '$',
  text: '`userId` is what an app sends; for the gate itself, say in `context.targetingKey` where it is in a request',
}

/** Test files of Unleash's own specification keep the state under `state`. */
function stateIn(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'state' in value ? value.state : value
}

function lossesOf(path: string, feature: UnleashFeature): Loss[] {
  const losses: Loss[] = []
  for (const [index, strategy] of (feature.strategies ?? []).entries()) {
    const at = `${path}.strategies[${index}]`
    if (strategy.disabled) {
      const what = 'a disabled strategy, which Unleash would not serve to clients'
      losses.push({ path: at, what, instead: 'it is carried over as if it were enabled' })
    }
  }
  const all = [
    ...(feature.variants ?? []),
    ...(feature.strategies ?? []).flatMap(({ variants }) => variants ?? []),
  ]
  if (all.some(({ weight }) => !Number.isInteger(weight) || weight < 0)) {
    losses.push({ path, what: 'a weight that is not a whole number from 0', instead: 'nothing: correct it' })
  }
  return losses
}

function notesOf(path: string, feature: UnleashFeature, { unknownStrategies }: TranslatedFeature): Note[] {
  return unknownStrategies.map((index) => ({
    path: `${path}.strategies[${index}]`,
    text: `"${feature.strategies?.[index]?.name}" is not one of Unleash's own strategies: false, as for every client that doesn't bring it`,
  }))
}

type Known = {
  state: UnleashState
  translated: ReadonlyMap<string, TranslatedFeature>
  keys: FlagKeys
}

/** What the flag requires, or why it can never be on. */
function requirementsOf(
  feature: UnleashFeature,
  { state, translated, keys: flagKeys }: Known,
): Requirement[] | string {
  const requirements: Requirement[] = []
  for (const { feature: name, enabled, variants } of feature.dependencies ?? []) {
    const parent = state.features.get(name)
    const flag = keyIn(flagKeys, name)
    if (parent === undefined || flag === undefined) return `its parent "${name}" does not exist`
    if (parent.dependencies?.length) return `its parent "${name}" has a parent itself`
    if (enabled === false) requirements.push({ flag, on: false })
    else if (!variants?.length) requirements.push(flag)
    else {
      const keys = [
        ...new Set(variants.flatMap((variant) => translated.get(name)?.variants.keysOf(variant) ?? [])),
      ]
      if (keys.length === 0) return `its parent "${name}" has none of the variants that are asked for`
      requirements.push({ flag, variants: keys })
    }
  }
  return requirements
}

function usesAttribute(flags: Readonly<Record<string, FlagInput>>, attribute: string): boolean {
  return Object.values(flags).some(({ rules = [] }) =>
    rules.some(
      ({ when = [], bucketing }) =>
        when.some((condition) => condition.attribute === attribute) ||
        (bucketing?.scheme === 'unleash' && bucketing.stickiness.includes(attribute)),
    ),
  )
}
