/** The gate's cookies are credentials: they go to no origin, and no origin sets them. */
import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createGate } from '../../../../src/gate/gate.ts'

const DOCUMENT = {
  origins: { old: { url: 'http://old.test' }, new: { url: 'http://new.test' } },
  routes: [
    { path: '/checkout/*', flag: 'checkout', origins: { on: 'new', off: 'old' } },
    { path: '/*', origin: 'old' },
  ],
  flags: { checkout: { variants: { on: true, off: false }, off: 'off', rules: [{ serve: 'on' }] } },
}
const gate = createGate({ bundled: DOCUMENT })
afterEach(() => vi.restoreAllMocks())

/** The gate's answer, and the headers that the origin got. */
async function through(
  path: string,
  sent: Record<string, string>,
  answered: [string, string][] = [],
  more: object = {},
) {
  let seen = new Headers()
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    seen = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined))
    const headers = new Headers()
    for (const [name, value] of answered) headers.append(name, value)
    return new Response('page', { headers })
  })
  const request = new Request(`https://shop.test${path}`, { headers: sent })
  const response = await gate.handle(request, { ...env, ...more }, createExecutionContext())
  return { seen, cookies: response.headers.getSetCookie(), status: response.status }
}

it.each(['/checkout/', '/plain'])('on %s an origin gets every cookie but the gate’s', async (path) => {
  const cookie = 'a=1; sluice_id=me; b="x; y"; SLUICE_pages=p|f|on;sluice_debug=tok.en; c=sluice_id=2'
  const { seen } = await through(path, { cookie })
  expect(seen.get('cookie')).toBe('a=1; b="x; y"; c=sluice_id=2')
})

it.each(['/checkout/', '/plain'])('on %s nor by the answer that opens a WebSocket', async (path) => {
  const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket]
  server.accept()
  vi.spyOn(globalThis, 'fetch').mockImplementation(async () => {
    const headers = new Headers([['set-cookie', 'own=1']])
    for (const forged of ['sluice_id=evil', '=sluice_id=evil']) headers.append('set-cookie', forged)
    headers.set('sluice-flags', 'evil=on')
    return new Response(null, { status: 101, webSocket: client, headers })
  })
  const request = new Request(`https://shop.test${path}`, { headers: { upgrade: 'websocket' } })
  const bindings = { ...env, ENVIRONMENT: 'production' }
  const response = await gate.handle(request, bindings, createExecutionContext())
  expect([response.status, response.webSocket === null]).toEqual([101, false])
  expect([...response.headers].join('\n')).not.toContain('evil')
  expect(response.headers.getSetCookie()).toContain('own=1')
})

it.each([
  ['sluice_id=me', null],
  ['sluice_id=me; a=1', 'a=1'],
  // Two Cookie headers arrive as one.
  ['a=1, sluice_id=me; b=2', 'a=1; b=2'],
  ['sluice_id=me, session=x, c=3', 'session=x, c=3'],
  ['sluicexid=me; my_sluice_id=1', 'sluicexid=me; my_sluice_id=1'],
  ['a=1;;b', 'a=1;;b'],
  ['a=1; __Host-sluice_session=s; b=2', 'a=1; b=2'],
  ['__host-sluice_session=s', null],
  ['x__Host-sluice_session=s', 'x__Host-sluice_session=s'],
])('the Cookie header %s becomes %s', async (cookie, expected) => {
  expect((await through('/plain', { cookie })).seen.get('cookie')).toBe(expected)
})

it.each(['/checkout/', '/plain'])('on %s an origin sets any cookie but the gate’s', async (path) => {
  const { cookies } = await through(path, { cookie: 'sluice_id=me' }, [
    ['set-cookie', 'session=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT'],
    ['set-cookie', 'sluice_id=evil; Path=/'],
    ['set-cookie', ' Sluice_pages=evil'],
    ['set-cookie', '__Host-sluice_session=evil; Secure; Path=/'],
    // Cookies without a name: browsers send back what stands behind the sign.
    ['set-cookie', '=sluice_id=evil'],
    ['set-cookie', ' = SLUICE_debug=evil; Path=/'],
    ['set-cookie', '\t=__Host-sluice_session=evil; Secure; Path=/'],
    ['set-cookie', 'theme=sluice_dark'],
  ])
  expect(cookies.filter((each) => /evil/.test(each))).toEqual([])
  expect(cookies.slice(0, 2)).toEqual([
    'session=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT',
    'theme=sluice_dark',
  ])
})

it.each(['a/b', 'a?b', 'a#b', 'user@host', 'a\\b', 'admin%2etest'])(
  'the Host %s is refused',
  async (host) => {
    expect((await through('/plain', { host })).status).toBe(400)
  },
)

describe('credentials of Cloudflare Access', () => {
  const sent = {
    'cf-access-jwt-assertion': 'ey',
    'cf-access-authenticated-user-email': 'ada@example.com',
    'cf-access-client-secret': 'secret',
    'cf-ray': 'kept',
    cookie:
      'a=1; CF_Authorization=ey; CF_AppSession=x; cf_clearance=kept; sluice_id=me; xCF_Authorization=kept',
  }
  const ofAccess = (headers: Headers) => [...headers.keys()].filter((name) => name.startsWith('cf-access'))

  it.each(['/checkout/', '/plain'])(
    'on %s never reach an origin where the gate uses Access',
    async (path) => {
      const { seen } = await through(path, sent, [], { ACCESS_AUDIENCE: 'the gate' })
      expect(ofAccess(seen)).toEqual([])
      expect(seen.get('cf-ray')).toBe('kept')
      expect(seen.get('cookie')).toBe('a=1; cf_clearance=kept; xCF_Authorization=kept')
      const alone = await through(path, { cookie: 'CF_Authorization=ey' }, [], {
        ACCESS_AUDIENCE: 'the gate',
      })
      expect(alone.seen.has('cookie')).toBe(false)
    },
  )

  it('are the origin’s own where the gate does not', async () => {
    const { seen } = await through('/plain', sent)
    expect(ofAccess(seen)).toHaveLength(3)
    expect(seen.get('cookie')).toContain('CF_Authorization=ey; CF_AppSession=x')
  })
})
