/** What a document is compiled to: each part by what it is there for, and by what stands for what is left out. */
import { describe, expect, it } from 'vitest'
import { compileOrigins } from '../../../../src/core/config/compile/route-target.ts'
import { compileSnapshot, findTarget } from '../../../../src/core/config/compile/snapshot.ts'
import {
  type ControlState,
  compileControl,
  INITIAL_CONTROL_STATE,
  INITIAL_FLAG_CONTROL,
  parseControlState,
} from '../../../../src/core/config/control.ts'
import { namedSecrets } from '../../../../src/core/config/named-secrets.ts'
import { parseDocumentValue } from '../../../../src/core/config/parse/parse.ts'
import { BASE, type Changes, changed, F, RULE } from '../keys/case.ts'

function documentWith(changes: Changes = {}) {
  const parsed = parseDocumentValue(changed(BASE, changes))
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.value
}
const snapshotOf = (changes: Changes = {}) => compileSnapshot(documentWith(changes))
const flagOf = (changes: Changes) => snapshotOf(changes).flags.get('f')

describe('the identity of visitors', () => {
  const identity = (context: object) => snapshotOf({ context }).identity

  it('is nothing where a document says nothing of it', () => {
    const { identity: none, cookies, trustedProxies } = snapshotOf()
    expect(none).toEqual({ targetingKey: [], keepsFirst: false, attributes: new Map(), jwt: undefined })
    expect([cookies, trustedProxies]).toEqual([{ domain: undefined, areGiven: true }, 0])
  })

  it('has sources in their order, of which header names alone ignore case', () => {
    const { targetingKey, keepsFirst, attributes } = identity({
      targetingKey: [{ header: 'X-User' }, { cookie: 'User' }, { query: 'User' }],
      keepFirst: true,
      attributes: { Plan: { header: 'X-Plan' }, region: [{ cookie: 'R' }, { query: 'R' }] },
    })
    expect([targetingKey, keepsFirst]).toEqual([
      [
        { kind: 'header', name: 'x-user' },
        { kind: 'cookie', name: 'User' },
        { kind: 'query', name: 'User' },
      ],
      true,
    ])
    expect([...attributes]).toEqual([
      ['Plan', [{ kind: 'header', name: 'x-plan' }]],
      [
        'region',
        [
          { kind: 'cookie', name: 'R' },
          { kind: 'query', name: 'R' },
        ],
      ],
    ])
  })

  const AUTHORIZATION = [{ kind: 'header', name: 'authorization' }]
  const KEYS = [{ kty: 'RSA', n: 'AQAB', e: 'AQAB' }]
  it.each<[string, object, object]>([
    [
      'a secret',
      { secretBinding: 'KEY' },
      { keys: { kind: 'binding', binding: 'KEY' }, algorithms: ['HS256'] },
    ],
    [
      'a URL',
      { jwks: 'https://a.test/keys' },
      { keys: { kind: 'url', url: 'https://a.test/keys' }, algorithms: ['RS256', 'ES256'] },
    ],
    [
      'keys',
      { jwks: { keys: KEYS } },
      { keys: { kind: 'inline', keys: KEYS }, algorithms: ['RS256', 'ES256'] },
    ],
    ['algorithms', { jwks: 'https://a.test/keys', algorithms: ['ES256'] }, { algorithms: ['ES256'] }],
    ['no source', { secretBinding: 'KEY' }, { from: AUTHORIZATION, clockToleranceSeconds: 5 }],
    [
      'a source and claims',
      {
        secretBinding: 'KEY',
        from: { cookie: 'T' },
        issuer: 'me',
        audience: ['a', 'b'],
        clockToleranceSeconds: 9,
      },
      { from: [{ kind: 'cookie', name: 'T' }], issuer: 'me', audience: ['a', 'b'], clockToleranceSeconds: 9 },
    ],
  ])('is proven by a token with %s', (_, jwt, expected) => {
    expect(identity({ jwt }).jwt).toMatchObject(expected)
  })

  it.each<[object | undefined, boolean]>([
    [undefined, false],
    [{ secretBinding: 'KEY' }, true],
    [{ secretBinding: 'KEY', from: { header: 'Authorization' } }, true],
    [{ secretBinding: 'KEY', from: { header: 'X-Token' } }, false],
    [{ secretBinding: 'KEY', from: [{ cookie: 'authorization' }, { header: 'x-token' }] }, false],
    [{ secretBinding: 'KEY', from: [{ cookie: 'T' }, { header: 'AUTHORIZATION' }] }, true],
  ])('takes the header of flag queries by %j: %s', (jwt, sends) => {
    const settings = snapshotOf({
      ...(jwt && { 'context.jwt': jwt }),
      'context.trustedProxies': 2,
    }).flagQueries
    expect(settings).toMatchObject({
      visitorsSendBearer: sends,
      trustedProxies: 2,
      allowedOrigins: undefined,
    })
  })

  it('lets pages of some origins ask', () => {
    const { allowedOrigins } = snapshotOf({ 'flagQueries.allowedOrigins': ['https://a.test'] }).flagQueries
    expect([...(allowedOrigins ?? [])]).toEqual(['https://a.test'])
  })
})

