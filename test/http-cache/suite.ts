/**
 * The npm package http-cache-tests (BSD-3-Clause, by Mark Nottingham), as it is published. It is fetched for the run and
 * not installed: it names all of npm 6 as a dependency, and its server and client need none.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const VERSION = '0.4.5'

const run = promisify(execFile)

/** What a case came to: true, or what went wrong. */
export type Results = Record<string, true | [kind: string, message: string]>
export type Kinds = Record<string, 'required' | 'optimal' | 'check'>

/** Puts the package into a folder; returns where its files are. */
export async function fetchSuite(folder: string): Promise<string> {
  await run('npm', ['pack', '--silent', `http-cache-tests@${VERSION}`], { cwd: folder })
  const archive = (await readdir(folder)).find((name) => name.endsWith('.tgz'))
  if (archive === undefined)
    throw new Error(`Cannot fetch http-cache-tests ${VERSION}: npm pack left nothing`)
  await run('tar', ['xzf', archive], { cwd: folder })
  return join(folder, 'package')
}

/** Node and workerd would close idle connections at the same moment, and a request could fall between them. */
const KEEP_ALIVE =
  'data:text/javascript,import http from "node:http"; const { createServer } = http; ' +
  'http.createServer = (...of) => Object.assign(createServer(...of), { keepAliveTimeout: 60000 })'

/** Starts the origin of the suite. */
export async function startSuiteServer(suite: string, port: number): Promise<ChildProcess> {
  const server = spawn(process.execPath, ['--import', KEEP_ALIVE, 'server/server.mjs'], {
    cwd: suite,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      ...process.env,
      npm_config_protocol: 'http',
      npm_config_port: String(port),
      npm_config_pidfile: 'server.pid',
    },
  })
  await new Promise<void>((resolve, reject) => {
    server.stdout?.on('data', (text) => String(text).startsWith('Listening') && resolve())
    server.once('exit', () => reject(new Error('Cannot start the server of http-cache-tests')))
  })
  return server
}

/**
 * The client. On routes with a flag it reads answers without what the gate is documented to add (`private`, the marks
 * of validators), so that all else in a case is still judged.
 */
const CLIENT = `
import { getResults, runTests } from './client/runner.mjs'
import suites from './tests/index.mjs'
import surrogate from './tests/surrogate-control.mjs'
suites.push(surrogate)
const [url, isFlagged] = process.argv.slice(1)
const cases = new Map(suites.flatMap(({ tests }) => tests.map((test) => [test.id, test])))
const isPrivate = (headers) => {
  const { 'test-id': id, 'req-num': number } = Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]))
  const own = cases.get(id)?.requests[number - 1]?.response_headers ?? []
  return own.some(([name, value]) => /^cache-control$/i.test(name) && /private/.test(value))
}
const plainly = async (...request) => {
  const response = await fetch(...request)
  const headers = new Headers(response.headers)
  const replace = (name, pattern) => {
    const value = headers.get(name)?.replace(pattern, '')
    if (value) headers.set(name, value)
    else headers.delete(name)
  }
  if (!isPrivate(request[1]?.headers ?? [])) replace('cache-control', /^private(, |$)/)
  replace('etag', /~sluice[.]\\w+/)
  replace('etag', /^W[/]""$/)
  return { status: response.status, headers, text: () => response.text() }
}
await runTests(suites, isFlagged ? plainly : fetch, false, url)
const kinds = Object.fromEntries(suites.flatMap(({ tests }) => tests.map(({ id, kind }) => [id, kind ?? 'required'])))
console.log(JSON.stringify({ results: getResults(), kinds }))
`

/** Runs all cases against a URL. */
export async function runSuite(
  suite: string,
  url: string,
  isFlagged = false,
): Promise<{ results: Results; kinds: Kinds }> {
  const client = ['--input-type=module', '-e', CLIENT, url, ...(isFlagged ? ['flagged'] : [])]
  const { stdout } = await run(process.execPath, client, { cwd: suite, maxBuffer: 1e8 })
  return JSON.parse(stdout.slice(stdout.lastIndexOf('\n{') + 1)) as { results: Results; kinds: Kinds }
}
