import { createHash } from 'node:crypto'
import { exportJWK, generateKeyPair } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { flag } from '../harness/documents.ts'
import { eventually } from '../harness/eventually.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { type Gate, startGate } from '../harness/running-gate.ts'
import { AUDIENCE, ISSUER, signToken, startKeyServer } from '../harness/tokens.ts'

const PAST = '2020-01-01T00:00:00Z'
const FUTURE = '2120-01-01T00:00:00Z'
const HS256_SECRET = 'a secret that only the gate and the accounts service know'

const whenIs = (attribute: string, ...values: unknown[]) =>
  flag({ rules: [{ when: [{ attribute, op: 'in', values }], serve: 'on' }] })
const onFor = (parts: object) => flag({ rules: [{ serve: 'on' }], ...parts })

/** A flag per condition; each decides the path that is named after it. */
const FLAGS = {
  country: whenIs('country', 'RO', 'US'),
  header: whenIs('header.X-Plan', 'gold'),
  cookie: whenIs('cookie.beta', 'yes'),
  query: whenIs('query.preview', '1'),
  device: whenIs('device', 'mobile'),
  account: whenIs('accountType', 'pro'),
  users: whenIs('targetingKey', 'ana', 'ștefan'),
  scheduled: onFor({ schedule: { start: PAST, end: FUTURE } }),
  'not-yet': onFor({ schedule: { start: FUTURE } }),
  'no-longer': onFor({ schedule: { end: PAST } }),
  'this-environment': onFor({ environments: ['staging', 'development'] }),
  'other-environment': onFor({ environments: ['production'] }),
  disabled: onFor({ enabled: false }),
  dependent: onFor({ requires: ['country'] }),
}

let origins: { old: Origin; new: Origin }
let keys: Awaited<ReturnType<typeof startKeyServer>>
let gate: Gate

const documentWith = (jwt: object) => ({
  origins: { old: { url: origins.old.url }, new: { url: origins.new.url } },
  context: {
    targetingKey: [{ header: 'x-user-id' }, { cookie: 'uid' }],
    attributes: { accountType: { jwt: 'account.type' } },
    jwt,
  },
  routes: Object.keys(FLAGS)
    .map((key): object => ({ path: `/${key}`, flag: key, origins: { on: 'new', off: 'old' } }))
    .concat([{ path: '/*', origin: 'old' }]),
  flags: FLAGS,
})
const byKeySet = () => documentWith({ jwks: keys.url, issuer: ISSUER, audience: AUDIENCE })

beforeAll(async () => {
  origins = { old: await startOrigin('old'), new: await startOrigin('new') }
  keys = await startKeyServer()
  gate = await startGate({ document: byKeySet(), vars: { ACCOUNTS_SECRET: HS256_SECRET } })
})
afterAll(async () => {
  await Promise.all([gate?.close(), keys.close(), origins.old.close(), origins.new.close()])
})

/** Publishes a document, and waits until the gate goes by it. */
async function putInForce(document: object): Promise<void> {
  const text = JSON.stringify(document)
  const hash = createHash('sha256').update(text).digest('hex')
  const isInForce = async () => (await gate.status()).document.hash === hash
  if (await isInForce()) return
  await gate.kv.put('config', text)
  await eventually('the document is in force', isInForce)
}

const cf = (fields: object) => ({ 'sluice-debug-cf': JSON.stringify(fields) })
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1'
const DESKTOP =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36'

type Case = [
  flag: string,
  headers: Record<string, string>,
  origin: 'new' | 'old',
  reason: string,
  path?: string,
]

describe('a rule decides by what the visitor is', () => {
  beforeAll(() => putInForce(byKeySet()))

  const cases: Case[] = [
    ['country', cf({ country: 'RO' }), 'new', 'targeting_match'],
    ['country', cf({ country: 'DE' }), 'old', 'default'],
    ['country', {}, 'old', 'default'],
    ['header', { 'x-plan': 'gold' }, 'new', 'targeting_match'],
    ['header', { 'x-plan': 'tin' }, 'old', 'default'],
    ['cookie', { cookie: 'a=b; beta=yes; c=d' }, 'new', 'targeting_match'],
    ['cookie', { cookie: 'beta=no' }, 'old', 'default'],
    ['query', {}, 'new', 'targeting_match', '/query?preview=1'],
    ['query', {}, 'old', 'default', '/query?preview=2'],
    ['device', { 'user-agent': IPHONE }, 'new', 'targeting_match'],
    ['device', { 'user-agent': DESKTOP }, 'old', 'default'],
    ['device', { 'user-agent': DESKTOP, 'sec-ch-ua-mobile': '?1' }, 'new', 'targeting_match'],
    ['users', { 'x-user-id': 'ana' }, 'new', 'targeting_match'],
    ['users', { cookie: 'uid=ana' }, 'new', 'targeting_match'],
    ['users', { cookie: 'uid=%C8%99tefan' }, 'new', 'targeting_match'],
    ['users', { 'x-user-id': 'bob' }, 'old', 'default'],
    ['users', {}, 'old', 'default'],
    ['scheduled', {}, 'new', 'static'],
    ['not-yet', {}, 'old', 'disabled'],
    ['no-longer', {}, 'old', 'disabled'],
    ['this-environment', {}, 'new', 'static'],
    ['other-environment', {}, 'old', 'disabled'],
    ['disabled', {}, 'old', 'disabled'],
    ['dependent', cf({ country: 'US' }), 'new', 'targeting_match'],
    ['dependent', cf({ country: 'DE' }), 'old', 'disabled'],
  ]

  it.each(cases)('%s with %j goes to the %s origin: %s', async (key, headers, origin, reason, path) => {
    const page = await gate.get(path ?? `/${key}`, headers)
    expect(page).toMatchObject({ status: 200, text: origin, origin, reason })
    expect(page.variant).toBe(origin === 'new' ? 'on' : 'off')
  })
})

