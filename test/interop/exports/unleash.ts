/** States of Unleash: every strategy, constraints, segments, variants of features and strategies, dependencies. */
import { createRequire } from 'node:module'
import { importUnleash } from '../../../src/interop/unleash/import.ts'
import { attributesOf, variantOf } from '../unleash/unleash-state.ts'
import {
  COUNTRIES,
  drawing,
  FLAGS,
  factsOf,
  flagName,
  type Person,
  PLANS,
  type System,
  VERSIONS,
} from './population.ts'

type Client = {
  isEnabled(name: string, context: object, fallback: () => boolean): boolean
  getVariant(name: string, context: object): { name: string }
}
const require = createRequire(import.meta.url)
const { default: UnleashClient } = require('unleash-client/lib/client.js') as {
  default: new (repository: object, strategies: unknown) => Client
}
const { defaultStrategies } = require('unleash-client/lib/strategy/index.js') as {
  defaultStrategies: unknown
}

function text(number: number): string {
  const { one, some, below } = drawing('unleash', number)
  const constraint = () => ({
    inverted: below(5) === 0,
    ...one<object>(
      { contextName: 'country', operator: 'IN', values: some(...COUNTRIES) },
      { contextName: 'plan', operator: 'NOT_IN', values: some(...PLANS) },
      { contextName: 'email', operator: 'STR_ENDS_WITH', values: ['@EXAMPLE.com'], caseInsensitive: true },
      { contextName: 'age', operator: 'NUM_GTE', value: String(18 + below(20)) },
      { contextName: 'version', operator: 'SEMVER_GT', value: one('v', '') + one(...VERSIONS) },
      { contextName: 'currentTime', operator: 'DATE_AFTER', value: '2024-01-01T00:00:00Z' },
    ),
  })
  const variants = () => [
    {
      name: 'red',
      weight: 500,
      weightType: 'variable',
      stickiness: 'default',
      payload: { type: 'string', value: '#f00' },
    },
    { name: '50 %', weight: 300, weightType: 'fix', stickiness: 'default' },
    { name: 'blue', weight: 200, weightType: 'variable', stickiness: 'default', overrides: [] },
  ]
  const rollout = (name: string) => ({
    name: 'flexibleRollout',
    title: one('', 'a part of them'),
    parameters: {
      rollout: String(below(101)),
      stickiness: one('default', 'userId', 'sessionId', 'email'),
      groupId: name,
    },
    constraints: [constraint(), constraint()].slice(0, below(3)),
    segments: one<number[]>([], [1 + below(3)]),
    variants: one<object[]>([], variants()),
  })
  const features = Array.from({ length: FLAGS }, (_, index) => {
    const name = flagName(index, '.')
    const strategies = [
      rollout(name),
      one<object>(
        rollout(name),
        { name: 'userWithId', parameters: { userIds: 'user-1, user-2' }, constraints: [] },
        { name: 'default', parameters: {}, constraints: [constraint()] },
        { name: 'gradualRolloutUserId', parameters: { percentage: String(below(101)), groupId: name } },
      ),
    ]
    return {
      name,
      type: one('release', 'experiment', 'kill-switch'),
      project: 'shop',
      enabled: index % 9 > 0,
      stale: false,
      impressionData: index % 10 === 0,
      strategies: strategies.slice(0, 1 + below(2)),
      variants: one<object[]>([], variants()),
      ...(index % 6 === 5 && {
        dependencies: [{ feature: flagName(index - 1, '.'), enabled: one(true, false) }],
      }),
    }
  })
  const segments = [1, 2, 3].map((id) => ({ id, name: `segment-${id}`, constraints: [constraint()] }))
  return JSON.stringify({ version: 2, features, segments })
}

const contextOf = ({ id, sessionId, ...person }: Person) => ({
  userId: id,
  sessionId,
  properties: Object.fromEntries(Object.entries(person).map(([name, value]) => [name, String(value)])),
})

export const unleash: System = {
  name: 'Unleash',
  text,
  import: (source) => importUnleash(source),
  oracle: async (source) => {
    const { features, segments } = JSON.parse(source) as {
      features: { name: string }[]
      segments: { id: number }[]
    }
    const client = new UnleashClient(
      {
        getToggle: (name: string) => features.find((each) => each.name === name),
        getSegment: (id: number) => segments.find((each) => each.id === id),
      },
      defaultStrategies,
    )
    const answer = async (flag: string, person: Person) => {
      const context = contextOf(person)
      return client.isEnabled(flag, context, () => false) && client.getVariant(flag, context).name
    }
    return { answer, close: () => {} }
  },
  visitor: (person) => ({ attributes: { ...attributesOf(contextOf(person)), ...factsOf(person) } }),
  answerOf: (decision) => {
    const { feature_enabled: isOn, name } = variantOf(decision)
    return isOn && name
  },
}
