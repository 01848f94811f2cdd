/**
 * Whatever visitors and neighbours send, nothing throws and visitors get an answer of an origin. `npm run fuzz` does
 * this with a million inputs of each kind.
 */
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import example from '../../config/gate.json'
import { parseControlState, parseKillList } from '../../src/core/config/control.ts'
import { parseDocument } from '../../src/core/config/parse.ts'
import { compileSnapshot } from '../../src/core/config/snapshot.ts'
import { CellTable, emptyCell } from '../../src/core/counters/cell.ts'
import { createGate, type Gate } from '../../src/edge/gate.ts'
import { keepFromSharedCaches, revalidate } from '../../src/edge/headers.ts'
import { tagValidators, untagValidators } from '../../src/edge/validators.ts'

const INPUTS = Number((env as { FUZZ_INPUTS?: string }).FUZZ_INPUTS ?? 150)
const TIMEOUT_MS = 60_000 + INPUTS * 20
/** From here on a way to a real origin and back for each input would take hours. */
const IS_LONG = INPUTS > 10_000
/** Whoever never waits for anything lets nobody else work. */
const REST_EVERY = 1_000

const document = {
  origins: { old: { url: 'https://old.example.com' }, new: { url: 'https://new.example.com/base/' } },
  context: {
    targetingKey: [{ jwt: 'sub' }, { header: 'x-user-id' }, { cookie: 'uid' }],
    attributes: { plan: { jwt: 'plan' }, beta: { cookie: 'beta' } },
    jwt: { secretBinding: 'SIGNING_KEY' },
  },
  routes: [
    { path: '/shop/*', flag: 'shop', origins: { on: 'new', off: 'old' }, rescue: ['GET', 'POST'] },
    { path: '/users/:id/edit', origin: 'new' },
    { path: '/*', flag: 'page', origins: { on: 'new', off: 'old' } },
  ],
  flags: {
    shop: {
      variants: { on: true, off: false },
      off: 'off',
      rules: [
        { when: [{ attribute: 'device', op: 'in', values: ['mobile'] }], serve: 'on' },
        { when: [{ attribute: 'header.user-agent', op: 'matches', values: ['^(a+)+$'] }], serve: 'on' },
        { when: [{ attribute: 'header.x-version', op: 'semver_gte', values: ['1.2.3'] }], serve: 'on' },
        {
          when: [{ attribute: 'header.x-forwarded-for', op: 'in_cidr', values: ['10.0.0.0/8'] }],
          serve: 'on',
        },
        { when: [{ attribute: 'query.since', op: 'after', values: ['2026-01-01'] }], serve: 'on' },
        { when: [{ attribute: 'language', op: 'starts_with', values: ['ro'] }], serve: 'on' },
        { stages: [{ percentage: 50 }], serve: 'on' },
      ],
    },
    page: { variants: { on: true, off: false }, off: 'off', rules: [{ percentage: 50, serve: 'on' }] },
  },
}

const check = async <T>(arbitrary: fc.Arbitrary<T>, property: (input: T) => void | Promise<void>) => {
  let runs = 0
  await fc.assert(
    fc.asyncProperty(arbitrary, async (input) => {
      if (++runs % REST_EVERY === 0) await scheduler.wait(0)
      await property(input)
    }),
    { numRuns: INPUTS },
  )
}

/** The runtime still refuses what it would not send. */
const answerAtOnce: typeof fetch = async (input, init) => {
  new Request(input, init)
  return new Response('an origin', { headers: { etag: '"v1"', 'cache-control': 'public, max-age=60' } })
}
beforeAll(() => {
  if (IS_LONG) vi.stubGlobal('fetch', answerAtOnce)
})

/** Text that a header can hold: servers refuse control characters before the gate sees them. */
const fieldText = fc
  .oneof(
    fc.string({ unit: 'binary-ascii', maxLength: 60 }),
    fc
      .array(
        fc.constantFrom('"', ',', ';', '=', '|', '!', '%', 'W/', '~sluice.', ' ', '-', 'a', '0', '\\', '%zz'),
        { maxLength: 40 },
      )
      .map((parts) => parts.join('')),
    fc.constantFrom(
      'a'.repeat(1_200),
      '"'.repeat(1_200),
      ', '.repeat(600),
      'a=b; '.repeat(240),
      '%'.repeat(1_200),
    ),
  )
  .map((text) => text.replace(/[^ -~]/g, ' ').trim())
const json = fc.json({ maxDepth: 4 })
const base64 = (text: string) =>
  btoa(String.fromCharCode(...new TextEncoder().encode(text))).replaceAll('=', '')
