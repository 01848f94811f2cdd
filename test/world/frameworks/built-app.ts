/**
 * Real apps of `test/fixtures`, in builds of several versions. Packages and builds are kept below `build/apps`, and made
 * anew only where the fixture has changed.
 */
import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { globSync } from 'node:fs'
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { PROJECT_ROOT } from '../../../src/local/build/project-root.ts'
import { eventually } from '../../e2e/harness/eventually.ts'

const run = promisify(execFile)

export const FRAMEWORKS = ['react-router', 'next'] as const
export type Framework = (typeof FRAMEWORKS)[number]

/** `twin` is the code of `old`, built once more: another id, other names of assets. */
export const BUILDS = { old: 'old', new: 'new', twin: 'old' } as const
export type Build = keyof typeof BUILDS

type Tool = { build: string[]; serve(build: Build, port: number): string[] }

const TOOLS: Readonly<Record<Framework, Tool>> = {
  'react-router': {
    build: ['node_modules/@react-router/dev/bin.cjs', 'build'],
    serve: (build) => ['node_modules/@react-router/serve/bin.cjs', `build/${build}/server/index.js`],
  },
  next: {
    build: ['node_modules/next/dist/bin/next', 'build'],
    serve: (_, port) => ['node_modules/next/dist/bin/next', 'start', '-H', '127.0.0.1', '-p', String(port)],
  },
}

const folderOf = (framework: Framework) => join(PROJECT_ROOT, 'build/apps', framework)

/** What pages say they are built from. */
const commitOf = (build: Build) => createHash('sha1').update(build).digest('hex').slice(0, 10)

function environmentOf(build: Build, more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(npm_|VITEST|VITE_|TEST$|NODE_)/.test(name))
  const app = {
    APP_BUILD: build,
    APP_VERSION: BUILDS[build],
    APP_COMMIT: commitOf(build),
    NODE_ENV: 'production',
  }
  return { ...Object.fromEntries(own), ...app, NEXT_TELEMETRY_DISABLED: '1', ...more }
}

/** Installs and builds what is not there yet. */
export async function buildApp(framework: Framework): Promise<void> {
  const source = join(PROJECT_ROOT, 'test/fixtures', framework)
  const folder = folderOf(framework)
  const stamp = join(folder, 'built-from')
  const files = globSync('**/*', { cwd: source, withFileTypes: true }).filter((file) => file.isFile())
  const hash = createHash('sha256')
  for (const path of files.map(({ parentPath, name }) => join(parentPath, name)).sort())
    hash.update(path.slice(source.length)).update(await readFile(path))
  const wanted = hash.digest('hex')
  if ((await readFile(stamp, 'utf8').catch(() => '')) === wanted) return
  await mkdir(folder, { recursive: true })
  for (const old of ['app', 'build']) await rm(join(folder, old), { recursive: true, force: true })
  await cp(source, folder, { recursive: true })
  await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, maxBuffer: 1e8 })
  for (const build of Object.keys(BUILDS) as Build[])
    await run(process.execPath, TOOLS[framework].build, {
      cwd: folder,
      env: environmentOf(build),
      maxBuffer: 1e8,
    })
  await writeFile(stamp, wanted)
}

/** A form that has come to a server, and the version of the page that sent it. */
export type Sent = { note: string; from: string }

export type RunningApp = {
  url: string
  build: Build
  /** What it has written. */
  output(): string
  sent(): Promise<Sent[]>
  close(): Promise<void>
}

/** Starts a build as its framework documents it; resolves when it answers. */
export async function startApp(
  framework: Framework,
  build: Build,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningApp> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const child = spawn(process.execPath, TOOLS[framework].serve(build, port), {
    cwd: folderOf(framework),
    env: environmentOf(build, { PORT: String(port), HOST: '127.0.0.1', ...env }),
    stdio: 'pipe',
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk
    })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  await eventually(`${framework} ${build} answers`, async () => {
    if (child.exitCode !== null) throw new Error(output)
    return (await fetch(url)).ok
  })
  return {
    url,
    build,
    output: () => output,
    sent: async () => (await (await fetch(`${url}/log`)).json()) as Sent[],
    close: async () => {
      child.kill('SIGTERM')
      await ended
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('There is no free port')
  return address.port
}
