/** What is told of a broken document: where, what is there, what must be there, how to fix it. */
import { describe, expect, it } from 'vitest'
import { parseDocumentValue, parseJson } from '../../../src/core/config/parse/parse.ts'
import { closest, describeProblems, jsonPath } from '../../../src/core/config/parse/problems.ts'
import { DEEPEST_LEVEL, inspectJson, isDeeperThan } from '../../../src/core/config/parse/readable.ts'
import { chainProblems } from '../../../src/core/config/parse/requirement-chains.ts'
import { BASE, type Changes, changed, F, RULE } from './keys/case.ts'

/** The problems of a document with these changes, a line each. */
function problemsOf(changes: Changes): string[] {
  const parsed = parseDocumentValue(changed(BASE, changes))
  if (parsed.ok) return []
  return parsed.problems.map(({ path, found, expected, fix }) => `${path}: ${found} | ${expected} | ${fix}`)
}
const told = (list: readonly Changes[]) => list.flatMap((changes) => [...problemsOf(changes), '—'])
const stage = (percentage: number) => ({ percentage })
const route = (path: string, parts: object = {}) => ({ path, origin: 'old', ...parts })
const when = (op: string, values: unknown[]) => ({ [`${RULE}.when`]: [{ attribute: 'a', op, values }] })

