/** A gate with something to look at: flags in many states, two shops behind it, visitors who keep coming. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startShop } from '../../examples/shop/shop.ts'
import { type AdminClient, createAdminClient } from '../../src/contract/client.ts'
import { startLocalGate } from '../../src/local/local-gate.ts'
import { sceneDocument } from './document.ts'

const TOKEN = 'screenshots'
const REQUESTS_PER_SECOND = 40
const MOST_UNDER_WAY = 30
const COUNTRIES = ['US', 'RO', 'DE', 'FR', 'JP', 'BR']
const PATHS = ['/', '/checkout/', '/search', '/account/orders', '/cart']

export type Scene = {
  url: string
  token: string
  admin: AdminClient
  /** Makes the new shop fail, and mends it. */
  breakNewShop(errorRate: number): void
  close(): Promise<void>
}

export async function startScene(): Promise<Scene> {
  const dataDir = await mkdtemp(join(tmpdir(), 'sluice-scene-'))
  const [oldShop, newShop] = await Promise.all([startShop({ version: 'old' }), startShop({ version: 'new' })])
  const text = JSON.stringify(sceneDocument(oldShop.url, newShop.url), null, 2)
  const gate = await startLocalGate({
    port: 0,
    dataDir,
    adminToken: TOKEN,
    signingKey: 'screenshots-signing-key',
    environment: 'development',
    bundledDocument: text,
  })
  await gate.kv.put('config', text)
  const visitors = startVisitors(gate.url)
  return {
    url: gate.url,
    token: TOKEN,
    admin: createAdminClient({ baseUrl: gate.url, token: TOKEN }),
    breakNewShop: (errorRate) => newShop.behave({ errorRate }),
    close: async () => {
      visitors.stop()
      await Promise.all([gate.close(), oldShop.close(), newShop.close()])
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** Visitors from several countries on several pages, at a steady rate. */
function startVisitors(url: string): { stop(): void } {
  let number = 0
  const startedMs = Date.now()
  let underWay = 0
  const timer = setInterval(() => {
    const due = ((Date.now() - startedMs) / 1_000) * REQUESTS_PER_SECOND
    for (; number < due; number++) {
      // A machine that is busy with something else must not drown in visitors.
      if (underWay >= MOST_UNDER_WAY) continue
      underWay++
      void visit(url, number).finally(() => underWay--)
    }
  }, 25)
  return { stop: () => clearInterval(timer) }
}

async function visit(url: string, number: number): Promise<void> {
  const person = (number * 7_919) % 1_500
  const headers = {
    'x-user-id': `visitor-${person}`,
    accept: 'text/html',
    'sluice-debug-cf': JSON.stringify({ country: COUNTRIES[person % COUNTRIES.length] }),
  }
  try {
    const response = await fetch(url + PATHS[number % PATHS.length], { headers, redirect: 'manual' })
    await response.arrayBuffer()
  } catch {
    // The gate is being closed.
  }
}
