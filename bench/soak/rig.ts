/** A gate of two isolates in front of two origins that keep a log. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { startKvService } from '../../test-kit/workerd/kv-service.ts'
import { ADMIN_TOKEN, startPlainWorkerd } from '../../test-kit/workerd/plain-workerd.ts'
import type { Counts } from './report.ts'

const FLAG = 'shop'
const ISOLATES = 2

export type Rig = {
  urls: readonly string[]
  pid: number
  /** What the gate has counted, as of now. */
  counted(): Promise<Counts>
  /** What the origins have logged. */
  logged(): Promise<Counts>
  /** Publishes another version of the document; whether it was taken. */
  publish(version: number): Promise<boolean>
  close(): Promise<void>
}

type Origins = { old: string; new: string; log(): Promise<Record<string, number>>; close(): void }

export async function startRig(worker: string): Promise<Rig> {
  const origins = await startOrigins()
  const kv = await startKvService()
  kv.values.set('config', documentText(origins, 0))
  const workerd = await startPlainWorkerd({ isolates: ISOLATES, kvPort: kv.port, worker })
  const admin = async (path: string, init: RequestInit = {}) => {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' }
    return await fetch(`${workerd.urls[0]}/__sluice/api/v1/${path}`, { ...init, headers })
  }
  return {
    urls: workerd.urls,
    pid: workerd.pid,
    counted: async () => countsOf((await (await admin(`flags/${FLAG}`)).json()) as FlagView),
    logged: async () => {
      const { 'new on': canary = 0, 'old off': control = 0, ...others } = await origins.log()
      return { canary, control, other: sumOf(others), errors: 0 }
    },
    publish: async (version) => {
      const { version: expectedVersion } = (await (await admin('document')).json()) as { version: number }
      const body = JSON.stringify({ document: documentText(origins, version), expectedVersion })
      const response = await admin('document', { method: 'PUT', body })
      await response.arrayBuffer()
      return response.ok
    },
    close: async () => {
      await workerd.close()
      await kv.close()
      origins.close()
    },
  }
}

type FlagView = {
  status: { arms: Record<'canary' | 'control' | 'other', { requests: number; errors: number }> }
}

function countsOf({ status: { arms } }: FlagView): Counts {
  const { canary, control, other } = arms
  return {
    canary: canary.requests,
    control: control.requests,
    other: other.requests,
    errors: canary.errors + control.errors + other.errors,
  }
}

const sumOf = (counts: Record<string, number>) => Object.values(counts).reduce((sum, each) => sum + each, 0)

async function startOrigins(): Promise<Origins> {
  const program = fileURLToPath(new URL('./origins.ts', import.meta.url))
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [ports] = (await once(child.stdout, 'data')) as [Buffer]
  const urls = ports.toString().trim().split(' ')
  const [old = '', next = ''] = urls.map((port) => `http://127.0.0.1:${port}`)
  return {
    old,
    new: next,
    log: async () => (await (await fetch(`${old}/__log`)).json()) as Record<string, number>,
    close: () => void child.kill(),
  }
}

function documentText(origins: Origins, version: number): string {
  return JSON.stringify({
    origins: { old: { url: origins.old }, new: { url: origins.new } },
    context: { targetingKey: [{ header: 'x-user-id' }] },
    routes: [{ path: '/*', flag: FLAG, origins: { on: 'new', off: 'old' } }],
    flags: {
      [FLAG]: {
        description: `Version ${version}`,
        variants: { on: true, off: false },
        off: 'off',
        rules: [{ serve: 'on', stages: [{ percentage: 50, bake: '24h' }, { percentage: 100 }] }],
        guard: { ceilings: { errorRate: 0.2 } },
      },
    },
  })
}
