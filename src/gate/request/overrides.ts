import { type Env, isDevelopment } from '../../platform/env.ts'
import type { GateRequest } from './gate-request.ts'
import { verifyDebugToken } from './signature.ts'

const DEBUG_HEADER = 'sluice-debug'
export const DEBUG_COOKIE = 'sluice_debug'

/** Whether a visitor may see decisions in response headers, and the variants that they may choose. */
export type DebugAccess = { visible: boolean; overrides: ReadonlyMap<string, string> | undefined }

/** In development everyone sees decisions; elsewhere it takes a token that was signed with SIGNING_KEY. */
export async function debugAccessOf(request: GateRequest, env: Env): Promise<DebugAccess> {
  const visible = isDevelopment(env)
  const token = env.SIGNING_KEY && (request.header(DEBUG_HEADER) ?? request.cookie(DEBUG_COOKIE))
  if (!env.SIGNING_KEY || !token) return { visible, overrides: undefined }
  const grant = await verifyDebugToken(env.SIGNING_KEY, token, request.nowMs)
  return { visible: visible || grant !== undefined, overrides: grant?.overrides }
}
