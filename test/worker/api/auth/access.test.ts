/** Cloudflare Access: assertions of its team's keys are let in with the role of the lists, all others are not. */
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { Authenticator } from '../../../../src/api/auth/authenticator.ts'
import { takeInternalErrors } from '../../../../src/platform/internal-errors.ts'
import { envWith } from '../../support/fake-gate.ts'

const AUDIENCE = 'the application'
const LISTS = {
  ACCESS_ADMINS: 'ada@example.com, @root.example.com',
  ACCESS_OPERATORS: '@ops.example.com,,ci-token',
}
let keys: CryptoKeyPair
let teams = 0

beforeAll(async () => {
  keys = (await generateKeyPair('RS256', { extractable: true })) as CryptoKeyPair
})

/** A gate behind a separate team, since keys are cached by address. */
async function startGate(env: object = {}) {
  const team = `team-${++teams}.test`
  const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: 'RS256' }] })
  const gate = {
    team,
    fetched: [] as string[],
    work: [] as Promise<unknown>[],
    answer: async (): Promise<Response> => new Response(jwks),
    authenticator: new Authenticator(),
    sign: async (claims: JWTPayload, more: { issuer?: string; audience?: string; expires?: string } = {}) =>
      await new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
        .setIssuer(more.issuer ?? `https://${team}`)
        .setAudience(more.audience ?? AUDIENCE)
        .setExpirationTime(more.expires ?? '5m')
        .sign(keys.privateKey),
    login: async (jwt: string, headers: object = {}, method = 'GET', sender = '192.0.2.1') =>
      await gate.authenticator.login(
        new Request('https://gate.test/x', {
          method,
          headers: { 'cf-access-jwt-assertion': jwt, 'cf-connecting-ip': sender, ...headers } as HeadersInit,
          cf: { colo: 'OTP' },
        } as RequestInit),
        { env: gate.env, nowMs: 1_000_000, waitUntil: (each) => void gate.work.push(each) },
      ),
    env: envWith(
      { note: async () => {} },
      { ACCESS_TEAM_DOMAIN: team, ACCESS_AUDIENCE: AUDIENCE, ...LISTS, ...env },
    ),
  }
  vi.stubGlobal('fetch', async (url: string) => {
    gate.fetched.push(String(url))
    return await gate.answer()
  })
  onTestFinished(() => void vi.unstubAllGlobals())
  return gate
}

describe('the role', () => {
  it.each([
    [{ email: 'ada@example.com' }, 'admin'],
    [{ email: 'ADA@Example.com' }, 'admin'],
    [{ email: 'rita@root.example.com' }, 'admin'],
    [{ email: 'otto@ops.example.com' }, 'operator'],
    [{ common_name: 'ci-token' }, 'operator'],
    [{ email: 'ada@example.com.evil.test' }, 'viewer'],
    [{ email: 'otto@notops.example.com' }, 'viewer'],
    [{ email: 'xada@example.com' }, 'viewer'],
    [{ email: 'vera@example.com', common_name: 'ci-token' }, 'viewer'],
  ])('of %j is %s', async (claims, role) => {
    const gate = await startGate()
    const name = 'email' in claims ? claims.email : claims.common_name
    expect(await gate.login(await gate.sign(claims))).toMatchObject({ ok: true, actor: { name, role } })
    expect(gate.fetched).toEqual([`https://${gate.team}/cdn-cgi/access/certs`])
  })

  it('of all is viewer where there are no lists', async () => {
    const gate = await startGate({ ACCESS_ADMINS: '', ACCESS_OPERATORS: undefined })
    expect(await gate.login(await gate.sign({ email: 'ada@example.com' }))).toMatchObject({
      actor: { role: 'viewer' },
    })
  })
})

it('the address of the team may be given whole', async () => {
  const gate = await startGate({ ACCESS_TEAM_DOMAIN: 'http://whole.test' })
  const jwt = await gate.sign({ email: 'a@b.test' }, { issuer: 'http://whole.test' })
  expect(await gate.login(jwt)).toMatchObject({ ok: true })
  expect(gate.fetched).toEqual(['http://whole.test/cdn-cgi/access/certs'])
})

