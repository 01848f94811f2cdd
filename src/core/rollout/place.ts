/**
 * A rollout's place is its percentage. The document's stages are the ladder beside it: an edit of the ladder moves
 * no visitor up.
 */
import type { FlagControl } from '../config/control.ts'

/** What of a flag's definition its rollout climbs. */
export type Ladder = {
  /** Percentages of its stages, growing; empty without stages. */
  stages: readonly number[]
  /** Without stages: the percentage that its rule names. */
  percentage?: number | undefined
  /** Digest of its split; undefined where none is known. */
  split?: string | undefined
}

/** Today's percentage; undefined for a flag without stages that nothing holds. */
export function placeOf({ percentage, stage }: FlagControl, stages: readonly number[]): number | undefined {
  return percentage ?? stages[Math.min(stage, stages.length - 1)]
}

/** Index of the largest stage that is not above a percentage; −1 where all are. */
export function stageBelow(stages: readonly number[], percentage: number): number {
  return stages.findLastIndex((each) => each <= percentage)
}

/**
 * The stage by which a rollout is led now: none while it stands below the first one, because the document's stages were
 * raised or because its split is one that was never confirmed.
 */
export function currentStage(control: FlagControl, stages: readonly number[]): number | undefined {
  const place = placeOf(control, stages)
  // Shadow stages all stand at 0.
  if (place !== undefined && stages[control.stage] === place) return control.stage
  const stage = place === undefined ? -1 : stageBelow(stages, place)
  return stage < 0 ? undefined : stage
}

/**
 * Why a rollout is held below what its document says, in one sentence; undefined where it is not. The document was
 * changed, and a person has not confirmed that change.
 */
export function heldBelow(control: FlagControl, { stages, percentage }: Ladder): string | undefined {
  const place = placeOf(control, stages)
  const [first = percentage ?? 100] = stages
  if (place === undefined || (place >= first && !control.unconfirmed)) return undefined
  if (stages.length === 0) return `held at ${place} %: the document says ${first} %; resume leads there`
  return place === 0
    ? `held at 0 %: what it compares was changed without confirmation; resume begins at ${first} %`
    : `held at ${place} %: its first stage is ${first} %; advance leads there`
}
