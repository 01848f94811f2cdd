import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parseDocument } from '../../core/config/parse/parse.ts'
import { Refusal } from '../base/errors.ts'
import type { Call, Verb } from '../base/verb.ts'
import { parsedDocument, readDocumentFile } from '../document/document-file.ts'
import { type FlagBook, flagBook } from '../document/flag-book.ts'
import { htmlOf, markdownOf } from '../document/flag-book-text.ts'
import { countOf } from '../render/count.ts'

export const docs: Verb = {
  name: 'docs',
  group: 'Flags',
  summary: 'A page of all flags: purpose, owner, audience, outcomes',
  details:
    'Of the gate, with what was observed; or of a file, without. Markdown, or a page of HTML that needs nothing else.',
  arguments: [
    { name: '[file]', summary: 'describe this document instead of asking the gate', completes: 'files' },
  ],
  options: [
    {
      flags: '--format FORMAT',
      summary: 'markdown or html (by the name of --out, else markdown)',
      choices: ['markdown', 'html'],
    },
    { flags: '-o, --out FILE', summary: 'write it here instead of printing it' },
  ],
  examples: [
    ['docs --out flags.html', 'a page about the gate'],
    ['docs gate.json > FLAGS.md', 'what the document says, without a gate'],
  ],
  failsWhen: 'the document has problems',
  async run(call) {
    const { args, options, terminal, paint } = call
    const book = args[0] === undefined ? await bookOfGate(call) : await bookOfFile(call, args[0])
    const out = options.text('out')
    const format = options.text('format') ?? (/\.html?$/.test(out ?? '') ? 'html' : 'markdown')
    const text = format === 'html' ? htmlOf(book) : markdownOf(book)
    if (out === undefined) return { json: book, text }
    await writeFile(resolve(terminal.cwd, out), text)
    return {
      json: { file: out, format, flags: book.flags.length },
      text: `${paint('green', '✔')} wrote ${countOf(book.flags.length, 'flag')} to ${out}`,
    }
  },
}

async function bookOfFile({ terminal }: Call, name: string): Promise<FlagBook> {
  const file = await readDocumentFile(name, terminal)
  return flagBook(parsedDocument(file), `What ${file.name} says.`, undefined)
}

async function bookOfGate({ gate, ask }: Call): Promise<FlagBook> {
  const { url } = await gate()
  const [{ text, version }, { flags }, { at, environment, flags: statuses }] = await Promise.all([
    ask('getDocument'),
    ask('listFlags'),
    ask('getStatus'),
  ])
  const parsed = parseDocument(text)
  if (!parsed.ok) {
    throw new Refusal(
      'Cannot read the document of the gate: it is of another version of Sluice. Use that one',
    )
  }
  const summaries = new Map(flags.map((flag) => [flag.key, flag]))
  const source = `${url}, ${environment}, version ${version} of the document, as of ${at}.`
  return flagBook(parsed.value, source, { summaries, statuses })
}
