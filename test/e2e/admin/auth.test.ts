/** Who must not get in doesn't, costs little, and leaves no secret behind. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventsOf } from '../../../src/contract/event-stream.ts'
import {
  API_PREFIX,
  type OperationId,
  ROLES,
  ROUTES,
  type Role,
  type Route,
} from '../../../src/contract/routes.ts'
import { describedFetch } from '../../support/openapi.ts'
import { document, FLAG } from '../harness/documents.ts'
import { eventually } from '../harness/eventually.ts'
import { LONG } from '../harness/long.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { ADMIN_TOKEN, adminOf, type Gate, startGate } from '../harness/running-gate.ts'
import { signToken, startKeyServer } from '../harness/tokens.ts'

const ACCESS_AUDIENCE = 'access-application'
const ACCESS = { alg: 'RS256', kid: 'RS256', audience: ACCESS_AUDIENCE } as const
/** Wrong tokens of one sender; refusals are noted by powers of ten. */
const GUESSES = LONG ? 10_000 : 1_000
const WRONG_TOKEN = 'sluice_this-token-was-never-made'

let origin: Origin
let accessKeys: Awaited<ReturnType<typeof startKeyServer>>
let team: string
let gate: Gate
const tokens = new Map<Role, string>()

beforeAll(async () => {
  origin = await startOrigin('origin')
  accessKeys = await startKeyServer()
  team = new URL(accessKeys.url).origin
  gate = await startGate({
    document: document(
      { old: origin.url, new: origin.url },
      { rules: [{ serve: 'on', percentage: 10 }] },
      { context: { targetingKey: { header: 'x-user-id' }, trustedProxies: 1 } },
    ),
    // In KV it would be adopted at some time, which is a change of the state.
    published: false,
    signingKey: 'a key that only this gate knows',
    environment: 'production',
    vars: {
      ACCESS_TEAM_DOMAIN: team,
      ACCESS_AUDIENCE,
      ACCESS_ADMINS: 'ada@example.com',
      ACCESS_OPERATORS: '@ops.example.com',
    },
  })
  for (const role of ROLES) {
    const { token } = await gate.admin.call('createToken', { body: { name: `the ${role}`, role } })
    tokens.set(role, token)
  }
  await eventually('the gate has the keys of Access', async () => {
    const claims = { email: 'vera@example.com', jti: crypto.randomUUID() }
    const jwt = await signToken({ ...ACCESS, key: accessKeys.keys.RS256, issuer: team, claims })
    return (await attempt('whoAmI', { headers: { 'cf-access-jwt-assertion': jwt } })).status === 200
  })
})
afterAll(async () => {
  await Promise.all([gate?.close(), origin?.close(), accessKeys?.close()])
})

/** Throws where an answer is not as config/openapi.json says. */
const watched = describedFetch(fetch)

type Attempt = { headers?: Record<string, string>; body?: string; sender?: string }
let senders = 0

/** Calls an operation with a body that is wrong for every one: anyone who is let in changes nothing. */
async function attempt(id: OperationId, { headers = {}, body, sender }: Attempt = {}): Promise<Response> {
  const { method, path }: Route = ROUTES[id]
  const place = path.replace(':flag', FLAG).replace(':verb', 'kill').replace(/:\w+/, '999')
  const response = await watched(`${gate.url}${API_PREFIX}${place}`, {
    method,
    headers: { 'x-forwarded-for': sender ?? `198.51.100.${++senders % 250}`, ...headers },
    ...(method !== 'GET' && { body: body ?? '{"unknown": true}' }),
  })
  if (id === 'streamStatus') await response.body?.cancel()
  return response
}

const bearer = (token = '') => ({ authorization: `Bearer ${token}` })
const IDS = Object.keys(ROUTES) as OperationId[]
const epoch = async () => (await gate.admin.call('getStatus')).epoch

describe('without a token that is known', () => {
  it('no operation answers, whatever is sent in place of one', async () => {
    const before = await epoch()
    const empty = ['Bearer', 'Bearer ', 'Basic YWRtaW46YWRtaW4=', `Token ${ADMIN_TOKEN}`, ADMIN_TOKEN]
    const wrong = [WRONG_TOKEN, `${ADMIN_TOKEN}x`, ADMIN_TOKEN.slice(0, -1), ADMIN_TOKEN.toUpperCase()]
    const headers = [{}, ...empty.map((authorization) => ({ authorization })), ...wrong.map(bearer)]
    for (const id of IDS) {
      for (const each of headers.slice(0, id === 'getStatus' ? headers.length : 1)) {
        const response = await attempt(id, { headers: each })
        expect(response.status, `${id} ${JSON.stringify(each)}`).toBe(401)
        expect(response.headers.get('content-type')).toContain('application/problem+json')
        expect(response.headers.get('www-authenticate')).toBe('Bearer')
        expect(response.headers.get('access-control-allow-origin')).toBeNull()
      }
    }
    expect(await epoch()).toBe(before)
  })

  it('paths that do not exist are not told from those that do', async () => {
    const response = await watched(`${gate.url}${API_PREFIX}/nowhere`)
    expect(response.status).toBe(401)
  })

  it('a token that was taken back is refused soon', async () => {
    const { token, id } = await gate.admin.call('createToken', { body: { name: 'leaver', role: 'admin' } })
    expect((await attempt('getStatus', { headers: bearer(token) })).status).toBe(200)
    await gate.admin.call('revokeToken', { params: { id } })
    await eventually(
      'the token is refused',
      async () => (await attempt('getStatus', { headers: bearer(token) })).status === 401,
    )
  })
})

