import { changesBetween } from '../../core/config/document-diff.ts'
import type { Call, Result, Verb } from '../base/verb.ts'
import { parsedDocument, placedParagraphs, problemsIn, readDocumentFile } from '../document/document-file.ts'
import { countOf } from '../render/count.ts'
import { changeLines } from '../render/document-diff.ts'
import { peopleText } from '../render/impact.ts'

export const diff: Verb = {
  name: 'diff',
  group: 'Document',
  summary: 'What a document would change, and whom it would move',
  details:
    'Against the gate: the parts that differ, and the people: requests that the gate sampled lately are replayed through both documents. With two files it needs no gate, and knows nothing of people.',
  arguments: [
    { name: '[file]', summary: 'the document (gate.json)', completes: 'files' },
    { name: '[other]', summary: 'compare the first file with this one instead', completes: 'files' },
  ],
  options: [{ flags: '--exit-code', summary: 'exit code 1 when something would change' }],
  examples: [
    ['diff', 'the document of this folder against the gate'],
    ['diff old.json new.json', 'two files, without a gate'],
    ['diff --exit-code --json', 'for a pipeline'],
  ],
  failsWhen: 'the document has problems, or with --exit-code when something would change',
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
    const text = `${placedParagraphs(problems)}\n\n${file.name} has ${countOf(review.problems.length, 'problem')}`
    return { json: review, text, failed: true }
  }
  const changes =
    review.changes.length === 0
      ? `Nothing differs from version ${review.against}`
      : `${countOf(review.changes.length, 'change')} to version ${review.against}\n${changeLines(review.changes, call.paint)}\n\n${peopleText(review.people)}`
  const question = review.needsConfirmation
    ? `\n${call.paint('yellow', 'Publishing this asks for confirmation: it moves many people')}`
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
  const changes = changesBetween(JSON.parse(before.text), JSON.parse(after.text))
  const text =
    changes.length === 0
      ? 'Nothing differs'
      : `${countOf(changes.length, 'change')}\n${changeLines(changes, call.paint)}`
  return { json: { changes }, text, failed: isFound(call, changes.length) }
}

function isFound({ options }: Call, changes: number): boolean {
  return options.has('exit-code') && changes > 0
}
