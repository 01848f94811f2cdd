/**
 * Profiles: gates by name, with their tokens, in a file that only its owner may read. The current one is used when
 * nothing else names a gate.
 */

import { mkdir, readFile, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import * as v from 'valibot'
import { messageOf } from '../../core/message-of.ts'
import { Refusal } from '../base/errors.ts'
import type { Terminal } from '../base/terminal.ts'
import { writePrivately } from './private-file.ts'

const profileSchema = v.object({ url: v.string(), token: v.optional(v.string()) })
const fileSchema = v.object({
  current: v.optional(v.string()),
  profiles: v.record(v.string(), profileSchema),
})

export type Profiles = v.InferOutput<typeof fileSchema>

const OTHERS = 0o077

/** Where profiles are stored: in SLUICE_CONFIG_DIR, or in the user's folder for settings. */
export function profilesPath({ env }: Pick<Terminal, 'env'>): string {
  const folder = env.SLUICE_CONFIG_DIR || join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'sluice')
  return join(folder, 'profiles.json')
}

/** The profiles of this user; none where there is no file. */
export async function readProfiles(terminal: Pick<Terminal, 'env'>): Promise<Profiles> {
  const path = profilesPath(terminal)
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new Refusal(`Cannot read ${path}: ${error.message}`)
  })
  if (text === undefined) return { profiles: {} }
  await refuseIfOthersCanRead(path)
  try {
    return v.parse(fileSchema, JSON.parse(text))
  } catch (error) {
    throw new Refusal(`Cannot use ${path}: ${messageOf(error)}. Fix or remove it`)
  }
}

/** Replaces the file atomically. */
export async function writeProfiles(terminal: Pick<Terminal, 'env'>, profiles: Profiles): Promise<void> {
  const path = profilesPath(terminal)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await writePrivately(path, `${JSON.stringify(profiles, null, 2)}\n`)
}

async function refuseIfOthersCanRead(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const { mode } = await stat(path)
  if ((mode & OTHERS) === 0) return
  throw new Refusal(`Cannot use ${path}: other users can read its tokens. Run: chmod 600 ${path}`)
}
