import { type Env, isDevelopment } from '../../platform/env.ts'
import type { GateRequest } from './gate-request.ts'
import { grantOf } from './signature.ts'

const DEBUG_HEADER = 'sluice-debug'
export const DEBUG_COOKIE = 'sluice_debug'

/** Whether a visitor may see decisions in response headers, and the variants that they may choose. */
export type DebugAccess = { visible: boolean; overrides: ReadonlyMap<string, string> | undefined }

/** The token of a request that grants access; undefined also where the gate has no key to verify one. */
export function debugTokenOf(request: GateRequest, env: Env): string | undefined {
  return env.SIGNING_KEY ? (request.header(DEBUG_HEADER) ?? request.cookie(DEBUG_COOKIE)) : undefined
}

/** Access without a token: in development everyone sees decisions. */
export function ordinaryAccess(env: Env): DebugAccess {
  return { visible: isDevelopment(env), overrides: undefined }
}

export async function debugAccessOf(request: GateRequest, env: Env): Promise<DebugAccess> {
  const token = debugTokenOf(request, env)
  if (token === undefined) return ordinaryAccess(env)
  const grant = await grantOf(env, token, request.nowMs)
  return { visible: isDevelopment(env) || grant !== undefined, overrides: grant?.overrides }
}
