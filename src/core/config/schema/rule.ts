/** Whom a flag gives what. */
import * as v from 'valibot'
import { OPERATORS } from '../../flags/operators.ts'
import { bucketing } from './bucketing.ts'
import { record, strictObject } from './objects.ts'
import { stage } from './rollout.ts'
import { name, nonEmpty, percentage } from './values.ts'

export const scalar = v.union([v.string(), v.number(), v.boolean()])

export const condition = strictObject({
  attribute: v.pipe(nonEmpty, v.description('Name of an attribute.')),
  op: v.pipe(v.picklist(OPERATORS), v.description('The operator.')),
  values: v.optional(
    v.pipe(v.array(scalar), v.description('What to compare with; any of them suffices.')),
    [],
  ),
  negate: v.optional(v.pipe(v.boolean(), v.description('Turns the answer round.')), false),
  ignoreCase: v.optional(
    v.pipe(v.boolean(), v.description('For text operators: upper and lower case are one.')),
    false,
  ),
})

const weights = v.pipe(
  record(name, v.pipe(v.number(), v.integer('a whole number'), v.minValue(0, 'a weight from 0'))),
  v.check((record) => Object.keys(record).length > 0, 'at least one variant with its weight'),
)

export const rule = strictObject({
  name: v.optional(v.pipe(nonEmpty, v.description('Shown in traces and on the dashboard.'))),
  when: v.optional(v.pipe(v.array(condition), v.description('Conditions, all of which must hold.')), []),
  percentage: v.optional(
    v.pipe(percentage, v.description('Share of those visitors for whom the rule matches.')),
  ),
  stages: v.optional(
    v.pipe(
      v.array(stage),
      v.minLength(1, 'at least one stage'),
      v.description('A gradual rollout. At most one rule of a flag has stages.'),
    ),
  ),
  serve: v.pipe(
    v.union([name, weights]),
    v.description(
      'A variant, or whole-number weights per variant that add up to 100 (or 1,000, 10,000, 100,000).',
    ),
  ),
  bucketing: v.optional(
    v.pipe(bucketing, v.description('Places visitors as the system that the rule came from does.')),
  ),
})
