import type { Verb } from '../base/verb.ts'
import { placedParagraphs, problemsIn, readDocumentFile } from '../document/document-file.ts'
import { countOf } from '../render/count.ts'

export const check: Verb = {
  name: 'check',
  group: 'Document',
  summary: 'Say what is wrong with a gate document',
  details:
    'Needs no gate. Each problem comes with its place in the file, what was found, what was expected, and how to mend it.',
  arguments: [
    { name: '[file]', summary: 'the document (gate.json); "-" reads standard input', completes: 'files' },
  ],
  examples: [
    ['check', 'check the document of this folder'],
    ['check config/gate.json --json', 'the problems as JSON, for an editor or a pipeline'],
    ['check -', 'check what another command prints, such as an import'],
  ],
  failsWhen: 'the document has problems',
  async run({ args, terminal, paint }) {
    const file = await readDocumentFile(args[0], terminal)
    const problems = problemsIn(file)
    const text =
      problems.length === 0
        ? `${paint('green', '✔')} ${file.name} has no problems`
        : `${placedParagraphs(problems)}\n\n${paint('red', `${file.name} has ${countOf(problems.length, 'problem')}`)}`
    return {
      json: { file: file.name, valid: problems.length === 0, problems },
      text,
      failed: problems.length > 0,
    }
  },
}
