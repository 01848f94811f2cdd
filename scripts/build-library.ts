/** What other projects import: dist/lib, one module each, and their declarations. */
import { execFile } from 'node:child_process'
import { readdir, rm, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { PROJECT_ROOT } from '../src/local/build/project-root.ts'

const OUTDIR = resolve(PROJECT_ROOT, 'dist/lib')

/** The helper for pages, as a page loads it. */
async function buildBrowserHelper(outfile: string): Promise<{ bytes: number }> {
  await build({
    entryPoints: [resolve(PROJECT_ROOT, 'src/sdk/browser/index.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    legalComments: 'none',
    logLevel: 'silent',
  })
  return { bytes: (await stat(outfile)).size }
}

/** Modules for servers and Workers, with all that they need except Hono and OpenFeature, which must be the app's own. */
export async function buildServerModules(): Promise<void> {
  await build({
    entryPoints: {
      server: resolve(PROJECT_ROOT, 'src/sdk/server/index.ts'),
      openfeature: resolve(PROJECT_ROOT, 'src/sdk/openfeature/index.ts'),
      'openfeature-web': resolve(PROJECT_ROOT, 'src/sdk/openfeature-web/index.ts'),
      hono: resolve(PROJECT_ROOT, 'src/sdk/hono/index.ts'),
      durable: resolve(PROJECT_ROOT, 'src/sdk/hono/durable.ts'),
      testing: resolve(PROJECT_ROOT, 'src/sdk/testing/index.ts'),
    },
    outdir: OUTDIR,
    bundle: true,
    splitting: true,
    external: ['hono', '@openfeature/*', 'cloudflare:*'],
    format: 'esm',
    target: 'es2022',
    mainFields: ['module', 'main'],
    legalComments: 'none',
    logLevel: 'silent',
  })
}

export async function buildLibrary(): Promise<void> {
  await rm(OUTDIR, { recursive: true, force: true })
  await Promise.all([
    buildBrowserHelper(resolve(OUTDIR, 'browser.js')),
    buildServerModules(),
    declare('tsconfig.library.json'),
    declare('tsconfig.library-browser.json'),
  ])
  // The declarations of what is imported come in one folder each; the SDKs' own name nothing outside theirs.
  for (const folder of await readdir(resolve(OUTDIR, 'types')))
    if (folder !== 'sdk') await rm(resolve(OUTDIR, 'types', folder), { recursive: true })
}

async function declare(config: string): Promise<void> {
  const tsc = resolve(PROJECT_ROOT, 'node_modules/.bin/tsc')
  try {
    await promisify(execFile)(tsc, ['-p', resolve(PROJECT_ROOT, config)])
  } catch (error) {
    const { stdout } = error as { stdout?: string }
    throw new Error(`Cannot write the declarations of ${config}\n${stdout ?? String(error)}`)
  }
}
