/** Origins that an ordinary fetch of their URL doesn't reach, and answers that name their origin: through a whole gate. */
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createGate } from '../../../../src/gate/gate.ts'
import { type Asked, SHOP, stubOrigins } from '../support/stage.ts'

afterEach(() => void vi.restoreAllMocks())

type Options = {
  bindings?: object
  init?: RequestInit
  answer?: () => Response
  cf?: Partial<IncomingRequestCfProperties>
}

/** What a visitor gets of the origin `old`, and what that was asked by an ordinary fetch. */
async function visit(origin: object, path: string, { bindings, init, answer, cf }: Options = {}) {
  const asked = stubOrigins(answer ?? (() => new Response('an origin')))
  const document = { ...SHOP, origins: { ...SHOP.origins, old: origin } }
  const request = new Request(`https://www.shop.test${path}`, {
    ...init,
    ...(cf && { cf: cf as CfProperties }),
  })
  const all = { ...env, SIGNING_KEY: '', ENVIRONMENT: 'production', ...bindings } as never
  const response = await createGate({ bundled: document }).handle(request, all, { waitUntil: () => {} })
  return { response, asked: asked.filter(({ url }) => !url.includes('kv')) }
}

/** A Worker behind a service binding. */
function worker() {
  const asked: Pick<Asked, 'url' | 'method' | 'headers' | 'body'>[] = []
  return {
    asked,
    fetch: async (input: Request | string, init: RequestInit) => {
      const request = new Request(input, init)
      asked.push({
        url: request.url,
        method: request.method,
        headers: request.headers,
        body: await request.text(),
      })
      return new Response('a Worker')
    },
  }
}

describe('an origin behind a binding', () => {
  it('gets the request as the visitor sent it', async () => {
    const APP = worker()
    const init = { method: 'POST', body: 'x=1', headers: { 'content-length': '3' } }
    const { response, asked } = await visit({ binding: 'APP' }, '/a?b=1', { bindings: { APP }, init })
    expect([await response.text(), asked]).toEqual(['a Worker', []])
    expect(APP.asked[0]).toMatchObject({ url: 'https://www.shop.test/a?b=1', method: 'POST', body: 'x=1' })
  })

  it('gets its own URL where it has one, unless the host is preserved', async () => {
    const APP = worker()
    const origin = { binding: 'APP', url: 'http://app.internal:8080/base' }
    await visit(origin, '/a', { bindings: { APP } })
    await visit({ ...origin, host: 'preserve' }, '/a', { bindings: { APP } })
    expect(APP.asked.map(({ url }) => url)).toEqual([
      'http://app.internal:8080/base/a',
      'https://www.shop.test/base/a',
    ])
  })

  it('that the Worker lacks cannot be reached', async () => {
    for (const bindings of [{}, { APP: 'text' }]) {
      const { response, asked } = await visit({ binding: 'APP' }, '/a', { bindings })
      expect([response.status, asked]).toEqual([502, []])
    }
  })
})

describe('an origin by its URL', () => {
  const origin = { url: 'https://app.internal' }

  it('gets its headers, with secrets of the Worker, in place of the visitor’s', async () => {
    const headers = {
      'X-Fixed': 'yes',
      'CF-Access-Client-Secret': { secret: 'ACCESS_SECRET' },
      'X-None': { secret: 'NONE' },
    }
    const { asked } = await visit({ ...origin, headers }, '/a', {
      bindings: { ACCESS_SECRET: 'hush' },
      init: { headers: { 'x-fixed': 'forged', 'cf-access-client-secret': 'forged' } },
    })
    const got = asked[0]?.headers
    expect([got?.get('x-fixed'), got?.get('cf-access-client-secret'), got?.has('x-none')]).toEqual([
      'yes',
      'hush',
      false,
    ])
  })

  it('gets the visitor’s Host on Cloudflare, where the document says so', async () => {
    const cf = { colo: 'OTP' }
    const [own, preserved, elsewhere] = [
      await visit(origin, '/a', { cf }),
      await visit({ ...origin, host: 'preserve' }, '/a', { cf }),
      await visit({ ...origin, host: 'preserve' }, '/a'),
    ]
    expect([own.asked[0]?.url, own.asked[0]?.init.cf]).toEqual(['https://app.internal/a', undefined])
    expect(preserved.asked[0]).toMatchObject({
      url: 'https://www.shop.test/a',
      init: { cf: { resolveOverride: 'app.internal' } },
    })
    // Elsewhere this would ask the gate itself.
    expect(elsewhere.asked[0]?.url).toBe('https://app.internal/a')
  })

  it('speaks of itself in the visitor’s words', async () => {
    const answer = () =>
      new Response(null, {
        status: 302,
        headers: [
          ['location', 'https://app.internal/login'],
          ['set-cookie', 'a=1; Domain=app.internal'],
          ['set-cookie', 'b=2'],
        ],
      })
    const { response } = await visit(origin, '/a', { answer })
    expect(response.headers.get('location')).toBe('https://www.shop.test/login')
    expect(response.headers.getSetCookie()).toEqual(['a=1; Domain=www.shop.test', 'b=2'])
    const untouched = await visit({ ...origin, rewrite: false }, '/a', { answer })
    expect(untouched.response.headers.get('location')).toBe('https://app.internal/login')
  })

  it('that redirects to itself by another name gets a 502 that says so', async () => {
    const answer = () => new Response(null, { status: 301, headers: { location: 'https://app.internal/a' } })
    const { response } = await visit({ url: 'http://app.internal' }, '/a', { answer })
    expect(response.status).toBe(502)
    expect(await response.text()).toMatch(/origin "old" .* redirects to https:\/\/app\.internal\/a/)
    const posted = await visit({ url: 'http://app.internal' }, '/a', { answer, init: { method: 'POST' } })
    expect(posted.response.status).toBe(301)
  })
})

