/** What the gate adds to an origin's answer, and takes away. */
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createGate } from '../../../src/gate/gate.ts'
import { makeDebugToken } from '../../../src/gate/request/signature.ts'
import { environment, SHOP, stubOrigins } from './support/stage.ts'

afterEach(() => void vi.restoreAllMocks())

type Case = {
  path?: string
  init?: RequestInit
  answer?: ResponseInit
  document?: object
  signingKey?: string
}
const gateOf = (document: object = SHOP) => createGate({ bundled: document })

async function answerTo(
  { path = '/checkout/', init = {}, answer = {}, document, signingKey = '' }: Case,
  environment = 'production',
) {
  const asked = stubOrigins(() => new Response(answer.status === 304 ? null : 'body', answer))
  const bindings = { ...env, SIGNING_KEY: signingKey, ENVIRONMENT: environment } as never
  const response = await gateOf(document).handle(new Request(`https://shop.test${path}`, init), bindings, {
    waitUntil: () => {},
  })
  return { response, asked, headers: response.headers }
}
const cacheOf = async (one: Case) => (await answerTo(one)).headers.get('cache-control')
const cookiesOf = async (one: Case) =>
  (await answerTo(one)).headers.getSetCookie().map((each) => each.split('=')[0])

const page = { accept: 'text/html' }
const part = (dest: string) => ({
  'sec-fetch-dest': dest,
  'sec-fetch-mode': 'no-cors',
  'sec-fetch-site': 'same-origin',
})
const shared = { 'cache-control': 'public, max-age=60, s-maxage=90' }

describe('a shared cache', () => {
  it.each<[string, Case, string]>([
    ['a page of a flag', { init: { headers: page }, answer: { headers: shared } }, 'private, max-age=60'],
    [
      'a page that sets sluice_pages',
      {
        path: '/',
        init: { headers: { ...page, cookie: 'sluice_pages=x|checkout|on' } },
        answer: { headers: shared },
      },
      'private, max-age=60',
    ],
    [
      'a part of a route without a flag that several origins can answer',
      { path: '/app.js', init: { headers: part('script') }, answer: { headers: shared } },
      'private, no-cache',
    ],
    [
      'a page of such a route',
      { path: '/', init: { headers: page }, answer: { headers: shared } },
      'private, max-age=60',
    ],
    // The cache would give it to pages of another version.
    [
      'what no browser asks for of such a route',
      { path: '/app.js', answer: { headers: shared } },
      'private, max-age=60',
    ],
  ])('does not keep %s', async (_, one, expected) => expect(await cacheOf(one)).toBe(expected))

  it.each<[string, Case]>([
    ['a page of one', { path: '/named', init: { headers: page }, answer: { headers: shared } }],
    ['what no browser asks for', { path: '/named', answer: { headers: shared } }],
    [
      'a part of a route that is meant for one origin',
      { path: '/named', init: { headers: part('script') }, answer: { headers: shared } },
    ],
  ])('may keep %s', async (_, one) => expect(await cacheOf(one)).toBe(shared['cache-control']))
})

