/** Folders of feature files, and the flags that they are about. */
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { type Scenario, scenariosIn } from './gherkin.ts'

export type Suite = {
  /** The folder, from the one that was given. */
  name: string
  scenarios: readonly (Scenario & { file: string })[]
  /** A flag file of flagd. */
  flags: FlagdFile
}

type Json = Record<string, unknown>
type FlagdFile = { flags: Record<string, Json>; $evaluators: Json }

/** The suites below a folder: one for each folder that has feature files and flags, in it or in `flags` beside it. */
export function suitesIn(folder: string): Suite[] {
  const files = globSync('**/*.feature', { cwd: folder }).sort()
  const folders = [...new Set(files.map((file) => dirname(file)))]
  return folders.map((name) => ({
    name: name === '.' ? basename(folder) : name,
    scenarios: files
      .filter((file) => dirname(file) === name)
      .flatMap((file) =>
        scenariosIn(readFileSync(join(folder, file), 'utf8')).map((scenario) => ({
          ...scenario,
          file: basename(file),
        })),
      ),
    flags: flagsFor(join(folder, name)),
  }))
}

/** What the folder is a checkout of; undefined for one of no repository. */
export function commitOf(folder: string): string | undefined {
  try {
    return execFileSync('git', ['-C', folder, 'rev-parse', 'HEAD'], { stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .trim()
  } catch {
    return undefined
  }
}

function flagsFor(folder: string): FlagdFile {
  const beside = join(folder, '../flags')
  const place = existsSync(beside) ? beside : folder
  // Files of this name are for a setting of flagd's own provider.
  const files = readdirSync(place).filter((file) => file.endsWith('.json') && !file.startsWith('selector'))
  const all: FlagdFile = { flags: {}, $evaluators: {} }
  for (const file of files) {
    const text = readFileSync(join(place, file), 'utf8')
    const { flags, $evaluators = {}, metadata = {} } = flagdForm(JSON.parse(text) as Json)
    for (const [key, flag] of Object.entries(flags)) {
      all.flags[key] = { ...flag, metadata: { ...(metadata as Json), ...(flag.metadata as Json) } }
    }
    Object.assign(all.$evaluators, $evaluators)
  }
  if (Object.keys(all.flags).length === 0) throw new Error(`There are no flags for ${relative('.', folder)}`)
  return all
}

/** The specification writes flags in another form, with conditions in CEL. */
function flagdForm(file: Json): { flags: Record<string, Json>; $evaluators?: unknown; metadata?: unknown } {
  if ('flags' in file) return file as { flags: Record<string, Json> }
  const flags = Object.entries(file).map(([key, value]) => {
    const { variants, defaultVariant, disabled, contextEvaluator, flagMetadata } = value as Json
    const targeting = typeof contextEvaluator === 'string' ? targetingOf(contextEvaluator) : undefined
    const state = disabled === true ? 'DISABLED' : 'ENABLED'
    return [
      key,
      { state, variants, defaultVariant, ...(targeting && { targeting }), metadata: flagMetadata ?? {} },
    ]
  })
  return { flags: Object.fromEntries(flags) as Record<string, Json> }
}

/** `a == 'x' && !b && c > 1 ? 'variant' : ''` as flagd writes it. */
function targetingOf(cel: string): Json {
  const [, condition = '', variant = ''] = /^(.*) \? '(.*)' : ''$/.exec(cel) ?? []
  const terms = condition.split(' && ').map((term) => {
    const [, not, name, operator, text, number] =
      /^(!)?(\w+)(?: (==|>|<) (?:'(.*)'|(\d+)))?$/.exec(term) ?? []
    if (name === undefined) throw new Error(`This condition is not understood: ${cel}`)
    if (operator === undefined) return not ? { '!': { var: name } } : { var: name }
    return { [operator]: [{ var: name }, number === undefined ? text : Number(number)] }
  })
  return { if: [{ and: terms }, variant, null] }
}
