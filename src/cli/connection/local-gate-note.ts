/**
 * The gate that runs in a folder: `sluice dev` notes its address and token there, so that the other verbs find it
 * without being told. The note goes when the gate does.
 */
import { rmSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'

const noteSchema = v.object({ url: v.string(), token: v.string() })
export type LocalGateNote = v.InferOutput<typeof noteSchema>

export const LOCAL_FOLDER = '.sluice'

function notePath(folder: string): string {
  return join(folder, LOCAL_FOLDER, 'dev.json')
}

/** The note of a gate that runs in the folder; undefined where none does. */
export async function readLocalGate(folder: string): Promise<LocalGateNote | undefined> {
  try {
    return v.parse(noteSchema, JSON.parse(await readFile(notePath(folder), 'utf8')))
  } catch {
    // No note, or one of another version: then no local gate is known.
    return undefined
  }
}

export async function writeLocalGate(folder: string, note: LocalGateNote): Promise<void> {
  await mkdir(join(folder, LOCAL_FOLDER), { recursive: true })
  await writeFile(notePath(folder), `${JSON.stringify(note, null, 2)}\n`, { mode: 0o600 })
  // Whatever ends the process: a note of a gate that is gone would lead the other verbs astray.
  process.once('exit', () => rmSync(notePath(folder), { force: true }))
}

export async function forgetLocalGate(folder: string): Promise<void> {
  await rm(notePath(folder), { force: true })
}