it('the keys are fetched once', async () => {
  const gate = await startGate()
  for (let time = 0; time < 3; time++) await gate.login(await gate.sign({ email: 'a@b.test' }))
  expect(gate.fetched).toHaveLength(1)
})

it('what is forged, expired or meant for another is refused', async () => {
  const gate = await startGate()
  const email = 'ada@example.com'
  const stranger = await generateKeyPair('RS256')
  const forged = {
    'another key': await new SignJWT({ email })
      .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
      .setIssuer(`https://${gate.team}`)
      .setAudience(AUDIENCE)
      .setExpirationTime('5m')
      .sign(stranger.privateKey),
    expired: await gate.sign({ email }, { expires: '-1m' }),
    'another audience': await gate.sign({ email }, { audience: 'another' }),
    'another issuer': await gate.sign({ email }, { issuer: 'https://evil.test' }),
    'no name': await gate.sign({}),
    'an empty name': await gate.sign({ email: '' }),
    'a number as name': await gate.sign({ email: 7 } as never),
    'no token': 'nonsense',
  }
  for (const [what, jwt] of Object.entries(forged)) {
    expect(await gate.login(jwt), what).toEqual({
      ok: false,
      status: 401,
      detail: 'This assertion of Cloudflare Access is not valid here',
    })
  }
})

it('ten forged ones, and the address has to wait; others are let in', async () => {
  const gate = await startGate()
  const genuine = await gate.sign({ email: 'ada@example.com' })
  // What is let in costs no attempt.
  for (let time = 0; time < 12; time++) expect(await gate.login(genuine)).toMatchObject({ ok: true })
  for (let time = 0; time < 10; time++) expect(await gate.login('forged')).toMatchObject({ status: 401 })
  expect(await gate.login('forged')).toMatchObject({ status: 429, retryAfterSeconds: 10 })
  expect(await gate.login(genuine)).toMatchObject({ ok: true })
  expect(await gate.login(genuine, {}, 'GET', '192.0.2.2')).toMatchObject({ ok: true })
})

it.each<[string, () => Promise<Response>]>([
  ['are away', () => Promise.reject(new TypeError('connection refused'))],
  ['are answered with an error', async () => new Response(null, { status: 500 })],
  ['are no JSON', async () => new Response('<html>')],
  ['are no key set', async () => new Response('{"keys": 7}')],
])('while the keys %s, an assertion is neither right nor wrong', async (_, answer) => {
  const gate = await startGate()
  gate.answer = answer
  const jwt = await gate.sign({ email: 'ada@example.com' })
  for (let time = 0; time < 12; time++) {
    expect(await gate.login(jwt)).toEqual({
      ok: false,
      status: 503,
      detail: 'The keys of Cloudflare Access cannot be fetched right now. Tokens still work',
    })
  }
})

