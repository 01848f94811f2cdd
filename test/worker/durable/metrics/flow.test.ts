/** Metrics from the flush of an isolate to the answer of the API: what a shard has acknowledged counts, once. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, expect, it, onTestFinished, vi } from 'vitest'
import { emptyCell } from '../../../../src/core/counters/cell.ts'
import type { MetricBatch } from '../../../../src/core/counters/metrics/metric-batch.ts'
import type { FlushMessage, FlushReply } from '../../../../src/core/counters/protocol.ts'
import type { Controller } from '../../../../src/durable/controller/controller.ts'
import type { Counters } from '../../../../src/durable/counters/counters.ts'
import { MetricBooks } from '../../../../src/durable/storage/metrics/metric-books.ts'
import { ADMIN_TOKEN, admin, GATE_URL, gate } from '../../support/admin.ts'
import { controller } from '../../support/controller.ts'

const FLAGS = ['exact', 'crashing', 'silent', 'stuck', 'shown', 'unmeasured']
beforeAll(async () => {
  const flag = {
    variants: { on: true, off: false },
    off: 'off',
    rules: [{ serve: 'on', percentage: 50 }],
  }
  const measured = { ...flag, experiment: { primary: 'order', metrics: ['revenue'] } }
  const document = {
    origins: { old: { url: 'http://old.test' } },
    routes: [{ path: '/*', origin: 'old' }],
    metrics: { order: {}, revenue: { type: 'sum', cap: 500 } },
    flags: Object.fromEntries(FLAGS.map((key) => [key, key === 'unmeasured' ? flag : measured])),
  }
  const published = await controller.publish(
    { kind: 'text', text: JSON.stringify(document) },
    { expectedVersion: undefined, confirm: true, actor: 'Ada', reason: 'a test' },
  )
  expect(published).toMatchObject({ ok: true })
})

function shardOf(colo: string) {
  const stub = env.COUNTERS.get(env.COUNTERS.idFromName(colo)) as unknown as DurableObjectStub<Counters>
  const flush = (seq: number, metrics: MetricBatch, more: Partial<FlushMessage> = {}): Promise<FlushReply> =>
    stub.flush({
      ...{ seq, cells: [], metrics, isolate: 'isolate-1', shard: colo, shards: 1, epoch: 0, epochAtMs: 0 },
      ...{ usedHash: '', documentHash: '', killHash: '', samples: [] },
      ...more,
    })
  return { stub, flush }
}

let position = 0
/** A visitor who meets the flag and buys something, whom no other test has. */
function buyer(flag: string, value = 10): MetricBatch {
  const atMs = Date.now()
  position++
  const events: MetricBatch['groups'][number]['events'] = [
    ['order', position, atMs, 1, 0],
    ['revenue', position, atMs, value, 0],
  ]
  return { groups: [{ flag, generation: 1, stage: 0, variant: 'on', exposed: [position, atMs], events }] }
}

/** Visitors, orders and revenue of the canary, as the API tells them. */
async function told(flag: string) {
  const { metrics } = await admin.call('getResults', { params: { flag } })
  const on = (name: string) =>
    metrics.find((each) => each.name === name)?.variants.find(({ variant }) => variant === 'on')
  return [on('order')?.visitors, on('order')?.total, on('revenue')?.total]
}

async function arrives(stub: DurableObjectStub<Counters>, flag: string, sums: number[]): Promise<void> {
  const now = async () => {
    await runDurableObjectAlarm(stub)
    return await told(flag)
  }
  await expect.poll(now, { timeout: 30_000 }).toEqual(sums)
}

