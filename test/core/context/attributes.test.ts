/** Where each attribute of a request comes from. */
import { describe, expect, it } from 'vitest'
import {
  ATTRIBUTE_FAMILIES,
  type AttributeValue,
  BUILT_IN_ATTRIBUTES,
  staticContext,
} from '../../../src/core/context/attributes.ts'
import { describeDevice } from '../../../src/core/context/device.ts'
import { givenContext } from '../../../src/core/context/given-context.ts'
import type { IdentitySettings, Source } from '../../../src/core/context/identity.ts'
import { RequestContext, type RequestFacts } from '../../../src/core/context/request-context.ts'

const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1'

function contextOf(identity: Partial<IdentitySettings> = {}, facts: Partial<RequestFacts> = {}) {
  const asked: string[] = []
  const from = (kind: string) => (name: string) => {
    asked.push(`${kind} ${name}`)
    return name.startsWith('no') ? undefined : name === 'empty' ? '' : `${kind} of ${name}`
  }
  const all: RequestFacts = {
    nowMs: 7,
    method: 'PUT',
    host: 'shop.test',
    path: '/a',
    header: (name) =>
      name === 'user-agent' ? IPHONE : name === 'accept-language' ? 'ro, de' : from('header')(name),
    cookie: from('cookie'),
    query: from('query'),
    cf: (field) => (field === 'asn' ? 5 : field === 'city' ? {} : field === 'region' ? true : `cf ${field}`),
    claim: from('claim'),
    ip: () => '1.2.3.4',
    ...facts,
  }
  const context = new RequestContext(
    all,
    { targetingKey: [], keepsFirst: false, attributes: new Map(), jwt: undefined, ...identity },
    {
      key: () => {
        asked.push('anonymous')
        return 'anonymous'
      },
      broughtKey: () => undefined,
      keyStanding: () => 'proven',
    },
    () => 0.5,
  )
  return { context, asked }
}
const sources = (...list: string[]): Source[] =>
  list.map((each) => {
    const [kind = '', name = ''] = each.split(' ')
    return { kind: kind as Source['kind'], name }
  })

describe('a built-in attribute', () => {
  it('comes from the request', () => {
    const { context } = contextOf({ targetingKey: sources('header x-user') })
    const values = Object.keys(BUILT_IN_ATTRIBUTES).map((name) => [name, context.attribute(name)])
    expect(Object.fromEntries(values)).toEqual({
      targetingKey: 'header of x-user',
      country: 'cf country',
      eu: false,
      continent: 'cf continent',
      region: true,
      regionCode: 'cf regionCode',
      city: undefined,
      colo: 'cf colo',
      asn: 5,
      timezone: 'cf timezone',
      // The hint names the platform here, as every header does.
      device: 'mobile',
      os: 'header of sec-ch-ua-platform',
      browser: 'Safari',
      model: undefined,
      bot: false,
      ip: '1.2.3.4',
      remoteAddress: '1.2.3.4',
      userId: 'header of x-user',
      path: '/a',
      host: 'shop.test',
      method: 'PUT',
      language: 'ro',
      now: 7,
    })
    expect(context.random()).toBe(0.5)
  })

  it('or a family, by name; header names ignore case', () => {
    const { context } = contextOf()
    expect(ATTRIBUTE_FAMILIES.map((family) => context.attribute(`${family}.A-b`))).toEqual([
      'header of a-b',
      'cookie of A-b',
      'query of A-b',
    ])
    expect([
      context.attribute('headers.a'),
      context.attribute('a.cookie.b'),
      context.attribute('plan'),
    ]).toEqual([undefined, undefined, undefined])
  })
})

describe('a configured attribute', () => {
  it('is the first source with a value, and replaces a built-in one', () => {
    const attributes = new Map([['country', sources('header no', 'cookie empty', 'jwt plan', 'query later')]])
    const { context, asked } = contextOf({ attributes })
    expect(context.attribute('country')).toBe('claim of plan')
    expect(asked).toEqual(['header no', 'cookie empty', 'claim plan'])
    expect(
      contextOf({ attributes: new Map([['a', sources('header no')]]) }).context.attribute('a'),
    ).toBeUndefined()
  })
})

