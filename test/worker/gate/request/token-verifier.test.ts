import { CompactSign, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { JwtSettings, Source } from '../../../../src/core/context/identity.ts'
import { TokenVerifier } from '../../../../src/gate/request/token-verifier.ts'
import type { Env } from '../../../../src/platform/env.ts'
import { takeInternalErrors } from '../../../../src/platform/internal-errors.ts'
import { environment, NOW_MS, requestTo, stopClock, stubOrigins } from '../support/stage.ts'

const SECRET = 'a secret of thirty-two characters'
const bindings = { ...environment, TOKENS: SECRET } as Env
const settings = (more: Partial<JwtSettings> = {}): JwtSettings => ({
  from: [{ kind: 'header', name: 'authorization' }],
  algorithms: ['HS256'],
  issuer: undefined,
  audience: undefined,
  clockToleranceSeconds: 0,
  keys: { kind: 'binding', binding: 'TOKENS' },
  ...more,
})

type Payload = Record<string, unknown>
const signed = (payload: Payload, secret = SECRET) =>
  new SignJWT(payload).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(secret))
const seconds = (afterMs: number) => Math.floor((NOW_MS + afterMs) / 1_000)

/** The claims at a time, with the token in a header. */
function claims(verifier: TokenVerifier, token: string, afterMs = 0, header = 'authorization') {
  vi.setSystemTime(NOW_MS + afterMs)
  const request = requestTo(
    'https://shop.test/',
    { headers: { [header]: token } },
    { nowMs: NOW_MS + afterMs },
  )
  return verifier.verify(request, bindings)
}

