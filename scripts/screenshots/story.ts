/** What has happened before the pictures are taken. */
import type { Scene } from './scene.ts'

const QUIET_MS = 25_000
const PATIENCE_MS = 60_000

export async function stage({ admin, breakNewShop, url }: Scene): Promise<void> {
  await sleep(QUIET_MS)
  await admin.command('new-shop', 'stage', { stage: 1, reason: 'no complaints at 5 %' })
  breakNewShop(0.3)
  await until('new-checkout is rolled back', async () => (await stateOf('new-checkout')) === 'rolled-back')
  breakNewShop(0)
  await admin.command('new-shop', 'resume', { reason: 'it was the database' }).catch(() => undefined)
  await admin
    .command('new-shop', 'stage', { stage: 1, reason: 'mended, back to 25 %' })
    .catch(() => undefined)
  await admin.command('account-pages', 'resume', { reason: 'the same cause' }).catch(() => undefined)
  await admin.command('search-ranking', 'resume', { reason: 'the same cause' }).catch(() => undefined)
  await admin.command('dark-mode', 'kill', { reason: 'white text on white ground in one browser' })
  await leaveFeedback(url)
  await sleep(QUIET_MS)

  async function stateOf(flag: string) {
    return (await admin.call('getStatus', { query: { flags: flag } })).flags[flag]?.state
  }
}

async function leaveFeedback(url: string): Promise<void> {
  const texts = [
    'Much faster than before, thank you',
    'I cannot find the gift cards any more',
    '<b>Where</b> is my basket?',
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
