/** `sluice import launchdarkly`: flags and segments become a gate document that decides the same, for the same contexts. */
import * as v from 'valibot'
import { jsonPath, problem, problemsOfIssue } from '../../core/config/parse/problems.ts'
import type { FlagInput, GateDocumentInput } from '../../core/config/schema/document.ts'
import { ownOf } from '../../core/json-object.ts'
import {
  documentOf,
  type FlagKeys,
  flagKeysOf,
  type Imported,
  keyIn,
  type Loss,
  type Note,
  type Renamed,
  readSource,
} from '../imported.ts'
import { fileSchema, type LaunchDarklyFile, type LaunchDarklyFlag, payloadIn } from './file.ts'
import { namesOf, translateFlag } from './flag.ts'

export type LaunchDarklyOptions = {
  /** Which environment of an export; needed where it has several. */
  environment?: string | undefined
  /** The kind of context that is carried over. Default: `user`. */
  kind?: string | undefined
  renamed?: Renamed
}

type Found = { losses: Loss[]; notes: Note[] }

const NOTES: readonly Note[] = [
  {
    path: '$',
    text: 'the key of a context is the targeting key, and its attributes are compared with their types: what comes from headers and cookies is a text',
  },
]

/** Imports the text of an export; `into` is the document that is to hold the flags. */
export function importLaunchDarkly(
  text: string,
  into?: GateDocumentInput,
  options: LaunchDarklyOptions = {},
): Imported {
  const json = readSource(text)
  if (!json.ok) return json
  const payload = payloadIn(json.value, options.environment)
  if (typeof payload === 'string') {
    return { ok: false, problems: [problem([], 'this file', payload, 'see docs/migrating/launchdarkly.md')] }
  }
  const parsed = v.safeParse(fileSchema, payload)
  if (!parsed.success) {
    return { ok: false, problems: parsed.issues.flatMap((issue) => problemsOfIssue(issue)) }
  }
  const found: Found = { losses: [], notes: [...NOTES] }
  const flags: Record<string, FlagInput> = {}
  const keys = flagKeysOf(keptIn(parsed.output), options.renamed ?? {})
  for (const [key, flag] of Object.entries(parsed.output.flags)) {
    const path = jsonPath(['flags', key])
    if (flag.deleted || flag.archived) {
      found.notes.push({ path, text: 'it is archived, and left out' })
      continue
    }
    const named = keys.get(key)
    if (named === undefined) continue
    if ('unfit' in named) found.losses.push({ path, ...named.unfit, instead: 'the flag is left out' })
    else flags[named.key] = flagOf(key, flag, { file: parsed.output, keys, kind: options.kind }, found)
  }
  return documentOf(flags, into, found)
}

/** Keys of the flags that are still in use. */
function keptIn({ flags }: LaunchDarklyFile): string[] {
  return Object.entries(flags).flatMap(([key, { deleted, archived }]) => (deleted || archived ? [] : [key]))
}

/** What flags are translated with. */
type Around = { file: LaunchDarklyFile; keys: FlagKeys; kind: string | undefined }

function flagOf(
  key: string,
  flag: LaunchDarklyFlag,
  { file, keys, kind = 'user' }: Around,
  found: Found,
): FlagInput {
  const at = jsonPath(['flags', key])
  const isOffRequired = Object.values(file.flags).some(({ prerequisites }) =>
    prerequisites.some((required) => required.key === key && required.variation === flag.offVariation),
  )
  const lose = (path: string, what: string, instead: string) =>
    found.losses.push({ path: at + path, what, instead })
  const translated = translateFlag(flag, { key, kind, segments: file.segments, isOffRequired, lose })
  const requires: NonNullable<FlagInput['requires']> = []
  for (const [index, { key: other, variation }] of flag.prerequisites.entries()) {
    const path = `.prerequisites[${index}]`
    const parent = ownOf(file.flags, other)
    const wanted = parent && namesOf(parent)[variation]
    const name = keyIn(keys, other)
    if (parent === undefined || name === undefined || wanted === undefined) {
      found.notes.push({
        path: at + path,
        text: `it is never on: "${other}" does not exist, or has no such variation`,
      })
      return { ...translated, rules: [] }
    }
    if (parent.on && parent.prerequisites.length > 0 && variation === parent.offVariation) {
      lose(
        path,
        `the variation that "${other}" serves when its own prerequisites fail`,
        'it does not meet the prerequisite then',
      )
    }
    requires.push({ flag: name, variants: [wanted] })
  }
  return { ...translated, ...(requires.length > 0 && { requires }) }
}
