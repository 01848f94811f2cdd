/** What breaks inside the gate costs no visitor a page, and shows within five seconds wherever an operator looks. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { AdminClient } from '../../../src/contract/client.ts'
import { sluice } from '../../cli/gate/support.ts'
import { hasBrowser } from '../../support/browser.ts'
import { openTab, signIn, startBrowser } from '../dashboard/support.ts'
import { document, FLAG } from '../harness/documents.ts'
import { eventually } from '../harness/eventually.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { ADMIN_TOKEN, adminOf, getPage } from '../harness/running-gate.ts'
import { type KvServer, type ServedGate, type ServeOptions, serve, startKv } from '../harness/serve.ts'

const THROWING = 'test/e2e/workers/throwing-evaluator.js'
/** What issue and documentation promise. */
const VISIBLE_WITHIN_MS = 5_000

let origins: { old: Origin; new: Origin }
const opened: { close(): Promise<void> }[] = []

beforeAll(async () => {
  origins = { old: await startOrigin('old'), new: await startOrigin('new') }
})
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close()
})
afterAll(async () => {
  await Promise.all([origins.old.close(), origins.new.close()])
})

type Broken = ServedGate & { url: string; kv: KvServer; admin: AdminClient }

async function startBroken(options: Partial<ServeOptions>): Promise<Broken> {
  const content = document(
    { old: origins.old.url, new: origins.new.url },
    { rules: [{ percentage: 50, serve: 'on' }] },
  )
  const kv = await startKv({ config: JSON.stringify(content) })
  opened.push(kv)
  const served = await serve({ document: content, ...options, kv })
  opened.push(served)
  const url = served.urls[0] ?? ''
  return { ...served, kv, url, admin: adminOf(url) }
}

async function visit(url: string, count = 10): Promise<void> {
  for (let n = 0; n < count; n++)
    expect(await getPage(url, '/', { 'x-user-id': `visitor-${n}` })).toMatchObject({ status: 200 })
}

/** Looks at log, status, metrics and command line, each within five seconds of now. */
async function expectVisible({ url, admin, log }: Broken, place: string, atLeast = 1): Promise<void> {
  const within = { deadlineMs: VISIBLE_WITHIN_MS }
  const sinceMs = Date.now()
  const error = await eventually(
    `the status tells of ${place}`,
    async () => {
      const { internalErrors } = await admin.call('getStatus')
      return internalErrors.find((each) => each.place === place && each.count >= atLeast)
    },
    within,
  )
  expect(Date.parse(error.firstAt)).toBeLessThanOrEqual(Date.parse(error.lastAt))
  const metric = new RegExp(`^sluice_internal_errors_total\\{place="${place}"\\} (\\d+)$`, 'm')
  await eventually(
    `the metrics count ${place}`,
    async () => {
      const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
      const text = await (await fetch(`${url}/__sluice/metrics`, { headers })).text()
      return Number(metric.exec(text)?.[1] ?? 0) >= atLeast
    },
    within,
  )
  expect(Date.now() - sinceMs).toBeLessThan(VISIBLE_WITHIN_MS)
  await eventually(
    'there is a log line',
    () => log().includes('sluice.internal_error') && log().includes(place),
  )
  const ran = await sluice(['status'], { env: { SLUICE_URL: url, SLUICE_TOKEN: ADMIN_TOKEN } })
  expect(ran.out).toContain(`Internal error at ${place}: `)
}

describe('a broken evaluator', () => {
  it('costs no page, and shows everywhere, with the flag in the log', async () => {
    const broken = await startBroken({ entry: THROWING })
    await visit(broken.url)
    await expectVisible(broken, 'gate.decide', 10)
    expect(broken.log()).toMatch(/the evaluator is broken/)
    expect(broken.log()).toContain(FLAG)
    // One line a second, not one a request.
    expect(broken.log().split('sluice.internal_error').length - 1).toBeLessThan(10)
  })

  it('shows in the Controller, whichever isolate is asked', async () => {
    const broken = await startBroken({ entry: THROWING, isolates: 2 })
    await visit(broken.urls[1] ?? '')
    await expectVisible(broken, 'gate.decide', 10)
  })

  it.skipIf(!hasBrowser)('shows on the dashboard', async () => {
    const broken = await startBroken({ entry: THROWING, dashboard: true })
    await visit(broken.url)
    const browser = await startBrowser()
    opened.push(browser)
    const { page } = await openTab(browser)
    await signIn(page, broken.url, ADMIN_TOKEN)
    const notice = page
      .getByRole('region', { name: 'Notices' })
      .getByText('Internal error at gate.decide: 10 times')
    await notice.waitFor()
    expect(await notice.textContent()).toMatch(/since .* UTC, last at .* UTC: Error: the evaluator is broken/)
  })
})

describe('a broken KV', () => {
  it('costs no page, and shows everywhere', async () => {
    const broken = await startBroken({})
    await visit(broken.url)
    broken.kv.mood = 'failing'
    await eventually('KV has been asked in vain', async () => {
      await visit(broken.url, 1)
      return (await broken.admin.call('getStatus')).document.kvError !== null
    })
    await expectVisible(broken, 'kv.read')
  })
})

describe('broken Durable Objects', () => {
  it('cost no page, and show in what this isolate itself knows', async () => {
    const broken = await startBroken({ brokenObjects: true })
    await visit(broken.url)
    await eventually('a flush has failed', () => broken.log().includes('flush.send'))
    expect((await broken.admin.call('getStatus')).controller).toBe('unreachable')
    await expectVisible(broken, 'flush.send')
    await expectVisible(broken, 'api.status')
  })

  it('hide nothing else that is broken', async () => {
    const broken = await startBroken({ brokenObjects: true, entry: THROWING })
    await visit(broken.url)
    await expectVisible(broken, 'gate.decide', 10)
  })
})
