import type { Verb } from '../base/verb.ts'
import { parsedDocument, readDocumentFile } from '../document/document-file.ts'
import { GATE_MAIN, writeGateFiles } from '../document/gate-folder.ts'

export const build: Verb = {
  name: 'build',
  group: 'Set up',
  summary: 'Write the Worker that wrangler deploys',
  details: `Into ${GATE_MAIN}, which wrangler.toml names, with the document built in: that one serves until KV has been read. The dashboard goes beside it. "sluice deploy" does this by itself.`,
  arguments: [{ name: '[file]', summary: 'the document (gate.json)', completes: 'files' }],
  examples: [['build', 'make the Worker, for example before "wrangler dev"']],
  failsWhen: 'the document has problems',
  async run({ args, terminal }) {
    const file = await readDocumentFile(args[0], terminal)
    parsedDocument(file)
    const files = await writeGateFiles(terminal.cwd, file.text)
    return { json: { files }, text: `wrote ${files.join(', ')}` }
  },
}
