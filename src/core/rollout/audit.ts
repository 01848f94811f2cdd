import type { CommandKind } from './commands.ts'

export type AuditAction =
  | CommandKind
  | 'document-published'
  | 'document-restored'
  | 'document-adopted'
  | 'document-refused'
  | 'kill-list'
  | 'preview-created'
  | 'token-created'
  | 'token-revoked'
  | 'login-refused'
  | 'call-refused'
  | 'webhook-tested'

/** Who or what changed the state of the gate, when, why, on what evidence, from what to what. */
export type AuditRecord = {
  atMs: number
  /** `guard`, `rollout`, `kv`, or the name of a person's token. */
  actor: string
  action: AuditAction
  flag: string | undefined
  reason: string
  evidence: unknown
  before: unknown
  after: unknown
}
