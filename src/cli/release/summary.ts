/** What a pipeline shows of a release: Markdown, for the job's summary or a pull request. */
import { appendFile } from 'node:fs/promises'
import { percentText } from '../../core/figures.ts'
import type { Followed } from './follow.ts'
import { type Target, targetText } from './origin-edit.ts'

export type Release = {
  flag: string
  version: string
  origins: Readonly<Record<string, Target>>
  generation: number
  link: string
  followed: Followed
}

const TITLES: Readonly<Record<Followed['result'], string>> = {
  begun: '🟡 has begun',
  finished: '✅ finished',
  'rolled-back': '❌ rolled back',
  frozen: '❌ frozen by the guard',
  killed: '❌ killed',
  disabled: '❌ the flag is disabled',
  superseded: '⚪ another attempt has begun',
  'timed-out': '🟡 not over in time',
  interrupted: '🟡 no longer followed',
}

/** The release as Markdown. Texts of others are in it as code, or escaped: a reason may hold anything. */
export function releaseMarkdown({ flag, version, origins, generation, link, followed }: Release): string {
  const { last, reason, result } = followed
  const rows = last ? (['canary', 'control'] as const).map((arm) => armRow(arm, last.summary[arm])) : []
  return [
    `### Release ${code(version)} of ${code(flag)}: ${TITLES[result]}`,
    '',
    escaped(reason),
    '',
    ...(rows.length > 0 ? ['| arm | requests | errors |', '| --- | ---: | ---: |', ...rows, ''] : []),
    ...Object.entries(origins).map(([name, target]) => `- origin ${code(name)}: ${code(targetText(target))}`),
    `- attempt ${generation}${placeText(followed)}`,
    `- [dashboard](${link})`,
    '',
  ].join('\n')
}

/** Adds a text to the end of a file. */
export async function appendSummary(file: string, markdown: string): Promise<void> {
  await appendFile(file, `${markdown}\n`)
}

function placeText({ last }: Followed): string {
  if (last === undefined || last.status.percentage === null) return ''
  const { stage, percentage } = last.status
  return `, stage ${stage + 1} of ${Math.max(1, last.summary.stages)} (${percentText(percentage)})`
}

function armRow(arm: string, { requests, errors }: { requests: number; errors: number }): string {
  const rate = requests === 0 ? '' : ` (${percentText((100 * errors) / requests)})`
  return `| ${arm} | ${requests} | ${errors}${rate} |`
}

function code(text: string): string {
  return `\`${text.replace(/[`\r\n|]/g, ' ')}\``
}

function escaped(text: string): string {
  return text.replace(/[\r\n]+/g, ' ').replace(/[\\`*_[\]<>|#@]/g, '\\$&')
}
