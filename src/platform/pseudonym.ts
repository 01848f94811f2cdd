import { hmacHex } from './crypto.ts'
import type { Env } from './env.ts'

const LENGTH = 20

/** What stands for an identifier where people could read it: the same for the same text, as long as the key is. */
export async function pseudonymOf(text: string, env: Env): Promise<string> {
  const hash = await hmacHex(env.SIGNING_KEY || env.ADMIN_TOKEN || 'sluice', `pseudonym.${text}`)
  return hash.slice(0, LENGTH)
}
