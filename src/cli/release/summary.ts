/** What a pipeline shows of a release: Markdown, for the job's summary or a pull request. */
import { appendFile } from 'node:fs/promises'
import { percentText } from '../../core/figures.ts'
import { messageOf } from '../../core/message-of.ts'
import type { Call } from '../base/command.ts'
import { UsageError } from '../base/errors.ts'
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

/**
 * The files that get the summary: `--summary`, and the job's of GitHub. Opened before anything is done, since a pipeline
 * should not learn at the end that its summary can't be written.
 *
 * @throws UsageError for one that can't be written
 */
export async function summaryFiles({ options, terminal }: Call): Promise<string[]> {
  const named = [options.text('summary'), terminal.env.GITHUB_STEP_SUMMARY]
  const files = [...new Set(named.filter((file) => file !== undefined && file !== ''))] as string[]
  for (const file of files)
    await appendFile(file, '').catch((error) => {
      throw new UsageError(`Cannot write the summary to ${file}: ${messageOf(error)}`)
    })
  return files
}

/** Adds a text to the end of each file. One that can't be written any more is told of, and fails nothing. */
export async function appendSummary(
  { tell }: Call,
  files: readonly string[],
  markdown: string,
): Promise<void> {
  for (const file of files)
    await appendFile(file, `${markdown}\n`).catch((error) =>
      tell(`warning: cannot write the summary to ${file}: ${messageOf(error)}`),
    )
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