describe('with a token that is taken back', () => {
  it('a stream of the status ends', async () => {
    const { token, id } = await gate.admin.call('createToken', { body: { name: 'watcher', role: 'viewer' } })
    const watching = adminOf(gate.url, token)
    const events = eventsOf(await watching.open('streamStatus'))
    expect((await events.next()).value?.event).toBe('status')
    await gate.admin.call('revokeToken', { params: { id } })
    let isOver = false
    void (async () => {
      for await (const _ of events);
      isOver = true
    })()
    await eventually('the stream ends', () => isOver)
  })
})

describe('with a token of a lower role', () => {
  it.each(ROLES)('%s: what needs a higher one is forbidden, the rest is open', async (role) => {
    const before = await epoch()
    for (const id of IDS) {
      const allowed = ROLES.indexOf(role) >= ROLES.indexOf(ROUTES[id].role)
      const { status } = await attempt(id, { headers: bearer(tokens.get(role)) })
      if (allowed) expect([200, 400, 404], `${id} as ${role}`).toContain(status)
      else expect(status, `${id} as ${role}`).toBe(403)
    }
    expect(await epoch()).toBe(before)
  })
})

describe('Cloudflare Access', () => {
  const assertion = (claims: JWTPayload, more: Partial<Parameters<typeof signToken>[0]> = {}) =>
    signToken({ ...ACCESS, key: accessKeys.keys.RS256, claims, issuer: team, ...more })
  const withAssertion = (jwt: string, headers = {}) => ({
    headers: { 'cf-access-jwt-assertion': jwt, ...headers },
  })
  const ada = { email: 'ada@example.com' }

  it.each([
    ['ada@example.com', 'admin'],
    ['otto@ops.example.com', 'operator'],
    ['vera@example.com', 'viewer'],
    ['ada@example.com.evil.test', 'viewer'],
    ['otto@notops.example.com', 'viewer'],
  ])('%s is let in as %s', async (email, role) => {
    const response = await attempt('whoAmI', withAssertion(await assertion({ email })))
    expect(await response.json()).toMatchObject({ name: email, role })
  })

  it('nothing that is forged, expired or meant for another is let in', async () => {
    const stranger = await generateKeyPair('RS256')
    const publicText = await exportSPKI((await generateKeyPair('RS256', { extractable: true })).publicKey)
    const unsigned = `${btoa('{"alg":"none"}')}.${btoa(JSON.stringify({ ...ada, iss: team, aud: ACCESS_AUDIENCE }))}.`
    const genuine = await assertion(ada)
    const [head, , signature] = genuine.split('.')
    const forged = {
      'another key under the same id': await assertion(ada, { key: stranger.privateKey }),
      'no algorithm': unsigned.replaceAll('=', ''),
      'a secret in place of a key': await new SignJWT(ada)
        .setProtectedHeader({ alg: 'HS256', kid: 'RS256' })
        .setIssuer(team)
        .setAudience(ACCESS_AUDIENCE)
        .sign(new TextEncoder().encode(publicText)),
      'other claims under a signature': `${head}.${btoa(JSON.stringify(ada)).replaceAll('=', '')}.${signature}`,
      expired: await assertion(ada, { expiresInSeconds: -60 }),
      'another audience': await assertion(ada, { audience: 'another application' }),
      'another issuer': await assertion(ada, { issuer: 'https://evil.test' }),
      'a key that is not published': await assertion(ada, { kid: 'unknown' }),
      noOne: await assertion({}),
      'no token at all': 'x'.repeat(10_000),
    }
    for (const [what, jwt] of Object.entries(forged)) {
      expect((await attempt('getStatus', withAssertion(jwt))).status, what).toBe(401)
    }
    expect((await attempt('getStatus', withAssertion(genuine))).status).toBe(200)
  })

  it('anyone who goes on trying forged ones is not looked at any more, and on record', async () => {
    const stranger = await generateKeyPair('RS256')
    const jwt = await assertion(ada, { key: stranger.privateKey })
    const sender = '192.0.2.7'
    const statuses: number[] = []
    for (let time = 0; time < 12; time++)
      statuses.push((await attempt('getStatus', { ...withAssertion(jwt), sender })).status)
    expect(statuses.slice(0, 10)).toEqual(Array(10).fill(401))
    expect(statuses.at(-1)).toBe(429)
    const genuine = await assertion(ada)
    expect((await attempt('getStatus', { ...withAssertion(genuine), sender: '192.0.2.8' })).status).toBe(200)
    const many = Array.from({ length: 30 }, () =>
      attempt('whoAmI', { ...withAssertion(genuine), sender: '192.0.2.9' }),
    )
    // People behind one address, all of them let in.
    expect(new Set((await Promise.all(many)).map(({ status }) => status))).toEqual(new Set([200]))
    const refusals = await eventually('it is on record', async () => {
      const records = (await gate.audit()).filter(({ action }) => action === 'login-refused')
      return records.length > 0 && records
    })
    expect(JSON.stringify(refusals)).not.toContain(jwt.slice(-20))
  })

  it('another site cannot have a browser change anything', async () => {
    const jwt = await assertion(ada)
    const before = await epoch()
    for (const from of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.test' },
    ]) {
      expect((await attempt('commandFlag', { ...withAssertion(jwt, from), body: '{}' })).status).toBe(403)
    }
    expect(await epoch()).toBe(before)
    const own = withAssertion(jwt, { origin: gate.url, 'sluice-dashboard': '1' })
    expect((await attempt('validateDocument', { ...own, body: '{"document": {}}' })).status).toBe(200)
    // This gate has no ADMIN_HOST: a page of the site could send the very same.
    expect((await attempt('commandFlag', { ...own, body: '{}' })).status).toBe(403)
    expect(await epoch()).toBe(before)
  })
})

