/** What Unleash serves its clients (`/api/client/features`), or the events by which it builds that up. */
import * as v from 'valibot'

const text = v.pipe(
  v.union([v.string(), v.number(), v.boolean()]),
  v.transform((value) => String(value)),
)
/** Unleash leaves out, or sets to null, what isn't there. */
const maybe = <T extends v.GenericSchema>(schema: T) =>
  v.pipe(
    v.nullish(schema),
    v.transform((value) => value ?? undefined),
  )

const constraint = v.object({
  contextName: maybe(v.string()),
  operator: maybe(v.string()),
  values: maybe(v.array(text)),
  value: maybe(text),
  inverted: maybe(v.boolean()),
  caseInsensitive: maybe(v.boolean()),
})

const variant = v.object({
  name: v.string(),
  weight: v.optional(v.number(), 0),
  stickiness: maybe(v.string()),
  payload: maybe(v.object({ type: v.string(), value: text })),
  overrides: maybe(v.array(v.object({ contextName: v.string(), values: v.array(text) }))),
})

const strategy = v.object({
  name: v.string(),
  title: maybe(v.string()),
  disabled: maybe(v.boolean()),
  parameters: maybe(v.record(v.string(), maybe(text))),
  constraints: maybe(v.array(v.nullable(constraint))),
  segments: maybe(v.array(v.number())),
  variants: maybe(v.array(variant)),
})

const feature = v.object({
  name: v.string(),
  description: maybe(v.string()),
  type: maybe(v.string()),
  project: maybe(v.string()),
  enabled: maybe(v.boolean()),
  impressionData: maybe(v.boolean()),
  strategies: maybe(v.array(strategy)),
  variants: maybe(v.array(variant)),
  dependencies: maybe(
    v.array(
      v.object({ feature: v.string(), enabled: maybe(v.boolean()), variants: maybe(v.array(v.string())) }),
    ),
  ),
})

const segment = v.object({ id: v.number(), constraints: maybe(v.array(v.nullable(constraint))) })

const event = v.variant('type', [
  v.object({ type: v.literal('hydration'), features: v.array(feature), segments: maybe(v.array(segment)) }),
  v.object({ type: v.literal('feature-updated'), feature }),
  v.object({ type: v.literal('feature-removed'), featureName: v.string() }),
  v.object({ type: v.literal('segment-updated'), segment }),
  v.object({ type: v.literal('segment-removed'), segmentId: v.number() }),
])

/** Exactly one of the two: `features`, or the `events` of the delta API. */
export const stateSchema = v.union([
  v.object({ features: v.array(feature), segments: maybe(v.array(segment)) }),
  v.object({ events: v.array(event) }),
])

export type UnleashConstraint = v.InferOutput<typeof constraint>
export type UnleashVariant = v.InferOutput<typeof variant>
export type UnleashStrategy = v.InferOutput<typeof strategy>
export type UnleashFeature = v.InferOutput<typeof feature>
export type UnleashSegments = ReadonlyMap<number, readonly (UnleashConstraint | null)[]>

export type UnleashState = { features: ReadonlyMap<string, UnleashFeature>; segments: UnleashSegments }

/** The state as maps; events are applied in their order. A name that comes twice is the later one. */
export function collectState(state: v.InferOutput<typeof stateSchema>): UnleashState {
  const events =
    'events' in state ? state.events : [{ type: 'hydration' as const, ...state, segments: state.segments }]
  const features = new Map<string, UnleashFeature>()
  const segments = new Map<number, readonly (UnleashConstraint | null)[]>()
  for (const each of events) {
    switch (each.type) {
      case 'hydration':
        features.clear()
        segments.clear()
        for (const one of each.features) features.set(one.name, one)
        for (const one of each.segments ?? []) segments.set(one.id, one.constraints ?? [])
        break
      case 'feature-updated':
        features.set(each.feature.name, each.feature)
        break
      case 'feature-removed':
        features.delete(each.featureName)
        break
      case 'segment-updated':
        segments.set(each.segment.id, each.segment.constraints ?? [])
        break
      case 'segment-removed':
        segments.delete(each.segmentId)
        break
    }
  }
  return { features, segments }
}
