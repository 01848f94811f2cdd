/** One feature of Unleash as a flag. */
import type { FlagInput, RuleInput } from '../../core/config/schema/document.ts'
import { RANDOM } from '../../core/flags/unleash-bucketing.ts'
import type { UnleashFeature, UnleashSegments, UnleashStrategy, UnleashVariant } from './state.ts'
import { type Alternative, alternativesOf, placeOf } from './strategies.ts'
import { OFF, ON, VariantTable } from './variants.ts'

export type TranslatedFeature = { flag: FlagInput; variants: VariantTable; unknownStrategies: number[] }

/** The flag without its requirements, which need to know the other features. */
export function translateFeature(feature: UnleashFeature, segments: UnleashSegments): TranslatedFeature {
  const variants = new VariantTable()
  const unknownStrategies: number[] = []
  const strategies = feature.strategies ?? []
  const rules: RuleInput[] = []
  if (strategies.length === 0)
    rules.push(ruleFor('no strategies', ANYBODY, serveOf(feature, undefined, variants)))
  for (const [index, strategy] of strategies.entries()) {
    const alternatives = alternativesOf(strategy, feature.name, segments)
    if (alternatives === undefined) unknownStrategies.push(index)
    if (!alternatives?.length) continue
    const serve = serveOf(feature, strategy, variants)
    const name = strategy.title || `${strategy.name} ${index + 1}`
    rules.push(...alternatives.map((alternative) => ruleFor(name, alternative, serve)))
  }
  const tags = [feature.type, feature.project].filter((tag) => tag !== undefined && tag !== '') as string[]
  const flag: FlagInput = {
    ...(feature.description && { description: feature.description }),
    ...(tags.length > 0 && { tags }),
    enabled: feature.enabled === true,
    variants: variants.values(),
    off: OFF,
    rules,
    metadata: { unleash: true, ...(feature.impressionData && { impressionData: true }) },
  }
  return { flag, variants, unknownStrategies }
}

const ANYBODY: Alternative = { when: [], place: undefined }

/** What the winner of a strategy serves, and how visitors are spread over it. */
type Serve = {
  serve: string | Record<string, number>
  group: string
  stickiness: string[]
  overrides: { attribute: string; values: string[]; serve: string }[]
}

/** The strategy's own variants where they weigh anything, otherwise the feature's. */
function serveOf(
  feature: UnleashFeature,
  strategy: UnleashStrategy | undefined,
  table: VariantTable,
): Serve | undefined {
  const { groupId, stickiness } = strategy?.parameters ?? {}
  const own = strategy?.variants ?? []
  if (totalOf(own) > 0) {
    // Unlike for percentages, a group that is missing stays so in Unleash: its text is hashed.
    return weighted(own, String(groupId), own[0]?.stickiness || stickiness || 'default', table)
  }
  const general = feature.variants ?? []
  if (totalOf(general) > 0) {
    return weighted(general, feature.name, general[0]?.stickiness ?? 'default', table)
  }
  return undefined
}

function weighted(
  variants: readonly UnleashVariant[],
  group: string,
  stickiness: string,
  table: VariantTable,
): Serve {
  const keys = table.add(variants)
  const overrides = variants.flatMap((variant, index) =>
    (variant.overrides ?? []).map(({ contextName, values }) => ({
      attribute: contextName,
      values,
      serve: keys[index] ?? ON,
    })),
  )
  const weights = Object.fromEntries(keys.map((key, index) => [key, variants[index]?.weight ?? 0]))
  const heavy = keys.filter((key) => (weights[key] ?? 0) > 0)
  const only = heavy.length === 1 && overrides.length === 0 ? heavy[0] : undefined
  return { serve: only ?? weights, group, stickiness: seedOf(stickiness), overrides }
}

function totalOf(variants: readonly UnleashVariant[]): number {
  return variants.reduce((sum, { weight }) => sum + weight, 0)
}

/** A named attribute that is missing is a new id every time; so is one without a name. */
function seedOf(stickiness: string): string[] {
  if (stickiness === 'default') return ['userId', 'sessionId', 'remoteAddress', RANDOM]
  return stickiness === '' ? [RANDOM] : [stickiness, RANDOM]
}

function ruleFor(name: string, { when, place }: Alternative, serve: Serve | undefined): RuleInput {
  const head = { name, ...(when.length > 0 && { when }) }
  const placed = place && placeOf(place)
  if (serve === undefined || typeof serve.serve === 'string') {
    return { ...head, ...placed, serve: serve?.serve ?? ON }
  }
  const { group, stickiness, overrides } = serve
  const bucketing = {
    scheme: 'unleash' as const,
    group: place?.group ?? group,
    stickiness: place?.stickiness ?? stickiness,
    ...(place && { variantGroup: group, variantStickiness: stickiness }),
    ...(overrides.length > 0 && { overrides }),
  }
  return { ...head, ...placed, bucketing, serve: serve.serve }
}
