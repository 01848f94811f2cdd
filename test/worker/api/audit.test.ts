/**
 * Every change of state leaves its record: who or what, when, why, on what evidence, from what to what. The tables
 * have an entry for every operation of the contract, every verb of flags, and every kind of record; what they lack
 * does not compile.
 */

import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { AUDIT_ACTIONS } from '../../../src/contract/responses/logs.ts'
import { API_PREFIX, FLAG_VERBS, ROUTES } from '../../../src/contract/routes.ts'
import { NOTED } from '../../../src/core/rollout/audit.ts'
import { ADMIN_TOKEN, admin, adminAs, GATE_URL, gate } from '../support/admin.ts'
import {
  type Act,
  type AuditAction,
  type AuditRecord,
  body,
  CHANGES,
  type Change,
  type Command,
  DOCUMENT,
  type ExpectedRecord,
  FLAG,
  publish,
  READING,
  REFUSED,
  STEPS,
  VERSION,
} from '../support/audited-changes.ts'
import { count, failing, healthy, startAfresh, writeIntoKv } from '../support/controller.ts'

beforeEach(async () => {
  await startAfresh()
  await publish()
})

async function latest(count = 100): Promise<AuditRecord[]> {
  return (await admin.call('listAudit', { query: { limit: String(count) } })).records
}

/** The records that something leaves, newest first. */
async function recordsOf(work: () => Promise<unknown>): Promise<AuditRecord[]> {
  const [last] = await latest(1)
  await work()
  return (await latest()).filter(({ id }) => id > (last?.id ?? 0))
}

const PUBLISHED = { action: 'document-published', actor: 'admin', flag: null, reason: 'because' } as const

async function expectRecord(act: Act): Promise<void> {
  let expected: ExpectedRecord | 'nothing' = 'nothing'
  const startedAtMs = Date.now()
  const records = await recordsOf(async () => {
    expected = await act()
  })
  if (expected === 'nothing') return expect(records).toEqual([])
  expect(records).toMatchObject([expected])
  const [record] = records as [AuditRecord]
  expect(record.reason).not.toBe('')
  expect(Math.abs(Date.parse(record.at) - startedAtMs)).toBeLessThan(60_000)
}

describe('what only reads leaves no record:', () => {
  it.each(READING)('%s', async (id) => {
    const { method, path } = ROUTES[id]
    const url = `${GATE_URL}${API_PREFIX}${path}`.replace(':version', '0').replace(':flag', 'new-shop')
    const text = JSON.stringify(id === 'explain' ? {} : { document: DOCUMENT })
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
    const before = (await admin.call('getStatus')).epoch
    const records = await recordsOf(async () => {
      const query = id === 'getSeries' ? '?flag=new-shop' : ''
      const response = await gate.fetch(url + query, {
        method,
        headers,
        ...(method === 'POST' && { body: text }),
      })
      expect([200, 404]).toContain(response.status)
      await response.body?.cancel()
    })
    expect(records).toEqual([])
    expect((await admin.call('getStatus')).epoch).toBe(before)
  })
})

describe('what people change leaves one record:', () => {
  const cases = Object.entries(CHANGES).flatMap(([id, changes]) =>
    Object.entries(changes).map(([what, change]): [string, string, Change] => [id, what, change]),
  )

  it('the table has every operation of the contract', () => {
    const listed: string[] = [...READING, ...Object.keys(CHANGES), 'commandFlag']
    expect(listed.toSorted()).toEqual(Object.keys(ROUTES).toSorted())
    expect(new Set(STEPS.map(({ verb }) => verb))).toEqual(new Set(FLAG_VERBS))
  })

  it.each(cases)('%s, %s', async (_, __, { leaves, given, act }) => {
    await given?.()
    await expectRecord(async () => {
      const expected = await act()
      expect(expected === 'nothing' ? expected : expected.action).toBe(leaves)
      return expected
    })
  })

  it.each(STEPS)('commandFlag, $verb after $given', async ({ given, before, after, ...command }) => {
    const { token: secret } = await admin.call('createToken', { body: { name: 'Olga', role: 'operator' } })
    const send = ({ verb, ...choice }: Command) =>
      adminAs(secret).call('commandFlag', {
        params: { flag: FLAG, verb },
        body: { ...body, ...choice },
      })
    for (const each of given) await send(each)
    await expectRecord(async () => {
      await send(command)
      return { action: command.verb, actor: 'Olga', flag: FLAG, reason: 'because', before, after }
    })
  })

  it('nothing that is refused leaves a record', async () => {
    const records = await recordsOf(async () => {
      for (const { id, call } of REFUSED) await admin.refusal(id, call as never)
    })
    expect(records).toEqual([])
  })
})

