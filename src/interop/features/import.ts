/** `sluice import features`: the simple flag file becomes a gate document that decides the same. */
import * as v from 'valibot'
import {
  jsonPath,
  type PathKey,
  type Problem,
  problem,
  problemsOfIssue,
} from '../../core/config/parse/problems.ts'
import { chainProblems } from '../../core/config/parse/requirement-chains.ts'
import type {
  ConditionInput,
  FlagInput,
  GateDocumentInput,
  RuleInput,
} from '../../core/config/schema/document.ts'
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
import {
  dateMs,
  FEATURE_KEYS,
  type Feature,
  type FeatureFile,
  featureSchema,
  featuresIn,
  hasZone,
  repeatedName,
} from './file.ts'

/** Where the file's words for a visitor are among the attributes. */
export type FeatureAttributes = { user: string; region: string; accountType: string; beta: string }

export const FEATURE_ATTRIBUTES: FeatureAttributes = {
  user: 'targetingKey',
  region: 'region',
  accountType: 'accountType',
  beta: 'beta',
}

/** What is known while a file is imported, and what has been found so far. */
type Import = {
  features: Map<string, Feature>
  keys: FlagKeys
  attributes: FeatureAttributes
  place: FeatureFile['place']
  losses: Loss[]
  notes: Note[]
}

const ON = 'on'
const OFF = 'off'

/** Imports the text of a flag file; `into` is the document that is to hold the flags, `renamed` new keys by old ones. */
export function importFeatures(
  text: string,
  into?: GateDocumentInput,
  attributes: FeatureAttributes = FEATURE_ATTRIBUTES,
  renamed: Renamed = {},
): Imported {
  const json = readSource(text)
  if (!json.ok) return json
  const file = featuresIn(json.value)
  if (file === undefined) {
    const fix = 'write {"my-flag": {"active": true}}'
    return { ok: false, problems: [problem([], json.value, 'an object of flags', fix)] }
  }
  const repeated = repeatedName(json.value)
  if (repeated !== undefined) {
    const fix = 'leave one of them'
    return { ok: false, problems: [problem([], repeated, 'each name once', fix)] }
  }
  const { features, problems } = parsedFeatures(file)
  if (problems.length > 0) return { ok: false, problems }
  const notes = [{ path: '$', text: attributesNote(attributes) }]
  const keys = flagKeysOf(features.keys(), renamed)
  const all: Import = { features, keys, attributes, place: file.place, losses: [], notes }
  noteBeside(file, all)
  for (const [name, named] of keys) {
    if ('key' in named) continue
    all.losses.push({ path: jsonPath(file.place(name)), ...named.unfit, instead: 'the flag is left out' })
    features.delete(name)
  }
  const flags = [...features].map(([name, feature]) => [
    keyIn(keys, name) ?? name,
    flagOf(name, feature, all),
  ])
  return documentOf(Object.fromEntries(flags), into, all)
}

function parsedFeatures(file: FeatureFile): { features: Map<string, Feature>; problems: Problem[] } {
  const features = new Map<string, Feature>()
  const problems: Problem[] = []
  for (const [name, value] of Object.entries(file.features)) {
    const parsed = v.safeParse(featureSchema, value)
    if (parsed.success) features.set(name, parsed.output)
    else
      problems.push(
        ...parsed.issues
          .flatMap((issue) => problemsOfIssue(issue))
          .map((each) => below(file.place(name), each)),
      )
  }
  // Cycles, also where a flag can never be on anyway, since it depends on one that does not exist.
  const requiring = [...features].map(
    ([name, { depends_on: requires = [] }]) => [name, { requires }] as const,
  )
  const cycles = chainProblems(Object.fromEntries(requiring), (name) => [...file.place(name), 'depends_on'])
  return { features, problems: [...problems, ...cycles] }
}

function below(place: readonly PathKey[], issue: Problem): Problem {
  return { ...issue, path: `${jsonPath(place)}${issue.path.slice(1)}` }
}

/** Objects beside the list of flags count as losses; plain values such as a version are only noted. */
function noteBeside({ beside }: FeatureFile, { losses, notes }: Import): void {
  for (const [key, value] of beside) {
    const path = jsonPath([key])
    if ((typeof value === 'object' && value !== null) || typeof value === 'boolean') {
      losses.push({ path, what: 'something beside the flags', instead: 'it is left out' })
    } else notes.push({ path, text: 'it stands beside the flags, and is left out' })
  }
}

function flagOf(name: string, feature: Feature, all: Import): FlagInput {
  const { features, attributes, notes, losses } = all
  const at = jsonPath(all.place(name))
  losses.push(...lossesOf(at, feature))
  const { activation_date: date, environments, depends_on: parents = [] } = feature
  if (date !== undefined && !hasZone(date)) {
    notes.push({ path: `${at}.activation_date`, text: `"${date}" has no time zone: taken as UTC` })
  }
  const startMs = date === undefined ? undefined : dateMs(date)
  const missing = parents.filter((parent) => !features.has(parent))
  for (const parent of missing) {
    notes.push({ path: `${at}.depends_on`, text: `it is never on: "${parent}" does not exist` })
  }
  if (environments !== undefined) {
    const text =
      'the environment of a gate is its ENVIRONMENT: "production" once deployed, "development" under `sluice dev` and `npm start` unless set'
    notes.push({ path: `${at}.environments`, text })
  }
  const guard = guardOf(at, feature, notes)
  return {
    ...describe(at, feature, losses),
    enabled: feature.active === true,
    variants: { [ON]: true, [OFF]: false },
    off: OFF,
    ...(environments && { environments }),
    ...(startMs !== undefined && { schedule: { start: new Date(startMs).toISOString() } }),
    ...(parents.length > 0 && missing.length === 0 && { requires: keysOf(parents, all) }),
    rules: missing.length > 0 ? [] : rulesOf(name, feature, attributes),
    ...(guard && { guard }),
  }
}

