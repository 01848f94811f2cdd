/** What the flag APIs need of the gate. */
import type { FlagQuerySettings } from '../../core/config/compile/snapshot.ts'
import type { FlagQuery, GivenVisitor } from '../../gate/evaluation/flag-query.ts'
import type { Env } from '../../platform/env.ts'

/** A caller who may ask; `seesPrivate` is true for a server with a token, which knows its visitors. */
export type Caller = { ok: true; seesPrivate: boolean }

/** The result of checking a token. */
export type TokenCheck =
  | { ok: true }
  | { ok: false; status: number; detail: string; retryAfterSeconds?: number }

export type FlagPorts = {
  settings(env: Env, ctx: ExecutionContext): Promise<FlagQuerySettings>
  query(
    request: Request,
    given: GivenVisitor,
    caller: Caller,
    env: Env,
    ctx: ExecutionContext,
  ): Promise<Pick<FlagQuery, 'flags' | 'decide' | 'setCookie'> & { revision: string }>
  checkToken(
    token: string,
    realm: 'ofrep' | 'unleash',
    request: Request,
    env: Env,
    ctx: ExecutionContext,
  ): Promise<TokenCheck>
  /** Hash of the document in use. */
  documentHash(): string
  /** Changes whenever decisions may have changed; asking keeps the isolate in touch with its shard. */
  revision(request: Request, env: Env, ctx: ExecutionContext): Promise<string>
}
