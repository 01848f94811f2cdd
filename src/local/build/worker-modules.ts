/**
 * The Worker as modules, main first. A clone bundles it from its sources; the installed package has it built, with the
 * document as a separate module, so that nothing has to be bundled to put another one in.
 */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildWorker } from './build-worker.ts'
import { readText } from './documents.ts'
import { PROJECT_ROOT } from './project-root.ts'

export type WorkerModule = { name: string; text: string }

/** Where `npm run build` puts the Worker without a document. */
export const BUILT_GATE = 'dist/gate/worker.js'
export const DOCUMENT_MODULE = './document.js'

/**
 * The modules of a Worker with a document built in (default: the example); the document must be valid. `built` is a file
 * as `buildWorker` writes it without a document, in place of this package's.
 */
export async function workerModules(document?: string, built?: string): Promise<WorkerModule[]> {
  if (built === undefined && existsSync(join(PROJECT_ROOT, 'src/index.ts'))) return [await bundled(document)]
  const text = document ?? (await readText(join(PROJECT_ROOT, 'config/gate.json')))
  return [
    { name: 'worker.js', text: await readText(built ?? join(PROJECT_ROOT, BUILT_GATE)) },
    { name: 'document.js', text: `export default ${JSON.stringify(JSON.parse(text), null, 2)}\n` },
  ]
}

async function bundled(document: string | undefined): Promise<WorkerModule> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-'))
  try {
    const outfile = join(folder, 'worker.js')
    await buildWorker({ outfile, minify: false, ...(document !== undefined && { document }) })
    return { name: 'worker.js', text: await readText(outfile) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