describe('problems', () => {
  it('of names that refer to nothing', () => {
    const many = Object.fromEntries('abcdefghij'.split('').map((key) => [key, BASE.flags.g]))
    expect(
      told([
        { [`${F}.off`]: 'of' },
        { [`${RULE}.serve`]: 'nowhere' },
        { [`${RULE}.serve`]: { on: 50, x: 50 } },
        { [`${F}.requires`]: ['h'] },
        { [`${F}.requires`]: [{ flag: 'g', variants: ['on', 'b'] }] },
        { [`${F}.requires`]: ['toString'] },
        {
          [`${RULE}.serve`]: { on: 100 },
          [`${RULE}.bucketing`]: {
            scheme: 'unleash',
            group: '',
            stickiness: ['u'],
            overrides: [{ attribute: 'a', values: [], serve: 'x' }],
          },
        },
        { 'bootstrap.flags': ['f', 'h'] },
        { flags: many, 'bootstrap.flags': ['zzzz'] },
        { defaultOrigin: 'ol' },
        { flags: {}, 'bootstrap.flags': ['zzzz'] },
        { routes: [{ path: '/*', flag: 'toString' }] },
        { routes: [{ path: '/*', flag: 'x' }] },
        { routes: [route('/*', { origin: 'oldd' })] },
      ]),
    ).toMatchInlineSnapshot(`
      [
        "$.flags.f.off: "of" | the name of a variant of the flag (on, off, b) | did you mean "on"?",
        "—",
        "$.flags.f.rules[0].serve: "nowhere" | the name of a variant of the flag (on, off, b) | define it, or use a name that exists",
        "—",
        "$.flags.f.rules[0].serve.x: "x" | the name of a variant of the flag (on, off, b) | define it, or use a name that exists",
        "—",
        "$.flags.f.requires[0]: "h" | the name of a flag (f, g) | define it, or use a name that exists",
        "—",
        "$.flags.f.requires[0].variants: "b" | the name of a variant of the required flag (on, off) | define it, or use a name that exists",
        "—",
        "$.flags.f.requires[0]: "toString" | the name of a flag (f, g) | define it, or use a name that exists",
        "—",
        "$.flags.f.rules[0].bucketing.overrides[0].serve: "x" | the name of a variant of the flag (on, off, b) | define it, or use a name that exists",
        "—",
        "$.bootstrap.flags[1]: "h" | the name of a flag (f, g) | define it, or use a name that exists",
        "—",
        "$.bootstrap.flags[0]: "zzzz" | the name of a flag (a, b, c, d, e, f, g, h, …) | define it, or use a name that exists",
        "—",
        "$.defaultOrigin: "ol" | the name of an origin (old, new) | did you mean "old"?",
        "—",
        "$.bootstrap.flags[0]: "zzzz" | the name of a flag (none is defined) | define it, or use a name that exists",
        "—",
        "$.routes[0].flag: "toString" | the name of a flag (f, g) | define it, or use a name that exists",
        "—",
        "$.routes[0].flag: "x" | the name of a flag (f, g) | define it, or use a name that exists",
        "—",
        "$.routes[0].origin: "oldd" | the name of an origin (old, new) | did you mean "old"?",
        "—",
      ]
    `)
  })

  it('of routes', () => {
    expect(
      told([
        { routes: [{ path: '/*' }] },
        { routes: [{ path: '/*', flag: 'f', origin: 'old' }] },
        { routes: [route('/*', { origins: { on: 'new' } })] },
        { routes: [{ path: '/*', flag: 'f', origins: { on: 'newer', x: 'old' } }] },
        { routes: [route('/*'), route('/a')] },
        { routes: [route('/a/*'), route('/a')] },
        { routes: [route('/a'), route('/a')] },
        { routes: [route('/a'), route('/b'), route('/a/*'), route('/*')] },
        { routes: [route('/*', { host: '*.test' }), route('/a', { host: 'b.test' }), route('/b')] },
        {
          routes: [
            route('/*', { method: 'get' }),
            route('/a', { method: ['GET'] }),
            route('/b', { method: ['GET', 'POST'] }),
            route('/c'),
          ],
        },
        { routes: [route('/__sluice/*'), route('/__sluice/x'), route('/__sluices')] },
      ]),
    ).toMatchInlineSnapshot(`
      [
        "$.routes[0]: {"path":"/*","rescue":["GET","HEAD","OPTIONS"],"severable":true} | either "origin", or "flag" with "origins" | name an origin, or a flag with an origin per variant",
        "—",
        "$.routes[0]: {"path":"/*","origin":"old","flag":"f","rescue":["GET","HEAD","OPTIONS"],"severa… | either "origin", or "flag" with "origins" | name an origin, or a flag with an origin per variant",
        "—",
        "$.routes[0].origins: {"on":"new"} | "origins" only together with "flag" | remove it",
        "—",
        "$.routes[0].origins.on: "newer" | the name of an origin (old, new) | did you mean "new"?",
        "$.routes[0].origins.x: "x" | the name of a variant of the flag (on, off, b) | define it, or use a name that exists",
        "$.routes[0].origins: {"on":"newer","x":"old"} | an origin for every variant of the flag | add "off", "b"",
        "—",
        "$.routes[1]: /a, which route 0 (/*) matches first | a route that can be reached | move it up, or remove it",
        "—",
        "$.routes[1]: /a, which route 0 (/a/*) matches first | a route that can be reached | move it up, or remove it",
        "—",
        "$.routes[1]: /a, which route 0 (/a) matches first | a route that can be reached | move it up, or remove it",
        "—",
        "—",
        "$.routes[1]: /a, which route 0 (/*) matches first | a route that can be reached | move it up, or remove it",
        "—",
        "$.routes[1]: /a, which route 0 (/*) matches first | a route that can be reached | move it up, or remove it",
        "—",
        "$.routes[0]: /__sluice/*, which the gate answers itself | a route that can be reached | choose another path, or remove the route: the gate reserves /__sluice and all paths below it",
        "$.routes[1]: /__sluice/x, which the gate answers itself | a route that can be reached | choose another path, or remove the route: the gate reserves /__sluice and all paths below it",
        "—",
      ]
    `)
  })

  it('of rules, stages and dates', () => {
    expect(
      told([
        { [`${RULE}.serve`]: { on: 50, b: 49 } },
        { [`${RULE}.serve`]: { on: 0 }, [`${RULE}.bucketing`]: { scheme: 'flagd', hash: [{ text: 'x' }] } },
        { [`${RULE}.serve`]: { on: 7 }, [`${RULE}.bucketing`]: { scheme: 'flagd', hash: [{ text: 'x' }] } },
        ...[100, 1_000, 10_000, 100_000].map((sum) => ({ [`${RULE}.serve`]: { on: sum } })),
        { [`${RULE}.stages`]: [stage(5), stage(5), stage(4)] },
        { [`${RULE}.stages`]: [stage(5), stage(6)], [`${RULE}.percentage`]: 5 },
        {
          [`${F}.rules`]: [
            { serve: 'on', stages: [stage(5)] },
            { serve: 'on', stages: [stage(5)] },
            { serve: 'b', stages: [stage(5)] },
          ],
        },
        { [`${F}.schedule`]: { start: '2026-01-02', end: '2026-01-02' } },
        { [`${F}.schedule`]: { start: '2026-01-02' } },
        { freezes: [{ start: '2026-01-02', end: '2026-01-01' }] },
        when('gt', [1, 'x']),
        when('in', []),
        when('exists', ['x']),
        when('matches', ['a', '(']),
        when('matches', ['^a{9}', '^(?:a{50}){20}b']),
        when('matches', ['(?:a|b){500}x{1,500}y']),
        when('before', ['yesterday']),
        when('semver_gt', ['2.4', 'latest']),
        when('in_cidr', ['10.0.0.0/8', '10.0.0']),
        when('eq', ['']),
        when('eq', [1, '']),
      ]),
    ).toMatchInlineSnapshot(`
      [
        "$.flags.f.rules[0].serve: {"on":50,"b":49} | weights that add up to 100 (or 1000, 10000, 100000) | they add up to 99: change the weights",
        "—",
        "$.flags.f.rules[0].serve: {"on":0} | weights that add up to 100 (or 1000, 10000, 100000) | they add up to 0: change the weights",
        "—",
        "—",
        "—",
        "—",
        "—",
        "—",
        "$.flags.f.rules[0].stages[1].percentage: 5 | a percentage above the 5 % of the stage before | increase the percentage from stage to stage",
        "$.flags.f.rules[0].stages[2].percentage: 4 | a percentage above the 5 % of the stage before | increase the percentage from stage to stage",
        "—",
        "$.flags.f.rules[0].percentage: 5 | either "percentage" or "stages" | remove one of the two",
        "—",
        "$.flags.f.rules[1].stages: [{"percentage":5,"bake":"10m","approval":false,"advance":"auto"}] | stages in only one rule of a flag (rule 1 has them) | use "percentage"",
        "$.flags.f.rules[2].stages: [{"percentage":5,"bake":"10m","approval":false,"advance":"auto"}] | stages in only one rule of a flag (rule 1 has them) | use "percentage"",
        "—",
        "$.flags.f.schedule.end: "2026-01-02" | a date after 2026-01-02 | correct or swap the two dates",
        "—",
        "—",
        "$.freezes[0].end: "2026-01-01" | a date after 2026-01-02 | correct or swap the two dates",
        "—",
        "$.flags.f.rules[0].when[0].values[1]: "x" | a finite number | use a number such as 42 or 1.5",
        "—",
        "$.flags.f.rules[0].when[0].values: [] | at least one value | add the values to compare with",
        "—",
        "$.flags.f.rules[0].when[0].values[0]: "x" | no values | remove "values"; use "negate" to ask for absence",
        "—",
        "$.flags.f.rules[0].when[0].values[1]: "(" | a regular expression that RE2 accepts | fix the pattern (a "(" without its ")" at "("); RE2 has no lookahead or back-references",
        "—",
        "$.flags.f.rules[0].when[0].values[1]: "^(?:a{50}){20}b" | a regular expression with at most 1,000 characters and classes, 100 of them different | shorten the pattern or its repetitions: it has more than 1,000 characters and classes when its repetitions are written out",
        "—",
        "$.flags.f.rules[0].when[0].values[0]: "(?:a|b){500}x{1,500}y" | a regular expression with at most 1,000 characters and classes, 100 of them different | shorten the pattern or its repetitions: it has more than 1,000 characters and classes when its repetitions are written out",
        "—",
        "$.flags.f.rules[0].when[0].values[0]: "yesterday" | an ISO 8601 date or date-time | use a form such as "2026-12-01T00:00:00Z"",
        "—",
        "$.flags.f.rules[0].when[0].values[1]: "latest" | a semantic version | write all three parts, such as "2.4.0"",
        "—",
        "$.flags.f.rules[0].when[0].values[1]: "10.0.0" | an IP address or a CIDR range | use a form such as "203.0.113.0/24" or "2001:db8::/32"",
        "—",
        "$.flags.f.rules[0].when[0].values[0]: "" | a finite number | use a number such as 42 or 1.5",
        "—",
        "—",
      ]
    `)
  })

  it('of requirements that form a cycle or a long chain', () => {
    const chain = (length: number) =>
      Object.fromEntries(
        Array.from({ length }, (_, n) => [`f${n}`, { requires: n + 1 < length ? [`f${n + 1}`] : [] }]),
      )
    const ring = {
      a: { requires: ['b'] },
      b: { requires: ['x', { flag: 'c', on: true }] },
      c: { requires: ['b'] },
      x: { requires: [] },
    }
    expect(chainProblems(ring)).toMatchInlineSnapshot(`
      [
        {
          "expected": "requirements without a cycle",
          "fix": "remove one of the requirements",
          "found": ""b → c → b"",
          "path": "$.flags.c.requires[0]",
        },
      ]
    `)
    expect(chainProblems({ self: { requires: ['self', 'gone'] } }, (key) => [key])).toMatchInlineSnapshot(`
      [
        {
          "expected": "requirements without a cycle",
          "fix": "remove one of the requirements",
          "found": ""self → self"",
          "path": "$.self[0]",
        },
      ]
    `)
    expect([49, 50, 51, 60].map((length) => chainProblems(chain(length)))).toMatchInlineSnapshot(`
      [
        [],
        [],
        [
          {
            "expected": "chains of at most 50 flags",
            "fix": "require only what the flag itself needs",
            "found": "a chain of 51 flags",
            "path": "$.flags.f0.requires",
          },
        ],
        [
          {
            "expected": "chains of at most 50 flags",
            "fix": "require only what the flag itself needs",
            "found": "a chain of 51 flags",
            "path": "$.flags.f9.requires",
          },
        ],
      ]
    `)
  })

  it('of the keys that visitors’ tokens are verified with', () => {
    const jwt = (parts: object) => ({ 'context.jwt': parts })
    expect(
      told([
        { 'context.targetingKey': [{ cookie: 'c' }, { jwt: 'sub' }] },
        { 'context.attributes': { plan: { jwt: 'plan' } } },
        { 'context.attributes': { plan: { cookie: 'plan' } } },
        jwt({}),
        jwt({ jwks: 'https://k.test', secretBinding: 'K' }),
        jwt({ jwks: 'https://k.test', algorithms: ['RS256', 'ES256'] }),
        jwt({ jwks: 'https://k.test', algorithms: ['RS256', 'HS256'] }),
        jwt({ secretBinding: 'K', algorithms: ['HS256'] }),
        jwt({ secretBinding: 'K', algorithms: ['HS256', 'ES256'] }),
        jwt({ jwks: { keys: [] } }),
        jwt({ jwks: { keys: [{ n: 'x' }, { kty: 'EC', d: 'x' }, { kty: 'oct', k: 'x' }, { kty: 'EC' }] } }),
      ]),
    ).toMatchInlineSnapshot(`
      [
        "$.context.jwt: nothing | settings to verify tokens, as a source reads one | add "context.jwt" with "jwks" or "secretBinding"",
        "—",
        "$.context.jwt: nothing | settings to verify tokens, as a source reads one | add "context.jwt" with "jwks" or "secretBinding"",
        "—",
        "—",
        "$.context.jwt: {"clockToleranceSeconds":5} | exactly one of "jwks" and "secretBinding" | name the key set, or the secret that holds the HS256 key",
        "—",
        "$.context.jwt: {"clockToleranceSeconds":5,"jwks":"https://k.test","secretBinding":"K"} | exactly one of "jwks" and "secretBinding" | name the key set, or the secret that holds the HS256 key",
        "—",
        "—",
        "$.context.jwt.algorithms: ["RS256","HS256"] | RS256 or ES256, as "jwks" holds public keys | remove HS256, or store its key as a Worker secret and name that in "secretBinding"",
        "—",
        "—",
        "$.context.jwt.algorithms: ["HS256","ES256"] | ["HS256"] with "secretBinding" | remove the algorithms that do not fit the key",
        "—",
        "$.context.jwt.jwks.keys: [] | at least one key | add the public key",
        "—",
        "$.context.jwt.jwks.keys[0]: a key without "kty" | a public key as JWK | add "kty", "RSA" or "EC", and the numbers of the key",
        "$.context.jwt.jwks.keys[1].d: a key with its secret part | a public key | the key is compromised: create another, and put only its public half here",
        "$.context.jwt.jwks.keys[2].k: a key with its secret part | a public key | the key is compromised: create another, and put only its public half here",
        "—",
      ]
    `)
  })

  it('of shape', () => {
    expect(
      told([
        { [F]: 5 },
        { [`${F}.variants`]: {} },
        { [`${F}.enabled`]: 'yes' },
        { [`${F}.tags`]: 'a' },
        { [`${F}.off`]: undefined },
        { [`${F}.guard.action`]: 'stop' },
        { [`${F}.ofF`]: 1 },
        { [`${F}.timeoutMs`]: 1 },
        { [`${F}.zzzzzzzz`]: 1 },
        { [`${RULE}.percentage`]: 'x'.repeat(200) },
        { [`${RULE}.percentage`]: -1 },
        { [`${RULE}.percentage`]: 101 },
        { [`${RULE}.percentage`]: 1.0001 },
        { origins: {} },
        { routes: [] },
        { 'origins.old.timeoutMs': 0 },
        { 'origins.old.timeoutMs': 600_001 },
        {
          [`${F}.guard`]: {
            alpha: 0.51,
            errors: { rho: 0.9, minBuckets: 1.5 },
            ceilings: { errorRate: 1.1, p95Ms: 0, minRequests: 0 },
            traffic: { maxDropPercent: 100 },
          },
        },
        {
          [`${F}.guard`]: {
            alpha: 1e-10,
            errors: { rho: 101, delta: 1.1, minBuckets: 101 },
            ceilings: { errorRate: 1e-7 },
            traffic: { maxDropPercent: 0.5 },
            latency: { marginBuckets: 81, minSlow: 0, deadlineMs: 0 },
          },
        },
        {
          [`${F}.rollout`]: {
            stepBack: '11m',
            windows: [{ days: [], from: '24:00', to: '9:00' }],
            timezone: 'Mars',
          },
        },
        { [`${RULE}.stages`]: [] },
        { [`${RULE}.serve`]: {} },
        { [`${RULE}.serve`]: { on: -1 } },
        { 'flagQueries.allowedOrigins': ['https://a.test/'] },
        { 'notifications.webhooks': [{ url: 'ftp://a', events: [] }] },
        { 'context.targetingKey': [] },
        { 'context.targetingKey': { header: 'a b' } },
        { 'context.targetingKey': { header: 'a', cookie: 'b' } },
        { 'context.jwt': { secretBinding: 'K', algorithms: [], clockToleranceSeconds: 601 } },
        {
          'context.jwt': {
            secretBinding: 'K',
            clockToleranceSeconds: -1,
            from: { header: 'a', cookie: 'b' },
          },
        },
        { 'errorPage.html': 'x'.repeat(65_537) },
        { 'errorPage.html': '' },
      ]),
    ).toMatchInlineSnapshot(`
      [
        "$.flags.f: 5 | an object | replace it with an object",
        "—",
        "$.flags.f.variants: {} | at least one variant | replace it with at least one variant",
        "—",
        "$.flags.f.enabled: "yes" | true or false | replace it with true or false",
        "—",
        "$.flags.f.tags: "a" | a list | replace it with a list",
        "—",
        "$.flags.f.off: nothing | the key "off" | add "off"",
        "—",
        "$.flags.f.guard.action: "stop" | one of "rollback", "freeze" | replace it with one of "rollback", "freeze"",
        "—",
        "$.flags.f.ofF: the unknown key "ofF" | a known key (description, owner, tags, expires, enabled, variants, off, salt, environments, schedule, requires, rules, rollout, guard, experiment, private, …) | did you mean "off"?",
        "—",
        "$.flags.f.timeoutMs: the unknown key "timeoutMs" | a known key (description, owner, tags, expires, enabled, variants, off, salt, environments, schedule, requires, rules, rollout, guard, experiment, private, …) | it is a key of origins.*, routes[]: move it, or remove it",
        "—",
        "$.flags.f.zzzzzzzz: the unknown key "zzzzzzzz" | a known key (description, owner, tags, expires, enabled, variants, off, salt, environments, schedule, requires, rules, rollout, guard, experiment, private, …) | remove it",
        "—",
        "$.flags.f.rules[0].percentage: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx… | a number | replace it with a number",
        "—",
        "$.flags.f.rules[0].percentage: -1 | a percentage from 0 to 100 | replace it with a percentage from 0 to 100",
        "—",
        "$.flags.f.rules[0].percentage: 101 | a percentage from 0 to 100 | replace it with a percentage from 0 to 100",
        "—",
        "$.flags.f.rules[0].percentage: 1.0001 | a percentage with at most three decimals | replace it with a percentage with at most three decimals",
        "—",
        "$.origins: {} | at least one origin | replace it with at least one origin",
        "—",
        "$.routes: [] | at least one route | replace it with at least one route",
        "—",
        "$.origins.old.timeoutMs: 0 | a timeout of at least 1 ms | replace it with a timeout of at least 1 ms",
        "—",
        "$.origins.old.timeoutMs: 600001 | a timeout of at most 600000 ms | replace it with a timeout of at most 600000 ms",
        "—",
        "$.flags.f.guard.alpha: 0.51 | a probability up to 0.5 | replace it with a probability up to 0.5",
        "$.flags.f.guard.errors.rho: 0.9 | a ratio from 1 to 100 | replace it with a ratio from 1 to 100",
        "$.flags.f.guard.errors.minBuckets: 1.5 | a whole number from 1 to 100 | replace it with a whole number from 1 to 100",
        "$.flags.f.guard.traffic.maxDropPercent: 100 | a percentage from 1 to 99 | replace it with a percentage from 1 to 99",
        "$.flags.f.guard.ceilings.errorRate: 1.1 | a rate above 0, at most 1 | replace it with a rate above 0, at most 1",
        "$.flags.f.guard.ceilings.p95Ms: 0 | at least 1 millisecond | replace it with at least 1 millisecond",
        "$.flags.f.guard.ceilings.minRequests: 0 | a whole number of at least 1 | replace it with a whole number of at least 1",
        "—",
        "$.flags.f.guard.alpha: 1e-10 | a probability up to 0.5 | replace it with a probability up to 0.5",
        "$.flags.f.guard.errors.rho: 101 | a ratio from 1 to 100 | replace it with a ratio from 1 to 100",
        "$.flags.f.guard.errors.delta: 1.1 | a share from 0 to 1 | replace it with a share from 0 to 1",
        "$.flags.f.guard.errors.minBuckets: 101 | a whole number from 1 to 100 | replace it with a whole number from 1 to 100",
        "$.flags.f.guard.latency.marginBuckets: 81 | a whole number from 0 to 80 | replace it with a whole number from 0 to 80",
        "$.flags.f.guard.latency.deadlineMs: 0 | a number of milliseconds above 0 | replace it with a number of milliseconds above 0",
        "$.flags.f.guard.latency.minSlow: 0 | a whole number of at least 1 | replace it with a whole number of at least 1",
        "$.flags.f.guard.traffic.maxDropPercent: 0.5 | a percentage from 1 to 99 | replace it with a percentage from 1 to 99",
        "$.flags.f.guard.ceilings.errorRate: 1e-7 | a rate above 0, at most 1 | replace it with a rate above 0, at most 1",
        "—",
        "$.flags.f.rollout.windows[0].days: [] | at least one day | replace it with at least one day",
        "$.flags.f.rollout.windows[0].from: "24:00" | a time of day such as "09:00" | replace it with a time of day such as "09:00"",
        "$.flags.f.rollout.windows[0].to: "9:00" | a time of day such as "09:00" | replace it with a time of day such as "09:00"",
        "$.flags.f.rollout.timezone: "Mars" | the IANA name of a timezone, such as "Europe/Bucharest" | replace it with the IANA name of a timezone, such as "Europe/Bucharest"",
        "$.flags.f.rollout.stepBack: "11m" | a duration of at most 10 minutes | replace it with a duration of at most 10 minutes",
        "—",
        "$.flags.f.rules[0].stages: [] | at least one stage | replace it with at least one stage",
        "—",
        "$.flags.f.rules[0].serve: {} | at least one variant with a weight | replace it with at least one variant with a weight",
        "—",
        "$.flags.f.rules[0].serve.on: -1 | a weight of at least 0 | replace it with a weight of at least 0",
        "—",
        "$.flagQueries.allowedOrigins[0]: "https://a.test/" | an origin such as "https://app.example.com", without a path | replace it with an origin such as "https://app.example.com", without a path",
        "—",
        "$.notifications.webhooks[0].url: "ftp://a" | an http:// or https:// URL | replace it with an http:// or https:// URL",
        "$.notifications.webhooks[0].events: [] | at least one | replace it with at least one",
        "—",
        "$.context.targetingKey: [] | a list of at least one | replace it with a list of at least one",
        "—",
        "$.context.targetingKey.header: "a b" | the name of an HTTP header | replace it with the name of an HTTP header",
        "—",
        "$.context.targetingKey: {"header":"a","cookie":"b"} | exactly one of header, cookie, query, jwt | replace it with exactly one of header, cookie, query, jwt",
        "—",
        "$.context.jwt.algorithms: [] | at least one algorithm | replace it with at least one algorithm",
        "$.context.jwt.clockToleranceSeconds: 601 | a number of seconds from 0 to 600 | replace it with a number of seconds from 0 to 600",
        "—",
        "$.context.jwt.from: {"header":"a","cookie":"b"} | exactly one of header, cookie | replace it with exactly one of header, cookie",
        "$.context.jwt.clockToleranceSeconds: -1 | a number of seconds from 0 to 600 | replace it with a number of seconds from 0 to 600",
        "—",
        "$.errorPage.html: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx… | a page of at most 65536 characters | replace it with a page of at most 65536 characters",
        "—",
        "$.errorPage.html: "" | a non-empty string | replace it with a non-empty string",
        "—",
      ]
    `)
  })

  it('of values at the edge of what is allowed are none', () => {
    expect(
      told([
        { [`${RULE}.percentage`]: 0 },
        { [`${RULE}.percentage`]: 99.999 },
        { 'origins.old.timeoutMs': 1 },
        { 'origins.old.timeoutMs': 600_000 },
        {
          [`${F}.guard`]: {
            alpha: 0.5,
            errors: { rho: 1, delta: 0, minBuckets: 1 },
            ceilings: { errorRate: 1, p95Ms: 1, minRequests: 1 },
            traffic: { maxDropPercent: 99 },
            latency: { marginBuckets: 0, minSlow: 1 },
            thresholds: { errors: 0, slow: { count: 0, baselineMs: 1 } },
          },
        },
        {
          [`${F}.guard`]: {
            alpha: 1e-9,
            errors: { rho: 100, delta: 1, minBuckets: 100 },
            ceilings: { errorRate: 1e-6 },
            traffic: { maxDropPercent: 1 },
            latency: { marginBuckets: 80 },
          },
        },
        { [`${F}.rollout`]: { stepBack: '10m', windows: [{ days: ['sun'], from: '23:59', to: '00:00' }] } },
        { 'errorPage.html': 'x'.repeat(65_536) },
        { 'context.jwt': { secretBinding: 'K', clockToleranceSeconds: 600 } },
        { 'context.jwt': { secretBinding: 'K', clockToleranceSeconds: 0 } },
      ]).filter((line) => line !== '—'),
    ).toEqual([])
  })

  it('are at most a hundred', () => {
    const flags = (flag: object) => Object.fromEntries(Array.from({ length: 150 }, (_, n) => [`f${n}`, flag]))
    expect(problemsOf({ flags: flags({}) })).toHaveLength(100)
    expect(problemsOf({ flags: flags({ variants: { on: 1 }, off: 'x' }) })).toHaveLength(100)
    expect(problemsOf({ 'flags.f.metadata': flags({ constructor: 1 }) })).toHaveLength(100)
  })
})

