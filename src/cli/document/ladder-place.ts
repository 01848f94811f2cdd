/** Stages as people name them: by number from 1, or by percentage. */
import type { FlagSummary } from '../../contract/responses.ts'
import { stageText } from '../../contract/words/flag-state.ts'
import { percentText } from '../../core/figures.ts'
import type { Call } from '../base/command.ts'
import { UsageError } from '../base/errors.ts'

/** Percentages of the stages, in their order; empty where a gate of an older version does not tell. */
export type Ladder = readonly number[]

/** A flag's place, as the API has it: `stage` counts from 0; a negative one is the off variant for all. */
type Place = { stage: number; percentage?: unknown; rolledBack?: unknown }
/** `from` is unknown where nothing was before. */
export type Move = { ladder: Ladder; from: Place | undefined; to: Place }

export async function ladderOf({ ask }: Call, flag: string): Promise<Ladder> {
  const { summary } = await ask('getFlag', { params: { flag } })
  return percentagesOf(summary)
}

export function percentagesOf({ ladder }: Pick<FlagSummary, 'ladder'>): Ladder {
  // A gate of an older version has no ladder.
  return ((ladder as FlagSummary['ladder'] | undefined) ?? []).map(({ percentage }) => percentage)
}

/** "stage 1 of 5 (1 %) → stage 3 of 5 (25 %)" */
export function moveText({ ladder, from, to }: Move): string {
  const after = placeText(ladder, to)
  return from === undefined ? after : `${placeText(ladder, from)} → ${after}`
}

export function placeText(ladder: Ladder, { stage, percentage, rolledBack }: Place): string {
  if (rolledBack !== undefined && rolledBack !== null) return 'rolled back (0 %)'
  if (stage < 0) return '0 %'
  const index = ladder.length > 0 ? Math.min(stage, ladder.length - 1) : stage
  const share = typeof percentage === 'number' ? percentage : ladder[index]
  const number = stageText(index, ladder.length || undefined)
  return share === undefined ? number : `${number} (${percentText(share)})`
}

/** The same for programs: stages by number from 1. */
export function moveJson({ ladder, from, to }: Move): object {
  const of = (place: Place | undefined) =>
    place === undefined || place.stage < 0
      ? null
      : { number: place.stage + 1, percentage: ladder[place.stage] ?? null }
  return { from: of(from), to: of(to) }
}

/**
 * Index of the stage that a text names.
 *
 * @example indexIn('2', [1, 5, 25], 'f') // 1
 * @example indexIn('25%', [1, 5, 25], 'f') // 2
 * @throws UsageError where there is no such stage, with those that there are
 */
export function indexIn(text: string, ladder: Ladder, flag: string): number {
  const percent = /^(\d+(?:\.\d+)?)\s*%$/.exec(text.trim())?.[1]
  if (percent !== undefined) {
    const index = ladder.indexOf(Number(percent))
    if (index >= 0) return index
    throw new UsageError(`${flag} has no stage of ${percent} %. ${stagesText(ladder)}`)
  }
  if (!/^[1-9]\d{0,3}$/.test(text))
    throw new UsageError(
      `The stage must be its number from 1, or its percentage such as 25%, not ${text}` +
        (ladder.length > 0 ? `. ${stagesText(ladder)}` : ''),
    )
  const index = Number(text) - 1
  if (ladder.length === 0 || index < ladder.length) return index
  const meant = ladder.includes(Number(text)) ? ` Did you mean ${text}%?` : ''
  throw new UsageError(`${flag} has no stage ${text}.${meant} ${stagesText(ladder)}`)
}

/** "Its stages: 1 (1 %), 2 (25 %)" */
function stagesText(ladder: Ladder): string {
  if (ladder.length === 0) return ''
  return `Its stages: ${ladder.map((share, index) => `${index + 1} (${percentText(share)})`).join(', ')}`
}
