/** What a shadow stage has shown survives an eviction, and belongs to one attempt and stage. */
import { env, runInDurableObject } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import type { FlagControl } from '../../../src/core/config/control.ts'
import type { RolloutPlan } from '../../../src/core/rollout/plan.ts'
import type { ShadowSample } from '../../../src/core/shadow/sample.ts'
import { ShadowLog } from '../../../src/durable/storage/shadow-log.ts'
import { TextStore } from '../../../src/durable/storage/text-store.ts'

const STAGE = { bakeMs: 0, maxBakeMs: null, approval: false, advance: 'auto' } as const
const PLAN: RolloutPlan = {
  flag: 'f',
  stages: [
    { ...STAGE, percentage: 0, shadow: 5 },
    { ...STAGE, percentage: 1 },
  ],
  windows: [],
  timezone: 'UTC',
  guard: undefined,
}
const FIRST: FlagControl = { generation: 1, stage: 0 }

const sample = (parts: Partial<ShadowSample> = {}): ShadowSample => ({
  ...{ flag: 'f', generation: 1, stage: 0, atMs: 1_000, route: 'GET /' },
  ...{ canaryOnly: [], controlOnly: [], both: [], shown: [] },
  ...parts,
})
const many = (count: number, parts?: Partial<ShadowSample>) =>
  Array.from({ length: count }, () => sample(parts))

const inStorage = <T>(name: string, run: (texts: TextStore) => T) =>
  runInDurableObject(env.CONTROLLER.get(env.CONTROLLER.idFromName(name)), (_, { storage }) =>
    run(new TextStore(storage.sql)),
  )

describe('the log of shadow stages', () => {
  it('passes a stage whose answers agree, and none with visitors', async () => {
    await inStorage('shadow-agree', (texts) => {
      const log = new ShadowLog(texts)
      expect(log.look(PLAN, FIRST, 0)).toMatchObject({ kind: 'collecting', elapsedMs: 0 })
      log.add(many(400), () => FIRST, 1_000)
      expect(log.look(PLAN, FIRST, 60_000)).toMatchObject({ kind: 'same', elapsedMs: 60_000 })
      expect(log.look(PLAN, { generation: 1, stage: 1 }, 60_000)).toBeUndefined()
    })
  })

  it('keeps what it knows over an eviction, but for the last seconds', async () => {
    await inStorage('shadow-evicted', (texts) => {
      const log = new ShadowLog(texts)
      log.add(many(50), () => FIRST, 10_000)
      log.add(many(7), () => FIRST, 11_000)
      log.add(many(3), () => FIRST, 16_000)
      log.add(many(9), () => FIRST, 17_000)
      expect(new ShadowLog(texts).report('f', 18_000)?.samples).toBe(60)
    })
  })

  it('passes no stage by what one or two of several networks sent, also after an eviction', async () => {
    await inStorage('shadow-networks', (texts) => {
      const log = new ShadowLog(texts)
      const others = [1, 2, 3].flatMap((group) => many(5, { group }))
      log.add([...many(400, { group: 7 }), ...others], () => FIRST, 10_000)
      for (const each of [log, new ShadowLog(texts)])
        expect(each.look(PLAN, FIRST, 60_000)).toMatchObject({
          kind: 'collecting',
          sentence: '415 compared requests: what they show depends on one or two networks; waits for others',
        })
      expect(JSON.stringify(log.look(PLAN, FIRST, 60_000)?.evidence)).not.toContain('roup')
    })
  })

  it('takes nothing of another attempt, and begins anew with each', async () => {
    await inStorage('shadow-attempts', (texts) => {
      const log = new ShadowLog(texts)
      log.add([...many(5), ...many(4, { generation: 2 }), ...many(3, { stage: 1 })], () => FIRST, 1_000)
      expect(log.report('f', 1_000)).toMatchObject({ generation: 1, stage: 0, samples: 5 })
      const again = { generation: 2, stage: 0 }
      log.add(many(4, { generation: 2 }), () => again, 2_000)
      expect(log.report('f', 2_000)).toMatchObject({ generation: 2, samples: 4, startedMs: 2_000 })
      expect(log.report('other', 2_000)).toBeUndefined()
    })
  })

  it('forgets flags that have left, saved or not', async () => {
    await inStorage('shadow-left', (texts) => {
      const log = new ShadowLog(texts)
      log.add([...many(5), ...many(4, { flag: 'g' })], () => FIRST, 10_000)
      log.add([...many(5), ...many(4, { flag: 'g' })], () => FIRST, 10_001)
      log.keepOnly(new Set(['g', 'new']))
      log.add(many(1, { flag: 'g' }), () => FIRST, 20_000)
      for (const each of [log, new ShadowLog(texts)]) {
        expect(each.report('f', 20_000)).toBeUndefined()
        expect(each.report('g', 20_000)?.samples).toBe(9)
      }
    })
  })

  it('shows the newest differences, three alike and forty at most, for a day', async () => {
    await inStorage('shadow-shown', (texts) => {
      const log = new ShadowLog(texts)
      const differing = (atMs: number, field: string, route = 'GET /') =>
        sample({ atMs, route, canaryOnly: [field], shown: [{ field, control: '1', canary: '2' }] })
      log.add([differing(0, '$.rare')], () => FIRST, 1_000)
      log.add(
        Array.from({ length: 50 }, (_, n) => differing(n + 1, '$.a')),
        () => FIRST,
        1_000,
      )
      const kept = () => log.report('f', 1_000)?.shown.map(({ atMs }) => atMs)
      expect(kept()).toEqual([50, 49, 48, 0])
      expect(log.report('f', 24 * 3_600_000 + 49)?.shown).toHaveLength(1)
      expect(log.report('f', 1_000)?.findings).toMatchObject([
        { route: 'GET /', field: '$.a', canaryOnly: 50 },
        { route: 'GET /', field: '$.rare', canaryOnly: 1 },
      ])
      log.add([differing(51, '$.a', 'GET /b')], () => FIRST, 1_000)
      expect(kept()).toEqual([51, 50, 49, 48, 0])
      // What two routes show is said of all together as well.
      expect(log.report('f', 1_000)?.findings.map(({ route }) => route)).toContain('(all routes)')
      const others = Array.from({ length: 38 }, (_, n) => differing(n + 60, `$.${n}`))
      log.add(others, () => FIRST, 1_000)
      expect([kept()?.length, kept()?.at(-1)]).toEqual([40, 50])
      expect(log.report('f', 1_000)).toMatchObject({ verdict: 'different' })
    })
  })
})
