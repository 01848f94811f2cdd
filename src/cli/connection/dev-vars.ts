/** Secrets of a local gate, in the file that wrangler reads as well. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseEnv } from 'node:util'

export const DEV_VARS = '.dev.vars'

/** The variables of the folder's .dev.vars, parsed as wrangler does; none if there is no such file. */
export async function readDevVars(folder: string): Promise<Record<string, string | undefined>> {
  return parseEnv(await readFile(join(folder, DEV_VARS), 'utf8').catch(() => ''))
}
