/** Each bound of the document: values on both sides of it, and what is told of those beyond; and what stands for what is left out. */
import { describe, expect, it } from 'vitest'
import { parseDocumentValue } from '../../../../src/core/config/parse/parse.ts'
import { BASE, type Changes, changed, F, RULE } from '../keys/case.ts'

/** A rollout with a guard, by stages. */
const STAGES: Changes = { [`${RULE}.stages`]: [{ percentage: 10 }, { percentage: 50 }], [`${F}.guard`]: {} }
const STAGE = `${RULE}.stages.0`
const GUARD = `${F}.guard`
const WEBHOOK = 'notifications.webhooks.0'
const METRIC: Changes = { metrics: { buys: { better: 'lower' } }, [`${RULE}.percentage`]: 50 }
const COUNTED: Changes = { ...METRIC, metrics: { buys: { request: { path: '/a' } } } }
const UNLEASH: Changes = {
  [`${RULE}.bucketing`]: { scheme: 'unleash', group: 'g', stickiness: ['a'] },
  [`${RULE}.percentage`]: 50,
}
const list = (length: number, make: (index: number) => unknown) => Array.from({ length }, (_, at) => make(at))
const named = (length: number, value: unknown) =>
  Object.fromEntries(list(length, (at) => [`m${at}`, value]) as [string, unknown][])

type Bound = [path: string, given: Changes, accepted: unknown[], refused: unknown[], expected: string]

const ERRORS: Changes = { ...STAGES, [`${GUARD}.errors`]: {} }
const LATENCY: Changes = { ...STAGES, [`${GUARD}.latency`]: {} }
const CLIENT_ERRORS: Changes = { ...STAGES, [`${GUARD}.clientErrors`]: {} }
const ADVANCE: Changes = { ...ERRORS, [`${GUARD}.advance`]: {} }
const JWT: Changes = { 'context.jwt': { secretBinding: 'KEY' } }

