/** A flag: what it can be, when, and for whom. */
import * as v from 'valibot'
import type { Json } from '../../flags/flag.ts'
import { guard } from './guard.ts'
import { record, strictObject } from './objects.ts'
import { rollout } from './rollout.ts'
import { rule, scalar } from './rule.ts'
import { dateTime, flagKey, name, nonEmpty } from './values.ts'

const json: v.GenericSchema<Json> = v.lazy(() =>
  v.union([v.null(), v.boolean(), v.number(), v.string(), v.array(json), record(v.string(), json)]),
)

export const requirement = strictObject({
  flag: v.pipe(flagKey, v.description('The flag that is required.')),
  on: v.optional(v.pipe(v.boolean(), v.description('False: it must not be on. Default true.')), true),
  variants: v.optional(
    v.pipe(
      v.array(name),
      v.minLength(1, 'at least one variant'),
      v.description('Variants of which it must serve one. Default: any but its `off`.'),
    ),
  ),
})

export const flag = strictObject({
  description: v.optional(v.pipe(v.string(), v.description('What the flag is for.'))),
  owner: v.optional(v.pipe(v.string(), v.description('Team or person to ask.'))),
  tags: v.optional(v.pipe(v.array(nonEmpty), v.description('Words to find the flag by.'))),
  expires: v.optional(
    v.pipe(dateTime, v.description('When the flag should be gone; it is listed as stale then.')),
  ),
  enabled: v.optional(v.pipe(v.boolean(), v.description('False: everybody gets `off`. Default true.')), true),
  variants: v.pipe(
    record(name, json),
    v.check((record) => Object.keys(record).length > 0, 'at least one variant'),
    v.description('Variant → value.'),
  ),
  off: v.pipe(name, v.description('The variant of everybody whom no rule matches.')),
  salt: v.optional(
    v.pipe(nonEmpty, v.description('What visitors are hashed with. Default: the key of the flag.')),
  ),
  environments: v.optional(
    v.pipe(v.array(nonEmpty), v.description('Where the flag can be on. Default: everywhere.')),
  ),
  schedule: v.optional(
    v.pipe(
      strictObject({ start: v.optional(dateTime), end: v.optional(dateTime) }),
      v.description('When the flag can be on: from `start`, until before `end`.'),
    ),
  ),
  requires: v.optional(
    v.pipe(
      v.array(v.union([flagKey, requirement])),
      v.description('Flags that must be on (serving another variant than their `off`).'),
    ),
    [],
  ),
  rules: v.optional(v.pipe(v.array(rule), v.description('The first rule that matches decides.')), []),
  rollout: v.optional(v.pipe(rollout, v.description('How the stages are climbed.'))),
  guard: v.optional(v.pipe(guard, v.description('What closes the flag by itself.'))),
  private: v.optional(
    v.pipe(v.boolean(), v.description('True: flag queries of browsers never show it. Default false.')),
    false,
  ),
  metadata: v.optional(
    v.pipe(record(nonEmpty, scalar), v.description('Plain facts that flag queries tell with the value.')),
    {},
  ),
})
