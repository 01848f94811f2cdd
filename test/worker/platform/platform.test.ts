import { beforeEach, describe, expect, it, vi } from 'vitest'
import { PROTOCOL } from '../../../src/core/counters/protocol.ts'
import { readBoundedText } from '../../../src/platform/bounded-body.ts'
import { equalInConstantTime, hmacHex, sha256Hex } from '../../../src/platform/crypto.ts'
import {
  controller,
  countersShard,
  type Env,
  environmentOf,
  isDevelopment,
  secretNamed,
} from '../../../src/platform/env.ts'
import {
  hasInternalErrors,
  internalErrors,
  noteIfNewer,
  noteInternalError,
  takeInternalErrors,
} from '../../../src/platform/internal-errors.ts'
import { problemDetails } from '../../../src/platform/problem-details.ts'
import { pseudonymOf } from '../../../src/platform/pseudonym.ts'

const bindings = (more: Record<string, unknown> = {}) => more as unknown as Env

describe('a body is read', () => {
  const chunks = (...texts: (string | Uint8Array)[]) =>
    new Response(
      new ReadableStream({
        start(stream) {
          for (const text of texts)
            stream.enqueue(typeof text === 'string' ? new TextEncoder().encode(text) : text)
          stream.close()
        },
      }),
    ).body
  const read = (body: BodyInit | null, mostBytes: number, headers: Record<string, string> = {}) =>
    readBoundedText(new Request('https://shop.test/', { method: 'POST', body, headers }), mostBytes)

  it.each([
    ['hello', 5, 'hello'],
    ['hello', 4, undefined],
    // Bytes, not characters.
    ['äöü', 6, 'äöü'],
    ['äöü', 5, undefined],
    ['', 0, ''],
  ])('%j up to %i bytes: %j', async (text, most, expected) => expect(await read(text, most)).toBe(expected))

  it('as a whole, wherever it was cut', async () => {
    const [first, second] = [new Uint8Array([0x61, 0xc3]), new Uint8Array([0xa4])]
    expect(await read(chunks(first, second), 9)).toBe('aä')
    expect(await read(chunks('a', 'b', 'c'), 2)).toBeUndefined()
    // An incomplete character at the end shows.
    expect(await read(chunks(first), 9)).toBe('a\ufffd')
  })

  it('not at all where it says that it is longer', async () => {
    expect(await read('x', 5, { 'content-length': '6' })).toBeUndefined()
    expect(await read('hello', 5, { 'content-length': '5' })).toBe('hello')
    expect(await read(null, 5)).toBe('')
  })
})

describe('hashes', () => {
  it('are those of the standards, in hex', async () => {
    const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
    expect([await sha256Hex(''), await sha256Hex(new ArrayBuffer(0))]).toEqual([empty, empty])
    // RFC 4231, test case 2.
    const expected = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'
    expect(await hmacHex('Jefe', 'what do ya want for nothing?')).toBe(expected)
    expect(await hmacHex('another', 'what do ya want for nothing?')).not.toBe(expected)
    expect(await hmacHex('Jefe', 'what do ya want for nothing?')).toBe(expected)
  })

  it.each([
    ['a', 'a', true],
    ['', '', true],
    ['a', 'b', false],
    ['a', 'ab', false],
  ])('tell whether %j and %j are equal: %s', async (a, b, expected) =>
    expect(await equalInConstantTime(a, b)).toBe(expected),
  )

  it('make a pseudonym, by the first key that there is', async () => {
    const of = (more: object) => pseudonymOf('ada', bindings(more as Record<string, unknown>))
    const signed = await of({ SIGNING_KEY: 's', ADMIN_TOKEN: 'a' })
    expect(signed).toBe((await hmacHex('s', 'pseudonym.ada')).slice(0, 20))
    expect(await of({ SIGNING_KEY: '', ADMIN_TOKEN: 'a' })).toBe(
      (await hmacHex('a', 'pseudonym.ada')).slice(0, 20),
    )
    expect(await of({})).toBe((await hmacHex('sluice', 'pseudonym.ada')).slice(0, 20))
  })
})

describe('bindings', () => {
  it.each([
    [undefined, 'production', false],
    ['', 'production', false],
    ['staging', 'staging', false],
    ['development', 'development', true],
  ])('name the environment: %s is %s', (ENVIRONMENT, name, isDebuggable) => {
    const given = bindings(ENVIRONMENT === undefined ? {} : { ENVIRONMENT })
    expect([environmentOf(given), isDevelopment(given)]).toEqual([name, isDebuggable])
  })

  it('hold secrets by name, which are texts', () => {
    const given = bindings({ KEY: 'secret', EMPTY: '', OBJECT: {} })
    expect(['KEY', 'EMPTY', 'OBJECT', 'NONE'].map((name) => secretNamed(given, name))).toEqual([
      'secret',
      undefined,
      undefined,
      undefined,
    ])
  })

  it('lead to the Controller, and to the shard of a location', () => {
    const namespace = (kind: string) => ({
      idFromName: (name: string) => name,
      get: (id: string) => `${kind} ${id}`,
    })
    const given = bindings({ CONTROLLER: namespace('object'), COUNTERS: namespace('shard') })
    expect([controller(given), countersShard(given, 'OTP')]).toEqual(['object controller', 'shard OTP'])
  })
})

