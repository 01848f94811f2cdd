import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../harness/eventually.ts'
import { type Answer, type Origin, startOrigin } from '../harness/origin.ts'
import { raw } from '../harness/raw.ts'
import { type Gate, startGate } from '../harness/running-gate.ts'

/** Says who it is; has its own hashed assets only, and answers unknown paths under /spa with its page. */
const version =
  (name: string): Answer =>
  (request, response) => {
    const { pathname: path, searchParams } = new URL(request.url ?? '/', 'http://x')
    const policy = searchParams.get('policy')
    if (policy !== null) response.setHeader('referrer-policy', policy)
    response.setHeader('cache-control', 'public, max-age=600')
    if (path.startsWith('/spa/')) response.setHeader('content-type', 'text/html; charset=utf-8')
    const hashed = /^\/(?:spa|assets)\/(?:app|only)\.(\w+)\.js$/.exec(path)
    if (hashed?.[1] === name) response.setHeader('content-type', 'text/javascript')
    else if (hashed && path.startsWith('/assets/')) response.statusCode = 404
    response.end(name)
  }

let old: Origin
let next: Origin
let api: Origin
let gate: Gate

let written = 0
/** Each is a new text: one that was in force before could also be an old one seen late. */
const documentWith = (percentage: number) => ({
  origins: { old: { url: old.url }, new: { url: next.url }, api: { url: api.url } },
  context: { targetingKey: [{ header: 'x-user-id' }] },
  routes: [
    { path: '/api/*', origin: 'api' },
    { path: '/legal/*', origin: 'old' },
    { path: '/checkout/*', flag: 'checkout', origins: { on: 'new', off: 'old' } },
    { path: '/basket/*', flag: 'кошик/a', origins: { on: 'new', off: 'old' } },
    { path: '/staff/*', flag: 'staff', origins: { on: 'new', off: 'old' } },
    { path: '/*', origin: 'old' },
  ],
  flags: {
    checkout: {
      description: `document ${++written}`,
      variants: { on: true, off: false },
      off: 'off',
      rules: [{ percentage, serve: 'on' }],
    },
    'кошик/a': { variants: { on: true, off: false }, off: 'off', rules: [{ percentage, serve: 'on' }] },
    staff: {
      variants: { on: true, off: false },
      off: 'off',
      rules: [{ when: [{ attribute: 'header.x-staff', op: 'exists' }], serve: 'on' }],
    },
  },
})

beforeAll(async () => {
  old = await startOrigin('old', version('old'))
  next = await startOrigin('new', version('new'))
  api = await startOrigin('api', (_, response) => void response.end('api'))
  gate = await startGate({ document: documentWith(0) })
})
beforeEach(async () => {
  // In this order the gate never sees the old share without the old kill.
  await ramp(0)
  await gate.kv.put('kill', '[]')
})
afterAll(async () => {
  await gate?.close()
  await Promise.all([old, next, api].map((each) => each?.close()))
})

/** A browser, as far as requests show it: a cookie jar, fetch metadata, and the page as Referer. */
class Browser {
  readonly #cookies = new Map<string, string>()

  async send(path: string, headers: Record<string, string>, init: { method?: string; body?: string } = {}) {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await raw(gate.url + path, {
      ...init,
      headers: { 'x-user-id': 'eve', ...(cookie && { cookie }), ...headers },
    })
    for (const field of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(field) ?? []
      this.#cookies.set(name, value)
    }
    return { text: response.text, response }
  }

  open(path: string, headers: Record<string, string> = {}) {
    return this.send(path, { ...NAVIGATION, 'sec-fetch-site': 'none', ...headers })
  }

  load(from: string, path: string, dest = 'empty', init: { method?: string; body?: string } = {}) {
    const fetchMetadata = {
      'sec-fetch-mode': 'cors',
      'sec-fetch-dest': dest,
      'sec-fetch-site': 'same-origin',
    }
    return this.send(path, { ...fetchMetadata, referer: gate.url + from }, init)
  }
}
const SUBRESOURCE = { 'sec-fetch-mode': 'no-cors', 'sec-fetch-site': 'same-origin' }
const NAVIGATION = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' }

async function ramp(percentage: number): Promise<void> {
  await gate.kv.put('config', documentWith(percentage))
  const wanted = percentage === 0 ? 'old' : 'new'
  // What is killed comes from `old` whatever the document says: the flag that no test kills shows that it has arrived.
  await settled(wanted, '/basket/')
  await settled(wanted)
}

