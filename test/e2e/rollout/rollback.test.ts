import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Shop, startShop } from '../../../examples/shop/shop.ts'
import { document, FLAG, flag } from '../harness/documents.ts'
import { eventually, staysSo } from '../harness/eventually.ts'
import { type Load, lastAre, shareOf, startLoad, visitorHeaders } from '../harness/load.ts'
import { type Gate, startGate } from '../harness/running-gate.ts'

const BYSTANDER = 'bystander'
const HALF = {
  rules: [{ percentage: 50, serve: 'on' }],
  guard: { ceilings: { errorRate: 0.2, minRequests: 20 } },
}
let shops: { old: Shop; new: Shop }
let gate: Gate
let load: Load

beforeAll(async () => {
  shops = { old: await startShop({ version: 'old' }), new: await startShop({ version: 'new' }) }
  gate = await startGate({
    document: document({ old: shops.old.url, new: shops.new.url }, HALF, {
      flags: { [BYSTANDER]: flag(HALF) },
    }),
  })
  load = startLoad({ url: gate.url, requestsPerSecond: 150 })
})
afterAll(async () => {
  await load?.stop()
  await Promise.all([gate?.close(), shops.old.close(), shops.new.close()])
})

const state = async (key: string) => (await gate.flag(key)).state

// One story: each test goes on where the one before ended.
describe('a rollback', { shuffle: false }, () => {
  it('a new origin that fails half its requests is closed by itself', async () => {
    await eventually(
      'half of the visitors see the new origin',
      () => load.shots.length >= 100 && shareOf(load.shots.slice(-100), 'new') > 0.3,
    )
    expect(await state(FLAG)).toBe('open')
    shops.new.behave({ errorRate: 0.5 })
    const brokenMs = Date.now()
    await eventually('the flag is rolled back', async () => (await state(FLAG)) === 'rolled-back')
    const closedMs = Date.now()
    await eventually('no one is sent there any more', () =>
      lastAre(load, 40, closedMs, ({ status, origin }) => status === 200 && origin === 'old'),
    )
    const lastNew = load.shots.findLast((shot) => shot.origin === 'new')
    // Seconds on a fast machine; the bound only says that it is not minutes.
    expect((lastNew?.sentMs ?? 0) - brokenMs).toBeLessThan(40_000)
    expect(await state(BYSTANDER)).toBe('open')
  })

  it('the audit log says who closed it, when, and on what evidence', async () => {
    const records = await gate.audit(FLAG)
    const rollback = records.find((record) => record.action === 'rollback')
    expect(rollback).toMatchObject({
      actor: 'guard',
      flag: FLAG,
      reason: expect.stringMatching(/error/i),
      before: expect.objectContaining({ generation: 1 }),
      after: expect.objectContaining({ rolledBack: expect.anything() }),
    })
    expect(Object.values(rollback?.evidence as object).some((each) => typeof each === 'number')).toBe(true)
    expect(Math.abs(Date.parse(rollback?.at ?? '') - Date.now())).toBeLessThan(600_000)
  })

  it('it stays closed after kill -9 of workerd, also when the origin is well again', async () => {
    shops.new.behave({ errorRate: 0 })
    await load.stop()
    // An isolate that starts reads KV, which the Controller writes once a second at most.
    await eventually('KV has it', async () => {
      const control = JSON.parse((await gate.kv.get('state')) ?? '{}') as { flags?: Record<string, object> }
      return Object.hasOwn(control.flags?.[FLAG] ?? {}, 'rolledBack')
    })
    await gate.crash()
    await eventually('the new isolate knows of it', async () => {
      return (await gate.get('/', visitorHeaders(1))).reason === 'rolled_back'
    })
    load = startLoad({ url: gate.url, requestsPerSecond: 150 })
    await eventually('visitors are back', () => load.shots.length > 50)
    await staysSo(3_000, async () => {
      expect(load.shots.filter((shot) => shot.origin === 'new' || shot.status !== 200)).toEqual([])
    })
    const flagAfter = await gate.flag(FLAG)
    expect(flagAfter).toMatchObject({ state: 'rolled-back', generation: 1 })
    expect(flagAfter.rolledBack?.reason).toMatch(/error/i)
    expect((await gate.audit(FLAG)).filter((record) => record.action === 'rollback')).toHaveLength(1)
  })

  it('only a person opens it again, as a new generation', async () => {
    await gate.admin.command(FLAG, 'resume', { reason: 'fixed' })
    const resumedMs = Date.now()
    await eventually('visitors see the new origin again', () => {
      const last = load.since(resumedMs).slice(-100)
      return last.length === 100 && shareOf(last, 'new') > 0.3
    })
    expect(await gate.flag(FLAG)).toMatchObject({ state: 'open', generation: 2 })
  })
})
