import { ATTRIBUTE_FAMILIES, BUILT_IN_ATTRIBUTES } from '../../src/core/context/attributes.ts'
import { OPERATORS } from '../../src/core/flags/operators.ts'
import type { JsonSchema } from './json-schema.ts'

const SECTIONS: readonly { title: string; path: string; intro: string }[] = [
  { title: 'Document', path: '', intro: 'The top level.' },
  { title: 'Origin', path: 'origins.*', intro: '`origins.<name>`: an upstream.' },
  {
    title: 'Origin header',
    path: 'origins.*.headers.*',
    intro: '`headers` of an origin: a text, or an object with this key.',
  },
  { title: 'Error page', path: 'errorPage', intro: '`errorPage`: what browsers get when no origin answers.' },
  { title: 'Context', path: 'context', intro: '`context`: identity and attributes of a visitor.' },
  { title: 'Identity', path: 'identity', intro: '`identity`: what the gate keeps in browsers.' },
  {
    title: 'Source',
    path: 'context.targetingKey',
    intro: 'Where a value comes from: one of these keys. The gate tries a list in order.',
  },
  { title: 'Token verification', path: 'context.jwt', intro: '`context.jwt`: how the gate verifies tokens.' },
  { title: 'Route', path: 'routes.[]', intro: '`routes[]`: the first match wins.' },
  {
    title: 'Copies of requests',
    path: 'routes.[].shadow',
    intro: '`shadow` of a route: how its requests are copied in a shadow stage (see [shadow](shadow.md)).',
  },
  { title: 'Flag', path: 'flags.*', intro: '`flags.<key>`.' },
  {
    title: 'Schedule',
    path: 'flags.*.schedule',
    intro: '`schedule` of a flag: it can be on from `start` until just before `end`.',
  },
  {
    title: 'Requirement',
    path: 'flags.*.requires.[]',
    intro: '`requires[]` of a flag: a flag key, or an object with conditions.',
  },
  { title: 'Rule', path: 'flags.*.rules.[]', intro: '`rules[]` of a flag.' },
  { title: 'Condition', path: 'flags.*.rules.[].when.[]', intro: '`when[]` of a rule.' },
  { title: 'Stage', path: 'flags.*.rules.[].stages.[]', intro: '`stages[]` of a rule.' },
  {
    title: 'Stage requirements',
    path: 'flags.*.rules.[].stages.[].require',
    intro: '`require` of a stage: what holds it besides the guard.',
  },
  {
    title: 'Path limit',
    path: 'flags.*.rules.[].stages.[].require.paths.[]',
    intro: '`require.paths[]` of a stage.',
  },
  { title: 'Bucketing', path: 'flags.*.rules.[].bucketing', intro: '`bucketing` of a rule.' },
  {
    title: 'Bucketing override',
    path: 'flags.*.rules.[].bucketing.overrides.[]',
    intro: '`bucketing.overrides[]` of a rule.',
  },
  {
    title: 'Bucketing hash',
    path: 'flags.*.rules.[].bucketing.hash.[]',
    intro: '`bucketing.hash[]` of a rule: fixed text, or an attribute.',
  },
  {
    title: 'Bucketing place',
    path: 'flags.*.rules.[].bucketing.places.[]',
    intro: '`bucketing.places[]` of a rule: ranges of a hash.',
  },
  {
    title: 'Rollout',
    path: 'flags.*.rollout',
    intro: '`rollout` of a flag: when and how its stages advance.',
  },
  { title: 'Window', path: 'flags.*.rollout.windows.[]', intro: '`rollout.windows[]`.' },
  { title: 'Guard', path: 'flags.*.guard', intro: '`guard` of a flag.' },
  { title: 'Guard of errors', path: 'flags.*.guard.errors', intro: '`guard.errors`, `{}` for the defaults.' },
  {
    title: 'Guard of latency',
    path: 'flags.*.guard.latency',
    intro: '`guard.latency`, `{}` for the defaults.',
  },
  {
    title: 'Guard of client errors',
    path: 'flags.*.guard.clientErrors',
    intro: '`guard.clientErrors`, `{}` for the defaults: answers that turn visitors away.',
  },
  { title: 'Guard of gRPC', path: 'flags.*.guard.grpc', intro: '`guard.grpc`: the header `grpc-status`.' },
  {
    title: 'Guard: advance',
    path: 'flags.*.guard.advance',
    intro: '`guard.advance`: `"time"`, or the limit of the test that the canary is not worse.',
  },
  {
    title: 'Guard of traffic',
    path: 'flags.*.guard.traffic',
    intro: '`guard.traffic`: how far completed page views of the canary may fall below control, in percent.',
  },
  {
    title: 'Guard of metrics',
    path: 'flags.*.guard.metrics.*',
    intro: '`guard.metrics.<name>`: how far a metric may fall behind control (see [metrics](metrics.md)).',
  },
  { title: 'Ceilings', path: 'flags.*.guard.ceilings', intro: '`guard.ceilings`.' },
  { title: 'Thresholds', path: 'flags.*.guard.thresholds', intro: '`guard.thresholds`.' },
  {
    title: 'Slow threshold',
    path: 'flags.*.guard.thresholds.slow',
    intro:
      '`guard.thresholds.slow`: more than `count` requests or reported durations above `baselineMs` roll the flag back.',
  },
  {
    title: 'Experiment',
    path: 'flags.*.experiment',
    intro: '`experiment` of a flag: which metrics compare which variants.',
  },
  {
    title: 'Metric',
    path: 'metrics.*',
    intro: '`metrics.<name>`: what visitors do (see [metrics](metrics.md)).',
  },
  {
    title: 'Request of a metric',
    path: 'metrics.*.request',
    intro: '`request` of a metric: which requests are events.',
  },
  { title: 'Freeze', path: 'freezes.[]', intro: '`freezes[]`: change freezes.' },
  { title: 'Publishing', path: 'publishing', intro: '`publishing`: how new documents take effect.' },
  { title: 'Governance', path: 'governance', intro: '`governance`: rules for all flags.' },
  { title: 'Bootstrap', path: 'bootstrap', intro: "`bootstrap`: the visitor's flags in HTML pages." },
  {
    title: 'Flag queries',
    path: 'flagQueries',
    intro: '`flagQueries`: who may query flags over OFREP and the Unleash API.',
  },
  { title: 'Notifications', path: 'notifications', intro: '`notifications`: who is told, and when.' },
  { title: 'Webhook', path: 'notifications.webhooks.[]', intro: '`notifications.webhooks[]`.' },
]