describe('a problem', () => {
  it('has a path that can be read and looked up', () => {
    expect(jsonPath(['a', 0, 'b-c', '$d', '1e', 'x"y'])).toBe('$.a[0]["b-c"].$d["1e"]["x\\"y"]')
    expect(describeProblems([{ path: '$', found: 'a', expected: 'b', fix: 'c' }])).toBe(
      '  $\n    found     a\n    expected  b\n    fix       c',
    )
  })

  it('guesses a name that is at most two letters away, the nearest one', () => {
    const candidates = ['percentage', 'stages', 'serve', 'on', 'off']
    const guesses = [
      'percantage',
      'PERCENTAGE',
      'percntag',
      'prcntag',
      'stagse',
      'sarve',
      'of',
      'onn',
      'xy',
      'x',
      '',
    ]
    expect(guesses.map((word) => `${word} ${closest(word, candidates)}`)).toEqual([
      'percantage percentage',
      'PERCENTAGE percentage',
      'percntag percentage',
      'prcntag undefined',
      'stagse stages',
      'sarve serve',
      'of on',
      'onn on',
      'xy undefined',
      'x undefined',
      ' undefined',
    ])
    expect(closest('abc', ['abd', 'abc'])).toBe('abc')
    expect(closest('kitten', ['sitting'])).toBeUndefined()
    expect(closest('lawn', ['flaw'])).toBe('flaw')
  })
})

