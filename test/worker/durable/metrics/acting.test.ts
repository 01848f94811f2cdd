/** What the Controller does about metrics that are worse, and what it keeps of them. */
import { afterEach, expect, it, vi } from 'vitest'
import { Ledger } from '../../../../src/core/metrics/ledger/ledger.ts'
import { visits } from '../../support/metric-visitors.ts'
import { fakeClock, makeParts, type Parts } from '../../support/parts.ts'
import { withStorage } from '../../support/storage.ts'

afterEach(() => void vi.restoreAllMocks())

const FLAG = 'shop'
const PLACE = { flag: FLAG, generation: 1, stage: 0 }
const documentWith = (action: string, more: object = {}) => ({
  origins: { old: { url: 'http://old.test' } },
  routes: [{ path: '/*', origin: 'old' }],
  metrics: { order: {} },
  flags: {
    [FLAG]: {
      variants: { on: true, off: false },
      off: 'off',
      rules: [{ serve: 'on', stages: [{ percentage: 50, advance: 'manual' }, { percentage: 100 }] }],
      guard: { errors: {}, metrics: { order: { maxDropPercent: 5, action } } },
      ...more,
    },
  },
  notifications: { webhooks: [{ url: 'http://hook.test/' }] },
})

type World = Parts & {
  storage: DurableObjectStorage
  /** So many visitors of each variant come, and a tick looks at them. */
  serve(visitors: number, shares: Record<string, number>, groups?: readonly number[]): Promise<void>
}

async function withGate(document: object, work: (world: World) => Promise<void>) {
  const clock = fakeClock()
  await withStorage(async (storage) => {
    const parts = makeParts(storage)
    const text = JSON.stringify(document)
    const options = { expectedVersion: undefined, confirm: true, actor: 'Ada', reason: 'because' }
    const published = await parts.changes.publishDocument({ kind: 'text', text }, options)
    expect(published).toMatchObject({ ok: true })
    const serve: World['serve'] = async (visitors, shares, groups) => {
      const { generation = 1, stage = 0 } = parts.control.state.flags[FLAG] ?? {}
      const crowds = Object.entries(shares).map(([variant, share]) => [
        variant,
        { visitors, converted: Math.round(visitors * share), groups },
      ])
      const chunk = visits({ ...PLACE, generation, stage }, Object.fromEntries(crowds))
      parts.metricBooks.take({ shard: 'OTP', metrics: [chunk] }, Date.now())
      await clock.advance(6_000)
      await parts.metrics.run(parts.documents.current, Date.now())
    }
    await work({ ...parts, storage, serve })
  })
}
const controlOf = ({ control }: Parts) => control.state.flags[FLAG]
const messagesOf = ({ storage }: World) =>
  storage.sql
    .exec<{ body: string }>('SELECT body FROM messages ORDER BY id')
    .toArray()
    .map(({ body }) => JSON.parse(body) as { event: string; flag: string; reason: string })
    .filter(({ event }) => event !== 'publish')

it('a canary that converts 20 % less is rolled back, with a record, a message and its figures in the outcome', () =>
  withGate(documentWith('rollback'), async (world) => {
    for (let look = 0; look < 12 && !controlOf(world)?.rolledBack; look++)
      await world.serve(1_500, { off: 0.2, on: 0.16 })
    const { rolledBack } = controlOf(world) ?? {}
    expect(rolledBack?.reason).toContain('order')
    const record = world.records().find(({ action }) => action === 'rollback')
    expect(record).toMatchObject({ actor: 'guard', flag: FLAG, reason: rolledBack?.reason })
    expect(record?.evidence).toMatchObject({ metric: 'order', variant: 'on', marginPercent: 5 })
    expect(messagesOf(world)).toMatchObject([{ event: 'rollback', flag: FLAG, reason: rolledBack?.reason }])
    const [outcome] = world.attempts.latest({ limit: 1 })
    expect(outcome).toMatchObject({ ending: 'rolled-back', actor: 'guard', generation: 1 })
    expect(outcome?.metrics?.metrics[0]).toMatchObject({ name: 'order', role: 'guard', series: [] })
    expect(outcome?.metrics?.variants.map(({ visitors }) => visitors > 1_000)).toEqual([true, true])
    // Who asks for the results is told that it is over.
    const results = world.metrics.results(world.documents.current, FLAG, Date.now())
    expect(results?.rolledBack).toEqual({ atMs: rolledBack?.atMs, reason: rolledBack?.reason })
    // Latched: looks that say the same do nothing more.
    await world.serve(1_500, { off: 0.2, on: 0.16 })
    expect(world.records().filter(({ action }) => action === 'rollback')).toHaveLength(1)
  }))

const EVERYWHERE = Array.from({ length: 30 }, (_, group) => group + 1)

