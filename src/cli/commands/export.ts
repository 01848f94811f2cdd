/** `sluice export`: the flags of a document for another system. */

import { exportFlagd } from '../../interop/flagd/export.ts'
import { Refusal } from '../base/errors.ts'
import type { Verb } from '../base/verb.ts'
import { parsedDocument, readDocumentFile } from '../document/document-file.ts'
import { countOf } from '../render/count.ts'
import { readableJson } from '../render/json.ts'
import { lossLines } from './import.ts'

const flagd: Verb = {
  name: 'flagd',
  group: 'Document',
  summary: 'Print the flags of a gate document as a file for flagd',
  details: 'Percentages and weights keep the place of everybody who has a targeting key.',
  arguments: [
    { name: '[file]', summary: 'the document (gate.json); "-" reads standard input', completes: 'files' },
  ],
  options: [{ flags: '--lossy', summary: 'leave out what flagd can not say; it is listed' }],
  examples: [['export flagd gate.json > flags.json', 'a file that flagd reads']],
  failsWhen: 'the document has problems, or flagd can not say all of it and --lossy is not given',
  async run({ args, options, terminal, tell }) {
    const source = await readDocumentFile(args[0], terminal)
    const { file, losses } = exportFlagd(parsedDocument(source))
    if (losses.length > 0 && !options.has('lossy')) {
      const message = `flagd can't say ${countOf(losses.length, 'thing')} in ${source.name}`
      throw new Refusal(message, { losses }, `${lossLines(losses)}\nTo go on all the same: --lossy`)
    }
    if (losses.length > 0) tell(lossLines(losses))
    return { json: { file, losses }, text: readableJson(file) }
  },
}

/** `export` itself: one verb for each system. */
export const exportVerb: Verb = {
  name: 'export',
  group: 'Document',
  summary: 'Print the flags of a gate document for another system',
  details: 'What the other system can not say is listed, with its place, and refused unless you say --lossy.',
  examples: [['export flagd gate.json > flags.json', 'for flagd, which every OpenFeature SDK can read']],
  verbs: [flagd],
}
