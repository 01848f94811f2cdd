/** A gate as `npm run build -- --self-host` lays it out, run by its own start script. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { layOutGate } from '../../../scripts/self-host.ts'
import { buildDashboard } from '../../../src/local/build/build-dashboard.ts'
import { buildWorker } from '../../../src/local/build/build-worker.ts'
import { freePort } from '../../../src/local/free-port.ts'
import { eventually } from '../harness/eventually.ts'

export type GateFolder = {
  folder: string
  url: string
  adminToken(): Promise<string>
  start(env?: Readonly<Record<string, string>>): Promise<void>
  /** kill -9; resolves when the process is gone. */
  kill(): Promise<void>
  /** What the script has said since the last start. */
  said(): string
  /** Its standard output since then: the log. */
  logged(): string
  /** KV, through the socket that an operator uses. */
  kv(method: string, path: string, body?: string): Promise<{ status: number; text: string }>
  layOut(): Promise<void>
  remove(): Promise<void>
}

export async function gateFolder(document: object): Promise<GateFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-self-host-'))
  const [built, gate] = [join(folder, 'built'), join(folder, 'gate')]
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const text = JSON.stringify(document)
  await buildWorker({ outfile: join(built, 'worker.js'), document: text })
  await buildDashboard({ outdir: join(built, 'dashboard') })
  const layOut = () =>
    layOutGate({
      folder: gate,
      worker: join(built, 'worker.js'),
      dashboard: join(built, 'dashboard'),
      document: text,
    })
  await layOut()
  let running: ChildProcess | undefined
  let said = ''
  let logged = ''
  const kill = async () => {
    if (running === undefined) return
    const gone = once(running, 'close')
    running.kill('SIGKILL')
    running = undefined
    await gone
  }
  return {
    folder: gate,
    url,
    adminToken: () => readFile(join(gate, 'data/secrets/ADMIN_TOKEN'), 'utf8'),
    start: async (env = {}) => {
      said = ''
      logged = ''
      const child = spawn(join(gate, 'start'), ['--port', String(port)], {
        env: { PATH: process.env.PATH, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      running = child
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said += data))
      child.stdout.on('data', (data) => (logged += data))
      await eventually('the gate is ready', async () => {
        if (child.exitCode !== null) throw new Error(`it has ended: ${said}`)
        return (await fetch(`${url}/__sluice/ready`)).ok
      })
    },
    kill,
    said: () => said,
    logged: () => logged,
    kv: (method, path, body) => askSocket(join(gate, 'data/kv.sock'), method, path, body),
    layOut,
    remove: async () => {
      await kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function askSocket(socketPath: string, method: string, path: string, body = '') {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const sent = request({ socketPath, method, path, headers: { host: 'kv' } }, async (response) => {
      const parts: Buffer[] = []
      for await (const part of response) parts.push(part as Buffer)
      resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString() })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
