import { dirname } from 'node:path'
import { localOrigins } from '../../core/config/parse/origin-warnings.ts'
import { parseDocument } from '../../core/config/parse/parse.ts'
import { documentWarnings } from '../../core/config/parse/warnings.ts'
import { asList } from '../../core/config/schema/document.ts'
import { plural } from '../../core/figures.ts'
import { type Call, type CliCommand, DOCUMENT_OR_INPUT } from '../base/command.ts'
import type { Terminal } from '../base/terminal.ts'
import { readDevVars } from '../connection/dev-vars.ts'
import { type Finding, findingLine } from '../doctor/finding.ts'
import { tomlIn } from '../doctor/gate-toml.ts'
import { lookAtLiveOrigins } from '../doctor/live-origins.ts'
import { originsByToml } from '../doctor/toml-origins.ts'
import {
  type DocumentFile,
  placedParagraphs,
  problemsIn,
  readAnyDocumentFile,
} from '../document/document-file.ts'

export const check: CliCommand = {
  name: 'check',
  group: 'Document',
  summary: 'Validate a gate document',
  details:
    'Works without a gate. Each problem has its place in the file, what was found, what was expected, and how to fix it. Warns of guards that can never act or hold every stage, of routes and countries that are not what they seem, and where the .dev.vars of the folder has no SIGNING_KEY.',
  arguments: [DOCUMENT_OR_INPUT],
  options: [
    {
      flags: '--live',
      summary:
        'ask each origin as the gate would: reachable, Host, redirects, cookies, TLS, size of headers, CORS',
    },
    {
      flags: '--host HOST',
      summary: 'with --live: the host of the site (from the routes, or www.example.com)',
    },
  ],
  examples: [
    ['check', 'check the document of this folder'],
    ['check config/gate.json --json', 'the problems as JSON, for an editor or a pipeline'],
    ['check --live --host www.example.com', 'ask the origins, too'],
    ['check -', 'check the output of another command, such as an import'],
  ],
  failsWhen: 'the document has problems, or an origin has a fault',
  async run(call) {
    const { args, terminal, paint, tell } = call
    const file = await readAnyDocumentFile(args[0], terminal)
    const problems = problemsIn(file)
    const beside = await besideToml(file, terminal)
    const warnings = [...(await warningsAbout(terminal)), ...warningsOf(file), ...beside.warnings]
    for (const warning of warnings) tell(paint('yellow', warning))
    for (const note of beside.notes) tell(note)
    const live = call.options.has('live') ? await lookLive(call, file) : undefined
    for (const finding of live ?? []) tell(findingLine(finding, paint))
    const hasFault = live?.some(({ level }) => level === 'fault') === true
    const text =
      problems.length === 0
        ? `${paint('green', '✔')} ${file.name} has no problems`
        : `${placedParagraphs(problems)}\n\n${paint('red', `${file.name} has ${plural(problems.length, 'problem')}`)}`
    return {
      json: {
        ...{ file: file.name, valid: problems.length === 0, problems, warnings, notes: beside.notes },
        ...(live && { live }),
      },
      text,
      failed: problems.length > 0 || hasFault,
    }
  },
}

/** What origins say to the gate; undefined for a document with problems, which no gate would use. */
async function lookLive(call: Call, { text }: DocumentFile): Promise<Finding[] | undefined> {
  const parsed = parseDocument(text)
  if (!parsed.ok) return undefined
  const { cwd, env } = call.terminal
  const hosts = parsed.value.routes.flatMap(({ host }) => asList(host) ?? [])
  const host = call.options.text('host') ?? hosts.find((each) => !each.startsWith('*')) ?? 'www.example.com'
  const secrets = { ...(await readDevVars(cwd)), ...env }
  return await call.during(
    'asking the origins',
    lookAtLiveOrigins(parsed.value, { host, secrets, nowMs: Date.now() }),
  )
}

/** What the document will not do. */
export function warningsOf({ text }: DocumentFile): string[] {
  const parsed = parseDocument(text)
  return parsed.ok
    ? documentWarnings(parsed.value).map(({ place, text }) => `warning: ${place}: ${text}`)
    : []
}

/** What a gate with the wrangler.toml beside the document could not reach, and what to know of origins on the gate's routes. */
async function besideToml(
  { text, path }: DocumentFile,
  { cwd }: Terminal,
): Promise<{ warnings: string[]; notes: string[] }> {
  const parsed = parseDocument(text)
  // What is not TOML is doctor's matter.
  const toml = await tomlIn(path === '-' ? cwd : dirname(path)).catch(() => undefined)
  if (!parsed.ok || toml === undefined) return { warnings: [], notes: [] }
  const found = originsByToml(toml, parsed.value)
  const local = localOrigins(parsed.value).map(({ name, text }) => `warning: origin ${name}: ${text}`)
  return {
    warnings: [
      ...local,
      ...found.flatMap(({ level, about, text, fix }) =>
        level === 'fault' ? [`warning: ${about}: ${text}; ${fix}`] : [],
      ),
    ],
    notes: found.flatMap(({ level, about, text }) => (level === 'ok' ? [`note: ${about}: ${text}`] : [])),
  }
}

/** What is valid, and yet not as it should be. A folder without .dev.vars keeps its secrets elsewhere. */
async function warningsAbout({ cwd, env }: Terminal): Promise<string[]> {
  const vars = await readDevVars(cwd)
  const isGate = Object.keys(vars).length > 0
  if (!isGate || vars.SIGNING_KEY || env.SIGNING_KEY) return []
  return ['warning: .dev.vars has no SIGNING_KEY: visitors of this gate can make up their ids']
}