describe('a browser asks before it uses what it keeps of', () => {
  const old = { 'user-agent': 'Mozilla/5.0' }
  const code = [
    'document',
    'iframe',
    'frame',
    'object',
    'embed',
    'script',
    'style',
    'xslt',
    'json',
    'empty',
    'worker',
    'sharedworker',
    'serviceworker',
    'audioworklet',
    'paintworklet',
  ]
  const isAsked = async (path: string, headers: Record<string, string>, type?: string) => {
    const answer = { headers: { ...shared, ...(type !== undefined && { 'content-type': type }) } }
    return (await cacheOf({ path: `/checkout${path}`, init: { headers }, answer })) === 'private, no-cache'
  }

  it.each(code)('a %s', async (dest) => expect(await isAsked('/x', { 'sec-fetch-dest': dest })).toBe(true))
  it.each<[string, string | undefined, boolean]>([
    ['/x', 'image/png', false],
    ['/x', 'video/mp4', false],
    ['/x', 'audio/mpeg', false],
    ['/x', 'font/woff2', false],
    ['/x.png', undefined, false],
    ['/x.woff2', 'application/octet-stream', false],
    // A browser that keeps a picture takes it for a script where a page of another version asks for one.
    ['/app.js', 'image/png', true],
    ['/app.mjs', 'image/png', true],
    ['/style.css', 'image/png', true],
    ['/x.png', 'application/javascript', true],
    ['/x.png', 'text/css', true],
    ['/x.png', 'application/json', true],
    ['/x', 'application/octet-stream', true],
    ['/x', undefined, true],
  ])('a picture %s of type %s: %s', async (path, type, expected) => {
    for (const dest of ['image', 'video', 'font', 'script', 'document'])
      expect([dest, await isAsked(path, { 'sec-fetch-dest': dest }, type)]).toEqual([dest, expected])
  })

  it.each<[string, Record<string, string>, boolean]>([
    ['/app.js', old, true],
    ['/app.js', { 'user-agent': 'curl/8' }, false],
    ['/app.js', {}, false],
    ...[
      'woff',
      'woff2',
      'ttf',
      'otf',
      'png',
      'jpg',
      'jpeg',
      'gif',
      'svg',
      'webp',
      'avif',
      'ico',
      'mp3',
      'mp4',
      'webm',
      'pdf',
      'zip',
      'PNG',
    ].map((ending): [string, Record<string, string>, boolean] => [`/a.${ending}`, old, false]),
    ['/main.3f2a9c1b.js', part('script'), false],
    ['/index-BkT3x9aQ.css', part('style'), false],
    ['/main.production.js', part('script'), true],
    ['/main.3f2a9c1.js', part('script'), true],
    ['/main.3f2a9c1b', part('script'), true],
    ['/main.3f2a9c1b.js', old, false],
    ['/main-3f2a9c1b-.js', part('script'), false],
    ['/a~main-3f2a9c1b.js', part('script'), false],
    ['/3f2a9c1b.js', part('script'), true],
    ['/main-aaaaaaaaa.js', part('script'), true],
    ['/1-aaaaaaaaa.js', part('script'), true],
    ['/1.aaaaaaaaa.js', part('script'), true],
    ['/main-1.a.js', part('script'), true],
    ['/main.3f2a9c1b.j-s', part('script'), true],
  ])('%s with %j: %s', async (path, headers, expected) => expect(await isAsked(path, headers)).toBe(expected))
})

describe('a path of 60,000 characters', () => {
  // The clock of a Worker stands still while it computes.
  const now = () => scheduler.wait(1).then(() => Date.now())
  it.each(['-', '-1', '.', 'a', '%22', '1a', 'a1.', '~-1'])('of %s costs no time', async (piece) => {
    const path = `/checkout/e404/${piece.repeat(60_000 / piece.length)}`
    const began = await now()
    for (const dest of ['script', 'image'])
      expect(
        (await answerTo({ path, init: { headers: part(dest) }, answer: { status: 404 } })).response.status,
      ).toBe(404)
    expect((await now()) - began).toBeLessThan(2_000)
  })
})