describe('the account type from a token', () => {
  const pro = { account: { type: 'pro' } }
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
  const expectOrigin = async (token: string, origin: string) => {
    expect(await gate.get('/account', bearer(token))).toMatchObject({ status: 200, text: origin, origin })
  }

  beforeEach(async () => {
    await putInForce(byKeySet())
    // The gate gives the key set 2 s to come, and believes for 10 s what it has made of a token.
    await eventually('the gate has the key set', async () => {
      const claims = { ...pro, jti: crypto.randomUUID() }
      const token = await signToken({ key: keys.keys.RS256, alg: 'RS256', kid: 'RS256', claims })
      return (await gate.get('/account', bearer(token))).origin === 'new'
    })
  })

  it.each(['RS256', 'ES256'] as const)('counts when the key set verifies it by %s', async (alg) => {
    const key = keys.keys[alg]
    await expectOrigin(await signToken({ key, alg, kid: alg, claims: pro }), 'new')
    await expectOrigin(await signToken({ key, alg, kid: alg, claims: { account: { type: 'free' } } }), 'old')
  })

  it('counts for nothing when the token is not good, and the page comes all the same', async () => {
    const good = { key: keys.keys.RS256, alg: 'RS256', kid: 'RS256', claims: pro } as const
    const stranger = await generateKeyPair('RS256')
    const valid = await signToken(good)
    const [header, , signature] = valid.split('.')
    const rewritten = Buffer.from(JSON.stringify({ ...pro, aud: AUDIENCE, iss: ISSUER })).toString(
      'base64url',
    )
    const unsigned = Buffer.from('{"alg":"none"}').toString('base64url')
    const bad = {
      expired: await signToken({ ...good, expiresInSeconds: -60 }),
      forged: await signToken({ ...good, key: stranger.privateKey }),
      'of an unknown key': await signToken({ ...good, key: stranger.privateKey, kid: 'mine' }),
      'for another audience': await signToken({ ...good, audience: 'bank' }),
      'by another issuer': await signToken({ ...good, issuer: 'https://evil.example.com' }),
      rewritten: `${header}.${rewritten}.${signature}`,
      'not signed at all': `${unsigned}.${rewritten}.`,
      'symmetric, where keys are public': await signToken({
        ...good,
        alg: 'HS256',
        key: new TextEncoder().encode(HS256_SECRET),
      }),
      'no token': 'three.little.words',
      nonsense: '\u00ff\u00fe...',
    }
    const answers: Record<string, string> = {}
    for (const [what, token] of Object.entries(bad)) {
      const page = await gate.get('/account', bearer(token))
      answers[what] = `${page.status} ${page.text}`
    }
    expect(answers).toEqual(Object.fromEntries(Object.keys(bad).map((what) => [what, '200 old'])))
    await expectOrigin(valid, 'new')
  })

  it('does not ask for the key set with each visitor', async () => {
    const askedBefore = keys.asked()
    const tokens = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        signToken({ key: keys.keys.ES256, alg: 'ES256', kid: 'ES256', claims: { ...pro, n } }),
      ),
    )
    for (const token of tokens) await expectOrigin(token, 'new')
    expect(keys.asked() - askedBefore).toBeLessThanOrEqual(1)
  })

  it('counts while keys are rotated, though the token names none, and where another token stands before it', async () => {
    const first = await generateKeyPair('RS256')
    const second = await generateKeyPair('RS256')
    const stranger = await generateKeyPair('RS256')
    const publicKeys = [await exportJWK(first.publicKey), await exportJWK(second.publicKey)]
    const from = [{ header: 'authorization' }, { cookie: 'session' }]
    await putInForce(documentWith({ from, audience: AUDIENCE, jwks: { keys: publicKeys } }))
    const signed = ({ privateKey }: typeof first) =>
      signToken({ alg: 'RS256', key: privateKey, claims: { ...pro, jti: crypto.randomUUID() } })
    for (const pair of [first, second]) {
      const token = await signed(pair)
      await eventually('the key verifies', async () => {
        const page = await gate.get('/account', bearer(token))
        return page.origin === 'new'
      })
    }
    const foreign = await signed(stranger)
    await expectOrigin(foreign, 'old')
    const both = { ...bearer(foreign), cookie: `session=${await signed(second)}` }
    expect(await gate.get('/account', both)).toMatchObject({ status: 200, origin: 'new' })
  })

  it('is verified with a secret of the Worker where the document says so', async () => {
    const symmetric = { audience: AUDIENCE, secretBinding: 'ACCOUNTS_SECRET' }
    await putInForce(documentWith(symmetric))
    const alg = 'HS256'
    const valid = await signToken({ alg, key: new TextEncoder().encode(HS256_SECRET), claims: pro })
    await expectOrigin(valid, 'new')
    await expectOrigin(await signToken({ alg, key: new TextEncoder().encode('guessed'), claims: pro }), 'old')
  })

  it('counts for nothing, and costs no visitor the page, when the key set can not be fetched', async () => {
    // Nothing listens on the discard port.
    const jwt = { jwks: 'http://127.0.0.1:9/jwks.json', audience: AUDIENCE, issuer: ISSUER }
    await putInForce(documentWith(jwt))
    await expectOrigin(
      await signToken({ key: keys.keys.RS256, alg: 'RS256', kid: 'RS256', claims: pro }),
      'old',
    )
  })
})
