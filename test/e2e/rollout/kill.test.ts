import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { document, FLAG, flag } from '../harness/documents.ts'
import { eventually } from '../harness/eventually.ts'
import { failuresOf, type Load, lastAre, startLoad, visitorHeaders } from '../harness/load.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { type Gate, startGate } from '../harness/running-gate.ts'

const OTHER = 'other'
let origins: { old: Origin; new: Origin }
let gate: Gate
let load: Load

beforeAll(async () => {
  origins = { old: await startOrigin('old'), new: await startOrigin('new') }
  gate = await startGate({
    document: document(
      { old: origins.old.url, new: origins.new.url },
      { rules: [{ serve: 'on' }] },
      {
        routes: [
          { path: '/other/*', flag: OTHER, origins: { on: 'new', off: 'old' } },
          { path: '/*', flag: FLAG, origins: { on: 'new', off: 'old' } },
        ],
        flags: { [OTHER]: flag({ rules: [{ serve: 'on' }] }) },
      },
    ),
  })
  load = startLoad({
    url: gate.url,
    requestsPerSecond: 150,
    request: (n) => ({ path: n % 2 === 0 ? '/' : '/other/', headers: visitorHeaders(n % 500) }),
  })
})
afterAll(async () => {
  await load?.stop()
  await Promise.all([gate?.close(), origins.old.close(), origins.new.close()])
})

/** Resolves when the last answers of both flags, to what was sent from now on, come from these origins. */
const onlyFrom = (main: string, other: string) => {
  const sinceMs = Date.now()
  return eventually(`pages come from ${main}, others from ${other}`, () =>
    lastAre(load, 30, sinceMs, ({ n, origin }) => origin === (n % 2 === 0 ? main : other)),
  )
}

// One story: each test goes on where the one before ended.
describe('wrangler kv key put kill', { shuffle: false }, () => {
  it('closes one flag while visitors keep coming, and leaves the other alone', async () => {
    await onlyFrom('new', 'new')
    await gate.wranglerPut('kill', `["${FLAG}"]`)
    await onlyFrom('old', 'new')
    expect(load.shots.at(-1)).toMatchObject({ status: 200 })
    expect((await gate.get('/')).reason).toBe('killed')
    const status = await gate.status()
    expect(status.kill.kv).toEqual([FLAG])
    expect(status.flags[FLAG]?.state).toBe('killed')
    expect(status.flags[OTHER]?.state).toBe('open')
    await eventually('the Controller has heard of it', async () =>
      (await gate.audit()).some(
        ({ action, after }) => action === 'kill-list' && isDeepStrictEqual(after, [FLAG]),
      ),
    )
  })

  it('with ["*"] closes everything', async () => {
    await gate.wranglerPut('kill', '["*"]')
    await onlyFrom('old', 'old')
  })

  it('that is not a list changes nothing and is reported', async () => {
    await gate.kv.put('kill', '{"kill":"nothing"}')
    await eventually('the status shows the problem', async () =>
      (await gate.status()).document.refused.some(
        ({ key, problems }) => key === 'kill' && problems.length > 0,
      ),
    )
    await onlyFrom('old', 'old')
  })

  it('with [] opens again, and in all this no request failed', async () => {
    await gate.kv.put('kill', '[]')
    await onlyFrom('new', 'new')
    expect(failuresOf(await load.stop())).toEqual([])
  })

  it('leaves records in the audit log, from the first kill to the end of all', async () => {
    const records = await eventually('the audit log has the end of all kills', async () => {
      const found = (await gate.audit()).filter(({ action }) => action === 'kill-list').toReversed()
      return JSON.stringify(found.at(-1)?.after) === '[]' && found
    })
    const reason = 'The kill list was written to KV'
    expect(records[0]).toMatchObject({ actor: 'kv', reason, before: [], after: [FLAG] })
    // The Controller reads KV at its own pace, and may miss a list that stands for a moment only.
    for (const [index, { before }] of records.entries())
      expect(before).toEqual(records[index - 1]?.after ?? [])
  })
})
