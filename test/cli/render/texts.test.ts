/** Small parts that make texts, and read them. */
import { describe, expect, it } from 'vitest'
import { Options } from '../../../src/cli/base/options.ts'
import { lostBecause } from '../../../src/cli/connection/connect.ts'
import { complaintOf } from '../../../src/cli/connection/wrangler.ts'
import { DescribedFacts } from '../../../src/cli/document/described-facts.ts'
import { countriesIn, invalidCountry } from '../../../src/cli/document/init-files.ts'
import { placeOf } from '../../../src/cli/document/place.ts'
import { attributesIn, visitorIn } from '../../../src/cli/document/visitor-options.ts'
import { changeLines } from '../../../src/cli/render/document-diff.ts'
import { describeFailure } from '../../../src/cli/render/failure.ts'
import { readableJson } from '../../../src/cli/render/json.ts'
import { headed, table } from '../../../src/cli/render/table.ts'

it('tables align their columns, whatever their colours; a line has nothing at its end', () => {
  expect(table([['a', 'bbb', ''], ['\x1b[31mlong\x1b[39m', 'b', 'c'], ['x']])).toBe(
    'a     bbb\n\x1b[31mlong\x1b[39m  b    c\nx',
  )
  expect(table([['a', 'b']], ' | ')).toBe('a | b')
  expect(table([])).toBe('')
  expect(headed(['h', 'i'], [['1', '2']], (style, text) => `${style}:${text}`)).toBe('dim:h  dim:i\n1      2')
})

it.each([
  [
    { a: 1, b: { c: [1, 2], d: {} }, e: undefined, f: [] },
    '{\n  "a": 1,\n  "b": {\n    "c": [1, 2],\n    "d": {}\n  },\n  "f": []\n}',
  ],
  [{ a: { b: { c: 1, u: undefined } } }, '{\n  "a": {\n    "b": { "c": 1 }\n  }\n}'],
  ['text', '"text"'],
  [null, 'null'],
  [{}, '{}'],
  [[], '[]'],
  [[1, [undefined]], '[\n  1,\n  [\n    null\n  ]\n]'],
])('readable JSON of %j', (value, text) => {
  expect(readableJson(value)).toBe(text)
})

it('readable JSON breaks lines above 100 characters', () => {
  const at = (length: number) => readableJson({ a: { b: { c: 'x'.repeat(length) } } }).split('\n')[2]
  // Braces, the key and quotes take 13 characters, and the line is indented by four.
  expect(at(85)).toBe(`    "b": { "c": "${'x'.repeat(85)}" }`)
  expect(at(86)).toBe('    "b": {')
})

it('a change is cut at sixty characters', () => {
  const line = (before: unknown) =>
    changeLines([{ path: '$', kind: 'changed', before, after: null }], (_, text) => text)
  expect(line('x'.repeat(58))).toBe(`~ $ "${'x'.repeat(58)}" → null`)
  expect(line('x'.repeat(59))).toBe(`~ $ "${'x'.repeat(58)}… → null`)
})

describe('places in a text', () => {
  const text = '{\n  "a": { "b c": [1,\n    {"d": 2}] },\n  "$e": 3\n}'
  it.each([
    ['$', 1, 1],
    ['$.a', 2, 3],
    ['$.a["b c"]', 2, 10],
    ['$.a["b c"][0]', 2, 18],
    ['$.a["b c"][1].d', 3, 6],
    ['$.a["b c"][1]', 3, 5],
    ['$.a["b c"][7].x', 2, 10],
    ['$.a.gone.deeper', 2, 3],
    ['$.$e', 4, 3],
    ['$.gone', 1, 1],
  ])('%s is at %i:%i', (path, line, column) => {
    expect(placeOf(text, path)).toEqual({ line, column })
  })
  it('of texts that are no JSON', () => {
    expect(placeOf('', '$.a')).toEqual({ line: 1, column: 1 })
    expect(placeOf('{\n "a": }', '$.a')).toEqual({ line: 2, column: 7 })
    expect(placeOf('{\n// no\n}', '$')).toEqual({ line: 2, column: 1 })
    expect(placeOf('\n {"a\\"b": 1}', '$["a\\"b"]')).toEqual({ line: 2, column: 3 })
  })
})

