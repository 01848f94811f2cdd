/** The audit log and feedback. */
import * as v from 'valibot'
import { COMMANDS } from '../../core/rollout/commands.ts'
import { count, json, time } from './values.ts'

export const AUDIT_ACTIONS = [
  ...COMMANDS,
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
