import { equalInConstantTime } from '../crypto.ts'
import type { Env } from '../env.ts'

/** Who calls the admin API; the name stands in the audit log. */
export type Actor = { name: string }

/** The caller, or undefined. Without a configured token nobody is let in. */
export async function authenticate(request: Request, env: Env): Promise<Actor | undefined> {
  const token = /^Bearer\s+(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]
  if (!env.ADMIN_TOKEN || token === undefined) return undefined
  return (await equalInConstantTime(token, env.ADMIN_TOKEN)) ? { name: 'admin' } : undefined
}
