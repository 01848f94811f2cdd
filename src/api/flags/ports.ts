/** What the composition root gives the flag APIs: everything that is not about their protocols. */
import type { FlagQuerySettings } from '../../core/config/compile/snapshot.ts'
import type { FlagQuery, GivenVisitor } from '../../gate/evaluation/flag-query.ts'
import type { Env } from '../../platform/env.ts'

/** What became of a token that a request carried. */
export type TokenCheck =
  | { ok: true }
  | { ok: false; status: number; detail: string; retryAfterSeconds?: number }

export type FlagPorts = {
  settings(env: Env, ctx: ExecutionContext): Promise<FlagQuerySettings>
  query(
    request: Request,
    given: GivenVisitor,
    env: Env,
    ctx: ExecutionContext,
  ): Promise<FlagQuery & { revision: string }>
  checkToken(token: string, request: Request, env: Env, ctx: ExecutionContext): Promise<TokenCheck>
  /** Hash of the document in use. */
  documentHash(): string
  /** Another text whenever decisions may have changed; asking keeps the isolate in touch with the gate. */
  revision(request: Request, env: Env, ctx: ExecutionContext): Promise<string>
}
