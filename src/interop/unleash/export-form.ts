/**
 * Exports of Unleash (its state, and "export" of a project): strategies, environments and segments lie in lists of their
 * own. They are put together here as Unleash puts them together for its clients.
 */
import { jsonPath } from '../../core/config/parse/problems.ts'
import { isObject } from '../../core/json-object.ts'
import type { Loss } from '../imported.ts'

type Json = Record<string, unknown>
/** What its clients would get; or what is expected instead. */
export type ClientForm = { state: unknown; losses: Loss[] } | { expected: string }

/** The state in the form that clients get, of an export for one of its environments. */
export function clientForm(value: Json, environment: string | undefined): ClientForm {
  if (Array.isArray(value.featureStrategies)) return ofExport(value, environment)
  const nested = listIn(value, 'features').filter(({ environments }) => Array.isArray(environments))
  return nested.length > 0 ? ofNested(value, nested, environment) : { state: value, losses: [] }
}

/** What the admin API says of features has their environments inside of them. */
function ofNested(value: Json, nested: readonly Json[], environment: string | undefined): ClientForm {
  const environments = nested.flatMap((feature) =>
    listIn(feature, 'environments').map(
      (each): Json => ({
        ...each,
        environment: each.environment ?? each.name,
        featureName: feature.name,
      }),
    ),
  )
  if (environments.some(({ strategies }) => !Array.isArray(strategies))) {
    return { expected: 'features with their strategies, which this list leaves out' }
  }
  const featureStrategies = environments.flatMap((each) =>
    listIn(each, 'strategies').map((strategy) => ({
      ...strategy,
      environment: each.environment,
      featureName: each.featureName,
    })),
  )
  return ofExport({ ...value, featureEnvironments: environments, featureStrategies }, environment)
}

function ofExport(value: Json, environment: string | undefined): ClientForm {
  const own = (name: string) => listIn(value, name)
  const environments = [...new Set(own('featureEnvironments').map((each) => String(each.environment)))]
  const named = environment ?? (environments.length === 1 ? environments[0] : undefined)
  if (environments.length > 0 && (named === undefined || !environments.includes(named))) {
    return { expected: `the name of an environment: say --environment ${environments.join(', or ')}` }
  }
  const isHere = (each: Json) => each.environment === undefined || each.environment === named
  const links = own('featureStrategySegments')
  const segmentsOf = ({ id, segments }: Json) =>
    Array.isArray(segments)
      ? segments
      : links.filter((link) => link.featureStrategyId === id).map(({ segmentId }) => segmentId)
  const features = own('features').filter(({ archived }) => archived !== true)
  const state = {
    features: features.map((feature) => {
      const isOwn = (each: Json) => each.featureName === feature.name
      const here = own('featureEnvironments').find((each) => isOwn(each) && isHere(each))
      const strategies = own('featureStrategies').filter((each) => isOwn(each) && isHere(each))
      const parents = own('dependencies').filter((each) => each.feature === feature.name)
      const served = strategies.filter(({ disabled }) => disabled !== true).sort(inOrder)
      return {
        ...feature,
        enabled: here?.enabled === true,
        variants: variantsOf(here) ?? feature.variants,
        strategies: served.map((each) => ({
          ...each,
          name: each.strategyName ?? each.name,
          segments: segmentsOf(each),
        })),
        dependencies: [feature, ...parents].flatMap((each) => listIn(each, 'dependencies')),
      }
    }),
    segments: own('segments').filter(({ constraints }) => Array.isArray(constraints)),
  }
  return { state, losses: lossesOf(own('segments')) }
}

/** Newer exports only name the segments. */
function lossesOf(segments: readonly Json[]): Loss[] {
  return segments.flatMap(({ constraints, name }, index) => {
    const what = `the segment "${name}", whose constraints are not in the export`
    const instead = 'the segment has no members: export the state, or import what Unleash serves its clients'
    return Array.isArray(constraints) ? [] : [{ path: jsonPath(['segments', index]), what, instead }]
  })
}

/** Variants belong to an environment since Unleash 4.18. */
function variantsOf(environment: Json | undefined): unknown[] | undefined {
  const variants = environment?.variants
  return Array.isArray(variants) && variants.length > 0 ? variants : undefined
}

/** As Unleash sorts them for its clients: by `sortOrder`, then by id. */
function inOrder(a: Json, b: Json): number {
  const isSorted = typeof a.sortOrder === 'number' && typeof b.sortOrder === 'number'
  const order = isSorted ? Number(a.sortOrder) - Number(b.sortOrder) : 0
  if (order !== 0 || typeof a.id !== 'string' || typeof b.id !== 'string') return order
  return a.id.localeCompare(b.id)
}

function listIn(value: Json, name: string): Json[] {
  const list = value[name]
  return Array.isArray(list) ? list.filter(isObject) : []
}
