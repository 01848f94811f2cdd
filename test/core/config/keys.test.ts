/**
 * Every key of the gate document changes something: two documents that differ in this key alone, and what differs
 * then. The test walks the schema, so a new key without a case fails.
 */
import { describe, expect, it } from 'vitest'
import { gateDocumentSchema } from '../../../src/core/config/schema/document.ts'
import { parseTimeMs } from '../../../src/core/flags/date-time.ts'
import { debtOf } from '../../../src/core/flags/debt.ts'
import { type Notification, notificationBody } from '../../../src/core/rollout/notification.ts'
import { Gate } from './gate-probe.ts'

const BASE = {
  origins: { old: { url: 'https://old.test' }, new: { url: 'https://new.test' } },
  routes: [{ path: '/*', origin: 'old' }],
  flags: {
    f: { variants: { on: true, off: false, b: 'b' }, off: 'off', rules: [{ serve: 'on' }] },
    g: { variants: { on: 1, off: 0 }, off: 'off', rules: [{ serve: 'on' }] },
  },
}

/** Values by path, such as `flags.f.rules.0.percentage`; undefined leaves a key out. */
type Changes = Readonly<Record<string, unknown>>
type Case = {
  /** Where the key is in the document; by default its path with `f` for `*` and the first of each list. */
  at?: string
  /** What both documents have besides. */
  given?: Changes
  from?: unknown
  to: unknown
  sees: (gate: Gate) => unknown
  was: unknown
  becomes: unknown
}

function changed(document: object, changes: Changes): Record<string, unknown> {
  const copy = structuredClone(document) as Record<string, unknown>
  for (const [path, value] of Object.entries(changes)) {
    const keys = path.split('.')
    let target: Record<string, unknown> = copy
    for (const [index, key] of keys.slice(0, -1).entries()) {
      target[key] ??= /^\d+$/.test(keys[index + 1] ?? '') ? [] : {}
      target = target[key] as Record<string, unknown>
    }
    if (value === undefined) delete target[keys.at(-1) ?? '']
    else target[keys.at(-1) ?? ''] = structuredClone(value)
  }
  return copy
}

const F = 'flags.f'
const RULE = `${F}.rules.0`
const STAGES = { [`${RULE}.stages`]: [{ percentage: 10 }, { percentage: 50 }], [`${F}.guard`]: {} }
const COUNTRY = { [`${RULE}.when`]: [{ attribute: 'country', op: 'in', values: ['RO'] }] }
const UNLEASH = { scheme: 'unleash', group: 'g', stickiness: ['userId'] }
const FLAGD = { scheme: 'flagd', hash: [{ attribute: 'userId' }] }
const FLAG_ROUTE = { routes: [{ path: '/*', flag: 'f', origins: { on: 'new', off: 'old', b: 'old' } }] }
const JWT = { 'context.jwt': { secretBinding: 'KEY' } }
const KEYS_URL = { 'context.jwt': { jwks: 'https://keys.test/jwks' } }
const HOOK = { 'notifications.webhooks': [{ url: 'https://hook.test' }] }
const romanian = { attributes: { country: 'RO' } }
const slots = (count: number) => Array.from({ length: count }, (_, slot) => slot)
const target = ({ snapshot }: Gate) => snapshot.routes[0]?.target
const jwt = ({ snapshot }: Gate) => snapshot.identity.jwt
/** A guard of errors alone, with these settings. */
const guardOf = (settings: object) => ({ [`${F}.guard`]: settings, [`${RULE}.percentage`]: 50 })
const userId = (key: string) => ({ attributes: { userId: key } })
const variants = (count: number) => (gate: Gate) =>
  Array.from({ length: count }, (_, n) => gate.variant(userId(`user-${n}`))).join(' ')
const claimOrNot = (kind: string) => (kind === 'jwt' ? 'claim x' : `${kind} x`)

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

