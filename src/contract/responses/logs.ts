/** The audit log and feedback. */
import * as v from 'valibot'
import { ENDINGS } from '../../core/rollout/attempt.ts'
import { NOTED } from '../../core/rollout/audit.ts'
import { COMMANDS } from '../../core/rollout/commands.ts'
import { getResults } from './results.ts'
import { failureGroup } from './status.ts'
import { count, json, time } from './values.ts'

export const AUDIT_ACTIONS = [
  ...COMMANDS,
  ...NOTED,
  'document-published',
  'document-restored',
  'document-adopted',
  'document-refused',
  'rollout-changed',
  'kill-list',
  'kill-list-refused',
  'preview-created',
  'key-shown',
  'token-created',
  'token-revoked',
  'login-refused',
  'call-refused',
  'webhook-tested',
  'outcome-noted',
] as const

export const listAudit = v.strictObject({
  records: v.array(
    v.strictObject({
      id: count,
      at: time,
      actor: v.string(),
      action: v.picklist(AUDIT_ACTIONS),
      flag: v.nullable(v.string()),
      reason: v.string(),
      evidence: json,
      before: json,
      after: json,
    }),
  ),
})

export const listFeedback = v.strictObject({
  feedback: v.array(
    v.strictObject({ id: count, at: time, flag: v.string(), variant: v.string(), text: v.string() }),
  ),
})

const armOutcome = v.strictObject({
  requests: count,
  errors: count,
  errorRate: v.nullable(v.number()),
  p50Ms: v.nullable(v.number()),
  p95Ms: v.nullable(v.number()),
})

export const outcome = v.strictObject({
  id: count,
  flag: v.string(),
  generation: count,
  startedAt: time,
  endedAt: time,
  ending: v.picklist(ENDINGS),
  /** Who or what ended it, and why. */
  actor: v.string(),
  reason: v.string(),
  /** Where it ended: the canary's share, and the index of the stage. */
  percentage: v.number(),
  stage: count,
  canary: armOutcome,
  control: armOutcome,
  /** What the guard said last; null without a guard. */
  verdict: v.nullable(v.string()),
  /** What failed: a sample. */
  failures: v.array(failureGroup),
  /** What copies of its shadow stage showed; null without one. */
  shadow: v.nullable(v.strictObject({ verdict: v.string(), sentence: v.string(), samples: count })),
  /** What its metrics have shown, without their course; missing where it measured nothing. */
  metrics: v.optional(getResults),
  note: v.nullable(v.strictObject({ text: v.string(), actor: v.string(), at: time })),
})

export const listOutcomes = v.strictObject({ outcomes: v.array(outcome) })
