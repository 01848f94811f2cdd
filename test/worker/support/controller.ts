/** The Controller of this Worker, driven by hand. */
import { reset, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect } from 'vitest'
import { type Cell, emptyCell } from '../../../src/core/counters/cell.ts'
import type { ForwardMessage } from '../../../src/core/counters/protocol.ts'
import type { Controller } from '../../../src/durable/controller/controller.ts'
import { TextStore } from '../../../src/durable/storage/text-store.ts'
import { admin } from './admin.ts'

const findController = () =>
  env.CONTROLLER.get(env.CONTROLLER.idFromName('controller')) as unknown as DurableObjectStub<Controller>

export let controller = findController()

const NO_COUNTS: ForwardMessage = {
  seq: 0,
  shard: 'TST',
  cells: [],
  isolates: [],
  epoch: 0,
  documentVersion: 0,
  samples: [],
}

let forwards = 0

/** Empties KV and all Durable Objects, for a test that stands alone. */
export async function startAfresh(): Promise<void> {
  await reset()
  // A stub of an object that is gone throws for ever.
  controller = findController()
  forwards = 0
}

/**
 * Writes into KV as people do, and tells the Controller what an isolate sees there. What the Controller itself has to
 * write must be in KV before, or it would come on top.
 */
export async function writeIntoKv(key: 'config' | 'kill', value: string): Promise<void> {
  await expect.poll(pendingWrites, { timeout: 30_000 }).toEqual([])
  const newest = await newestRecord()
  await env.GATE.put(key, value)
  const sees = { usedHash: '', documentHash: `new ${key}`, killHash: `new ${key}` }
  const isolates = [{ isolate: 'isolate', epoch: 0, epochAtMs: 0, seenAtMs: Date.now(), ...sees }]
  await expect
    .poll(
      async () => {
        await controller.forward({ ...NO_COUNTS, seq: ++forwards, isolates })
        await runDurableObjectAlarm(controller)
        return await newestRecord()
      },
      { timeout: 30_000, interval: 250 },
    )
    .not.toBe(newest)
}

async function newestRecord(): Promise<number | undefined> {
  return (await admin.call('listAudit', { query: { limit: '1' } })).records[0]?.id
}

export function pendingWrites(): Promise<string[]> {
  return runInDurableObject(
    controller,
    (_, { storage }) => new TextStore(storage.sql).getJson('kv pending') ?? [],
  )
}

/** Sends counts of canary and control, and lets the guard look at them. */
export async function count(flag: string, canary: Partial<Cell>, control: Partial<Cell>): Promise<void> {
  const { flags } = await admin.call('getStatus')
  const { generation = 1, stage = 0 } = flags[flag] ?? {}
  const key = { flag, generation, stage }
  const cells = [
    { ...emptyCell({ ...key, variant: 'on', arm: 'canary' }), ...canary },
    { ...emptyCell({ ...key, variant: 'off', arm: 'control' }), ...control },
  ]
  await controller.forward({ ...NO_COUNTS, seq: ++forwards, cells })
  await runDurableObjectAlarm(controller)
}

export const healthy = (requests: number): Partial<Cell> => ({ requests, latency: { 40: requests } })
/** Other visitors than before meet errors, as they do when it is the canary's fault. */
export const failing = (requests: number): Partial<Cell> => ({
  ...healthy(requests),
  errors: {
    ...emptyCell({ flag: '', variant: '', arm: 'canary', generation: 1, stage: 0 }).errors,
    status: 200,
  },
  erroredBuckets: Array.from({ length: 200 }, (_, index) => (forwards * 200 + index) % 32_768),
})
