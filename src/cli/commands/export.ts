/** `sluice export`: the flags of a document for another system. */
import { plural } from '../../core/figures.ts'
import { exportFlagd } from '../../interop/flagd/export.ts'
import { type CliCommand, DOCUMENT_OR_INPUT } from '../base/command.ts'
import { Refusal } from '../base/errors.ts'
import { parsedDocument, readDocumentFile } from '../document/document-file.ts'
import { readableJson } from '../render/json.ts'
import { lossLines } from './import.ts'

const flagd: CliCommand = {
  name: 'flagd',
  group: 'Document',
  summary: 'Print the flags of a gate document as a file for flagd',
  details: 'With percentages and weights, visitors with a targeting key keep their variant.',
  arguments: [DOCUMENT_OR_INPUT],
  options: [{ flags: '--lossy', summary: 'omit what flagd cannot express, and list it' }],
  examples: [['export flagd gate.json > flags.json', 'a file that flagd reads']],
  failsWhen: 'the document has problems, or flagd cannot express all of it and --lossy is not given',
  async run({ args, options, terminal, tell }) {
    const source = await readDocumentFile(args[0], terminal)
    const { file, losses } = exportFlagd(parsedDocument(source))
    if (losses.length > 0 && !options.has('lossy')) {
      const message = `flagd cannot express ${plural(losses.length, 'setting')} of ${source.name}`
      throw new Refusal(message, { losses }, `${lossLines(losses)}\nTo export without them: --lossy`)
    }
    if (losses.length > 0) tell(lossLines(losses))
    return { json: { file, losses }, text: readableJson(file), isFile: true }
  },
}

/** `export` itself: one subcommand for each system. */
export const exportCommand: CliCommand = {
  name: 'export',
  group: 'Document',
  summary: 'Print the flags of a gate document for another system',
  details: 'What the other system cannot express is listed with its place, and refused without --lossy.',
  examples: [['export flagd gate.json > flags.json', 'for flagd, which every OpenFeature SDK can read']],
  subcommands: [flagd],
}
