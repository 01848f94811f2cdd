/** What still comes from a killed canary: nothing but what open pages need, and after `--isolate` not even that. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasBrowser } from '../../support/browser.ts'
import { startBrowser } from '../dashboard/support.ts'
import { document, FLAG, flag } from '../harness/documents.ts'
import { eventually } from '../harness/eventually.ts'
import { type Answer, type Origin, startOrigin } from '../harness/origin.ts'
import { raw } from '../harness/raw.ts'
import { type Gate, startGate } from '../harness/running-gate.ts'

const OTHER = 'other'
let origins: { old: Origin; new: Origin }
let gate: Gate

/** Has these scripts alone, which any cache may keep for ever. */
const scripts =
  (...names: string[]): Answer =>
  ({ url = '' }, response) => {
    const isThere = names.includes(url.split('?')[0] ?? '')
    response.writeHead(isThere ? 200 : 404, {
      'content-type': 'text/javascript',
      'cache-control': 'public, max-age=31536000, immutable',
      'cdn-cache-control': 'max-age=31536000',
    })
    response.end(isThere ? '/* here */' : 'missing')
  }

beforeAll(async () => {
  origins = {
    old: await startOrigin('old', scripts('/shop/old.js')),
    new: await startOrigin('new', scripts('/evil.js', '/shop/chunk.js')),
  }
  gate = await startGate({
    document: document(
      { old: origins.old.url, new: origins.new.url },
      { rules: [{ serve: 'on' }] },
      {
        routes: [
          { path: '/shop/*', flag: FLAG, origins: { on: 'new', off: 'old' } },
          { path: '/other/*', flag: OTHER, origins: { on: 'new', off: 'old' } },
          { path: '/*', origin: 'old' },
        ],
        flags: { [OTHER]: flag({ rules: [{ serve: 'on' }] }) },
      },
    ),
  })
})
afterAll(() => Promise.all([gate?.close(), origins.old.close(), origins.new.close()]))

let asked = 0
/** Status and cache directives of an asset, and whether the canary was asked for it. */
async function fetched(path: string, destination = 'script', more = {}) {
  const before = origins.new.requests.length
  const headers = { 'sec-fetch-dest': destination, ...more }
  const { status, headers: answer } = await raw(`${gate.url}${path}?${asked++}`, { headers })
  return [status, answer.get('cache-control'), origins.new.requests.length > before]
}
const kill = (verb: 'kill' | 'unkill', body = {}, key = FLAG) =>
  gate.admin.call('commandFlag', { params: { flag: key, verb }, body: { reason: 'a test', ...body } })
const isClosed = (key: string) =>
  eventually('the gate has it', async () => (await gate.flag(key)).state === 'killed')

const FOUND = [200, 'private, no-cache', true]
const MISSING = [404, 'no-store', false]
const WORKERS = ['serviceworker', 'worker', 'sharedworker']

