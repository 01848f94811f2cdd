import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ApiError } from '../../contract/client.ts'
import { plural } from '../../core/figures.ts'
import type { Call, CliCommand } from '../base/command.ts'
import { parsedDocument, readDocumentFile } from '../document/document-file.ts'
import { type FlagBook, flagBook } from '../document/flag-book.ts'
import { htmlOf, markdownOf } from '../document/flag-book-text.ts'
import { documentOfGate } from '../document/gate-document.ts'

export const docs: CliCommand = {
  name: 'docs',
  group: 'Flags',
  summary: 'Write a page about all flags: purpose, owner, audience, outcomes',
  details:
    'About the flags of the gate, with what was observed; or of a file, without. As Markdown, or as a self-contained HTML page.',
  arguments: [
    { name: '[file]', summary: 'describe this document instead of asking the gate', completes: 'files' },
  ],
  options: [
    {
      flags: '--format FORMAT',
      summary: 'markdown or html (by the name of --out, else markdown)',
      choices: ['markdown', 'html'],
    },
    { flags: '-o, --out FILE', summary: 'write to this file instead of standard output' },
  ],
  examples: [
    ['docs --out flags.html', 'a page about the gate'],
    ['docs gate.json > FLAGS.md', 'what the document says, without a gate'],
  ],
  failsWhen: 'the document has problems',
  async run(call) {
    const { args, options, terminal } = call
    const book = args[0] === undefined ? await bookOfGate(call) : await bookOfFile(call, args[0])
    const out = options.text('out')
    const format = options.text('format') ?? (/\.html?$/.test(out ?? '') ? 'html' : 'markdown')
    const text = format === 'html' ? htmlOf(book) : markdownOf(book)
    if (out === undefined) return { json: book, text, isFile: true }
    await writeFile(resolve(terminal.cwd, out), text)
    const json = { file: out, format, flags: book.flags.length }
    return call.done(json, `wrote ${plural(book.flags.length, 'flag')} to ${out}`)
  },
}

async function bookOfFile({ terminal }: Call, name: string): Promise<FlagBook> {
  const file = await readDocumentFile(name, terminal)
  return flagBook(parsedDocument(file), `From ${file.name}.`, undefined)
}

async function bookOfGate({ gate, ask }: Call): Promise<FlagBook> {
  const { url } = await gate()
  const [{ document, version }, { flags }, { at, environment, flags: statuses }] = await Promise.all([
    documentOfGate(ask),
    ask('listFlags'),
    ask('getStatus'),
  ])
  const summaries = new Map(flags.map((flag) => [flag.key, flag]))
  const source = `${url}, ${environment}, version ${version} of the document, as of ${at}.`
  return flagBook(document, source, { summaries, statuses, ...(await toldOf(ask)) })
}

const MOST = { query: { limit: '1000' } }

/** What the gate remembers; one of an older release remembers no outcomes. */
async function toldOf(ask: Call['ask']) {
  const [{ outcomes }, { feedback }] = await Promise.all([
    ask('listOutcomes', MOST).catch((error: unknown) => {
      if (error instanceof ApiError && error.status === 404) return { outcomes: [] }
      throw error
    }),
    ask('listFeedback', MOST),
  ])
  return { outcomes, feedback }
}
