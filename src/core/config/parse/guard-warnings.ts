/** What a valid guard will not do: said before anyone relies on it. */
import type { FlagConfig, GateDocument, GuardConfig, RuleConfig } from '../schema/document.ts'
import { parseDurationMs } from '../schema/duration.ts'
import { comparesArms, comparisonTestsOf, WARM_UP } from '../schema/guard-tests.ts'
import { comparesWeeks } from '../split/compared.ts'
import { hasSplit } from '../split/split.ts'

export type GuardWarning = { flag: string; text: string }

/** Warnings about the guards of a document, in the order of its flags. */
export function guardWarnings({ flags }: GateDocument): GuardWarning[] {
  return Object.entries(flags).flatMap(([flag, config]) =>
    warningsOf(config).map((text): GuardWarning => ({ flag, text })),
  )
}

function warningsOf(flag: FlagConfig): string[] {
  const { guard, rules } = flag
  if (guard === undefined || !guard.enabled) return []
  if (testsNothing(guard)) return [IDLE]
  if (!hasSplit(flag)) return withoutSplit(guard, comparesWeeks(flag))
  const climbs = rules.some(({ stages = [] }) =>
    stages.some(({ advance, percentage }) => advance === 'auto' && (percentage ?? 0) < 100),
  )
  const times = rules.flatMap(({ stages = [] }) =>
    stages.flatMap((stage, at) => timeWarnings(guard, stage, at)),
  )
  if (!climbs || judgesAdvance(guard)) return times
  return [...times, ...climbWarnings(guard)]
}

function climbWarnings(guard: GuardConfig): string[] {
  return guard.advance === 'time'
    ? [`its stages advance by time: nothing shows the canary to be as good as control`]
    : [
        'its guard compares neither errors nor latency, so no stage advances by itself: compare them, or set "advance" to "time"',
      ]
}

type StageConfig = NonNullable<RuleConfig['stages']>[number]

/** Times of a stage that contradict each other. */
function timeWarnings(guard: GuardConfig, { bake, maxBake, within }: StageConfig, at: number): string[] {
  const isBelow = (time: string, least: string) =>
    (parseDurationMs(time) ?? 0) < (parseDurationMs(least) ?? 0)
  const stage = `stage ${at + 1}`
  const warnings: string[] = []
  if (maxBake !== undefined && isBelow(maxBake, bake))
    warnings.push(
      `${stage} calls an operator after ${maxBake} ("maxBake"), before its bake of ${bake} is over`,
    )
  if (within === undefined || !judgesAdvance(guard)) return warnings
  const { latency } = comparisonTestsOf(guard)
  const warmUp = latency === false ? '0s' : (latency.warmUp ?? WARM_UP)
  if (isBelow(within, bake)) warnings.push(`${stage} can't be left within ${within}: it bakes ${bake}`)
  else if (latency !== false && !isBelow(warmUp, within))
    warnings.push(
      `${stage} can't be left within ${within}: its latency is compared only after ${warmUp} ("warmUp")`,
    )
  return warnings
}

const IDLE =
  'its guard tests nothing, so it can never act: compare errors or latency, set ceilings, or set "enabled" to false'

function testsNothing(guard: GuardConfig): boolean {
  const { ceilings, thresholds, traffic } = guard
  return !comparesArms(guard) && [ceilings, thresholds, traffic].every((test) => test === undefined)
}

/** Whether the guard can show a canary to be not worse. */
function judgesAdvance(guard: GuardConfig): boolean {
  if (guard.advance === 'time') return false
  const { errors, latency, clientErrors, ceilings, thresholds, traffic } = guard
  const namesNone = [errors, latency, clientErrors || undefined, ceilings, thresholds, traffic].every(
    (test) => test === undefined,
  )
  return (
    namesNone || (errors !== undefined && errors !== false) || (latency !== undefined && latency !== false)
  )
}

/** Every visitor gets the same, or variants by weights, so there is no control: the weeks before are compared with. */
function withoutSplit(guard: GuardConfig, hasWeeklyMetrics: boolean): string[] {
  const compared = [
    ...(guard.traffic === undefined ? [] : ['traffic']),
    ...(hasWeeklyMetrics ? ['metrics per journey'] : []),
  ]
  const told = compared.length === 0 ? [] : [beforeAfter(compared.join(' and '))]
  return [...told, ...withoutControl(guard)]
}

const beforeAfter = (compared: string) =>
  `no rule splits its visitors, so its guard compares ${compared} with the weeks before, not with a control: ` +
  'a holiday looks like a drop. It needs 15 days of its hours, and until then it holds'

function withoutControl(guard: GuardConfig): string[] {
  // Metrics compare variants by weights as well.
  if (!comparesArms(guard) || Object.keys(guard.metrics ?? {}).length > 0) return []
  if (guard.traffic !== undefined)
    return [
      'no rule splits its visitors, so its guard compares neither errors nor latency: set ceilings for them',
    ]
  const hasLimits = guard.ceilings !== undefined || guard.thresholds !== undefined
  return [
    hasLimits
      ? 'no rule splits its visitors, so its guard compares nothing: only ceilings and thresholds are judged'
      : 'no rule splits its visitors, so its guard can never act: give a rule stages or a percentage, or set ceilings',
  ]
}
