/** `sluice import flagd`: flagd's flag file becomes a gate document that decides the same, for the same visitors. */
import * as v from 'valibot'
import { jsonPath, problemsOfIssue } from '../../core/config/parse/problems.ts'
import type { FlagInput, GateDocumentInput, RuleInput } from '../../core/config/schema/document.ts'
import { VARIANT_SHAPE } from '../../core/config/schema/values.ts'
import { Untranslatable } from '../alternatives.ts'
import {
  documentOf,
  flagKeysOf,
  type Imported,
  type Loss,
  type Note,
  type Renamed,
  readSource,
} from '../imported.ts'
import { type FlagdFile, type FlagdFlag, fileSchema } from './file.ts'
import { resolved, targetingRules } from './targeting.ts'

type Found = { losses: Loss[]; notes: Note[] }

/** Has no value, so that the app's own default is used, as flagd leaves it to the app. */
const NO_VALUE = 'code-default'

/** What is not the same for every context, told where a file has such an operation. */
const DIFFERENCES: readonly (readonly [operations: RegExp, text: string])[] = [
  [
    /"(?:[!=]==?|<=?|>=?|in|starts_with|ends_with)":/,
    'an attribute of another type than what it is compared with: texts, numbers and booleans that look alike are equal here, while flagd converts some of them, and has no answer for others',
  ],
  [
    /"[!=]=":/,
    'what is missing equals 0 and false by "==", and these equal null, as in flagd\'s evaluator for JavaScript; others of its evaluators tell them apart',
  ],
  [
    /"in":\s*\[\s*"/,
    'a text "in" an attribute is part of it here, also of the elements of a list, of which flagd asks that one is equal',
  ],
  [
    /"cat":/,
    'a missing attribute among the texts of a "cat" is hashed as "null", as flagd\'s compiled evaluator for JavaScript does; its others leave it out',
  ],
]

/** Imports the text of a flag file; `into` is the document that is to hold the flags, `renamed` new keys by old ones. */
export function importFlagd(text: string, into?: GateDocumentInput, renamed: Renamed = {}): Imported {
  const json = readSource(text)
  if (!json.ok) return json
  const parsed = v.safeParse(fileSchema, json.value)
  if (!parsed.success)
    return { ok: false, problems: parsed.issues.flatMap((issue) => problemsOfIssue(issue)) }
  const file = parsed.output as FlagdFile
  const found: Found = { losses: [], notes: differencesIn(JSON.stringify(json.value)) }
  const flags: Record<string, FlagInput> = {}
  for (const [key, named] of flagKeysOf(Object.keys(file.flags), renamed)) {
    const flag = file.flags[key] as FlagdFlag
    if ('key' in named) flags[named.key] = flagOf(key, flag, file, found)
    else
      found.losses.push({
        path: jsonPath(['flags', key]),
        ...named.unfit,
        instead: 'the flag is left out',
      })
  }
  return documentOf(flags, into, found)
}

/** Names of the variants here by their own, which differ where a document can't have one. */
function namesOf(path: string, { variants }: FlagdFlag, found: Found): Map<string, string> {
  const names = new Map<string, string>()
  for (const own of Object.keys(variants)) {
    const fit = own.replaceAll(/[^\p{L}\p{M}\p{N}\p{So}._~:%+@&!()/-]/gu, '-').replace(/^[^\p{L}\p{N}]+/u, '')
    const wanted = VARIANT_SHAPE.test(own) ? own : fit.slice(0, 90) || 'variant'
    const isTaken =
      [...names.values()].includes(wanted) || (wanted !== own && Object.hasOwn(variants, wanted))
    const name = isTaken ? `${wanted}~${names.size + 1}` : wanted
    names.set(own, name)
    if (name === own) continue
    const what = `"${own}" can't be the name of a variant`
    found.losses.push({ path: path + jsonPath(['variants', own]).slice(1), what, instead: `it is "${name}"` })
  }
  return names
}

function differencesIn(text: string): Note[] {
  return DIFFERENCES.flatMap(([operations, what]) =>
    operations.test(text) ? [{ path: '$', text: what }] : [],
  )
}

function flagOf(key: string, flag: FlagdFlag, file: FlagdFile, found: Found): FlagInput {
  const path = jsonPath(['flags', key])
  const isEnabled = flag.state === 'ENABLED'
  const names = namesOf(path, flag, found)
  const own = flag.defaultVariant || undefined
  const isKnown = own === undefined || names.has(own)
  if (!isKnown) {
    const what = `"${own}" is no variant`
    found.losses.push({ path: `${path}.defaultVariant`, what, instead: "the app's own default is used" })
  }
  const nothing = freeName(NO_VALUE, flag)
  const otherwise = names.get(own ?? '') ?? nothing
  const rules = targetingOf({ key, path, flag, names, otherwise, nothing, file, found })
  const variants = Object.fromEntries(
    Object.entries(flag.variants).map(([name, value]) => [names.get(name) ?? name, value]),
  )
  // A flag that is disabled, has no default, or is answered with no variant leaves the value to the app.
  const needsNothing = !isEnabled || otherwise === nothing || rules.some(({ serve }) => serve === nothing)
  return {
    ...(typeof flag.description === 'string' && flag.description !== '' && { description: flag.description }),
    enabled: isEnabled,
    variants: { ...variants, ...(needsNothing && { [nothing]: null }) },
    off: isEnabled ? otherwise : nothing,
    rules,
    ...metadataOf(path, { ...file.metadata, ...flag.metadata }, found),
  }
}

function freeName(name: string, { variants }: FlagdFlag): string {
  return Object.hasOwn(variants, name) ? freeName(`${name}~`, { variants } as FlagdFlag) : name
}

type Targeted = {
  key: string
  path: string
  flag: FlagdFlag
  names: ReadonlyMap<string, string>
  otherwise: string
  nothing: string
  file: FlagdFile
  found: Found
}

function targetingOf({ key, path, flag, names, otherwise, nothing, file, found }: Targeted): RuleInput[] {
  const lose = (at: string, what: string) =>
    found.losses.push({ path: at, what, instead: 'a condition counts as false, an answer as none' })
  const { targeting } = flag
  const at = `${path}.targeting`
  if (!targeting || Object.keys(targeting).length === 0) {
    return otherwise === nothing ? [] : [{ serve: otherwise }]
  }
  const noValue = (place: string, answer: string) => {
    found.notes.push({ path: place, text: `${answer} may be no variant: the app's own default is used then` })
    return nothing
  }
  try {
    const logic = resolved(targeting, key, file.$evaluators)
    return targetingRules(logic, at, { variants: names, otherwise, unanswered: new Set(), noValue, lose })
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
