/** What an import gives: a document, and a list of everything that is not carried over exactly. */
import { parseDocumentValue } from '../core/config/parse.ts'
import type { Problem } from '../core/config/problems.ts'
import type { FlagInput, GateDocumentInput } from '../core/config/schema.ts'

/** Something that the document can't say exactly as the source does; without it the import is faithful. */
export type Loss = {
  /** JSON path in the source. */
  path: string
  what: string
  /** What the document has instead. */
  instead: string
}

/** Something that is carried over exactly, and that a person should still know. */
export type Note = { path: string; text: string }

export type Imported =
  | { ok: true; document: GateDocumentInput; losses: Loss[]; notes: Note[] }
  /** The source is not what it should be. */
  | { ok: false; problems: readonly Problem[] }

/** What surrounds imported flags until a person has filled it in. */
const SCAFFOLD: GateDocumentInput = {
  $schema: './sluice.schema.json',
  origins: { app: { url: 'https://app.example.com' } },
  routes: [{ path: '/*', origin: 'app' }],
}

const SCAFFOLD_NOTE: Note = {
  path: '$',
  text: 'the source knows no origins and routes; those of the document are placeholders, fill in yours',
}

/**
 * Puts flags into a document: a given one, or a new one with placeholders. The result is parsed, so that an import
 * never hands out what the gate would refuse.
 */
export function documentOf(
  flags: Readonly<Record<string, FlagInput>>,
  into: GateDocumentInput | undefined,
  found: { losses: Loss[]; notes: Note[] },
): Imported {
  const base = into ?? SCAFFOLD
  const document: GateDocumentInput = { ...base, flags: { ...base.flags, ...flags } }
  const parsed = parseDocumentValue(document)
  if (!parsed.ok) return { ok: false, problems: parsed.problems }
  const notes = into === undefined ? [SCAFFOLD_NOTE, ...found.notes] : found.notes
  return { ok: true, document, losses: found.losses, notes }
}
