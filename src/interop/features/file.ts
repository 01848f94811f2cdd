/** The simple flag file (`features_config.json`), as it is written: one plain object per flag. */

import * as v from 'valibot'
import type { PathKey } from '../../core/config/parse/problems.ts'
import { isObject } from '../../core/json-object.ts'

/** What is null isn't there. */
const maybe = <T extends v.GenericSchema>(schema: T) =>
  v.pipe(
    v.nullish(schema),
    v.transform((value) => value ?? undefined),
  )
const id = v.pipe(
  v.union([v.string(), v.number()]),
  v.transform((value) => String(value)),
)
const count = v.pipe(v.number(), v.integer('a whole number'), v.minValue(0, 'a whole number from 0'))

const feature = v.looseObject({
  active: maybe(v.boolean()),
  activation_date: maybe(
    v.pipe(
      v.string(),
      v.check((text) => dateMs(text) !== undefined, 'a date such as "2026-12-01" or "2026-12-01T09:00:00Z"'),
    ),
  ),
  environments: maybe(v.array(v.string())),
  depends_on: maybe(
    v.union([
      v.array(v.string()),
      v.pipe(
        v.string(),
        v.transform((name) => [name]),
      ),
    ]),
  ),
  users: maybe(v.array(id)),
  regions: maybe(v.array(v.string())),
  account_types: maybe(v.array(v.string())),
  beta_program: maybe(v.boolean()),
  percentage_rollout: maybe(
    v.pipe(
      v.number(),
      v.minValue(0, 'a percentage from 0 to 100'),
      v.maxValue(100, 'a percentage from 0 to 100'),
    ),
  ),
  error_threshold: maybe(count),
  performance_baseline: maybe(v.pipe(v.number(), v.gtValue(0, 'a number of seconds above 0'))),
  performance_threshold: maybe(count),
  metadata: maybe(v.record(v.string(), v.unknown())),
})

export type Feature = v.InferOutput<typeof feature>

/** The keys of the format. */
export const FEATURE_KEYS: ReadonlySet<string> = new Set(Object.keys(feature.entries))

/** The smallest flag is `true` or `false`. */
export const featureSchema = v.pipe(
  v.unknown(),
  v.transform((value) => (typeof value === 'boolean' ? { active: value } : value)),
  feature,
)

/** Keys under which the flags of a file may stand. */
const WRAPPERS = ['features', 'flags'] as const

/** The flags of a file by name, where each stands, and what stands beside them. */
export type FeatureFile = {
  features: Readonly<Record<string, unknown>>
  place(name: string): PathKey[]
  beside: readonly [string, unknown][]
}

/** Flag by flag, whether they stand at the top, under `features` or `flags`, or in a list with names. */
export function featuresIn(value: unknown): FeatureFile | undefined {
  if (!isObject(value)) return Array.isArray(value) ? byName(value, []) : undefined
  const wrapper = WRAPPERS.find((key) => wraps(value[key]))
  if (wrapper === undefined) {
    const { $schema, ...features } = value
    return { features, place: (name) => [name], beside: [] }
  }
  const inner = value[wrapper]
  const beside = Object.entries(value).filter(([key]) => key !== wrapper && key !== '$schema')
  if (!Array.isArray(inner)) {
    const features = inner as Record<string, unknown>
    return { features, place: (name) => [wrapper, name], beside }
  }
  const listed = byName(inner, [wrapper])
  return listed && { ...listed, beside }
}

/** Whether a value holds flags, and is none itself. */
function wraps(value: unknown): boolean {
  return Array.isArray(value) || (isObject(value) && (!('active' in value) || isObject(value.active)))
}

/** The name that several flags of a list share; undefined where none do. */
export function repeatedName(value: unknown): string | undefined {
  const inner = isObject(value) ? (value.features ?? value.flags) : value
  if (!Array.isArray(inner)) return undefined
  const names = inner.map((each) => String(isObject(each) ? each.name : ''))
  return names.find((name, index) => names.indexOf(name) !== index)
}

/** Milliseconds since 1970; a time without a zone is UTC. Undefined for what is no date. */
export function dateMs(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}([T ]|$)/.test(text)) return undefined
  const iso = text.replace(' ', 'T')
  const day = iso.slice(0, 10)
  // Of the 30th of February, Date would make a day in March.
  const isDay = new Date(`${day}T00:00:00Z`).toJSON()?.startsWith(day)
  if (!isDay) return undefined
  const ms = Date.parse(hasZone(iso) || iso.length === 10 ? iso : `${iso}Z`)
  return Number.isNaN(ms) ? undefined : ms
}

export function hasZone(text: string): boolean {
  return /(Z|[+-]\d{2}:?\d{2})$/i.test(text.slice(10))
}

function byName(list: readonly unknown[], at: readonly PathKey[]): FeatureFile | undefined {
  const entries = list.map((each) => (isObject(each) && typeof each.name === 'string' ? each : undefined))
  if (entries.some((entry) => entry === undefined)) return undefined
  const features = Object.fromEntries(
    entries.flatMap((entry) => (entry ? [[String(entry.name), without(entry, 'name')]] : [])),
  )
  return {
    features,
    place: (name) => [...at, entries.findIndex((entry) => entry?.name === name)],
    beside: [],
  }
}

function without(object: Record<string, unknown>, key: string): Record<string, unknown> {
  const { [key]: _, ...rest } = object
  return rest
}
