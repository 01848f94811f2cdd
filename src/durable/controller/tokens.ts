/** Who may use the admin API: each token that is given or taken back leaves its audit record. */
import type { AuditLog } from '../storage/audit-log.ts'
import { type TokenInfo, TokenStore } from '../storage/token-store.ts'

export class TokenDesk {
  readonly #tokens: TokenStore
  readonly #audit: AuditLog

  constructor(sql: SqlStorage, audit: AuditLog) {
    this.#tokens = new TokenStore(sql)
    this.#audit = audit
  }

  list(): TokenInfo[] {
    return this.#tokens.list()
  }

  find(hash: string, nowMs: number): TokenInfo | undefined {
    return this.#tokens.find(hash, nowMs)
  }

  add(token: TokenInfo, hash: string): void {
    this.#tokens.add(token, hash)
    const { id, name, role, createdBy } = token
    const what = { action: 'token-created', reason: `${name} may act as ${role}` } as const
    this.#note({ ...what, actor: createdBy, before: null, after: { id, name, role } })
  }

  /** Takes a token back; undefined where there is none of that id. */
  revoke(id: string, actor: string): TokenInfo | undefined {
    const token = this.#tokens.remove(id)
    if (token === undefined) return undefined
    const { name, role } = token
    const what = { action: 'token-revoked', reason: `${name} may not act as ${role} any more` } as const
    this.#note({ ...what, actor, before: { id, name, role }, after: null })
    return token
  }

  #note(record: {
    actor: string
    action: 'token-created' | 'token-revoked'
    reason: string
    before: unknown
    after: unknown
  }): void {
    this.#audit.append({ atMs: Date.now(), flag: undefined, evidence: undefined, ...record })
  }
}
