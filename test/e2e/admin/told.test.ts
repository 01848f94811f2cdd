/** The webhook log of a whole story: who receives messages can tell it again, with nothing missing and nothing twice. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { documentOfFlags, staged } from '../harness/documents.ts'
import { eventually, staysSo } from '../harness/eventually.ts'
import { startLoad, visitorHeaders } from '../harness/load.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { type Gate, startGate } from '../harness/running-gate.ts'

const FLAG = 'new-shop'
const DAY_MS = 24 * 3_600_000
/** Judged by an absolute limit alone, a stage is done when it has baked and someone was there. */
const GUARD = { ceilings: { errorRate: 0.5 }, advance: 'time' }
const STAGES = [
  { percentage: 20, bake: '1s' },
  { percentage: 100, bake: '1s', approval: true },
]

type Message = {
  id: string
  event: string
  flag: string | null
  actor: string
  reason: string
  from: unknown
  to: unknown
  changes: string[]
}

let origins: { old: Origin; new: Origin; receiver: Origin }
let gate: Gate
const log: Message[] = []

const documentWith = (flag: object, other: object = {}) =>
  documentOfFlags(
    { old: origins.old.url, new: origins.new.url },
    {
      [FLAG]: staged(STAGES, { guard: GUARD, owner: 'shop', ...flag }),
      banner: { rules: [{ serve: 'on', percentage: 5 }], ...other },
    },
    { notifications: { webhooks: [{ url: `${origins.receiver.url}/hook` }] } },
  )

beforeAll(async () => {
  origins = {
    old: await startOrigin('old'),
    new: await startOrigin('new'),
    receiver: await startOrigin('receiver', async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      log.push(JSON.parse(body))
      response.writeHead(204).end()
    }),
  }
  gate = await startGate({ document: documentWith({ enabled: false }) })
})
afterAll(async () => {
  await gate?.close()
  await Promise.all(Object.values(origins).map((origin) => origin.close()))
})

/** Does something, and gives the messages that it leads to: so many, and no more for a while. */
async function toldBy(work: () => Promise<unknown>, count: number): Promise<Message[]> {
  const before = log.length
  await work()
  await eventually(
    `${count} messages of ${JSON.stringify(log.slice(before).map(({ event }) => event))}`,
    () => log.length >= before + count,
  )
  await staysSo(1_500, () => expect(log.slice(before).map(({ event }) => event)).toHaveLength(count))
  return log.slice(before)
}

const because = { body: { reason: 'because', confirm: true } }
async function publish(document: object) {
  const { version } = await gate.admin.call('getDocument')
  await gate.admin.call('publishDocument', {
    body: { document, expectedVersion: version, ...because.body } as never,
  })
}
const command = (verb: string, body: object = {}) =>
  gate.admin.call('commandFlag', {
    params: { flag: FLAG, verb },
    body: { reason: 'because', ...body },
  } as never)
const inDays = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10)

