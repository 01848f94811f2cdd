/** In what the stages of a new document ask less of a rollout that climbs: of a person, or of the canary. */
import { durationText, percentText } from '../../figures.ts'
import type { StageRequirements } from '../../guard/index.ts'
import type { StagePlan } from '../plan.ts'

/**
 * What is asked less from a rollout's place on, in a few words each; empty where nothing is.
 *
 * @param percentage the rollout's place
 */
export function looserStages(
  was: readonly StagePlan[],
  is: readonly StagePlan[],
  percentage: number,
): string[] {
  if (was.length === 0 || is.length === 0) return []
  const before = unattendedUpTo(was, percentage)
  const after = unattendedUpTo(is, percentage)
  const looser = is.flatMap((stage) => {
    const same = was.find((each) => isSamePlace(each, stage))
    if (stage.percentage < percentage || same === undefined) return []
    const asked = [
      ...shorterTimes(same, stage),
      ...(same.require === undefined ? [] : looserRequirements(same.require, stage.require)),
    ]
    return asked.map((what) => `at ${percentText(stage.percentage)} ${what}`)
  })
  const top = is.at(-1)?.percentage ?? 0
  const [long, short] = [was, is].map((stages) => bakesMs(stages, percentage, top))
  if (looser.length === 0 && long !== undefined && short !== undefined && short < long)
    looser.push(
      `stages bake ${durationText(short)} in all before ${percentText(top)}, ${durationText(long)} until now`,
    )
  if (after <= before) return looser
  return [
    `stages lead up to ${percentText(after)} without a person, up to ${percentText(before)} before`,
    ...looser,
  ]
}

function shorterTimes(was: StagePlan, is: StagePlan): string[] {
  const { bakeMs, withinMs = Number.POSITIVE_INFINITY } = was
  return [
    ...(is.bakeMs < bakeMs
      ? [`the bake goes from ${durationText(bakeMs)} to ${durationText(is.bakeMs)}`]
      : []),
    // A shorter time widens the margin (guard/tests/stage-margin.ts).
    ...((is.withinMs ?? Number.POSITIVE_INFINITY) < withinMs
      ? [`a canary may be more worse, so that it is judged within ${durationText(is.withinMs ?? 0)}`]
      : []),
  ]
}

/** How long stages from a percentage up to another one bake in all; undefined below the first one: there a person is asked. */
function bakesMs(stages: readonly StagePlan[], from: number, to: number): number | undefined {
  const at = stages.findLastIndex((stage) => stage.percentage <= from)
  const between = stages.slice(Math.max(0, at)).filter(({ percentage }) => percentage < to)
  return at < 0 ? undefined : between.reduce((sum, { bakeMs }) => sum + bakeMs, 0)
}

/** The percentage at which the first stage waits for a person, or the last one. */
function unattendedUpTo(stages: readonly StagePlan[], percentage: number): number {
  const at = stages.findLastIndex((stage) => stage.percentage <= percentage)
  // Below its first stage a rollout waits for a person.
  if (at < 0) return percentage
  const waiting = stages.slice(at).find(({ approval, advance }) => approval || advance === 'manual')
  return Math.max(percentage, (waiting ?? stages.at(-1))?.percentage ?? 0)
}

function isSamePlace(a: StagePlan, b: StagePlan): boolean {
  return a.percentage === b.percentage && a.shadow === b.shadow
}

function looserRequirements(was: StageRequirements, is: StageRequirements | undefined): string[] {
  const { minVisitors, maxErrorRate, maxP95Ms, answers } = was
  const isAbove = (now: number | null | undefined, before: number) =>
    (now ?? Number.POSITIVE_INFINITY) > before
  return [
    ...(minVisitors !== null && (is?.minVisitors ?? 0) < minVisitors
      ? [`fewer than ${minVisitors} visitors are required`]
      : []),
    ...(maxErrorRate !== null && isAbove(is?.maxErrorRate, maxErrorRate)
      ? [`an error rate above ${maxErrorRate} is accepted`]
      : []),
    ...(maxP95Ms !== null && isAbove(is?.maxP95Ms, maxP95Ms)
      ? [`a p95 above ${maxP95Ms} ms is accepted`]
      : []),
    ...answers
      .filter(({ id, max }) => isAbove(is?.answers.find((each) => each.id === id)?.max, max))
      .map(({ id, max }) => `more than ${max} of ${id} are accepted`),
  ]
}