it('a flush counts once, however often it comes, and whatever is restarted meanwhile', async () => {
  const { stub, flush } = shardOf('MAA')
  const [first, second, third] = [buyer('exact'), buyer('exact'), buyer('exact')]
  await flush(1, first)
  await flush(1, first)
  await evictDurableObject(stub)
  // Its reply got lost, so it comes again: to an object that has started since.
  await flush(1, first, { repeatedSinceMs: Date.now() - 60_000 })
  await flush(2, second)
  await arrives(stub, 'exact', [2, 2, 20])
  await evictDurableObject(controller)
  expect(await told('exact')).toEqual([2, 2, 20])
  await evictDurableObject(stub)
  await flush(2, second, { repeatedSinceMs: Date.now() - 60_000 })
  await flush(3, third)
  await flush(1, third, { isolate: 'isolate-2' })
  await arrives(stub, 'exact', [3, 3, 40])
})

it('what the Controller took counts once, where its answers get lost and both objects crash', async () => {
  const { stub, flush } = shardOf('MBB')
  let lost = 0
  await runInDurableObject(controller, (instance: Controller) => {
    const methods = Object.getPrototypeOf(instance) as Controller
    const { forward } = methods
    methods.forward = async function (this: Controller, message) {
      const reply = await forward.call(this, message)
      if (message.shard !== 'MBB' || message.metrics === undefined || lost === 2) return reply
      lost++
      throw new Error('the answer got lost')
    }
  })
  for (let seq = 1; seq <= 4; seq++) {
    await flush(seq, buyer('crashing'))
    await runDurableObjectAlarm(stub)
    await evictDurableObject(seq % 2 === 0 ? stub : controller)
  }
  await arrives(stub, 'crashing', [4, 4, 40])
  expect(lost).toBe(2)
  await arrives(stub, 'crashing', [4, 4, 40])
})

it('a shard that no isolate flushes to any more brings what it has, by its alarm', async () => {
  const { stub, flush } = shardOf('MCC')
  await flush(1, buyer('silent'))
  await evictDurableObject(stub)
  expect(await runDurableObjectAlarm(stub)).toBe(true)
  await arrives(stub, 'silent', [1, 1, 10])
})

it('where metrics can not be taken they stay in the shard, and counts come through', async () => {
  const taken = vi.spyOn(MetricBooks.prototype, 'take').mockImplementation(() => {
    throw new Error('the ledger is broken')
  })
  onTestFinished(() => void taken.mockRestore())
  const { stub, flush } = shardOf('MEE')
  const cell = emptyCell({ flag: 'counted', variant: 'on', arm: 'canary', generation: 1, stage: 0 })
  await flush(1, buyer('stuck'), { cells: [{ ...cell, requests: 7 }] })
  const counted = async () => {
    await runDurableObjectAlarm(stub)
    const { cells } = await controller.status()
    return cells.find(({ flag }) => flag === 'counted')?.requests
  }
  await expect.poll(counted, { timeout: 30_000 }).toBe(7)
  taken.mockRestore()
  await arrives(stub, 'stuck', [1, 1, 10])
})

it('the API tells what did not count, and gives all of it as a table', async () => {
  const { stub, flush } = shardOf('MDD')
  const refused: MetricBatch['refused'] = [
    ['shown', 'unproven visit', 3],
    ['shown', 'unproven', 4],
    ['shown', 'late', 2],
  ]
  await flush(1, { ...buyer('shown', 900), refused })
  await arrives(stub, 'shown', [1, 1, 500])
  const { kept } = await admin.call('getResults', { params: { flag: 'shown' } })
  expect(kept).toMatchObject({ visitors: 1, unproven: 3, refused: { unproven: 4, late: 2 } })
  const path = `${GATE_URL}/__sluice/api/v1/flags/shown/results?format=csv`
  const table = await gate.fetch(path, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } })
  expect(table.headers.get('content-type')).toBe('text/csv; charset=utf-8')
  const [head, ...rows] = (await table.text()).trim().split('\r\n')
  expect(head).toMatch(/^flag,attempt,/)
  expect(rows).toHaveLength(4)
})

it.each(['unmeasured', 'no-such-flag'])('the API says that %s has no results', async (flag) => {
  expect(await admin.refusal('getResults', { params: { flag } })).toMatchObject({ status: 404 })
})
