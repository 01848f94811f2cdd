/** The Controller forgets nothing that it has decided: not by an eviction, nor when all its memory is gone. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { type ControlState, parseControlState } from '../../../src/core/config/control.ts'
import { type Cell, cellId, emptyCell } from '../../../src/core/counters/cell.ts'
import { numbered } from '../../../src/core/counters/protocol.ts'
import type { GuardState } from '../../../src/core/guard/index.ts'
import type { Book } from '../../../src/durable/storage/books/book.ts'
import { TextStore } from '../../../src/durable/storage/text-store.ts'
import { admin } from '../support/admin.ts'
import { controller, count, failing, healthy, pendingWrites, startAfresh } from '../support/controller.ts'

const FLAG = 'new-shop'

beforeEach(startAfresh)

const command = (verb: string, flag = FLAG) =>
  admin.call('commandFlag', { params: { flag, verb }, body: { reason: 'because' } })
const stateOf = async (): Promise<ControlState> => (await controller.status()).state

async function countsOf(): Promise<Cell[]> {
  const { cells } = await controller.status()
  // The types of RPC forget how many elements a tuple has.
  return (cells as unknown as Cell[]).toSorted((a, b) => cellId(a).localeCompare(cellId(b)))
}

/** What KV holds, once the Controller has written all that it wants to. */
async function stateInKv(): Promise<ControlState | undefined> {
  await expect
    .poll(
      async () => {
        await runDurableObjectAlarm(controller)
        return await pendingWrites()
      },
      { timeout: 30_000 },
    )
    .toEqual([])
  const parsed = parseControlState(await env.GATE.get('state'))
  return parsed.ok ? parsed.value : undefined
}

function guardState(flag: string): Promise<GuardState | undefined> {
  return runInDurableObject(
    controller,
    (_, { storage }) => new TextStore(storage.sql).getJson<Book>(`book ${flag}`)?.guard,
  )
}

describe('after an eviction', () => {
  it('state, epoch and audit log are as before, and commands go on from there', async () => {
    const killed = await command('kill')
    await command('pause')
    const before = await stateOf()
    const { records } = await admin.call('listAudit')
    await evictDurableObject(controller)
    expect(await stateOf()).toEqual(before)
    expect((await admin.call('listAudit')).records).toEqual(records)
    expect((await command('unkill')).epoch).toBe(killed.epoch + 2)
  })

  it('counts are as before, and a forward that is repeated is not counted again', async () => {
    await count('new-checkout', healthy(100), healthy(300))
    const cells = await countsOf()
    const { shards } = await controller.status()
    await evictDurableObject(controller)
    expect(await countsOf()).toEqual(cells)
    await controller.forward({
      shard: 'TST',
      seq: 1,
      cells,
      isolates: [],
      epoch: 0,
      documentVersion: 0,
      samples: [],
    })
    expect(await countsOf()).toEqual(cells)
    expect(shards.map(({ shard }) => shard)).toEqual(['TST'])
  })

  it('the guard goes on with what it knew, and closes the canary with it', async () => {
    await count(FLAG, failing(200), healthy(1_800))
    const known = await guardState(FLAG)
    expect(known?.totals.canaryRequests).toBeGreaterThanOrEqual(200)
    await evictDurableObject(controller)
    await expect
      .poll(async () => {
        await count(FLAG, failing(200), healthy(1_800))
        return (await stateOf()).flags[FLAG]?.rolledBack?.reason
      })
      .toMatch(/canary/)
    const now = await guardState(FLAG)
    expect(now?.startedAtMs).toBe(known?.startedAtMs)
    expect(now?.totals.canaryRequests).toBeGreaterThan(known?.totals.canaryRequests ?? 0)
  })

  it('a rollback stays, whatever the guard sees afterwards', async () => {
    await command('rollback')
    await evictDurableObject(controller)
    for (let look = 0; look < 3; look++) await count(FLAG, healthy(5_000), healthy(45_000))
    const { generation, rolledBack } = (await stateOf()).flags[FLAG] ?? {}
    expect([generation, rolledBack !== undefined]).toEqual([1, true])
  })
})

