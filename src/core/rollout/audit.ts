import type { NotificationEvent } from '../config/schema/document.ts'
import type { CommandKind } from './commands.ts'

export type AuditAction =
  | CommandKind
  | Noted
  | 'document-published'
  | 'document-restored'
  | 'document-adopted'
  | 'document-refused'
  | 'rollout-changed'
  | 'kill-list'
  | 'kill-list-refused'
  | 'preview-created'
  | 'key-shown'
  | 'token-created'
  | 'token-revoked'
  | 'login-refused'
  | 'call-refused'
  | 'webhook-tested'
  | 'outcome-noted'

/** News that no command made, by the names that messages have. */
export const NOTED = [
  'hold',
  'approval-needed',
  'expiring',
  'expired',
  'metric',
  'guard-blind',
  'counts-missing',
  'kv-behind',
  'isolates-behind',
] as const satisfies readonly NotificationEvent[]
export type Noted = (typeof NOTED)[number]

/** Who changes something, why, and on what evidence. */
export type Cause = { actor: string; reason: string; evidence: unknown }

/** A change of the gate's state: who or what, when, why, on what evidence, before and after. */
export type AuditRecord = {
  atMs: number
  /** `guard`, `rollout`, `kv`, `gate`, or the name of an operator's token. */
  actor: string
  action: AuditAction
  flag: string | undefined
  reason: string
  evidence: unknown
  before: unknown
  after: unknown
}
