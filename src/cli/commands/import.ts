/** `sluice import`: the flags of another system as a gate document, and what cannot be converted. */
import type { GateDocumentInput } from '../../core/config/schema/document.ts'
import { plural } from '../../core/figures.ts'
import { FEATURE_ATTRIBUTES, importFeatures } from '../../interop/features/import.ts'
import { importFlagd } from '../../interop/flagd/import.ts'
import { importGrowthBook } from '../../interop/growthbook/import.ts'
import type { Imported, ImportSummary, Loss, Note } from '../../interop/imported.ts'
import { importLaunchDarkly } from '../../interop/launchdarkly/import.ts'
import { importUnleash } from '../../interop/unleash/import.ts'
import type { CliCommand, OptionSpec } from '../base/command.ts'
import { paragraphs, Refusal, UsageError } from '../base/errors.ts'
import type { Options } from '../base/options.ts'
import type { Terminal } from '../base/terminal.ts'
import { parsedDocument, readDocumentFile } from '../document/document-file.ts'
import { readableJson } from '../render/json.ts'
import { table } from '../render/table.ts'

type Importer = (text: string, into: GateDocumentInput | undefined, options: Options) => Imported

const OPTIONS: readonly OptionSpec[] = [
  { flags: '--into FILE', summary: 'add the flags to this gate document instead of a new one' },
  { flags: '--lossy', summary: 'convert as closely as possible, and list what differs' },
]

const ATTRIBUTE: OptionSpec = {
  flags: '--attribute NAME=ATTRIBUTE',
  summary: `the attribute that holds user, region, accountType or beta; can be repeated`,
  kind: 'list',
}

const RENAME: OptionSpec = {
  flags: '--rename OLD=NEW',
  summary: 'another key for a flag; visitors keep their place; can be repeated',
  kind: 'list',
}

const ENVIRONMENT: OptionSpec = { flags: '--environment NAME', summary: 'the environment of an export' }

function importer(
  name: string,
  summary: string,
  run: Importer,
  examples: CliCommand['examples'],
  more: readonly OptionSpec[] = [],
): CliCommand {
  return {
    name,
    group: 'Document',
    summary,
    arguments: [{ name: '<file>', summary: 'the file; "-" reads standard input', completes: 'files' }],
    options: [...OPTIONS, ...more],
    examples,
    failsWhen: 'the file has problems, or something cannot be converted exactly and --lossy is not given',
    async run({ args, options, terminal, tell }) {
      const file = await readDocumentFile(args[0], terminal)
      const base = options.text('into')
      const into = base === undefined ? undefined : await documentIn(base, terminal)
      const imported = run(file.text, into, options)
      if (!imported.ok) {
        const { problems } = imported
        const message = `${file.name} has ${plural(problems.length, 'problem')}`
        throw new Refusal(message, { problems }, paragraphs(problems))
      }
      const { document, losses, notes, summary } = imported
      if (losses.length > 0 && !options.has('lossy')) {
        const message = `${plural(losses.length, 'setting')} of ${file.name} cannot be converted exactly`
        throw new Refusal(
          message,
          { losses },
          `${lossLines(losses)}\n${renameLine(losses)}To convert as closely as possible: --lossy`,
        )
      }
      if (losses.length > 0) tell(`${lossLines(losses)}\n${renameLine(losses)}`.trimEnd())
      if (notes.length > 0) tell(noteLines(notes))
      tell(summaryTable(summary))
      return { json: { document, losses, notes, summary }, text: readableJson(document), isFile: true }
    },
  }
}

