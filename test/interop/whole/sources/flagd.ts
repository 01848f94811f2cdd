/** One flag for each thing that an import lists, notes, renames or leaves out. */

const named = <T>(entries: readonly (readonly [string, T])[]) => Object.fromEntries(entries)

const flagd = (targeting: unknown, more: object = {}) => ({
  state: 'ENABLED',
  variants: { on: true, off: false },
  defaultVariant: 'off',
  targeting,
  ...more,
})
const a = { var: 'a' }
const when = (logic: unknown) => flagd({ if: [logic, 'on'] })
/** What is asked, and its opposite. */
const bothWays = (name: string, logic: unknown): [string, object][] => [
  [name, when(logic)],
  [`not-${name}`, when({ '!': [logic] })],
]

export const FLAGD = {
  metadata: { team: 'web', list: [1] },
  $evaluators: { pro: { '==': [a, 'pro'] }, round: { $ref: 'round' } },
  flags: {
    'two words': flagd({}),
    'unfit-variant': flagd({}, { variants: { 'o n': true, off: false } }),
    'no-default': flagd({}, { defaultVariant: null }),
    'empty-default': flagd({}, { defaultVariant: '' }),
    disabled: flagd({ if: [{ '==': [a, 1] }, 'on', 'off'] }, { state: 'DISABLED' }),
    metadata: flagd(undefined, { metadata: { n: 1, b: true, o: {} } }),
    reference: when({ $ref: 'pro' }),
    cycle: when({ $ref: 'round' }),
    ...named([
      ...bothWays('missing', { missing: ['a', 'b'] }),
      ...bothWays('missing-number', { missing: [1] }),
      ...bothWays('and', { and: [a, { '==': [{ var: 'b' }, 2] }] }),
      ...bothWays('and-of-nothing', { and: [] }),
      ...bothWays('or', { or: [{ '===': [a, 1] }, { '!=': [{ var: 'b' }, 'x'] }] }),
      ...bothWays('two-attributes', { '==': [a, { var: 'b' }] }),
      ...bothWays('equal-zero', { '==': [a, 0] }),
      ...bothWays('same-zero', { '===': [a, 0] }),
      ...bothWays('equal-null', { '==': [a, null] }),
      ...bothWays('same-null', { '===': [null, a] }),
      ...bothWays('equal-list', { '==': [a, [1]] }),
      ...bothWays('more', { '>': [a, 2] }),
      ...bothWays('more-turned', { '>': [2, a] }),
      ...bothWays('between', { '<': [1, a, 3] }),
      ...bothWays('more-text', { '>=': [a, '2'] }),
      ...bothWays('in-list', { in: [a, ['x', 1, true]] }),
      ...bothWays('in-odd-list', { in: [a, ['x', {}]] }),
      ...bothWays('in-text', { in: ['x', a] }),
      ...bothWays('in-constant', { in: [a, 'xyz'] }),
      ...bothWays('starts', { starts_with: [a, 'x'] }),
      ...bothWays('ends-odd', { ends_with: [a, 1] }),
      ...bothWays('version', { sem_ver: [a, '>=', '1.2.3'] }),
      ...bothWays('version-near', { sem_ver: [a, '^', '1.2.3'] }),
      ...bothWays('version-about', { sem_ver: [a, '~', '1.2.3'] }),
      ...bothWays('version-odd', { sem_ver: [a, '>=', 'x'] }),
      ...bothWays('before', { '<': [{ var: '$flagd.timestamp' }, 1_800_000_000] }),
      ...bothWays('key', { '==': [{ var: '$flagd.flagKey' }, 'key'] }),
      ...bothWays('share', {
        '==': [
          {
            fractional: [
              ['in', 10],
              ['out', 90],
            ],
          },
          'in',
        ],
      }),
      ...bothWays('arithmetic', { '+': [a, 1] }),
      ...bothWays('plain', 'text'),
      ...bothWays('nothing', null),
    ]),
    'no-var': when({ '==': [{ var: '' }, 1] }),
    ladder: flagd({ if: [{ '==': [a, 1] }, 'on', { '==': [a, 2] }, null, 'off'] }),
    'answer-is-a-condition': flagd(
      { '==': [a, 1] },
      { variants: { true: 1, false: 0 }, defaultVariant: 'true' },
    ),
    'answer-is-missing': flagd({ missing: ['a'] }),
    shares: flagd({ fractional: [{ cat: [{ var: 'email' }, 'x'] }, ['on', 25], ['off', 75]] }),
    'shares-by-key': flagd({
      fractional: [
        ['on', 1],
        ['off', 1],
      ],
    }),
    'shares-of-one': flagd({
      fractional: [
        ['on', 1],
        ['on', 1],
        ['off', 2],
      ],
    }),
    'shares-of-null': flagd({
      fractional: [
        ['on', 1],
        [null, 1],
      ],
    }),
    'shares-of-numbers': flagd(
      {
        fractional: [
          ['1', 1],
          ['2', 1],
        ],
      },
      { variants: { 1: 'a', 2: 'b' }, defaultVariant: '1' },
    ),
    'shares-of-strangers': flagd({
      fractional: [
        ['on', 1],
        ['blue', 1],
      ],
    }),
    'shares-in-parts': flagd({
      fractional: [
        ['on', 0.5],
        ['off', 0.5],
      ],
    }),
    'shares-with-conditions': flagd({
      fractional: [
        [{ if: [a, 'on', 'off'] }, 50],
        ['off', 50],
      ],
    }),
    'shares-of-a-number': flagd({ fractional: [a, ['on', 50], ['off', 50]] }),
  },
}
