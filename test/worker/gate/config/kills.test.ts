/** A kill counts by whichever way it comes, and nothing stale undoes it. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { sha256Hex } from '../../../../src/platform/crypto.ts'
import { takeInternalErrors } from '../../../../src/platform/internal-errors.ts'
import { environment, NOW_MS } from '../support/stage.ts'
import { type Kv, stageConfig as stage, stateOf } from '../support/stage-config.ts'

beforeEach(() => {
  takeInternalErrors()
  vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterEach(() => {
  vi.restoreAllMocks()
})

describe('a kill', () => {
  it.each<[string, (kv: Kv) => void]>([
    ['in the list in KV', (kv) => kv.values.set('kill', '["checkout"]')],
    ['of all flags in KV', (kv) => kv.values.set('kill', '"*"')],
    ['in the state in KV', (kv) => kv.values.set('state', JSON.stringify(stateOf(3, 'checkout')))],
    [
      'that the Controller saw in KV',
      (kv) => kv.values.set('state', JSON.stringify({ ...stateOf(3), kvKilled: ['checkout'] })),
    ],
  ])('%s counts alone', async (_, write) => {
    const { kv, visit, isKilled } = stage()
    await visit(0)
    expect(isKilled()).toBe(false)
    write(kv)
    await visit(30_000)
    expect(isKilled()).toBe(true)
  })

  it('in a flush reply counts alone, and KV’s stale state does not undo it', async () => {
    const { kv, live, visit, isKilled } = stage()
    kv.values.set('state', JSON.stringify(stateOf(6)))
    await visit(0)
    live.adopt(stateOf(7, 'checkout'), NOW_MS + 10)
    expect([isKilled(), live.epoch, live.epochAtMs]).toEqual([true, 7, NOW_MS + 10])
    for (const stale of [stateOf(5), stateOf(7)]) {
      kv.values.set('state', JSON.stringify(stale))
      await live.refreshNow({ ...environment, GATE: kv as unknown as KVNamespace }, NOW_MS + 20)
      expect([isKilled(), live.epoch]).toEqual([true, 7])
    }
    kv.values.set('state', JSON.stringify(stateOf(8)))
    await visit(30_000)
    expect([isKilled(), live.epoch]).toEqual([false, 8])
  })

  it('in KV is not undone by a stale flush reply', async () => {
    const { kv, live, visit, isKilled } = stage()
    kv.values.set('state', JSON.stringify(stateOf(7, 'checkout')))
    await visit(0)
    for (const epoch of [6, 7]) live.adopt(stateOf(epoch), NOW_MS + 10)
    expect([isKilled(), live.epoch]).toEqual([true, 7])
  })

  it('in the list in KV is not undone by any state, but by the list', async () => {
    const { kv, live, visit, isKilled } = stage()
    kv.values.set('kill', '["checkout"]')
    await visit(0)
    expect([live.killHash, live.killList]).toEqual([await sha256Hex('["checkout"]'), ['checkout']])
    live.adopt(stateOf(9), NOW_MS)
    expect(isKilled()).toBe(true)
    kv.values.delete('kill')
    await visit(30_000)
    expect([isKilled(), live.killHash, live.killList]).toEqual([false, '', []])
  })

  it.each([
    ['kill', '["checkout"]', '{'],
    ['state', JSON.stringify(stateOf(3, 'checkout')), '{"epoch":-1}'],
  ] as const)(
    'is not undone by a %s that is not valid, which is reported until a valid one follows',
    async (key, good, bad) => {
      const { kv, live, visit, isKilled } = stage()
      kv.values.set(key, good)
      await visit(0)
      kv.values.set(key, bad)
      for (const afterMs of [30_000, 60_000]) {
        await visit(afterMs)
        expect(isKilled()).toBe(true)
        expect(live.report.refused).toMatchObject([
          { key, hash: await sha256Hex(bad), seenAtMs: NOW_MS + 30_000 },
        ])
      }
      kv.values.set(key, good)
      await visit(90_000)
      expect([isKilled(), live.report.refused]).toEqual([true, []])
    },
  )

  it('does not hide that another value is not valid', async () => {
    const { kv, live, visit } = stage()
    for (const key of ['kill', 'state', 'config']) kv.values.set(key, '{')
    await visit(0)
    expect(live.report.refused.map(({ key }) => key).toSorted()).toEqual(['config', 'kill', 'state'])
    kv.values.set('kill', '[]')
    await visit(30_000)
    expect(live.report.refused.map(({ key }) => key).toSorted()).toEqual(['config', 'state'])
  })

  it('by a state of a newer protocol counts, and is noted', async () => {
    const { kv, visit, isKilled } = stage()
    kv.values.set('state', JSON.stringify({ ...stateOf(3, 'checkout'), protocol: 999 }))
    await visit(0)
    expect(isKilled()).toBe(true)
    expect(takeInternalErrors()).toMatchObject([{ place: 'protocol.newer' }])
  })
})