describe('what is too much', () => {
  it('a body that never ends is refused without being read to an end', async () => {
    let sent = 0
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        sent += 65_536
        controller.enqueue(new Uint8Array(65_536).fill(0x20))
        if (sent > 200_000_000) controller.close()
      },
    })
    const url = `${gate.url}${API_PREFIX}/flags/${FLAG}/kill`
    const init = { method: 'POST', headers: bearer(ADMIN_TOKEN), body: endless, duplex: 'half' }
    const status = await fetch(url, init as RequestInit).then(
      (response) => response.status,
      // Anyone who refuses to read on may close the connection before the answer is read.
      () => 413,
    )
    expect(status).toBe(413)
    expect(sent).toBeLessThan(200_000_000)
    expect((await gate.flag(FLAG)).state).not.toBe('killed')
  })

  it('a body that is nested without end is refused, and not blamed on the Controller', async () => {
    const patch = `{"patch": {"description": ${'['.repeat(200_000)}${']'.repeat(200_000)}}}`
    for (const [id, body] of [
      ['patchFlag', patch],
      ['validateDocument', patch.replace('patch', 'document')],
    ] as const) {
      expect((await attempt(id, { headers: bearer(ADMIN_TOKEN), body })).status, id).toBe(400)
    }
  })

  it('thousands of wrong tokens: refused, bounded, on record, and visitors and the right token do not notice', async () => {
    const before = (await gate.audit()).length
    const statuses = new Map<number, number>()
    const guess = async (number: number) => {
      const headers = bearer(`${WRONG_TOKEN}-${number}`)
      const { status, body } = await attempt('getStatus', { headers, sender: '192.0.2.1' })
      await body?.cancel()
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
    for (let start = 0; start < GUESSES; start += 100) {
      await Promise.all(Array.from({ length: 100 }, (_, index) => guess(start + index)))
      if (start % 500 === 0) expect((await gate.get('/')).status).toBe(200)
    }
    expect([...statuses.keys()].toSorted()).toEqual([401, 429])
    // Ten at once, and one more every ten seconds.
    expect(statuses.get(401)).toBeLessThan(50)
    expect((await attempt('getStatus', { headers: bearer(ADMIN_TOKEN), sender: '192.0.2.1' })).status).toBe(
      200,
    )
    const refusals = await eventually('the attack is on record', async () => {
      const records = (await gate.audit()).filter(({ action }) => action === 'login-refused')
      return records.some(({ reason }) => reason.startsWith(`${GUESSES} logins`)) && records
    })
    expect((await gate.audit()).length - before).toBeLessThan(10)
    expect(JSON.stringify(refusals)).not.toContain(WRONG_TOKEN)
  })

  it('no secret is stored anywhere: not of tokens, nor what was tried', async () => {
    const secrets = [ADMIN_TOKEN, WRONG_TOKEN, 'a key that only this gate knows', ...tokens.values()]
    const files = await readdir(gate.dataDir, { recursive: true, withFileTypes: true })
    const kept = files.filter((file) => file.isFile())
    expect(kept.length).toBeGreaterThan(0)
    let names = 0
    for (const file of kept) {
      const text = await readFile(join(file.parentPath, file.name), 'latin1').catch((error) => {
        // The gate is at work: what was there a moment ago can be gone.
        if (error.code === 'ENOENT') return ''
        throw error
      })
      if (text.includes('the operator')) names++
      expect(
        secrets.filter((secret) => text.includes(secret)),
        file.name,
      ).toEqual([])
    }
    // The search can find what is there: names of tokens are kept.
    expect(names).toBeGreaterThan(0)
  })
})