it.each([1, 2])('an enemy with %i of the networks neither closes a healthy canary nor hides a bad one', (k) =>
  withGate(documentWith('rollback'), async (world) => {
    const enemy = EVERYWHERE.slice(10, 10 + k)
    await world.serve(300, { off: 0.2, on: 0.2 }, EVERYWHERE)
    // Orders of control's ids alone.
    for (let look = 0; look < 3; look++) await world.serve(60, { off: 1 }, enemy)
    expect(controlOf(world)?.rolledBack).toBeUndefined()
    expect(world.records().filter(({ action }) => action === 'rollback')).toEqual([])
    // And visits of them alone, while the canary sells nothing.
    await world.serve(500, { off: 0 }, enemy)
    for (let look = 0; look < 4; look++) await world.serve(300, { off: 0.2, on: 0 }, EVERYWHERE)
    expect(controlOf(world)?.rolledBack?.reason).toContain('order')
  }),
)

it('a canary that converts alike is not', () =>
  withGate(documentWith('rollback'), async (world) => {
    for (let look = 0; look < 12; look++) await world.serve(1_500, { off: 0.2, on: 0.2 })
    expect(controlOf(world)?.rolledBack).toBeUndefined()
    expect(messagesOf(world)).toEqual([])
    expect(world.metrics.results(world.documents.current, FLAG, Date.now())).not.toHaveProperty('rolledBack')
    const results = world.metrics.results(world.documents.current, FLAG, Date.now())
    expect(results?.variants).toEqual([
      { variant: 'off', visitors: 18_000 },
      { variant: 'on', visitors: 18_000 },
    ])
  }))

it('of three variants without stages, one that is worse closes the flag, and none does where all are alike', async () => {
  const split = {
    variants: { off: 'a', on: 'b', third: 'c' },
    rules: [{ serve: { off: 34, on: 33, third: 33 } }],
    experiment: { primary: 'order' },
  }
  await withGate(documentWith('rollback', split), async (world) => {
    for (let look = 0; look < 12; look++) await world.serve(1_500, { off: 0.2, on: 0.2, third: 0.2 })
    expect(controlOf(world)?.rolledBack).toBeUndefined()
  })
  await withGate(documentWith('rollback', split), async (world) => {
    for (let look = 0; look < 12 && !controlOf(world)?.rolledBack; look++)
      await world.serve(1_500, { off: 0.2, on: 0.2, third: 0.14 })
    expect(controlOf(world)?.rolledBack?.reason).toContain('third')
    expect(messagesOf(world)).toMatchObject([{ event: 'rollback' }])
  })
})

it('freezes where it may only freeze, once', () =>
  withGate(documentWith('freeze'), async (world) => {
    for (let look = 0; look < 12; look++) await world.serve(1_500, { off: 0.2, on: 0.12 })
    expect(controlOf(world)).toMatchObject({ frozen: { reason: expect.stringContaining('order') } })
    expect(controlOf(world)?.rolledBack).toBeUndefined()
    expect(messagesOf(world)).toMatchObject([{ event: 'freeze' }])
  }))

it('tells where it may only tell, once, also after a restart', () =>
  withGate(documentWith('signal'), async (world) => {
    for (let look = 0; look < 12; look++) await world.serve(1_500, { off: 0.2, on: 0.12 })
    expect(controlOf(world)?.rolledBack ?? controlOf(world)?.frozen).toBeUndefined()
    expect(messagesOf(world)).toMatchObject([{ event: 'metric', flag: FLAG }])
    expect(world.records().filter(({ action }) => action === 'metric')).toHaveLength(1)
    const again = makeParts(world.storage)
    await again.metrics.run(again.documents.current, Date.now() + 60_000)
    expect(messagesOf(world)).toHaveLength(1)
  }))

it('begins anew with a new attempt, and the outcome of the old one has its figures', () =>
  withGate(documentWith('signal'), async (world) => {
    await world.serve(300, { off: 0.2, on: 0.2 })
    const cause = { actor: 'Ada', reason: 'again', evidence: undefined }
    await world.changes.command({ kind: 'rollback', flag: FLAG }, cause)
    await world.changes.command({ kind: 'resume', flag: FLAG }, cause)
    const results = () => world.metrics.results(world.documents.current, FLAG, Date.now())
    expect(results()).toMatchObject({ generation: 2, variants: [{ visitors: 0 }, { visitors: 0 }] })
    await world.serve(20, { off: 0.5, on: 0.5 })
    expect(results()?.variants).toMatchObject([{ visitors: 20 }, { visitors: 20 }])
    const [outcome] = world.attempts.latest({ limit: 1 })
    expect(outcome?.metrics).toMatchObject({
      generation: 1,
      variants: [{ visitors: 300 }, { visitors: 300 }],
    })
  }))

