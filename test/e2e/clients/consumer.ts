/** A project that uses the packed package: installed, type-checked, bundled, run in workerd. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { PROJECT_ROOT } from '../../../src/local/build/build-worker.ts'
import { freePort } from '../../../src/local/free-port.ts'
import { ADMIN_TOKEN } from '../harness/running-gate.ts'

export const run = promisify(execFile)

/** Makes a project in an empty folder, with these packages as its only dependencies. */
export async function install(folder: string, packages: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'consumer', type: 'module', private: true }),
  )
  const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts']
  await run('npm', ['install', ...flags, ...packages], { cwd: folder })
}

/** Type-checks a module of the project as strictly as TypeScript can, libraries included; throws what is wrong. */
export async function typeCheck(
  folder: string,
  code: string,
  { lib = ['ES2023'], types = [] }: { lib?: string[]; types?: string[] } = {},
): Promise<void> {
  const compilerOptions = {
    ...{ target: 'ES2023', module: 'ESNext', moduleResolution: 'bundler', lib, noEmit: true },
    ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
    types: types.map((name) => join(PROJECT_ROOT, 'node_modules', name)),
  }
  await writeFile(join(folder, 'checked.ts'), code)
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['checked.ts'] }))
  const failed = await run(join(PROJECT_ROOT, 'node_modules/.bin/tsc'), ['-p', folder]).then(
    () => undefined,
    (error: { stdout?: string }) => error.stdout ?? String(error),
  )
  // Declarations of other packages contradict each other here and there; that is not the consumer's to fix.
  const faults = failed
    ?.split('\n')
    .filter((line) => /error TS/.test(line) && !/node_modules\/(?!sluice\/)/.test(line))
  if (faults && faults.length > 0) throw new Error(faults.join('\n'))
}

/** The code as one module for Workers, with what it imports from the project's packages. */
export async function bundle(folder: string, code: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: folder, loader: 'ts' },
    bundle: true,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*', 'node:*'],
    minify: true,
    write: false,
    logLevel: 'silent',
  })
  return outputFiles[0]?.text ?? ''
}

export type RunningWorker = { url: string; close(): Promise<void> }

/** Runs a Worker of the project; `document` is what KV holds. */
export async function startWorker(folder: string, code: string, document?: object): Promise<RunningWorker> {
  const { convertV4MiniflareOptions, Log, LogLevel, Miniflare } = await import('miniflare')
  const port = await freePort()
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      name: 'consumer',
      host: '127.0.0.1',
      port,
      modules: [{ type: 'ESModule', path: '/worker.js', contents: await bundle(folder, code) }],
      modulesRoot: '/',
      compatibilityDate: '2026-10-01',
      compatibilityFlags: ['enable_request_signal', 'request_signal_passthrough'],
      kvNamespaces: { GATE: 'gate' },
      durableObjects: {
        CONTROLLER: { className: 'Controller', useSQLite: true },
        COUNTERS: { className: 'Counters', useSQLite: true },
      },
      bindings: { ENVIRONMENT: 'development', ADMIN_TOKEN },
      resourcePersistencePath: await mkdtemp(join(folder, 'data-')),
      cf: { colo: 'local' },
      telemetry: { enabled: false },
      log: new Log(LogLevel.ERROR),
    }),
  )
  await miniflare.ready
  if (document !== undefined)
    await (await miniflare.getKVNamespace('GATE')).put('config', JSON.stringify(document))
  return { url: `http://127.0.0.1:${port}`, close: () => miniflare.dispose() }
}

/** Version range of a peer dependency, and the version that this repository is tested with. */
export async function peerVersions(name: string): Promise<{ lowest: string; tested: string }> {
  const { peerDependencies, devDependencies } = JSON.parse(
    await readFile(join(PROJECT_ROOT, 'package.json'), 'utf8'),
  ) as Record<'peerDependencies' | 'devDependencies', Record<string, string>>
  return {
    lowest: peerDependencies[name]?.replace(/^\^/, '') ?? '',
    tested: devDependencies[name] ?? '',
  }
}
