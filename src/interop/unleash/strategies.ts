/** Unleash's strategies as rules. Strategies are alternatives, and so are rules: the first that matches serves. */
import type { ConditionInput, RuleInput } from '../../core/config/schema/document.ts'
import { compileOperator } from '../../core/flags/operators.ts'
import { RANDOM } from '../../core/flags/unleash-bucketing.ts'
import { type Translated, translateConstraint } from './constraints.ts'
import type { UnleashSegments, UnleashStrategy } from './state.ts'

type Place = { percentage: number; group: string; stickiness: string[] }

/** What a strategy asks besides its constraints: conditions, and a share of those who meet them. */
export type Alternative = { when: ConditionInput[]; place: Place | undefined }

const ANYBODY: Alternative = { when: [], place: undefined }

/**
 * The alternatives of a strategy; none for one that matches no visitor. Undefined for a strategy that is not one of
 * Unleash's own: it is false for every client that doesn't bring it along.
 */
export function alternativesOf(
  strategy: UnleashStrategy,
  featureName: string,
  segments: UnleashSegments,
): Alternative[] | undefined {
  const translate = STRATEGIES.get(strategy.name)
  if (translate === undefined) return undefined
  const own = translate(strategy.parameters ?? {}, featureName)
  const constraints = [
    ...(strategy.constraints ?? []),
    ...(strategy.segments ?? []).flatMap((id) => segments.get(id) ?? [null]),
  ]
  const conditions = allOf(constraints.map(translateConstraint))
  if (conditions === undefined) return []
  return own.map(({ when, place }) => ({ when: [...conditions, ...when], place }))
}

/** Conditions that all must hold; undefined when one of them never does. */
function allOf(translated: readonly Translated[]): ConditionInput[] | undefined {
  if (translated.includes(false)) return undefined
  return translated.filter((each) => typeof each === 'object')
}

type Parameters = Readonly<Record<string, string | undefined>>

const STRATEGIES = new Map<string, (parameters: Parameters, name: string) => Alternative[]>(
  Object.entries({
    default: () => [ANYBODY],
    userWithId: ({ userIds }) =>
      userIds
        ? [{ when: [{ attribute: 'userId', op: 'in', values: split(userIds) }], place: undefined }]
        : [],
    remoteAddress: ({ IPs }) => (IPs ? addressAlternatives(split(IPs)) : []),
    gradualRolloutUserId: ({ percentage, groupId }, name) => gradual(percentage, groupId || name, ['userId']),
    gradualRolloutSessionId: ({ percentage, groupId }, name) =>
      gradual(percentage, groupId || name, ['sessionId']),
    gradualRolloutRandom: ({ percentage }, name) => gradual(percentage, name, [RANDOM]),
    flexibleRollout: ({ rollout, groupId, stickiness }, name) =>
      gradual(rollout, groupId || name, rolloutStickiness(stickiness)),
  }),
)

/** Steps are whole percents, so what is behind the decimal point decides nothing. */
function gradual(percentage: string | undefined, group: string, stickiness: string[]): Alternative[] {
  const share = Math.min(100, Math.floor(Number(percentage)))
  return share > 0 ? [{ when: [], place: { percentage: share, group, stickiness } }] : []
}

function rolloutStickiness(stickiness: string | undefined): string[] {
  if (!stickiness || stickiness === 'default') return ['userId', 'sessionId', RANDOM]
  return [stickiness]
}

/** The address itself, or a range of IPv4; `in_cidr` alone asks both where all are addresses or ranges. */
function addressAlternatives(entries: readonly string[]): Alternative[] {
  const attribute = 'remoteAddress'
  const ranges = entries.filter(
    (entry) => !entry.includes(':') && 'predicate' in compileOperator('in_cidr', [entry]),
  )
  const inRange: ConditionInput = { attribute, op: 'in_cidr', values: ranges }
  const exact: ConditionInput = { attribute, op: 'in', values: [...entries] }
  const all = [...(ranges.length < entries.length ? [exact] : []), ...(ranges.length > 0 ? [inRange] : [])]
  return all.map((condition) => ({ when: [condition], place: undefined }))
}

function split(list: string): string[] {
  return list.split(/\s*,\s*/)
}

/** `bucketing` and `percentage` of a rule. */
export function placeOf(place: Place): Pick<RuleInput, 'percentage' | 'bucketing'> {
  const { percentage, group, stickiness } = place
  return { percentage, bucketing: { scheme: 'unleash', group, stickiness } }
}
