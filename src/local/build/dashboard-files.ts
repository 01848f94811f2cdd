/** The dashboard's files: a clone builds them from its sources; the installed package has them. */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildDashboard } from './build-dashboard.ts'
import { PROJECT_ROOT } from './project-root.ts'

/** Where `npm run build` puts them, and wrangler.toml looks for them. */
export const BUILT_DASHBOARD = 'dist/dashboard'

/** A folder with the files; `remove` takes away what was made for this run. */
export async function dashboardFiles(): Promise<{ folder: string; remove(): Promise<void> }> {
  if (!existsSync(join(PROJECT_ROOT, 'src/dashboard'))) {
    return { folder: join(PROJECT_ROOT, BUILT_DASHBOARD), remove: async () => undefined }
  }
  const folder = await mkdtemp(join(tmpdir(), 'sluice-dashboard-'))
  await buildDashboard({ outdir: folder })
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) }
}