describe('keys whose address hangs', () => {
  const hang = () =>
    vi.stubGlobal('fetch', async (_: string, { signal }: RequestInit) => {
      fetches++
      return await new Promise((_, reject) =>
        signal?.addEventListener('abort', () => reject(signal.reason as Error)),
      )
    })
  let fetches = 0
  beforeEach(() => {
    fetches = 0
    takeInternalErrors()
    vi.spyOn(console, 'error').mockImplementation(() => {})
  })
  afterEach(() => void vi.restoreAllMocks())
  const timed = async <T>(work: Promise<T>) => {
    const startedMs = performance.now()
    return { result: await work, ms: performance.now() - startedMs }
  }

  it('cost calls that come together two seconds, and none after them, until the address answers again', async () => {
    const gate = await startGate()
    const jwks = await (await gate.answer()).text()
    const jwt = await gate.sign({ email: 'ada@example.com' })
    hang()
    for (const { result, ms } of await Promise.all([1, 2, 3].map(() => timed(gate.login(jwt))))) {
      expect(result).toMatchObject({ status: 503 })
      expect(ms).toBeLessThan(2_900)
    }
    const next = await timed(gate.login(jwt))
    expect(next.result).toMatchObject({ status: 503 })
    expect([next.ms < 500, fetches]).toEqual([true, 1])
    // Ten seconds later the next call has them fetched, and is not kept waiting.
    vi.stubGlobal('fetch', async () => new Response(jwks))
    const laterMs = Date.now() + 11_000
    vi.spyOn(Date, 'now').mockReturnValue(laterMs)
    await gate.login(jwt)
    await Promise.all(gate.work)
    expect(await gate.login(jwt)).toMatchObject({ ok: true })
    expect(takeInternalErrors()).toMatchObject([{ place: 'access.keys', count: 1 }])
  })

  it('cost nothing while those that were fetched count', async () => {
    const gate = await startGate()
    const jwt = await gate.sign({ email: 'ada@example.com' }, { expires: '1h' })
    expect(await gate.login(jwt)).toMatchObject({ ok: true })
    hang()
    const laterMs = Date.now() + 1_000_000
    vi.spyOn(Date, 'now').mockReturnValue(laterMs)
    for (let time = 0; time < 3; time++) {
      const { result, ms } = await timed(gate.login(jwt))
      expect(result).toMatchObject({ ok: true })
      expect(ms).toBeLessThan(500)
    }
    expect(fetches).toBe(1)
    await Promise.all(gate.work)
    takeInternalErrors()
  })

  it('are not fetched for each forged assertion that names another key', async () => {
    const gate = await startGate()
    const jwt = await gate.sign({ email: 'ada@example.com' })
    expect(await gate.login(jwt)).toMatchObject({ ok: true })
    const stranger = await generateKeyPair('RS256')
    for (let n = 0; n < 5; n++) {
      const forged = await new SignJWT({ email: 'eve@example.com' })
        .setProtectedHeader({ alg: 'RS256', kid: `made-up-${n}` })
        .setExpirationTime('5m')
        .sign(stranger.privateKey)
      expect(await gate.login(forged, {}, 'GET', `192.0.2.${100 + n}`)).toMatchObject({ status: 401 })
    }
    expect(gate.fetched).toHaveLength(1)
  })
})

it.each(['ACCESS_TEAM_DOMAIN', 'ACCESS_AUDIENCE'])('without %s an assertion is nothing', async (name) => {
  const gate = await startGate({ [name]: undefined })
  const jwt = await gate.sign({ email: 'ada@example.com' })
  expect(await gate.login(jwt)).toMatchObject({
    status: 401,
    detail: expect.stringContaining('No ADMIN_TOKEN'),
  })
  expect(gate.fetched).toEqual([])
})

describe('what a page of another site makes a browser send', () => {
  const own = { 'sluice-dashboard': '1' }
  it.each<[string, object, boolean]>([
    ['POST', {}, false],
    ['POST', own, false],
    ['POST', { origin: 'https://gate.test' }, false],
    ['POST', { origin: 'https://gate.test', ...own }, true],
    ['DELETE', { origin: 'https://evil.test', ...own }, false],
    ['PUT', { origin: 'http://gate.test', ...own }, false],
    ['PUT', { origin: 'https://gate.test:8443', ...own }, false],
    ['PATCH', { origin: 'null', ...own }, false],
    ['GET', { 'sec-fetch-site': 'cross-site' }, true],
    ['HEAD', { origin: 'https://evil.test' }, true],
  ])('%s with %j', async (method, headers, isLetIn) => {
    const gate = await startGate()
    const login = await gate.login(await gate.sign({ email: 'ada@example.com' }), headers, method)
    if (isLetIn) expect(login).toMatchObject({ ok: true, ambient: 'access' })
    else
      expect(login).toEqual({
        ok: false,
        status: 403,
        detail: 'Without a token, changes must come from the dashboard itself',
      })
  })

  it('a machine sends its service token on purpose', async () => {
    const gate = await startGate()
    const login = await gate.login(await gate.sign({ common_name: 'ci-token' }), {}, 'POST')
    expect(login).toEqual({ ok: true, actor: { name: 'ci-token', role: 'operator' } })
  })
})
