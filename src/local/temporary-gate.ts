/** A gate whose state ends with it: what the demo, the examples and the screenshots run on. */
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AdminClient, createAdminClient } from '../contract/client.ts'
import { type LocalGate, startLocalGate } from './local-gate.ts'

export type TemporaryGate = LocalGate & { admin: AdminClient; adminToken: string }

/** Starts a gate with this document built in and published, on any free port unless `port` is set. */
export async function startTemporaryGate(
  document: object,
  {
    port = 0,
    adminToken = randomUUID(),
    signingKey,
  }: { port?: number; adminToken?: string; signingKey?: string } = {},
): Promise<TemporaryGate> {
  const text = JSON.stringify(document, null, 2)
  const gate = await startLocalGate({
    port,
    dataDir: await temporaryFolder(),
    adminToken,
    signingKey,
    environment: 'development',
    bundledDocument: text,
  })
  await gate.kv.put('config', text)
  return { ...gate, adminToken, admin: createAdminClient({ baseUrl: gate.url, token: adminToken }) }
}

/** A folder that goes when the process ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}
