/** `sluice import growthbook`: what GrowthBook serves its SDKs becomes a gate document that decides the same. */
import * as v from 'valibot'
import { jsonPath, problemsOfIssue } from '../../core/config/parse/problems.ts'
import type { FlagInput, GateDocumentInput } from '../../core/config/schema/document.ts'
import {
  documentOf,
  flagKeysOf,
  type Imported,
  keyIn,
  type Loss,
  type Note,
  type Renamed,
  readSource,
} from '../imported.ts'
import { translateFeature } from './feature.ts'
import { fileSchema, type GrowthBookFile, payloadIn } from './file.ts'

type Found = { losses: Loss[]; notes: Note[] }

const NOTES: readonly string[] = [
  'the attribute "id" is the targeting key, which is always a text: a number in a list of ids is the text that looks like it',
  'attributes are compared as JavaScript does, so a text from a header is not a number',
  'a list that is compared with a single value holds where one of its elements does; GrowthBook takes it for one text',
]

/** Imports the text of a payload; `into` is the document that is to hold the flags, `renamed` new keys by old ones. */
export function importGrowthBook(text: string, into?: GateDocumentInput, renamed: Renamed = {}): Imported {
  const json = readSource(text)
  if (!json.ok) return json
  const payload = payloadIn(json.value)
  const place = payload === json.value ? ['features'] : []
  const parsed = v.safeParse(fileSchema, payload)
  if (!parsed.success) {
    return { ok: false, problems: parsed.issues.flatMap((issue) => problemsOfIssue(issue)) }
  }
  const file: GrowthBookFile = parsed.output
  const found: Found = { losses: [], notes: NOTES.map((note) => ({ path: '$', text: note })) }
  const flags: Record<string, FlagInput> = {}
  const keys = flagKeysOf(Object.keys(file.features), renamed)
  for (const [key, named] of keys) {
    const path = jsonPath([...place, key])
    const feature = file.features[key]
    if ('unfit' in named) found.losses.push({ path, ...named.unfit, instead: 'the feature is left out' })
    if ('unfit' in named || feature === undefined) continue
    const lose = (inside: string, what: string) =>
      found.losses.push({ path: path + inside, what, instead: 'the rule is left out' })
    flags[named.key] = translateFeature(feature, { key, file, nameOf: (other) => keyIn(keys, other), lose })
  }
  return documentOf(flags, into, found)
}
