/** `sluice import`: flags of another system as a gate document, and what can't be carried over. */

import type { GateDocumentInput } from '../../core/config/schema/document.ts'
import { FEATURE_ATTRIBUTES, importFeatures } from '../../interop/features/import.ts'
import { importFlagd } from '../../interop/flagd/import.ts'
import type { Imported, Loss, Note } from '../../interop/imported.ts'
import { importUnleash } from '../../interop/unleash/import.ts'
import { paragraphs, Refusal, UsageError } from '../base/errors.ts'
import type { Options } from '../base/options.ts'
import type { Terminal } from '../base/terminal.ts'
import type { OptionSpec, Verb } from '../base/verb.ts'
import { parsedDocument, readDocumentFile } from '../document/document-file.ts'
import { countOf } from '../render/count.ts'
import { readableJson } from '../render/json.ts'

type Importer = (text: string, into: GateDocumentInput | undefined, options: Options) => Imported

const OPTIONS: readonly OptionSpec[] = [
  { flags: '--into FILE', summary: 'put the flags into this gate document instead of a new one' },
  { flags: '--lossy', summary: 'go on where something can not be carried over exactly; it is listed' },
]

const ATTRIBUTE: OptionSpec = {
  flags: '--attribute NAME=ATTRIBUTE',
  summary: `where a visitor's user, region, accountType or beta is; several times`,
  kind: 'list',
}

function importer(
  name: string,
  summary: string,
  run: Importer,
  examples: Verb['examples'],
  more: readonly OptionSpec[] = [],
): Verb {
  return {
    name,
    group: 'Document',
    summary,
    arguments: [{ name: '<file>', summary: 'the file; "-" reads standard input', completes: 'files' }],
    options: [...OPTIONS, ...more],
    examples,
    failsWhen: 'the file has problems, or something can not be carried over and --lossy is not given',
    async run({ args, options, terminal, tell }) {
      const file = await readDocumentFile(args[0], terminal)
      const base = options.text('into')
      const into = base === undefined ? undefined : await documentIn(base, terminal)
      const imported = run(file.text, into, options)
      if (!imported.ok) {
        const { problems } = imported
        const message = `${file.name} has ${countOf(problems.length, 'problem')}`
        throw new Refusal(message, { problems }, paragraphs(problems))
      }
      const { document, losses, notes } = imported
      if (losses.length > 0 && !options.has('lossy')) {
        const message = `${countOf(losses.length, 'thing')} in ${file.name} can't be carried over exactly`
        throw new Refusal(message, { losses }, `${lossLines(losses)}\nTo go on all the same: --lossy`)
      }
      if (losses.length > 0) tell(lossLines(losses))
      if (notes.length > 0) tell(noteLines(notes))
      return { json: { document, losses, notes }, text: readableJson(document) }
    },
  }
}

const importVerbs: readonly Verb[] = [
  importer(
    'features',
    'Import a simple flag file (features_config.json)',
    (text, into, options) => importFeatures(text, into, attributesOf(options)),
    [
      ['import features features_config.json > gate.json', 'a gate document that decides the same'],
      ['import features features_config.json --attribute region=country', 'regions are country codes here'],
    ],
    [ATTRIBUTE],
  ),
  importer(
    'unleash',
    'Import what Unleash serves its clients (/api/client/features)',
    (text, into) => importUnleash(text, into),
    [
      ['import unleash features.json > gate.json', 'visitors keep their place: same hash, same groups'],
      ['import unleash features.json --into gate.json', 'flags into a document that is there'],
    ],
  ),
  importer('flagd', "Import flagd's flag file", (text, into) => importFlagd(text, into), [
    ['import flagd flags.json > gate.json', 'targeting as rules; visitors keep their place in fractions'],
  ]),
]

/** `import` itself: one verb for each system. */
export const importVerb: Verb = {
  name: 'import',
  group: 'Document',
  summary: 'Make a gate document of the flags of another system',
  details:
    'Prints the document. What decides the same here is carried over; what does not is listed, with its place, and refused unless you say --lossy.',
  examples: [['import unleash features.json > gate.json', 'then: sluice check gate.json']],
  verbs: importVerbs,
}

/** A document as it is written: defaults stay unsaid. */
async function documentIn(path: string, terminal: Terminal): Promise<GateDocumentInput> {
  const file = await readDocumentFile(path, terminal)
  parsedDocument(file)
  return JSON.parse(file.text) as GateDocumentInput
}

function attributesOf(options: Options) {
  const given = options.pairs('attribute')
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(FEATURE_ATTRIBUTES, name))
  if (unknown !== undefined) {
    const known = Object.keys(FEATURE_ATTRIBUTES).join(', ')
    throw new UsageError(`Cannot use --attribute ${unknown}=…: the file knows ${known}`)
  }
  return { ...FEATURE_ATTRIBUTES, ...given }
}

/** Losses as people read them. */
export function lossLines(losses: readonly Loss[]): string {
  return losses.map(({ path, what, instead }) => `  ${path}\n    ${what}; instead: ${instead}`).join('\n')
}

function noteLines(notes: readonly Note[]): string {
  return notes.map(({ path, text }) => `  note ${path}: ${text}`).join('\n')
}
