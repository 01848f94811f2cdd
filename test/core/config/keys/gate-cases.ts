import { expect } from 'vitest'
import type { ShadowRules } from '../../../../src/core/config/compile/route-target.ts'
import { governanceProblems } from '../../../../src/core/config/parse/governance.ts'
import { lookAtExpiries } from '../../../../src/core/rollout/news/expiry.ts'
import { type Notification, notificationBody } from '../../../../src/core/rollout/news/notification.ts'
import { BASE, type Case, STAGES } from './case.ts'
import type { Gate } from './gate-probe.ts'

const FLAG_ROUTE = { routes: [{ path: '/*', flag: 'f', origins: { on: 'new', off: 'old', b: 'old' } }] }
const JWT = { 'context.jwt': { secretBinding: 'KEY' } }
const KEYS_URL = { 'context.jwt': { jwks: 'https://keys.test/jwks' } }
const HOOK = { 'notifications.webhooks': [{ url: 'https://hook.test' }] }
const target = ({ snapshot }: Gate) => snapshot.routes[0]?.target
const jwt = ({ snapshot }: Gate) => snapshot.identity.jwt
const claimOrNot = (kind: string) => (kind === 'jwt' ? 'claim x' : `${kind} x`)

/** How often a flag of another name and without an owner breaks the rules. */
const breaches = ({ document }: Gate) =>
  governanceProblems({ ...document, flags: { Another: { ...document.flags.f, owner: undefined } as never } })
    .length

const KILLED: Notification = {
  id: '1',
  event: 'kill',
  flag: 'f',
  at: '2026-06-01T00:00:00Z',
  environment: 'production',
  actor: 'ana',
  reason: 'errors',
  generation: 1,
  stage: 0,
  percentage: null,
  from: null,
  to: null,
  changes: [],
  evidence: null,
}

const SOURCES: Record<string, Case> = Object.fromEntries(
  ['header', 'cookie', 'query', 'jwt'].flatMap((kind): [string, Case][] => [
    [
      `context.targetingKey.${kind}`,
      {
        at: 'context.targetingKey',
        given: kind === 'jwt' ? JWT : {},
        to: { [kind]: 'x' },
        was: 'anonymous',
        sees: (gate) => gate.request().targetingKey(),
        becomes: claimOrNot(kind),
      },
    ],
    [
      `context.attributes.*.${kind}`,
      {
        at: 'context.attributes.plan',
        given: kind === 'jwt' ? JWT : {},
        to: { [kind]: 'x' },
        sees: (gate) => gate.request().attribute('plan'),
        was: undefined,
        becomes: claimOrNot(kind),
      },
    ],
  ]),
)

/** Keys of the document outside of flags. */
/** A key of `shadow`, as it is where the route's requests are copied. */
function shadowCase(values: {
  at?: string
  to: unknown
  sees: (rules: ShadowRules) => unknown
  was: unknown
  becomes: unknown
}): Case {
  return {
    ...values,
    given: { ...FLAG_ROUTE, 'flags.f.rules.0.stages': [{ shadow: 5 }, { percentage: 10 }] },
    sees: (gate) => {
      const found = target(gate)
      return found?.kind === 'flag' && found.shadow && values.sees(found.shadow)
    },
  }
}

