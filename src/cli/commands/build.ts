import { type CliCommand, DOCUMENT_ARGUMENT } from '../base/command.ts'
import { parsedDocument, readDocumentFile } from '../document/document-file.ts'
import { GATE_MAIN, writeGateFiles } from '../document/gate-folder.ts'

export const build: CliCommand = {
  name: 'build',
  group: 'Set up',
  summary: 'Write the Worker that wrangler deploys',
  details: `Writes ${GATE_MAIN}, which wrangler.toml names, with the document built in to serve until KV has been read, and the dashboard beside it. "sluice deploy" runs this itself.`,
  arguments: [DOCUMENT_ARGUMENT],
  examples: [['build', 'build the Worker, for example before "wrangler dev"']],
  failsWhen: 'the document has problems',
  async run({ args, terminal }) {
    const file = await readDocumentFile(args[0], terminal)
    parsedDocument(file)
    const files = await writeGateFiles(terminal.cwd, file.text)
    return { json: { files }, text: `wrote ${files.join(', ')}` }
  },
}