/** What happens without a command, by the record that it leaves. */
const BY_ITSELF = {
  'document-adopted': () =>
    expectRecord(async () => {
      const { version } = await admin.call('getDocument')
      await writeIntoKv('config', JSON.stringify({ ...DOCUMENT, defaultOrigin: 'old' }))
      return {
        action: 'document-adopted',
        actor: 'kv',
        evidence: expect.anything(),
        before: { version },
        after: { version: version + 1 },
      }
    }),

  'document-refused': async () => {
    await expectRecord(async () => {
      await writeIntoKv('config', '{"origins": {}}')
      const problem = { path: expect.stringContaining('$'), fix: expect.any(String) }
      return {
        action: 'document-refused',
        actor: 'kv',
        evidence: expect.arrayContaining([expect.objectContaining(problem)]),
        before: VERSION,
        after: { hash: expect.any(String) },
      }
    })
    // What is in force, published again, takes the bad one's place.
    const { version, text } = await admin.call('getDocument')
    await expectRecord(async () => {
      await admin.call('publishDocument', {
        body: { document: text, expectedVersion: version, confirm: true, ...body },
      })
      return { ...PUBLISHED, before: { version }, after: { version: version + 1 } }
    })
    expect(await env.GATE.get('config')).toBe(text)
    await expectRecord(async () => {
      await admin.call('publishDocument', { body: { document: text, expectedVersion: version + 1 } })
      return 'nothing'
    })
  },

  'kill-list': async () => {
    await expectRecord(async () => {
      await writeIntoKv('kill', '["plain"]')
      return { action: 'kill-list', actor: 'kv', before: [], after: ['plain'] }
    })
    await expectRecord(async () => {
      await admin.call('commandFlag', { params: { flag: 'plain', verb: 'unkill' }, body })
      return { action: 'kill-list', actor: 'admin', flag: 'plain', before: ['plain'], after: [] }
    })
  },

  'kill-list-refused': async () => {
    await expectRecord(async () => {
      await writeIntoKv('kill', 'nonsense')
      return { action: 'kill-list-refused', actor: 'kv', before: [], after: [] }
    })
    await env.GATE.delete('kill')
  },

  'rollout-changed': async () => {
    const { document, version } = await admin.call('getDocument')
    const flags = document.flags as Record<string, { rules?: object[] }>
    const when = [{ attribute: 'country', op: 'in', values: ['RO'] }]
    const changed = { ...flags[FLAG], rules: flags[FLAG]?.rules?.map((rule) => ({ ...rule, when })) }
    const next = { ...document, flags: { ...flags, [FLAG]: changed } }
    await admin.call('publishDocument', { body: { document: next, expectedVersion: version, confirm: true } })
    expect(await recordOf(FLAG, 'rollout-changed')).toMatchObject({
      actor: 'admin',
      before: { generation: 1 },
      after: { generation: 2 },
    })
  },

  rollback: () => expectClosedByGuard({ flag: 'failing', action: 'rollback', part: 'rolledBack' }),
  freeze: () => expectClosedByGuard({ flag: 'called', action: 'freeze', part: 'frozen' }),

  // And advance before.
  finish: async () => {
    await expect
      .poll(
        async () => {
          const { stage } = (await admin.call('getStatus')).flags.healthy ?? {}
          await count('healthy', healthy(10_000), healthy(stage === 0 ? 30_000 : 10_000))
          return await recordOf('healthy', 'finish')
        },
        { timeout: 20_000 },
      )
      .toMatchObject({ actor: 'rollout', before: { stage: 1 }, after: { stage: 1, finished: true } })
    const climbed = { actor: 'rollout', reason: expect.stringContaining('50 %'), evidence: expect.anything() }
    expect(await recordOf('healthy', 'advance')).toMatchObject({
      ...climbed,
      before: { stage: 0 },
      after: { stage: 1 },
    })
  },

  'login-refused': async () => {
    await adminAs('sluice_wrong').refusal('getStatus')
    await expect
      .poll(async () => (await latest()).find(({ action }) => action === 'login-refused'))
      .toMatchObject({ actor: 'unknown', reason: expect.not.stringContaining('sluice_wrong') })
  },

  // Once for many.
  'call-refused': async () => {
    const { token: secret } = await admin.call('createToken', { body: { name: 'Vera', role: 'viewer' } })
    const vera = adminAs(secret)
    for (let time = 0; time < 9; time++)
      await vera.refusal('deleteFlag', { params: { flag: FLAG }, body: {} })
    const ofVera = async () =>
      (await latest()).filter(({ actor, action }) => actor === 'Vera' && action === 'call-refused')
    await expect
      .poll(ofVera)
      .toMatchObject([
        { reason: expect.stringContaining('deleteFlag needs admin'), evidence: { times: 1, role: 'viewer' } },
      ])
    await vera.refusal('listTokens')
    await expect.poll(ofVera).toMatchObject([{ evidence: { times: 10, operation: 'listTokens' } }, {}])
    expect(JSON.stringify(await ofVera())).not.toContain(secret)
  },
} satisfies Partial<Record<AuditAction, () => Promise<void>>>

describe('what no operator commands leaves its record as well:', () => {
  it.each(Object.entries(BY_ITSELF))('%s', async (_, seen) => await seen())
})

async function recordOf(flag: string, action: AuditAction): Promise<AuditRecord | undefined> {
  const { records } = await admin.call('listAudit', { query: { flag } })
  return records.find((record) => record.action === action)
}

type Closing = { flag: string; action: AuditAction; part: string }

async function expectClosedByGuard({ flag, action, part }: Closing): Promise<void> {
  await expect
    .poll(async () => {
      await count(flag, failing(2_000), healthy(2_000))
      return await recordOf(flag, action)
    })
    .toMatchObject({
      actor: 'guard',
      flag,
      reason: expect.stringMatching(/canary/i),
      evidence: { canaryErrorRate: expect.any(Number), pValue: expect.any(Number) },
      before: expect.not.objectContaining({ [part]: expect.anything() }),
      after: { [part]: { reason: expect.any(String) } },
    })
}

it('every kind of record has a test', () => {
  const commanded = Object.values(CHANGES).flatMap((changes) =>
    Object.values(changes).map(({ leaves }) => leaves),
  )
  // news.test.ts has what is noted because time passes, or a sense fails.
  const tested = new Set<string>([
    ...NOTED,
    ...commanded,
    ...STEPS.map(({ verb }) => verb),
    ...Object.keys(BY_ITSELF),
  ])
  expect(AUDIT_ACTIONS.filter((action) => !tested.has(action))).toEqual([])
})
