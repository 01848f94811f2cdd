/** Builds Worker and dashboard once for all gates of a run. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { buildDashboard } from '../../../src/local/build/build-dashboard.ts'
import { buildWorker } from '../../../src/local/build/build-worker.ts'
import { DOCUMENT_MODULE } from '../../../src/local/build/worker-modules.ts'

/** Runs before the first test file; what it returns, after the last. */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-built-'))
  const built = { worker: join(folder, 'worker.js'), dashboard: join(folder, 'dashboard') }
  await Promise.all([
    buildWorker({ outfile: built.worker, documentModule: DOCUMENT_MODULE, minify: false }),
    buildDashboard({ outdir: built.dashboard }),
  ])
  provide('built', built)
  return () => rm(folder, { recursive: true, force: true })
}