// One story: each test goes on where the one before ended.
describe('the origin of a killed canary', { shuffle: false }, () => {
  it('lends what control lacks while it is open, and no cache keeps it unasked', async () => {
    for (const destination of ['script', ...WORKERS])
      expect([destination, await fetched('/evil.js', destination)]).toEqual([destination, FOUND])
    const { headers } = await raw(`${gate.url}/evil.js?cdn`, { headers: { 'sec-fetch-dest': 'script' } })
    expect(headers.get('cdn-cache-control')).toBeNull()
  })

  it('lends no worker after a kill, and open pages their chunks', async () => {
    await kill('kill')
    await isClosed(FLAG)
    for (const destination of WORKERS) {
      expect([destination, await fetched('/evil.js', destination)]).toEqual([destination, MISSING])
      expect(await fetched('/shop/chunk.js', destination)).toEqual(MISSING)
    }
    expect(await fetched('/evil.js', '', { 'service-worker': 'script' })).toEqual(MISSING)
    expect([await fetched('/evil.js'), await fetched('/shop/chunk.js')]).toEqual([FOUND, FOUND])
  })

  it('lends nothing after kill --isolate, as soon as no open flag leads there', async () => {
    await kill('kill', { isolate: true })
    expect([await fetched('/evil.js'), await fetched('/shop/chunk.js')]).toEqual([FOUND, FOUND])
    await gate.wranglerPut('kill', `["${OTHER}"]`)
    await isClosed(OTHER)
    await eventually('the isolate has read the kill list', async () => {
      const [status] = await fetched('/evil.js')
      return status === 404
    })
    for (const destination of ['script', 'style', 'image', ...WORKERS])
      for (const path of ['/evil.js', '/shop/chunk.js'])
        expect([destination, await fetched(path, destination)]).toEqual([destination, MISSING])
  })

  it('lends again once the kill is lifted', async () => {
    await kill('unkill')
    await gate.kv.put('kill', '[]')
    await eventually('it lends again', async () => {
      // An isolate without a visitor who is counted says nothing of what it reads.
      await gate.get('/other/')
      expect(await fetched('/evil.js', 'serviceworker')).toEqual(FOUND)
      return true
    })
    const { before, after } = (await gate.audit(FLAG)).find(({ action }) => action === 'unkill') ?? {}
    expect([before, after]).toMatchObject([{ isolated: true }, { killed: false }])
  })
})

/** Answers for the whole site, without asking it. */
const WORKER = `
  oninstall = () => skipWaiting()
  onactivate = (event) => event.waitUntil(clients.claim())
  onfetch = (event) => event.respondWith(new Response('by the worker', { headers: { 'content-type': 'text/html' } }))`
const saying =
  (name: string, worker?: string): Answer =>
  ({ url = '' }, response) => {
    const isWorker = url.startsWith('/sw.js')
    const isThere = !isWorker || worker !== undefined
    response.writeHead(isThere ? 200 : 404, { 'content-type': isWorker ? 'text/javascript' : 'text/html' })
    response.end(isWorker ? worker : `by ${name}`)
  }

describe.skipIf(!hasBrowser)('a service worker of the killed canary', () => {
  let origins: { old: Origin; new: Origin }
  let gate: Gate
  let browser: Browser

  beforeAll(async () => {
    origins = {
      old: await startOrigin('old', saying('old')),
      new: await startOrigin('new', saying('new', WORKER)),
    }
    const urls = { old: origins.old.url, new: origins.new.url }
    gate = await startGate({ document: document(urls, { rules: [{ serve: 'on' }] }) })
    browser = await startBrowser()
  })
  afterAll(() => Promise.all([browser?.close(), gate?.close(), origins?.old.close(), origins?.new.close()]))

  it('answers for the site after a kill, and ends once that isolates its origin', async () => {
    const page = await browser.newPage()
    const shown = async () => {
      await page.goto(`${gate.url}/`)
      return await page.textContent('body')
    }
    expect(await shown()).toBe('by new')
    await page.evaluate(
      "navigator.serviceWorker.register('/sw.js').then(() => navigator.serviceWorker.ready)",
    )
    await eventually('the worker answers', async () => (await shown()) === 'by the worker')
    const kill = (body = {}) =>
      gate.admin.call('commandFlag', {
        params: { flag: FLAG, verb: 'kill' },
        body: { reason: 'a test', ...body },
      })
    // What a browser does with a navigation, and at least once a day. Without a worker there is nothing to look for.
    const lookForNewer = () =>
      page.evaluate(
        'navigator.serviceWorker.getRegistration().then((found) => found?.update().then(() => "newer", () => "none"))',
      )
    await kill()
    await eventually('the kill is in force', async () => (await gate.flag(FLAG)).state === 'killed')
    expect(await lookForNewer()).toBe('none')
    expect(await shown()).toBe('by the worker')
    await kill({ isolate: true })
    await eventually('control answers', async () => {
      await lookForNewer()
      return (await shown()) === 'by old'
    })
  })
})
