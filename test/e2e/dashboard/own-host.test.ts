/**
 * What pages of the site can do to an operator who is signed in to the dashboard: on a host that both share, and on
 * ADMIN_HOST. The canary is hostile: it serves whatever its attacker wants.
 */
import { request as connect, createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { hasBrowser } from '../../support/browser.ts'
import { type Answer, type Origin, startOrigin } from '../harness/origin.ts'
import { ADMIN_TOKEN, type Gate, startGate } from '../harness/running-gate.ts'
import { openTab, signIn, startBrowser } from './support.ts'

/** Hosts below one registrable domain are same-site; browsers take each for this machine. */
const ADMIN_HOST = 'admin.gate.localhost'
const SITE_HOST = 'www.gate.localhost'

/** Puts a page in the place of the dashboard, and keeps what is typed into it. */
const WORKER = `
self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(clients.claim()))
self.addEventListener('fetch', (event) => {
  if (new URL(event.request.url).pathname.startsWith('/__sluice/ui'))
    event.respondWith(new Response('<title>stolen</title>', { headers: { 'content-type': 'text/html' } }))
})`
const HOSTILE: Answer = ({ url }, response) => {
  const isScript = url?.startsWith('/sw.js')
  response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' })
  response.end(isScript ? WORKER : '<!doctype html><title>canary</title>')
}

let origin: Origin
let shared: Gate
let apart: Gate
let browser: Browser
const port = (gate: Gate) => new URL(gate.url).port

beforeAll(async () => {
  if (!hasBrowser) return
  origin = await startOrigin('canary', HOSTILE)
  const document = {
    origins: { canary: { url: origin.url } },
    routes: [{ path: '/*', origin: 'canary' }],
    flags: { f: { variants: { on: true, off: false }, off: 'off' } },
  }
  shared = await startGate({ document, environment: 'production' })
  apart = await startGate({ document, environment: 'production', vars: { ADMIN_HOST } })
  browser = await startBrowser()
})
afterAll(async () => {
  await browser?.close()
  await Promise.all([shared?.close(), apart?.close(), origin?.close()])
})

async function tab(): Promise<Page> {
  const { page, close } = await openTab(browser)
  onTestFinished(close)
  return page
}

/** What any script could read. */
const readable = (page: Page) =>
  page.evaluate(async () => ({
    cookie: document.cookie,
    session: { ...sessionStorage },
    local: { ...localStorage },
    databases: await indexedDB.databases(),
    caches: await caches.keys(),
    name: window.name,
  }))

async function registerWorker(page: Page): Promise<string> {
  return await page.evaluate(async () => {
    try {
      await navigator.serviceWorker.register('/sw.js', { scope: '/' })
      await navigator.serviceWorker.ready
      return 'registered'
    } catch (error) {
      return String(error)
    }
  })
}

/** What a gate answers on ADMIN_HOST, for which this machine's name server need not know the name. */
async function ask(gate: Gate, path: string, headers: Record<string, string>) {
  return await new Promise<{ status: number; text: string }>((resolve, reject) => {
    const options = { port: port(gate), path, headers: { ...headers, host: `${ADMIN_HOST}:${port(gate)}` } }
    const asked = connect(options, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }))
    })
    asked.on('error', reject).end()
  })
}
const read = async (path: string) =>
  (await ask(apart, `/__sluice/api/v1${path}`, { authorization: `Bearer ${ADMIN_TOKEN}` })).text

const sessionsOf = async (context: BrowserContext) =>
  (await context.cookies()).filter(({ name }) => name.includes('sluice_session'))

describe.skipIf(!hasBrowser)('on a host that the site shares', () => {
  it('a service worker of the canary takes the place of the dashboard: why ADMIN_HOST exists', async () => {
    const page = await tab()
    await page.goto(`${shared.url}/`)
    expect(await registerWorker(page)).toBe('registered')
    await page.goto(`${shared.url}/__sluice/ui`)
    expect(await page.title()).toBe('stolen')
  })

  it('the dashboard says so before one signs in, stores no token, and gives the browser none', async () => {
    const page = await tab()
    await page.goto(`${shared.url}/__sluice/ui`)
    await page.getByText('This page shares its host with the site.').waitFor()
    await signIn(page, shared.url, ADMIN_TOKEN)
    await page.getByText('Your token is kept until you reload this page.').waitFor()
    expect(JSON.stringify(await readable(page))).not.toContain(ADMIN_TOKEN)
    expect(await sessionsOf(page.context())).toEqual([])
  })

  it('a page of the site can do nothing in the name of who is signed in beside it', async () => {
    const operator = await tab()
    await signIn(operator, shared.url, ADMIN_TOKEN)
    const page = await operator.context().newPage()
    await page.goto(`${shared.url}/`)
    expect(await attack(page, shared.url)).toEqual({ read: 401, mint: 401, kill: 401, ended: 401 })
    await operator.reload()
    await operator.getByLabel('Token').waitFor()
  })
})

