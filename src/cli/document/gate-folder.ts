/** What a folder needs to run a gate: the Worker's modules and the dashboard, beside the document. */
import { cp, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { dashboardFiles } from '../../local/build/dashboard-files.ts'
import { workerModules } from '../../local/build/worker-modules.ts'
import { LOCAL_FOLDER } from '../connection/local-gate-note.ts'

/** Where `main` and the assets of a folder's wrangler.toml point, relative to the folder. */
export const GATE_MAIN = `${LOCAL_FOLDER}/gate/worker.js`
export const GATE_DASHBOARD = `${LOCAL_FOLDER}/dashboard`

/** Writes the Worker with the document built in, and the dashboard; resolves with the paths, relative to the folder. */
export async function writeGateFiles(folder: string, document: string): Promise<string[]> {
  const target = join(folder, LOCAL_FOLDER, 'gate')
  await mkdir(target, { recursive: true })
  const modules = await workerModules(document)
  await Promise.all(modules.map(({ name, text }) => writeFile(join(target, name), text)))
  const dashboard = await dashboardFiles()
  await rm(join(folder, GATE_DASHBOARD), { recursive: true, force: true })
  await cp(dashboard.folder, join(folder, GATE_DASHBOARD), { recursive: true })
  await dashboard.remove()
  return [...modules.map(({ name }) => `${LOCAL_FOLDER}/gate/${name}`), GATE_DASHBOARD]
}
