/** A gate on local workerd for one test file, deciding by the given document. */
import { createHmac } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LocalGate, startLocalGate } from '../../../../src/local/local-gate.ts'

const SIGNING_KEY = 'test-signing-key'
const ADMIN_TOKEN = 'test-admin-token'

export type TestGate = LocalGate & {
  /** The answer of an admin path, such as `status`. */
  admin(path: string, init?: RequestInit): Promise<unknown>
  /** Writes the document to KV. */
  use(document: object): Promise<void>
}

export async function startGate(document: object, environment = 'development'): Promise<TestGate> {
  const dataDir = await mkdtemp(join(tmpdir(), 'sluice-edge-'))
  const gate = await startLocalGate({
    port: 0,
    dataDir,
    adminToken: ADMIN_TOKEN,
    signingKey: SIGNING_KEY,
    environment,
    bundledDocument: JSON.stringify(document),
  })
  return {
    ...gate,
    admin: async (path, init) => {
      const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' }
      return await (await fetch(`${gate.url}/__sluice/api/v1/${path}`, { ...init, headers })).json()
    },
    use: (next) => gate.kv.put('config', JSON.stringify(next)),
    close: async () => {
      await gate.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** A token that forces variants, as SIGNING_KEY's holder makes it. */
export function debugToken(overrides: Record<string, string>): string {
  const payload = { exp: Math.floor(Date.now() / 1000) + 600, overrides }
  const body = Buffer.from(JSON.stringify(payload)).toString('base64url')
  return `${body}.${createHmac('sha256', SIGNING_KEY).update(`debug.${body}`).digest('hex')}`
}

type Counts = { requests: number; errors: number; errorsByKind: Record<string, number>; rescued: number }
export type Status = {
  flags: Record<string, { state: string; arms: Record<'canary' | 'control' | 'other', Counts> }>
}

/** Polls until `probe` gives something else than undefined. */
export async function eventually<T>(probe: () => Promise<T | undefined>, limitMs = 120_000): Promise<T> {
  const untilMs = Date.now() + limitMs
  for (;;) {
    const value = await probe()
    if (value !== undefined) return value
    if (Date.now() > untilMs) throw new Error(`Nothing within ${limitMs} ms: ${probe}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
