/** Secrets of a gate on this machine, in the file in which wrangler looks for them as well. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

export const DEV_VARS = '.dev.vars'

/** NAME=VALUE lines of the folder's .dev.vars; none where there is no such file. */
export async function readDevVars(folder: string): Promise<Record<string, string>> {
  const text = await readFile(join(folder, DEV_VARS), 'utf8').catch(() => '')
  const lines = text.matchAll(/^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/gm)
  return Object.fromEntries([...lines].map(([, name = '', value = '']) => [name, unquoted(value)]))
}

function unquoted(value: string): string {
  return /^(["']).*\1$/.test(value) ? value.slice(1, -1) : value
}
