import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { PROJECT_ROOT } from './project-root.ts'

const SOURCE = resolve(PROJECT_ROOT, 'src/dashboard')

export type DashboardOptions = { outdir: string; minify?: boolean }

/** Bundles the dashboard into a folder of static files, whose names, but for the page's, carry their hash. */
export async function buildDashboard({
  outdir,
  minify = true,
}: DashboardOptions): Promise<{ gzippedBytes: number }> {
  // Loaded here, because the command line runs without it where the package is installed.
  const { build } = await import('esbuild')
  await rm(outdir, { recursive: true, force: true })
  await mkdir(outdir, { recursive: true })
  const result = await build({
    absWorkingDir: PROJECT_ROOT,
    entryPoints: { app: join(SOURCE, 'main.tsx') },
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    target: ['chrome123', 'firefox121', 'safari17.5'],
    tsconfig: join(PROJECT_ROOT, 'tsconfig.dashboard.json'),
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    minify,
    legalComments: 'none',
    metafile: true,
    logLevel: 'silent',
  })
  const outputs = Object.entries(result.metafile.outputs)
  const script = outputs.find(([, output]) => output.entryPoint !== undefined)
  const style = script?.[1].cssBundle
  if (script === undefined || style === undefined) throw new Error('Cannot build the dashboard: no output')
  const page = await readFile(join(SOURCE, 'index.html'), 'utf8')
  await writeFile(
    join(outdir, 'index.html'),
    page.replace('app.js', basename(script[0])).replace('app.css', basename(style)),
  )
  await cp(join(SOURCE, 'icon.svg'), join(outdir, 'icon.svg'))
  const gzippedBytes = await gzippedBytesOf(outdir)
  // The Worker serves it from here: in its bundle every isolate would load it.
  const openApi = await readFile(join(PROJECT_ROOT, 'config/openapi.json'), 'utf8')
  await writeFile(join(outdir, 'openapi.json'), JSON.stringify(JSON.parse(openApi)))
  // What the bundles contain travels with them, also where only the Worker and its assets are deployed.
  await cp(join(PROJECT_ROOT, 'THIRD-PARTY-LICENCES'), join(outdir, 'licences.txt'))
  return { gzippedBytes }
}

async function gzippedBytesOf(folder: string): Promise<number> {
  const files = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name))))
  return files.reduce((sum, file) => sum + gzipSync(file, { level: 9 }).length, 0)
}