/** Waits until a visitor who opens the page anew gets this version. */
const settled = (wanted: string, page = '/checkout/') =>
  eventually(
    `${page} comes from ${wanted} when it is opened anew`,
    async () => (await new Browser().open(page)).text === wanted,
  )

describe('what a page loads', () => {
  it('comes from the version of its page while percentages move, tab by tab', async () => {
    const browser = new Browser()
    expect((await browser.open('/checkout/a')).text).toBe('old')
    await ramp(100)
    expect((await browser.open('/checkout/b')).text).toBe('new')
    for (const path of ['/checkout/cart', '/style.css', '/data']) {
      expect([path, (await browser.load('/checkout/a', path)).text]).toEqual([path, 'old'])
      expect([path, (await browser.load('/checkout/b', path)).text]).toEqual([path, 'new'])
    }
    await ramp(0)
    expect((await browser.load('/checkout/b', '/checkout/cart')).text).toBe('new')
    expect((await browser.open('/checkout/b')).text).toBe('old')
    expect((await browser.load('/checkout/b', '/checkout/cart')).text).toBe('old')
  })

  it('comes from the version of its page, however many pages are opened or fetched ahead since', async () => {
    const browser = new Browser()
    for (let page = 0; page < 9; page++) await browser.open(`/checkout/${page}`)
    await ramp(100)
    for (let page = 0; page < 12; page++) await browser.open(`/checkout/tab-b/${page}`)
    for (let page = 0; page < 12; page++)
      await browser.open(`/checkout/ahead/${page}`, {
        'sec-fetch-site': 'same-origin',
        'sec-purpose': 'prefetch',
      })
    // Back through its history, a browser shows pages without asking for them.
    for (let page = 8; page >= 0; page--)
      expect([page, (await browser.load(`/checkout/${page}`, '/checkout/cart')).text]).toEqual([page, 'old'])
    const form = { ...NAVIGATION, 'sec-fetch-site': 'same-origin', referer: `${gate.url}/checkout/0` }
    expect((await browser.send('/checkout/pay', form, { method: 'POST', body: 'x' })).text).toBe('old')
    expect((await browser.load('/checkout/tab-b/0', '/checkout/cart')).text).toBe('new')
  })

  it('follows by the newest page of the flag where the Referer names none', async () => {
    const browser = new Browser()
    await browser.open('/checkout/')
    await ramp(100)
    expect((await browser.load('/checkout/made/by/pushState', '/checkout/cart')).text).toBe('old')
    expect((await browser.load('/assets/importing.js', '/assets/imported.js', 'script')).text).toBe('old')
  })

  it('is followed under a referrer policy that hides the page, or names the site alone', async () => {
    for (const policy of ['no-referrer', 'origin', 'no-referrer, strict-origin']) {
      const browser = new Browser()
      const referer: Record<string, string> = policy === 'no-referrer' ? {} : { referer: `${gate.url}/` }
      const load = (path: string) =>
        browser.send(path, { ...SUBRESOURCE, 'sec-fetch-dest': 'script', ...referer })
      await browser.open(`/checkout/?policy=${encodeURIComponent(policy)}`)
      await ramp(100)
      expect([policy, (await load('/checkout/cart')).text]).toEqual([policy, 'old'])
      await browser.open(`/checkout/next?policy=${encodeURIComponent(policy)}`)
      expect([policy, (await load('/checkout/cart')).text]).toEqual([policy, 'new'])
      await ramp(0)
    }
  })

  it('is followed in browsers that send no fetch metadata', async () => {
    for (const referer of [{ referer: `${gate.url}/checkout/` }, {}] as Record<string, string>[]) {
      const browser = new Browser()
      expect((await browser.send('/checkout/', { accept: 'text/html' })).text).toBe('old')
      await ramp(100)
      expect((await browser.send('/checkout/cart', { accept: '*/*', ...referer })).text).toBe('old')
      expect((await browser.send('/checkout/', { accept: 'text/html' })).text).toBe('new')
      await ramp(0)
    }
  })

  it('is a new page where a service worker fetches it', async () => {
    const browser = new Browser()
    expect((await browser.open('/checkout/')).text).toBe('old')
    await ramp(100)
    const byWorker = {
      ...NAVIGATION,
      'sec-fetch-dest': 'empty',
      'sec-fetch-site': 'same-origin',
      referer: `${gate.url}/checkout/`,
    }
    expect((await browser.send('/checkout/next', byWorker)).text).toBe('new')
    expect((await browser.load('/checkout/next', '/checkout/cart')).text).toBe('new')
    expect((await browser.load('/checkout/', '/checkout/cart')).text).toBe('old')
  })

  it('follows whatever script the key of the flag is written in', async () => {
    const browser = new Browser()
    expect((await browser.open('/basket/')).text).toBe('old')
    await ramp(100)
    expect((await browser.load('/basket/', '/basket/items')).text).toBe('old')
    expect((await browser.open('/basket/more')).text).toBe('new')
  })

  it('holds for the form that is sent from the page, and for the page that answers', async () => {
    const browser = new Browser()
    await browser.open('/checkout/form')
    await ramp(100)
    const headers = { ...NAVIGATION, 'sec-fetch-site': 'same-origin', referer: `${gate.url}/checkout/form` }
    expect((await browser.send('/checkout/pay', headers, { method: 'POST', body: 'x' })).text).toBe('old')
    expect((await browser.load('/checkout/pay', '/checkout/cart')).text).toBe('old')
  })

  it('goes where the document says for routes that name another origin', async () => {
    await ramp(100)
    const browser = new Browser()
    await browser.open('/checkout/')
    expect((await browser.load('/checkout/', '/api/x')).text).toBe('api')
    expect((await browser.load('/checkout/', '/legal/terms')).text).toBe('old')
  })

  it('is decided afresh for other sites, and for pages of routes without a flag', async () => {
    const browser = new Browser()
    await browser.open('/checkout/')
    await ramp(100)
    const foreign = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', 'sec-fetch-site': 'cross-site' }
    expect((await browser.send('/checkout/cart', foreign)).text).toBe('new')
    await browser.open('/about')
    expect((await browser.load('/about', '/checkout/cart')).text).toBe('new')
  })

  it('comes from control once the flag is killed', async () => {
    await ramp(100)
    const browser = new Browser()
    await browser.open('/checkout/')
    expect((await browser.load('/checkout/', '/checkout/cart')).text).toBe('new')
    await gate.kv.put('kill', '["checkout"]')
    await settled('old')
    expect((await browser.load('/checkout/', '/checkout/cart')).text).toBe('old')
  })

  it('opens nothing that targeting closes, whatever the cookie says', async () => {
    const browser = new Browser()
    await browser.open('/staff/', { 'x-staff': 'yes' })
    expect((await browser.load('/staff/', '/staff/secret')).text).toBe('old')
  })

  it('leaves a session cookie that scripts cannot read, and keeps the page out of shared caches', async () => {
    const { response } = await new Browser().open('/checkout/')
    expect(response.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^sluice_pages=\w+\|checkout\|off; Path=\/; HttpOnly; SameSite=Lax$/),
    ])
    expect(response.headers.get('cache-control')).toBe('private, no-cache')
  })
})