beforeEach(() => {
  stopClock()
  takeInternalErrors()
  vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('a token', () => {
  it('is believed until it expires, however often it came before', async () => {
    const verifier = new TokenVerifier(settings())
    const token = await signed({ sub: 'ada', exp: seconds(60_000) })
    expect(await claims(verifier, token)).toMatchObject({ sub: 'ada' })
    expect(await claims(verifier, token, 59_999)).toMatchObject({ sub: 'ada' })
    expect(await claims(verifier, token, 60_000)).toBeUndefined()
    expect(await claims(verifier, token, 600_000)).toBeUndefined()
    expect(takeInternalErrors()).toEqual([])
  })

  it('is believed for as long as clocks may differ after it has expired', async () => {
    const verifier = new TokenVerifier(settings({ clockToleranceSeconds: 5 }))
    const token = await signed({ sub: 'ada', exp: seconds(60_000) })
    expect(await claims(verifier, token)).toMatchObject({ sub: 'ada' })
    expect(await claims(verifier, token, 64_900)).toMatchObject({ sub: 'ada' })
    expect(await claims(verifier, token, 65_000)).toBeUndefined()
    expect(
      await claims(new TokenVerifier(settings({ clockToleranceSeconds: 5 })), token, 64_000),
    ).toBeDefined()
  })

  it('is not believed before its time, and ten seconds later it is asked again', async () => {
    const verifier = new TokenVerifier(settings())
    const token = await signed({ sub: 'ada', nbf: seconds(5_000), exp: seconds(60_000) })
    expect(await claims(verifier, token)).toBeUndefined()
    expect(await claims(verifier, token, 9_999)).toBeUndefined()
    expect(await claims(verifier, token, 10_000)).toMatchObject({ sub: 'ada' })
  })

  it('is verified again after five minutes: the key may be another by then', async () => {
    const verifier = new TokenVerifier(settings())
    const verify = vi.spyOn(crypto.subtle, 'verify')
    const token = await signed({ sub: 'ada' })
    for (const [afterMs, verified] of [
      [0, 1],
      [299_999, 1],
      [300_000, 2],
    ] as const) {
      expect(await claims(verifier, token, afterMs)).toMatchObject({ sub: 'ada' })
      expect(verify).toHaveBeenCalledTimes(verified)
    }
  })

  it('of a thousand others is forgotten, the oldest first', async () => {
    const verifier = new TokenVerifier(settings())
    const verify = vi.spyOn(crypto.subtle, 'verify')
    const tokens = await Promise.all(Array.from({ length: 1_001 }, (_, at) => signed({ sub: String(at) })))
    for (const token of tokens.slice(0, 1_000)) await claims(verifier, token)
    await claims(verifier, tokens[0] ?? '')
    expect(verify).toHaveBeenCalledTimes(1_000)
    await claims(verifier, tokens[1_000] ?? '')
    await claims(verifier, tokens[1] ?? '')
    expect(verify).toHaveBeenCalledTimes(1_001)
    await claims(verifier, tokens[0] ?? '')
    expect(verify).toHaveBeenCalledTimes(1_002)
  })

  it.each<[string, Partial<JwtSettings>, Payload, string | undefined]>([
    ['another issuer', { issuer: 'us' }, { iss: 'them' }, undefined],
    ['no issuer', { issuer: 'us' }, {}, undefined],
    ['our issuer', { issuer: 'us' }, { iss: 'us' }, 'ada'],
    ['another audience', { audience: 'shop' }, { aud: 'blog' }, undefined],
    ['our audience', { audience: 'shop' }, { aud: 'shop' }, 'ada'],
    ['one of our audiences', { audience: ['shop', 'app'] }, { aud: ['app'] }, 'ada'],
    ['another algorithm', { algorithms: ['RS256'] }, {}, undefined],
  ])('of %s', async (_, more, payload, sub) => {
    const token = await signed({ sub: 'ada', ...payload })
    expect((await claims(new TokenVerifier(settings(more)), token))?.sub).toBe(sub)
    expect(takeInternalErrors()).toEqual([])
  })

  it('that is forged, or no token, leaves no trace', async () => {
    const verifier = new TokenVerifier(settings())
    for (const token of [
      await signed({}, 'another secret of thirty-two ch.'),
      'a.b.c',
      'a.b',
      `${await signed({})}.d`,
      '',
    ])
      expect(await claims(verifier, token)).toBeUndefined()
    expect(takeInternalErrors()).toEqual([])
  })

  it.each([
    [8_192, 'ada'],
    [8_193, undefined],
  ])('of %i characters names %s', async (length, sub) => {
    const empty = (await signed({ sub: 'ada', pad: '' })).length
    let token = ''
    for (let pad = Math.floor(((length - empty) * 3) / 4) - 4; token.length < length; pad++)
      token = await signed({ sub: 'ada', pad: 'x'.repeat(pad) })
    expect(token.length).toBe(length)
    expect((await claims(new TokenVerifier(settings()), token))?.sub).toBe(sub)
  })
})

it('a text that is signed but holds no claims is no token', async () => {
  const text = new TextEncoder().encode('7')
  const token = await new CompactSign(text)
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(SECRET))
  expect(await claims(new TokenVerifier(settings()), token)).toBeUndefined()
  expect(takeInternalErrors()).toEqual([])
})

describe('a token is found', () => {
  const from = (...sources: Source[]) => new TokenVerifier(settings({ from: sources }))

  it.each(['Bearer ', 'bearer  ', ''])('behind "%s"', async (before) => {
    expect(
      await claims(new TokenVerifier(settings()), before + (await signed({ sub: 'ada' }))),
    ).toMatchObject({ sub: 'ada' })
  })

  it('in a cookie, and only where the document says', async () => {
    const token = await signed({ sub: 'ada' })
    const verifier = from({ kind: 'cookie', name: 'session' })
    expect(await claims(verifier, `session=${token}`, 0, 'cookie')).toMatchObject({ sub: 'ada' })
    expect(await claims(verifier, token, 0, 'session')).toBeUndefined()
    expect(await claims(verifier, token)).toBeUndefined()
  })

  it('behind one that is not valid', async () => {
    const verifier = from({ kind: 'header', name: 'authorization' }, { kind: 'cookie', name: 'session' })
    const headers = { authorization: 'Bearer a.b.c', cookie: `session=${await signed({ sub: 'ada' })}` }
    expect(await verifier.verify(requestTo('https://shop.test/', { headers }), bindings)).toMatchObject({
      sub: 'ada',
    })
  })
})

describe('keys', () => {
  const pair = async (kid?: string) => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
    const jwk: JWK = { ...(await exportJWK(publicKey)), alg: 'ES256', ...(kid && { kid }) }
    const sign = (payload: Payload) =>
      new SignJWT(payload).setProtectedHeader({ alg: 'ES256', ...(kid && { kid }) }).sign(privateKey)
    return { jwk, sign }
  }
  const inline = (...keys: JWK[]) =>
    new TokenVerifier(
      settings({ algorithms: ['ES256'], keys: { kind: 'inline', keys: keys as JwtSettings['keys'] & [] } }),
    )
  const remote = () =>
    new TokenVerifier(
      settings({ algorithms: ['ES256'], keys: { kind: 'url', url: 'http://keys.test/jwks' } }),
    )

  it('that the document names', async () => {
    const [ours, theirs] = [await pair(), await pair()]
    expect(await claims(inline(ours.jwk), await ours.sign({ sub: 'ada' }))).toMatchObject({ sub: 'ada' })
    expect(await claims(inline(ours.jwk), await theirs.sign({ sub: 'ada' }))).toBeUndefined()
    expect(takeInternalErrors()).toEqual([])
  })

  it('of which any could be meant: one must fit, and the token must not have expired', async () => {
    const [old, current, theirs] = [await pair(), await pair(), await pair()]
    const verifier = inline(old.jwk, current.jwk)
    for (const each of [old, current])
      expect(await claims(verifier, await each.sign({ sub: 'ada' }))).toMatchObject({ sub: 'ada' })
    expect(await claims(verifier, await theirs.sign({ sub: 'ada' }))).toBeUndefined()
    expect(await claims(verifier, await current.sign({ sub: 'ada', exp: seconds(-1_000) }))).toBeUndefined()
    expect(takeInternalErrors()).toEqual([])
  })

  it('of an address, which are fetched once', async () => {
    const ours = await pair('first')
    const asked = stubOrigins(() => Response.json({ keys: [ours.jwk] }))
    const verifier = remote()
    for (const sub of ['ada', 'bob'])
      expect(await claims(verifier, await ours.sign({ sub }))).toMatchObject({ sub })
    expect(asked.map(({ url }) => url)).toEqual(['http://keys.test/jwks'])
  })

  it('that were rotated are fetched again for a token with another one', async () => {
    const [first, second] = [await pair('first'), await pair('second')]
    let keys = [first.jwk]
    stubOrigins(() => Response.json({ keys }))
    const verifier = remote()
    expect(await claims(verifier, await first.sign({ sub: 'ada' }))).toMatchObject({ sub: 'ada' })
    keys = [second.jwk]
    expect(await claims(verifier, await second.sign({ sub: 'bob' }), 31_000)).toMatchObject({ sub: 'bob' })
    // What was signed with the old one is not valid any more, once the gate looks again.
    expect(await claims(verifier, await first.sign({ sub: 'cleo' }), 62_000)).toBeUndefined()
    expect(takeInternalErrors()).toEqual([])
  })

  it('that were good a moment ago still are, while their address does not answer', async () => {
    const ours = await pair('first')
    let isAway = false
    stubOrigins(() => (isAway ? new Response('', { status: 503 }) : Response.json({ keys: [ours.jwk] })))
    const verifier = remote()
    expect(await claims(verifier, await ours.sign({ sub: 'ada' }))).toMatchObject({ sub: 'ada' })
    isAway = true
    const later = 3_600_000
    for (const sub of ['bob', 'eve'])
      expect(await claims(verifier, await ours.sign({ sub }), later)).toMatchObject({ sub })
    expect(takeInternalErrors()).toMatchObject([{ place: 'jwt.keys', count: 1 }])
    const expired = await ours.sign({ sub: 'cleo', exp: seconds(later - 5_000) })
    expect(await claims(verifier, expired, later)).toBeUndefined()
  })

  it('that could never be fetched leave the visitor unknown, and a trace', async () => {
    stubOrigins(() => new Response('', { status: 503 }))
    expect(await claims(remote(), await (await pair('first')).sign({ sub: 'ada' }))).toBeUndefined()
    expect(takeInternalErrors()).toMatchObject([{ place: 'jwt.keys' }])
  })

  it('that hang cost one request two seconds, and no token after it', async () => {
    vi.useRealTimers()
    const ours = await pair('first')
    const asked: string[] = []
    let isHanging = true
    stubOrigins(({ url, init }) => {
      asked.push(url)
      if (!isHanging) return Response.json({ keys: [ours.jwk] })
      return new Promise((_, reject) =>
        init.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error)),
      )
    })
    const verifier = remote()
    const verify = async (sub: string) => {
      const headers = { authorization: await ours.sign({ sub, exp: Math.floor(Date.now() / 1_000) + 600 }) }
      const startedMs = Date.now()
      const found = await verifier.verify(requestTo('https://shop.test/', { headers }), bindings)
      return { sub: found?.sub, ms: Date.now() - startedMs }
    }
    const together = await Promise.all(['a', 'b', 'c'].map(verify))
    for (const { sub, ms } of together) {
      expect(sub).toBeUndefined()
      expect(ms).toBeLessThan(3_500)
    }
    // One fetch for all of them, and none for those that come next.
    expect(asked).toHaveLength(1)
    for (const sub of ['d', 'e']) expect((await verify(sub)).ms).toBeLessThan(500)
    expect(asked).toHaveLength(1)
    expect(takeInternalErrors()).toMatchObject([{ place: 'jwt.keys', count: 1 }])
    // Ten seconds later the next attempt is made in the background, and its keys count from then on.
    isHanging = false
    const work: Promise<unknown>[] = []
    const laterMs = Date.now() + 11_000
    vi.spyOn(Date, 'now').mockReturnValue(laterMs)
    const headers = { authorization: await ours.sign({ sub: 'f' }) }
    await verifier.verify(requestTo('https://shop.test/', { headers }), bindings, (each) => work.push(each))
    expect(work).toHaveLength(1)
    await Promise.all(work)
    expect(asked).toHaveLength(2)
    expect((await verify('g')).sub).toBe('g')
  })

  it('that are old are fetched in the background while they go on counting', async () => {
    const ours = await pair('first')
    let answer: () => Promise<Response> = async () => Response.json({ keys: [ours.jwk] })
    const asked = stubOrigins(() => answer())
    const verifier = remote()
    expect(await claims(verifier, await ours.sign({ sub: 'ada' }))).toMatchObject({ sub: 'ada' })
    answer = () => new Promise(() => {})
    const later = 600_000
    vi.setSystemTime(NOW_MS + later)
    const work: Promise<unknown>[] = []
    for (const sub of ['bob', 'cleo']) {
      const headers = { authorization: await ours.sign({ sub }) }
      const request = requestTo('https://shop.test/', { headers }, { nowMs: NOW_MS + later })
      expect(await verifier.verify(request, bindings, (each) => work.push(each))).toMatchObject({ sub })
    }
    expect([asked.length, work.length]).toEqual([2, 1])
  })

  it('that a token names and the set has not are fetched every thirty seconds at most', async () => {
    const [ours, theirs] = [await pair('ours'), await pair('theirs')]
    const asked = stubOrigins(() => Response.json({ keys: [ours.jwk] }))
    const verifier = remote()
    expect(await claims(verifier, await ours.sign({ sub: 'ada' }))).toMatchObject({ sub: 'ada' })
    for (let n = 0; n < 5; n++)
      expect(await claims(verifier, await theirs.sign({ sub: `eve ${n}` }), 29_000)).toBeUndefined()
    expect(asked).toHaveLength(1)
    for (let n = 0; n < 5; n++)
      expect(await claims(verifier, await theirs.sign({ sub: `mallory ${n}` }), 30_000)).toBeUndefined()
    expect(asked).toHaveLength(2)
  })

  it('that take longer than two seconds are not waited for', async () => {
    vi.useRealTimers()
    const token = await (await pair('first')).sign({ sub: 'ada' })
    const signals: (AbortSignal | null | undefined)[] = []
    const timeout = vi.spyOn(AbortSignal, 'timeout')
    stubOrigins(({ init }) => {
      signals.push(init.signal)
      return new Response('', { status: 503 })
    })
    await remote().verify(requestTo('https://shop.test/', { headers: { authorization: token } }), bindings)
    expect(timeout).toHaveBeenCalledWith(2_000)
  })

  it('that are a secret which is not set leave the visitor unknown, and a trace', async () => {
    const verifier = new TokenVerifier(settings({ keys: { kind: 'binding', binding: 'MISSING' } }))
    expect(await claims(verifier, await signed({ sub: 'ada' }))).toBeUndefined()
    expect(takeInternalErrors()).toMatchObject([
      { place: 'jwt.keys', message: expect.stringContaining('MISSING') },
    ])
  })
})
