/**
 * The sources as Worker tests load them: one module, which workerd reads at once. Each test file runs in a process of its
 * own, and would otherwise ask for two hundred modules one by one, which takes longer than most tests.
 */
import { globSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { build } from 'esbuild'
import { parseSync } from 'oxc-parser'
import { PROJECT_ROOT } from '../../src/local/build/project-root.ts'

type VitePlugin = {
  name: string
  enforce: 'pre'
  config: { order: 'post'; handler(config: { test?: { server?: { deps?: object } } }): void }
  configResolved(config: { server: { watch: unknown } }): void
  buildStart(): Promise<void>
  load(id: string): string | undefined
}

const SOURCES = 'src/{api,contract,core,durable,gate,platform,sdk/{hono,server,testing}}/**/*.ts'
const OUTFILE = join(PROJECT_ROOT, `build/worker-tests/sources-${process.pid}.mjs`)

/** All but what workerd can read by itself: the bundle, and packages of one file. */
const INLINE = /^(?!.*\/(?:build\/worker-tests|node_modules\/(?:fast-check|valibot))\/)/

/**
 * Bundles the sources when the run starts, and puts a module that takes its exports from the bundle in the place of each.
 * A module runs when the first one imports it, as it does without the bundle. Where files are watched there is none.
 */
export function bundledSources(): VitePlugin {
  const files = new Set(
    globSync([SOURCES, 'src/index.ts'], { cwd: PROJECT_ROOT }).filter((file) => !file.endsWith('.d.ts')),
  )
  let isWatching = false
  return {
    name: 'bundled-sources',
    enforce: 'pre',
    config: {
      order: 'post',
      handler: ({ test }) => {
        // What is not inlined is external.
        if (test?.server) test.server.deps = { inline: [INLINE], external: [/^/] }
      },
    },
    configResolved: ({ server }) => {
      isWatching = server.watch !== null
    },
    buildStart: async () => {
      if (isWatching) return
      await bundle([...files])
      process.once('exit', () => rmSync(OUTFILE, { force: true }))
    },
    load: (id) => {
      const file = relative(PROJECT_ROOT, id)
      return files.has(file) && !isWatching ? exportsOf(file) : undefined
    },
  }
}

async function bundle(files: readonly string[]): Promise<void> {
  const lines = files.map((file) => `${JSON.stringify(file)}: () => import(${JSON.stringify(`./${file}`)}),`)
  await build({
    stdin: { contents: `export const modules = {\n${lines.join('\n')}\n}`, resolveDir: PROJECT_ROOT },
    outfile: OUTFILE,
    bundle: true,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    mainFields: ['module', 'main'],
    external: ['cloudflare:*', 'node:*'],
    logLevel: 'error',
  })
}

function exportsOf(file: string): string {
  const { module } = parseSync(file, readFileSync(join(PROJECT_ROOT, file), 'utf8'))
  const lines = module.staticExports
    .flatMap(({ entries }) => entries)
    .filter(({ isType }) => !isType)
    .map(({ exportName: { kind, name } }) =>
      kind === 'Default' ? 'export default loaded.default' : `export const ${name} = loaded.${name}`,
    )
  return [
    `import { modules } from ${JSON.stringify(OUTFILE)}`,
    `const loaded = await modules[${JSON.stringify(file)}]()`,
    ...lines,
  ].join('\n')
}
