/** One flag for each thing that an import lists, notes, renames or leaves out. */

const named = <T>(entries: readonly (readonly [string, T])[]) => Object.fromEntries(entries)

const toggle = (more: object = {}) => ({
  on: true,
  salt: 's',
  variations: [true, false],
  offVariation: 1,
  fallthrough: { variation: 0 },
  ...more,
})
const clause = (more: object) =>
  toggle({ rules: [{ variation: 0, clauses: [{ attribute: 'a', values: ['x'], ...more }] }] })
const part = (variation: number, weight: number, more: object = {}) => ({ variation, weight, ...more })
const rollout = (variations: object[], more: object = {}) =>
  toggle({ fallthrough: { rollout: { variations, ...more } } })

/** Clauses of which as many alternatives must hold as that. */
const eitherOf = (...counts: number[]) =>
  counts.map((count) => ({
    op: 'segmentMatch',
    values: Array.from({ length: count }, (_, index) => `number-${index}`),
  }))

export const LAUNCHDARKLY = {
  flags: {
    'two words': toggle(),
    plain: toggle({ description: 'What it is', tags: ['web'], names: ['Shown', null] }),
    off: toggle({ on: false }),
    archived: toggle({ archived: true }),
    deleted: toggle({ deleted: true }),
    'no-off': toggle({ offVariation: null, prerequisites: [{ key: 'plain', variation: 0 }] }),
    'odd-off': toggle({ offVariation: 5 }),
    'no-fallthrough': toggle({ fallthrough: null }),
    'empty-rollout': rollout([]),
    halves: rollout([part(0, 50_000), part(1, 50_000)]),
    'a-part-of-nothing': rollout([part(0, 0), part(1, 100_000)]),
    'nothing-at-the-end': rollout([part(0, 100_000), part(1, 0)]),
    'too-little': rollout([part(0, 10_000), part(1, 10_000)]),
    'too-much': rollout([part(0, 80_000), part(1, 80_000), part(0, 1)]),
    seeded: rollout([part(0, 1_000), part(1, 99_000)], { seed: 7, bucketBy: 'email' }),
    experiment: rollout([part(0, 1_000, { untracked: true }), part(1, 99_000)], {
      kind: 'experiment',
      bucketBy: 'email',
    }),
    'another-kind': rollout([part(0, 1_000), part(1, 99_000)], { contextKind: 'org' }),
    'odd-part': rollout([part(4, 1_000), part(1, 99_000)]),
    targets: toggle({
      targets: [
        { values: ['ada'], variation: 0 },
        { values: [], variation: 1 },
        { values: ['bob'], variation: 7 },
        { values: ['eve'], variation: 1, contextKind: 'org' },
        { values: [], variation: 1, contextKind: 'org' },
      ],
    }),
    'context-targets': toggle({
      targets: [
        { values: ['ada'], variation: 0 },
        { values: ['bob'], variation: 1 },
      ],
      contextTargets: [
        { values: [], variation: 1, contextKind: 'user' },
        { values: ['acme'], variation: 0, contextKind: 'org' },
        { values: [], variation: 0 },
      ],
    }),
    'needs-plain': toggle({ prerequisites: [{ key: 'plain', variation: 0 }] }),
    'needs-second': toggle({ prerequisites: [{ key: 'needs-plain', variation: 1 }] }),
    'needs-first': toggle({ prerequisites: [{ key: 'needs-plain', variation: 0 }] }),
    'needs-no-one': toggle({ prerequisites: [{ key: 'gone', variation: 0 }] }),
    'needs-archived': toggle({ prerequisites: [{ key: 'archived', variation: 0 }] }),
    'needs-odd': toggle({ prerequisites: [{ key: 'plain', variation: 3 }] }),
    'needs-unfit': toggle({ prerequisites: [{ key: 'two words', variation: 0 }] }),
    'seed-nought': rollout([part(0, 1_000), part(1, 99_000)], { seed: 0 }),
    'a-small-part': rollout([part(0, 1), part(1, 1), part(0, 99_998)]),
    'a-whole': rollout([part(1, 5)]),
    'a-tracked-experiment': rollout([part(0, 1_000, { untracked: false }), part(1, 99_000)], {
      kind: 'experiment',
    }),
    'a-plain-rollout': rollout([part(0, 1_000, { untracked: true }), part(1, 99_000)], { kind: 'rollout' }),
    'by-another-kind': rollout([part(0, 1_000), part(1, 99_000)], { contextKind: 'user', bucketBy: '/a/b' }),
    'several-rules': toggle({
      rules: [
        {
          variation: 1,
          description: 'First',
          clauses: [
            { attribute: 'a', op: 'in', values: ['x'] },
            { attribute: 'b', op: 'in', values: [1] },
          ],
        },
        {
          rollout: { variations: [part(0, 25_000), part(1, 75_000)] },
          clauses: [{ attribute: 'key', op: 'in', values: ['ada'] }],
        },
        { clauses: [] },
        { variation: 9, clauses: null, description: '' },
        { variation: 0, clauses: [] },
      ],
    }),
    named: toggle({
      variations: ['off', { a: 1 }, 7, true, 'off', 'two words'],
      names: ['', 'An object', '7'],
      offVariation: null,
    }),
    unnamed: toggle({ variations: ['x', 'y'], offVariation: null, description: '', tags: ['', 'a'] }),
    'salt-less': { ...rollout([part(0, 1_000), part(1, 99_000)]), salt: null },
    'on-is-missing': toggle({ on: null }),
    'closed-parent': toggle({ on: false, prerequisites: [{ key: 'plain', variation: 0 }] }),
    'needs-closed': toggle({ prerequisites: [{ key: 'closed-parent', variation: 1 }] }),
    'free-parent': toggle(),
    'needs-free': toggle({
      prerequisites: [
        { key: 'free-parent', variation: 1 },
        { key: 'plain', variation: 0 },
      ],
    }),
    'needs-own-word': toggle({ prerequisites: [{ key: 'constructor', variation: 0 }] }),
    'path-without-a-kind': clause({ attribute: '/a/b', op: 'in' }),
    'escaped-path': clause({ attribute: '/a~0b/c~1d~01', op: 'in', contextKind: 'user' }),
    'key-by-path': clause({ attribute: '/key', op: 'in', contextKind: 'user' }),
    'kind-by-path': clause({ attribute: '/kind', op: 'in', contextKind: 'user' }),
    'in-two-segments': clause({ attribute: '', op: 'segmentMatch', values: ['members', 'others'] }),
    'not-in-two-segments': clause({
      attribute: '',
      op: 'segmentMatch',
      values: ['members', 'others'],
      negate: true,
    }),
    dates: clause({
      op: 'before',
      values: [0, 1_800_000_000_000, '2026-01-01T00:00:00.125+01:00', '2026-01-01T00:00:00'],
    }),
    'no-dates': clause({ op: 'after', values: ['2026-01-01', true] }),
    'no-dates-at-all': clause({ op: 'after', values: [], negate: true }),
    patterns: clause({ op: 'matches', values: ['^x', '(', 7] }),
    'pattern-of-javascript': clause({ op: 'matches', values: ['\\cA'] }),
    'pattern-too-long': clause({ op: 'matches', values: ['a{1001}'] }),
    versions: clause({ op: 'semVerGreaterThan', values: ['2', '2.0.0-rc.1', 'v1', 'x', 2] }),
    'sixty-four': toggle({ rules: [{ variation: 0, clauses: eitherOf(8, 8) }] }),
    'sixty-five': toggle({ rules: [{ variation: 0, clauses: eitherOf(13, 5) }] }),
    'no-attribute': clause({ attribute: '', op: 'in' }),
    kind: clause({ attribute: 'kind', op: 'in' }),
    deep: clause({ attribute: '/a/b~1c', op: 'in', contextKind: 'user' }),
    'other-kind': clause({ op: 'in', contextKind: 'org' }),
    'no-one': clause({ op: 'in', values: [] }),
    ...named(
      [
        'in',
        'startsWith',
        'endsWith',
        'contains',
        'matches',
        'lessThan',
        'lessThanOrEqual',
        'greaterThan',
        'greaterThanOrEqual',
        'before',
        'after',
        'semVerEqual',
        'semVerLessThan',
        'semVerGreaterThan',
        'segmentMatch',
        'nope',
        'constructor',
      ].flatMap((op) =>
        [false, true].map((negate) => [
          `${op}-${negate}`,
          clause({ op, negate, values: ['x', 7, true, '1.2.3', '2026-01-01T00:00:00Z', null, { a: 1 }] }),
        ]),
      ),
    ),
    ...named(
      [
        'people',
        'big',
        'round',
        'weighed',
        'gone',
        'constructor',
        'members',
        'others',
        'no-one',
        'one-share',
      ].flatMap((segment) => [
        [`in-${segment}`, clause({ attribute: '', op: 'segmentMatch', values: [segment] })],
        [`not-in-${segment}`, clause({ attribute: '', op: 'segmentMatch', values: [segment], negate: true })],
      ]),
    ),
  },
  segments: {
    ...Object.fromEntries(
      Array.from({ length: 13 }, (_, index) => [
        `number-${index}`,
        { rules: [{ clauses: [{ attribute: `a${index}`, op: 'in', values: ['x'] }] }] },
      ]),
    ),
    people: {
      included: ['ada'],
      excluded: ['bob'],
      includedContexts: [{ values: ['acme'], contextKind: 'org' }, { values: ['eve'] }],
      excludedContexts: [{ values: ['x'], contextKind: 'user' }],
      rules: [{ clauses: [{ attribute: 'plan', op: 'in', values: ['pro'] }] }],
    },
    members: { included: ['ada', 'bob'] },
    others: { excluded: ['eve'], rules: [{ clauses: [] }] },
    'no-one': {},
    'one-share': {
      salt: 'o',
      rules: [{ clauses: [{ attribute: 'plan', op: 'in', values: ['pro'] }], weight: 1 }],
    },
    big: { unbounded: true },
    round: { rules: [{ clauses: [{ op: 'segmentMatch', values: ['round'] }] }] },
    weighed: {
      salt: 'w',
      rules: [
        { clauses: [], weight: 25_000, bucketBy: 'email' },
        { clauses: [], weight: 50_000, rolloutContextKind: 'org' },
      ],
    },
  },
}
