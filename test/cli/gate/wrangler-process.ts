/** Wrangler without a process: it does the steps that a test gives, and notes how it was called. */
import { EventEmitter } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { expect } from 'vitest'
import { folder } from './transcript.ts'

type Step = { code?: number | null; out?: string; err?: string; error?: string }
type Started = { args: string[]; cwd: string; env: Record<string, string>; input: string }

/** What it does at each call, and what it was called with. */
export const steps: Step[] = []
export const started: Started[] = []
export const calls = () => started.map(({ args }) => args)
export function forget(): void {
  steps.length = started.length = 0
}

/** For `spawn` of node:child_process: one step after the other, and good ends when there are no more. */
export function spawn(_node: string, [script, ...args]: string[], { cwd, env }: Omit<Started, 'args'>) {
  expect(script).toMatch(/node_modules\/wrangler\/bin\/wrangler\.js$/)
  const { code = 0, out = '', err = '', error } = steps.shift() ?? {}
  const call: Started = { args, cwd, env, input: '' }
  started.push(call)
  const streams = { stdout: new PassThrough(), stderr: new PassThrough(), stdin: new PassThrough() }
  const child = Object.assign(new EventEmitter(), streams)
  streams.stdin.setEncoding('utf8').on('data', (text: string) => {
    call.input += text
  })
  streams.stdin.on('end', () => {
    if (error !== undefined) child.emit('error', new Error(error))
    let open = 2
    const close = () => --open === 0 && child.emit('close', code)
    streams.stdout.on('end', close).end(out)
    streams.stderr.on('end', close).end(err)
  })
  return child
}

export const NAMESPACE = 'abcdef0123456789abcdef0123456789'
export const LOGIN = { CLOUDFLARE_API_TOKEN: 'x' }

/** What every gate's wrangler.toml has, for those that a test writes short. */
export const PARTS = `[assets]
directory = "dashboard"
binding = "ASSETS"
run_worker_first = true
[durable_objects]
bindings = [{ name = "CONTROLLER", class_name = "Controller" }, { name = "COUNTERS", class_name = "Counters" }]
[[migrations]]
tag = "v1"
new_sqlite_classes = ["Controller", "Counters"]
`
const SPACE = '[[kv_namespaces]]\nbinding = "GATE"\n'

/** A folder with a document and a wrangler.toml, to which its parts are added. */
export async function gateFolder(toml = 'name = "mine"\n'): Promise<string> {
  const cwd = await folder()
  const text = `${toml}${toml.includes('[[kv_namespaces]]') ? '' : SPACE}${PARTS}`
  await writeFile(join(cwd, 'wrangler.toml'), text)
  return cwd
}

/** Its wrangler.toml, without what was added. */
export async function tomlIn(cwd: string): Promise<string> {
  const text = await readFile(join(cwd, 'wrangler.toml'), 'utf8')
  return text.replace(`${SPACE}${PARTS}`, '').replace(PARTS, '')
}