describe('cookies', () => {
  const half = { path: '/half/' }
  const page = { accept: 'text/html', cookie: 'sluice_id=ada' }
  const known = { cookie: 'sluice_id=ada' }
  it.each<[string, Case, string[]]>([
    ['an identity for a new visitor', { ...half }, ['sluice_id']],
    [
      'an identity and the page',
      { ...half, init: { headers: { accept: 'text/html' } } },
      ['sluice_id', 'sluice_pages'],
    ],
    ['only the page for a visitor who is known', { init: { headers: page } }, ['sluice_pages']],
    ['nothing for a part', { init: { headers: { ...known, ...part('script') } } }, []],
    [
      'nothing for other sites’ requests',
      { init: { headers: { ...known, ...part('empty'), 'sec-fetch-site': 'cross-site' } } },
      [],
    ],
    [
      'nothing for a redirect',
      { init: { headers: page }, answer: { status: 302, headers: { location: '/x' } } },
      [],
    ],
    ['nothing for the last redirect', { init: { headers: page }, answer: { status: 399 } }, []],
    ['nothing for the first redirect', { init: { headers: page }, answer: { status: 300 } }, []],
    ['the page for the last success', { init: { headers: page }, answer: { status: 299 } }, ['sluice_pages']],
    ['the page for a 304', { init: { headers: page }, answer: { status: 304 } }, ['sluice_pages']],
    ['the page for an error', { init: { headers: page }, answer: { status: 404 } }, ['sluice_pages']],
    ['nothing for a plain page', { path: '/', init: { headers: page } }, []],
  ])('%s', async (_, one, expected) => expect(await cookiesOf(one)).toEqual(expected))

  it('of the origin stay', async () => {
    const { headers } = await answerTo({ ...half, answer: { headers: { 'set-cookie': 'session=1' } } })
    expect(headers.getSetCookie()).toEqual(['session=1', expect.stringContaining('sluice_id=')])
  })

  it('name the version that the visitor got: the stable one where it stepped in', async () => {
    const variantsBy = async (status: number) => {
      stubOrigins(({ url }) => new Response('', { status: url.startsWith('http://new') ? status : 200 }))
      const response = await gateOf().handle(
        new Request('https://shop.test/checkout/', { headers: page }),
        env as never,
        { waitUntil: () => {} },
      )
      return response.headers.get('set-cookie')?.match(/\|(\w+);/)?.[1]
    }
    expect([await variantsBy(200), await variantsBy(500)]).toEqual(['on', 'off'])
  })

  it('go by the referrer policy that visitors get', async () => {
    const entry = async (headers: Record<string, string>) =>
      (await answerTo({ path: '/checkout/deep', init: { headers: page }, answer: { headers } })).headers.get(
        'set-cookie',
      )
    expect(await entry({ 'referrer-policy': 'origin' })).not.toBe(await entry({}))
  })
})

describe('headers that visitors take for the gate’s', () => {
  const forged = { 'sluice-origin': 'x', 'sluice-flags': 'x', 'sluice-rescue': 'x', 'sluice-other': 'x' }
  it.each(['/', '/checkout/'])('are removed from answers below %s', async (path) => {
    const { headers } = await answerTo({ path, answer: { headers: forged } })
    expect([...headers.keys()].filter((name) => name.startsWith('sluice'))).toEqual([])
  })

  it.each([
    'sluice-origin',
    'sluice-flags',
    'sluice-rescue',
    'Sluice-Signature',
    'SLUICE-TARGETING-KEY',
    'sluice-shadow',
    'sluice-',
    'sluice-nothing-yet',
  ])('are removed one by one: %s', async (name) => {
    const { headers } = await answerTo({
      path: '/',
      answer: { headers: { [name]: 'x', 'x-sluice-own': '1', sluice_own: '2' } },
    })
    expect(headers.has(name)).toBe(false)
    expect([headers.get('x-sluice-own'), headers.get('sluice_own')]).toEqual(['1', '2'])
  })

  it('and those of the origin’s connection are removed', async () => {
    const { headers } = await answerTo({
      path: '/',
      answer: { headers: { connection: 'x-hop', 'x-hop': '1', 'x-kept': '1' } },
    })
    expect([headers.has('x-hop'), headers.has('x-kept')]).toEqual([false, true])
  })

  it('are the gate’s in development', async () => {
    const flagged = await answerTo({ answer: { headers: forged } }, 'development')
    expect([
      flagged.headers.get('sluice-origin'),
      flagged.headers.get('sluice-flags'),
      flagged.headers.has('sluice-rescue'),
    ]).toEqual(['new', 'checkout=on;reason=static', false])
    const plain = await answerTo({ path: '/' }, 'development')
    expect([plain.headers.get('sluice-origin'), plain.headers.has('sluice-flags')]).toEqual(['old', false])
    const rescued = await answerTo({ answer: { status: 500 } }, 'development')
    expect(rescued.headers.get('sluice-rescue')).toBe(null)
  })

  it('say how the fallback stepped in', async () => {
    stubOrigins(({ url }) => new Response('', { status: url.startsWith('http://new') ? 500 : 200 }))
    const bindings = { ...env, ENVIRONMENT: 'development' } as never
    const { headers } = await gateOf().handle(new Request('https://shop.test/checkout/'), bindings, {
      waitUntil: () => {},
    })
    expect([headers.get('sluice-rescue'), headers.get('sluice-origin')]).toEqual([
      'new;failure=status',
      'old',
    ])
  })

  it('are the holder’s of a token in production', async () => {
    const payload = { exp: Date.now() / 1_000 + 60, overrides: { checkout: 'off' } }
    const signingKey = environment.SIGNING_KEY ?? ''
    const token = (await makeDebugToken(environment, payload)) ?? ''
    const { headers } = await answerTo({ init: { headers: { 'sluice-debug': token } }, signingKey })
    expect([headers.get('sluice-origin'), headers.get('sluice-flags')]).toEqual([
      'old',
      'checkout=off;reason=override',
    ])
    expect(headers.get('cache-control')).toBe('private')
  })
})

