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
  segments: [{ id: 1, constraints: [{ contextName: 'region', operator: 'IN', values: ['eu'] }, null] }],
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