it('an undecided comparison says how long still, by how its visitors come, until it is over', () =>
  withGate(documentWith('signal'), async (world) => {
    await world.serve(300, { off: 0.2, on: 0.2 })
    const first = () =>
      world.metrics.results(world.documents.current, FLAG, Date.now())?.metrics[0]?.comparisons[0]
    expect(first()).not.toHaveProperty('wait')
    for (let minute = 0; minute < 12; minute++) await world.serve(20, { off: 0.2, on: 0.2 })
    expect(first()).toMatchObject({
      word: 'undecided',
      wait: expect.stringMatching(/^about \d+ more .* at this rate$/),
    })
    const cause = { actor: 'Ada', reason: 'enough', evidence: undefined }
    await world.changes.command({ kind: 'rollback', flag: FLAG }, cause)
    expect(first()).toMatchObject({ word: 'undecided' })
    expect(first()).not.toHaveProperty('wait')
  }))

it('a document that deals or compares the visitors of a split otherwise ends their count, and keeps what it had come to', () => {
  const split = (serve: object, more: object = {}) => {
    const flag = {
      ...{ variants: { off: 'a', on: 'b', third: 'c' }, off: 'off' },
      ...{ rules: [{ serve }], experiment: { primary: 'order' }, guard: undefined },
    }
    return documentWith('signal', { ...flag, ...more })
  }
  return withGate(split({ off: 50, on: 50 }), async (world) => {
    const publish = async (document: object) => {
      const options = { expectedVersion: undefined, confirm: true, actor: 'Bo', reason: 'more of it' }
      const text = JSON.stringify(document)
      expect(await world.changes.publishDocument({ kind: 'text', text }, options)).toMatchObject({ ok: true })
    }
    const outcomes = () => world.attempts.latest({ limit: 9 })
    const told = async (document: object) => {
      const { summary } = await world.changes.reviewDocument({ kind: 'text', text: JSON.stringify(document) })
      return summary.filter((line) => line.includes('counted'))
    }
    const stays = 'what they have shown stays as an outcome'
    expect(await told(split({ off: 50, on: 50 }, { description: 'as before' }))).toEqual([])
    expect(await told(split({ off: 60, on: 40 }))).toEqual([`shop: its metrics are counted anew; ${stays}`])
    // Of no visitor there is nothing to keep.
    await publish(split({ off: 60, on: 40 }))
    expect(outcomes()).toEqual([])
    await world.serve(300, { off: 0.2, on: 0.2 })
    // Another window alone deals no one otherwise.
    const later = { ...split({ off: 60, on: 40 }), metrics: { order: { window: '7d' } } }
    expect(await told(later)).toEqual([
      'shop: order is counted anew, of visitors who meet the flag from then on',
    ])
    await publish(later)
    expect(outcomes()).toEqual([])
    await world.serve(300, { off: 0.2, on: 0.2 })
    await publish(split({ off: 20, on: 80 }))
    expect(outcomes()).toMatchObject([
      {
        ...{ flag: FLAG, ending: 'replaced', actor: 'Bo', reason: 'more of it' },
        metrics: { variants: [{ visitors: expect.any(Number) }, { visitors: expect.any(Number) }] },
      },
    ])
    expect(outcomes()[0]?.metrics?.kept.visitors).toBeGreaterThan(0)
    expect(outcomes()[0]?.startedAtMs).toBe(outcomes()[0]?.metrics?.sinceMs)
    const results = () => world.metrics.results(world.documents.current, FLAG, Date.now())
    expect(results()).toMatchObject({ sinceMs: null, kept: { visitors: 0 } })
    await world.serve(300, { off: 0.2, on: 0.2 })
    const without = split({ off: 20, on: 80 }, { experiment: undefined })
    expect(await told(without)).toEqual([`shop: its metrics are counted no more; ${stays}`])
    await publish(without)
    expect(outcomes()).toMatchObject([{ ending: 'removed' }, { ending: 'replaced' }])
  })
})

it('a kill, a rollback and the looks at other flags go on where metrics are broken', () =>
  withGate(documentWith('rollback'), async (world) => {
    await world.serve(300, { off: 0.2, on: 0.1 })
    const broken = () => {
      throw new Error('the ledger is broken')
    }
    vi.spyOn(Ledger.prototype, 'summaries').mockImplementation(broken)
    await world.metrics.run(world.documents.current, Date.now() + 10_000)
    vi.spyOn(world.metricBooks, 'sweep').mockImplementation(broken)
    await world.metrics.run(world.documents.current, Date.now() + 20_000)
    const cause = { actor: 'Ada', reason: 'stop', evidence: undefined }
    expect(await world.changes.command({ kind: 'rollback', flag: FLAG }, cause)).toMatchObject({ ok: true })
    // What the last look has seen.
    expect(world.attempts.latest({ limit: 1 })[0]?.metrics?.variants).toMatchObject([
      { visitors: 300 },
      { visitors: 300 },
    ])
  }))

it('a flag that measures nothing has no results', () =>
  withGate(
    {
      ...documentWith('signal'),
      metrics: {},
      flags: { [FLAG]: { variants: { on: true, off: false }, off: 'off' } },
    },
    async (world) => {
      expect(world.metrics.results(world.documents.current, FLAG, Date.now())).toBeUndefined()
      await world.serve(20, { off: 0.5, on: 0.5 })
    },
  ))
