/** `sluice import growthbook`: what GrowthBook serves its SDKs becomes a gate document that decides the same. */
import * as v from 'valibot'
import { jsonPath, problemsOfIssue } from '../../core/config/parse/problems.ts'
import type { FlagInput, GateDocumentInput } from '../../core/config/schema/document.ts'
import { FLAG_KEY_SHAPE } from '../../core/config/schema/values.ts'
import { Untranslatable } from '../alternatives.ts'
import {
  documentOf,
  type Imported,
  type Loss,
  type Note,
  type Renamed,
  readSource,
  unfitKey,
} from '../imported.ts'
import { translateFeature } from './feature.ts'
import { fileSchema, type GrowthBookFile } from './file.ts'

type Found = { losses: Loss[]; notes: Note[] }

const NOTES: readonly string[] = [
  'the attribute "id" is the targeting key; attributes are compared as JavaScript does, so a text from a header is not a number',
  'a list that is compared with a single value holds where one of its elements does; GrowthBook takes it for one text',
]

/** Imports the text of a payload; `into` is the document that is to hold the flags, `renamed` new keys by old ones. */
export function importGrowthBook(text: string, into?: GateDocumentInput, renamed: Renamed = {}): Imported {
  const json = readSource(text)
  if (!json.ok) return json
  const parsed = v.safeParse(fileSchema, json.value)
  if (!parsed.success) {
    return { ok: false, problems: parsed.issues.flatMap((issue) => problemsOfIssue(issue, [])) }
  }
  const file: GrowthBookFile = parsed.output
  const found: Found = { losses: [], notes: NOTES.map((note) => ({ path: '$', text: note })) }
  const flags: Record<string, FlagInput> = {}
  const nameOf = (key: string) => {
    const name = renamed[key] ?? key
    return FLAG_KEY_SHAPE.test(name) ? name : undefined
  }
  for (const [key, feature] of Object.entries(file.features)) {
    const path = jsonPath(['features', key])
    const name = nameOf(key)
    if (name === undefined) {
      found.losses.push({ path, what: unfitKey(renamed[key] ?? key), instead: 'the feature is left out' })
      continue
    }
    const lose = (place: string, what: string) =>
      found.losses.push({ path: path + place, what, instead: 'the rule is left out' })
    try {
      flags[name] = translateFeature(feature, { key, file, nameOf, lose })
    } catch (error) {
      if (!(error instanceof Untranslatable)) throw error
      found.losses.push({ path, what: error.message, instead: 'the feature is left out' })
    }
  }
  return documentOf(flags, into, found)
}
