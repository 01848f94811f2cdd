/** Who a flag query is about, and which callers get an identity cookie. */
import { describe, expect, it } from 'vitest'
import { compileControl } from '../../../../src/core/config/control.ts'
import { decide } from '../../../../src/core/decision/decide.ts'
import { flagQuery, type GivenVisitor } from '../../../../src/gate/evaluation/flag-query.ts'
import { GradualRollback } from '../../../../src/gate/evaluation/gradual-rollback.ts'
import { OriginHealth } from '../../../../src/gate/origin/origin-health.ts'
import { pageCookie } from '../../../../src/gate/pages/page-affinity.ts'
import { makeDebugToken } from '../../../../src/gate/request/signature.ts'
import { COOKIES, environment, NOW_MS, requestTo, SHOP, snapshotOf } from '../support/stage.ts'

const when = (attribute: string, ...values: string[]) => [
  { when: [{ attribute, op: 'in', values }], serve: 'on' },
]
const flag = (rules: object[]) => ({ variants: { on: true, off: false }, off: 'off', rules })
const config = {
  snapshot: snapshotOf({
    ...SHOP,
    flags: {
      ...SHOP.flags,
      'on-page': flag(when('path', '/checkout/x')),
      'by-query': flag(when('query.plan', 'pro')),
      'by-method': flag(when('method', 'POST')),
      romania: flag(when('country', 'RO')),
      'by-plan': flag(when('plan', 'pro')),
      ada: flag(when('targetingKey', 'ada')),
    },
  }),
  control: compileControl({ epoch: 0, killed: [], kvKilled: [], flags: {} }, []),
  tokens: undefined,
}
const rollback = new GradualRollback(new OriginHealth(), decide)

type Asking = { headers?: Record<string, string>; given?: Partial<GivenVisitor>; cf?: object; key?: string }
async function ask({ headers = {}, given = {}, cf, key = '' }: Asking) {
  const init = { method: 'POST', headers, ...(cf && { cf }) } as RequestInit
  const raw = new Request('https://shop.test/__sluice/ofrep/v1/evaluate/flags', init)
  const bindings = { ...environment, SIGNING_KEY: key }
  const query = await flagQuery(
    raw,
    { targetingKey: undefined, attributes: {}, ...given },
    config,
    bindings,
    rollback,
  )
  const of = (key: string) => {
    const compiled = query.flags.get(key)
    if (compiled === undefined) throw new Error(`Cannot stage: ${key}`)
    return query.decide(compiled)?.variant
  }
  return { query, of }
}

const own = { 'sec-fetch-site': 'same-origin' }
const cookieName = async (asking: Asking) => (await ask(asking)).query.setCookie?.split('=')[0]

describe('an identity cookie', () => {
  it('is for a page of this site that has none yet', async () => {
    expect(await cookieName({ headers: own })).toBe('sluice_id')
    expect(await cookieName({ headers: { ...own, cookie: 'sluice_id=ada' } })).toBeUndefined()
  })

  it.each<[string, Record<string, string>]>([
    ['another site', { 'sec-fetch-site': 'cross-site', origin: 'https://other.test' }],
    ['a sibling site', { 'sec-fetch-site': 'same-site', origin: 'https://app.shop.test' }],
    ['the address bar', { 'sec-fetch-site': 'none' }],
    ['a server', {}],
    ['a server that says it comes from here', { origin: 'https://shop.test', referer: 'https://shop.test/' }],
  ])('is not for a query of %s', async (_, headers) => expect(await cookieName({ headers })).toBeUndefined())

  it('is not for a query that says who the visitor is', async () => {
    expect(await cookieName({ headers: own, given: { targetingKey: 'ada' } })).toBeUndefined()
  })
})

describe('the visitor of a query', () => {
  it.each<[string, Asking, string | undefined]>([
    [
      'is the one that it names',
      { given: { targetingKey: 'ada' }, headers: { cookie: 'sluice_id=bob' } },
      'on',
    ],
    ['is the one whose cookie it brings', { headers: { cookie: 'sluice_id=ada' } }, 'on'],
    ['is another', { headers: { cookie: 'sluice_id=bob' } }, 'off'],
    ['is the one that the caller falls back on', { given: { otherwise: 'ada' } }, 'on'],
    [
      'is not that one where the request brings an identity',
      { given: { otherwise: 'ada' }, headers: { cookie: 'sluice_id=bob' } },
      'off',
    ],
  ])('%s', async (_, asking, variant) => expect((await ask(asking)).of('ada')).toBe(variant))

  it('is not known to a server that names none: what depends on it has no answer', async () => {
    const { of } = await ask({})
    expect([of('half'), of('checkout')]).toEqual([undefined, 'on'])
    expect((await ask({ headers: own })).of('half')).toMatch(/^(on|off)$/)
    expect((await ask({ given: { targetingKey: 'ada' } })).of('half')).toMatch(/^(on|off)$/)
  })

  it('has the attributes that the query states, and beneath them those of the request', async () => {
    const cf = { country: 'RO' }
    expect((await ask({ cf })).of('romania')).toBe('on')
    expect((await ask({ cf, given: { attributes: { country: 'MD' } } })).of('romania')).toBe('off')
    expect((await ask({ given: { attributes: { plan: 'pro' } } })).of('by-plan')).toBe('on')
  })

  it('may have overrides by a token, while it is valid', async () => {
    const overrides = { half: 'off', checkout: 'off' }
    const token = async (exp: number) =>
      (await makeDebugToken({ ...environment, SIGNING_KEY: 'key' }, { exp, overrides })) ?? ''
    const nowSeconds = Date.now() / 1_000
    expect(
      (await ask({ headers: { 'sluice-debug': await token(nowSeconds + 60) }, key: 'key' })).of('checkout'),
    ).toBe('off')
    expect(
      (await ask({ headers: { 'sluice-debug': await token(nowSeconds - 1) }, key: 'key' })).of('checkout'),
    ).toBe('on')
  })
})

describe('a query from a page', () => {
  const from = (referer: string) => ask({ headers: { referer } })

  it('is about the page: its path, its parameters, by GET', async () => {
    const { of } = await from('https://shop.test/checkout/x?plan=pro')
    expect([of('on-page'), of('by-query'), of('by-method')]).toEqual(['on', 'on', 'off'])
  })

  it.each(['https://evil.test/checkout/x?plan=pro', 'no address', ''])(
    'is about no page where it comes from %j',
    async (referer) => {
      const { of } = await from(referer)
      expect([of('on-page'), of('by-query'), of('by-method')]).toEqual(['off', 'off', 'off'])
    },
  )

  it('keeps the location of the visitor', async () => {
    const { of } = await ask({ headers: { referer: 'https://shop.test/' }, cf: { country: 'RO' } })
    expect(of('romania')).toBe('on')
  })

  it('gets the variant that the page has, unless it states something', async () => {
    const page = pageCookie(
      requestTo('https://shop.test/checkout/x', {}, { nowMs: NOW_MS }),
      { flag: 'checkout', variant: 'off', referrerPolicy: null },
      COOKIES,
    )
    const headers = {
      referer: 'https://shop.test/checkout/x',
      cookie: `${page?.split(';')[0]}; sluice_id=ada`,
    }
    expect((await ask({ headers })).of('checkout')).toBe('off')
    expect((await ask({ headers, given: { targetingKey: 'ada' } })).of('checkout')).toBe('on')
    expect((await ask({ headers, given: { attributes: { plan: 'pro' } } })).of('checkout')).toBe('on')
  })
})