const token = fc.oneof(
  fc.tuple(json, json, fc.string({ maxLength: 20 })).map((parts) => parts.map(base64).join('.')),
  fieldText,
)
const userAgent = fc.oneof(
  fieldText,
  fc
    .array(
      fc.constantFrom(
        'Mozilla/5.0',
        'Chrome/1',
        'Safari/',
        '(iPhone',
        'Mobile',
        'bot',
        'Android',
        ')',
        'a'.repeat(500),
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join(' ')),
)
const path = fc.oneof(
  fc.webPath(),
  fc.string({ unit: 'binary', maxLength: 60 }).map((text) => `/${text}`),
  fc.constantFrom(
    '//',
    '/%',
    '/%zz',
    '/..%2f',
    '/shop//',
    '/users/%2F/edit',
    `/${'a/'.repeat(2_000)}`,
    '/shop/?since=x&since',
  ),
)

const gates: Record<string, Gate> = {}
/** Asks a gate that decides by the document; every origin says the same. */
async function visit(url: string, init: RequestInit): Promise<Response> {
  gates.page ??= createGate({ bundled: document })
  const work: Promise<unknown>[] = []
  const context = {
    waitUntil: (promise: Promise<unknown>) => void work.push(promise.catch(() => {})),
    passThroughOnException() {},
  }
  const response = await gates.page.handle(
    new Request(url, init),
    env,
    context as unknown as ExecutionContext,
  )
  await response.arrayBuffer()
  return response
}
const answered = async (url: string, headers: Record<string, string>) =>
  expect((await visit(url, { headers })).status).toBe(200)

describe(`visitors with anything (${INPUTS} inputs each)`, () => {
  const shop = 'https://shop.example.com/shop/x'

  it(
    'in their cookies',
    async () => {
      const cookies = fc.array(
        fc.tuple(fc.constantFrom('sluice_id', 'sluice_pages', 'sluice_debug', 'uid', 'beta', ''), fieldText),
        { maxLength: 8 },
      )
      await check(cookies, (pairs) =>
        answered(shop, {
          cookie: pairs.map(([name, value]) => `${name}=${value}`).join('; '),
          'sec-fetch-site': 'same-origin',
          'sec-fetch-mode': 'cors',
        }),
      )
    },
    TIMEOUT_MS,
  )

  it(
    'in their headers',
    async () => {
      const name = fc.constantFrom(
        'accept',
        'referer',
        'sec-fetch-mode',
        'sec-fetch-site',
        'sec-fetch-dest',
        'connection',
        'if-none-match',
        'if-match',
        'if-range',
        'range',
        'x-forwarded-for',
        'x-version',
        'accept-language',
        'sluice-debug',
        'sluice-flags',
        'x-user-id',
        'cf-connecting-ip',
        'origin',
      )
      await check(fc.dictionary(name, fieldText, { maxKeys: 8 }), (headers) => answered(shop, headers))
    },
    TIMEOUT_MS,
  )

  it(
    'for a token',
    async () => {
      await check(token, (text) => answered(shop, { authorization: `Bearer ${text}`.slice(0, 9_000) }))
    },
    TIMEOUT_MS,
  )

  it(
    'for a user agent',
    async () => {
      await check(userAgent, (text) => answered(shop, { 'user-agent': text }))
    },
    TIMEOUT_MS,
  )

  it(
    'for a URL',
    async () => {
      await check(fc.tuple(path, fc.webQueryParameters()), async ([place, query]) => {
        const url = `https://shop.example.com${place}${place.includes('?') ? '' : `?${query}`}`
        if (URL.canParse(url)) await answered(url, {})
      })
    },
    TIMEOUT_MS,
  )
})

describe(`what is stored and sent (${INPUTS} inputs each)`, () => {
  it(
    'documents: any text and any change to a good one is taken, or refused with reasons',
    async () => {
      const anything = fc.oneof(
        fc.string({ unit: 'binary' }),
        json,
        fc.json({ maxDepth: 8 }),
        changed(example),
        changed(document),
      )
      await check(anything, (text) => {
        const parsed = parseDocument(text)
        if (parsed.ok) compileSnapshot(parsed.value)
        else expect(parsed.problems.length).toBeGreaterThan(0)
      })
    },
    TIMEOUT_MS,
  )

  it(
    'kill lists and control states',
    async () => {
      await check(
        fc.oneof(
          fc.string(),
          json,
          changed({ epoch: 3, killed: [], flags: { shop: { generation: 1, stage: 0 } } }),
        ),
        (text) => {
          parseKillList(text)
          parseControlState(text)
        },
      )
    },
    TIMEOUT_MS,
  )

  it(
    'caching headers and validators of origins',
    async () => {
      await check(
        fc.record({
          'cache-control': fieldText,
          etag: fieldText,
          'if-none-match': fieldText,
          'if-range': fieldText,
        }),
        (fields) => {
          const headers = new Headers(fields)
          keepFromSharedCaches(headers)
          revalidate(headers)
          tagValidators(headers, '1x9k2')
          untagValidators(headers, '1x9k2')
          expect(headers.get('cache-control')).toMatch(/private|no-store/i)
        },
      )
    },
    TIMEOUT_MS,
  )

  it(
    'flushes: counts of any size add up to counts',
    async () => {
      const cell = fc.record({
        requests: fc.nat(),
        latency: fc.dictionary(fc.nat(160).map(String), fc.nat()),
        errors: fc.dictionary(fc.constantFrom('status', 'timeout'), fc.nat()),
      })
      await check(fc.array(cell, { maxLength: 20 }), (cells) => {
        const table = new CellTable()
        const key = { flag: 'f', variant: 'on', arm: 'canary' as const, generation: 1, stage: 0 }
        for (const counts of cells)
          table.add([
            { ...emptyCell(key), ...counts, errors: { ...emptyCell(key).errors, ...counts.errors } },
          ])
        const sum = cells.reduce((total, { requests }) => total + requests, 0)
        expect(table.toList().reduce((total, each) => total + each.requests, 0)).toBe(sum)
      })
    },
    TIMEOUT_MS,
  )
})

/** The JSON of a value in which something, anywhere, is something else. */
function changed(value: unknown): fc.Arbitrary<string> {
  return fc.tuple(fc.nat(), fc.jsonValue({ maxDepth: 2 })).map(([seed, other]) => {
    let left = seed % Math.max(1, countNodes(value))
    return JSON.stringify(value, (_key, part) => (left-- === 0 ? other : part))
  })
}

function countNodes(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1
  return 1 + Object.values(value).reduce((sum: number, part) => sum + countNodes(part), 0)
}