describe('browsers are asked for their model', () => {
  const asks = (attribute: string, context: object = {}) =>
    snapshotOf({ [`${RULE}.when`]: [{ attribute, op: 'exists' }], context }).clientHints
  it('where a rule asks for it, and the document does not say where it is', () => {
    expect(snapshotOf().clientHints).toBeUndefined()
    expect(asks('country')).toBeUndefined()
    expect(asks('model')).toBe('Sec-CH-UA-Model')
    expect(asks('header.Sec-CH-UA-Model')).toBe('Sec-CH-UA-Model')
    expect(asks('model', { attributes: { model: { header: 'x-model' } } })).toBeUndefined()
    expect(asks('model', { attributes: { country: { header: 'x-model' } } })).toBe('Sec-CH-UA-Model')
  })
})

describe('the flags of a page', () => {
  it('are named, or all, on the pages that are', () => {
    expect(snapshotOf().bootstrap).toBeUndefined()
    const all = snapshotOf({ bootstrap: { paths: ['/a/*', '/b'] } }).bootstrap
    expect([all?.flags, all?.covers('/a/x'), all?.covers('/b'), all?.covers('/c')]).toEqual([
      undefined,
      true,
      true,
      false,
    ])
    expect([...(snapshotOf({ 'bootstrap.flags': ['g'] }).bootstrap?.flags ?? [])]).toEqual(['g'])
  })
})

describe('an origin', () => {
  it.each<[string, object, object | undefined]>([
    ['nothing', {}, undefined],
    [
      'a header',
      { headers: { 'x-a': 'b' } },
      { binding: undefined, hasVisitorsHost: false, headers: [['x-a', 'b']] },
    ],
    ['its host', { host: 'preserve' }, { binding: undefined, hasVisitorsHost: true, headers: [] }],
    ['a binding', { binding: 'SHOP' }, { binding: 'SHOP', hasVisitorsHost: false, headers: [] }],
  ])('is asked plainly, or with what it needs: %s', (_, parts, access) => {
    const changes = { 'origins.old': { url: 'https://old.test', ...parts } }
    expect(compileOrigins(documentWith(changes)).get('old')?.access).toEqual(access)
  })

  it('that only a binding reaches has the host of the visitor, and a URL that exists nowhere else', () => {
    const old = compileOrigins(documentWith({ 'origins.old': { binding: 'SHOP' } })).get('old')
    expect(old).toMatchObject({
      url: 'https://shop.binding.invalid',
      access: { binding: 'SHOP', hasVisitorsHost: true, headers: [] },
    })
  })

  it.each<[unknown, boolean, boolean]>([
    [undefined, true, true],
    [true, true, true],
    ['answers', true, false],
    [false, false, false],
  ])('with rewrite %s has names in answers rewritten: %s, in requests: %s', (rewrite, answers, requests) => {
    const old = compileOrigins(documentWith({ 'origins.old.rewrite': rewrite })).get('old')
    expect(old).toMatchObject({ rewrites: answers, rewritesRequests: requests, timeoutMs: 125_000 })
  })
})

