/**
 * Lays out a folder that runs a gate on one machine: plain workerd, the Worker, the dashboard, a KV service, a start
 * script. What an earlier layout has stored in `data/`, and its `.env`, stay: the same command upgrades it.
 */
import { chmod, copyFile, cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { parse as parseToml } from 'smol-toml'
import { namedSecrets } from '../src/core/config/named-secrets.ts'
import { parseDocument } from '../src/core/config/parse/parse.ts'
import { PROJECT_ROOT } from '../src/local/build/project-root.ts'

const PARTS = resolve(PROJECT_ROOT, 'examples/self-hosting/gate')

export type SelfHostOptions = {
  folder: string
  /** The built Worker, and the folder with the dashboard's files. */
  worker: string
  dashboard: string
  /** Text of the document that is built in. */
  document: string
}

/** Writes the folder; resolves with the names of its files. */
export async function layOutGate({ folder, worker, dashboard, document }: SelfHostOptions): Promise<void> {
  await mkdir(join(folder, 'bin'), { recursive: true })
  await replaceFile(workerdPath(), join(folder, 'bin/workerd'))
  await chmod(join(folder, 'bin/workerd'), 0o755)
  await replaceFile(worker, join(folder, 'worker.js'))
  await rm(join(folder, 'dashboard'), { recursive: true, force: true })
  await cp(dashboard, join(folder, 'dashboard'), { recursive: true })
  for (const name of ['main.js', 'kv.js', 'start']) await replaceFile(join(PARTS, name), join(folder, name))
  await chmod(join(folder, 'start'), 0o755)
  await writeFile(join(folder, 'config.capnp'), await configText(document))
  await writeFile(join(folder, 'gate.json'), document, { flag: 'wx' }).catch(ignoreExisting)
}

/** The runtime's configuration, with the settings of wrangler.toml and the secrets that the document names. */
async function configText(document: string): Promise<string> {
  const { compatibility_date: date, compatibility_flags: flags } = parseToml(
    await readFile(resolve(PROJECT_ROOT, 'wrangler.toml'), 'utf8'),
  ) as { compatibility_date: string; compatibility_flags: string[] }
  const parsed = parseDocument(document)
  const names = parsed.ok ? namedSecrets(parsed.value) : []
  const secrets = names.map((name) => `    (name = "${name}", fromEnvironment = "${name}"),\n`)
  const template = await readFile(join(PARTS, 'config.capnp'), 'utf8')
  return template
    .replaceAll('@DATE@', date)
    .replaceAll('@FLAGS@', flags.map((flag) => `"${flag}"`).join(', '))
    .replace('@SECRETS@', secrets.join(''))
}

/** A gate that runs goes on with the file that it has open. */
async function replaceFile(from: string, to: string): Promise<void> {
  await copyFile(from, `${to}.new`)
  await rename(`${to}.new`, to)
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}

function workerdPath(): string {
  const fromMiniflare = createRequire(createRequire(import.meta.url).resolve('miniflare'))
  return (fromMiniflare('workerd') as { default: string }).default
}
