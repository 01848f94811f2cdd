/** What a pipeline asks of a document before it is merged. */

import { impactLines } from '../../contract/words/impact.ts'
import { plural } from '../../core/figures.ts'
import type { Call, CliCommand } from '../base/command.ts'
import { DOCUMENT_ARGUMENT, SUMMARY } from '../base/command.ts'
import {
  type PlacedProblem,
  placedParagraphs,
  problemsIn,
  readDocumentFile,
} from '../document/document-file.ts'
import { appendSummary, summaryFiles } from '../release/summary.ts'
import { reviewLines } from '../render/document-diff.ts'
import { questionLines } from '../render/impact.ts'
import { warningsOf } from './check.ts'

type Review = Awaited<ReturnType<typeof review>>

const check: CliCommand = {
  name: 'check',
  group: 'Document',
  summary: 'Check a document, and tell what publishing it would do',
  details:
    'Checks the document, compares it with the one in force, and tells whom it moves, from recent requests. Publishes nothing. Exit code 0 means that "publish" would do so without a question; --yes accepts what needs confirmation. Without a gate (no --url, no SLUICE_URL) use "check".',
  arguments: [DOCUMENT_ARGUMENT],
  options: [SUMMARY],
  examples: [
    ['ci check gate.json', 'in a pipeline, on each pull request'],
    ['ci check gate.json --yes --json', 'the changes and their impact, also of one that moves many'],
  ],
  failsWhen: 'the document has problems, or publishing it needs confirmation',
  async run(call) {
    const summaries = await summaryFiles(call)
    const file = await readDocumentFile(call.args[0], call.terminal)
    const problems = problemsIn(file)
    const warnings = warningsOf(file)
    const found = problems.length > 0 ? undefined : await review(call, file.text)
    const isHeld = found?.needsConfirmation === true && !call.options.has('yes')
    const failed = problems.length > 0 || isHeld
    const markdown = markdownOf(file.name, { problems, warnings, found })
    await appendSummary(call, summaries, markdown)
    const json = {
      file: file.name,
      valid: problems.length === 0,
      problems,
      warnings,
      review: found ?? null,
      markdown,
    }
    return { json, text: textOf(call, file.name, { problems, warnings, found }), failed }
  },
}

export const ci: CliCommand = {
  name: 'ci',
  group: 'Document',
  summary: 'For pipelines: check a document and its impact',
  examples: [['ci check gate.json', 'problems, changes, impact; publishes nothing']],
  subcommands: [check],
}

const review = (call: Call, text: string) => call.ask('diffDocument', { body: { document: text } })

type Findings = { problems: readonly PlacedProblem[]; warnings: readonly string[]; found: Review | undefined }

function textOf({ paint }: Call, name: string, { problems, warnings, found }: Findings): string {
  if (found === undefined)
    return `${placedParagraphs(problems)}\n\n${paint('red', `${name} has ${plural(problems.length, 'problem')}`)}`
  const changes =
    found.changes.length === 0
      ? [`No changes to version ${found.against}`]
      : [
          `${plural(found.changes.length, 'change')} to version ${found.against}`,
          reviewLines(found, paint),
          impactLines(found.people),
        ]
  return [
    `${paint('green', '✔')} ${name} has no problems`,
    ...warnings,
    ...changes,
    ...(found.needsConfirmation ? [questionLines(found.questions, paint)] : []),
  ].join('\n')
}

function markdownOf(name: string, { problems, warnings, found }: Findings): string {
  const fence = (text: string) => `\`\`\`\n${text.replaceAll('```', "'''")}\n\`\`\``
  const plain = (_: unknown, text: string) => text
  if (found === undefined)
    return `### ${name}: ${plural(problems.length, 'problem')}\n\n${fence(placedParagraphs(problems))}\n`
  const title = found.needsConfirmation ? 'needs confirmation' : plural(found.changes.length, 'change')
  const lines = [
    ...warnings,
    ...found.summary,
    impactLines(found.people),
    questionLines(found.questions, plain),
  ]
  return `### ${name}: ${title}\n\n${fence(lines.filter((line) => line !== '').join('\n'))}\n`
}