describe('a route', () => {
  const to = (routes: object[], place: { host?: string; path: string; method?: string }) => {
    const target = findTarget(snapshotOf({ routes }), { host: 'a.test', method: 'GET', ...place })
    return target.kind === 'origin' ? target.origin.name : target.flag.key
  }

  it('takes its hosts, paths and methods, and no others', () => {
    const routes = [
      { path: '/a', host: 'b.test', origin: 'new' },
      { path: '/a', method: ['put', 'POST'], origin: 'new' },
      { path: '/c', origin: 'new' },
      { path: '/*', origin: 'old' },
    ]
    expect([
      to(routes, { path: '/a', host: 'b.test' }),
      to(routes, { path: '/a', host: 'c.test' }),
      to(routes, { path: '/a', method: 'PUT' }),
      to(routes, { path: '/a', method: 'POST' }),
      to(routes, { path: '/a', method: 'DELETE' }),
      to(routes, { path: '/b', host: 'b.test' }),
      to(routes, { path: '/c' }),
    ]).toEqual(['new', 'old', 'new', 'new', 'old', 'old', 'new'])
  })

  it.each([15, 16])('is found among %i, by an index from 16 on', (count) => {
    const routes = Array.from({ length: count }, (_, at) => ({
      path: `/${at}/*`,
      origin: at % 2 ? 'new' : 'old',
    }))
    expect(snapshotOf({ routes }).routeIndex === undefined).toBe(count < 16)
    for (const at of [0, 1, 7, count - 1])
      expect(to(routes, { path: `/${at}/x` })).toBe(at % 2 ? 'new' : 'old')
  })

  it('without a match leads to the off origin of the last catch-all, or of the last route', () => {
    const split = { flag: 'f', origins: { on: 'new', off: 'old', b: 'new' } }
    expect(
      to(
        [
          { path: '/*', ...split },
          { path: '/b', origin: 'new' },
        ].toReversed(),
        { path: '/c' },
      ),
    ).toBe('f')
    const { fallback } = snapshotOf({
      routes: [
        { path: '/a', origin: 'new' },
        { path: '/b', ...split },
      ],
    })
    expect(fallback.name).toBe('old')
  })

  it('is shadowed by its own rules, by those for all, or not', () => {
    const shadowed = (shadow?: unknown, stages: object[] = [{ shadow: 10 }, { percentage: 5 }]) => {
      const route = {
        path: '/*',
        flag: 'f',
        origins: { on: 'new', off: 'old', b: 'old' },
        ...(shadow !== undefined && { shadow }),
      }
      const { routes } = snapshotOf({ routes: [route], [`${RULE}.stages`]: stages, [`${F}.guard`]: {} })
      const target = routes[0]?.target
      return target?.kind === 'flag' ? target.shadow : undefined
    }
    const usual = {
      methods: new Set(['GET', 'HEAD']),
      credentials: false,
      maxRps: 2,
      samples: 'redacted',
      keys: {},
      ignored: new Set(),
    }
    expect(shadowed()).toEqual(usual)
    expect(shadowed({})).toEqual(usual)
    expect(shadowed(false)).toBeUndefined()
    expect(
      shadowed({
        methods: ['POST'],
        credentials: true,
        maxRps: 9,
        samples: 'none',
        keys: { a: 'b' },
        ignore: ['c'],
      }),
    ).toEqual({
      methods: new Set(['POST']),
      credentials: true,
      maxRps: 9,
      samples: 'none',
      keys: { a: 'b' },
      ignored: new Set(['c']),
    })
    expect(shadowed(undefined, [{ percentage: 5 }])).toBeUndefined()
    expect(shadowed({}, [{ percentage: 5 }])).toBeUndefined()
  })
})

