/** The ways of closing a flag, each with the way of opening it again. */
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { AdminClient } from '../../src/contract/client.ts'
import { PROJECT_ROOT } from '../../src/local/build/project-root.ts'
import type { KvService } from '../../test-kit/workerd/kv-service.ts'
import { ADMIN_TOKEN } from '../../test-kit/workerd/plain-workerd.ts'

export const FLAG = 'shop'

export type Scenario = {
  name: string
  /** Closes the flag; the epoch that isolates will be on, where there is one to ask for. */
  close(gate: GateHandle): Promise<number | undefined>
  open(gate: GateHandle): Promise<void>
  repeats: { quick: number; full: number }
  deadlineMs: number
}

export type GateHandle = { admin: AdminClient; kv: KvService; url: string }

const FAST = { repeats: { quick: 6, full: 50 }, deadlineMs: 15_000 }

export const SCENARIOS: readonly Scenario[] = [
  {
    // The whole command, from the start of its process; what it prints at the end is the gate's own figure.
    name: 'sluice kill --wait',
    ...FAST,
    close: async ({ url }) => await killByCommandLine(url),
    open: async ({ admin }) => void (await admin.command(FLAG, 'unkill')),
  },
  {
    name: 'kill',
    ...FAST,
    close: async ({ admin }) => (await admin.command(FLAG, 'kill')).epoch,
    open: async ({ admin }) => void (await admin.command(FLAG, 'unkill')),
  },
  {
    name: 'rollback',
    ...FAST,
    close: async ({ admin }) => (await admin.command(FLAG, 'rollback')).epoch,
    open: async ({ admin }) => void (await admin.command(FLAG, 'resume')),
  },
  {
    name: 'publish',
    ...FAST,
    close: async ({ admin }) =>
      void (await admin.call('setPercentage', { params: { flag: FLAG }, body: { percentage: 0 } })),
    open: async ({ admin }) =>
      void (await admin.call('setPercentage', { params: { flag: FLAG }, body: { percentage: 100 } })),
  },
  {
    name: 'kill while KV is down',
    repeats: { quick: 3, full: 50 },
    deadlineMs: 15_000,
    close: async ({ admin, kv }) => {
      kv.isDown = true
      return (await admin.command(FLAG, 'kill')).epoch
    },
    open: async ({ admin, kv }) => {
      kv.isDown = false
      await admin.command(FLAG, 'unkill')
    },
  },
  {
    // It becomes known when the first isolate reads KV again, which each does every 30 s.
    name: 'kill list written to KV only',
    repeats: { quick: 1, full: 10 },
    deadlineMs: 60_000,
    close: async ({ kv }) => {
      // Another list each time: just after one was lifted, the same once more looks like an old reading.
      kv.values.set('kill', JSON.stringify([FLAG, `rehearsal-${Math.round(performance.now())}`]))
    },
    open: async ({ admin }) => {
      // Isolates may all have read KV before the first of them has told the Controller.
      while ((await admin.call('getStatus')).flags[FLAG]?.state !== 'killed') await setTimeout(100)
      await admin.command(FLAG, 'unkill')
    },
  },
]

/** Throws where the command does not end with exit code 0: then it has not seen every isolate have it. */
async function killByCommandLine(url: string): Promise<number> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [resolve(PROJECT_ROOT, 'bin/sluice.js'), 'kill', FLAG, '--wait', '--yes', '--json'],
    { env: { PATH: process.env.PATH, SLUICE_URL: url, SLUICE_TOKEN: ADMIN_TOKEN } },
  )
  return (JSON.parse(stdout) as { epoch: number }).epoch
}
