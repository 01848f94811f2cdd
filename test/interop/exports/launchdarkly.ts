/** Payloads of LaunchDarkly: targets, rules, rollouts, experiments, prerequisites, segments with shares. */
import { init, integrations } from '@launchdarkly/node-server-sdk'
import { importLaunchDarkly } from '../../../src/interop/launchdarkly/import.ts'
import { COUNTRIES, drawing, FLAGS, factsOf, flagName, PLANS, type System, VERSIONS } from './population.ts'

const quiet = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} }

function text(number: number): string {
  const { one, some, below } = drawing('launchdarkly', number)
  const clause = () => ({
    contextKind: 'user',
    negate: below(5) === 0,
    ...one<object>(
      { attribute: 'country', op: 'in', values: some(...COUNTRIES) },
      { attribute: 'plan', op: 'startsWith', values: some('p', 'ent') },
      { attribute: 'email', op: 'endsWith', values: ['@example.com'] },
      { attribute: 'email', op: 'matches', values: ['^(ann|bob)'] },
      { attribute: 'age', op: 'greaterThan', values: [18 + below(20)] },
      { attribute: 'version', op: 'semVerGreaterThan', values: [one(...VERSIONS)] },
      { attribute: '', op: 'segmentMatch', values: [`segment-${below(5)}`] },
    ),
  })
  const rollout = () => {
    const weight = below(100_001)
    const variations = [
      { variation: 0, weight },
      { variation: 1, weight: 100_000 - weight },
    ]
    return {
      rollout: {
        contextKind: 'user',
        variations,
        ...one<object>({}, { bucketBy: 'email' }, { seed: below(99) }),
      },
    }
  }
  const outcome = () => one<object>({ variation: below(3) }, rollout(), rollout())
  const flags = Array.from({ length: FLAGS }, (_, index) => ({
    key: flagName(index, '.'),
    on: index % 9 > 0,
    version: index,
    salt: `salt-${below(1e6)}`,
    variations: [true, false, 'maybe'],
    offVariation: one(1, 2),
    targets: [{ variation: 2, values: ['user-1', 'user-2'] }],
    rules: Array.from({ length: below(3) }, (__, n) => ({
      id: `rule-${n}`,
      clauses: [clause(), clause()].slice(0, 1 + below(2)),
      ...outcome(),
    })),
    fallthrough: outcome(),
    prerequisites: index % 6 === 5 ? [{ key: flagName(index - 1, '.'), variation: 0 }] : [],
  }))
  const segments = Array.from({ length: 5 }, (_, index) => ({
    key: `segment-${index}`,
    version: 1,
    salt: `segment-salt-${index}`,
    included: ['user-1'],
    excluded: ['user-2'],
    rules: [
      {
        clauses: [{ contextKind: 'user', attribute: 'plan', op: 'in', values: some(...PLANS) }],
        ...one<object>({}, { weight: below(100_000), rolloutContextKind: 'user' }),
      },
    ],
  }))
  const byKey = <T extends { key: string }>(all: readonly T[]) =>
    Object.fromEntries(all.map((each) => [each.key, each]))
  return JSON.stringify({ flags: byKey(flags), segments: byKey(segments) })
}

export const launchDarkly: System = {
  name: 'LaunchDarkly',
  text,
  import: (source) => importLaunchDarkly(source),
  oracle: async (source) => {
    const { flags, segments } = JSON.parse(source) as Record<'flags' | 'segments', Record<string, object>>
    const data = new integrations.TestData()
    for (const flag of Object.values(flags)) data.usePreconfiguredFlag(flag)
    for (const segment of Object.values(segments)) data.usePreconfiguredSegment(segment)
    const client = init('sdk-key', {
      updateProcessor: data.getFactory(),
      sendEvents: false,
      diagnosticOptOut: true,
      logger: quiet,
    })
    await client.waitForInitialization({ timeout: 5 })
    return {
      answer: async (flag, { id, ...person }) =>
        await client.variation(flag, { kind: 'user', key: id, ...person }, null),
      close: () => client.close(),
    }
  },
  visitor: (person) => ({ targetingKey: person.id, attributes: factsOf(person) }),
}