describe('a flag', () => {
  const stages = (...all: object[]) => ({ [`${RULE}.stages`]: all, [`${F}.guard`]: { errors: {} } })

  it('has the stages, shares and holdback of its rules', () => {
    const rule = (changes: Changes) => flagOf(changes)?.rules[0]
    expect(rule({})).toMatchObject({ name: 'rule 1', thousandths: undefined, stages: undefined, holdback: 0 })
    expect(rule({ [`${RULE}.percentage`]: 0.5 })).toMatchObject({ thousandths: 500, holdback: 0 })
    expect(rule(stages({ shadow: 7 }, { percentage: 5 }))).toMatchObject({
      stages: [
        { percentage: 0, shadow: 7, thousandths: 0 },
        { percentage: 5, shadow: 0, thousandths: 5_000 },
      ],
      holdback: 1_000,
    })
    expect(rule({ ...stages({ percentage: 5 }), [`${F}.rollout.holdbackPercent`]: 2 })?.holdback).toBe(2_000)
    expect(rule({ ...stages({ percentage: 5 }), [`${F}.rollout.holdbackPercent`]: 0 })?.holdback).toBe(0)
    expect(rule({ ...stages({ percentage: 5 }), [`${F}.guard`]: undefined })?.holdback).toBe(0)
  })

  it('names the rule that a rollout moves, which alone has a split', () => {
    const named = (rules: object[], guard?: object) => {
      const flag = flagOf({ [`${F}.rules`]: rules, ...(guard && { [`${F}.guard`]: guard }) })
      return [flag?.rolloutRule, flag?.rules.map(({ split }) => split !== undefined), flag?.shadows]
    }
    const [plain, partial] = [{ serve: 'on' }, { serve: 'on', percentage: 5 }]
    const staged = { serve: 'on', stages: [{ percentage: 5 }] }
    expect(named([plain])).toEqual([-1, [true], false])
    expect(named([plain], {})).toEqual([0, [true], false])
    expect(named([plain, partial, plain])).toEqual([1, [false, true, false], false])
    expect(named([partial, staged])).toEqual([1, [false, true], false])
    const shadowed = { serve: 'on', stages: [{ shadow: 5 }, { percentage: 5 }] }
    expect(named([plain, shadowed], {})).toEqual([1, [false, true], true])
    const split = flagOf({ [`${F}.rules`]: [partial] })?.rules[0]?.split
    expect(split?.()).toMatch(/^\d+-\d+$/)
    expect(split?.()).toBe(split?.())
  })

  it('has weights that add up, hashed apart from a share that was asked before', () => {
    const weights = (rules: object[]) =>
      flagOf({ [`${F}.rules`]: rules })?.rules.map(({ serve }) =>
        serve.kind === 'weights' ? [serve.variants, serve.cumulative, serve.salt.text] : serve.variant,
      )
    const split = { serve: { on: 25, off: 75 } }
    expect(weights([split])).toEqual([[['on', 'off'], [25, 100], 'f']])
    expect(weights([{ ...split, percentage: 5 }, split, { serve: 'on' }])).toEqual([
      [['on', 'off'], [25, 100], 'f:variant'],
      [['on', 'off'], [25, 100], 'f:variant'],
      'on',
    ])
    expect(weights([split, { serve: 'on', percentage: 5 }])).toEqual([[['on', 'off'], [25, 100], 'f'], 'on'])
  })

  it('buckets as another system does, with what stands for what is left out', () => {
    const bucketing = (given: object, serve: unknown = { on: 50, off: 50 }) =>
      flagOf({ [`${RULE}.bucketing`]: given, [`${RULE}.serve`]: serve })?.rules[0]?.bucketing
    const unleash = { scheme: 'unleash', group: 'g', stickiness: ['a'] }
    expect(bucketing(unleash)).toEqual({
      ...unleash,
      variantGroup: 'g',
      variantStickiness: ['a'],
      overrides: [],
    })
    const own = { variantGroup: 'h', variantStickiness: ['b'] }
    const overrides = [{ attribute: 'header.X-A', values: ['1'], serve: 'on' }]
    expect(bucketing({ ...unleash, ...own, overrides })).toEqual({
      ...unleash,
      ...own,
      overrides: [{ attribute: 'header.x-a', values: new Set(['1']), variant: 'on' }],
    })
    const flagd = { scheme: 'flagd', hash: [{ text: 'x' }] }
    expect(bucketing(flagd)).toEqual(flagd)
  })

  it('has times, waits and watched answers', () => {
    expect(flagOf({})).toMatchObject({
      startMs: Number.NEGATIVE_INFINITY,
      endMs: Number.POSITIVE_INFINITY,
      stepBackMs: 0,
      watched: undefined,
      environments: undefined,
      isPrivate: false,
    })
    const flag = flagOf({
      ...stages(
        { percentage: 5, require: { paths: [{ path: '/a/*' }, { path: '/b', statuses: [404] }] } },
        { percentage: 9, require: { paths: [{ path: '/a/*' }] } },
      ),
      [`${F}.schedule`]: { start: '2026-01-01', end: '2026-01-02' },
      [`${F}.rollout.stepBack`]: '90s',
      [`${F}.environments`]: ['production'],
      [`${F}.requires`]: ['g'],
    })
    expect([flag?.startMs, flag?.endMs, flag?.stepBackMs]).toEqual([
      1_767_225_600_000, 1_767_312_000_000, 90_000,
    ])
    expect(flag?.watched?.map(({ id, matches }) => [id, matches('/a/x'), matches('/b')])).toEqual([
      ['5xx on /a/*', true, false],
      ['404 on /b', false, true],
    ])
    expect(flag?.requires).toEqual([{ flag: 'g', on: true, variants: undefined }])
    const [required] = flagOf({ [`${F}.requires`]: [{ flag: 'g', variants: ['on'] }] })?.requires ?? []
    expect(required).toEqual({ flag: 'g', on: true, variants: new Set(['on']) })
  })
})