const NUMBERS: Bound[] = [
  ...['errors', 'latency', 'clientErrors'].map(
    (test): Bound => [
      `${GUARD}.${test}.rho`,
      { ...STAGES, [`${GUARD}.${test}`]: {} },
      [1, 1.5, 100],
      [0.9, 100.1],
      'a ratio from 1 to 100',
    ],
  ),
  [`${GUARD}.advance.rho`, ADVANCE, [1, 100], [0, 101], 'a ratio from 1 to 100'],
  [`${GUARD}.errors.delta`, ERRORS, [0, 0.5, 1], [-0.1, 1.1], 'a share from 0 to 1'],
  [`${GUARD}.errors.minBuckets`, ERRORS, [1, 100], [0, 1.5, 101], 'a whole number from 1 to 100'],
  [`${GUARD}.errors.statuses`, ERRORS, [['4xx'], ['5xx', 400, 599]], [[]], 'at least one status'],
  [`${GUARD}.grpc.statuses`, { ...ERRORS, [`${GUARD}.grpc`]: {} }, [[1, 16]], [[]], 'at least one status'],
  [`${GUARD}.latency.marginBuckets`, LATENCY, [0, 80], [-1, 0.5, 81], 'a whole number from 0 to 80'],
  [`${GUARD}.latency.deadlineMs`, LATENCY, [0.1], [0], 'a number of milliseconds above 0'],
  [`${GUARD}.latency.minSlow`, LATENCY, [1], [0], 'a whole number of at least 1'],
  [`${GUARD}.latency.minSlow`, LATENCY, [], [1.5], 'a whole number'],
  [`${GUARD}.latency.quantiles`, LATENCY, [[0.5, 0.9, 0.95, 0.99], [0.99]], [[]], 'at least one quantile'],
  [`${GUARD}.latency.quantiles`, LATENCY, [], [[0.5, 0.5]], 'each quantile once'],
  [
    `${GUARD}.latency.warmUp`,
    LATENCY,
    ['0s', '1h30m'],
    ['1', 'x'],
    'a duration such as "30s", "10m" or "1h30m"',
  ],
  [
    `${GUARD}.clientErrors.action`,
    CLIENT_ERRORS,
    ['rollback', 'freeze'],
    ['signal'],
    'one of "rollback", "freeze"',
  ],
  [`${GUARD}.advance.beta`, ADVANCE, [1e-9, 0.5], [0, 9e-10, 0.51], 'a probability up to 0.5'],
  [`${GUARD}.advance.marginBuckets`, ADVANCE, [0, 80], [-1, 81, 0.5], 'a whole number from 0 to 80'],
  [`${GUARD}.alpha`, ERRORS, [1e-9, 0.5], [0, 9e-10, 0.51], 'a probability up to 0.5'],
  [`${GUARD}.action`, ERRORS, ['rollback', 'freeze'], ['signal'], 'one of "rollback", "freeze"'],
  [`${GUARD}.ceilings.errorRate`, STAGES, [1e-6, 1], [0, 9e-7, 1.1], 'a rate above 0, at most 1'],
  [`${GUARD}.ceilings.p95Ms`, STAGES, [1], [0.9], 'at least 1 millisecond'],
  [`${GUARD}.ceilings.minRequests`, STAGES, [1], [0], 'a whole number of at least 1'],
  [`${GUARD}.thresholds.errors`, STAGES, [0], [0.5], 'a whole number'],
  [`${GUARD}.thresholds.errors`, STAGES, [], [-1], 'a whole number of at least 0'],
  [
    `${GUARD}.thresholds.slow.count`,
    { ...STAGES, [`${GUARD}.thresholds.slow`]: { baselineMs: 1 } },
    [0, 7],
    [-1],
    'a whole number of at least 0',
  ],
  [`${GUARD}.traffic.maxDropPercent`, STAGES, [1, 99], [0.9, 99.1], 'a percentage from 1 to 99'],
  [`${STAGE}.percentage`, STAGES, [0, 0.001, 10], [-1], 'a percentage from 0 to 100'],
  [`${RULE}.stages.1.percentage`, STAGES, [100], [100.001], 'a percentage from 0 to 100'],
  [`${STAGE}.percentage`, STAGES, [9.999], [9.9999], 'a percentage with at most three decimals'],
  [
    `${RULE}.stages`,
    { ...STAGES, routes: [{ path: '/*', flag: 'f', origins: { on: 'new', off: 'old', b: 'old' } }] },
    [
      [{ shadow: 0.1 }, { percentage: 5 }],
      [{ shadow: 100 }, { percentage: 5 }],
    ],
    [],
    '',
  ],
  [`${STAGE}.shadow`, { [`${RULE}.stages`]: [{}, { percentage: 5 }] }, [], [0], 'a percentage above 0'],
  [
    `${STAGE}.shadow`,
    { [`${RULE}.stages`]: [{}, { percentage: 5 }] },
    [],
    [100.1],
    'a percentage of at most 100',
  ],
  [`${STAGE}.advance`, STAGES, ['auto', 'manual'], ['never'], 'one of "auto", "manual"'],
  [`${STAGE}.require.minVisitors`, STAGES, [1], [0], 'a whole number of at least 1'],
  [`${STAGE}.require.maxErrorRate`, STAGES, [0, 1], [1.1], 'a share from 0 to 1'],
  [`${STAGE}.require.maxP95Ms`, STAGES, [0.1], [0], 'a number of milliseconds above 0'],
  [
    `${STAGE}.require.paths`,
    STAGES,
    [list(20, (at) => ({ path: `/${at}` }))],
    [list(21, (at) => ({ path: `/${at}` }))],
    'at most 20 paths',
  ],
  [`${STAGE}.require.paths`, STAGES, [[{ path: '/a' }]], [[]], 'at least one path'],
  [
    `${STAGE}.require.paths.0.max`,
    { ...STAGES, [`${STAGE}.require.paths`]: [{ path: '/a' }] },
    [0, 3],
    [-1, 0.5],
    'a whole number from 0 on',
  ],
  [`${F}.rollout.holdbackPercent`, STAGES, [0, 100], [100.1], 'a percentage from 0 to 100'],
  [`${F}.rollout.stepBack`, STAGES, ['0s', '10m'], ['601s', '11m'], 'a duration of at most 10 minutes'],
  [
    `${F}.rollout.timezone`,
    STAGES,
    ['UTC', 'Europe/Bucharest'],
    ['Mars/Base'],
    'the IANA name of a timezone, such as "Europe/Bucharest"',
  ],
  [
    `${F}.rollout.windows.0.from`,
    { ...STAGES, [`${F}.rollout.windows`]: [{ to: '12:34' }] },
    ['00:00', '09:59', '19:30', '23:59'],
    ['24:00', '9:00', '12:60', '12:000', 'x12:00'],
    'a time of day such as "09:00"',
  ],
  [
    `${F}.rollout.windows.0.days`,
    { ...STAGES, [`${F}.rollout.windows`]: [{ from: '01:00', to: '12:34' }] },
    [['sun']],
    [[]],
    'at least one day',
  ],
  [`${F}.variants`, {}, [{ on: 1, off: 2, b: 3 }], [], ''],
  [`flags.g.variants`, {}, [], [{}], 'at least one variant'],
  [`${F}.requires`, {}, [[{ flag: 'g', variants: ['on'] }]], [], ''],
  [
    `${F}.schedule.start`,
    {},
    ['2026-12-01', '2026-12-01T00:00:00Z'],
    ['soon'],
    'a date such as "2026-12-01" or "2026-12-01T00:00:00Z"',
  ],
  [`${RULE}.bucketing.stickiness`, UNLEASH, [['a']], [[]], 'at least one attribute'],
  [`${RULE}.bucketing`, {}, [{ scheme: 'flagd', hash: [{ text: 'x' }] }], [], ''],
  ['publishing.confirmAbovePercent', {}, [0, 100], [100.1], 'a percentage from 0 to 100'],
  ['governance.required', {}, [[]], [], ''],
  ['errorPage.html', {}, ['x'.repeat(65_536)], ['x'.repeat(65_537)], 'a page of at most 65536 characters'],
  ['errorPage.html', {}, ['x'], [''], 'a non-empty string'],
  ['errorPage.retryAfterSeconds', { 'errorPage.html': 'x' }, [1], [0], 'a whole number of at least 1'],
  ['flagQueries.requestsPerMinute', {}, [1], [0], 'a whole number of at least 1'],
  [
    'flagQueries.allowedOrigins.0',
    {},
    ['https://a.test', 'http://a.test:80'],
    ['https://a.test/', 'a.test', 'https://u@a.test', 'https://a.test?x'],
    'an origin such as "https://app.example.com", without a path',
  ],
  ['bootstrap.paths', {}, [['/*']], [[]], 'at least one path'],
  ['origins.old.timeoutMs', {}, [1, 600_000], [0.9], 'a timeout of at least 1 ms'],
  ['routes.0.timeoutMs', {}, [1, 600_000], [600_001], 'a timeout of at most 600000 ms'],
  ['origins.old.host', {}, ['origin', 'preserve'], ['other'], 'one of "origin", "preserve"'],
  ['origins.old.headers', {}, [{ 'x-a': '\t ~' }, { ['x'.repeat(100)]: '' }], [], ''],
  [
    'origins.old.url',
    {},
    [
      'http://a.test:65535',
      'https://a.test/a',
      'http://[::1]',
      'http://1.2.3.4',
      'http://127.1.',
      'http://a.1b',
    ],
    [
      'http://a.test:65536',
      'http://[::1%a]',
      'http://[x]',
      'http://a%b',
      'http://1.2.3.4.5',
      'http://a.1',
      'http://1.2.3.256',
    ],
    'a URL with a valid host and port',
  ],
  [
    'origins.old.url',
    {},
    ['http://a.test/?'.slice(0, -1)],
    [
      'ftp://a.test',
      'http://a.test?x',
      'http://u@a.test',
      'http://a.test#x',
      'http://a.test/a b',
      'xhttp://a.test',
    ],
    'an http:// or https:// URL without query, fragment or user',
  ],
  ['routes.0.shadow.maxRps', {}, [0.1, 1_000], [0], 'a rate above 0'],
  ['routes.0.shadow.maxRps', {}, [], [1_001], 'a rate of at most 1000'],
  ['routes.0.shadow.methods', {}, [['GET', 'HEAD', 'OPTIONS', 'POST']], [[]], 'at least one method'],
  ['routes.0.method', {}, ['get', ['GET', 'PUT']], [], ''],
  [
    'routes.0.path',
    {},
    ['/a.b/..c', '/...', '/%2ea'],
    ['/a/..', '/./a', '/a/%2E%2e/b', '/a\\..'],
    'a path without the segments "." and "..", which no URL keeps',
  ],
  [
    'routes.0.path',
    {},
    [],
    ['a', '/a b', '/a?b', '/a#b'],
    'a path that begins with "/", such as "/checkout/*"',
  ],
  ['routes.0.host', {}, ['a.test', '*.a.test', '[::1]:80', ['a', 'b']], [], ''],
  ['context.trustedProxies', {}, [0, 10], [-1, 0.5, 11], 'a whole number from 0 to 10'],
  [
    'context.cookieDomain',
    {},
    ['a.test', 'a-b.c1.test', '1.a'],
    ['test', 'A.test', '.a.test', 'a..test', '-a.test', 'a-.test'],
    'a domain in lower case, such as "example.com"',
  ],
  ['context.cookieDomain', {}, [], ['1.2.3.4'], 'a domain: an address has no subdomains'],
  ['context.jwt.clockToleranceSeconds', JWT, [0, 600], [-1], 'a number of seconds from 0 to 600'],
  ['context.jwt.clockToleranceSeconds', JWT, [], [601], 'a number of seconds from 0 to 600'],
  ['context.jwt.algorithms', JWT, [['HS256']], [[]], 'at least one algorithm'],
  [
    'context.targetingKey',
    {},
    [{ header: 'x-a' }, [{ cookie: 'a' }, { query: 'b' }]],
    [{}, { header: 'x-a', cookie: 'a' }],
    'exactly one of header, cookie, query, jwt',
  ],
  [
    'context.jwt.from',
    JWT,
    [{ header: 'x-a' }, { cookie: 'a' }],
    [{}, { header: 'x-a', cookie: 'a' }],
    'exactly one of header, cookie',
  ],
  [
    'context.jwt.secretBinding',
    { 'context.jwt': {} },
    ['KEY', '_k1', 'K'.repeat(100)],
    ['1K', 'K-K', 'K'.repeat(101), ''],
    'the name of a secret, such as TOKEN_KEY: letters, digits and _',
  ],
  [
    'context.jwt.secretBinding',
    { 'context.jwt': {} },
    [],
    ['constructor', 'toString'],
    'the name of a secret that the Worker can have, such as TOKEN_KEY',
  ],
  [
    'context.jwt.secretBinding',
    { 'context.jwt': {} },
    ['ADMIN'],
    [
      'ADMIN_TOKEN',
      'SIGNING_KEY',
      'SIGNING_KEY_PREVIOUS',
      'ADMIN_HOST',
      'ENVIRONMENT',
      'COUNTING',
      'JURISDICTION',
      'LOCATION_HINT',
      'SPAN_ATTRIBUTES',
      'KV_UNCACHED',
      'ACCESS_TEAM_DOMAIN',
      'ACCESS_AUDIENCE',
      'ACCESS_ADMINS',
      'ACCESS_OPERATORS',
      'GATE',
      'CONTROLLER',
      'COUNTERS',
      'ASSETS',
    ],
    "the name of a secret that is not one of the gate's own",
  ],
  [
    `${WEBHOOK}.url`,
    { notifications: { webhooks: [{}] } },
    ['http://a.test/?x'],
    ['ftp://a', 'http://u@a', 'http://a#b', 'http://a b'],
    'an http:// or https:// URL',
  ],
  [
    `${WEBHOOK}.events`,
    { notifications: { webhooks: [{ url: 'http://a.test' }] } },
    [['kill']],
    [[]],
    'at least one',
  ],
  ['notifications.expiryDays', {}, [[1], []], [], ''],
  ['notifications.expiryDays.0', {}, [1], [0], 'a whole number of at least 1'],
  ['metrics', {}, [named(20, {})], [named(21, {})], 'at most 20 metrics'],
  ['metrics.buys.cap', { metrics: { buys: { type: 'sum' } } }, [0.1], [0], 'a number above 0'],
  [
    'metrics.buys.window',
    { metrics: { buys: {} } },
    ['1s', '7d'],
    ['0s'],
    'a duration above 0, such as "7d"',
  ],
  ['metrics.buys.request.status', COUNTED, [200, 599, '2xx', '3xx', '4xx', '5xx'], [], ''],
  [`${GUARD}.metrics.buys.maxRisePercent`, METRIC, [0.1, 1_000], [0, 1_001], 'a percentage from 0.1 to 1000'],
  [
    `${GUARD}.metrics.buys.maxDropPercent`,
    { ...METRIC, 'metrics.buys': {} },
    [0.1, 99],
    [0, 100],
    'a percentage from 0.1 to 99',
  ],
  [
    `${GUARD}.metrics.buys.action`,
    { ...METRIC, [`${GUARD}.metrics.buys`]: { maxRisePercent: 5 } },
    ['rollback', 'freeze', 'signal'],
    [],
    '',
  ],
  [
    `${F}.experiment.variants`,
    { metrics: { buys: {} }, [`${F}.experiment.primary`]: 'buys', [`${RULE}.serve`]: { on: 50, b: 50 } },
    [['on', 'b']],
    [['on']],
    'at least two variants',
  ],
]