describe('a status', () => {
  it('has counts, evidence and verdict of one moment, however counts come in', async () => {
    await count(FLAG, healthy(100), healthy(1_900))
    const key = { flag: FLAG, generation: 1, stage: 0 }
    const looked = async () => {
      const { arms, verdict } = (await admin.call('getStatus')).flags[FLAG] ?? {}
      return [arms?.canary.requests, verdict?.evidence.canaryRequests, verdict?.evidence.controlRequests]
    }
    for (let seq = 1; seq <= 8; seq++) {
      // The last ones are of a stage that is over, and come late.
      const cell = {
        ...emptyCell({ ...key, stage: seq < 5 ? 0 : 7, variant: 'on', arm: 'canary' }),
        ...healthy(50),
      }
      await controller.forward({
        ...{ shard: 'ONE', seq, cells: [cell], isolates: [], epoch: 0, documentVersion: 0, samples: [] },
      })
      const [shown, judged] = await looked()
      expect(shown).toBe(judged)
    }
    await expect.poll(looked, { timeout: 10_000 }).toEqual([500, 500, 1_900])
  })
})

describe('KV', () => {
  it('has every state in the end, by alarm, also where one a second is too few', async () => {
    for (let round = 0; round < 3; round++) {
      await command('kill', 'new-checkout')
      await command('unkill', 'new-checkout')
    }
    expect(await stateInKv()).toEqual(numbered(await stateOf()))
  })

  it('is written at the next wake-up, if it was not before the eviction', async () => {
    await command('kill', 'new-checkout')
    await evictDurableObject(controller)
    expect(await stateInKv()).toEqual(numbered(await stateOf()))
  })

  it('tells a Controller that has lost its memory what is closed', async () => {
    await command('rollback')
    await command('kill', 'new-checkout')
    const before = await stateInKv()
    expect(before?.flags[FLAG]?.rolledBack).toBeDefined()
    await runInDurableObject(controller, async (_, { storage }) => {
      await storage.deleteAlarm()
      await storage.deleteAll()
    })
    await evictDurableObject(controller)
    const after = await stateOf()
    expect(after).toEqual(before)
    expect((await command('unkill', 'new-checkout')).epoch).toBe((before?.epoch ?? 0) + 1)
  })

  it('may hold a kill list of which no isolate has told yet: lifting it is not refused', async () => {
    await env.GATE.put('kill', JSON.stringify(['new-checkout']))
    const { before, after } = await command('unkill', 'new-checkout')
    expect([before?.killed, after?.killed]).toEqual([true, false])
    await stateInKv()
    expect(JSON.parse((await env.GATE.get('kill')) ?? '[]')).toEqual([])
  })

  it('may hold the same kill list once more, just after it was lifted: that can be lifted as well', async () => {
    for (let round = 0; round < 2; round++) {
      await env.GATE.put('kill', JSON.stringify(['new-checkout']))
      await command('unkill', 'new-checkout')
      await stateInKv()
      expect(JSON.parse((await env.GATE.get('kill')) ?? '[]')).toEqual([])
    }
  })

  it('may hold another kill list, just after one was lifted: it counts at once, and only what is named is lifted', async () => {
    await env.GATE.put('kill', JSON.stringify(['new-checkout']))
    await command('unkill', 'new-checkout')
    await env.GATE.put('kill', JSON.stringify(['new-checkout', FLAG]))
    await command('unkill', 'new-checkout')
    expect((await stateOf()).kvKilled).toEqual([FLAG])
    await stateInKv()
    expect(JSON.parse((await env.GATE.get('kill')) ?? '[]')).toEqual([FLAG])
  })

  it('lists two flags that are lifted one just after the other: neither comes back', async () => {
    await env.GATE.put('kill', JSON.stringify(['new-checkout', FLAG]))
    await Promise.all([command('unkill', 'new-checkout'), command('unkill', FLAG)])
    await stateInKv()
    expect(JSON.parse((await env.GATE.get('kill')) ?? '[]')).toEqual([])
    expect((await stateOf()).kvKilled).toEqual([])
  })

  it('may hold a list of before once more, when the one that replaced it has been there: it counts as any other', async () => {
    await env.GATE.put('kill', JSON.stringify(['new-checkout', FLAG]))
    await command('unkill', 'new-checkout')
    await stateInKv()
    // Reads KV.
    await command('pause')
    await env.GATE.put('kill', JSON.stringify(['new-checkout', FLAG]))
    await command('unkill', 'new-checkout')
    await stateInKv()
    expect(JSON.parse((await env.GATE.get('kill')) ?? '[]')).toEqual([FLAG])
  })
})
