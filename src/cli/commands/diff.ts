import { impactLines } from '../../contract/words/impact.ts'
import { changesBetween } from '../../core/config/document-diff.ts'
import { changeWords } from '../../core/config/document-words.ts'
import { plural } from '../../core/figures.ts'
import { type Call, type CliCommand, DOCUMENT_ARGUMENT, type Result } from '../base/command.ts'
import { parsedDocument, placedParagraphs, problemsIn, readDocumentFile } from '../document/document-file.ts'
import { reviewLines } from '../render/document-diff.ts'
import { questionLines } from '../render/impact.ts'

export const diff: CliCommand = {
  name: 'diff',
  group: 'Document',
  summary: 'Show what a document would change, and its impact',
  details:
    'Compares the document with the one in force, and tells the impact: recently sampled requests are replayed through both. With two files it works without a gate, and tells no impact.',
  arguments: [
    DOCUMENT_ARGUMENT,
    { name: '[other]', summary: 'compare the file with this one instead of the gate', completes: 'files' },
  ],
  options: [{ flags: '--exit-code', summary: 'exit code 1 if something would change' }],
  examples: [
    ['diff', 'the document of this folder against the gate'],
    ['diff old.json new.json', 'two files, without a gate'],
    ['diff --exit-code --json', 'for a pipeline'],
  ],
  failsWhen: 'the document has problems, or with --exit-code if something would change',
  async run(call) {
    const [name, other] = call.args
    return other === undefined ? await againstGate(call, name) : await betweenFiles(call, name ?? '', other)
  },
}

async function againstGate(call: Call, name: string | undefined): Promise<Result> {
  const file = await readDocumentFile(name, call.terminal)
  const review = await call.ask('diffDocument', { body: { document: file.text } })
  if (!review.valid) {
    const problems = problemsIn(file)
    const text = `${placedParagraphs(problems)}\n\n${file.name} has ${plural(review.problems.length, 'problem')}`
    return { json: review, text, failed: true }
  }
  const changes =
    review.changes.length === 0
      ? `No changes to version ${review.against}`
      : `${plural(review.changes.length, 'change')} to version ${review.against}\n${reviewLines(review, call.paint)}\n\n${impactLines(review.people)}`
  const question = review.needsConfirmation
    ? `\n${questionLines(review.questions, call.paint) || 'Publishing this asks for confirmation'}`
    : ''
  return { json: review, text: changes + question, failed: isFound(call, review.changes.length) }
}

async function betweenFiles(call: Call, name: string, other: string): Promise<Result> {
  const [before, after] = await Promise.all([
    readDocumentFile(name, call.terminal),
    readDocumentFile(other, call.terminal),
  ])
  parsedDocument(before)
  parsedDocument(after)
  const [was, is] = [JSON.parse(before.text), JSON.parse(after.text)]
  const changes = changesBetween(was, is)
  const summary = changeWords(was, is)
  const text =
    changes.length === 0
      ? 'No changes'
      : `${plural(changes.length, 'change')}\n${reviewLines({ summary, changes }, call.paint)}`
  return { json: { changes, summary }, text, failed: isFound(call, changes.length) }
}

function isFound({ options }: Call, changes: number): boolean {
  return options.has('exit-code') && changes > 0
}
