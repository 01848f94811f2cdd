/** Bundles the command line into dist/cli.js, which Node 20 can run. Plain JavaScript: bin/sluice.js calls it on Node 20. */
import { rename } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Builds it; a run meanwhile reads the old file or the new one, never half of one. */
export async function buildCli() {
  const outfile = `${root}dist/cli.js`
  const temporary = `${root}dist/cli.${process.pid}.js`
  const result = await build({
    absWorkingDir: root,
    entryPoints: ['src/cli/program/entry.ts'],
    outfile: temporary,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // Some packages have a CommonJS build that can't be bundled beside one that can.
    mainFields: ['module', 'main'],
    // Heavy, with binaries of their own, and needed by few verbs: loaded when those run.
    external: ['miniflare', 'esbuild', 'wrangler'],
    // Bundled CommonJS packages call require.
    banner: {
      js: "import { createRequire as _createRequire } from 'node:module'; const require = _createRequire(import.meta.url);",
    },
    legalComments: 'none',
    logLevel: 'silent',
    metafile: true,
  })
  await rename(temporary, outfile)
  return { bytes: Object.values(result.metafile.outputs)[0]?.bytes ?? 0 }
}
