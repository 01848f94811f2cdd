import type { NotificationEvent } from '../config/schema/document.ts'
import { printableDeep, printableUpTo } from '../plain-text.ts'
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

/** A sentence, or a text of evidence. */
export const LONGEST_TEXT = 2_000

/** The record with its reason and evidence plain: names from outside are in both. Documents stay what they are. */
export function plainRecord(record: AuditRecord): AuditRecord {
  const { actor, reason, evidence } = record
  return {
    ...record,
    actor: printableUpTo(LONGEST_TEXT, actor),
    reason: printableUpTo(LONGEST_TEXT, reason),
    evidence: printableDeep(evidence, LONGEST_TEXT),
  }
}
