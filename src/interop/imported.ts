/** What an import gives: a document, and a list of everything that is not carried over exactly. */
import { type Parsed, parseDocumentValue, parseJson } from '../core/config/parse/parse.ts'
import { type Problem, problem } from '../core/config/parse/problems.ts'
import { isDeeperThan } from '../core/config/parse/readable.ts'
import type { FlagInput, GateDocumentInput } from '../core/config/schema/document.ts'
import { FLAG_KEY_SHAPE } from '../core/config/schema/values.ts'

/** Something that the document can't say exactly as the source does; without it the import is faithful. */
export type Loss = {
  /** JSON path in the source. */
  path: string
  what: string
  /** What the document has instead. */
  instead: string
  /** Where another key of a flag would be enough: `OLD=NEW` for `--rename`, with a key that is free. */
  rename?: string
}

/** Something that is carried over exactly, and that a person should still know. */
export type Note = { path: string; text: string }

/** What became of a source. */
export type ImportSummary = {
  /** Flags that the document now has from it. */
  flags: number
  /** Rules that serve a share of the visitors, all of whom keep their place: the source's own hash goes on. */
  sharedRules: number
  /** Settings that are not carried over exactly. */
  listed: number
}

export type Imported =
  | { ok: true; document: GateDocumentInput; losses: Loss[]; notes: Note[]; summary: ImportSummary }
  /** The source is not what it should be. */
  | { ok: false; problems: readonly Problem[] }

/** Whatever walks a source calls itself; a person's logic is not as deep as that. */
const DEEPEST_LEVEL = 500

/** The JSON of a source. Editors of some systems put a byte order mark before it. */
export function readSource(text: string): Parsed<unknown> {
  const json = parseJson(text)
  if (!json.ok || !isDeeperThan(json.value, DEEPEST_LEVEL)) return json
  const expected = `at most ${DEEPEST_LEVEL} levels`
  return { ok: false, problems: [problem([], 'more levels of nesting', expected, 'make it flatter')] }
}

/** New flag keys by the source's, for keys that a document can't have. Places keep the source's key. */
export type Renamed = Readonly<Record<string, string>>

/** The key that was given for a source's, or that itself. A source may have keys such as "constructor". */
function renamedKey(source: string, renamed: Renamed): string {
  return Object.hasOwn(renamed, source) ? (renamed[source] ?? source) : source
}

/** By the source's keys: the key that the flag has here, or why it can have none. */
export type FlagKeys = ReadonlyMap<string, { key: string } | { unfit: Pick<Loss, 'what' | 'rename'> }>

/** Names the flags of a source. Two that would get one key get none: one would silently replace the other. */
export function flagKeysOf(sources: Iterable<string>, renamed: Renamed): FlagKeys {
  const names = [...sources].map((source) => [source, renamedKey(source, renamed)] as const)
  const seen = new Set<string>()
  const twice = new Set(names.map(([, name]) => name).filter((name) => seen.size === seen.add(name).size))
  const unfit = (source: string, name: string, why: string) => {
    const key = freeKey(name, seen)
    seen.add(key)
    return { unfit: { what: `"${name}" ${why}: give it another with --rename`, rename: `${source}=${key}` } }
  }
  return new Map(
    names.map(([source, name]) => {
      if (!FLAG_KEY_SHAPE.test(name)) return [source, unfit(source, name, "can't be the key of a flag")]
      return [source, twice.has(name) ? unfit(source, name, 'would be the key of two flags') : { key: name }]
    }),
  )
}

/** The key of a flag here; undefined where it has none. */
export function keyIn(keys: FlagKeys, source: string): string | undefined {
  const named = keys.get(source)
  return named !== undefined && 'key' in named ? named.key : undefined
}

const LONGEST_STEM = 190

/** A key that a document can have, as close to a name as that may be. */
function freeKey(name: string, taken: ReadonlySet<string>): string {
  const plain = name
    .replace(/[^\p{L}\p{M}\p{N}\p{So}_.~:/-]+/gu, '-')
    .replace(/^[^\p{L}\p{N}\p{So}_]+|-+$/gu, '')
  const stem = plain.slice(0, LONGEST_STEM) || 'flag'
  for (let number = 2, key = stem; ; number++) {
    if (!taken.has(key)) return key
    key = `${stem}-${number}`
  }
}

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
  const replaced = Object.keys(flags).filter((key) => Object.hasOwn(base.flags ?? {}, key))
  const text = `flags that were in the document before are replaced: ${replaced.join(', ')}`
  const ownNotes = into === undefined ? [SCAFFOLD_NOTE] : replaced.length > 0 ? [{ path: '$', text }] : []
  const notes = [...ownNotes, ...found.notes]
  const rules = Object.values(flags).flatMap((flag) => flag.rules ?? [])
  const summary = {
    flags: Object.keys(flags).length,
    sharedRules: rules.filter(({ bucketing }) => bucketing !== undefined).length,
    listed: found.losses.length,
  }
  return { ok: true, document, losses: found.losses, notes, summary }
}
