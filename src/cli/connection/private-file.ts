/** Files with secrets, which only their owner may read. */
import { rename, rm, writeFile } from 'node:fs/promises'

const OWNER_ONLY = 0o600

/** Replaces a file atomically. No other user can read it at any moment, whatever mode an older one has. */
export async function writePrivately(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}`
  await rm(temporary, { force: true })
  // `wx`: a link that someone has put there is not followed.
  await writeFile(temporary, text, { mode: OWNER_ONLY, flag: 'wx' })
  await rename(temporary, path)
}