const CASES: Record<string, Case> = {
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
    was: 30_000,
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
  'routes.follow': { to: false, sees: (gate) => target(gate)?.follows, was: true, becomes: false },
  'flags.*.description': {
    to: 'what for',
    sees: ({ document }) => document.flags.f?.description,
    was: undefined,
    becomes: 'what for',
  },
  'flags.*.owner': { to: 'me', sees: (gate) => debtsOf(gate), was: ['ownerless'], becomes: [] },
  'flags.*.tags': {
    to: ['t'],
    sees: ({ document }) => document.flags.f?.tags,
    was: undefined,
    becomes: ['t'],
  },
  'flags.*.expires': {
    to: '2026-05-31',
    given: { [`${F}.owner`]: 'me' },
    sees: (gate) => debtsOf(gate),
    was: [],
    becomes: ['expired'],
  },
  'flags.*.enabled': { to: false, sees: (gate) => gate.variant(), was: 'on', becomes: 'off' },
  'flags.*.variants.*': {
    at: `${F}.variants.on`,
    from: true,
    to: { x: 1 },
    sees: (gate) => gate.decide('u').value,
    was: true,
    becomes: { x: 1 },
  },
  'flags.*.off': {
    from: 'off',
    given: COUNTRY,
    to: 'b',
    sees: (gate) => gate.variant(),
    was: 'off',
    becomes: 'b',
  },
  'flags.*.salt': {
    given: { [`${RULE}.percentage`]: 50 },
    to: 'other',
    sees: (gate) => [1, 2, 3, 4, 5, 6].map((n) => gate.decide(`u${n}`).variant).join(' '),
    was: 'off off off off on on',
    becomes: 'on off on off on on',
  },
  'flags.*.environments': { to: ['staging'], sees: (gate) => gate.variant(), was: 'on', becomes: 'off' },
  'flags.*.schedule.start': {
    to: '2026-06-01T00:00:01Z',
    sees: (gate) => [gate.variant(), gate.variant({ now: '2026-06-01T00:00:01Z' })],
    was: ['on', 'on'],
    becomes: ['off', 'on'],
  },
  'flags.*.schedule.end': {
    to: '2026-06-01T00:00:01Z',
    sees: (gate) => [gate.variant(), gate.variant({ now: '2026-06-01T00:00:01Z' })],
    was: ['on', 'on'],
    becomes: ['on', 'off'],
  },
  'flags.*.requires': {
    given: { 'flags.g.enabled': false },
    to: ['g'],
    sees: (gate) => gate.variant(),
    was: 'on',
    becomes: 'off',
  },
  'flags.*.requires.flag': {
    given: { [`${F}.requires`]: [{}], 'flags.h': { ...BASE.flags.g, enabled: false } },
    from: 'g',
    to: 'h',
    sees: (gate) => gate.variant(),
    was: 'on',
    becomes: 'off',
  },
  'flags.*.requires.on': {
    given: { [`${F}.requires`]: [{ flag: 'g' }] },
    to: false,
    sees: (gate) => gate.variant(),
    was: 'on',
    becomes: 'off',
  },
  'flags.*.requires.variants': {
    given: { [`${F}.requires`]: [{ flag: 'g' }], 'flags.g.variants.more': 2 },
    to: ['more'],
    sees: (gate) => gate.variant(),
    was: 'on',
    becomes: 'off',
  },
  'flags.*.rules.name': { to: 'all', sees: (gate) => gate.decide('u').rule, was: 'rule 0', becomes: 'all' },
  'flags.*.rules.when.attribute': {
    given: COUNTRY,
    from: 'country',
    to: 'city',
    sees: (gate) => gate.variant(romanian),
    was: 'on',
    becomes: 'off',
  },
  'flags.*.rules.when.op': {
    given: COUNTRY,
    from: 'in',
    to: 'not_in',
    sees: (gate) => gate.variant(romanian),
    was: 'on',
    becomes: 'off',
  },
  'flags.*.rules.when.values': {
    given: COUNTRY,
    from: ['RO'],
    to: ['DE'],
    sees: (gate) => gate.variant(romanian),
    was: 'on',
    becomes: 'off',
  },
  'flags.*.rules.when.negate': {
    given: COUNTRY,
    to: true,
    sees: (gate) => gate.variant(romanian),
    was: 'on',
    becomes: 'off',
  },
  'flags.*.rules.when.ignoreCase': {
    given: { [`${RULE}.when`]: [{ attribute: 'country', op: 'in', values: ['ro'] }] },
    to: true,
    sees: (gate) => gate.variant(romanian),
    was: 'off',
    becomes: 'on',
  },
  'flags.*.rules.percentage': {
    to: 25,
    sees: (gate) => gate.shares(),
    was: { on: 1000 },
    becomes: { off: 743, on: 257 },
  },
  'flags.*.rules.stages.percentage': {
    given: STAGES,
    from: 10,
    to: 20,
    sees: (gate) => [
      gate.shares(),
      gate.shares({ control: { stage: 1 } }),
      gate.shares({ control: { stage: 5 } }),
    ],
    was: [
      { off: 894, on: 106 },
      { off: 504, on: 496 },
      { off: 504, on: 496 },
    ],
    becomes: [
      { off: 783, on: 217 },
      { off: 504, on: 496 },
      { off: 504, on: 496 },
    ],
  },
  'flags.*.rules.stages.bake': {
    given: STAGES,
    to: '20s',
    sees: (gate) => [gate.plan().stages[0]?.bakeMs, gate.guard({}, {}, 120)],
    was: [600_000, 'baking'],
    becomes: [20_000, 'healthy'],
  },
  'flags.*.rules.stages.maxBake': {
    given: STAGES,
    to: '1h',
    sees: (gate) => gate.plan().stages[0]?.maxBakeMs,
    was: null,
    becomes: 3_600_000,
  },
  'flags.*.rules.stages.approval': {
    given: STAGES,
    to: true,
    sees: (gate) => [gate.step().command?.kind, gate.step(undefined, { approved: true }).command?.kind],
    was: ['advance', 'advance'],
    becomes: [undefined, 'advance'],
  },
  'flags.*.rules.stages.advance': {
    given: STAGES,
    to: 'manual',
    sees: (gate) => gate.step().command?.kind,
    was: 'advance',
    becomes: undefined,
  },
  'flags.*.rules.serve': { from: 'on', to: 'b', sees: (gate) => gate.variant(), was: 'on', becomes: 'b' },
  'flags.*.rules.serve.*': {
    at: `${RULE}.serve`,
    from: { on: 50, b: 50 },
    to: { on: 20, b: 80 },
    sees: (gate) => gate.shares(),
    was: { b: 504, on: 496 },
    becomes: { b: 783, on: 217 },
  },
  'flags.*.rules.bucketing.scheme': {
    at: `${RULE}.bucketing`,
    given: { [`${RULE}.percentage`]: 50 },
    from: UNLEASH,
    to: FLAGD,
    sees: variants(8),
    was: 'on on on off on on off off',
    becomes: 'on off off on off off off on',
  },
  'flags.*.rules.bucketing.group': {
    given: { [`${RULE}.percentage`]: 50, [`${RULE}.bucketing`]: UNLEASH },
    from: 'g',
    to: 'h',
    sees: variants(8),
    was: 'on on on off on on off off',
    becomes: 'on off on on off on off off',
  },
  'flags.*.rules.bucketing.stickiness': {
    given: { [`${RULE}.percentage`]: 50, [`${RULE}.bucketing`]: UNLEASH },
    from: ['userId'],
    to: ['country'],
    sees: variants(8),
    was: 'on on on off on on off off',
    becomes: 'off off off off off off off off',
  },
  'flags.*.rules.bucketing.variantGroup': {
    given: { [`${RULE}.serve`]: { on: 50, b: 50 }, [`${RULE}.bucketing`]: UNLEASH },
    to: 'h',
    sees: variants(8),
    was: 'b on b b on b on on',
    becomes: 'on on on on b on b b',
  },
  'flags.*.rules.bucketing.variantStickiness': {
    given: { [`${RULE}.serve`]: { on: 50, b: 50 }, [`${RULE}.bucketing`]: UNLEASH },
    to: ['country'],
    sees: variants(8),
    was: 'b on b b on b on on',
    becomes: 'b b b b b b b b',
  },
  ...Object.fromEntries(
    (
      [
        ['attribute', 'userId', 'email', 'b', 'on'],
        ['values', ['user-0'], ['user-1'], 'b', 'on'],
        ['serve', 'b', 'on', 'b', 'on'],
      ] as const
    ).map(([key, from, to, was, becomes]): [string, Case] => [
      `flags.*.rules.bucketing.overrides.${key}`,
      {
        given: {
          [`${RULE}.serve`]: { on: 100, b: 0 },
          [`${RULE}.bucketing`]: {
            ...UNLEASH,
            overrides: [{ attribute: 'userId', values: ['user-0'], serve: 'b' }],
          },
        },
        from,
        to,
        sees: variants(1),
        was,
        becomes,
      },
    ]),
  ),
  'flags.*.rules.bucketing.hash.text': {
    at: `${RULE}.bucketing.hash`,
    given: { [`${RULE}.percentage`]: 50, [`${RULE}.bucketing`]: FLAGD },
    from: [{ text: 'x' }, { attribute: 'userId' }],
    to: [{ text: 'y' }, { attribute: 'userId' }],
    sees: variants(8),
    was: 'on on on on off on off off',
    becomes: 'on on off off off off on on',
  },
  'flags.*.rules.bucketing.hash.attribute': {
    given: { [`${RULE}.percentage`]: 50, [`${RULE}.bucketing`]: FLAGD },
    from: 'userId',
    to: 'email',
    sees: variants(8),
    was: 'on off off on off off off on',
    becomes: 'off off off off off off off off',
  },
  'flags.*.rules.bucketing.hash.missing': {
    given: {
      [`${RULE}.percentage`]: 100,
      [`${RULE}.bucketing`]: { scheme: 'flagd', hash: [{ attribute: 'email' }] },
      [`${RULE}.serve`]: { on: 50, b: 50 },
    },
    to: 'x',
    sees: variants(1),
    was: 'off',
    becomes: 'on',
  },
  'flags.*.rollout.windows.days': {
    given: { ...STAGES, [`${F}.rollout.windows`]: [{ from: '09:00', to: '17:00' }] },
    to: ['tue'],
    sees: (gate) => gate.permission({ weekday: 'mon', minuteOfDay: 600 }).allowed,
    was: true,
    becomes: false,
  },
  'flags.*.rollout.windows.from': {
    given: { ...STAGES, [`${F}.rollout.windows`]: [{ to: '17:00' }] },
    from: '09:00',
    to: '11:00',
    sees: (gate) => gate.step(gate.permission({ weekday: 'mon', minuteOfDay: 600 })).command?.kind,
    was: 'advance',
    becomes: undefined,
  },
  'flags.*.rollout.windows.to': {
    given: { ...STAGES, [`${F}.rollout.windows`]: [{ from: '09:00' }] },
    from: '17:00',
    to: '10:00',
    sees: (gate) => gate.step(gate.permission({ weekday: 'mon', minuteOfDay: 600 })).command?.kind,
    was: 'advance',
    becomes: undefined,
  },
  'flags.*.rollout.timezone': {
    given: STAGES,
    to: 'Asia/Kolkata',
    sees: (gate) => gate.plan().timezone,
    was: 'UTC',
    becomes: 'Asia/Kolkata',
  },
  'flags.*.rollout.holdbackPercent': {
    given: { [`${RULE}.stages`]: [{ percentage: 100 }], [`${F}.guard`]: {} },
    to: 10,
    sees: (gate) => [gate.shares(), gate.shares({ control: { finished: true } })],
    was: [{ on: 988, off: 12 }, { on: 1000 }],
    becomes: [{ on: 901, off: 99 }, { on: 1000 }],
  },
  'flags.*.rollout.stepBack': {
    to: '30s',
    sees: ({ snapshot }) => snapshot.flags.get('f')?.stepBackMs,
    was: 0,
    becomes: 30_000,
  },
  'flags.*.guard.enabled': {
    given: guardOf({}),
    to: false,
    sees: (gate) => [gate.snapshot.flags.get('f')?.deadlineMs, compiledGuard(gate)],
    was: [5_000, true],
    becomes: [Number.POSITIVE_INFINITY, false],
  },
  'flags.*.guard.action': {
    given: guardOf({}),
    to: 'freeze',
    sees: (gate) => gate.guard({ erroredSlots: slots(20) }, {}),
    was: 'rollback 2',
    becomes: 'freeze 2',
  },
  'flags.*.guard.alpha': {
    given: guardOf({ errors: {} }),
    to: 1e-9,
    sees: (gate) => gate.guard({ erroredSlots: slots(4) }, {}),
    was: 'rollback 3',
    becomes: 'rollback 10',
  },
  'flags.*.guard.errors': {
    given: guardOf({ latency: {} }),
    to: {},
    sees: (gate) => gate.guard({ erroredSlots: slots(20) }, {}),
    was: 'baking',
    becomes: 'rollback 2',
  },
  'flags.*.guard.errors.rho': {
    given: guardOf({ errors: { delta: 0 } }),
    to: 100,
    sees: (gate) => gate.guard({ erroredSlots: slots(20) }, { erroredSlots: [50_000], errors: 1 }, 30),
    was: 'rollback 2',
    becomes: 'collecting',
  },
  'flags.*.guard.errors.delta': {
    given: guardOf({ errors: {} }),
    to: 0.5,
    sees: (gate) => gate.guard({ erroredSlots: slots(20) }, {}),
    was: 'rollback 2',
    becomes: 'collecting',
  },
  'flags.*.guard.errors.minBuckets': {
    given: guardOf({ errors: {} }),
    to: 100,
    sees: (gate) => gate.guard({ erroredSlots: slots(20) }, {}),
    was: 'rollback 2',
    becomes: 'rollback 15',
  },
  'flags.*.guard.latency': {
    given: guardOf({ errors: {} }),
    to: {},
    sees: (gate) => gate.guard(SLOW, {}),
    was: 'baking',
    becomes: 'rollback 10',
  },
  'flags.*.guard.latency.rho': {
    given: guardOf({ latency: {} }),
    to: 100,
    sees: (gate) => gate.guard(SLOW, { latency: { 50: 90, 80: 10 } }),
    was: 'rollback 11',
    becomes: 'collecting',
  },
  'flags.*.guard.latency.delta': {
    given: guardOf({ latency: {} }),
    to: 1,
    sees: (gate) => gate.guard(SLOW, {}),
    was: 'rollback 9',
    becomes: 'collecting',
  },
  'flags.*.guard.latency.marginBuckets': {
    given: guardOf({ latency: {} }),
    to: 40,
    sees: (gate) => gate.guard(SLOW, {}),
    was: 'rollback 9',
    becomes: 'collecting',
  },
  'flags.*.guard.latency.deadlineMs': {
    given: guardOf({ latency: {} }),
    to: 900,
    sees: ({ snapshot }) => snapshot.flags.get('f')?.deadlineMs,
    was: 5_000,
    becomes: 900,
  },
  'flags.*.guard.latency.minSlow': {
    given: guardOf({ latency: {} }),
    to: 1_000,
    sees: (gate) => gate.guard(SLOW, {}),
    was: 'rollback 9',
    becomes: 'rollback 36',
  },
  'flags.*.guard.latency.fewMachines': {
    given: guardOf({ latency: {} }),
    to: true,
    sees: (gate) => gate.guard(SLOW, {}),
    was: 'rollback 9',
    becomes: 'rollback 16',
  },
  'flags.*.guard.traffic.maxDropPercent': {
    given: guardOf({}),
    from: 20,
    to: 90,
    sees: (gate) => gate.guard({ journeys: 10 }, { journeys: 30 }),
    was: 'rollback 20',
    becomes: 'broken-split',
  },
  'flags.*.guard.ceilings.errorRate': {
    given: guardOf({ ceilings: {} }),
    from: 0.1,
    to: 0.9,
    sees: (gate) => gate.guard({ erroredSlots: slots(20) }, {}, 30),
    was: 'rollback 3',
    becomes: 'baking',
  },
  'flags.*.guard.ceilings.p95Ms': {
    given: guardOf({ ceilings: {} }),
    from: 500,
    to: 5_000,
    sees: (gate) => [gate.guard(SLOW, {}, 30), gate.snapshot.flags.get('f')?.deadlineMs],
    was: ['rollback 8', 5000],
    becomes: ['baking', 6000],
  },
  'flags.*.guard.ceilings.minRequests': {
    given: guardOf({ ceilings: { errorRate: 0.1 } }),
    to: 2_000,
    sees: (gate) => gate.guard({ erroredSlots: slots(20) }, {}, 30),
    was: 'rollback 3',
    becomes: 'rollback 20',
  },
  'flags.*.guard.thresholds.errors': {
    given: guardOf({ thresholds: {} }),
    from: 39,
    to: 40,
    sees: (gate) => gate.guard({ erroredSlots: slots(20), errors: 20 }, {}),
    was: 'rollback 2',
    becomes: 'rollback 3',
  },
  'flags.*.guard.thresholds.slow.count': {
    given: guardOf({ thresholds: { slow: { baselineMs: 500 } } }),
    from: 59,
    to: 60,
    sees: (gate) => gate.guard(SLOW, {}),
    was: 'rollback 2',
    becomes: 'rollback 3',
  },
  'flags.*.guard.thresholds.slow.baselineMs': {
    given: guardOf({ thresholds: { slow: { count: 59 } } }),
    from: 500,
    to: 5_000,
    sees: (gate) => gate.guard(SLOW, {}, 30),
    was: 'rollback 2',
    becomes: 'baking',
  },
  'flags.*.private': {
    to: true,
    sees: ({ snapshot }) => snapshot.flags.get('f')?.isPrivate,
    was: false,
    becomes: true,
  },
  'flags.*.metadata.*': {
    at: `${F}.metadata.team`,
    to: 'a',
    sees: ({ snapshot }) => snapshot.flags.get('f')?.metadata,
    was: {},
    becomes: { team: 'a' },
  },
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
    was: 100,
    becomes: 5,
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
        sees: ({ document }) => document.notifications?.webhooks[0]?.[key],
        was,
        becomes,
      },
    ]),
  ),
  'notifications.webhooks.format': {
    given: HOOK,
    to: 'slack',
    sees: ({ document }) => {
      const [webhook] = document.notifications?.webhooks ?? []
      return Object.keys(JSON.parse(notificationBody(KILLED, webhook?.format ?? 'json')) as object)
    },
    was: Object.keys(KILLED),
    becomes: ['text'],
  },
  'notifications.webhooks.events': {
    given: HOOK,
    to: ['kill'],
    sees: ({ document }) => document.notifications?.webhooks[0]?.events.length,
    was: 10,
    becomes: 1,
  },
}

