/** `sluice import flagd`: flagd's flag file becomes a gate document that decides the same, for the same visitors. */
import * as v from 'valibot'
import { jsonPath, problemOfIssue } from '../../core/config/problems.ts'
import type { FlagInput, GateDocumentInput, RuleInput } from '../../core/config/schema.ts'
import { documentOf, type Imported, type Loss, type Note, readSource } from '../imported.ts'
import { ALWAYS, Untranslatable } from './conditions.ts'
import { type FlagdFile, type FlagdFlag, fileSchema } from './file.ts'
import { resolved, rulesOf } from './targeting.ts'

type Found = { losses: Loss[]; notes: Note[] }

/** Has no value, so that the app's own default is used, as flagd leaves it to the app. */
const NO_VALUE = 'code-default'

const NOTES: Note[] = [
  {
    path: '$',
    text: 'texts, numbers and booleans that look alike are equal here; flagd tells them apart with "===" and in lists',
  },
]

/** Imports the text of a flag file; `into` is the document that is to hold the flags. */
export function importFlagd(text: string, into?: GateDocumentInput): Imported {
  const json = readSource(text)
  if (!json.ok) return json
  const parsed = v.safeParse(fileSchema, json.value)
  if (!parsed.success) return { ok: false, problems: parsed.issues.map((issue) => problemOfIssue(issue, [])) }
  const file = parsed.output as FlagdFile
  const found: Found = { losses: [], notes: [...NOTES] }
  const flags = Object.fromEntries(
    Object.entries(file.flags).map(([key, flag]) => [key, flagOf(key, flag, file, found)]),
  )
  return documentOf(flags, into, found)
}

function flagOf(key: string, flag: FlagdFlag, file: FlagdFile, found: Found): FlagInput {
  const path = jsonPath(['flags', key])
  const isEnabled = flag.state === 'ENABLED'
  const own = flag.defaultVariant || undefined
  // A flag that is disabled, or has no default, leaves the value to the app.
  const needsNoValue = !isEnabled || own === undefined
  const otherwise = own ?? NO_VALUE
  if (own !== undefined && !Object.hasOwn(flag.variants, own)) {
    found.losses.push({
      path: `${path}.defaultVariant`,
      what: `"${own}" is no variant`,
      instead: 'nothing: correct it',
    })
  }
  return {
    enabled: isEnabled,
    variants: { ...flag.variants, ...(needsNoValue && { [NO_VALUE]: null }) },
    off: isEnabled ? otherwise : NO_VALUE,
    rules: targetingOf(key, path, flag, otherwise, isEnabled, file, found),
    ...metadataOf(path, { ...file.metadata, ...flag.metadata }, found),
  }
}

function targetingOf(
  key: string,
  path: string,
  flag: FlagdFlag,
  otherwise: string,
  isEnabled: boolean,
  file: FlagdFile,
  found: Found,
): RuleInput[] {
  const lose = (at: string, what: string) =>
    found.losses.push({ path: at, what, instead: 'a condition counts as false, an answer as none' })
  const { targeting } = flag
  const at = `${path}.targeting`
  if (!targeting || Object.keys(targeting).length === 0) {
    return isEnabled ? [] : [{ serve: otherwise }]
  }
  try {
    const logic = resolved(targeting, file.$evaluators)
    const variants = Object.keys(flag.variants)
    return rulesOf(logic, at, ALWAYS, { key, variants, otherwise, evaluators: file.$evaluators, lose })
  } catch (error) {
    if (!(error instanceof Untranslatable)) throw error
    lose(at, error.message)
    return []
  }
}

function metadataOf(
  path: string,
  all: Readonly<Record<string, unknown>>,
  found: Found,
): Pick<FlagInput, 'metadata'> {
  const metadata: Record<string, string | number | boolean> = {}
  for (const [name, value] of Object.entries(all)) {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      metadata[name] = value
    else
      found.losses.push({
        path: `${path}.metadata.${name}`,
        what: 'metadata that is no plain value',
        instead: 'it is left out',
      })
  }
  return Object.keys(metadata).length > 0 ? { metadata } : {}
}
