/** One flag for each thing that an import lists, notes, renames or leaves out. */

const strategy = (more: object) => ({ name: 'default', ...more })
const constrained = (constraint: object) => ({
  strategies: [strategy({ constraints: [{ contextName: 'plan', values: [], ...constraint }] })],
})
const feature = (name: string, more: object = {}) => ({
  name,
  enabled: true,
  strategies: [strategy({})],
  ...more,
})
const red = { name: 'red', weight: 600, payload: { type: 'json', value: '{"a":1}' } }

export const UNLEASH = {
  segments: [
    { id: 1, constraints: [{ contextName: 'region', operator: 'IN', values: ['eu'] }, null] },
    { id: 2, constraints: [{ contextName: 'plan', operator: 'IN', values: ['pro'] }] },
    { id: 3 },
  ],
  features: [
    feature('two words'),
    feature('described', {
      description: 'What it is',
      type: 'release',
      project: 'web',
      impressionData: true,
    }),
    feature('off', { enabled: false }),
    feature('nothing', { strategies: [] }),
    feature('disabled-strategy', { strategies: [strategy({ disabled: true, title: 'Half' })] }),
    feature('own-strategy', { strategies: [{ name: 'ours' }, strategy({})] }),
    feature('odd-weight', { variants: [{ name: 'red', weight: 0.5 }] }),
    feature('negative-weight', { strategies: [strategy({ variants: [{ name: 'red', weight: -1 }] })] }),
    feature('variants', {
      variants: [
        { ...red, stickiness: 'random', overrides: [{ contextName: 'userId', values: ['7', 8] }] },
        { name: 'blue', weight: 400, payload: { type: 'number', value: '7' } },
        { name: 'off', weight: 0, payload: { type: 'csv', value: 'a,b' } },
      ],
    }),
    feature('strategy-variants', {
      strategies: [strategy({ variants: [red] })],
      variants: [{ ...red, weight: 1 }],
    }),
    ...[
      'IN',
      'NOT_IN',
      'STR_CONTAINS',
      'NUM_GT',
      'NUM_EQ',
      'DATE_AFTER',
      'DATE_BEFORE',
      'SEMVER_LT',
      'REGEX',
      'IN_CIDR',
      'NOPE',
    ].flatMap((operator) =>
      [false, true].map((inverted) =>
        feature(`${operator.toLowerCase()}-${inverted}`, {
          ...constrained({
            operator,
            inverted,
            caseInsensitive: inverted,
            values: ['10.0.0.1', 'pro'],
            value: operator.startsWith('SEMVER')
              ? '1.2.3'
              : operator.startsWith('DATE')
                ? '2026-01-01T00:00:00Z'
                : '7',
          }),
        }),
      ),
    ),
    ...Object.entries({
      STR_STARTS_WITH: [{ values: ['a', ' b ', ''] }, { values: [] }],
      STR_ENDS_WITH: [{ values: ['a'], caseInsensitive: true }],
      IN: [{ values: [' a ', ''] }, { values: [''] }, { values: ['a'], contextName: '' }, { values: null }],
      NOT_IN: [{ values: ['a'] }, { values: [] }, { values: ['a'], contextName: null }],
      NUM_EQ: [{ value: '0' }, { value: 'x' }, { value: null }, { value: 7 }],
      NUM_GT: [{ value: '-1' }, { value: '0' }],
      NUM_GTE: [{ value: '0' }, { value: '1' }],
      NUM_LT: [{ value: '0' }, { value: '1' }],
      NUM_LTE: [{ value: '0' }, { value: '-1' }],
      SEMVER_EQ: [{ value: 'v1.2.3' }, { value: ' 1.2.3-rc.1 ' }, { value: '1.2' }, { value: null }],
      SEMVER_GT: [{ value: '1.2.3' }],
      SEMVER_GTE: [{ value: '1.2.3' }],
      SEMVER_LTE: [{ value: '1.2.3' }],
      DATE_AFTER: [
        { value: '2026-01-01T10:00' },
        { value: 'Jan 1, 2026 UTC' },
        { value: 'soon' },
        { value: null },
      ],
      DATE_BEFORE: [{ value: '2026-01-01' }],
      REGEX: [{ value: '^a' }, { value: '(' }, { value: null }],
      IN_CIDR: [{ values: ['10.0.0.0/8', '::1/128', 'x'] }, { values: ['x'] }],
    }).flatMap(([operator, constraints]) =>
      constraints.flatMap((constraint, index) =>
        [false, true].map((inverted) =>
          feature(
            `${operator}-${index + 1}${inverted ? '-not' : ''}`,
            constrained({ operator, inverted, ...constraint }),
          ),
        ),
      ),
    ),
    feature('no-operator', constrained({ operator: null, values: ['x'] })),
    feature('two-constraints', {
      strategies: [
        strategy({
          title: 'Two',
          constraints: [
            { contextName: 'a', operator: 'IN', values: ['x'] },
            { contextName: 'b', operator: 'IN', values: ['y'] },
            { contextName: 'b', operator: 'NOT_IN', values: [] },
          ],
          segments: [1, 2],
        }),
      ],
    }),
    ...['0', '0.9', '1', '99.9', '100', '100.5', '-1', 'x', null].map((rollout) =>
      feature(`rollout-${rollout}`, {
        strategies: [{ name: 'flexibleRollout', parameters: { rollout, groupId: '', stickiness: '' } }],
      }),
    ),
    ...['default', 'userId', 'sessionId', null].map((stickiness) =>
      feature(`sticky-${stickiness}`, {
        strategies: [{ name: 'flexibleRollout', parameters: { rollout: 50, stickiness } }],
        variants: [
          { name: 'red', weight: 1, stickiness },
          { name: 'blue', weight: 2 },
        ],
      }),
    ),
    feature('without-stickiness', {
      variants: [
        { name: 'red', weight: 1, stickiness: '' },
        { name: 'blue', weight: 2, stickiness: 'userId' },
      ],
    }),
    feature('strategy-stickiness', {
      strategies: [
        {
          name: 'flexibleRollout',
          parameters: { rollout: '50', groupId: 'g', stickiness: 'sessionId' },
          variants: [
            { name: 'red', weight: 1 },
            { name: 'blue', weight: 2 },
          ],
        },
        {
          name: 'flexibleRollout',
          parameters: { rollout: '60' },
          variants: [
            {
              name: 'red',
              weight: 1,
              stickiness: 'userId',
              overrides: [{ contextName: 'a', values: ['x'] }],
            },
            { name: 'blue', weight: 0 },
          ],
        },
        strategy({ variants: [{ name: 'red', weight: 0 }] }),
        strategy({ variants: [] }),
      ],
      variants: [{ name: 'green', weight: 7 }],
    }),
    feature('all-nought', { variants: [{ name: 'red', weight: 0 }, { name: 'blue' }] }),
    feature('one-heavy', {
      variants: [
        { name: 'red', weight: 0 },
        { name: 'blue', weight: 1 },
      ],
    }),
    feature('names', {
      variants: [
        'on',
        'off',
        '7',
        'a b',
        'a-b',
        'x'.repeat(90),
        'x'.repeat(91),
        'y'.repeat(99),
        'disabled',
      ].map((name, index) => ({ name, weight: index + 1 })),
    }),
    feature('names-again', {
      strategies: [
        strategy({
          variants: [
            { name: 'red', weight: 1, payload: { type: 'string', value: 'a' } },
            { name: 'red', weight: 2, payload: { type: 'string', value: 'a' } },
            { name: 'red', weight: 3, payload: { type: 'csv', value: 'a' } },
            { name: 'red', weight: 4, payload: { type: 'string', value: 'b' } },
            { name: 'red', weight: 5 },
          ],
        }),
        strategy({
          variants: [
            { name: 'red', weight: 1 },
            { name: 'blue', weight: 1 },
          ],
        }),
      ],
    }),
    feature('no-tags', { description: '', type: '', project: '', impressionData: false }),
    feature('one-tag', { type: 'release', project: null }),
    feature('enabled-is-missing', { enabled: null }),
    feature('no-strategies', { strategies: null }),
    feature('nothing-but-variants', { strategies: [], variants: [{ name: 'red', weight: 1 }] }),
    feature('listed', {
      strategies: [
        { name: 'userWithId', parameters: { userIds: '' } },
        { name: 'userWithId' },
        { name: 'remoteAddress', parameters: { IPs: '' } },
        { name: 'remoteAddress', parameters: { IPs: '10.0.0.0/8 ,10.1.1.1' } },
        { name: 'remoteAddress', parameters: { IPs: '::1,::2/64' } },
        { name: 'remoteAddress', parameters: { IPs: '10.0.0.0/8,::1' } },
        { name: 'gradualRolloutUserId', parameters: { percentage: '10' } },
        { name: 'gradualRolloutSessionId', parameters: { percentage: '10' } },
        { name: 'gradualRolloutRandom', parameters: { percentage: '100' } },
      ],
    }),
    feature('child-of-disabled', { dependencies: [{ feature: 'variants', variants: ['disabled'] }] }),
    feature('child-of-plain', { dependencies: [{ feature: 'off', variants: ['disabled', 'red'] }] }),
    feature('child-of-any', { dependencies: [{ feature: 'variants', enabled: true, variants: [] }] }),
    feature('child-of-two', { dependencies: [{ feature: 'variants' }, { feature: 'off', enabled: false }] }),
    feature('child-of-none', { dependencies: [] }),
    feature('now', constrained({ contextName: 'currentTime', operator: 'DATE_AFTER', value: '2026-01-01' })),
    feature('null-constraint', { strategies: [strategy({ constraints: [null] })] }),
    feature('in-segment', { strategies: [strategy({ segments: [1] })] }),
    feature('in-no-segment', { strategies: [strategy({ segments: [9] })] }),
    feature('half', {
      strategies: [
        { name: 'flexibleRollout', parameters: { rollout: '50', groupId: 'g', stickiness: 'sessionId' } },
      ],
    }),
    feature('by-chance', {
      strategies: [
        { name: 'flexibleRollout', parameters: { rollout: '50', groupId: 'g', stickiness: 'random' } },
      ],
    }),
    feature('old-ways', {
      strategies: [
        { name: 'gradualRolloutUserId', parameters: { percentage: '10', groupId: 'g' } },
        { name: 'gradualRolloutSessionId', parameters: { percentage: '10', groupId: 'g' } },
        { name: 'gradualRolloutRandom', parameters: { percentage: '10' } },
        { name: 'userWithId', parameters: { userIds: 'ada, bob,,' } },
        { name: 'remoteAddress', parameters: { IPs: '10.0.0.1, nonsense' } },
        { name: 'applicationHostname', parameters: { hostNames: 'a' } },
      ],
    }),
    feature('child', { dependencies: [{ feature: 'variants' }] }),
    feature('child-of-off', { dependencies: [{ feature: 'variants', enabled: false }] }),
    feature('child-of-red', { dependencies: [{ feature: 'variants', variants: ['red', 'red', 'blue'] }] }),
    feature('child-of-no-variant', { dependencies: [{ feature: 'variants', variants: ['green'] }] }),
    feature('child-of-no-one', { dependencies: [{ feature: 'gone' }] }),
    feature('child-of-an-unfit', { dependencies: [{ feature: 'two words' }] }),
    feature('grandchild', { dependencies: [{ feature: 'child' }] }),
  ],
}

export const UNLEASH_EVENTS = {
  events: [
    { type: 'hydration', features: [feature('a'), feature('b')], segments: [{ id: 1, constraints: [] }] },
    { type: 'feature-updated', feature: feature('b', { enabled: false }) },
    { type: 'feature-removed', featureName: 'a' },
    {
      type: 'segment-updated',
      segment: { id: 2, constraints: [{ contextName: 'x', operator: 'IN', values: ['1'] }] },
    },
    { type: 'segment-removed', segmentId: 1 },
    { type: 'feature-updated', feature: feature('c', { strategies: [strategy({ segments: [2] })] }) },
    { type: 'feature-updated', feature: feature('d', { strategies: [strategy({ segments: [1] })] }) },
  ],
}