function keysOf(names: readonly string[], { keys }: Import): string[] {
  return [...new Set(names)].map((name) => keyIn(keys, name) ?? name)
}

/** Listed users, then visitors without any context, then all others by conditions and percentage. */
function rulesOf(
  name: string,
  feature: Feature,
  { user, region, accountType, beta }: FeatureAttributes,
): RuleInput[] {
  const { users = [], regions, account_types: types, beta_program } = feature
  const percentage = feature.percentage_rollout && roundedPercentage(feature.percentage_rollout)
  const when: ConditionInput[] = []
  const matchesNone = regions?.length === 0 || types?.length === 0
  if (regions !== undefined) when.push({ attribute: region, op: 'in', values: regions })
  if (types !== undefined) when.push({ attribute: accountType, op: 'in', values: types })
  if (beta_program === true) when.push({ attribute: beta, op: 'in', values: [true] })
  const others: RuleInput = {
    name: 'everyone else',
    ...(when.length > 0 && { when }),
    ...(percentage !== undefined && { percentage, bucketing: bucketingOf(name, user) }),
    serve: ON,
  }
  if (when.length === 0 && percentage === undefined) return [{ name: 'everybody', serve: ON }]
  const absent = [user, region, accountType, beta].map(
    (attribute): ConditionInput => ({ attribute, op: 'exists', negate: true }),
  )
  return [
    ...(users.length > 0
      ? [{ name: 'users', when: [{ attribute: user, op: 'in' as const, values: users }], serve: ON }]
      : []),
    { name: 'no context', when: absent, serve: ON },
    ...(matchesNone ? [] : [others]),
  ]
}

/** The file's own hash, so that visitors keep their place. */
function bucketingOf(name: string, user: string): RuleInput['bucketing'] {
  return { scheme: 'features', salt: name, ...(user !== FEATURE_ATTRIBUTES.user && { attribute: user }) }
}

/** Plain counts, as the file has them, and nothing that compares. */
function guardOf(at: string, feature: Feature, notes: Note[]): FlagInput['guard'] {
  const { error_threshold: errors, performance_baseline: seconds, performance_threshold: count } = feature
  if ((seconds === undefined) !== (count === undefined)) {
    const text = 'performance_baseline and performance_threshold do nothing one without the other'
    notes.push({ path: at, text })
  }
  const slow =
    seconds !== undefined && count !== undefined ? { count, baselineMs: seconds * 1_000 } : undefined
  if (errors === undefined && slow === undefined) return undefined
  return { thresholds: { ...(errors !== undefined && { errors }), ...(slow && { slow }) } }
}

type Described = Pick<FlagInput, 'description' | 'owner' | 'metadata'>

function describe(at: string, feature: Feature, losses: Loss[]): Described {
  const { description, owner, ...others } = feature.metadata ?? {}
  const metadata: Record<string, string | number | boolean> = {}
  const lose = (name: string, what: string) => {
    const path = `${at}.metadata${jsonPath([name]).slice(1)}`
    losses.push({ path, what, instead: 'it is left out' })
  }
  for (const [name, value] of Object.entries(others)) {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      metadata[name] = value
    } else if (value !== null) lose(name, 'metadata that is not a plain value')
  }
  for (const [name, value] of Object.entries({ description, owner })) {
    const isText = value === undefined || value === null || typeof value === 'string'
    if (!isText) lose(name, `"${name}" that is not a text`)
  }
  return {
    ...(typeof description === 'string' && { description }),
    ...(typeof owner === 'string' && { owner }),
    ...(Object.keys(metadata).length > 0 && { metadata }),
  }
}

function lossesOf(at: string, feature: Feature): Loss[] {
  const losses: Loss[] = Object.keys(feature)
    .filter((key) => !FEATURE_KEYS.has(key))
    .map((key) => ({
      path: `${at}${jsonPath([key]).slice(1)}`,
      what: 'a key that the format does not have',
      instead: 'it is left out',
    }))
  if (feature.active === undefined) {
    losses.push({ path: at, what: '"active" is missing', instead: 'the flag is off' })
  }
  return losses
}

/** Percentages go down to 0.001 here. Places are whole percents: rounding up moves no visitor. */
function roundedPercentage(percentage: number): number {
  const rounded = Math.round(percentage * 1_000) / 1_000
  return rounded === percentage ? rounded : Math.ceil(percentage * 1_000) / 1_000
}

function attributesNote({ user, region, accountType, beta }: FeatureAttributes): string {
  return `users are compared with the attribute "${user}", regions with "${region}", account types with "${accountType}", beta users with "${beta}": say in "context" where they are in a request`
}