describe('an answer', () => {
  it('that the gate has nothing to add to is the origin’s own', async () => {
    const origin = new Response('own')
    vi.spyOn(globalThis, 'fetch').mockResolvedValue(origin)
    const response = await gateOf().handle(new Request('https://shop.test/named'), env as never, {
      waitUntil: () => {},
    })
    expect(response).toBe(origin)
  })

  it.each([
    ['/checkout/', '"a~sluice.'],
    ['/', '"a"'],
  ])('below %s has validators of its origin: %s', async (path, etag) => {
    expect((await answerTo({ path, answer: { headers: { etag: '"a"' } } })).headers.get('etag')).toContain(
      etag,
    )
  })

  it.each([
    ['HEAD', '"a~sluice.'],
    ['PUT', '"a"'],
    ['POST', '"a"'],
  ])('to %s has the ETag %s', async (method, etag) => {
    const { headers } = await answerTo({
      path: '/checkout/',
      init: { method },
      answer: { headers: { etag: '"a"' } },
    })
    expect(headers.get('etag')).toContain(etag)
  })

  it('keeps its status, its text and its body', async () => {
    const { response } = await answerTo({ answer: { status: 418, statusText: 'Teapot' } })
    expect([response.status, response.statusText, await response.text()]).toEqual([418, 'Teapot', 'body'])
  })

  it.each([
    ['/checkout/', 599, false],
    ['/checkout/', 600, true],
    ['/', 600, true],
  ])('below %s whose status is %i can not be copied: %s', async (path, status, isOwn) => {
    const origin = new Response('own')
    Object.defineProperty(origin, 'status', { value: status })
    vi.spyOn(globalThis, 'fetch').mockResolvedValue(origin)
    const document = {
      ...SHOP,
      routes: SHOP.routes.map((route) => ('flag' in route ? { ...route, rescue: false } : route)),
    }
    const response = await gateOf(document).handle(
      new Request(`https://shop.test${path}`, { headers: page }),
      env as never,
      { waitUntil: () => {} },
    )
    expect(response === origin).toBe(isOwn)
  })

  it.each<[string, [string, string]]>([
    ['/', ['set-cookie', 'sluice_id=evil']],
    ['/', ['set-cookie', '=sluice_id=evil']],
    ['/', ['sluice-flags', 'f=on;reason=static']],
    ['/', ['connection', 'x-hop']],
    ['/checkout/', ['set-cookie', 'sluice_pages=evil']],
    ['/checkout/', ['cache-control', 'public, max-age=60']],
    ['/checkout/', ['cache-control', 'max-age=1, S-MaxAge=60']],
    ['/checkout/', ['cdn-cache-control', 'max-age=60']],
  ])(
    'below %s brings nothing of the gate’s, nor for shared caches, by an odd status: %j',
    async (path, bad) => {
      vi.spyOn(globalThis, 'fetch').mockImplementation(async () => {
        const origin = new Response('own', { headers: [bad, ['x-hop', 'evil'], ['x-own', '1']] })
        if (bad[0] !== 'connection') origin.headers.delete('x-hop')
        return Object.defineProperty(origin, 'status', { value: 777 })
      })
      const document = {
        ...SHOP,
        routes: SHOP.routes.map((route) => ('flag' in route ? { ...route, rescue: false } : route)),
      }
      const bindings = { ...env, ENVIRONMENT: 'production' } as never
      const request = new Request(`https://shop.test${path}`)
      const response = await gateOf(document).handle(request, bindings, { waitUntil: () => {} })
      expect([response.status, await response.text(), response.headers.get('x-own')]).toEqual([
        502,
        'own',
        '1',
      ])
      const answered = [...response.headers].map((pair) => pair.join(': ')).join('\n')
      expect(answered).not.toMatch(/evil|sluice-flags|public|s-maxage=|cdn-/i)
    },
  )

  it('brings the flags of the version that the visitor got', async () => {
    const document = { ...SHOP, bootstrap: { paths: ['/*'] } }
    const flagOf = async (path: string, canary: number, headers: object = {}) => {
      stubOrigins(
        ({ url }) =>
          new Response('<p>', {
            status: url.startsWith('http://new') ? canary : 200,
            headers: { 'content-type': 'text/html' },
          }),
      )
      const response = await gateOf(document).handle(
        new Request(`https://shop.test${path}`, { headers: { ...page, ...headers } }),
        { ...env, ENVIRONMENT: 'development' } as never,
        { waitUntil: () => {} },
      )
      const { flags } = JSON.parse(/>(.*)<\/script/.exec(await response.text())?.[1] ?? '{}')
      return [
        flags.checkout.variant,
        flags.checkout.reason,
        response.headers.getSetCookie().filter((each) => each.startsWith('sluice_id')).length,
      ]
    }
    expect(await flagOf('/checkout/', 200)).toEqual(['on', 'STATIC', 1])
    expect(await flagOf('/checkout/', 500)).toEqual(['off', 'RESCUED', 1])
    expect(await flagOf('/about', 200)).toEqual(['on', 'STATIC', 1])
    expect(await flagOf('/about', 200, { 'sluice-debug': '1' })).toEqual(['on', 'STATIC', 1])
  })
})

