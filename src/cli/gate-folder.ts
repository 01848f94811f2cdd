/** What a folder needs to have a gate: the Worker's modules, beside the document. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { workerModules } from '../local/worker-modules.ts'
import { LOCAL_FOLDER } from './local-gate.ts'

/** Where `main` of a folder's wrangler.toml points, relative to the folder. */
export const GATE_MAIN = `${LOCAL_FOLDER}/gate/worker.js`

/** Writes the Worker with the document built in; gives the files' names, relative to the folder. */
export async function writeGateModules(folder: string, document: string): Promise<string[]> {
  const target = join(folder, LOCAL_FOLDER, 'gate')
  await mkdir(target, { recursive: true })
  const modules = await workerModules(document)
  await Promise.all(modules.map(({ name, text }) => writeFile(join(target, name), text)))
  return modules.map(({ name }) => `${LOCAL_FOLDER}/gate/${name}`)
}
