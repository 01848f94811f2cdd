import { describe, expect, it } from 'vitest'
import { parseDocument } from '../../../src/core/config/parse/parse.ts'
import { meant } from '../../../src/core/config/parse/problems.ts'

const flag = (parts: object = {}) => ({ variants: { on: true, off: false }, off: 'off', ...parts })
const document = (parts: object) =>
  JSON.stringify({
    origins: { old: { url: 'http://old.test' } },
    routes: [{ path: '/*', origin: 'old' }],
    ...parts,
  })
const withFlag = (parts: object) => document({ flags: { f: flag(parts), g: flag() } })
const withRule = (rule: object) => withFlag({ rules: [{ serve: 'on', ...rule }] })

/** Where the problems are. */
function placesOf(text: string): string[] {
  const parsed = parseDocument(text)
  return parsed.ok ? [] : parsed.problems.map(({ path }) => path)
}
function problemsOf(text: string) {
  const parsed = parseDocument(text)
  return parsed.ok ? [] : parsed.problems
}

describe('a list where an object belongs', () => {
  it.each([
    ['$', '[]'],
    ['$.flags', document({ flags: [] })],
    ['$.context', document({ context: [] })],
    ['$.flags.f.guard', withFlag({ guard: [] })],
    ['$.flags.f.schedule', withFlag({ schedule: [] })],
    ['$.flags.f.variants', withFlag({ variants: ['on', 'off'] })],
  ])('at %s is a problem', (path, text) => {
    expect(problemsOf(text)).toMatchObject([
      { path, found: expect.stringMatching(/^\[/), expected: 'an object' },
    ])
  })
})

describe('where several kinds of value may stand', () => {
  it.each([
    ['$.flags.f.rules[0].serve.on', withRule({ serve: { on: '50', off: 50 } })],
    ['$.flags.f.requires[0].varients', withFlag({ requires: [{ flag: 'g', varients: ['on'] }] })],
    [
      '$.context.targetingKey[1].headr',
      document({ context: { targetingKey: [{ cookie: 'c' }, { headr: 'a' }] } }),
    ],
    ['$.context.attributes.plan.jtw', document({ context: { attributes: { plan: { jtw: 'plan' } } } })],
    ['$.flags.f.guard.errors.rho', withFlag({ guard: { errors: { rho: 'x' } } })],
    ['$.flags.f.rules[0].serve', withRule({ serve: 5 })],
  ])('%s is told, not just the place of the choice', (path, text) => {
    expect(placesOf(text)).toEqual([path])
  })
})

describe('what can never work', () => {
  const origin = (url: string) => document({ origins: { old: { url } } })

  it.each(['http://a:99999', 'http://[zz]', 'http://300.1.1.1', 'http://%', 'http://:80', 'http://[::1'])(
    'the origin %s',
    (url) => {
      expect(placesOf(origin(url))).toEqual(['$.origins.old.url'])
    },
  )

  it.each([
    'http://a:65535/x',
    'http://[::1]:80',
    'https://bücher.example',
    'http://1.2.3.4',
    'http://svc_1.local',
  ])('but the origin %s can', (url) => expect(problemsOf(origin(url))).toEqual([]))

  it('a route below the prefix that is the gate’s own', () => {
    const routes = (path: string) =>
      document({
        routes: [
          { path, origin: 'old' },
          { path: '/*', origin: 'old' },
        ],
      })
    for (const path of ['/__sluice', '/__sluice/api/*', '/__sluice/:id/x']) {
      expect(placesOf(routes(path)), path).toEqual(['$.routes[0]'])
    }
    for (const path of ['/__sluicegate', '/:any/health', '/a/__sluice']) {
      expect(placesOf(routes(path)), path).toEqual([])
    }
  })

  it('a day that there is not, and a time that ends before it begins', () => {
    expect(placesOf(withFlag({ schedule: { start: '2026-02-30' } }))).toEqual(['$.flags.f.schedule.start'])
    expect(placesOf(withFlag({ expires: '2027-02-29T00:00:00Z' }))).toEqual(['$.flags.f.expires'])
    expect(placesOf(withFlag({ expires: '2028-02-29' }))).toEqual([])
    expect(placesOf(document({ freezes: [{ start: '2027-01-04', end: '2026-12-20' }] }))).toEqual([
      '$.freezes[0].end',
    ])
  })

  it('a key set that holds a secret, no key, or something else', () => {
    const at = '$.context.jwt'
    const jwt = (parts: object) => placesOf(document({ context: { jwt: parts } }))
    const keys = (...list: object[]) => ({ jwks: { keys: list } })
    expect(jwt(keys({ kty: 'RSA', n: 'x', e: 'AQAB' }))).toEqual([])
    expect(jwt(keys({ kty: 'RSA', n: 'x', e: 'AQAB', d: 'x' }))).toEqual([`${at}.jwks.keys[0].d`])
    expect(jwt(keys({ n: 'x' }))).toEqual([`${at}.jwks.keys[0]`])
    expect(jwt(keys())).toEqual([`${at}.jwks.keys`])
    expect(jwt({ jwks: 'https://a/jwks', algorithms: ['HS256'] })).toEqual([`${at}.algorithms`])
    expect(jwt({ ...keys({ kty: 'EC' }), algorithms: ['HS256'] })).toEqual([`${at}.algorithms`])
    expect(jwt({ secretBinding: 'S', algorithms: ['RS256'] })).toEqual([`${at}.algorithms`])
  })
})

it('names what was meant, where something is close', () => {
  expect(meant('new-sit', ['old-site', 'new-site'])).toBe('. Did you mean new-site?')
  expect(meant('elsewhere', ['old-site', 'new-site'])).toBe('')
})
