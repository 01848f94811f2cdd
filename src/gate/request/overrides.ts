import { type Env, isDevelopment } from '../../platform/env.ts'
import type { GateRequest } from './gate-request.ts'
import { verifyDebugToken } from './signature.ts'

const DEBUG_HEADER = 'sluice-debug'
export const DEBUG_COOKIE = 'sluice_debug'

/** Whether a visitor may see decisions in response headers, and the variants that they may choose. */
export type DebugAccess = { visible: boolean; overrides: ReadonlyMap<string, string> | undefined }

/** In development everybody sees; elsewhere only a token that was signed with SIGNING_KEY opens the view. */
export function debugAccessOf(request: GateRequest, env: Env): DebugAccess | Promise<DebugAccess> {
  const visible = isDevelopment(env)
  const token = env.SIGNING_KEY && (request.header(DEBUG_HEADER) ?? request.cookie(DEBUG_COOKIE))
  if (!env.SIGNING_KEY || !token) return { visible, overrides: undefined }
  return grantedAccess(visible, token, env.SIGNING_KEY, request.nowMs)
}

async function grantedAccess(
  visible: boolean,
  token: string,
  key: string,
  nowMs: number,
): Promise<DebugAccess> {
  const grant = await verifyDebugToken(key, token, nowMs)
  return { visible: visible || grant !== undefined, overrides: grant?.overrides }
}
