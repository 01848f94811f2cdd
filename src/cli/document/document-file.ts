/** The gate document on disk. */

import { readFile, stat } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { parseDocument } from '../../core/config/parse/parse.ts'
import type { Problem } from '../../core/config/parse/problems.ts'
import type { GateDocument } from '../../core/config/schema/document.ts'
import { plural } from '../../core/figures.ts'
import { withoutByteOrderMark } from '../../core/json-object.ts'
import { Refusal, UsageError } from '../base/errors.ts'
import { printableDeep } from '../base/printable.ts'
import type { Terminal } from '../base/terminal.ts'
import { placeOf } from './place.ts'

/** Where documents usually are, in the order of the search. */
const USUAL_PLACES = ['gate.json', 'sluice.json', 'config/gate.json']

export type DocumentFile = {
  /** As the user would write it, relative to the current folder. */
  name: string
  path: string
  text: string
}

export type PlacedProblem = Problem & { file: string; line: number; column: number }

/** Reads the named document, or the one in a usual place; "-" is standard input. */
export async function readDocumentFile(name: string | undefined, terminal: Terminal): Promise<DocumentFile> {
  if (name === '-') {
    const text = withoutByteOrderMark(await terminal.readInput())
    return { name: 'standard input', path: '-', text }
  }
  const path = resolve(terminal.cwd, name ?? (await usualPlace(terminal.cwd)))
  try {
    const text = withoutByteOrderMark(await readFile(path, 'utf8'))
    return { name: name ?? relative(terminal.cwd, path), path, text }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : message
    throw new UsageError(`Cannot read ${name ?? path}: ${why}`)
  }
}

async function usualPlace(cwd: string): Promise<string> {
  for (const place of USUAL_PLACES) {
    const found = await stat(join(cwd, place)).catch(() => undefined)
    if (found?.isFile()) return place
  }
  throw new UsageError(
    `There is no gate document here (${USUAL_PLACES.join(', ')}). Name one, or start with: sluice init`,
  )
}

/** The problems of a document, each with its place in the file. */
export function problemsIn({ name, text }: DocumentFile): PlacedProblem[] {
  const parsed = parseDocument(text)
  if (parsed.ok) return []
  return parsed.problems.map((problem) => ({ ...problem, file: name, ...placeOf(text, problem.path) }))
}

/** The parsed document; throws all its problems where it has some. */
export function parsedDocument(file: DocumentFile): GateDocument {
  const parsed = parseDocument(file.text)
  if (parsed.ok) return parsed.value
  const problems = problemsIn(file)
  throw new Refusal(
    `${file.name} has ${plural(problems.length, 'problem')}`,
    { problems },
    placedParagraphs(problems),
  )
}

export function placedParagraphs(problems: readonly PlacedProblem[]): string {
  return printableDeep(problems)
    .map(
      ({ file, line, column, path, found, expected, fix }) =>
        `${file}:${line}:${column}  ${path}\n  found     ${found}\n  expected  ${expected}\n  fix       ${fix}`,
    )
    .join('\n\n')
}