describe('the last resort', () => {
  const broken = () => {
    const gate = gateOf()
    vi.spyOn(gate.planner, 'plan').mockRejectedValue(new Error('The planner is broken'))
    vi.spyOn(console, 'error').mockImplementation(() => {})
    return gate
  }
  const ask = () =>
    broken().handle(new Request('https://shop.test/checkout/'), env as never, { waitUntil: () => {} })

  it('is the stable origin, out of shared caches', async () => {
    const asked = stubOrigins(() => new Response('stable', { status: 404, headers: shared }))
    const response = await ask()
    expect([response.status, response.headers.get('cache-control'), asked[0]?.url]).toEqual([
      404,
      'private, max-age=60',
      'http://old.test/checkout/',
    ])
  })

  it('is an error page where that can not be reached', async () => {
    stubOrigins(() => Promise.reject(new Error('The connection broke')))
    expect((await ask()).status).toBe(502)
  })

  it.each([
    [599, false],
    [600, true],
  ])('is the answer itself where its status can not be copied: %i', async (status, isOwn) => {
    const origin = new Response('own')
    Object.defineProperty(origin, 'status', { value: status })
    vi.spyOn(globalThis, 'fetch').mockResolvedValue(origin)
    expect((await ask()) === origin).toBe(isOwn)
  })
})
