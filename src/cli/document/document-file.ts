/** The gate document on disk. */

import { isUtf8 } from 'node:buffer'
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
  /** Where its bytes are no UTF-8; the text then lacks what is written there. */
  encoding?: PlacedProblem
}

export type PlacedProblem = Problem & { file: string; line: number; column: number }

/** Reads the named document, or the one in a usual place; "-" is standard input. Throws where it is not UTF-8. */
export async function readDocumentFile(name: string | undefined, terminal: Terminal): Promise<DocumentFile> {
  const file = await readAnyDocumentFile(name, terminal)
  if (file.encoding !== undefined) throw refusalOf(file)
  return file
}

/** The same also where it is not UTF-8, which is one of its problems then. */
export async function readAnyDocumentFile(
  name: string | undefined,
  terminal: Terminal,
): Promise<DocumentFile> {
  if (name === '-') {
    const text = withoutByteOrderMark(await terminal.readInput())
    return { name: 'standard input', path: '-', text }
  }
  const path = resolve(terminal.cwd, name ?? (await usualPlace(terminal.cwd)))
  try {
    const bytes = await readFile(path)
    const known = name ?? relative(terminal.cwd, path)
    const encoding = encodingProblem(known, bytes)
    const text = withoutByteOrderMark(bytes.toString('utf8'))
    return { name: known, path, text, ...(encoding && { encoding }) }
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
export function problemsIn({ name, text, encoding }: DocumentFile): PlacedProblem[] {
  if (encoding !== undefined) return [encoding]
  const parsed = parseDocument(text)
  if (parsed.ok) return []
  return parsed.problems.map((problem) => ({ ...problem, file: name, ...placeOf(text, problem.path) }))
}

/** The parsed document; throws all its problems where it has some. */
export function parsedDocument(file: DocumentFile): GateDocument {
  const parsed = parseDocument(file.text)
  if (parsed.ok) return parsed.value
  throw refusalOf(file)
}

function refusalOf(file: DocumentFile): Refusal {
  const problems = problemsIn(file)
  return new Refusal(
    `${file.name} has ${plural(problems.length, 'problem')}`,
    { problems },
    placedParagraphs(problems),
  )
}

/** The first byte that is no UTF-8: Latin-1 has letters there, and PowerShell's ">" writes UTF-16. */
function encodingProblem(file: string, bytes: Buffer): PlacedProblem | undefined {
  if (isUtf8(bytes)) return undefined
  const rest = { file, path: '$', expected: 'UTF-8', fix: 'save the file as UTF-8' }
  if (bytes.length > 1 && [0xfeff, 0xfffe].includes(bytes.readUInt16BE(0)))
    return { ...rest, found: 'UTF-16', line: 1, column: 1 }
  // A newline is part of no other character, so one of the lines is at fault.
  for (let [line, start] = [1, 0]; ; line++) {
    const end = bytes.indexOf('\n', start)
    const part = bytes.subarray(start, end < 0 ? undefined : end)
    if (!isUtf8(part)) {
      const [before = ''] = part.toString('utf8').split('\ufffd')
      const byte = (part[Buffer.byteLength(before)] ?? 0).toString(16).toUpperCase()
      return { ...rest, found: `the byte 0x${byte}`, line, column: before.length + 1 }
    }
    start = end + 1
  }
}

export function placedParagraphs(problems: readonly PlacedProblem[]): string {
  return printableDeep(problems)
    .map(
      ({ file, line, column, path, found, expected, fix }) =>
        `${file}:${line}:${column}  ${path}\n  found     ${found}\n  expected  ${expected}\n  fix       ${fix}`,
    )
    .join('\n\n')
}