it('names the secrets of tokens, webhooks and headers, each once, in order', () => {
  expect(namedSecrets(documentWith())).toEqual([])
  const named = namedSecrets(
    documentWith({
      'context.jwt.secretBinding': 'TOKEN_KEY',
      'notifications.webhooks': [
        { url: 'https://a.test' },
        { url: 'https://b.test', secretBinding: 'HOOK_KEY' },
      ],
      'origins.old.headers': {
        'x-a': 'plain',
        'x-b': { secret: 'ORIGIN_KEY' },
        'x-c': { secret: 'HOOK_KEY' },
      },
    }),
  )
  expect(named).toEqual(['HOOK_KEY', 'ORIGIN_KEY', 'TOKEN_KEY'])
})

describe('the control state', () => {
  const state = (parts: Partial<ControlState>) => compileControl({ ...INITIAL_CONTROL_STATE, ...parts }, [])

  it('isolates and severs what it names, or all', () => {
    const { isIsolated, isSevered } = state({ isolated: ['f'], severed: ['*'] })
    expect([isIsolated('f'), isIsolated('g'), isSevered('f'), isSevered('g')]).toEqual([
      true,
      false,
      true,
      true,
    ])
    const none = state({})
    expect([none.isIsolated('f'), none.isSevered('f')]).toEqual([false, false])
  })

  it('has no split for a flag that it has not seen, once it names splits', () => {
    expect(state({ namesSplits: true }).of('f')).toEqual({ generation: 1, stage: 0, split: '' })
    expect(state({ namesSplits: false }).of('f')).toEqual(INITIAL_FLAG_CONTROL)
    expect(state({}).of('f')).toEqual(INITIAL_FLAG_CONTROL)
  })

  it('keeps the places of ids from before they were signed for 90 days', () => {
    expect(state({ idsSignedSinceMs: 1_000 }).legacyIdsUntilMs).toBe(7_776_001_000)
    expect(state({}).legacyIdsUntilMs).toBe(Number.POSITIVE_INFINITY)
  })

  it.each<[string, string, unknown]>([
    ['what is no JSON', '{', ['$', '"{"', 'valid JSON']],
    ['a negative epoch', '{"epoch":-1,"killed":[],"flags":{}}', ['$.epoch', '-1']],
    ['no list of killed flags', '{"epoch":1,"flags":{}}', ['$.killed', 'nothing', '"killed"']],
    [
      'a generation of 0',
      '{"epoch":1,"killed":[],"flags":{"f":{"generation":0,"stage":0}}}',
      ['$.flags.f.generation', '0'],
    ],
  ])('refuses %s', (_, text, told) => {
    const parsed = parseControlState(text)
    const [first] = parsed.ok ? [] : parsed.problems
    expect([first?.path, first?.found, first?.expected].slice(0, (told as string[]).length)).toEqual(told)
  })
})
