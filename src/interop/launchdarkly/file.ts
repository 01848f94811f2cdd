/** LaunchDarkly's flags and segments, as its SDKs and relay get them, or as its REST API exports them. */
import * as v from 'valibot'
import { isObject } from '../../core/json-object.ts'

const maybe = <T extends v.GenericSchema>(schema: T) =>
  v.pipe(
    v.nullish(schema),
    v.transform((value) => value ?? undefined),
  )
const texts = v.nullish(v.array(v.string()), [])
const kind = maybe(v.string())

const clause = v.object({
  attribute: v.nullish(v.string(), ''),
  op: v.string(),
  values: v.nullish(v.array(v.unknown()), []),
  negate: maybe(v.boolean()),
  contextKind: kind,
})
const target = v.object({ values: texts, variation: v.number(), contextKind: kind })
const rollout = v.object({
  kind,
  contextKind: kind,
  bucketBy: kind,
  seed: maybe(v.number()),
  variations: v.array(v.object({ variation: v.number(), weight: v.number(), untracked: maybe(v.boolean()) })),
})
const outcome = { variation: maybe(v.number()), rollout: maybe(rollout) }
const rule = v.object({ ...outcome, clauses: v.nullish(v.array(clause), []), description: kind })

const flagSchema = v.object({
  on: maybe(v.boolean()),
  salt: v.nullish(v.string(), ''),
  variations: v.array(v.unknown()),
  offVariation: maybe(v.number()),
  fallthrough: maybe(v.object(outcome)),
  prerequisites: v.nullish(v.array(v.object({ key: v.string(), variation: v.number() })), []),
  targets: v.nullish(v.array(target), []),
  contextTargets: v.nullish(v.array(target), []),
  rules: v.nullish(v.array(rule), []),
  names: v.nullish(v.array(v.unknown()), []),
  description: kind,
  tags: texts,
  deleted: maybe(v.boolean()),
  archived: maybe(v.boolean()),
})
const segmentTarget = v.object({ values: texts, contextKind: kind })
const segmentSchema = v.object({
  salt: v.nullish(v.string(), ''),
  included: texts,
  excluded: texts,
  includedContexts: v.nullish(v.array(segmentTarget), []),
  excludedContexts: v.nullish(v.array(segmentTarget), []),
  unbounded: maybe(v.boolean()),
  rules: v.nullish(
    v.array(
      v.object({
        clauses: v.nullish(v.array(clause), []),
        weight: maybe(v.number()),
        bucketBy: kind,
        rolloutContextKind: kind,
      }),
    ),
    [],
  ),
})

export const fileSchema = v.object({
  flags: v.record(v.string(), flagSchema),
  segments: v.record(v.string(), segmentSchema),
})

export type Clause = v.InferOutput<typeof clause>
export type Outcome = { variation?: number | undefined; rollout?: v.InferOutput<typeof rollout> | undefined }
export type LaunchDarklyFlag = v.InferOutput<typeof flagSchema>
export type Segment = v.InferOutput<typeof segmentSchema>
export type LaunchDarklyFile = v.InferOutput<typeof fileSchema>

/** Flags and segments by key, whatever form the file has; a text says why there are none. */
export function payloadIn(value: unknown, environment: string | undefined): unknown {
  const file = isObject(value) && isObject(value.data) ? value.data : value
  if (!isObject(file)) return 'an object with flags and segments'
  const values = isObject(file.flagValues) ? mapped(file.flagValues, alwaysOn) : undefined
  const full = byKey(file.flags ?? file.items)
  const flags = values || full ? { ...values, ...full } : undefined
  if (flags === undefined) return 'flags by key, or a list of them'
  const environments = new Set(
    Object.values(flags).flatMap((flag) =>
      isObject(flag) && isObject(flag.environments) ? Object.keys(flag.environments) : [],
    ),
  )
  const named = environment ?? (environments.size === 1 ? [...environments][0] : undefined)
  if (environments.size > 0 && (named === undefined || !environments.has(named))) {
    return `the name of an environment: say --environment ${[...environments].join(', or ')}`
  }
  return {
    flags: mapped(flags, (flag) => exportedFlag(flag, named)),
    segments: byKey(file.segments ?? []) ?? {},
  }
}

/** The REST API has what differs by environment in one place, and facts about each variation. */
function exportedFlag(flag: unknown, environment: string | undefined): unknown {
  if (!isObject(flag) || !isObject(flag.environments) || environment === undefined) return flag
  const { environments, variations, ...rest } = flag
  const facts = Array.isArray(variations) ? variations.filter(isObject) : []
  const own = environments[environment]
  return {
    ...rest,
    ...(isObject(own) && own),
    variations: facts.map((fact) => fact.value),
    names: facts.map((fact) => fact.name),
  }
}

/** The short form in files of its SDKs: a flag that has one value for everyone. */
function alwaysOn(value: unknown): object {
  return { on: true, variations: [value], fallthrough: { variation: 0 } }
}

function byKey(value: unknown): Record<string, unknown> | undefined {
  const list = isObject(value) && Array.isArray(value.items) ? value.items : value
  if (!Array.isArray(list)) return isObject(list) ? list : undefined
  return Object.fromEntries(list.filter(isObject).map((each) => [String(each.key), each]))
}

function mapped(object: Record<string, unknown>, change: (value: unknown) => unknown) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]))
}
