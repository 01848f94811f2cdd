/** Rules: which visitors get which variant. */
import * as v from 'valibot'
import { ATTRIBUTE_TYPES, OPERATORS, VERSION_READINGS } from '../../flags/operators.ts'
import { bucketing } from './bucketing.ts'
import { record, strictObject } from './objects.ts'
import { stage } from './rollout.ts'
import { nonEmpty, percentage, variantName } from './values.ts'

export const scalar = v.union([v.string(), v.number(), v.boolean()])

export const condition = strictObject({
  attribute: nonEmpty,
  op: v.picklist(OPERATORS),
  values: v.optional(v.array(scalar), []),
  negate: v.optional(v.boolean(), false),
  ignoreCase: v.optional(v.boolean(), false),
  type: v.optional(v.picklist(ATTRIBUTE_TYPES)),
  versions: v.optional(v.picklist(VERSION_READINGS)),
})

const weights = v.pipe(
  record(
    variantName,
    v.pipe(v.number(), v.integer('a whole number'), v.minValue(0, 'a weight of at least 0')),
  ),
  v.check((record) => Object.keys(record).length > 0, 'at least one variant with a weight'),
)

export const rule = strictObject({
  name: v.optional(nonEmpty),
  when: v.optional(v.array(condition), []),
  percentage: v.optional(percentage),
  stages: v.optional(v.pipe(v.array(stage), v.minLength(1, 'at least one stage'))),
  serve: v.union([variantName, weights]),
  bucketing: v.optional(bucketing),
})
