/** What happens before the pictures are taken: a flag for each state that the dashboard shows, and visitors. */
import { join } from 'node:path'
import { type Shop, startShop } from '../../examples/shop/shop.ts'
import { type AdminClient, createAdminClient } from '../../src/contract/client.ts'
import type { Role } from '../../src/contract/routes.ts'
import { readText, withOriginUrls } from '../../src/local/build/documents.ts'
import { Traffic } from '../../src/local/demo/traffic.ts'
import { startTemporaryGate, type TemporaryGate } from '../../src/local/temporary-gate.ts'

const QUIET_MS = 25_000
const PATIENCE_MS = 60_000

export type Scene = { gate: TemporaryGate; newShop: Shop; close(): Promise<void> }

export async function startScene(): Promise<Scene> {
  const [oldShop, newShop] = await Promise.all([startShop({ version: 'old' }), startShop({ version: 'new' })])
  const text = await readText(join(import.meta.dirname, 'gate.json'))
  const document = JSON.parse(withOriginUrls(text, { old: oldShop.url, new: newShop.url })) as object
  const gate = await startTemporaryGate(document, { signingKey: 'screenshots-signing-key' })
  const traffic = new Traffic({
    url: gate.url,
    visitors: 1_500,
    requestsPerSecond: 40,
    paths: ['/', '/checkout/', '/search', '/account/orders', '/cart'],
    countries: ['US', 'RO', 'DE', 'FR', 'JP', 'BR'],
  })
  const close = async () => {
    traffic.stop()
    await Promise.all([gate.close(), oldShop.close(), newShop.close()])
  }
  return { gate, newShop, close }
}

export async function play({ gate, newShop }: Scene): Promise<void> {
  const { admin, url } = gate
  const [ana, ben] = await Promise.all([userOf(gate, 'Ana', 'admin'), userOf(gate, 'Ben', 'operator')])
  await edit(ana, 'dark-mode', { tags: ['ui', 'night'] }, 'so that it is found')
  await edit(
    ana,
    'express-shipping',
    { owner: 'logistics', expires: '2027-01-31' },
    'the trial ends in January',
  )
  await sleep(QUIET_MS)
  await ben.command('new-shop', 'stage', { stage: 1, reason: 'no complaints at 5 %' })
  newShop.behave({ errorRate: 0.6 })
  await until(
    'new-checkout is rolled back',
    async () => (await stateOf(admin, 'new-checkout')) === 'rolled-back',
  )
  newShop.behave({ errorRate: 0 })
  for (const flag of ['new-shop', 'account-pages', 'search-ranking']) {
    if ((await stateOf(admin, flag)) === 'rolled-back')
      await ben.command(flag, 'resume', { reason: 'it was the database' })
  }
  await ben.command('new-shop', 'stage', { stage: 1, reason: 'fixed, back to 25 %' })
  await ana.command('dark-mode', 'kill', { reason: 'white text on white ground in one browser' })
  await leaveFeedback(url)
  await sleep(QUIET_MS)
}

/** An operator with a token, whom the audit log knows by name. */
async function userOf({ admin, url }: TemporaryGate, name: string, role: Role): Promise<AdminClient> {
  const { token } = await admin.call('createToken', { body: { name, role, expiresInDays: 90 } })
  return createAdminClient({ baseUrl: url, token })
}

async function edit(client: AdminClient, flag: string, patch: Record<string, unknown>, reason: string) {
  await client.call('patchFlag', { params: { flag }, body: { patch, reason } })
}

async function stateOf(client: AdminClient, flag: string) {
  return (await client.call('getStatus', { query: { flags: flag } })).flags[flag]?.state
}

async function leaveFeedback(url: string): Promise<void> {
  const texts = [
    'Much faster than before, thank you',
    'I cannot find the gift cards any more',
    'The new basket is where I look for it',
  ]
  for (const [index, text] of texts.entries()) {
    await fetch(`${url}/__sluice/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-user-id': `visitor-${index * 11}` },
      body: JSON.stringify({ reports: [{ type: 'feedback', flag: 'new-shop', text }] }),
    })
  }
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const endMs = Date.now() + PATIENCE_MS
  while (!(await holds())) {
    if (Date.now() > endMs) return console.error(`not within ${PATIENCE_MS / 1_000} s: ${what}`)
    await sleep(500)
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
