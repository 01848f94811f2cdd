/** What has happened before the pictures are taken. */
import { type AdminClient, createAdminClient } from '../../src/contract/client.ts'
import type { Role } from '../../src/contract/routes.ts'
import type { Scene } from './scene.ts'

const QUIET_MS = 25_000
const PATIENCE_MS = 60_000

export async function stage(scene: Scene): Promise<void> {
  const { admin, breakNewShop, url } = scene
  const [ana, ben] = await Promise.all([personOf(scene, 'Ana', 'admin'), personOf(scene, 'Ben', 'operator')])
  await edit(ana, 'dark-mode', { tags: ['ui', 'night'] }, 'so that it is found')
  await edit(
    ana,
    'express-shipping',
    { owner: 'logistics', expires: '2027-01-31' },
    'the trial ends in January',
  )
  await sleep(QUIET_MS)
  await ben.command('new-shop', 'stage', { stage: 1, reason: 'no complaints at 5 %' })
  breakNewShop(0.3)
  await until(
    'new-checkout is rolled back',
    async () => (await stateOf(admin, 'new-checkout')) === 'rolled-back',
  )
  breakNewShop(0)
  for (const flag of ['new-shop', 'account-pages', 'search-ranking']) {
    if ((await stateOf(admin, flag)) === 'rolled-back')
      await ben.command(flag, 'resume', { reason: 'it was the database' })
  }
  await ben.command('new-shop', 'stage', { stage: 1, reason: 'mended, back to 25 %' })
  await ana.command('dark-mode', 'kill', { reason: 'white text on white ground in one browser' })
  await leaveFeedback(url)
  await sleep(QUIET_MS)
}

/** Somebody with a token of their own, by whose name the audit log knows them. */
async function personOf({ admin, url }: Scene, name: string, role: Role): Promise<AdminClient> {
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