/** Latencies of which most are far above control's. */
const SLOW = { latency: { 50: 70, 80: 30 } }

function compiledGuard(gate: Gate): boolean {
  try {
    return gate.plan().guard !== undefined
  } catch {
    return false
  }
}

function debtsOf({ document: { flags } }: Gate): string[] {
  const { owner, expires } = flags.f ?? {}
  const facts = { owner, settledSinceMs: undefined, lastSeenMs: undefined, knownSinceMs: 0 }
  const expiresMs = expires === undefined ? undefined : parseTimeMs(expires)
  return debtOf({ ...facts, expiresMs }, Date.UTC(2026, 5, 1)).map(({ kind }) => kind)
}

type Schema = {
  type: string
  entries?: Record<string, Schema>
  wrapped?: Schema
  item?: Schema
  value?: Schema
  options?: Schema[]
}

/** The keys of a schema by path; lists and alternatives add nothing, a record's keys are `*`. */
function keysOf(schema: Schema, at = ''): string[] {
  const below = (key: string, inner: Schema) => {
    const path = at === '' ? key : `${at}.${key}`
    return [path, ...keysOf(inner, path)]
  }
  if (schema.wrapped) return keysOf(schema.wrapped, at)
  if (schema.type === 'array' && schema.item) return keysOf(schema.item, at)
  if (schema.type === 'record' && schema.value) return below('*', schema.value)
  if (schema.options)
    return schema.options.flatMap((option) => (typeof option === 'object' ? keysOf(option, at) : []))
  return Object.entries(schema.entries ?? {}).flatMap(([key, inner]) => below(key, inner))
}

const KEYS = [...new Set(keysOf(gateDocumentSchema as unknown as Schema))]
/** A key with keys below it has their cases. Key sets are passed on as they are. */
const LEAVES = KEYS.filter(
  (key) => !KEYS.some((other) => other.startsWith(`${key}.`)) && !key.startsWith('context.jwt.jwks.keys.'),
)

describe('the keys of the gate document', () => {
  it('have a case each', () => {
    expect(LEAVES.length).toBeGreaterThan(80)
    expect(LEAVES.filter((key) => CASES[key] === undefined)).toEqual([])
    expect(Object.keys(CASES).filter((key) => !KEYS.includes(key))).toEqual([])
  })

  const LISTS = /(routes|rules|when|stages|windows|overrides|hash|requires|freezes|webhooks)(?=\.)/g

  it.each(Object.entries(CASES))('%s', (key, { at, given = {}, from, to, sees, was, becomes }) => {
    const place = at ?? key.replace('flags.*', F).replace(LISTS, '$1.0')
    const gateWith = (value: unknown) => new Gate(changed(BASE, { ...given, [place]: value }))
    expect(sees(gateWith(from))).toEqual(was)
    expect(sees(gateWith(to))).toEqual(becomes)
  })
})
