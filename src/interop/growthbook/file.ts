/** What GrowthBook serves its SDKs (`/api/features/KEY`). */
import * as v from 'valibot'
import { isObject } from '../../core/json-object.ts'

const maybe = <T extends v.GenericSchema>(schema: T) =>
  v.pipe(
    v.nullish(schema),
    v.transform((value) => value ?? undefined),
  )
const object = v.record(v.string(), v.unknown())
const range = v.tuple([v.number(), v.number()])

const rule = v.looseObject({
  condition: maybe(object),
  parentConditions: maybe(
    v.array(v.object({ id: v.string(), condition: maybe(object), gate: maybe(v.boolean()) })),
  ),
  force: v.optional(v.unknown()),
  variations: maybe(v.array(v.unknown())),
  weights: maybe(v.array(v.number())),
  coverage: maybe(v.number()),
  range: maybe(range),
  ranges: maybe(v.array(range)),
  namespace: maybe(v.tuple([v.string(), v.number(), v.number()])),
  filters: maybe(
    v.array(
      v.object({
        seed: v.string(),
        attribute: maybe(v.string()),
        hashVersion: maybe(v.number()),
        ranges: v.array(range),
      }),
    ),
  ),
  key: maybe(v.string()),
  seed: maybe(v.string()),
  hashAttribute: maybe(v.string()),
  hashVersion: maybe(v.number()),
  name: maybe(v.string()),
  meta: maybe(v.array(v.looseObject({ passthrough: maybe(v.boolean()) }))),
  contextualBanditRef: maybe(v.unknown()),
})
const feature = v.object({ defaultValue: v.optional(v.unknown(), null), rules: v.nullish(v.array(rule), []) })

export const fileSchema = v.object({
  features: v.record(v.string(), feature),
  savedGroups: v.nullish(object, {}),
})

export type GrowthBookRule = v.InferOutput<typeof rule>
export type GrowthBookFeature = v.InferOutput<typeof feature>
export type GrowthBookFile = v.InferOutput<typeof fileSchema>

/** An app may keep the features alone, as its SDK takes them: by key, with nothing around them. */
export function payloadIn(value: unknown): unknown {
  if (!isObject(value) || isObject(value.features)) return value
  const all = Object.values(value)
  const isFeature = (each: unknown) => isObject(each) && ('defaultValue' in each || Array.isArray(each.rules))
  return all.length > 0 && all.every(isFeature) ? { features: value } : value
}
