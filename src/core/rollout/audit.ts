import type { CommandKind } from './commands.ts'

/** Who or what changed the state of the gate, when, why, on what evidence, from what to what. */
export type AuditRecord = {
  atMs: number
  /** `guard`, `rollout`, `kv`, or the name of a person's token. */
  actor: string
  action: CommandKind | 'document-adopted' | 'document-refused' | 'kill-list'
  flag: string | undefined
  reason: string
  evidence: unknown
  before: unknown
  after: unknown
}
