/** What the verdicts say: scores by area, and what no test noticed. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PROJECT_ROOT } from '../../src/local/build/project-root.ts'
import { table } from '../../test-kit/report/emit.ts'
import { AREAS, areaOf } from './areas.ts'
import type { Verdict } from './judge.ts'

/** Excused mutants are recognised by their text, since lines move. */
type Excuse = { file: string; before: string; after: string; reason: string }

export type Score = {
  name: string
  mutants: number
  killed: number
  excused: number
  /** Noticed, in percent of those that aren't excused. */
  percent: number
  atLeast: number
}

const EXCUSES = JSON.parse(
  readFileSync(join(PROJECT_ROOT, 'scripts/mutate/excused.json'), 'utf8'),
) as readonly Excuse[]

const isExcused = ({ mutant, before }: Verdict) =>
  EXCUSES.some(
    (each) => each.file === mutant.file && each.before === before && each.after === mutant.replacement,
  )

export function scoresOf(verdicts: readonly Verdict[]): Score[] {
  return AREAS.flatMap(({ name, atLeast }) => {
    const own = verdicts.filter(({ mutant }) => areaOf(mutant.file)?.name === name)
    const killed = own.filter(({ killedBy }) => killedBy !== null).length
    const excused = own.filter((each) => each.killedBy === null && isExcused(each)).length
    const counted = own.length - excused
    return counted === 0
      ? []
      : [{ name, mutants: own.length, killed, excused, percent: (100 * killed) / counted, atLeast }]
  })
}

/** One line for each mutant that no test noticed and no reason excuses. */
export function survivorsOf(verdicts: readonly Verdict[]): string[] {
  return verdicts
    .filter((each) => each.killedBy === null && !isExcused(each))
    .map(
      ({ mutant, before }) =>
        `${mutant.file}:${mutant.line}  ${mutant.kind}: ${oneLine(before)} → ${oneLine(mutant.replacement)}`,
    )
}

export function toMarkdown(
  scores: readonly Score[],
  { seed, drawn, judged, timedOut }: { seed: number; drawn: number; judged: number; timedOut: number },
): string {
  const rows = scores.map(({ name, mutants, killed, excused, percent, atLeast }) => [
    name,
    mutants,
    killed,
    excused,
    `${percent.toFixed(0)} %`,
    `${atLeast} %`,
  ])
  const date = new Date().toISOString().slice(0, 10)
  const late = ` ${timedOut} of those noticed made the tests run longer than they may.`
  const rest = judged < drawn ? ` Interrupted: ${judged} of ${drawn} mutants are judged.` : ''
  return `${table(['area', 'mutants', 'noticed', 'excused', 'score', 'at least'], rows)}\n\n${date}, seed ${seed}.${late}${rest}`
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ')
  return line.length > 80 ? `${line.slice(0, 77)}…` : line || '(nothing)'
}
