/**
 * `sluice import unleash`: what Unleash serves its clients becomes a gate document that decides the same, for the
 * same visitors.
 */
import * as v from 'valibot'
import { jsonPath, problemsOfIssue } from '../../core/config/parse/problems.ts'
import type { FlagInput, GateDocumentInput } from '../../core/config/schema/document.ts'
import { FLAG_KEY_SHAPE } from '../../core/config/schema/values.ts'
import { documentOf, type Imported, type Loss, type Note, readSource } from '../imported.ts'
import { type TranslatedFeature, translateFeature } from './feature.ts'
import { collectState, stateSchema, type UnleashFeature, type UnleashState } from './state.ts'

type Requirement = NonNullable<FlagInput['requires']>[number]

/** Imports the text of a state; `into` is the document that is to hold the flags. */
export function importUnleash(text: string, into?: GateDocumentInput): Imported {
  const json = readSource(text)
  if (!json.ok) return json
  const parsed = v.safeParse(stateSchema, stateIn(json.value))
  if (!parsed.success)
    return { ok: false, problems: parsed.issues.flatMap((issue) => problemsOfIssue(issue, [])) }
  const state = collectState(parsed.output)
  const translated = new Map(
    [...state.features].map(([name, feature]) => [name, translateFeature(feature, state.segments)]),
  )
  const found = { losses: [] as Loss[], notes: [] as Note[] }
  const flags: Record<string, FlagInput> = {}
  for (const [name, feature] of state.features) {
    const path = jsonPath(['features', name])
    const one = translated.get(name)
    if (one === undefined) continue
    found.losses.push(...lossesOf(path, feature))
    found.notes.push(...notesOf(path, feature, one))
    if (!FLAG_KEY_SHAPE.test(name)) continue
    const requires = requirementsOf(feature, state, translated)
    if (typeof requires === 'string') {
      found.notes.push({ path, text: `it is never on: ${requires}` })
      flags[name] = { ...one.flag, rules: [] }
    } else flags[name] = { ...one.flag, ...(requires.length > 0 && { requires }) }
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
  if (!FLAG_KEY_SHAPE.test(feature.name)) {
    const what = `"${feature.name}" can't be the key of a flag`
    losses.push({ path, what, instead: 'the feature is left out' })
  }
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

/** What the flag requires, or why it can never be on. */
function requirementsOf(
  feature: UnleashFeature,
  state: UnleashState,
  translated: ReadonlyMap<string, TranslatedFeature>,
): Requirement[] | string {
  const requirements: Requirement[] = []
  for (const { feature: name, enabled, variants } of feature.dependencies ?? []) {
    const parent = state.features.get(name)
    if (parent === undefined || !FLAG_KEY_SHAPE.test(name)) return `its parent "${name}" does not exist`
    if (parent.dependencies?.length) return `its parent "${name}" has a parent itself`
    if (enabled === false) requirements.push({ flag: name, on: false })
    else if (!variants?.length) requirements.push(name)
    else {
      const keys = [
        ...new Set(variants.flatMap((variant) => translated.get(name)?.variants.keysOf(variant) ?? [])),
      ]
      if (keys.length === 0) return `its parent "${name}" has none of the variants that are asked for`
      requirements.push({ flag: name, variants: keys })
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