export const GATE_CASES: Record<string, Case> = {
  ...SOURCES,
  $schema: {
    to: 'https://s.test',
    sees: ({ document }) => document.$schema,
    was: undefined,
    becomes: 'https://s.test',
  },
  'origins.*.url': {
    at: 'origins.old.url',
    from: 'https://old.test',
    to: 'https://older.test',
    sees: ({ snapshot }) => snapshot.fallback.url,
    was: 'https://old.test',
    becomes: 'https://older.test',
  },
  'origins.*.timeoutMs': {
    at: 'origins.old.timeoutMs',
    to: 500,
    sees: ({ snapshot }) => snapshot.fallback.timeoutMs,
    was: 125_000,
    becomes: 500,
  },
  'routes.timeoutMs': {
    to: 500,
    sees: ({ snapshot }) => snapshot.routes[0]?.target.timeoutMs,
    was: undefined,
    becomes: 500,
  },
  'origins.*.forwarded': {
    at: 'origins.old.forwarded',
    to: true,
    sees: ({ snapshot }) => snapshot.fallback.forwarded,
    was: false,
    becomes: true,
  },
  defaultOrigin: { to: 'new', sees: ({ snapshot }) => snapshot.fallback.name, was: 'old', becomes: 'new' },
  'errorPage.html': {
    from: 'sorry',
    to: 'later',
    sees: ({ snapshot }) => snapshot.errorPage?.html,
    was: 'sorry',
    becomes: 'later',
  },
  'errorPage.retryAfterSeconds': {
    given: { 'errorPage.html': 'sorry' },
    to: 5,
    sees: ({ snapshot }) => snapshot.errorPage?.retryAfterSeconds,
    was: undefined,
    becomes: 5,
  },
  'context.jwt.from.header': {
    at: 'context.jwt.from',
    given: JWT,
    to: { header: 'X-Token' },
    sees: (gate) => [jwt(gate)?.from, gate.snapshot.flagQueries.visitorsSendBearer],
    was: [[{ kind: 'header', name: 'authorization' }], true],
    becomes: [[{ kind: 'header', name: 'x-token' }], false],
  },
  'context.jwt.from.cookie': {
    at: 'context.jwt.from',
    given: JWT,
    to: { cookie: 'Token' },
    sees: (gate) => jwt(gate)?.from,
    was: [{ kind: 'header', name: 'authorization' }],
    becomes: [{ kind: 'cookie', name: 'Token' }],
  },
  'context.jwt.algorithms': {
    given: KEYS_URL,
    to: ['ES256'],
    sees: (gate) => jwt(gate)?.algorithms,
    was: ['RS256', 'ES256'],
    becomes: ['ES256'],
  },
  'context.trustedProxies': {
    to: 2,
    sees: ({ snapshot }) => [snapshot.trustedProxies, snapshot.flagQueries.trustedProxies],
    was: [0, 0],
    becomes: [2, 2],
  },
  'origins.*.binding': {
    at: 'origins.old.binding',
    to: 'SHOP',
    sees: ({ snapshot }) => snapshot.fallback.access?.binding,
    was: undefined,
    becomes: 'SHOP',
  },
  'origins.*.host': {
    at: 'origins.old.host',
    to: 'preserve',
    sees: ({ snapshot }) => snapshot.fallback.access?.hasVisitorsHost,
    was: undefined,
    becomes: true,
  },
  'origins.*.headers': {
    at: 'origins.old.headers',
    to: { 'X-From': 'gate' },
    sees: ({ snapshot }) => snapshot.fallback.access?.headers,
    was: undefined,
    becomes: [['X-From', 'gate']],
  },
  'origins.*.headers.*.secret': {
    at: 'origins.old.headers',
    to: { 'X-From': { secret: 'TOKEN' } },
    sees: ({ snapshot }) => snapshot.fallback.access?.headers,
    was: undefined,
    becomes: [['X-From', { secret: 'TOKEN' }]],
  },
  'origins.*.rewrite': {
    at: 'origins.old.rewrite',
    to: false,
    sees: ({ snapshot }) => snapshot.fallback.rewrites,
    was: true,
    becomes: false,
  },
  'context.keepFirst': {
    to: true,
    sees: ({ snapshot }) => snapshot.identity.keepsFirst,
    was: false,
    becomes: true,
  },
  'context.cookieDomain': {
    to: 'example.com',
    sees: ({ snapshot }) => snapshot.cookies.domain,
    was: undefined,
    becomes: 'example.com',
  },
  'identity.cookie': {
    to: false,
    sees: ({ snapshot }) => snapshot.cookies.areGiven,
    was: true,
    becomes: false,
  },
  'context.jwt.issuer': {
    given: JWT,
    to: 'me',
    sees: (gate) => jwt(gate)?.issuer,
    was: undefined,
    becomes: 'me',
  },
  'context.jwt.audience': {
    given: JWT,
    to: 'you',
    sees: (gate) => jwt(gate)?.audience,
    was: undefined,
    becomes: 'you',
  },
  'context.jwt.clockToleranceSeconds': {
    given: JWT,
    to: 0,
    sees: (gate) => jwt(gate)?.clockToleranceSeconds,
    was: 5,
    becomes: 0,
  },
  'context.jwt.jwks': {
    given: KEYS_URL,
    from: 'https://keys.test/jwks',
    to: 'https://keys.test/2',
    sees: (gate) => jwt(gate)?.keys,
    was: { kind: 'url', url: 'https://keys.test/jwks' },
    becomes: { kind: 'url', url: 'https://keys.test/2' },
  },
  'context.jwt.jwks.keys': {
    from: [{ kty: 'RSA', n: 'AQAB', e: 'AQAB', kid: '1' }],
    to: [{ kty: 'RSA', n: 'AQAB', e: 'AQAB', kid: '2' }],
    sees: (gate) => jwt(gate)?.keys,
    was: { kind: 'inline', keys: [expect.objectContaining({ kid: '1' })] },
    becomes: { kind: 'inline', keys: [expect.objectContaining({ kid: '2' })] },
  },
  'context.jwt.secretBinding': {
    from: 'KEY',
    to: 'OTHER',
    sees: (gate) => [jwt(gate)?.keys, jwt(gate)?.algorithms],
    was: [{ kind: 'binding', binding: 'KEY' }, ['HS256']],
    becomes: [{ kind: 'binding', binding: 'OTHER' }, ['HS256']],
  },
  'routes.path': { from: '/a', to: '/b', sees: (gate) => gate.routeOf('/b'), was: -1, becomes: 0 },
  'routes.host': { to: '*.test', sees: (gate) => gate.routeOf('/', 'a.example'), was: 0, becomes: -1 },
  'routes.method': { to: 'post', sees: (gate) => gate.routeOf('/'), was: 0, becomes: -1 },
  'routes.origin': {
    from: 'old',
    to: 'new',
    sees: (gate) => {
      const found = target(gate)
      return found?.kind === 'origin' && found.origin.name
    },
    was: 'old',
    becomes: 'new',
  },
  'routes.flag': {
    given: { ...FLAG_ROUTE, 'flags.g.variants': BASE.flags.f.variants },
    from: 'f',
    to: 'g',
    sees: (gate) => {
      const found = target(gate)
      return found?.kind === 'flag' && found.flag.key
    },
    was: 'f',
    becomes: 'g',
  },
  'routes.origins.*': {
    at: 'routes.0.origins.on',
    given: FLAG_ROUTE,
    from: 'new',
    to: 'old',
    sees: (gate) => {
      const found = target(gate)
      return found?.kind === 'flag' && [found.origins.get('on')?.name, found.varies, found.stable.name]
    },
    was: ['new', true, 'old'],
    becomes: ['old', false, 'old'],
  },
  'routes.rescue': {
    given: FLAG_ROUTE,
    to: ['post'],
    sees: (gate) => {
      const found = target(gate)
      return found?.kind === 'flag' && [...found.rescued]
    },
    was: ['GET', 'HEAD', 'OPTIONS'],
    becomes: ['POST'],
  },
  'routes.severable': {
    given: FLAG_ROUTE,
    to: false,
    sees: (gate) => {
      const found = target(gate)
      return found?.kind === 'flag' && found.severable
    },
    was: true,
    becomes: false,
  },
  'routes.shadow.methods': shadowCase({
    to: ['OPTIONS'],
    sees: ({ methods }) => [...methods],
    was: ['GET', 'HEAD'],
    becomes: ['OPTIONS'],
  }),
  'routes.shadow.credentials': shadowCase({
    to: true,
    sees: ({ credentials }) => credentials,
    was: false,
    becomes: true,
  }),
  'routes.shadow.maxRps': shadowCase({ to: 9, sees: ({ maxRps }) => maxRps, was: 2, becomes: 9 }),
  'routes.shadow.samples': shadowCase({
    to: 'none',
    sees: ({ samples }) => samples,
    was: 'redacted',
    becomes: 'none',
  }),
  'routes.shadow.keys.*': shadowCase({
    at: 'routes.0.shadow.keys.$',
    to: 'id',
    sees: ({ keys }) => keys,
    was: {},
    becomes: { $: 'id' },
  }),
  'routes.shadow.ignore': shadowCase({
    to: ['$.at'],
    sees: ({ ignored }) => [...ignored],
    was: [],
    becomes: ['$.at'],
  }),
  'routes.follow': { to: false, sees: (gate) => target(gate)?.follows, was: true, becomes: false },
  'freezes.start': {
    given: { ...STAGES, freezes: [{ end: '2027-01-01' }] },
    from: '2026-01-01',
    to: '2026-12-01',
    sees: (gate) => gate.step(gate.permission({ weekday: 'mon', minuteOfDay: 0 })).command?.kind,
    was: undefined,
    becomes: 'advance',
  },
  'freezes.end': {
    given: { ...STAGES, freezes: [{ start: '2026-01-01' }] },
    from: '2027-01-01',
    to: '2026-06-01',
    sees: (gate) => gate.step(gate.permission({ weekday: 'mon', minuteOfDay: 0 })).command?.kind,
    was: undefined,
    becomes: 'advance',
  },
  'freezes.reason': {
    given: { ...STAGES, freezes: [{ start: '2026-01-01', end: '2027-01-01' }] },
    to: 'holidays',
    sees: (gate) => gate.step(gate.permission({ weekday: 'mon', minuteOfDay: 0 })).waitingFor,
    was: 'frozen until 2027-01-01: change freeze',
    becomes: 'frozen until 2027-01-01: holidays',
  },
  'publishing.confirmAbovePercent': {
    to: 5,
    sees: ({ document }) => document.publishing.confirmAbovePercent,
    was: 10,
    becomes: 5,
  },
  'governance.keys': {
    to: '[a-z]',
    sees: breaches,
    was: 0,
    becomes: 1,
  },
  'governance.required': {
    given: { 'flags.f.owner': 'shop', 'flags.g.owner': 'shop' },
    to: ['owner'],
    sees: breaches,
    was: 0,
    becomes: 1,
  },
  'bootstrap.paths': {
    given: { bootstrap: {} },
    to: ['/shop/*'],
    sees: ({ snapshot }) => [snapshot.bootstrap?.covers('/shop/1'), snapshot.bootstrap?.covers('/')],
    was: [true, true],
    becomes: [true, false],
  },
  'bootstrap.flags': {
    given: { bootstrap: {} },
    to: ['f'],
    sees: ({ snapshot }) => snapshot.bootstrap?.flags,
    was: undefined,
    becomes: new Set(['f']),
  },
  'flagQueries.requireToken': {
    to: true,
    sees: ({ snapshot }) => snapshot.flagQueries.requireToken,
    was: false,
    becomes: true,
  },
  'flagQueries.allowedOrigins': {
    to: ['https://a.test'],
    sees: ({ snapshot }) => snapshot.flagQueries.allowedOrigins,
    was: undefined,
    becomes: new Set(['https://a.test']),
  },
  'flagQueries.requestsPerMinute': {
    to: 60,
    sees: ({ snapshot }) => snapshot.flagQueries.requestsPerMinute,
    was: 600,
    becomes: 60,
  },
  ...Object.fromEntries(
    (
      [
        ['url', 'https://hook.test', 'https://hook.test/2', 'https://hook.test', 'https://hook.test/2'],
        ['secretBinding', undefined, 'KEY', undefined, 'KEY'],
      ] as const
    ).map(([key, from, to, was, becomes]): [string, Case] => [
      `notifications.webhooks.${key}`,
      {
        given: HOOK,
        from,
        to,
        sees: ({ document }) => document.notifications.webhooks[0]?.[key],
        was,
        becomes,
      },
    ]),
  ),
  'notifications.webhooks.format': {
    given: HOOK,
    to: 'slack',
    sees: ({ document }) => {
      const [webhook] = document.notifications.webhooks
      return Object.keys(JSON.parse(notificationBody(KILLED, webhook?.format ?? 'json')) as object)
    },
    was: Object.keys(KILLED),
    becomes: ['text', 'unfurl_links', 'unfurl_media'],
  },
  'notifications.expiryDays': {
    given: { 'flags.f.expires': '2026-06-10' },
    to: [7],
    sees: ({ document }) =>
      lookAtExpiries(document, {}, Date.UTC(2026, 4, 29)).news.map(({ event }) => event),
    was: ['expiring'],
    becomes: [],
  },
  'notifications.webhooks.events': {
    given: HOOK,
    to: ['kill'],
    sees: ({ document }) => document.notifications.webhooks[0]?.events.length,
    was: 26,
    becomes: 1,
  },
}
