/** What `sluice check` warns of: documents without problems that won't do what they seem to. */
import { describe, expect, it } from 'vitest'
import { parseDocumentValue } from '../../../../src/core/config/parse/parse.ts'
import { documentWarnings } from '../../../../src/core/config/parse/warnings.ts'
import { COUNTRY_CODES, countryCodeOf, countryName } from '../../../../src/core/context/countries.ts'

const FLAG = { variants: { on: 1, off: 0 }, off: 'off', rules: [{ serve: 'on' }] }

function warned(document: object): string[] {
  const parsed = parseDocumentValue({
    origins: { a: { url: 'http://a' }, b: { url: 'http://b' } },
    routes: [{ path: '/*', origin: 'a' }],
    ...document,
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return documentWarnings(parsed.value).map(({ place, text }) => `${place}: ${text}`)
}

const routed = (...routes: object[]) => warned({ routes, flags: { f: FLAG } })
const TO_FLAG = { flag: 'f', origins: { on: 'b', off: 'a' } }

describe('a special route after a general one', () => {
  it.each<[string, object[]]>([
    [
      'of one method',
      [
        { path: '/*', method: 'GET', origin: 'a' },
        { path: '/checkout/*', ...TO_FLAG },
      ],
    ],
    [
      'of one host',
      [
        { path: '/*', host: 'www.shop.test', origin: 'a' },
        { path: '/checkout/*', ...TO_FLAG },
      ],
    ],
    [
      'of a wildcard host',
      [
        { path: '/*', host: '*.shop.test', origin: 'a' },
        { path: '/x', host: ['www.shop.test', 'shop.test'], origin: 'b' },
      ],
    ],
    [
      'with an open segment',
      [
        { path: '/users/:id', origin: 'a' },
        { path: '/users/me/*', origin: 'b' },
      ],
    ],
    [
      'with an open end',
      [
        { path: '/assets*', host: 'x.test', origin: 'b' },
        { path: '/assets-new/*', method: 'GET', origin: 'a' },
      ],
    ],
    [
      'among many',
      [
        ...Array.from({ length: 20 }, (_, at) => ({ path: `/${at}`, origin: 'b' })),
        { path: '/*', method: 'GET', origin: 'a' },
        { path: '/checkout/*', ...TO_FLAG },
      ],
    ],
  ])('%s is warned of', (_, routes) => {
    const list = routed(...routes)
    expect(list).toHaveLength(1)
    expect(list[0]).toContain(`$.routes[${routes.length - 1}]`)
    expect(list[0]).toContain(`route ${routes.length - 2} (`)
  })

  it.each<[string, object[]]>([
    [
      'that is before it',
      [
        { path: '/checkout/*', ...TO_FLAG },
        { path: '/*', origin: 'a' },
      ],
    ],
    [
      'of another method',
      [
        { path: '/*', method: 'GET', origin: 'a' },
        { path: '/checkout/*', method: 'POST', origin: 'b' },
      ],
    ],
    [
      'of another host',
      [
        { path: '/*', host: 'a.test', origin: 'a' },
        { path: '/checkout/*', host: 'b.test', origin: 'b' },
      ],
    ],
    [
      'that leads to the same',
      [
        { path: '/*', method: 'GET', origin: 'a' },
        { path: '/checkout/*', origin: 'a' },
        { path: '/*', origin: 'b' },
      ],
    ],
    [
      'of the same path',
      [
        { path: '/api/*', method: 'GET', origin: 'a' },
        { path: '/api/*', origin: 'b' },
      ],
    ],
    [
      'as a longer one before',
      [
        { path: '/users/me', origin: 'a' },
        { path: '/users/*', origin: 'b' },
      ],
    ],
    [
      'of another place',
      [
        { path: '/a/*', method: 'GET', origin: 'a' },
        { path: '/b/*', origin: 'b' },
      ],
    ],
  ])('is no matter %s', (_, routes) => expect(routed(...routes)).toEqual([]))
})

it.each([
  '/a*b',
  '/*.php',
  '/img/**',
  '/users/{id}',
  '/users/<id>',
  '/a/(.*)',
  '/a/:id.json',
  '/a$',
  '/[a-z]/*',
])('a pattern of another language is warned of: %s', (path) =>
  expect(routed({ path, origin: 'b' }, { path: '/*', origin: 'a' }).join()).toContain('$.routes[0].path'),
)

it.each([
  '/a/*',
  '/a*',
  '/:id/x',
  '/a/*/b',
  '/münchen/*',
  '/%63heckout',
  '/a-b_c.d~e',
  '/a+b,c=d@e!',
  '/{',
  '/a:b',
])('an ordinary pattern is no matter: %s', (path) =>
  expect(routed({ path, origin: 'b' }, { path: '/*', origin: 'a' })).toEqual([]),
)

it('parameters of a segment are said not to count', () => {
  expect(
    routed({ path: '/checkout;jsessionid=*', origin: 'b' }, { path: '/*', origin: 'a' }).join(),
  ).toContain('the same as /checkout*')
})

describe('a country', () => {
  const asking = (attribute: string, values: unknown[], more: object = {}) =>
    warned({
      flags: { f: { ...FLAG, rules: [{ when: [{ attribute, op: 'in', values, ...more }], serve: 'on' }] } },
    })

  it.each([
    ['UK', '"GB"'],
    ['ro', '"RO"'],
    ['Romania', '"RO"'],
    ['united kingdom', '"GB"'],
    ['Türkiye', '"TR"'],
    ['EU', '"eu"'],
    ['ROM', 'two letters'],
    ['ZZ', 'two letters'],
    ['', 'two letters'],
  ])('that no visitor has is warned of: %s', (value, said) => {
    const [text, ...others] = asking('country', ['DE', value])
    expect(text).toContain('$.flags.f.rules[0].when[0].values[1]')
    expect(text).toContain(said)
    expect(others).toEqual([])
  })

  it('that visitors have is no matter', () => {
    expect(asking('country', ['RO', 'US', 'GB', 'XK', 'T1', 'XX'])).toEqual([])
    expect(asking('country', ['ro'], { ignoreCase: true })).toEqual([])
    expect(asking('country', ['uk'], { op: 'starts_with' })).toEqual([])
    expect(asking('city', ['UK'])).toEqual([])
    expect(asking('eu', [true, 'false'])).toEqual([])
    expect(asking('country', ['UK'], { op: 'not_in' })).toHaveLength(1)
    expect(asking('eu', ['yes'])).toHaveLength(1)
  })

  it('has a code, a name, and is found by either', () => {
    expect(COUNTRY_CODES).toHaveLength(252)
    expect(new Set(COUNTRY_CODES).size).toBe(252)
    for (const code of COUNTRY_CODES) {
      expect(countryName(code)).not.toBe(code)
      expect(countryCodeOf(countryName(code)), code).toBe(code)
      expect(countryCodeOf(code.toLowerCase())).toBe(code)
    }
    expect(countryCodeOf('Atlantis')).toBeUndefined()
  })
})
