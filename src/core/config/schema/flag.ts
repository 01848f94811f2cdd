/** A flag: its variants, schedule and rules. */
import * as v from 'valibot'
import type { Json } from '../../flags/flag.ts'
import { guard } from './guard.ts'
import { experiment } from './metrics.ts'
import { record, strictObject } from './objects.ts'
import { rollout } from './rollout.ts'
import { rule, scalar } from './rule.ts'
import { dateTime, flagKey, nonEmpty, variantName } from './values.ts'

const json: v.GenericSchema<Json> = v.lazy(() =>
  v.union([v.null(), v.boolean(), v.number(), v.string(), v.array(json), record(v.string(), json)]),
)

export const requirement = strictObject({
  flag: flagKey,
  on: v.optional(v.boolean(), true),
  variants: v.optional(v.pipe(v.array(variantName), v.minLength(1, 'at least one variant'))),
})

export const flag = strictObject({
  description: v.optional(v.string()),
  owner: v.optional(v.string()),
  tags: v.optional(v.array(nonEmpty)),
  expires: v.optional(dateTime),
  enabled: v.optional(v.boolean(), true),
  variants: v.pipe(
    record(variantName, json),
    v.check((record) => Object.keys(record).length > 0, 'at least one variant'),
  ),
  off: variantName,
  salt: v.optional(nonEmpty),
  environments: v.optional(v.array(nonEmpty)),
  schedule: v.optional(strictObject({ start: v.optional(dateTime), end: v.optional(dateTime) })),
  requires: v.optional(v.array(v.union([flagKey, requirement])), []),
  rules: v.optional(v.array(rule), []),
  rollout: v.optional(rollout),
  guard: v.optional(guard),
  experiment: v.optional(experiment),
  private: v.optional(v.boolean(), false),
  metadata: v.optional(record(nonEmpty, scalar), {}),
})
