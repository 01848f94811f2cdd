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
/** As many conditions as that. */
const numbered = (count: number) => Array.from({ length: count }, (_, index) => ({ '==': [a, index + 1] }))
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
      ...bothWays('truth', a),
      ...bothWays('twice-not', { '!!': [a] }),
      ...bothWays('not-of-nothing', { '!': [] }),
      ...bothWays('truth-of-nothing', { '!!': [] }),
      ...bothWays('time-as-truth', { var: '$flagd.timestamp' }),
      ...bothWays('equal-text', { '==': ['x', a] }),
      ...bothWays('equal-true', { '==': [a, true] }),
      ...bothWays('equal-false', { '==': [a, false] }),
      ...bothWays('same-false', { '===': [a, false] }),
      ...bothWays('unequal-one', { '!=': [a, 1] }),
      ...bothWays('other-null', { '!==': [a, null] }),
      ...bothWays('other-text', { '!==': [a, 'x'] }),
      ...bothWays('equal-to-three', { '==': [a, 1, 2] }),
      ...bothWays('equal-to-none', { '==': [a] }),
      ...bothWays('equal-time', { '==': [{ var: '$flagd.timestamp' }, 1] }),
      ...['<', '<=', '>', '>='].flatMap((op) =>
        [-1, 0, 1].flatMap((value): [string, object][] => [
          ...bothWays(`${op}${value}`, { [op]: [a, value] }),
          ...bothWays(`${value}${op}`, { [op]: [value, a] }),
        ]),
      ),
      ...['<', '<=', '>', '>='].flatMap((op): [string, object][] => [
        ...bothWays(`time${op}`, { [op]: [{ var: '$flagd.timestamp' }, 1_800_000_000] }),
        ...bothWays(`${op}time`, { [op]: [1_800_000_000, { var: '$flagd.timestamp' }] }),
      ]),
      ...bothWays('between-or-equal', { '<=': [0, a, 9] }),
      ...bothWays('more-than-flagd', { '>': [{ var: '$flagd.other' }, 1] }),
      ...bothWays('in-empty-list', { in: [a, []] }),
      ...bothWays('in-two-attributes', { in: [a, { var: 'b' }] }),
      ...bothWays('number-in-text', { in: [1, a] }),
      ...bothWays('starts-with-three', { starts_with: [a, 'x', 'y'] }),
      ...bothWays('ends', { ends_with: [a, 'x'] }),
      ...bothWays('ends-of-one', { ends_with: [a] }),
      ...bothWays('starts-of-text', { starts_with: ['xy', 'x'] }),
      ...['=', '!=', '<', '<=', '>', '^', '~', '<>'].flatMap((op) =>
        bothWays(`version${op}`, { sem_ver: [a, op, 'v2.1.0-rc.1'] }),
      ),
      ...bothWays('version-number', { sem_ver: [a, '^', 2] }),
      ...bothWays('version-of-four', { sem_ver: [a, '=', '1.0.0', 'x'] }),
      ...bothWays('version-by-number', { sem_ver: [a, 1, '1.0.0'] }),
      ...bothWays('version-object', { sem_ver: [a, '=', { var: 'b' }] }),
      ...bothWays('version-of-text', { sem_ver: ['1.0.0', '=', '1.0.0'] }),
      ...bothWays('missing-one', { missing: 'a' }),
      ...bothWays('missing-none', { missing: [] }),
      ...bothWays('missing-time', { missing: ['$flagd.timestamp'] }),
      ...bothWays('or-of-nothing', { or: [] }),
      ...bothWays('list', [a]),
      ...bothWays('two-operations', { '!': a, '!!': a }),
      ...bothWays('var-with-default', { '==': [{ var: ['a', 'x'] }, 'x'] }),
      ...bothWays('var-with-null', { '==': [{ var: ['a', null] }, 'x'] }),
      ...bothWays('var-number', { '==': [{ var: 1 }, 'x'] }),
      ...bothWays('sixty-four', { or: numbered(64) }),
      ...bothWays('sixty-five', { or: numbered(65) }),
      ...bothWays('share-of-nulls', {
        fractional: [
          [null, 1],
          ['on', 3],
        ],
      }),
      ...bothWays('share-of-nought', {
        fractional: [
          ['on', 0],
          ['off', 0],
        ],
      }),
      ...bothWays('share-of-conditions', { fractional: [a, [{ '==': [{ var: 'b' }, 1] }, 1], ['on', 1]] }),
      ...bothWays('share-is-null', { '==': ['in', { fractional: [a, ['in', 1], [null, 1]] }] }),
      ...bothWays('share-is-a-number', { '==': [{ fractional: [a, [1, 1], ['x', 1]] }, 'x'] }),
      ...bothWays('share-equals-a-number', { '==': [{ fractional: [a, ['x', 1]] }, 1] }),
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
    ...named(
      Object.entries({
        'answer-unknown': { if: [a, 'blue', 'on'] },
        'answer-number': { if: [a, 7, 'on'] },
        'answer-null': null,
        'answer-list': ['on'],
        'answer-if-of-nothing': { if: [] },
        'answer-if-of-one': { if: ['on'] },
        'answer-chosen': { '?:': [a, 'on', 'off'] },
        'answer-of-a-condition-unsaid': { if: [{ '+': [1] }, 'on', 'off'] },
        'answer-last': { if: [{ '+': [1] }, 'on', a, 'off', 'on'] },
        'answer-and': { and: [a, 'on'] },
        'answer-and-of-one': { and: ['on'] },
        'answer-and-of-three': { and: [a, { var: 'b' }, 'on'] },
        'answer-or': { or: [{ var: 'name' }, 'on'] },
        'answer-or-of-one': { or: [{ var: 'name' }] },
        'answer-or-of-three': { or: [{ '==': [a, 1] }, { '==': [a, 2] }, 'on'] },
        'answer-of-a-flagd-var': { var: '$flagd.timestamp' },
        'answer-sum': { '+': [a, 1] },
        'answer-starts': { starts_with: [a, 'x'] },
        'answer-starts-odd': { starts_with: [a, 1] },
        'answer-starts-of-three': { starts_with: [a, 'x', 'y'] },
        'answer-version': { sem_ver: [a, '^', '1.2.3'] },
        'answer-version-odd': { sem_ver: [a, '?', '1.2.3'] },
        'answer-version-of-none': { sem_ver: [a, '=', 'x'] },
        'answer-not': { '!': [a] },
        'answer-unsaid': { '==': [a, { var: 'b' }] },
        'after-always': { if: [true, 'on', a, 'off'] },
        'shares-under-shares': {
          if: [
            {
              fractional: [
                ['on', 1],
                [null, 1],
              ],
            },
            {
              fractional: [
                ['on', 1],
                ['off', 3],
              ],
            },
          ],
        },
        'shares-of-no-weights': { fractional: [a, ['on'], ['off']] },
        'shares-below-nought': { fractional: [a, ['on', -5], ['off', 1]] },
        'shares-of-nought': { fractional: [a, ['on', 0], ['off', 0]] },
        'shares-too-large': { fractional: [a, ['on', 2 ** 31 - 1], ['off', 1]] },
        'shares-as-large-as-can-be': { fractional: [a, ['on', 2 ** 31 - 2], ['off', 1]] },
        'shares-of-three': { fractional: [a, ['on', 1, 2], ['off', 1]] },
        'shares-of-empty': { fractional: [a, [], ['off', 1]] },
        'shares-of-texts': { fractional: [a, 'on', 'off'] },
        'shares-of-booleans': { fractional: [a, [true, 1], [false, 1]] },
        'shares-of-skipped': { fractional: [a, ['on', 0], ['blue', 1], ['off', 3]] },
        'shares-of-a-missing-text': {
          fractional: [{ cat: ['x', { cat: [a] }, { var: '$flagd.flagKey' }] }, ['on', 1], ['off', 1]],
        },
        'shares-by-text': { fractional: ['x', ['on', 1], ['off', 1]] },
        'shares-by-a-number': { fractional: [7, ['on', 1], ['off', 1]] },
        'shares-by-time': { fractional: [{ var: '$flagd.timestamp' }, ['on', 1], ['off', 1]] },
        'weights-chosen': { fractional: [a, ['on', { if: [{ '==': [a, 1] }, 10, 20] }], ['off', 80]] },
        'weights-chosen-or-none': { fractional: [a, ['off', 80], ['on', { if: [{ '==': [a, 1] }, 10] }]] },
        'reference-to-no-one': { if: [{ $ref: 'gone' }, 'on'] },
        'reference-to-a-number': { if: [{ $ref: 7 }, 'on'] },
        'reference-to-an-own-word': { if: [{ $ref: 'constructor' }, 'on'] },
      }).map(([name, targeting]): [string, object] => [name, flagd(targeting)]),
    ),
    'answers-by-name': flagd(a, { variants: { true: 1, false: 0, 7: 2 }, defaultVariant: '7' }),
    'truth-without-variants': flagd(
      { '!': [a] },
      { variants: { true: 1, other: 0 }, defaultVariant: 'other' },
    ),
    'unknown-default': flagd({}, { defaultVariant: 'blue' }),
    'code-default': flagd(
      { if: [a, null, 'blue'] },
      { variants: { on: 1, 'code-default': 2 }, defaultVariant: 'on' },
    ),
    'names-that-meet': flagd(
      {},
      {
        variants: { 'o n': 1, 'o-n': 2, 'o\tn': 3, '  ': 4, '-x': 5, [`${'y'.repeat(99)} `]: 6 },
        defaultVariant: 'o n',
      },
    ),
    described: flagd({}, { description: 'What it is' }),
    'described-by-nothing': flagd({}, { description: '' }),
    'described-by-a-number': flagd({}, { description: 7, metadata: { team: 'own', f: null } }),
  },
}