describe('a webhook', { shuffle: false }, () => {
  it('is told of the first document, as published by KV', async () => {
    // The Controller looks into KV when someone asks it.
    const told = await toldBy(() => gate.admin.call('getDocument'), 1)
    expect(told).toMatchObject([{ event: 'publish', flag: null, actor: 'kv', from: 0, to: 1 }])
  })

  it('is told of every change of the document by its name, with from and to', async () => {
    const params = { params: { flag: 'banner' } }
    const told = await toldBy(async () => {
      await publish(documentWith({ enabled: false }, { description: 'A banner' }))
      await gate.admin.call('setPercentage', {
        ...params,
        body: { percentage: 10, ...because.body },
      } as never)
      await gate.admin.call('patchFlag', {
        ...params,
        body: { patch: { guard: GUARD }, ...because.body },
      } as never)
      await gate.admin.call('disableFlag', { ...params, ...because } as never)
      await gate.admin.call('enableFlag', { ...params, ...because } as never)
      await gate.admin.call('enableFlag', { params: { flag: FLAG }, ...because } as never)
    }, 6)
    expect(told).toMatchObject([
      { event: 'publish', flag: 'banner', from: 1, to: 2, changes: ['banner: description A banner added'] },
      { event: 'percentage', flag: 'banner', from: 5, to: 10 },
      { event: 'guard', flag: 'banner', changes: ['banner: guard added'] },
      { event: 'disable', flag: 'banner', from: true, to: false },
      { event: 'enable', flag: 'banner', from: false, to: true },
      { event: 'enable', flag: FLAG },
    ])
    const audited = (await gate.audit('banner')).filter(({ action }) => action === 'document-published')
    expect(audited.map(({ evidence }) => (evidence as { summary: string[] }).summary.join())).toEqual([
      'banner: enabled',
      'banner: disabled',
      'banner: guard added',
      'banner: rule 1: percentage 5 → 10',
      'banner: description A banner added',
    ])
  })

  it('is told of the ramp: stage, approval, end, and the way down', async () => {
    const load = startLoad({
      url: gate.url,
      requestsPerSecond: 60,
      request: (n) => ({ path: `/${FLAG}`, headers: visitorHeaders(n % 500) }),
    })
    const climbed = await toldBy(
      () => eventually('it waits for approval', async () => (await gate.flag(FLAG)).needsApproval),
      2,
    )
    expect(climbed).toMatchObject([
      { event: 'advance', flag: FLAG, actor: 'rollout', from: 20, to: 100 },
      { event: 'approval-needed', flag: FLAG },
    ])
    const finished = await toldBy(() => command('approve'), 1)
    expect(finished).toMatchObject([{ event: 'finish', flag: FLAG, actor: 'rollout', from: 100, to: 100 }])
    await load.stop()
    const down = await toldBy(() => command('stage', { stage: 0 }), 1)
    expect(down).toMatchObject([{ event: 'stage-down', flag: FLAG, actor: 'admin', from: 100, to: 20 }])
    // What follows visits it, and must not make it climb.
    expect(await toldBy(() => command('pause'), 1)).toMatchObject([{ event: 'pause', flag: FLAG }])
  })

  it('is told of a kill in KV and of its end, by flag; so is the audit log', async () => {
    // An isolate that someone visits reads KV.
    const look = () => gate.get(`/${FLAG}`)
    const inKv = (list: string) => async () => {
      await gate.kv.put('kill', list)
      await eventually('it is read', async () => {
        await look()
        return (await gate.audit(FLAG))[0]?.action === 'kill-list'
      })
    }
    expect(await toldBy(inKv(FLAG), 1)).toMatchObject([
      { event: 'kill', flag: FLAG, actor: 'kv', from: 20, to: 0, reason: 'The kill list was written to KV' },
    ])
    const lifted = async () => {
      await gate.kv.put('kill', '[]')
      await eventually('it is lifted', async () => {
        await look()
        return (await gate.status()).kill.kv.length === 0
      })
    }
    expect(await toldBy(lifted, 1)).toMatchObject([
      { event: 'unkill', flag: FLAG, actor: 'kv', from: 0, to: 20 },
    ])
    const records = (await gate.audit(FLAG)).filter(({ action }) => action === 'kill-list')
    expect(records).toMatchObject([
      { flag: FLAG, before: [FLAG], after: [] },
      { flag: FLAG, before: [], after: [FLAG] },
    ])
    const refused = async () => {
      await gate.kv.put('kill', 'nonsense')
      await eventually('it is read', async () => {
        await look()
        return (await gate.audit()).some(({ action }) => action === 'kill-list-refused')
      })
    }
    expect(await toldBy(refused, 1)).toMatchObject([{ event: 'kill-list-refused', flag: null }])
    await gate.kv.put('kill', '[]')
  })

  it('is told of a document in KV that was refused', async () => {
    const refused = async () => {
      await gate.kv.put('config', '{"origins": {}}')
      await eventually('it is read', async () => {
        await gate.get(`/${FLAG}`)
        return (await gate.audit()).some(({ action }) => action === 'document-refused')
      })
    }
    expect(await toldBy(refused, 1)).toMatchObject([
      {
        event: 'document-refused',
        flag: null,
        actor: 'kv',
        changes: [expect.stringMatching(/^\$\.origins/), expect.stringMatching(/^\$/)],
      },
    ])
  })

  it('is told of a flag that expires in three days, and of one that has', async () => {
    const told = await toldBy(() => publish(documentWith({ expires: inDays(3) }, { expires: inDays(-1) })), 3)
    expect(told.map(({ event, flag }) => `${event} ${flag}`).sort()).toEqual([
      'expired banner',
      `expiring ${FLAG}`,
      'publish null',
    ])
    expect(told.find(({ event }) => event === 'expiring')?.reason).toMatch(
      /^it expires in 3 days, on .*; its owner is shop$/,
    )
    // Another version says nothing new of it.
    expect(
      await toldBy(
        () => publish(documentWith({ expires: inDays(3), description: 'The shop' }, { expires: inDays(-1) })),
        1,
      ),
    ).toMatchObject([{ event: 'publish', flag: FLAG }])
    expect((await gate.audit(FLAG)).filter(({ action }) => action === 'expiring')).toHaveLength(1)
  })

  it('is told of a test by that name, and has never been told anything twice', async () => {
    const url = `${origins.receiver.url}/hook`
    const told = await toldBy(() => gate.admin.call('testWebhook', { body: { url } }), 1)
    expect(told).toMatchObject([{ event: 'test', flag: null, actor: 'test' }])
    expect(new Set(log.map(({ id }) => id)).size).toBe(log.length)
  })
})
