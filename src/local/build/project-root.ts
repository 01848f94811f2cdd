import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of this package, whether its sources run or what is built from them. */
export const PROJECT_ROOT = folderWithManifest(dirname(fileURLToPath(import.meta.url)))

function folderWithManifest(folder: string): string {
  if (existsSync(join(folder, 'package.json')) || dirname(folder) === folder) return folder
  return folderWithManifest(dirname(folder))
}