describe('the page that a request comes from', () => {
  const from = (origin: string, referer: string): Options => ({
    init: { method: 'POST', headers: { origin, referer } },
  })
  const sources = async (origin: object, { init }: Options, bindings = {}) => {
    const { asked } = await visit(origin, '/a', { ...(init && { init }), bindings })
    return [asked[0]?.headers.get('origin'), asked[0]?.headers.get('referer')]
  }
  const OWN = from('https://www.shop.test', 'https://www.shop.test/form?a=1')

  it('is one of the origin’s own, where it is one of the site', async () => {
    expect(await sources({ url: 'http://app.internal:81' }, OWN)).toEqual([
      'http://app.internal:81',
      'http://app.internal:81/form?a=1',
    ])
    expect(await sources({ url: 'https://app.internal/base/' }, OWN)).toEqual([
      'https://app.internal',
      'https://app.internal/base/form?a=1',
    ])
    // Where a host that it can't have is preserved, it has its own.
    expect(await sources({ url: 'https://app.internal', host: 'preserve' }, OWN)).toEqual([
      'https://app.internal',
      'https://app.internal/form?a=1',
    ])
  })

  it.each([
    ['https://evil.test', 'https://evil.test/form'],
    ['null', 'https://www.shop.test.evil.test/form'],
    ['https://www.shop.test:444', 'https://www.shop.test:444/'],
    ['http://www.shop.test', 'http://www.shop.test/'],
    ['https://www.shop.test@evil.test', 'https://www.shop.test@evil.test/'],
  ])('stays what it is where it is another’s: %s', async (origin, referer) => {
    expect(await sources({ url: 'https://app.internal' }, from(origin, referer))).toEqual([origin, referer])
  })

  it.each([
    ['https://www.shop.test/b?x', 'https://app.internal/base/b?x'],
    ['/b', '/b'],
    ['https://other.test/b', 'https://other.test/b'],
  ])('is as the place that WebDAV moves a file to: %s', async (destination, expected) => {
    const init = { method: 'MOVE', headers: { destination } }
    const { asked } = await visit({ url: 'https://app.internal/base/' }, '/a', { init })
    expect(asked[0]?.headers.get('destination')).toBe(expected)
  })

  it.each([
    ['only answers are translated', { url: 'https://app.internal', rewrite: 'answers' }],
    ['nothing is', { url: 'https://app.internal', rewrite: false }],
    ['it has the visitor’s host', { binding: 'APP' }],
    ['the host is the same', { url: 'https://www.shop.test' }],
  ])('stays what it is where %s', async (_, origin) => {
    const APP = worker()
    const { asked } = await visit(origin, '/a', { ...OWN, bindings: { APP } })
    const { headers } = (asked[0] ?? APP.asked[0]) as Asked
    expect([headers.get('origin'), headers.get('referer')]).toEqual([
      'https://www.shop.test',
      'https://www.shop.test/form?a=1',
    ])
  })

  /** Frameworks compare it with the host that they were asked under, or with the one that was forwarded, by where they run. */
  describe('of Next.js or React Router that sends a form', () => {
    const ask = async (
      path: string,
      more: Record<string, string>,
      origin: object = { url: 'https://app.internal' },
    ) => {
      const headers = { origin: 'https://www.shop.test', referer: 'https://www.shop.test/form', ...more }
      const { asked } = await visit(origin, path, { init: { method: 'POST', headers } })
      return [asked[0]?.headers.get('origin'), asked[0]?.headers.get('referer')]
    }

    it('is left to the Referer', async () => {
      expect(await ask('/items/1.data', {})).toEqual([null, 'https://app.internal/form'])
      expect(await ask('/a', { 'next-action': '7f00' })).toEqual([null, 'https://app.internal/form'])
      expect(await ask('/a', { rsc: '1' })).toEqual(['https://app.internal', 'https://app.internal/form'])
    })

    it.each(['https://evil.test', 'null', 'https://www.shop.test.evil.test', 'https://www.shop.test:444'])(
      'stays where it is another’s: %s',
      async (origin) => {
        expect((await ask('/items/1.data', { origin }))[0]).toBe(origin)
        expect((await ask('/a', { origin, 'next-action': '7f00' }))[0]).toBe(origin)
      },
    )

    it('stays where requests are not translated, and where it only loads data', async () => {
      const answers = { url: 'https://app.internal', rewrite: 'answers' }
      expect((await ask('/items/1.data', {}, answers))[0]).toBe('https://www.shop.test')
      const { asked } = await visit({ url: 'https://app.internal' }, '/items/1.data', {
        init: { headers: { origin: 'https://www.shop.test' } },
      })
      expect(asked[0]?.headers.get('origin')).toBe('https://app.internal')
    })
  })
})
