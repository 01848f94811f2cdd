/** Exports of Unleash lead to the same flags as what it serves its clients. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { importUnleash } from '../../../src/interop/unleash/import.ts'
import { documentIn } from '../decider.ts'
import { unleashState } from './unleash-arbitrary.ts'

type Json = Record<string, unknown>
type State = { features: Json[]; segments: Json[] }
const OTHER = { environment: 'development', enabled: true }
const listIn = (value: Json, key: string) => (value[key] ?? []) as Json[]

/** Lists side by side, as an export has them, with another environment between them. */
function asExport({ features, segments }: State, isState: boolean): Json {
  const strategies = features.flatMap((feature) =>
    listIn(feature, 'strategies').map((strategy, index) => {
      const { name, segments: own = [], ...rest } = strategy as { name: string; segments?: number[] }
      const id = `${9 - index}-${feature.name}`
      return { feature, strategy: { ...rest, id, sortOrder: index }, name, own }
    }),
  )
  return {
    ...(isState && { version: 4 }),
    features: [
      ...features.map(({ name, variants, ...rest }) => ({
        name,
        ...(isState && { variants, archived: false }),
        ...('description' in rest && { description: rest.description }),
      })),
      { name: 'gone', archived: true },
    ],
    featureStrategies: strategies
      .map(({ feature, strategy, name, own }) => ({
        ...strategy,
        featureName: feature.name,
        environment: 'production',
        ...(isState ? { strategyName: name } : { name, segments: own }),
      }))
      // Another environment's, one that is disabled; and the order of the list means nothing.
      .flatMap((each) => [
        { ...each, environment: 'development', id: 'x' },
        { ...each, id: 'y', disabled: true },
        each,
      ])
      .reverse(),
    featureEnvironments: features.flatMap(({ name, enabled, variants }) => [
      { ...OTHER, featureName: name },
      { featureName: name, environment: 'production', enabled, ...(!isState && { variants }) },
    ]),
    segments,
    ...(isState && {
      featureStrategySegments: strategies.flatMap(({ strategy, own }) =>
        own.map((segmentId) => ({ featureStrategyId: strategy.id, segmentId })),
      ),
    }),
    dependencies: features.map((feature) => ({
      feature: feature.name,
      dependencies: feature.dependencies ?? [],
    })),
  }
}

/** As the admin API tells of features. */
function asNested({ features, segments }: State): Json {
  return {
    features: features.map(({ enabled, strategies, variants, ...rest }) => ({
      ...rest,
      environments: [
        { ...OTHER, name: OTHER.environment, strategies: [{ name: 'default' }] },
        { name: 'production', enabled, variants, strategies },
      ],
    })),
    segments,
  }
}

describe('an export', () => {
  it.each<[string, (state: State) => Json]>([
    ['of the state', (state) => asExport(state, true)],
    ['of some features', (state) => asExport(state, false)],
    ['by the admin API', asNested],
  ])('%s is imported as what clients get', (_what, form) => {
    fc.assert(
      fc.property(unleashState, (state) => {
        const source = state as unknown as State
        const direct = importUnleash(JSON.stringify(source))
        const exported = importUnleash(JSON.stringify(form(source)), undefined, {}, 'production')
        expect(exported).toMatchObject({ losses: direct.ok ? direct.losses : [] })
        expect(documentIn(exported).flags).toEqual(documentIn(direct).flags)
      }),
      { numRuns: 100 },
    )
  })

  const feature = { name: 'f', type: 'release' }
  const strategy = { featureName: 'f', name: 'default', segments: [7] }
  const environment = { featureName: 'f', environment: 'production', enabled: true }

  it('needs the name of an environment, if it has several', () => {
    const environments = [environment, { ...environment, environment: 'development' }]
    const text = JSON.stringify({
      features: [feature],
      featureStrategies: [strategy],
      featureEnvironments: environments,
    })
    expect(importUnleash(text)).toMatchObject({
      problems: [{ expected: expect.stringContaining('--environment production, or development') }],
    })
    expect(importUnleash(text, undefined, {}, 'staging').ok).toBe(false)
    expect(importUnleash(text, undefined, {}, 'development').ok).toBe(true)
  })

  it('that only names its segments has no members in them, and says so', () => {
    const text = JSON.stringify({
      features: [feature],
      featureStrategies: [strategy],
      featureEnvironments: [environment],
      segments: [{ id: 7, name: 'staff' }],
    })
    const imported = importUnleash(text)
    expect(imported).toMatchObject({ losses: [{ path: '$.segments[0]' }] })
    expect(documentIn(imported).flags?.f).toMatchObject({ enabled: true, rules: [] })
  })

  it('without strategies is refused', () => {
    const text = JSON.stringify({
      features: [{ ...feature, environments: [{ name: 'production', enabled: true }] }],
    })
    expect(importUnleash(text)).toMatchObject({
      problems: [{ expected: 'features with their strategies, which this list leaves out' }],
    })
  })
})