describe('options', () => {
  const options = new Options({
    dryRun: true,
    color: false,
    reason: 'why',
    limit: 3,
    origin: ['a=b', 'c=d=e', 7],
    bad: ['=x'],
  })
  it('by their long names, each as its kind', () => {
    expect([
      options.has('dry-run'),
      options.has('reason'),
      options.has('no-color'),
      options.has('no-kv'),
    ]).toEqual([true, false, true, false])
    expect([
      options.text('reason'),
      options.text('limit'),
      options.number('limit'),
      options.number('reason'),
    ]).toEqual(['why', undefined, 3, undefined])
    expect(options.texts('reason', 'limit', 'owner')).toEqual({ reason: 'why' })
    expect([options.list('origin'), options.list('reason')]).toEqual([['a=b', 'c=d=e'], []])
    expect(options.pairs('origin')).toEqual({ a: 'b', c: 'd=e' })
    expect(() => options.pairs('bad')).toThrow('--bad must be NAME=VALUE, not =x')
  })
})

describe('a visitor', () => {
  it.each([
    [['a=1'], { a: 1 }],
    [['a=-1.5', 'b=0', 'c=0.5'], { a: -1.5, b: 0, c: 0.5 }],
    [['a=01', 'b=1.', 'c=1e3', 'd=.5'], { a: '01', b: '1.', c: '1e3', d: '.5' }],
    [['a=true', 'b=false', 'c=True'], { a: true, b: false, c: 'True' }],
    [['a=x=y', 'b='], { a: 'x=y', b: '' }],
    [['a=1', 'a=x', 'a=true'], { a: [1, 'x', true] }],
    [['toString=1'], { toString: 1 }],
    [['id="42"', 'most=9007199254740991'], { id: '42', most: 9_007_199_254_740_991 }],
    [['id="9007199254740993"'], { id: '9007199254740993' }],
  ])('has with %j the attributes %j', (pairs, attributes) => {
    expect(attributesIn(pairs)).toEqual(attributes)
  })

  it('has no number that is not exact', () => {
    expect(() => attributesIn(['id=9007199254740993'])).toThrow(
      `--attribute id must be a whole number up to 9007199254740991, or a text: 'id="9007199254740993"'`,
    )
  })

  it('with a request as the options say', () => {
    const of = (values: object) => visitorIn(new Options({ ...values }))
    expect(of({})).toEqual({ attributes: {} })
    expect(of({ key: '' })).toEqual({ attributes: {} })
    const request = { method: 'GET', headers: {}, cf: {}, claims: {} }
    expect(of({ request: '/a b', key: 'k' })).toEqual({
      ...{ attributes: {}, targetingKey: 'k' },
      request: { ...request, url: 'https://example.com/a%20b' },
    })
    expect(
      of({
        request: 'http://x.test',
        method: 'put',
        header: ['a: b', 'c=d:e', 'f  :g'],
        cf: ['asn=5', 'colo=7', 'x=asn'],
      }),
    ).toEqual({
      attributes: {},
      request: {
        ...{ ...request, url: 'http://x.test/', method: 'PUT' },
        ...{ headers: { a: 'b', c: 'd:e', f: 'g' }, cf: { asn: 5, colo: '7', x: 'asn' } },
      },
    })
    expect(of({ request: '/', cf: ['asn=5x'], claim: ['sub=1'] }).request).toMatchObject({
      cf: { asn: '5x' },
      claims: { sub: '1' },
    })
  })

  it('is seen by its request', () => {
    const request = {
      ...{ url: 'https://a.test:8080/p?q=1&q=2', method: 'PUT', cf: { country: 'RO' } },
      headers: { 'X-Id': 'i', cookie: 'a=1; b=2', 'cf-connecting-ip': '192.0.2.1' },
      claims: { plan: 'pro' },
    }
    const facts = new DescribedFacts(request, 5)
    expect([facts.nowMs, facts.method, facts.host, facts.path]).toEqual([5, 'PUT', 'a.test:8080', '/p'])
    expect([facts.header('x-id'), facts.header('gone'), facts.ip()]).toEqual(['i', undefined, '192.0.2.1'])
    expect([facts.cookie('b'), facts.cookie('c'), facts.query('q'), facts.query('z')]).toEqual([
      '2',
      undefined,
      '1',
      undefined,
    ])
    expect([facts.cf('country'), facts.claim('plan'), facts.claim('toString')]).toEqual([
      'RO',
      'pro',
      undefined,
    ])
    const bare = new DescribedFacts({ ...request, headers: {} }, 5)
    expect([bare.cookie('a'), bare.ip()]).toEqual([undefined, undefined])
  })
})

