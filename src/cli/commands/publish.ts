import type { Verb } from '../base/verb.ts'
import { parsedDocument, readDocumentFile } from '../document/document-file.ts'
import { EXPECT } from '../document/flag-edits.ts'
import { countOf } from '../render/count.ts'
import { changeLines } from '../render/document-diff.ts'
import { peopleText } from '../render/impact.ts'
import { publishedText } from '../render/published.ts'
import { REASON } from './rollout.ts'

export const publish: Verb = {
  name: 'publish',
  group: 'Document',
  summary: 'Put a document in force',
  details:
    'Checks it, shows what it changes and whom it moves, and publishes it if nobody else has meanwhile. Asks first where it moves more visitors than the gate allows unasked.',
  arguments: [{ name: '[file]', summary: 'the document (gate.json)', completes: 'files' }],
  options: [EXPECT, REASON],
  examples: [
    ['publish --reason "ramp to 25 %"', 'the document of this folder'],
    ['publish --expect 12 --yes', 'from a pipeline that has looked at version 12'],
  ],
  failsWhen: 'the document has problems, or somebody else has published meanwhile',
  async run(call) {
    const { options, terminal, paint } = call
    const file = await readDocumentFile(call.args[0], terminal)
    parsedDocument(file)
    const { url } = await call.gate()
    const review = await call.ask('diffDocument', { body: { document: file.text } })
    const expectedVersion = options.number('expect') ?? review.against
    if (review.changes.length > 0) {
      call.tell(`${countOf(review.changes.length, 'change')} to version ${review.against} of ${url}`)
      call.tell(`${changeLines(review.changes, paint)}\n${peopleText(review.people)}`)
    }
    if (review.needsConfirmation) {
      await call.confirm(`This moves ${review.people.movedPercent} % of visitors. Publish it?`)
    }
    const reason = options.text('reason')
    const body = {
      document: file.text,
      expectedVersion,
      // The sample may have changed since the review; --yes answers that question, too.
      confirm: review.needsConfirmation || options.has('yes'),
      ...(reason !== undefined && { reason }),
    }
    const answer = await call.ask('publishDocument', { body })
    return { json: answer, text: publishedText(call, answer) }
  },
}
