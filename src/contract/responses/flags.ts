/** Summaries of flags, and explanations of decisions. */
import * as v from 'valibot'
import { failureGroup, flagState, flagStatus } from './status.ts'
import { count, json, time } from './values.ts'

/** An arm at a glance; rate and latency are null without requests. */
const armGlance = v.strictObject({
  requests: count,
  errors: count,
  errorRate: v.nullable(v.number()),
  p95Ms: v.nullable(v.number()),
})

export const flagSummary = v.strictObject({
  key: v.string(),
  description: v.nullable(v.string()),
  owner: v.nullable(v.string()),
  tags: v.array(v.string()),
  enabled: v.boolean(),
  state: flagState,
  percentage: v.nullable(v.number()),
  stage: v.nullable(count),
  stages: count,
  /** The stages, in their order. */
  ladder: v.array(
    v.strictObject({
      percentage: v.number(),
      /** Of a shadow stage: the share of requests that is copied. */
      shadow: v.optional(v.number()),
      bakeMs: count,
      approval: v.boolean(),
      advance: v.picklist(['auto', 'manual']),
    }),
  ),
  /** Its stages advance by time alone: no test shows the canary to be not worse. */
  byTime: v.optional(v.literal(true)),
  /** How many rules it has; without any, all visitors get `off`. */
  rules: count,
  schedule: v.nullable(v.strictObject({ start: v.nullable(v.string()), end: v.nullable(v.string()) })),
  verdict: v.nullable(v.string()),
  waitingFor: v.nullable(v.string()),
  /** A flag of which this one requires what holds for no visitor: all get `off`. */
  unmet: v.optional(v.string()),
  paused: v.boolean(),
  frozen: v.boolean(),
  needsApproval: v.boolean(),
  needsOperator: v.boolean(),
  finished: v.boolean(),
  /** What happens next and when, or who has to do something for it: "25 % in about 12 min". Null where nothing does. */
  next: v.nullable(v.string()),
  /** Of the current generation, as in the status. */
  canary: armGlance,
  control: armGlance,
  other: armGlance,
  expires: v.nullable(v.string()),
  lastSeenAt: v.nullable(time),
  /** Why the flag should be cleaned up; empty if it needn't be. */
  stale: v.array(
    v.strictObject({ kind: v.picklist(['expired', 'finished', 'unused', 'ownerless']), text: v.string() }),
  ),
  /** Routes that the flag decides, as `host/path`. */
  routes: v.array(v.string()),
})

export const getFlag = v.strictObject({
  version: count,
  summary: flagSummary,
  definition: v.record(v.string(), json),
  status: flagStatus,
  /** What failed in the present attempt: a sample. */
  failures: v.array(failureGroup),
})

export const explanation = v.strictObject({
  flag: v.string(),
  variant: v.string(),
  value: json,
  reason: v.string(),
  rule: v.nullable(v.string()),
  arm: v.picklist(['canary', 'control', 'other']),
  /** Why, in one sentence. */
  sentence: v.string(),
  /** The checks before the rules, in order. */
  gates: v.array(v.strictObject({ gate: v.string(), passed: v.boolean(), detail: v.string() })),
  rules: v.array(
    v.strictObject({
      rule: v.string(),
      outcome: v.picklist(['served', 'conditions-not-met', 'outside-percentage', 'not-reached']),
      conditions: v.array(
        v.strictObject({
          attribute: v.string(),
          op: v.string(),
          values: v.array(json),
          negate: v.boolean(),
          found: json,
          holds: v.boolean(),
        }),
      ),
      percentage: v.nullable(v.number()),
      /** The visitor's position, 0–100; the rule matches below its percentage. */
      position: v.nullable(v.number()),
    }),
  ),
})

export const explain = v.strictObject({
  targetingKey: v.nullable(v.string()),
  /** Where the request would go; null without a request. */
  route: v.nullable(v.strictObject({ route: v.string(), origin: v.string(), flag: v.nullable(v.string()) })),
  flags: v.array(explanation),
})