/** What a page tries against the admin API at a URL: a status, or that the browser refuses. */
async function attack(page: Page, url: string) {
  return await page.evaluate(async (base) => {
    const ask = async (method: string, path: string, body?: object, headers: object = {}) => {
      try {
        const response = await fetch(`${base}/__sluice/api/v1${path}`, {
          method,
          credentials: 'include',
          headers: { 'sluice-dashboard': '1', ...headers } as HeadersInit,
          ...(body && { body: JSON.stringify(body) }),
        })
        return response.status
      } catch {
        return 'refused'
      }
    }
    return {
      read: await ask('GET', '/document'),
      mint: await ask('POST', '/tokens', { name: 'minted', role: 'admin' }),
      kill: await ask('POST', '/flags/f/kill', {}),
      ended: await ask('DELETE', '/session'),
    }
  }, url)
}

describe.skipIf(!hasBrowser)('on ADMIN_HOST', () => {
  const adminUrl = () => `http://${ADMIN_HOST}:${port(apart)}`
  const siteUrl = () => `http://${SITE_HOST}:${port(apart)}`

  it('a reload stays signed in by a cookie that no script reads; signing out ends every copy', async () => {
    const page = await tab()
    const errors: string[] = []
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
    await signIn(page, adminUrl(), ADMIN_TOKEN)
    expect(await page.getByText('Scripts of the site').count()).toBe(0)
    await page.reload()
    await page.getByRole('navigation', { name: 'Views' }).waitFor()
    // From the first request on, before and after signing in.
    expect(errors).toEqual([])
    const [cookie, ...more] = await sessionsOf(page.context())
    expect(cookie).toMatchObject({
      ...{ name: '__Host-sluice_session', domain: ADMIN_HOST, path: '/' },
      ...{ httpOnly: true, secure: true, sameSite: 'Strict' },
    })
    expect(more).toEqual([])
    const seen = JSON.stringify(await readable(page))
    expect(seen).not.toContain(ADMIN_TOKEN)
    expect(seen).not.toContain(cookie?.value)
    const copy = () =>
      ask(apart, '/__sluice/api/v1/me', {
        'sluice-dashboard': '1',
        cookie: `__Host-sluice_session=${cookie?.value}`,
      })
    expect((await copy()).status).toBe(200)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('Token').waitFor()
    expect(await sessionsOf(page.context())).toEqual([])
    expect((await copy()).status).toBe(401)
    await page.reload()
    await page.getByLabel('Token').waitFor()
  })

  it('a session that ends elsewhere shows the form', async () => {
    const page = await tab()
    await signIn(page, adminUrl(), ADMIN_TOKEN)
    const other = await page.context().newPage()
    await other.goto(`${adminUrl()}/__sluice/ui`)
    await other.getByRole('button', { name: 'Sign out' }).click()
    await page.getByText('Your session has ended').waitFor()
  })

  it('there is no page of the canary, and none of its scripts', async () => {
    const asked = origin.requests.length
    const page = await tab()
    for (const path of ['/', '/sw.js', '/a/b.html'])
      expect((await page.goto(`${adminUrl()}${path}`))?.status(), path).toBe(404)
    expect(origin.requests.length).toBe(asked)
    await page.goto(`${adminUrl()}/`)
    expect(await registerWorker(page)).toMatch(/404|bad HTTP response|aborted/)
    await page.goto(`${adminUrl()}/__sluice/ui`)
    expect(await registerWorker(page)).toMatch(/TrustedScriptURL/)
  })

  it('the site has no dashboard', async () => {
    const page = await tab()
    expect((await page.goto(`${siteUrl()}/__sluice/ui`))?.status()).toBe(404)
    expect(await page.content()).not.toContain(ADMIN_HOST)
    expect((await page.goto(`${siteUrl()}/`))?.status()).toBe(200)
  })

  it('a page of the site, a sibling of the host, can neither read, change nor frame anything', async () => {
    const operator = await tab()
    await signIn(operator, adminUrl(), ADMIN_TOKEN)
    const page = await operator.context().newPage()
    await page.goto(`${siteUrl()}/`)
    expect(await registerWorker(page)).toBe('registered')
    const refused = { read: 'refused', mint: 'refused', kill: 'refused', ended: 'refused' }
    expect(await attack(page, adminUrl())).toEqual(refused)
    expect(await simpleRequests(page, adminUrl())).toEqual({ framed: false, opened: false })
    const records = await read('/audit')
    expect(records).not.toContain('killed')
    expect(records).not.toContain('minted')
    expect(JSON.parse(await read('/tokens'))).toEqual({ tokens: [] })
    await operator.reload()
    await operator.getByRole('navigation', { name: 'Views' }).waitFor()
  })

  it('a sibling can set no session there', async () => {
    const page = await tab()
    await page.goto(`${siteUrl()}/`)
    await page.evaluate(() => {
      for (const attributes of ['', '; Domain=gate.localhost', '; Domain=gate.localhost; Secure; Path=/'])
        Object.assign(document, { cookie: `__Host-sluice_session=${'x'.repeat(43)}${attributes}` })
    })
    await page.goto(`${adminUrl()}/__sluice/ui`)
    await page.getByLabel('Token').waitFor()
    expect(await sessionsOf(page.context())).toEqual([])
  })

  it('a service worker from the time when the host served the site is gone once the browser asks for its script again', async () => {
    const front = await startFront(shared)
    onTestFinished(() => front.close())
    const page = await tab()
    await page.goto(`http://${ADMIN_HOST}:${front.port}/`)
    expect(await registerWorker(page)).toBe('registered')
    front.leadTo(apart)
    await expect
      .poll(
        async () => {
          await page.goto(`http://${ADMIN_HOST}:${front.port}/__sluice/ui`)
          return await page.title()
        },
        // Each visit puts the browser's check of the script off for a moment.
        { interval: 6_000, timeout: 120_000 },
      )
      .toBe('Sluice')
  })
})

