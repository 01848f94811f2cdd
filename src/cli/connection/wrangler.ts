/** Runs wrangler: the one that is installed in the folder, or else beside this package. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { PROJECT_ROOT } from '../../local/build/project-root.ts'
import { Refusal } from '../base/errors.ts'
import type { Terminal } from '../base/terminal.ts'
import { withoutColours } from '../render/table.ts'

/** Wrangler refuses older ones. */
const LEAST_NODE_MAJOR = 22
const INSTALL = 'Install it: npm install --save-dev wrangler'

export const NO_NAMESPACE = '0'.repeat(32)

export type WranglerRun = { code: number; out: string; err: string }

export type WranglerOptions = {
  /** Written to its standard input. */
  input?: string
  /** Told of every line that it prints, while it runs. */
  onLine?: (line: string) => void
}

/** Whether wrangler can be expected to be logged in: a token in the environment, or a login kept on this machine. */
export function hasCredentials({ env }: Terminal): boolean {
  if (env.CLOUDFLARE_API_TOKEN || (env.CLOUDFLARE_API_KEY && env.CLOUDFLARE_EMAIL)) return true
  const folders = [
    join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), '.wrangler'),
    join(homedir(), '.wrangler'),
  ]
  return folders.some((folder) => existsSync(join(folder, 'config/default.toml')))
}

/** Runs it in the terminal's folder; resolves when it has ended, however it ended. */
export async function wrangler(
  args: readonly string[],
  terminal: Terminal,
  { input = '', onLine }: WranglerOptions = {},
): Promise<WranglerRun> {
  const script = nearest('wrangler/bin/wrangler.js', terminal.cwd)
  if (script === undefined) throw new Refusal(`Cannot run wrangler: it is not installed here. ${INSTALL}`)
  const child = spawn(nodeFor(terminal.cwd), [script, ...args], {
    cwd: terminal.cwd,
    env: { WRANGLER_SEND_METRICS: 'false', ...terminal.env, NO_COLOR: '1', CI: '1' },
    signal: terminal.stop,
  })
  const run: WranglerRun = { code: 1, out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    run.out += text
    if (onLine) for (const line of text.split('\n')) if (line.trim()) onLine(line)
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

/** Makes the KV namespace of a gate. */
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

/** What wrangler said was wrong, without its frame. */
export function complaintOf({ out, err }: WranglerRun): string {
  const lines = withoutColours(`${err}\n${out}`)
    .split('\n')
    .map((line) => line.replace(/^[✘\s]*\[?ERROR\]?:?\s*/, '').trim())
  const telling = lines.filter((line) => line !== '' && !/^(⛅|─|🪵|If you think this is a bug)/u.test(line))
  return telling.slice(0, 4).join(' ') || 'it did not say why'
}

function nodeFor(cwd: string): string {
  if (Number(process.versions.node.split('.')[0]) >= LEAST_NODE_MAJOR) return process.execPath
  const bundled = nearest('node/bin/node', cwd)
  if (bundled !== undefined) return bundled
  throw new Refusal(
    `Cannot run wrangler: it needs Node ${LEAST_NODE_MAJOR} or later, and this is ${process.version}. Install a newer Node, or: npm install --save-dev node`,
  )
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
