/**
 * The gate that runs in a folder: `sluice dev` and `npm start` write its address and token there, so that other
 * commands find it from this folder and those below it. The note is removed when the gate stops.
 */
import { readFileSync, rmSync } from 'node:fs'
import { mkdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import * as v from 'valibot'
import { Refusal } from '../base/errors.ts'
import { writePrivately } from './private-file.ts'

const noteSchema = v.object({
  url: v.string(),
  token: v.string(),
  /** Folder of its KV and Durable Objects. */
  data: v.optional(v.string()),
})
export type LocalGateNote = v.InferOutput<typeof noteSchema>

export const LOCAL_FOLDER = '.sluice'
const FILE = `${LOCAL_FOLDER}/dev.json`

/** A gate by its note, and where that is, as messages say it. */
export type NotedGate = LocalGateNote & { source: string }

/**
 * The note of the gate that runs in the folder, or in one above it; undefined where none does. A note that names another
 * machine was not written by `sluice dev`: it came with the folder, and its author would get what commands send.
 */
export async function readLocalGate(folder: string): Promise<NotedGate | undefined> {
  const note = await nearestNote(folder)
  if (note === undefined || isLoopback(note.url)) return note
  throw new Refusal(
    `Cannot use ${note.source}: it names ${note.url}, which is not this machine. Delete the file, or name the gate: --url URL`,
  )
}

/** The token of the gate that runs in the folder, if it has this address. */
export async function localTokenOf(url: string, folder: string): Promise<string | undefined> {
  const note = await nearestNote(folder)
  return note !== undefined && isLoopback(url) && note.url === url ? note.token : undefined
}

async function nearestNote(start: string): Promise<NotedGate | undefined> {
  for (let folder = start; ; folder = dirname(folder)) {
    const path = join(folder, FILE)
    const note = folder === start || (await isOwn(path)) ? await readNote(path) : undefined
    if (note !== undefined) return { ...note, source: folder === start ? FILE : path }
    if (dirname(folder) === folder) return undefined
  }
}

/** Folders above may be everybody's, such as /tmp: what others leave there must not lead commands to their gate. */
async function isOwn(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found !== undefined && (process.getuid === undefined || found.uid === process.getuid())
}

async function readNote(path: string): Promise<LocalGateNote | undefined> {
  try {
    return v.parse(noteSchema, JSON.parse(await readFile(path, 'utf8')))
  } catch {
    // There is no note, or one of another version: either way no local gate is known.
    return undefined
  }
}

/** Whether a URL leads to this very machine. */
export function isLoopback(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { hostname, protocol } = new URL(url)
  const isHere = /^(?:(?:[\w-]+\.)*localhost\.?|\[::1\]|127(?:\.\d+){3})$/.test(hostname)
  return isHere && /^https?:$/.test(protocol)
}

/** Leaves the note; returns what takes it back. */
export async function leaveNote(folder: string, note: LocalGateNote): Promise<() => void> {
  const path = join(folder, FILE)
  const text = `${JSON.stringify(note, null, 2)}\n`
  await mkdir(join(folder, LOCAL_FOLDER), { recursive: true })
  await writePrivately(path, text)
  const takeBack = () => {
    // Another gate that was started in the folder since has its own note there.
    if (textOf(path) === text) rmSync(path, { force: true })
  }
  // Also when the process is interrupted: a stale note would lead other commands to a gate that has stopped.
  process.once('exit', takeBack)
  return takeBack
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
