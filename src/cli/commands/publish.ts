import { impactLines, movesText } from '../../contract/words/impact.ts'
import { plural } from '../../core/figures.ts'
import { type CliCommand, DOCUMENT_ARGUMENT, EXPECT, REASON } from '../base/command.ts'
import { parsedDocument, readDocumentFile } from '../document/document-file.ts'
import { published } from '../document/flag-edits.ts'
import { reviewLines } from '../render/document-diff.ts'
import { questionLines } from '../render/impact.ts'

export const publish: CliCommand = {
  name: 'publish',
  group: 'Document',
  summary: 'Publish a document',
  details:
    'Checks the document, shows its changes and their impact, and publishes it unless another version was published meanwhile. Asks for confirmation if it moves many visitors or an unknown number, deals a running rollout anew, or weakens its guard.',
  arguments: [DOCUMENT_ARGUMENT],
  options: [EXPECT, REASON],
  examples: [
    ['publish --reason "ramp to 25 %"', 'the document of this folder'],
    ['publish --expect 12 --yes', 'from a pipeline that has reviewed the changes to version 12'],
  ],
  failsWhen: 'the document has problems, or another one was published meanwhile',
  async run(call) {
    const { options, terminal, paint } = call
    const file = await readDocumentFile(call.args[0], terminal)
    parsedDocument(file)
    const { url } = await call.gate()
    const review = await call.ask('diffDocument', { body: { document: file.text } })
    const expectedVersion = options.number('expect') ?? review.against
    if (review.changes.length > 0) {
      call.tell(`${plural(review.changes.length, 'change')} to version ${review.against} of ${url}`)
      call.tell(`${reviewLines(review, paint)}\n${impactLines(review.people)}`)
    }
    // A version that is no longer the newest is refused: nothing is asked before.
    if (review.needsConfirmation && expectedVersion === review.against) {
      if (review.questions.length > 0) call.tell(questionLines(review.questions, paint))
      await call.confirm(`${movesText(review.people)} Publish it?`)
    }
    const body = {
      document: file.text,
      expectedVersion,
      // The sampled requests may have changed since the review: --yes covers that as well.
      confirm: review.needsConfirmation || options.has('yes'),
      ...options.texts('reason'),
    }
    const answer = await call.ask('publishDocument', { body })
    return published(call, answer, 'published')
  },
}
