/**
 * The gate that runs in a folder: `sluice dev` writes its address and token there, so that the other commands find it.
 * The note is removed when the gate stops.
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

/** The note of the gate that runs in the folder; undefined where none does. */
export async function readLocalGate(folder: string): Promise<LocalGateNote | undefined> {
  try {
    return v.parse(noteSchema, JSON.parse(await readFile(notePath(folder), 'utf8')))
  } catch {
    // There is no note, or one of another version: either way no local gate is known.
    return undefined
  }
}

export async function writeLocalGate(folder: string, note: LocalGateNote): Promise<void> {
  await mkdir(join(folder, LOCAL_FOLDER), { recursive: true })
  await writeFile(notePath(folder), `${JSON.stringify(note, null, 2)}\n`, { mode: 0o600 })
  // Also when the process is interrupted: a stale note would lead other commands to a gate that has stopped.
  process.once('exit', () => rmSync(notePath(folder), { force: true }))
}

export async function forgetLocalGate(folder: string): Promise<void> {
  await rm(notePath(folder), { force: true })
}
