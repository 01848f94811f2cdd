/** `bucketing` of a rule: the hash of the system from which the flag was imported. */
import * as v from 'valibot'
import { RANGE_ALGORITHMS } from '../../flags/range-bucketing.ts'
import { strictObject } from './objects.ts'
import { nonEmpty, variantName } from './values.ts'

const stickiness = v.pipe(v.array(nonEmpty), v.minLength(1, 'at least one attribute'))

const override = strictObject({
  attribute: nonEmpty,
  values: v.array(v.string()),
  serve: variantName,
})

const unleash = strictObject({
  scheme: v.literal('unleash'),
  group: v.string(),
  stickiness: stickiness,
  variantGroup: v.optional(v.string()),
  variantStickiness: v.optional(stickiness),
  overrides: v.optional(v.array(override), []),
})

const hash = v.pipe(
  v.array(
    v.union([
      strictObject({ text: v.string() }),
      strictObject({ attribute: nonEmpty, missing: v.optional(v.string()) }),
    ]),
  ),
  v.minLength(1, 'at least one part'),
)

const flagd = strictObject({ scheme: v.literal('flagd'), hash })

const features = strictObject({
  scheme: v.literal('features'),
  salt: v.string(),
  attribute: v.optional(nonEmpty, 'targetingKey'),
})

const ranges = strictObject({
  scheme: v.literal('ranges'),
  places: v.array(
    strictObject({
      algorithm: v.picklist(RANGE_ALGORITHMS),
      hash,
      ranges: v.array(v.tuple([v.number(), v.number()])),
      missing: v.optional(v.number()),
    }),
  ),
})

export const bucketing = v.variant('scheme', [unleash, flagd, features, ranges])