describe('JSON', () => {
  it('that nests too deep is not walked', () => {
    const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)])
    expect(DEEPEST_LEVEL).toBe(64)
    expect(inspectJson(nested(64))).toEqual({ problems: [], valueCount: 65 })
    expect(inspectJson(nested(65)).problems).toMatchObject([{ path: `$${'[0]'.repeat(64)}` }])
    expect([2, 3, 4].map((levels) => isDeeperThan({ a: { b: [] } }, levels))).toEqual([true, false, false])
    expect(isDeeperThan(null, 0)).toBe(false)
    expect(isDeeperThan({}, 0)).toBe(true)
  })

  it('with names that JavaScript treats specially is refused, where they are', () => {
    const { problems, valueCount } = inspectJson(
      JSON.parse('{"a":[{"__proto__":1,"b":2}],"prototype":3,"c":4}'),
    )
    expect(problems.map(({ path, found }) => `${path} ${found}`)).toEqual([
      '$.a[0].__proto__ the key "__proto__"',
      '$.prototype the key "prototype"',
    ])
    expect(valueCount).toBe(5)
  })

  it('that has an error says which, and how the text begins', () => {
    const parsed = parseJson(`{"a":${'x'.repeat(60)}`)
    expect(parsed.ok ? [] : parsed.problems).toMatchObject([
      {
        path: '$',
        found: `"{\\"a\\":${'x'.repeat(35)}"`,
        expected: 'valid JSON',
        fix: expect.stringMatching(/^fix the syntax: ./),
      },
    ])
  })
})
