/**
 * `npm run build [-- --config FILE] [--self-host DIR]`: dist/worker.js, one ES module that plain `workerd serve` can run;
 * dist/gate/worker.js, the same without a document, for the package; dist/dashboard, the files of the dashboard;
 * dist/cli.js, the command line; dist/lib, what other projects import. `--self-host` also lays out a folder that runs a gate
 * on one machine (docs/self-hosting.md).
 */

import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { messageOf } from '../src/core/message-of.ts'
import { buildDashboard } from '../src/local/build/build-dashboard.ts'
import { buildWorker, PROJECT_ROOT } from '../src/local/build/build-worker.ts'
import { BUILT_DASHBOARD } from '../src/local/build/dashboard-files.ts'
import { BUILT_GATE, DOCUMENT_MODULE } from '../src/local/build/worker-modules.ts'
import { scriptArgs } from '../test-kit/script/script-args.ts'
import { buildCli } from './build-cli.mjs'
import { buildLibrary } from './build-library.ts'
import { layOutGate } from './self-host.ts'

try {
  const { values } = scriptArgs({
    options: { config: { type: 'string' }, 'self-host': { type: 'string' } },
  })
  const outfile = resolve(PROJECT_ROOT, 'dist/worker.js')
  const document = values.config === undefined ? undefined : await readFile(values.config, 'utf8')
  await buildWorker({ outfile, ...(document !== undefined && { document }) })
  const built = await readFile(outfile)
  const kB = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`
  await buildWorker({ outfile: resolve(PROJECT_ROOT, BUILT_GATE), documentModule: DOCUMENT_MODULE })
  const dashboard = await buildDashboard({ outdir: resolve(PROJECT_ROOT, BUILT_DASHBOARD) })
  const cli = await buildCli()
  await buildLibrary()
  console.log(`dist/worker.js ${kB(built.length)}, gzip ${kB(gzipSync(built, { level: 9 }).length)}`)
  console.log(`dist/dashboard gzip ${kB(dashboard.gzippedBytes)} in all`)
  console.log(`dist/cli.js ${kB(cli.bytes)}`)
  const folder = values['self-host']
  if (folder !== undefined) {
    const text = document ?? (await readFile(resolve(PROJECT_ROOT, 'config/gate.json'), 'utf8'))
    const dashboard = resolve(PROJECT_ROOT, BUILT_DASHBOARD)
    await layOutGate({ folder: resolve(folder), worker: outfile, dashboard, document: text })
    console.log(`${folder}: run ${folder}/start`)
  }
} catch (error) {
  console.error(messageOf(error))
  process.exit(1)
}