it('a problem has a status, a title and a detail, and is kept in no cache', async () => {
  const response = problemDetails(429, 'Too Many', 'Later', { 'retry-after': '3' }, { extra: 1 })
  expect(response.status).toBe(429)
  expect(Object.fromEntries(response.headers)).toEqual({
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    'retry-after': '3',
  })
  expect(await response.text()).toBe(
    '{"type":"about:blank","title":"Too Many","status":429,"detail":"Later","extra":1}\n',
  )
})

describe('exceptions that are swallowed', () => {
  let logged: unknown[] = []
  let nowMs = 2_000_000_000_000
  beforeEach(() => {
    logged = []
    vi.restoreAllMocks()
    vi.spyOn(console, 'error').mockImplementation((entry) => void logged.push(entry))
    nowMs += 60_000
    vi.spyOn(Date, 'now').mockImplementation(() => nowMs)
    takeInternalErrors()
  })

  it('are counted by place, until they are taken; the isolate remembers all', () => {
    const before = internalErrors().find(({ place }) => place === 'test.a')?.count ?? 0
    expect(hasInternalErrors()).toBe(false)
    const firstAtMs = nowMs
    noteInternalError('test.a', new Error('first'))
    nowMs += 10
    noteInternalError('test.a', new Error('second'))
    expect(hasInternalErrors()).toBe(true)
    expect(takeInternalErrors()).toEqual([
      { place: 'test.a', count: 2, firstAtMs, lastAtMs: nowMs, message: 'Error: second' },
    ])
    expect([hasInternalErrors(), takeInternalErrors()]).toEqual([false, []])
    expect(internalErrors().find(({ place }) => place === 'test.a')?.count).toBe(before + 2)
  })

  it('are logged once per place and second', () => {
    const note = (place: string, afterMs: number) => {
      nowMs += afterMs
      noteInternalError(place, new Error('x'), { flag: 'checkout' })
      return logged.length
    }
    expect([note('test.b', 0), note('test.b', 999), note('test.c', 0), note('test.b', 1)]).toEqual([
      1, 1, 2, 3,
    ])
    expect(logged[0]).toEqual({
      event: 'sluice.internal_error',
      place: 'test.b',
      error: 'Error: x',
      flag: 'checkout',
    })
    // A clock that was put back is no reason for silence.
    expect(note('test.b', -5_000)).toBe(4)
  })

  it('may be anything', () => {
    const unspeakable = {
      toString: () => {
        throw new Error('no')
      },
    }
    for (const [at, thrown] of [undefined, 'text', unspeakable].entries())
      noteInternalError(`test.any-${'abc'[at]}`, thrown)
    expect(takeInternalErrors().map(({ message }) => message)).toContain('an exception without a text')
  })

  it('are messages of a newer protocol too', () => {
    for (const protocol of [undefined, 0, PROTOCOL]) noteIfNewer('state', { protocol })
    expect(hasInternalErrors()).toBe(false)
    noteIfNewer('state', { protocol: PROTOCOL + 1 })
    expect(takeInternalErrors()).toMatchObject([
      {
        place: 'protocol.newer',
        message: `Error: the state is of protocol ${PROTOCOL + 1}, this version speaks ${PROTOCOL}`,
      },
    ])
  })
})

describe('where Durable Objects live', () => {
  const asked: unknown[] = []
  const namespace = {
    idFromName: (name: string) => name,
    get: (...given: unknown[]) => asked.push(['everywhere', ...given]),
    jurisdiction: (where: string) => ({
      idFromName: (name: string) => name,
      get: (...given: unknown[]) => asked.push([where, ...given]),
    }),
  }
  const wanting = (more: object) =>
    ({ CONTROLLER: namespace, COUNTERS: namespace, ...more }) as unknown as Env

  it.each([
    [{}, ['everywhere', 'controller'], ['everywhere', 'FRA']],
    [{ JURISDICTION: 'eu' }, ['eu', 'controller'], ['eu', 'FRA']],
    [
      { LOCATION_HINT: 'weur' },
      ['everywhere', 'controller', { locationHint: 'weur' }],
      ['everywhere', 'FRA'],
    ],
  ])('%j', (vars, ofController, ofShard) => {
    asked.length = 0
    controller(wanting(vars))
    countersShard(wanting(vars), 'FRA')
    expect(asked).toEqual([ofController, ofShard])
  })
})
