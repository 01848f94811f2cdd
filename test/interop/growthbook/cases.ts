/** GrowthBook's language-neutral cases (its `cases.json`), through the importer and the evaluator. */
import { isDeepStrictEqual } from 'node:util'
import { attributesIn } from '../../../src/api/flags/given-attributes.ts'
import { importGrowthBook } from '../../../src/interop/growthbook/import.ts'
import { deciderFor, documentIn } from '../decider.ts'

type Json = Record<string, unknown>
/** What a case comes to: a text says what the import lists, or why it is about something else. */
export type CaseResult = { name: string } & (
  | { outcome: 'pass' }
  | { outcome: 'listed' | 'elsewhere'; why: string }
  | { outcome: 'fail'; expected: unknown; found: unknown }
)

/** A feature with a payload around it, who asks, and the value that is expected. */
type Question = { payload: Json; key: string; attributes: Json; expected: unknown } | { elsewhere: string }
type Case = readonly unknown[]

const KEY = 'feature'

/** What the SDK is told in an app, and a payload has no place for. */
const IN_THE_APP = [
  'forcedVariations',
  'qaMode',
  'url',
  'enabled',
  'overrides',
  'groups',
  'forcedFeatureValues',
]
const IN_AN_EXPERIMENT = ['include', 'url', 'urlPatterns', 'groups', 'force', 'active', 'status', 'manual']

const QUESTIONS: Readonly<Record<string, (each: Case) => Question>> = {
  evalCondition: ([, condition, attributes, expected, savedGroups = {}]) => ({
    payload: {
      features: { [KEY]: { defaultValue: false, rules: [{ condition, force: true }] } },
      savedGroups,
    },
    key: KEY,
    attributes: attributes as Json,
    expected,
  }),
  feature: ([, context, key, result]) => {
    const { features = {}, savedGroups = {}, attributes = {}, ...more } = context as Json
    const told = Object.keys(more).find((each) => IN_THE_APP.includes(each))
    if (told !== undefined) return { elsewhere: `"${told}", which an app tells the SDK` }
    const { value } = result as Json
    return {
      payload: { features, savedGroups },
      key: String(key),
      attributes: attributes as Json,
      expected: value,
    }
  },
  run: ([, context, experiment, value, isIn]) => {
    const { attributes = {}, savedGroups = {}, ...more } = context as Json
    const told = Object.keys(more).find((each) => IN_THE_APP.includes(each))
    const own = Object.keys(experiment as Json).find((each) => IN_AN_EXPERIMENT.includes(each))
    if (told ?? own) return { elsewhere: `"${told ?? own}", which an app tells the SDK` }
    const rules = [experiment]
    const payload = { features: { [KEY]: { defaultValue: null, rules } }, savedGroups }
    return { payload, key: KEY, attributes: attributes as Json, expected: isIn === true ? value : null }
  },
  hash: ([seed, id, hashVersion, place]) => {
    const from = typeof place === 'number' ? place : 0
    const rules = [{ force: true, seed: seed || 'x', hashVersion, range: [from, from + 0.0001] }]
    if (seed === '') return { elsewhere: 'an empty seed, which a rule replaces with the key' }
    const payload = { features: { [KEY]: { defaultValue: false, rules } } }
    return { payload, key: KEY, attributes: { id }, expected: typeof place === 'number' }
  },
  inNamespace: ([, id, namespace, expected]) => {
    const rules = [{ variations: [true, true], namespace, key: 'x' }]
    return {
      payload: { features: { [KEY]: { defaultValue: false, rules } } },
      key: KEY,
      attributes: { id },
      expected,
    }
  },
}

/** The results of all cases, by their kind. */
export function resultsOf(cases: Readonly<Record<string, unknown>>): Record<string, CaseResult[]> {
  const kinds = Object.entries(cases).filter(([, list]) => Array.isArray(list))
  return Object.fromEntries(
    kinds.map(([kind, list]) => {
      const question = Object.hasOwn(QUESTIONS, kind) ? QUESTIONS[kind] : undefined
      const isCase = (each: unknown): each is Case => Array.isArray(each)
      return [kind, (list as unknown[]).filter(isCase).map((each) => resultOf(each, question))]
    }),
  )
}

function resultOf(each: Case, question: ((each: Case) => Question) | undefined): CaseResult {
  const name = each
    .slice(0, 3)
    .filter((part) => typeof part === 'string')
    .join(', ')
  if (question === undefined) return { name, outcome: 'elsewhere', why: 'the SDK, not the flags' }
  const asked = question(each)
  if ('elsewhere' in asked) return { name, outcome: 'elsewhere', why: asked.elsewhere }
  const imported = importGrowthBook(JSON.stringify(asked.payload))
  if (!imported.ok) {
    const [problem] = imported.problems
    return { name, outcome: 'listed', why: `the file is refused: it needs ${problem?.expected}` }
  }
  const [loss] = imported.losses
  const { id, ...rest } = asked.attributes
  const decision = deciderFor(documentIn(imported))(asked.key, {
    ...(id !== undefined && id !== null && { targetingKey: String(id) }),
    attributes: attributesIn(rest),
  })
  const found = decision?.value ?? null
  if (isDeepStrictEqual(found, asked.expected)) return { name, outcome: 'pass' }
  if (typeof id === 'string' && /^\d+$/.test(id))
    return {
      name,
      outcome: 'elsewhere',
      why: 'a text that looks like a number as id: a targeting key is always a text',
    }
  if (loss !== undefined) return { name, outcome: 'listed', why: loss.what }
  return { name, outcome: 'fail', expected: asked.expected, found }
}