const problemsAt = (path: string, given: Changes, value: unknown) => {
  const parsed = parseDocumentValue(changed(changed(BASE, given), { [path]: value }))
  return parsed.ok ? [] : parsed.problems
}
const dotted = (path: string) => path.replaceAll(/\[(\d+)\]/g, '.$1').slice(2)

describe('a bound of the document', () => {
  it.each(NUMBERS)('%s', (path, given, accepted, refused, expected) => {
    for (const value of accepted) expect([value, problemsAt(path, given, value)]).toEqual([value, []])
    for (const value of refused) {
      const told = problemsAt(path, given, value).map((each) => [dotted(each.path), each.expected])
      expect([value, told]).toEqual([value, expect.arrayContaining([[path, expected]])])
    }
  })

  it.each<[string, Changes, unknown, string]>([
    [`${GUARD}.errors.statuses.0`, ERRORS, 399, '"4xx", "5xx" or a status from 400 to 599'],
    [`${GUARD}.errors.statuses.0`, ERRORS, 600, '"4xx", "5xx" or a status from 400 to 599'],
    [`${GUARD}.grpc.statuses.0`, ERRORS, 0, 'a gRPC status from 1 to 16'],
    [`${GUARD}.grpc.statuses.0`, ERRORS, 17, 'a gRPC status from 1 to 16'],
    ['metrics.buys.request.status', COUNTED, 199, 'a status such as 200, or "2xx"'],
    ['metrics.buys.request.status', COUNTED, 600, 'a status such as 200, or "2xx"'],
  ])('%s refuses what is beyond: %#', (path, given, value, text) => {
    expect(JSON.stringify(problemsAt(path, given, value))).toContain(JSON.stringify(text).slice(1, -1))
  })

  it.each<[string, unknown]>([
    [`${F}.requires.0`, { flag: 'g', variants: [] }],
    [`${RULE}.bucketing`, { scheme: 'flagd', hash: [] }],
    ['governance.required', ['other']],
    [`origins.old.headers`, { 'x a': '' }],
    [`origins.old.headers`, { ['x'.repeat(101)]: '' }],
    [`origins.old.headers`, { 'x-a': 'é' }],
    ['routes.0.host', []],
    ['routes.0.host', 'a_b'],
    ['routes.0.method', 'GET!'],
    ['context.targetingKey', []],
    [`${F}.guard.errors`, true],
    [`${F}.guard.latency`, { quantiles: [0.8] }],
    ['notifications.expiryDays', [0]],
    ['identity.cookie', 1],
  ])('%s is not %j', (path, value) => {
    expect(problemsAt(path, STAGES, value)).not.toEqual([])
  })
})