const importers: readonly CliCommand[] = [
  importer(
    'features',
    'Import a simple flag file (features_config.json)',
    (text, into, options) => importFeatures(text, into, attributesOf(options), renamesIn(options)),
    [
      ['import features features_config.json > gate.json', 'a gate document that decides the same'],
      ['import features features_config.json --attribute region=country', 'where regions are country codes'],
    ],
    [ATTRIBUTE, RENAME],
  ),
  importer(
    'unleash',
    'Import what Unleash serves its clients (/api/client/features), or an export',
    (text, into, options) => importUnleash(text, into, renamesIn(options), options.text('environment')),
    [
      ['import unleash features.json > gate.json', 'visitors keep their variants: same hash, same groups'],
      ['import unleash features.json --into gate.json', 'add the flags to a document'],
      ['import unleash export.json --environment production', 'what Unleash exports'],
    ],
    [RENAME, ENVIRONMENT],
  ),
  importer(
    'flagd',
    "Import flagd's flag file",
    (text, into, options) => importFlagd(text, into, renamesIn(options)),
    [
      [
        'import flagd flags.json > gate.json',
        'targeting becomes rules; visitors keep their variants in fractions',
      ],
      ['import flagd flags.json --rename "my flag=my-flag"', 'a key that a document can have'],
    ],
    [RENAME],
  ),
  importer(
    'launchdarkly',
    "Import LaunchDarkly's flags and segments",
    (text, into, options) =>
      importLaunchDarkly(text, into, {
        environment: options.text('environment'),
        kind: options.text('kind'),
        renamed: renamesIn(options),
      }),
    [
      ['import launchdarkly flags.json > gate.json', 'contexts keep their variations: same hash, same salts'],
      ['import launchdarkly export.json --environment production', 'what the REST API exports'],
    ],
    [
      RENAME,
      ENVIRONMENT,
      { flags: '--kind NAME', summary: 'the kind of context to carry over (default: user)' },
    ],
  ),
  importer(
    'growthbook',
    'Import what GrowthBook serves its SDKs (/api/features/KEY)',
    (text, into, options) => importGrowthBook(text, into, renamesIn(options)),
    [['import growthbook features.json > gate.json', 'users keep their variations: same hash, same seeds']],
    [RENAME],
  ),
]

/** `import` itself: one subcommand for each system. */
export const importCommand: CliCommand = {
  name: 'import',
  group: 'Document',
  summary: 'Convert the flags of another system to a gate document',
  details:
    'Prints the document. What would decide differently here is listed with its place, and refused without --lossy.',
  examples: [['import unleash features.json > gate.json', 'then: sluice check gate.json']],
  subcommands: importers,
}

/** A document without defaults filled in. */
async function documentIn(path: string, terminal: Terminal): Promise<GateDocumentInput> {
  const file = await readDocumentFile(path, terminal)
  parsedDocument(file)
  return JSON.parse(file.text) as GateDocumentInput
}

/** The old key may have an equals sign; the new one can't. */
function renamesIn(options: Options): Record<string, string> {
  return Object.fromEntries(
    options.list('rename').map((pair) => {
      const at = pair.lastIndexOf('=')
      if (at < 1) throw new UsageError(`--rename must be OLD=NEW, not ${pair}`)
      return [pair.slice(0, at), pair.slice(at + 1)]
    }),
  )
}

function attributesOf(options: Options) {
  const given = options.pairs('attribute')
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(FEATURE_ATTRIBUTES, name))
  if (unknown !== undefined) {
    const known = Object.keys(FEATURE_ATTRIBUTES).join(', ')
    throw new UsageError(`--attribute must be for one of ${known}, not ${unknown}`)
  }
  return { ...FEATURE_ATTRIBUTES, ...given }
}

/** What cannot be converted, as text. */
export function lossLines(losses: readonly Loss[]): string {
  return losses.map(({ path, what, instead }) => `  ${path}\n    ${what}; instead: ${instead}`).join('\n')
}

/** The options that give flags keys which they can have, ready for a shell. */
function renameLine(losses: readonly Loss[]): string {
  const options = losses.flatMap(({ rename }) => (rename === undefined ? [] : [`--rename ${quoted(rename)}`]))
  return options.length === 0 ? '' : `To give flags other keys, such as: ${options.join(' ')}\n`
}

/** In double quotes, which every shell takes, unless something in it means something there. */
function quoted(text: string): string {
  return /["$`\\!]/.test(text) ? `'${text.replaceAll("'", "'\\''")}'` : `"${text}"`
}

/** What became of the file, in a table. */
function summaryTable({ flags, sharedRules, listed }: ImportSummary): string {
  const changed = listed === 0 ? '' : 'what they decide may differ, and who is served'
  return table([
    ['flags carried over', String(flags), ''],
    [
      'rules for a share of visitors',
      String(sharedRules),
      'visitors keep their place: the same hash goes on',
    ],
    ['settings listed', String(listed), changed],
  ])
}

function noteLines(notes: readonly Note[]): string {
  return notes.map(({ path, text }) => `  note ${path}: ${text}`).join('\n')
}
