/** Who is measured: each in a fresh process, in front of the same origin. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { buildWorker } from '../../src/local/build/build-worker.ts'
import { PROJECT_ROOT } from '../../src/local/build/project-root.ts'
import { freePort } from '../../src/local/free-port.ts'
import { type BigDocumentOptions, bigDocument } from '../../test-kit/simulation/big-document.ts'
import type { VisitorRequest } from '../../test-kit/traffic/visitors.ts'
import { startKvService } from '../../test-kit/workerd/kv-service.ts'
import { type Passthrough, startPassthrough } from '../../test-kit/workerd/passthrough.ts'
import { startPlainWorkerd } from '../../test-kit/workerd/plain-workerd.ts'
import { REQUESTS, signedRequests } from './load.ts'
import type { Contestant, Running } from './turns.ts'

/** The baseline, to which every other is compared. */
export const BASELINE = 'bare passthrough Worker'
export const ONE_FLAG = 'gate, 1 flag'
export const FEW_FLAGS = 'gate, 10 flags'
export const MANY_FLAGS = 'gate, 10,000 flags and 100 routes'

const WORKER = resolve(PROJECT_ROOT, 'dist/bench-worker.js')
const BARE: Contestant = { name: BASELINE, start: async (origin) => running(await startPassthrough(origin)) }

/** Builds what has to be built, and says who can be measured on this machine. */
export async function contestants(): Promise<Contestant[]> {
  await buildWorker({ outfile: WORKER })
  const gate = (name: string, size: Omit<BigDocumentOptions, 'origin'>): Contestant => ({
    name,
    start: (origin) => startGate(bigDocument({ ...size, origin })),
  })
  return [
    BARE,
    { name: 'Hono passthrough Worker', start: startHono },
    gate(ONE_FLAG, { flags: 1, routes: 1 }),
    gate(FEW_FLAGS, { flags: 10, routes: 1 }),
    gate(MANY_FLAGS, { flags: 10_000, routes: 100 }),
    ...(spawnSync('nginx', ['-v']).error === undefined
      ? [{ name: 'nginx split_clients', start: startNginx }]
      : []),
  ]
}

type Document = ReturnType<typeof bigDocument>

const SIGNING_KEY = 'a-signing-key-of-thirty-two-bytes'

/** What a request or a document can ask for besides, each measured beside the bare Worker with the same requests. */
const CASES: readonly {
  name: string
  requests?: readonly VisitorRequest[]
  change?: (document: Document) => Document
  signingKey?: string
}[] = [
  { name: 'twelve headers, five cookies, a country', requests: REQUESTS.full },
  { name: 'conditional GET', requests: REQUESTS.conditional },
  { name: '304 (200 from the canary)', requests: REQUESTS.notModified },
  { name: 'POST of 2 kB', requests: REQUESTS.form },
  {
    name: 'route without a flag',
    change: (document) => ({ ...document, routes: [{ path: '/*', origin: 'old' }] }),
  },
  { name: '`bootstrap`', change: (document) => ({ ...document, bootstrap: {} }) },
  { name: 'signed identity', signingKey: SIGNING_KEY, requests: await signedRequests(SIGNING_KEY) },
  {
    name: 'a `matches` rule',
    change: (document) =>
      withCondition(document, { attribute: 'path', op: 'matches', values: ['^/pro.*/[0-9]+/'] }),
  },
]

/** The gate in each case, and the bare Worker beside it. */
export function casesBesideBare(): { name: string; pair: readonly [bare: Contestant, gate: Contestant] }[] {
  return CASES.map(({ name, requests, change = (document) => document, signingKey }) => {
    const start = (origin: string) =>
      startGate(change(bigDocument({ flags: 1, routes: 1, origin })), signingKey)
    return {
      name,
      pair: [
        { ...BARE, requests },
        { name: ONE_FLAG, start, requests },
      ],
    }
  })
}

/** The document with a condition more in each rule. */
function withCondition(document: Document, condition: object): Document {
  const change = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(change)
    if (typeof value !== 'object' || value === null) return value
    const changed = Object.fromEntries(Object.entries(value).map(([key, each]) => [key, change(each)]))
    return Array.isArray(changed.when) ? { ...changed, when: [...changed.when, condition] } : changed
  }
  return change(document) as Document
}

/** The gate with a document. */
async function startGate(document: unknown, signingKey?: string): Promise<Running> {
  const kv = await startKvService()
  kv.values.set('config', JSON.stringify(document))
  const workerd = await startPlainWorkerd({
    isolates: 1,
    kvPort: kv.port,
    worker: WORKER,
    ...(signingKey !== undefined && { signingKey }),
  })
  const close = async () => void (await Promise.all([workerd.close(), kv.close()]))
  return { url: workerd.urls[0] ?? '', pids: [workerd.pid], close }
}

async function startHono(origin: string): Promise<Running> {
  const built = await build({
    entryPoints: [fileURLToPath(new URL('./hono-passthrough.ts', import.meta.url))],
    bundle: true,
    format: 'esm',
    minify: true,
    write: false,
    define: { ORIGIN_HOST: JSON.stringify(new URL(origin).host) },
  })
  return running(await startPassthrough(origin, built.outputFiles[0]?.text))
}

function running({ url, pid, close }: Passthrough): Running {
  return { url, pids: [pid], close }
}

/** A far anchor: what a proxy written in C takes to split traffic by a cookie. */
async function startNginx(origin: string): Promise<Running> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-nginx-'))
  const port = await freePort()
  const config = join(folder, 'nginx.conf')
  const { host } = new URL(origin)
  await writeFile(
    config,
    `daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/f;
  uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  split_clients "$cookie_sluice_id" $side { 25% new; * old; }
  upstream old { server ${host}; keepalive 32; }
  upstream new { server ${host}; keepalive 32; }
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://$side; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}`,
  )
  const child = spawn('nginx', ['-c', config, '-p', folder], { stdio: 'ignore' })
  const url = `http://127.0.0.1:${port}`
  for (let tries = 0; tries < 100 && !(await answers(url)); tries++)
    await new Promise((resolve) => setTimeout(resolve, 50))
  const close = async () => {
    child.kill('SIGTERM')
    await new Promise((resolve) => child.once('exit', resolve))
    await rm(folder, { recursive: true, force: true })
  }
  return { url, pids: await processTree(child.pid ?? 0, folder), close }
}

const answers = (url: string) =>
  fetch(url).then(
    ({ ok }) => ok,
    () => false,
  )

/** nginx does its work in children of the process that was started. */
async function processTree(pid: number, folder: string): Promise<number[]> {
  const main = Number(await readFile(join(folder, 'pid'), 'utf8').catch(() => pid))
  const children = execFileSync('pgrep', ['-P', `${main}`])
    .toString()
    .trim()
    .split('\n')
    .map(Number)
  return [main, ...children]
}