it('what is left out is as the reference says', () => {
  const parsed = parseDocumentValue(
    changed(BASE, {
      ...STAGES,
      [`${RULE}.stages.0.require`]: { paths: [{ path: '/a' }] },
      [`${F}.rollout.windows`]: [{ from: '09:00', to: '17:00' }],
      [`${GUARD}.ceilings`]: { p95Ms: 9 },
      [`${GUARD}.metrics`]: { buys: { maxDropPercent: 5 } },
      [`${F}.requires`]: [{ flag: 'g' }],
      'routes.0.shadow': {},
      'metrics.buys.request': { path: '/b' },
      'context.jwt.secretBinding': 'KEY',
      'notifications.webhooks': [{ url: 'http://a.test' }],
      freezes: [{ start: '2026-01-01', end: '2026-01-02' }],
      bootstrap: {},
      errorPage: { html: 'x' },
    }),
  )
  expect(parsed.ok ? parsed.value : parsed.problems).toMatchInlineSnapshot(`
    {
      "bootstrap": {
        "paths": [
          "/*",
        ],
      },
      "context": {
        "attributes": {},
        "jwt": {
          "clockToleranceSeconds": 5,
          "secretBinding": "KEY",
        },
        "keepFirst": false,
        "trustedProxies": 0,
      },
      "errorPage": {
        "html": "x",
      },
      "flagQueries": {
        "requestsPerMinute": 600,
        "requireToken": false,
      },
      "flags": {
        "f": {
          "enabled": true,
          "guard": {
            "action": "rollback",
            "ceilings": {
              "minRequests": 50,
              "p95Ms": 9,
            },
            "enabled": true,
            "metrics": {
              "buys": {
                "action": "rollback",
                "maxDropPercent": 5,
              },
            },
          },
          "metadata": {},
          "off": "off",
          "private": false,
          "requires": [
            {
              "flag": "g",
              "on": true,
            },
          ],
          "rollout": {
            "holdbackPercent": 1,
            "timezone": "UTC",
            "windows": [
              {
                "days": [
                  "mon",
                  "tue",
                  "wed",
                  "thu",
                  "fri",
                  "sat",
                  "sun",
                ],
                "from": "09:00",
                "to": "17:00",
              },
            ],
          },
          "rules": [
            {
              "serve": "on",
              "stages": [
                {
                  "advance": "auto",
                  "approval": false,
                  "bake": "10m",
                  "percentage": 10,
                  "require": {
                    "paths": [
                      {
                        "max": 0,
                        "path": "/a",
                        "statuses": [
                          "5xx",
                        ],
                      },
                    ],
                  },
                },
                {
                  "advance": "auto",
                  "approval": false,
                  "bake": "10m",
                  "percentage": 50,
                },
              ],
              "when": [],
            },
          ],
          "variants": {
            "b": "b",
            "off": false,
            "on": true,
          },
        },
        "g": {
          "enabled": true,
          "metadata": {},
          "off": "off",
          "private": false,
          "requires": [],
          "rules": [
            {
              "serve": "on",
              "when": [],
            },
          ],
          "variants": {
            "off": 0,
            "on": 1,
          },
        },
      },
      "freezes": [
        {
          "end": "2026-01-02",
          "reason": "change freeze",
          "start": "2026-01-01",
        },
      ],
      "governance": {
        "required": [],
      },
      "identity": {
        "cookie": true,
      },
      "metrics": {
        "buys": {
          "better": "higher",
          "request": {
            "path": "/b",
            "status": "2xx",
          },
          "type": "conversion",
        },
      },
      "notifications": {
        "expiryDays": [
          14,
          3,
        ],
        "webhooks": [
          {
            "events": [
              "advance",
              "hold",
              "rollback",
              "resume",
              "kill",
              "unkill",
              "freeze",
              "metric",
              "approval-needed",
              "pause",
              "finish",
              "limit",
              "stage-down",
              "publish",
              "enable",
              "disable",
              "percentage",
              "guard",
              "document-refused",
              "kill-list-refused",
              "expiring",
              "expired",
              "guard-blind",
              "counts-missing",
              "kv-behind",
              "isolates-behind",
            ],
            "format": "json",
            "url": "http://a.test",
          },
        ],
      },
      "origins": {
        "new": {
          "forwarded": false,
          "headers": {},
          "host": "origin",
          "rewrite": true,
          "timeoutMs": 125000,
          "url": "https://new.test",
        },
        "old": {
          "forwarded": false,
          "headers": {},
          "host": "origin",
          "rewrite": true,
          "timeoutMs": 125000,
          "url": "https://old.test",
        },
      },
      "publishing": {
        "confirmAbovePercent": 10,
      },
      "routes": [
        {
          "origin": "old",
          "path": "/*",
          "rescue": [
            "GET",
            "HEAD",
            "OPTIONS",
          ],
          "severable": true,
          "shadow": {
            "credentials": false,
            "ignore": [],
            "keys": {},
            "maxRps": 2,
            "methods": [
              "GET",
              "HEAD",
            ],
            "samples": "redacted",
          },
        },
      ],
    }
  `)
})
