/** `bucketing` of a rule: another system's way of placing visitors, for flags that moved in from there. */
import * as v from 'valibot'
import { strictObject } from './objects.ts'
import { name, nonEmpty } from './values.ts'

const stickiness = v.pipe(v.array(nonEmpty), v.minLength(1, 'at least one attribute'))

const override = strictObject({
  attribute: v.pipe(nonEmpty, v.description('Name of an attribute.')),
  values: v.pipe(v.array(v.string()), v.description('Values of which it must be one.')),
  serve: v.pipe(name, v.description('The variant that these visitors get, whatever the weights say.')),
})

const unleash = strictObject({
  scheme: v.pipe(v.literal('unleash'), v.description('Whose hash, groups and steps.')),
  group: v.pipe(v.string(), v.description('Hashed before the id, for the percentage.')),
  stickiness: v.pipe(
    stickiness,
    v.description('Attributes of which the first that is there is the id; `random` is a new id every time.'),
  ),
  variantGroup: v.optional(
    v.pipe(v.string(), v.description('Hashed before the id, for the weights. Default: `group`.')),
  ),
  variantStickiness: v.optional(
    v.pipe(stickiness, v.description('The same for the weights. Default: `stickiness`.')),
  ),
  overrides: v.optional(v.pipe(v.array(override), v.description('Visitors who are not weighed.')), []),
})

const flagd = strictObject({
  scheme: v.literal('flagd'),
  hash: v.pipe(
    v.array(
      v.union([
        strictObject({ text: v.string() }),
        strictObject({ attribute: nonEmpty, missing: v.optional(v.string()) }),
      ]),
    ),
    v.minLength(1, 'at least one part'),
    v.description(
      'What is hashed: fixed texts, and attributes by name, or `missing` in place of one that is.',
    ),
  ),
})

export const bucketing = v.variant('scheme', [unleash, flagd])