describe('an asset that the assigned version lacks', () => {
  it('comes from the version that has it', async () => {
    const browser = new Browser()
    const found = await browser.load('/checkout/', '/assets/app.new.js', 'script')
    expect([found.response.status, found.text]).toEqual([200, 'new'])
    const bare = await browser.send('/assets/app.new.js', {})
    expect([bare.response.status, bare.text]).toEqual([200, 'new'])
  })

  it('comes from there too where the assigned version answers unknown paths with a page', async () => {
    // By itself, and passed on by a service worker.
    for (const dest of ['script', 'empty']) {
      const found = await new Browser().load('/checkout/', '/spa/only.new.js', dest)
      expect([found.text, found.response.headers.get('content-type')]).toEqual(['new', 'text/javascript'])
    }
  })

  it('stays missing where no origin has it, and then no cache may keep that', async () => {
    const gone = await new Browser().load('/checkout/', '/assets/app.gone.js', 'script')
    expect(gone.response.status).toBe(404)
    expect(gone.response.headers.get('cache-control')).toBe('no-store')
  })

  it('costs nothing for what is no asset', async () => {
    const before = next.requests.length
    await new Browser().load('/about', '/assets/app.gone.js/data', 'empty')
    expect(next.requests.length).toBe(before)
  })
})
