import { type Env, isDevelopment } from '../../platform/env.ts'
import type { Facts } from './request-facts.ts'
import { verifyDebugToken } from './signature.ts'

const DEBUG_HEADER = 'sluice-debug'
export const DEBUG_COOKIE = 'sluice_debug'

/** Whether a visitor may see decisions in response headers, and the variants that they may choose. */
export type DebugView = { visible: boolean; overrides: ReadonlyMap<string, string> | undefined }

/** In development everybody sees; elsewhere only a token that was signed with SIGNING_KEY opens the view. */
export function debugViewOf(facts: Facts, env: Env): DebugView | Promise<DebugView> {
  const visible = isDevelopment(env)
  const token = env.SIGNING_KEY && (facts.header(DEBUG_HEADER) ?? facts.cookie(DEBUG_COOKIE))
  if (!env.SIGNING_KEY || !token) return { visible, overrides: undefined }
  return grantedView(visible, token, env.SIGNING_KEY, facts.nowMs)
}

async function grantedView(visible: boolean, token: string, key: string, nowMs: number): Promise<DebugView> {
  const grant = await verifyDebugToken(key, token, nowMs)
  return { visible: visible || grant !== undefined, overrides: grant?.overrides }
}
