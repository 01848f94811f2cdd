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
        'greaterThanOrEqual',
        'before',
        'after',
        'semVerEqual',
        'semVerLessThan',
        'segmentMatch',
        'nope',
      ].flatMap((op) =>
        [false, true].map((negate) => [
          `${op}-${negate}`,
          clause({ op, negate, values: ['x', 7, true, '1.2.3', '2026-01-01T00:00:00Z', null, { a: 1 }] }),
        ]),
      ),
    ),
    ...named(
      ['people', 'big', 'round', 'weighed', 'gone'].flatMap((segment) => [
        [`in-${segment}`, clause({ attribute: '', op: 'segmentMatch', values: [segment] })],
        [`not-in-${segment}`, clause({ attribute: '', op: 'segmentMatch', values: [segment], negate: true })],
      ]),
    ),
  },
  segments: {
    people: {
      included: ['ada'],
      excluded: ['bob'],
      includedContexts: [{ values: ['acme'], contextKind: 'org' }, { values: ['eve'] }],
      excludedContexts: [{ values: ['x'], contextKind: 'user' }],
      rules: [{ clauses: [{ attribute: 'plan', op: 'in', values: ['pro'] }] }],
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
