import { expect } from 'vitest'
import { type Case, COUNTRY, RULE, STAGES } from './case.ts'
import type { Gate } from './gate-probe.ts'

const UNLEASH = { scheme: 'unleash', group: 'g', stickiness: ['userId'] }
const FLAGD = { scheme: 'flagd', hash: [{ attribute: 'userId' }] }
const ID = { attribute: 'userId' }
const romanian = { attributes: { country: 'RO' } }
const userId = (key: string) => ({ attributes: { userId: key } })
const withPaths = (paths: readonly object[]) => ({
  ...STAGES,
  [`${RULE}.stages`]: [{ percentage: 10, require: { paths } }, { percentage: 50 }],
})
const variants = (count: number) => (gate: Gate) =>
  Array.from({ length: count }, (_, n) => gate.variant(userId(`user-${n}`))).join(' ')

/** Keys of a flag's rules. */
export const RULE_CASES: Record<string, Case> = {
  'flags.*.rules.name': { to: 'all', sees: (gate) => gate.decide('u').rule, was: 'rule 1', becomes: 'all' },
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
  'flags.*.rules.stages.shadow': {
    at: `${RULE}.stages`,
    from: [{ percentage: 1 }, { percentage: 10 }],
    to: [{ shadow: 5 }, { percentage: 10 }],
    sees: (gate) => [gate.shares(), gate.plan().stages[0]?.shadow],
    was: [{ on: expect.any(Number), off: expect.any(Number) }, undefined],
    becomes: [{ off: 1_000 }, 5],
  },
  'flags.*.rules.stages.bake': {
    given: STAGES,
    to: '20s',
    sees: (gate) => [gate.plan().stages[0]?.bakeMs, gate.guard({}, {}, 240)],
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
  'flags.*.rules.stages.within': {
    given: STAGES,
    to: '2h',
    sees: (gate) => gate.plan().stages[0]?.withinMs,
    was: undefined,
    becomes: 7_200_000,
  },
  'flags.*.rules.stages.require': {
    given: STAGES,
    to: { minVisitors: 10 },
    sees: (gate) => gate.plan().stages[0]?.require,
    was: undefined,
    becomes: { minVisitors: 10, maxErrorRate: null, maxP95Ms: null, answers: [] },
  },
  'flags.*.rules.stages.require.minVisitors': {
    given: STAGES,
    to: 10,
    sees: (gate) => gate.plan().stages[0]?.require?.minVisitors,
    was: null,
    becomes: 10,
  },
  'flags.*.rules.stages.require.maxErrorRate': {
    given: STAGES,
    to: 0.01,
    sees: (gate) => gate.plan().stages[0]?.require?.maxErrorRate,
    was: null,
    becomes: 0.01,
  },
  'flags.*.rules.stages.require.maxP95Ms': {
    given: STAGES,
    to: 800,
    sees: (gate) => gate.plan().stages[0]?.require?.maxP95Ms,
    was: null,
    becomes: 800,
  },
  'flags.*.rules.stages.require.paths': {
    given: STAGES,
    to: [{ path: '/checkout/*' }],
    sees: (gate) => gate.plan().stages[0]?.require?.answers,
    was: [],
    becomes: [{ id: '5xx on /checkout/*', max: 0 }],
  },
  'flags.*.rules.stages.require.paths.path': {
    at: `${RULE}.stages.0.require.paths.0.path`,
    given: withPaths([{ path: '/a' }]),
    from: '/a',
    to: '/b',
    sees: (gate) => gate.plan().stages[0]?.require?.answers,
    was: [{ id: '5xx on /a', max: 0 }],
    becomes: [{ id: '5xx on /b', max: 0 }],
  },
  'flags.*.rules.stages.require.paths.statuses': {
    at: `${RULE}.stages.0.require.paths.0.statuses`,
    given: withPaths([{ path: '/a' }]),
    to: ['4xx', 500],
    sees: (gate) => gate.plan().stages[0]?.require?.answers,
    was: [{ id: '5xx on /a', max: 0 }],
    becomes: [{ id: '4xx, 500 on /a', max: 0 }],
  },
  'flags.*.rules.stages.require.paths.max': {
    at: `${RULE}.stages.0.require.paths.0.max`,
    given: withPaths([{ path: '/a' }]),
    to: 3,
    sees: (gate) => gate.plan().stages[0]?.require?.answers,
    was: [{ id: '5xx on /a', max: 0 }],
    becomes: [{ id: '5xx on /a', max: 3 }],
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
  'flags.*.rules.when.type': {
    given: { [`${RULE}.when`]: [{ attribute: 'age', op: 'in', values: [5] }] },
    to: 'number',
    sees: (gate) => [gate.variant({ attributes: { age: 5 } }), gate.variant({ attributes: { age: '5' } })],
    was: ['on', 'on'],
    becomes: ['on', 'off'],
  },
  'flags.*.rules.when.versions': {
    given: { [`${RULE}.when`]: [{ attribute: 'version', op: 'semver_gt', values: ['2.0.0'] }] },
    to: 'exact',
    sees: (gate) => gate.variant({ attributes: { version: 'v2.1' } }),
    was: 'on',
    becomes: 'off',
  },
  'flags.*.rules.bucketing.salt': {
    given: { [`${RULE}.percentage`]: 50, [`${RULE}.bucketing`]: { scheme: 'features', attribute: 'userId' } },
    from: 'a',
    to: 'b',
    sees: variants(8),
    was: 'off on on off off off off off',
    becomes: 'on off off off on on off on',
  },
  'flags.*.rules.bucketing.attribute': {
    given: { [`${RULE}.percentage`]: 50, [`${RULE}.bucketing`]: { scheme: 'features', salt: 'a' } },
    from: 'userId',
    to: 'email',
    sees: variants(8),
    was: 'off on on off off off off off',
    becomes: 'off off off off off off off off',
  },
  ...placeCase('algorithm', 'sha1', 'fnv1a', 'on off off on off off off on', 'on off on off off on off on'),
  ...placeCase(
    'hash.text',
    [{ text: 'x' }, ID],
    [{ text: 'y' }, ID],
    'on off off off off on off on',
    'on off off on off off off on',
  ),
  ...placeCase(
    'hash.attribute',
    [ID],
    [{ attribute: 'email' }],
    'on off off on off off off on',
    'off off off off off off off off',
  ),
  ...placeCase(
    'hash.missing',
    [{ attribute: 'email' }],
    [{ attribute: 'email', missing: 'd' }],
    'off off off off off off off off',
    'on on on on on on on on',
  ),
  ...placeCase(
    'ranges',
    [[0, 0.5]],
    [[0.5, 1]],
    'on off off on off off off on',
    'off on on off on on on off',
  ),
  ...placeCase('missing', undefined, 0.1, 'off off off off off off off off', 'on on on on on on on on', [
    { attribute: 'email' },
  ]),
}

/** A case of a key of `places`, in which a visitor is by a hash of their id. */
function placeCase(
  key: string,
  from: unknown,
  to: unknown,
  was: string,
  becomes: string,
  hash: object[] = [ID],
): Record<string, Case> {
  const at = `${RULE}.bucketing.places.0.${key.split('.', 1)[0]}`
  const places = [{ algorithm: 'sha1', hash, ranges: [[0, 0.5]] }]
  const given = { [`${RULE}.bucketing`]: { scheme: 'ranges', places } }
  return {
    [`flags.*.rules.bucketing.places.${key}`]: { at, given, from, to, sees: variants(8), was, becomes },
  }
}