/** Objects that look like another one, which has the section. */
const TOLD_ELSEWHERE: ReadonlySet<string> = new Set([
  'context.targetingKey.[]',
  'context.attributes.*',
  'context.attributes.*.[]',
  'context.jwt.from',
  'context.jwt.from.[]',
  'context.jwt.jwks',
  'flags.*.rules.[].bucketing.places.[].hash.[]',
])

const OPERATOR_NOTES: Readonly<Record<string, string>> = {
  in: 'is equal to one of the values, compared as strings',
  not_in: 'is equal to none of the values; true for a missing attribute',
  starts_with: 'starts with one of the values',
  ends_with: 'ends with one of the values',
  contains: 'contains one of the values',
  matches:
    'matches one of the RE2 patterns anywhere (anchor with `^` and `$`). Of a longer text the first 4,096 characters count, and `$` does not match it; a pattern has at most 1,000 characters and classes, repetitions written out',
  eq: 'is the same number. For numbers, an empty string as the last value also accepts an empty attribute',
  gt: 'is a greater number',
  gte: 'is a greater or equal number',
  lt: 'is a smaller number',
  lte: 'is a smaller or equal number',
  before: 'is an earlier time',
  after: 'is a later time',
  semver_eq: 'is the same version (ignoring build metadata)',
  semver_gt: 'is a later version',
  semver_gte: 'is the same or a later version',
  semver_lt: 'is an earlier version',
  semver_lte: 'is the same or an earlier version',
  in_cidr: 'is an address inside one of the ranges, IPv4 or IPv6',
  exists: 'is present; takes no values',
}

