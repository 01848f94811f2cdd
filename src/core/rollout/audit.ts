import type { CommandKind } from './commands.ts'

export type AuditAction =
  | CommandKind
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

/** A change of the gate's state: who or what, when, why, on what evidence, before and after. */
export type AuditRecord = {
  atMs: number
  /** `guard`, `rollout`, `kv`, or the name of an operator's token. */
  actor: string
  action: AuditAction
  flag: string | undefined
  reason: string
  evidence: unknown
  before: unknown
  after: unknown
}
