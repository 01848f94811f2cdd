import { hmacHex } from './crypto.ts'
import type { Env } from './env.ts'

const LENGTH = 20

/** A pseudonym for an identifier: the same text gives the same pseudonym until the key changes. */
export async function pseudonymOf(text: string, env: Env): Promise<string> {
  const hash = await hmacHex(env.SIGNING_KEY || env.ADMIN_TOKEN || 'sluice', `pseudonym.${text}`)
  return hash.slice(0, LENGTH)
}