/** The reference page of the gate document, in Markdown. */
export function referencePage(schema: JsonSchema): string {
  const lines = [
    '# Gate document reference',
    '',
    '<!-- Generated by `npm run generate` from src/core/config/schema/document.ts. Do not edit. -->',
    '',
    'A gate document is JSON; editors can use the JSON Schema `config/sluice.schema.json`. The gate refuses unknown keys,',
    'names that refer to nothing, cycles in `requires`, unreachable routes, and weights that do not add up. It reports each',
    'problem with its JSON path, what was found, what was expected, and how to fix it.',
    '',
  ]
  const objects = objectsIn(schema)
  const missing = [...objects.keys()].filter(
    (path) => !TOLD_ELSEWHERE.has(path) && !SECTIONS.some((section) => section.path === path),
  )
  if (missing.length > 0) throw new Error(`Cannot write the reference: no section for ${missing.join(', ')}`)
  for (const { title, path, intro } of SECTIONS) {
    const node = objects.get(path)
    if (node === undefined) throw new Error(`Cannot write the reference: the schema has no ${path}`)
    lines.push(`## ${title}`, '', intro, '', '| key | type | meaning |', '| --- | --- | --- |')
    for (const [key, property] of Object.entries(node.properties ?? {})) {
      const needed = node.required?.includes(key) ? '**required**' : ''
      lines.push(
        `| \`${key}\` | ${typeOf(property)} | ${[needed, descriptionOf(property)].filter(Boolean).join(' ')} |`,
      )
    }
    lines.push('')
  }
  lines.push(...attributeSection(), ...operatorSection())
  return `${lines.join('\n').trimEnd()}\n`
}

function attributeSection(): string[] {
  const rows = Object.entries(BUILT_IN_ATTRIBUTES).map(([name, text]) => `| \`${name}\` | ${text} |`)
  const families = ATTRIBUTE_FAMILIES.map((family) => `| \`${family}.<name>\` | the ${family} of that name |`)
  return [
    '## Attributes',
    '',
    'Available without configuration; `context.attributes` adds more.',
    '',
    '| attribute | meaning |',
    '| --- | --- |',
    ...rows,
    ...families,
    '',
  ]
}

function operatorSection(): string[] {
  return [
    '## Operators',
    '',
    'A missing attribute makes every operator false, except `not_in`. `negate` inverts the result afterwards.',
    '',
    '| operator | holds when the attribute |',
    '| --- | --- |',
    ...OPERATORS.map((operator) => `| \`${operator}\` | ${OPERATOR_NOTES[operator] ?? ''} |`),
    '',
  ]
}

/** Every object of the schema with its own keys, by its path; alternatives share the path. */
function objectsIn(schema: JsonSchema, path = '', found = new Map<string, JsonSchema>()) {
  const below = (step: string) => (path === '' ? step : `${path}.${step}`)
  if (schema.properties) found.set(path, together(found.get(path), schema))
  for (const [key, property] of Object.entries(schema.properties ?? {}))
    objectsIn(property, below(key), found)
  for (const alternative of alternativesOf(schema)) objectsIn(alternative, path, found)
  if (schema.items) objectsIn(schema.items, below('[]'), found)
  if (typeof schema.additionalProperties === 'object')
    objectsIn(schema.additionalProperties, below('*'), found)
  return found
}

function alternativesOf({ anyOf = [], oneOf = [] }: JsonSchema): JsonSchema[] {
  return [...anyOf, ...oneOf]
}

/** Objects of which one is to be written, as one table: a key is required where each of them requires it. */
function together(one: JsonSchema | undefined, other: JsonSchema): JsonSchema {
  if (one === undefined) return other
  const properties = { ...one.properties }
  for (const [key, property] of Object.entries(other.properties ?? {})) {
    const known = properties[key]
    const description = known?.description ?? property.description
    properties[key] =
      known === undefined ? property : { anyOf: [known, property], ...(description && { description }) }
  }
  return { properties, required: one.required?.filter((key) => other.required?.includes(key)) ?? [] }
}

function typeOf(schema: JsonSchema): string {
  if (schema.const !== undefined) return `\`${String(schema.const)}\``
  if (schema.enum) return schema.enum.map((value) => `\`${String(value)}\``).join(', ')
  const alternatives = alternativesOf(schema)
  if (alternatives.length > 0) return [...new Set(alternatives.map(typeOf))].join(' or ')
  if (schema.type === 'array') return `list of ${schema.items ? typeOf(schema.items) : 'anything'}`
  return schema.type ?? 'anything'
}

function descriptionOf(schema: JsonSchema): string {
  return (schema.description ?? '').replaceAll('|', '\\|')
}
