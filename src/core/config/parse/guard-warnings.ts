/** What a valid guard will not do: said before anyone relies on it. */
import type { FlagConfig, GateDocument, GuardConfig } from '../schema/document.ts'
import { comparesArms } from '../schema/guard-tests.ts'
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
  if (!climbs || judgesAdvance(guard)) return []
  return guard.advance === 'time'
    ? [`its stages advance by time: nothing shows the canary to be as good as control`]
    : [
        'its guard compares neither errors nor latency, so no stage advances by itself: compare them, or set "advance" to "time"',
      ]
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