it('countries of a text', () => {
  expect(countriesIn(' ro,US  de, ')).toEqual(['RO', 'US', 'DE'])
  expect(countriesIn('romania, United  Kingdom,uk us')).toEqual(['RO', 'GB', 'GB', 'US'])
  expect(countriesIn('')).toEqual([])
  expect([invalidCountry(['RO', 'T1']), invalidCountry(['RO', 'ROM', 'X'])]).toEqual([undefined, 'ROM'])
  expect(['ro', '1T', 'R', 'RO '].map((each) => invalidCountry([each]))).toEqual(['ro', '1T', 'R', 'RO '])
})

it('the complaint of wrangler is at most four lines, without its frame', () => {
  const run = (err: string, out = '') => complaintOf({ code: 1, out, err })
  expect(
    run(
      '\x1b[31m✘ \x1b[41m[ERROR]\x1b[0m no account\n\n⛅ wrangler\n──\n🪵  logs\nIf you think this is a bug, …',
      'more',
    ),
  ).toBe('no account more')
  expect(run('a\nb\n c \nd\ne')).toBe('a b c d')
  expect(run('', 'out')).toBe('out')
  expect(run(' \n')).toBe('it printed no reason')
})

describe('failures', () => {
  const failed = (cause: unknown) => Object.assign(new TypeError('fetch failed'), { cause })
  it.each([
    [{ code: 'ECONNREFUSED' }, 'connection refused'],
    [{ code: 'ENOTFOUND' }, 'host not found'],
    [{ code: 'EAI_AGAIN' }, 'DNS lookup failed'],
    [{ code: 'ECONNRESET' }, 'the connection was reset'],
    [{ code: 'UND_ERR_SOCKET' }, 'the connection was closed'],
    [{ code: 'ERR_SSL_WRONG_VERSION_NUMBER' }, 'it does not speak https'],
    [{ code: 'ERR_SSL_PACKET_LENGTH_TOO_LONG' }, 'it does not speak https'],
    [{ errors: [{ code: 'ECONNREFUSED' }] }, 'connection refused'],
    [{ errors: [] }, 'the connection failed'],
    [{ code: 'X', message: 'bad luck' }, 'bad luck'],
    [undefined, 'the connection failed'],
  ])('of a connection: %j', (cause, words) => {
    expect(lostBecause(failed(cause))).toBe(words)
  })

  it('of another kind are what they are', () => {
    expect(lostBecause(new Error('fetch failed'))).toBeUndefined()
    expect(lostBecause(new TypeError('x is not a function'))).toBeUndefined()
    const stop = new AbortController().signal
    const terminal = { env: {}, errIsScreen: true, stop } as never
    expect(describeFailure(new Error('odd'), terminal, undefined)).toEqual({
      text: '\x1b[31modd\x1b[39m',
      json: { kind: 'failed', message: 'odd' },
    })
  })
})
