/** Runs wrangler: the one installed in the folder, or else beside this package. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { PROJECT_ROOT } from '../../local/build/project-root.ts'
import { Refusal } from '../base/errors.ts'
import type { Terminal } from '../base/terminal.ts'
import { withoutColours } from '../render/table.ts'

/** Wrangler refuses older versions. */
const MIN_NODE_MAJOR = 22

/** What `sluice init` wrote before wrangler created namespaces by itself. */
export const NO_NAMESPACE = '0'.repeat(32)
/** The namespace of a local gate: without an id, wrangler takes the binding's name. */
export const LOCAL_NAMESPACE = 'GATE'

export type WranglerRun = { code: number; out: string; err: string }

/** Whether wrangler is probably logged in: by a token in the environment, or by a stored login. */
export function hasCredentials({ env }: Terminal): boolean {
  if (env.CLOUDFLARE_API_TOKEN || (env.CLOUDFLARE_API_KEY && env.CLOUDFLARE_EMAIL)) return true
  const folders = [
    join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), '.wrangler'),
    join(homedir(), '.wrangler'),
  ]
  return folders.some((folder) => existsSync(join(folder, 'config/default.toml')))
}

/** Runs it in the terminal's folder; resolves when it has ended, with whatever exit code. */
export async function wrangler(
  args: readonly string[],
  terminal: Terminal,
  /** Written to its standard input. */
  input = '',
): Promise<WranglerRun> {
  const script = nearest('wrangler/bin/wrangler.js', terminal.cwd)
  const node = nodeFor(terminal.cwd)
  if (script === undefined || node === undefined)
    throw new Refusal(lackText({ wrangler: script !== undefined, node: node !== undefined }, process.version))
  const child = spawn(node, [script, ...args], {
    cwd: terminal.cwd,
    env: { WRANGLER_SEND_METRICS: 'false', ...terminal.env, NO_COLOR: '1', CI: '1' },
    signal: terminal.stop,
  })
  const run: WranglerRun = { code: 1, out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    run.out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    run.err += text
  })
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  return await new Promise((resolve, reject) => {
    child.on('error', (error) => reject(new Refusal(`Cannot run wrangler: ${error.message}`)))
    child.on('close', (code) => resolve({ ...run, code: code ?? 1 }))
  })
}

/** Resolves with what wrangler printed; throws its error where it failed. */
export async function wranglerOutput(
  args: readonly string[],
  terminal: Terminal,
  input?: string,
): Promise<string> {
  const ran = await wrangler(args, terminal, input)
  if (ran.code === 0) return ran.out
  throw new Refusal(`wrangler ${args.slice(0, 2).join(' ')} failed: ${complaintOf(ran)}`)
}

/** Creates the KV namespace of a gate. */
export async function createNamespace(
  terminal: Terminal,
): Promise<{ ok: true; id: string } | { ok: false; why: string }> {
  try {
    const run = await wrangler(['kv', 'namespace', 'create', 'GATE'], terminal)
    const id = /\bid"?\s*[:=]\s*"([0-9a-f]{32})"/.exec(run.out)?.[1]
    return id === undefined ? { ok: false, why: complaintOf(run) } : { ok: true, id }
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, why: error.message }
    throw error
  }
}

/** The error that wrangler printed, without its frame. */
export function complaintOf({ out, err }: WranglerRun): string {
  const lines = withoutColours(`${err}\n${out}`)
    .split('\n')
    .map((line) => line.replace(/^[✘\s]*\[?ERROR\]?:?\s*/, '').trim())
  const telling = lines.filter((line) => line !== '' && !/^(⛅|─|🪵|If you think this is a bug)/u.test(line))
  return telling.slice(0, 4).join(' ') || 'it printed no reason'
}

/** Whether a package is installed where commands look for it. */
export function installed(name: string, cwd: string): boolean {
  return nearest(`${name}/package.json`, cwd) !== undefined
}

/** What a folder lacks to run wrangler, all at once; `version`: of the Node that runs this program. */
export function lackText(has: { wrangler: boolean; node: boolean }, version: string): string {
  const lacks = [
    ...(has.wrangler ? [] : ['wrangler must be installed']),
    ...(has.node ? [] : [`Node must be ${MIN_NODE_MAJOR} or later for wrangler, and is ${version}`]),
  ]
  const packages = [...(has.wrangler ? [] : ['wrangler']), ...(has.node ? [] : ['node'])].join(' ')
  const newer = has.node ? '' : ' (or install a newer Node yourself)'
  return `${lacks.join('; ')}. Run: npm install --save-dev ${packages}${newer}`
}

/** A Node that wrangler takes: the one that runs, or the package `node` of the project. */
function nodeFor(cwd: string): string | undefined {
  if (Number(process.versions.node.split('.')[0]) >= MIN_NODE_MAJOR) return process.execPath
  return nearest('node/bin/node', cwd)
}

/** A file of an installed package, looked for as Node does: from a folder upwards, then beside this package. */
function nearest(file: string, from: string): string | undefined {
  for (const start of [from, PROJECT_ROOT]) {
    for (let folder = start; ; folder = dirname(folder)) {
      const path = join(folder, 'node_modules', file)
      if (existsSync(path)) return path
      if (dirname(folder) === folder) break
    }
  }
  return undefined
}
