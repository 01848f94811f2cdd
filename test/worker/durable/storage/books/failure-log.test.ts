/** What failed in the present attempt of a flag: of no other attempt, and still there after an eviction. */
import { describe, expect, it } from 'vitest'
import type { FailureSample } from '../../../../../src/core/counters/samples/failures.ts'
import { admin } from '../../../support/admin.ts'
import { controller, startAfresh } from '../../../support/controller.ts'
import { makeParts } from '../../../support/parts.ts'
import { withStorage } from '../../../support/storage.ts'

const sample = (flag: string, generation = 1): FailureSample => ({
  ...{ flag, generation, variant: 'on', arm: 'canary', as: 'failed', atMs: Date.UTC(2026, 10, 2) },
  seen: { statuses: '500', paths: 'GET /pay', colos: 'OTP', countries: 'RO', browsers: 'Firefox' },
  requestId: 'ray-OTP',
})
const sampled = (parts: ReturnType<typeof makeParts>, flag: string) =>
  parts.failures.of(flag)?.groups.map((group) => group.sampled)

describe('what failed', () => {
  it('is of the present attempt: what comes late of another one is dropped', () =>
    withStorage((storage) => {
      const parts = makeParts(storage)
      parts.failures.add([sample('f'), sample('f', 2), sample('g')], () => 1)
      expect(parts.failures.of('f')).toMatchObject({ generation: 1, groups: [{ sampled: 1 }] })
      parts.failures.add([sample('f', 2), sample('f', 2)], () => 2)
      expect(parts.failures.of('f')).toMatchObject({ generation: 2, groups: [{ sampled: 2 }] })
      expect(sampled(parts, 'g')).toEqual([1])
      expect(parts.failures.of('h')).toBeUndefined()
    }))

  it('is stored with the book of its flag', () =>
    withStorage((storage) => {
      const before = makeParts(storage)
      before.failures.add([sample('f')], () => 1)
      before.books.note(['f'])
      before.books.save(10)
      before.failures.add([sample('f')], () => 1)
      expect(sampled(makeParts(storage), 'f')).toEqual([1])
    }))

  it('is told with the flag, and goes on after the rollback that it caused', async () => {
    await startAfresh()
    const flag = 'new-shop'
    const forward = async (seq: number) => {
      const known = { shard: 'TST', cells: [], isolates: [], epoch: 0, documentVersion: 0, samples: [] }
      await controller.forward({ seq, ...known, failures: [sample(flag), sample(flag, 7)] })
    }
    await forward(1)
    // Sent again.
    await forward(1)
    const params = { flag }
    expect((await admin.call('getFlag', { params })).failures).toEqual([
      {
        ...{ arm: 'canary', variant: 'on', as: 'failed', sampled: 1 },
        ...{ firstSeenAt: '2026-11-02T00:00:00.000Z', lastSeenAt: '2026-11-02T00:00:00.000Z' },
        statuses: [{ value: '500', count: 1 }],
        paths: [{ value: 'GET /pay', count: 1 }],
        colos: [{ value: 'OTP', count: 1 }],
        countries: [{ value: 'RO', count: 1 }],
        browsers: [{ value: 'Firefox', count: 1 }],
        requests: [{ id: 'ray-OTP', at: '2026-11-02T00:00:00.000Z', status: '500', path: 'GET /pay' }],
      },
    ])
    await controller.command({ kind: 'rollback', flag }, 'Ada', 'enough')
    await forward(2)
    const ofOutcome = async () =>
      (await admin.call('listOutcomes', { query: { flag } })).outcomes.map(({ failures }) =>
        failures.map((group) => group.sampled),
      )
    expect(await ofOutcome()).toEqual([[2]])
    await controller.command({ kind: 'resume', flag }, 'Ada', 'again')
    expect((await admin.call('getFlag', { params })).failures).toEqual([])
    expect(await ofOutcome()).toEqual([[2]])
  })
})
