/** The packages whose code the bundles contain: Worker, dashboard, command line, libraries. */
import { join } from 'node:path'
import { type BuildOptions, build } from 'esbuild'

const COMMON: BuildOptions = {
  bundle: true,
  write: false,
  metafile: true,
  format: 'esm',
  logLevel: 'silent',
  mainFields: ['module', 'main'],
  external: ['cloudflare:*', 'node:*', 'miniflare', 'esbuild', 'wrangler'],
  outdir: 'unwritten',
}
const BUNDLES: readonly BuildOptions[] = [
  { entryPoints: ['src/index.ts'], conditions: ['workerd', 'worker', 'browser'] },
  { entryPoints: ['src/dashboard/main.tsx'], tsconfig: 'tsconfig.dashboard.json' },
  { entryPoints: ['src/cli/program/entry.ts'], platform: 'node' },
  {
    entryPoints: ['browser', 'server', 'openfeature', 'openfeature-web', 'hono', 'testing'].map(
      (name) => `src/sdk/${name}/index.ts`,
    ),
    external: [...(COMMON.external ?? []), 'hono', '@openfeature/*'],
  },
]
const PACKAGE = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//

/** Their folders, each once. */
export async function bundledPackages(root: string): Promise<string[]> {
  const built = await Promise.all(
    BUNDLES.map((options) => build({ ...COMMON, absWorkingDir: root, ...options })),
  )
  const folders = built
    .flatMap(({ metafile }) => Object.values(metafile?.outputs ?? {}))
    .flatMap(({ inputs }) => Object.entries(inputs))
    // What was left out of a bundle takes no bytes of it.
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .flatMap(([file]) => PACKAGE.exec(file)?.[1] ?? [])
  return [...new Set(folders)].map((folder) => join(root, folder))
}
