/**
 * The gate that runs in a folder: `sluice dev` writes its address and token there, so that the other commands find it.
 * The note is removed when the gate stops.
 */
import { rmSync } from 'node:fs'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { Refusal } from '../base/errors.ts'
import { writePrivately } from './private-file.ts'

const noteSchema = v.object({ url: v.string(), token: v.string() })
export type LocalGateNote = v.InferOutput<typeof noteSchema>

export const LOCAL_FOLDER = '.sluice'

function notePath(folder: string): string {
  return join(folder, LOCAL_FOLDER, 'dev.json')
}

/**
 * The note of the gate that runs in the folder; undefined where none does. A note that names another machine was not
 * written by `sluice dev`: it came with the folder, and its author would get what commands send.
 */
export async function readLocalGate(folder: string): Promise<LocalGateNote | undefined> {
  const note = await readNote(folder)
  if (note === undefined || isLoopback(note.url)) return note
  throw new Refusal(
    `Cannot use ${LOCAL_FOLDER}/dev.json: it names ${note.url}, which is not this machine. Delete the file, or name the gate: --url URL`,
  )
}

/** The token of the gate that runs in the folder, if it has this address. */
export async function localTokenOf(url: string, folder: string): Promise<string | undefined> {
  const note = await readNote(folder)
  return note !== undefined && isLoopback(url) && note.url === url ? note.token : undefined
}

async function readNote(folder: string): Promise<LocalGateNote | undefined> {
  try {
    return v.parse(noteSchema, JSON.parse(await readFile(notePath(folder), 'utf8')))
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

export async function writeLocalGate(folder: string, note: LocalGateNote): Promise<void> {
  await mkdir(join(folder, LOCAL_FOLDER), { recursive: true })
  await writePrivately(notePath(folder), `${JSON.stringify(note, null, 2)}\n`)
  // Also when the process is interrupted: a stale note would lead other commands to a gate that has stopped.
  process.once('exit', () => rmSync(notePath(folder), { force: true }))
}

export async function forgetLocalGate(folder: string): Promise<void> {
  await rm(notePath(folder), { force: true })
}
