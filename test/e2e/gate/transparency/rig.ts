/** A passthrough Worker and a gate side by side, each in a plain workerd, in front of one origin. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildWorker } from '../../../../src/local/build/build-worker.ts'
import { startKvService } from '../../../../test-kit/workerd/kv-service.ts'
import { startPassthrough } from '../../../../test-kit/workerd/passthrough.ts'
import { startPlainWorkerd } from '../../../../test-kit/workerd/plain-workerd.ts'
import { startWireOrigin, type WireOrigin } from './wire.ts'

export type Rig = { origin: WireOrigin; passthrough: string; gate: string; close(): Promise<void> }

/** Ways through the gate, each a flag, and a host: "plain" has none. */
export const WAYS = ['plain', 'control', 'canary', 'chosen'] as const

export const hostOf = (way: string) => `${way}.test`

export async function startRig(): Promise<Rig> {
  const origin = await startWireOrigin()
  const folder = await mkdtemp(join(tmpdir(), 'sluice-transparency-'))
  const worker = join(folder, 'worker.js')
  await buildWorker({ outfile: worker, document: JSON.stringify(documentFor(origin.url)) })
  const kv = await startKvService()
  const passthrough = await startPassthrough(origin.url)
  const gate = await startPlainWorkerd({ isolates: 1, kvPort: kv.port, worker })
  return {
    origin,
    passthrough: passthrough.url,
    gate: gate.urls[0] ?? '',
    close: async () => {
      await Promise.all([gate.close(), passthrough.close(), kv.close(), origin.close()])
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Two names of one server are two origins. */
function documentFor(url: string) {
  const flag = (rule: object) => ({
    variants: { on: true, off: false },
    off: 'off',
    rules: [{ serve: 'on', ...rule }],
  })
  const timeoutMs = 15_000
  return {
    origins: { old: { url, timeoutMs }, new: { url: url.replace('127.0.0.1', 'localhost'), timeoutMs } },
    routes: [
      ...WAYS.slice(1).map((way) => ({
        path: '/*',
        host: hostOf(way),
        flag: way,
        origins: { on: 'new', off: 'old' },
        rescue: false,
      })),
      { path: '/*', origin: 'old', follow: false },
    ],
    flags: {
      control: flag({ stages: [{ percentage: 0 }, { percentage: 100 }] }),
      canary: flag({ stages: [{ percentage: 100 }] }),
      chosen: flag({}),
    },
  }
}
