/** One flag of LaunchDarkly as a flag of the document. */
import type { FlagInput, RuleInput } from '../../core/config/schema/document.ts'
import type { Json } from '../../core/flags/flag.ts'
import { ALWAYS, type Alternatives, allOf, headOf, Untranslatable } from '../alternatives.ts'
import { variantNames } from '../variant-names.ts'
import { attributeNamed, clausesHold, isOneOf, placeOf, type Targeting } from './clauses.ts'
import type { LaunchDarklyFlag, Outcome } from './file.ts'

/** What surrounds a flag. */
export type Surroundings = Targeting & {
  key: string
  /** Whether another flag requires the variation that is also served when this one is off. */
  isOffRequired: boolean
  lose(path: string, what: string, instead: string): void
}

const WHOLE = 100_000
/** Above every share: the last variation of a rollout takes the rest. */
const BEYOND = 2
const LEFT_OUT = 'the rule is left out'

/** The flag without its requirements, which need to know the other flags. */
export function translateFlag(flag: LaunchDarklyFlag, around: Surroundings): FlagInput {
  const names = namesOf(flag)
  const own = flag.offVariation === undefined ? undefined : names[flag.offVariation]
  if (flag.offVariation !== undefined && own === undefined) {
    around.lose('.offVariation', 'a variation that there is not', 'no value')
  }
  const off = own === undefined || around.isOffRequired ? freeName(names) : own
  const values = Object.fromEntries(
    names.map((name, index) => [name, (flag.variations[index] ?? null) as Json]),
  )
  const offValue = own === undefined ? null : (values[own] ?? null)
  return {
    ...(flag.description && { description: flag.description }),
    ...(flag.tags.length > 0 && { tags: flag.tags.filter((tag) => tag !== '') }),
    enabled: flag.on === true,
    variants: { ...values, ...(off !== own && { [off]: offValue }) },
    off,
    rules: [
      ...targetRules(flag, names, around),
      ...flag.rules.flatMap((rule, index) => {
        const path = `.rules[${index}]`
        const name = rule.description || `rule ${index + 1}`
        return attempt(around, path, () => {
          const when = clausesHold(rule.clauses, around)
          return outcomeRules({ outcome: rule, name, path, when }, flag, around)
        })
      }),
      ...attempt(around, '.fallthrough', () =>
        outcomeRules(
          { outcome: flag.fallthrough ?? {}, name: 'fallthrough', path: '.fallthrough', when: ALWAYS },
          flag,
          around,
        ),
      ),
    ],
  }
}

/** Names of the variations, in their order. */
export function namesOf({ variations, names }: LaunchDarklyFlag): string[] {
  return variantNames(variations.map((value, index) => names[index] || value))
}

function freeName(names: readonly string[]): string {
  return names.includes('off') ? 'off-variation' : 'off'
}

function attempt(around: Surroundings, path: string, translate: () => RuleInput[]): RuleInput[] {
  try {
    return translate()
  } catch (error) {
    if (!(error instanceof Untranslatable)) throw error
    around.lose(path, error.message, LEFT_OUT)
    return []
  }
}

/** Individual targets come before the rules; `contextTargets` has their order, where it is there. */
function targetRules(flag: LaunchDarklyFlag, names: readonly string[], around: Surroundings): RuleInput[] {
  const { targets, contextTargets } = flag
  const isUser = (kind: string | undefined) => kind === undefined || kind === 'user'
  const ordered =
    contextTargets.length === 0
      ? targets
      : contextTargets.flatMap((target) =>
          isUser(target.contextKind)
            ? targets.filter(({ variation }) => variation === target.variation).slice(0, 1)
            : [target],
        )
  return ordered.flatMap(({ values, variation, contextKind }, index) => {
    const serve = names[variation]
    const path = contextTargets.length > 0 ? `.contextTargets[${index}]` : `.targets[${index}]`
    if ((contextKind ?? 'user') !== around.kind) {
      if (values.length > 0) around.lose(path, `contexts of the kind "${contextKind ?? 'user'}"`, LEFT_OUT)
      return []
    }
    if (serve === undefined) around.lose(path, 'a variation that there is not', LEFT_OUT)
    if (serve === undefined || values.length === 0) return []
    return isOneOf(values).map((alternative) => ({
      name: `targets: ${serve}`,
      ...headOf(alternative),
      serve,
    }))
  })
}

type Served = { outcome: Outcome; name: string; path: string; when: Alternatives }

/** A variation, or parts of a rollout: each is a range of the hash. */
function outcomeRules(served: Served, flag: LaunchDarklyFlag, around: Surroundings): RuleInput[] {
  const { outcome, name, path, when } = served
  const { variation, rollout } = outcome
  const names = namesOf(flag)
  const nameOf = (index: number): string => {
    const found = names[index]
    if (found === undefined) throw new Untranslatable('a variation that there is not')
    return found
  }
  if (variation !== undefined) {
    const serve = nameOf(variation)
    return when.map((alternative) => ({ name, ...headOf(alternative), serve }))
  }
  if (rollout === undefined || rollout.variations.length === 0) {
    throw new Untranslatable('neither a variation nor a rollout')
  }
  const isExperiment = rollout.kind === 'experiment'
  if (isExperiment && rollout.variations.some(({ untracked }) => untracked)) {
    around.lose(
      `${path}.rollout`,
      'untracked arms of an experiment',
      'they are served, and counted like the others',
    )
  }
  const bucketBy = isExperiment ? 'key' : (rollout.bucketBy ?? 'key')
  const attribute = attributeNamed(bucketBy, rollout.contextKind, around.kind)
  const prefix = String(rollout.seed || `${around.key}.${flag.salt}`)
  return rangesOf(rollout.variations).flatMap(({ index, range, share }) => {
    const place: Alternatives =
      range[0] === 0 && range[1] === BEYOND ? ALWAYS : [[placeOf({ prefix, attribute, range })]]
    const serve = nameOf(index)
    return allOf([when, place]).map((alternative) => ({
      name: `${name}: ${share / 1_000} % ${serve}`,
      ...headOf(alternative),
      serve,
    }))
  })
}

/** Running sums as LaunchDarkly adds them up, rounding included; the last one takes what is left. */
function rangesOf(variations: readonly { variation: number; weight: number }[]) {
  let sum = 0
  const ranges = variations.map(({ variation, weight }, position) => {
    const from = sum
    sum += weight / WHOLE
    const to = position === variations.length - 1 ? BEYOND : sum
    return { index: variation, range: [from, to] as [number, number], share: weight }
  })
  return ranges.filter(({ range: [from, to] }) => from < Math.min(to, 1))
}