/** What a page may send without asking: forms, images, frames, windows. */
async function simpleRequests(page: Page, url: string) {
  return await page.evaluate(async (base) => {
    const api = `${base}/__sluice/api/v1`
    const send = (path: string, body: string) =>
      fetch(api + path, { method: 'POST', mode: 'no-cors', credentials: 'include', body }).catch(
        () => undefined,
      )
    await send('/tokens', '{"name":"minted","role":"admin"}')
    await send('/flags/f/kill', '')
    const form = document.createElement('form')
    Object.assign(form, { method: 'post', action: `${api}/flags/f/kill`, target: 'sink' })
    const frame = Object.assign(document.createElement('iframe'), { name: 'sink' })
    document.body.append(frame, form)
    const loaded = new Promise((resolve) => frame.addEventListener('load', resolve, { once: true }))
    form.submit()
    await loaded
    const look = (read: () => unknown) => {
      try {
        return Boolean(read())
      } catch {
        return false
      }
    }
    const dashboard = Object.assign(document.createElement('iframe'), { src: `${base}/__sluice/ui` })
    const shown = new Promise((resolve) => dashboard.addEventListener('load', resolve, { once: true }))
    document.body.append(dashboard)
    await shown
    const opened = window.open(`${base}/__sluice/ui`)
    return {
      framed: look(() => dashboard.contentDocument?.querySelector('#app')),
      opened: look(() => opened?.document.querySelector('#app')),
    }
  }, url)
}

/** A door whose address stays while the gate behind it changes. */
async function startFront(first: Gate): Promise<{ port: number; leadTo(gate: Gate): void; close(): void }> {
  let gate = first
  const server: Server = createServer((request, response) => {
    const passed = connect({ port: port(gate), path: request.url, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 0, answer.headers)
      answer.pipe(response)
    })
    passed.on('error', () => response.destroy()).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    leadTo: (next) => {
      gate = next
    },
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
