/** What a tick makes of a verdict: commands and messages with their cause, and views of every rollout. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { compileSnapshot } from '../../../../src/core/config/compile/snapshot.ts'
import { INITIAL_CONTROL_STATE } from '../../../../src/core/config/control.ts'
import { parseDocumentValue } from '../../../../src/core/config/parse/parse.ts'
import { compilePlans } from '../../../../src/core/rollout/plan.ts'
import type { Controller } from '../../../../src/durable/controller/controller.ts'
import { RolloutTick } from '../../../../src/durable/controller/rollout-tick.ts'
import { takeInternalErrors } from '../../../../src/platform/internal-errors.ts'
import { DOCUMENT } from '../../support/parts.ts'

const EVIDENCE = { wealth: 2 }
const HEALTHY = { kind: 'healthy', sentence: 'healthy', evidence: EVIDENCE }
const FAILING = {
  kind: 'failing',
  action: 'rollback',
  trigger: 'errors',
  sentence: 'it fails',
  evidence: EVIDENCE,
}
const MONDAY_NOON = Date.UTC(2026, 10, 2, 12)
const staged = { ...DOCUMENT.flags.staged, guard: {} }

function startTick(more: object = {}, flag: object = staged) {
  const parsed = parseDocumentValue({ ...DOCUMENT, flags: { staged: flag, second: staged }, ...more })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const document = parsed.value
  const loaded = { document, snapshot: compileSnapshot(document), plans: compilePlans(document) }
  const world = {
    verdicts: {
      staged: HEALTHY,
      second: { kind: 'collecting', sentence: 'collects', alert: null, evidence: EVIDENCE },
    } as Record<string, object | Error>,
    performed: [] as unknown[],
    notified: [] as unknown[],
  }
  const guard = {
    run: ({ flag }: { flag: string }) => {
      const verdict = world.verdicts[flag]
      if (verdict instanceof Error) throw verdict
      return verdict
    },
  }
  const tick = new RolloutTick(
    { state: INITIAL_CONTROL_STATE } as never,
    { guard, shadow: { look: () => undefined } } as never,
    { getJson: () => undefined, putJson: () => {} } as never,
    {
      perform: async (...all) => void world.performed.push(all),
      tell: (...all) => void world.notified.push(all),
    },
  )
  return { ...world, world, tick, run: (nowMs = MONDAY_NOON) => tick.run(loaded as never, nowMs) }
}

describe('a tick', () => {
  it.each([
    ['a failing canary', FAILING, 'rollback', 'guard', 'it fails'],
    ['one whose guard may only freeze', { ...FAILING, action: 'freeze' }, 'freeze', 'guard', 'it fails'],
    ['a healthy one', HEALTHY, 'advance', 'rollout', expect.stringContaining('on to 50 %')],
  ])('of %s performs one command, with its evidence', async (_, verdict, kind, actor, reason) => {
    const { world, run, performed, notified } = startTick()
    world.verdicts.staged = verdict
    await run()
    expect(performed).toEqual([
      [
        { kind, flag: 'staged' },
        { actor, reason, evidence: EVIDENCE },
      ],
    ])
    expect(notified).toEqual([])
  })

  it('of a broken split holds, freezes nothing, and is told once', async () => {
    const { world, run, performed, notified, tick } = startTick()
    world.verdicts.staged = { kind: 'broken-split', sentence: 'the split is broken', evidence: EVIDENCE }
    await run()
    await run(MONDAY_NOON + 1_000)
    const reason = 'the split is broken; not frozen: the hold ends once that clears'
    const cause = { actor: 'guard', reason, evidence: EVIDENCE }
    expect(notified).toEqual([['hold', 'staged', cause, MONDAY_NOON]])
    expect(performed).toEqual([])
    expect(tick.views.get('staged')).toMatchObject({
      waitingFor: 'the split is broken',
      needsApproval: false,
    })
  })

  it('that waits for approval tells so, and shows it', async () => {
    const rules = [{ serve: 'on', stages: [{ percentage: 5, approval: true }, { percentage: 50 }] }]
    const { run, notified, tick, performed } = startTick({}, { ...staged, rules })
    await run()
    expect(notified).toMatchObject([['approval-needed', 'staged', { actor: 'guard' }, MONDAY_NOON]])
    expect(performed).toEqual([])
    expect(tick.views.get('staged')).toMatchObject({ needsApproval: true, verdict: { kind: 'healthy' } })
    expect(tick.views.get('second')).toMatchObject({ needsApproval: false, waitingFor: 'collects' })
  })

  it.each([
    ['in its window', 'UTC', '11:00', '13:00', true],
    ['outside of it', 'UTC', '13:00', '14:00', false],
    ['in its window there', 'Asia/Kolkata', '17:00', '18:00', true],
    ['outside of it there', 'Asia/Kolkata', '11:00', '13:00', false],
  ])('advances %s', async (_, timezone, from, to, advances) => {
    const { run, performed } = startTick({}, { ...staged, rollout: { windows: [{ from, to }], timezone } })
    await run()
    expect(performed).toHaveLength(advances ? 1 : 0)
  })

  it('advances nothing in a change freeze', async () => {
    const freezes = [{ start: '2026-11-01T00:00:00Z', end: '2026-11-03T00:00:00Z' }]
    const { run, performed, tick } = startTick({ freezes })
    await run()
    expect(performed).toEqual([])
    expect(tick.views.get('staged')?.waitingFor).toMatch(/freeze/)
    await run(Date.UTC(2026, 10, 3, 12))
    expect(performed).toHaveLength(1)
  })

  it('of a flag whose guard throws stops no other flag, says so, and is counted', async () => {
    takeInternalErrors()
    const { world, run, performed, tick } = startTick()
    world.verdicts = { staged: new Error('no evidence'), second: HEALTHY }
    await run()
    expect(performed).toMatchObject([[{ kind: 'advance', flag: 'second' }, {}]])
    expect(tick.views.get('staged')).toEqual({
      verdict: null,
      waitingFor: 'the guard cannot look at it: no evidence',
      needsApproval: false,
      needsOperator: true,
      failure: 'no evidence',
    })
    expect(takeInternalErrors()).toMatchObject([{ place: 'controller.tick', count: 1 }])
  })
})

describe('the Controller', () => {
  it('ticks with the forwards, once in 900 ms at most, and again soon after a tick that failed', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    onTestFinished(() => void vi.useRealTimers())
    const runs = vi.spyOn(RolloutTick.prototype, 'run').mockResolvedValue()
    onTestFinished(() => runs.mockRestore())
    const stub = env.CONTROLLER.get(env.CONTROLLER.newUniqueId()) as unknown as DurableObjectStub<Controller>
    let seq = 0
    const forward = async (laterMs: number) => {
      vi.setSystemTime(Date.now() + laterMs)
      await stub.forward({
        seq: ++seq,
        shard: 'AMS',
        cells: [],
        isolates: [],
        epoch: 0,
        documentVersion: 0,
        samples: [],
      })
      return runs.mock.calls.length
    }
    expect([await forward(0), await forward(899), await forward(1), await forward(899)]).toEqual([1, 1, 2, 2])
    runs.mockRejectedValueOnce(new Error('the storage is full'))
    takeInternalErrors()
    await forward(1_000)
    await expect
      .poll(async () => (await stub.status()).internalErrors.map(({ place }) => place))
      .toContain('controller.tick')
    await expect.poll(() => runs.mock.calls.length).toBeGreaterThan(3)
    await runInDurableObject(stub, async (_, { storage }) => {
      await storage.deleteAlarm()
      await storage.deleteAll()
    })
  })
})