describe('a targeting key', () => {
  const keyOf = (claim: AttributeValue | undefined) =>
    contextOf({ targetingKey: sources('jwt sub') }, { claim: () => claim }).context

  it('is text, whatever the claim is; a list or nothing is none', () => {
    expect([keyOf(5), keyOf('u'), keyOf(true)].map((context) => context.targetingKey())).toEqual([
      '5',
      'u',
      'true',
    ])
    const without = [keyOf(['a']), keyOf(''), keyOf(undefined)]
    expect(without.map((context) => [context.targetingKey(), context.attribute('userId')])).toEqual(
      without.map(() => ['anonymous', undefined]),
    )
  })

  it('is asked for once', () => {
    const { context, asked } = contextOf()
    context.targetingKey()
    context.attribute('targetingKey')
    expect(asked).toEqual(['anonymous'])
  })
})

describe('given attributes', () => {
  const beneath = { ...staticContext('beneath', { a: 1, b: 2 }), random: () => 0.25 }

  it('lie above those of the request', () => {
    const context = givenContext({ targetingKey: 'given', attributes: { a: 5 } }, beneath)
    expect([context.targetingKey(), context.attribute('targetingKey')]).toEqual(['given', 'given'])
    expect([context.attribute('a'), context.attribute('b'), context.attribute('toString')]).toEqual([
      5,
      2,
      undefined,
    ])
    expect(context.random?.()).toBe(0.25)
    const keyless = givenContext({ targetingKey: undefined, attributes: {} }, staticContext('beneath', {}))
    expect([keyless.targetingKey(), keyless.attribute('targetingKey'), 'random' in keyless]).toEqual([
      'beneath',
      'beneath',
      false,
    ])
  })

  it('of plain data are its own keys', () => {
    const context = staticContext('u', { a: 1, targetingKey: 'x' })
    expect([
      context.attribute('a'),
      context.attribute('toString'),
      context.attribute('targetingKey'),
    ]).toEqual([1, undefined, 'u'])
  })
})

describe('client hints', () => {
  const android = 'Mozilla/5.0 (Linux; Android 13) Chrome/120.0 Mobile Safari/537.36'
  const hints = (mobile?: string, platform?: string, userAgent: string | undefined = android) =>
    describeDevice({ userAgent, mobile, platform })

  it('decide before the user agent', () => {
    expect(hints()).toEqual({ device: 'mobile', os: 'Android', browser: 'Chrome', bot: false })
    expect(
      [hints('?1'), hints('?0'), hints('?0', undefined, 'Windows'), hints('?1', undefined, 'Windows')].map(
        ({ device }) => device,
      ),
    ).toEqual(['mobile', 'tablet', 'desktop', 'mobile'])
    expect(
      [hints(undefined, '"macOS"'), hints(undefined, '"Unknown"'), hints(undefined, '""')].map(
        ({ os }) => os,
      ),
    ).toEqual(['macOS', 'Android', 'Android'])
  })

  it('without a user agent say nothing; of a long one the beginning is read', () => {
    const nothing = { device: undefined, os: undefined, browser: undefined, bot: false }
    expect(describeDevice({ userAgent: undefined, mobile: '?1', platform: '"macOS"' })).toEqual(nothing)
    expect(hints('?1', undefined, '')).toEqual(nothing)
    expect([503, 504].map((n) => hints(undefined, undefined, `${'x'.repeat(n)} Firefox/`).browser)).toEqual([
      'Firefox',
      undefined,
    ])
    expect(hints(undefined, undefined, `${'x'.repeat(503)}Firefox/`).browser).toBe('Firefox')
    expect(hints(undefined, undefined, 'Googlebot/2.1').bot).toBe(true)
  })
})

it.each([
  [{ isEUCountry: '1', country: 'FR' }, true],
  [{ isEUCountry: '1', country: 'GF' }, true],
  [{ country: 'RO' }, true],
  [{ country: 'GB' }, false],
  [{}, undefined],
])('is in the European Union, or not: %j', (cf: Record<string, string>, expected) => {
  const { context } = contextOf({}, { cf: (field) => cf[field] })
  expect(context.attribute('eu')).toBe(expected)
})

it.each([
  ['"Pixel 8"', 'Pixel 8'],
  ['"SM-\\"A\\\\B"', 'SM-"A\\B'],
  ['"Pixel 8"; a=1', 'Pixel 8'],
  ['""', undefined],
  ['Pixel', undefined],
  [undefined, undefined],
])('has a model where the browser says it: %s', (header, expected) => {
  const { context } = contextOf({}, { header: (name) => (name === 'sec-ch-ua-model' ? header : undefined) })
  expect(context.attribute('model')).toBe(expected)
})
