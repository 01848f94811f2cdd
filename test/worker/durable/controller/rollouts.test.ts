/** What the Controller knows of flags: guard, clock of a place, facts, and who would move with a new document. */
import { describe, expect, it, vi } from 'vitest'
import { compileSnapshot } from '../../../../src/core/config/compile/snapshot.ts'
import { INITIAL_FLAG_CONTROL } from '../../../../src/core/config/control.ts'
import { parseDocumentValue } from '../../../../src/core/config/parse/parse.ts'
import { type Cell, emptyCell } from '../../../../src/core/counters/cell.ts'
import type { SentEvent } from '../../../../src/core/counters/metrics/metric-batch.ts'
import { conditionId, type DecisionSample } from '../../../../src/core/decision/sample.ts'
import { percentageOf } from '../../../../src/core/rollout/news/transition.ts'
import { compilePlans } from '../../../../src/core/rollout/plan.ts'
import { flagFactsOf } from '../../../../src/durable/controller/flag-facts.ts'
import { GuardRunner } from '../../../../src/durable/controller/guard-runner.ts'
import { localTime } from '../../../../src/durable/controller/local-time.ts'
import { takeInternalErrors } from '../../../../src/platform/internal-errors.ts'
import { pseudonymOf } from '../../../../src/platform/pseudonym.ts'
import { CAUSE, DOCUMENT, fakeClock, judgedCell, makeParts, START_MS } from '../../support/parts.ts'
import { withStorage } from '../../support/storage.ts'

function load(document: object) {
  const parsed = parseDocumentValue(document)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return {
    snapshot: compileSnapshot(parsed.value),
    plans: compilePlans(parsed.value),
    document: parsed.value,
  }
}

const NO_METRICS = { eventsOf: () => 0, tell: () => undefined }

describe('a guard', () => {
  const guarded = {
    ...DOCUMENT,
    flags: {
      judged: { ...DOCUMENT.flags.staged, guard: { latency: false, errors: {} } },
      free: { ...DOCUMENT.flags.plain },
    },
  }
  const { snapshot, plans } = load(guarded)
  const flag = snapshot.flags.get('judged')
  const plan = plans.get('judged')
  if (flag === undefined || plan === undefined) throw new Error('judged is missing')
  const cell = (arm: 'canary' | 'control', requests: number, errors = 0): Cell => {
    const empty = judgedCell(arm)
    const erroredBuckets = Array.from({ length: errors }, (_, index) => index)
    return { ...empty, requests, errors: { ...empty.errors, status: errors }, erroredBuckets }
  }

  it('judges what has come since its last run, and keeps what it knows in the flag’s book', () =>
    withStorage((storage) => {
      const { books, cells } = makeParts(storage)
      const runner = new GuardRunner(books, cells, NO_METRICS)
      cells.add([cell('canary', 100), cell('control', 1_900)])
      expect(runner.run(plan, flag, INITIAL_FLAG_CONTROL, START_MS)?.evidence).toMatchObject({
        canaryRequests: 100,
        controlRequests: 1_900,
      })
      cells.add([cell('canary', 10)])
      runner.run(plan, flag, INITIAL_FLAG_CONTROL, START_MS + 1_000)
      books.note(['judged'])
      books.save(START_MS + 1_000)
      const after = makeParts(storage)
      const restarted = new GuardRunner(after.books, after.cells, NO_METRICS)
      expect(restarted.run(plan, flag, INITIAL_FLAG_CONTROL, START_MS + 2_000)?.evidence).toMatchObject({
        canaryRequests: 110,
        controlRequests: 1_900,
      })
    }))

  it('of a flag without one gives no verdict, and what was counted is taken all the same', () =>
    withStorage((storage) => {
      const { books, cells } = makeParts(storage)
      const runner = new GuardRunner(books, cells, NO_METRICS)
      cells.add([cell('canary', 5)])
      expect(runner.run({ ...plan, guard: undefined }, flag, INITIAL_FLAG_CONTROL, START_MS)).toBeUndefined()
      expect(cells.takeTick(flag, 1, 0).isEmpty).toBe(true)
    }))

  it('sees the share of the stage; a flag without a percentage has all of it', () => {
    expect(percentageOf(flag, INITIAL_FLAG_CONTROL)).toBe(5)
    expect(percentageOf(flag, { generation: 1, stage: 1 })).toBe(50)
    const all = load({ ...DOCUMENT, flags: { all: { ...DOCUMENT.flags.plain, rules: [{ serve: 'on' }] } } })
    const everyone = all.snapshot.flags.get('all')
    expect(everyone && percentageOf(everyone, INITIAL_FLAG_CONTROL)).toBe(100)
  })
})

describe('a flag without a split', () => {
  const HOUR_MS = 3_600_000
  const document = {
    ...DOCUMENT,
    flags: {
      feature: {
        ...DOCUMENT.flags.plain,
        rules: [{ serve: 'on' }],
        guard: { traffic: { maxDropPercent: 30 } },
      },
    },
  }
  /** Journeys an hour by the hour of the day and of the week. */
  const usual = (atMs: number) => {
    const hour = Math.floor(atMs / HOUR_MS)
    return Math.round(400 + 300 * Math.sin(hour / 3.82) + (Math.floor(hour / 24) % 7 < 2 ? -80 : 0))
  }

  type World = ReturnType<typeof makeParts>
  const count = ({ cells }: World, variant: 'on' | 'off', journeys: number, generation = 1) => {
    const empty = emptyCell({ flag: 'feature', variant, arm: 'other', generation, stage: 0 })
    cells.add([{ ...empty, requests: 300, journeys }])
  }
  const lookAt = async (world: World, nowMs: number) => {
    vi.setSystemTime(nowMs)
    await world.rollouts.run(world.documents.current, nowMs)
  }

  /** A Controller that has counted four weeks with the flag off, has stored them, and was started again. */
  async function afterWeeks(storage: DurableObjectStorage) {
    fakeClock()
    const learning = makeParts(storage, { document })
    let nowMs = START_MS
    for (let hour = 0; hour < 28 * 24 + 1; hour++) {
      count(learning, 'off', usual(nowMs))
      await lookAt(learning, nowMs)
      nowMs += HOUR_MS
    }
    learning.books.note(['feature'])
    learning.books.save(nowMs)
    return { world: makeParts(storage, { document }), nowMs }
  }
  const BLOCK_MS = 300_000

  /** The flag is on from `fromMs`, with a share of its usual journeys. */
  async function pass(world: World, fromMs: number, hours: number, factor: number) {
    const stateOf = () => world.control.state.flags.feature
    let nowMs = fromMs
    for (; nowMs < fromMs + hours * HOUR_MS && !stateOf()?.rolledBack; nowMs += BLOCK_MS) {
      count(world, 'on', Math.round((usual(nowMs) / 12) * factor), stateOf()?.generation)
      await lookAt(world, nowMs)
    }
    return nowMs
  }

  it('is closed when journeys fall against the weeks that are stored, and says why', () =>
    withStorage(async (storage) => {
      const { world, nowMs } = await afterWeeks(storage)
      const closedMs = await pass(world, nowMs, 12, 0.65)
      const rolledBack = world.control.state.flags.feature?.rolledBack
      expect(rolledBack?.reason).toMatch(/^journeys fell by 3\d % against the same hours of the weeks before/)
      expect(closedMs - nowMs).toBeLessThan(6 * HOUR_MS)
      expect(world.records(1)).toMatchObject([
        {
          action: 'rollback',
          flag: 'feature',
          actor: 'guard',
          evidence: { beforeAfter: { weeks: 3, actsFrom: 0.285 } },
        },
      ])
      // It stays closed when journeys return, and begins anew where an operator resumes it.
      await pass(world, closedMs, 1, 1)
      expect(world.control.state.flags.feature?.rolledBack).toBeDefined()
      await world.changes.command({ kind: 'resume', flag: 'feature' }, CAUSE)
      await pass(world, closedMs + HOUR_MS, 12, 1)
      expect(world.control.state.flags.feature).toMatchObject({ generation: 2 })
      expect(world.control.state.flags.feature?.rolledBack).toBeUndefined()
    }))

  it('stays on through a night and a day like those before', () =>
    withStorage(async (storage) => {
      const { world, nowMs } = await afterWeeks(storage)
      await pass(world, nowMs, 24, 1)
      expect(world.control.state.flags.feature?.rolledBack).toBeUndefined()
      expect(world.rollouts.views.get('feature')).toMatchObject({
        verdict: { kind: 'healthy', action: 'none' },
        waitingFor: expect.stringMatching(/^no fall of journeys against the same hours of the weeks before/),
      })
    }))
})

describe('metrics of a flag without a split', () => {
  const HOUR_MS = 3_600_000
  const BLOCK_MS = 300_000
  const documentOf = (action: string) => ({
    ...DOCUMENT,
    metrics: { order: { type: 'count' } },
    flags: {
      feature: {
        ...DOCUMENT.flags.plain,
        rules: [{ serve: 'on' }],
        guard: { metrics: { order: { maxDropPercent: 30, action } } },
      },
    },
  })
  type World = ReturnType<typeof makeParts>
  let [sent, ids] = [0, 0]

  /** Journeys of a tick, with the orders that came in them, by the way that both really take. */
  async function look(world: World, nowMs: number, variant: 'on' | 'off', journeys: number, orders: number) {
    vi.setSystemTime(nowMs)
    const { generation = 1 } = world.control.state.flags.feature ?? {}
    const empty = emptyCell({ flag: 'feature', variant, arm: 'other', generation, stage: 0 })
    world.cells.add([{ ...empty, requests: 3 * journeys, journeys }])
    const events = Array.from({ length: orders }, (): SentEvent => ['order', ++ids % 977, nowMs, 1, ids])
    const group = { flag: 'feature', generation, stage: 0, variant: '', exposed: [], events }
    // What a shard forwards again, and what an isolate has sent twice, counts once.
    for (let time = 0; time < 2; time++)
      world.metricBooks.take({ shard: 'OTP', metrics: [{ n: sent + 1, batch: { groups: [group] } }] }, nowMs)
    world.metricBooks.take({ shard: 'OTP', metrics: [{ n: sent + 2, batch: { groups: [group] } }] }, nowMs)
    sent += 2
    await world.rollouts.run(world.documents.current, nowMs)
  }

  /** Four weeks with the flag off, then half a day with it on, and that much less bought. */
  async function story(
    storage: DurableObjectStorage,
    action: string,
    fewer: { orders: number; journeys: number },
  ) {
    fakeClock()
    const document = documentOf(action)
    const learning = makeParts(storage, { document })
    let nowMs = START_MS
    const usual = () => Math.round(300 + 200 * Math.sin(nowMs / HOUR_MS / 3.82))
    for (let hour = 0; hour < 28 * 24 + 1; hour++, nowMs += HOUR_MS)
      await look(learning, nowMs, 'off', usual(), Math.round(usual() / 4))
    learning.books.note(['feature'])
    learning.books.save(nowMs)
    learning.metricBooks.saveInTime(nowMs, true)
    const world = makeParts(storage, { document })
    const untilMs = nowMs + 12 * HOUR_MS
    for (; nowMs < untilMs && !world.control.state.flags.feature?.rolledBack; nowMs += BLOCK_MS) {
      const journeys = Math.round((usual() / 12) * 10 * fewer.journeys)
      await look(world, nowMs, 'on', journeys, Math.round((journeys / 4) * fewer.orders))
    }
    return world
  }

  it('close it when fewer events come per journey, and say why', () =>
    withStorage(async (storage) => {
      const world = await story(storage, 'rollback', { orders: 0.6, journeys: 1 })
      expect(world.control.state.flags.feature?.rolledBack?.reason).toMatch(
        /^order per journey fell by (3|4)\d % against the same hours of the weeks before, since .*; compared with 3 weeks before, not with a control$/,
      )
      expect(world.records(1)).toMatchObject([
        { action: 'rollback', flag: 'feature', evidence: { beforeAfter: { metric: 'order', weeks: 3 } } },
      ])
    }))

  it('do not when fewer visitors come, who buy as before', () =>
    withStorage(async (storage) => {
      const world = await story(storage, 'rollback', { orders: 1, journeys: 0.5 })
      expect(world.control.state.flags.feature?.rolledBack).toBeUndefined()
      expect(world.rollouts.views.get('feature')).toMatchObject({
        verdict: { kind: 'healthy' },
        waitingFor: expect.stringMatching(/^no fall of order per journey against the same hours/),
      })
    }))

  it('only tell where that is the action, once', () =>
    withStorage(async (storage) => {
      const world = await story(storage, 'signal', { orders: 0.5, journeys: 1 })
      expect(world.control.state.flags.feature?.rolledBack).toBeUndefined()
      const told = world.records().filter(({ action }) => action === 'metric')
      expect(told).toMatchObject([
        { flag: 'feature', reason: expect.stringMatching(/^order per journey fell by/) },
      ])
    }))
})

describe('the time of a place', () => {
  it.each([
    ['UTC', Date.UTC(2026, 0, 5, 0, 0), 'mon', 0],
    ['UTC', Date.UTC(2026, 0, 4, 23, 59), 'sun', 1_439],
    ['Asia/Kolkata', Date.UTC(2026, 0, 4, 20, 0), 'mon', 90],
    ['America/New_York', Date.UTC(2026, 6, 1, 12, 34), 'wed', 514],
  ])('in %s at %d is %s, minute %d', (timezone, atMs, weekday, minuteOfDay) => {
    expect(localTime(atMs, timezone)).toEqual({ weekday, minuteOfDay })
  })

  it('that is not known is UTC, and counts as an internal error once', () => {
    takeInternalErrors()
    const atMs = Date.UTC(2026, 0, 5, 1, 2)
    for (let time = 0; time < 2; time++)
      expect(localTime(atMs, 'Nowhere/At_All')).toEqual({ weekday: 'mon', minuteOfDay: 62 })
    expect(takeInternalErrors()).toMatchObject([{ place: 'rollout.timezone', count: 1 }])
  })
})

describe('the facts of flags', () => {
  it('are those of the document, with what the log knows; empty ones are null', () =>
    withStorage((storage) => {
      const rich = {
        ...DOCUMENT.flags.staged,
        description: 'A shop',
        owner: 'web',
        tags: ['shop'],
        expires: '2027-01-01',
        enabled: false,
        schedule: { start: '2026-12-01T00:00:00Z' },
      }
      const document = {
        ...DOCUMENT,
        origins: { old: { url: 'http://old.test' }, new: { url: 'http://new.test' } },
        routes: [
          {
            path: '/a/*',
            flag: 'routing',
            origins: { on: 'new', off: 'old' },
          },
          { path: '/b/*', flag: 'routing', origins: { on: 'new', off: 'old' } },
          { path: '/*', origin: 'old' },
        ],
        flags: { rich, plain: DOCUMENT.flags.plain, routing: DOCUMENT.flags.plain },
      }
      const { documents, flags } = makeParts(storage, { document })
      const all = flagFactsOf(documents.current, flags, 7)
      const times = { knownSinceMs: 7, lastSeenMs: null, settledSinceMs: null }
      expect(all).toEqual([
        {
          key: 'rich',
          description: 'A shop',
          owner: 'web',
          tags: ['shop'],
          expires: '2027-01-01',
          enabled: false,
          stages: 2,
          ladder: [5, 50].map((percentage) => ({
            ...{ percentage, bakeMs: 600_000, approval: false, advance: 'auto' },
          })),
          rules: 1,
          schedule: { start: '2026-12-01T00:00:00Z', end: null },
          routes: [],
          times,
        },
        {
          key: 'plain',
          description: null,
          owner: null,
          tags: [],
          expires: null,
          enabled: true,
          stages: 0,
          ladder: [],
          rules: 1,
          schedule: null,
          routes: [],
          times,
        },
        expect.objectContaining({ key: 'routing', routes: ['/a/*', '/b/*'] }),
      ])
      expect(flagFactsOf(documents.current, flags, 7, 'plain').map(({ key }) => key)).toEqual(['plain'])
      expect(flagFactsOf(documents.current, flags, 7, 'nowhere')).toEqual([])
    }))
})

describe('the impact of a document', () => {
  const document = {
    ...DOCUMENT,
    publishing: { confirmAbovePercent: 5 },
    context: { attributes: { plan: { header: 'x-plan' } }, targetingKey: [{ header: 'x-user' }] },
    flags: {
      plain: { ...DOCUMENT.flags.plain, rules: [{ serve: 'on', percentage: 0 }] },
      listed: {
        ...DOCUMENT.flags.plain,
        rules: [{ when: [{ attribute: 'email', op: 'in', values: ['ada@a.test'] }], serve: 'on' }],
      },
    },
  }
  const sample = (visitor: string, more: Partial<DecisionSample> = {}): DecisionSample => ({
    visitor,
    atMs: Date.now(),
    host: 'h',
    path: '/',
    method: 'GET',
    positions: {},
    attributes: { plan: 'pro' },
    hashed: {},
    held: {},
    ...more,
  })
  const withSamples = (
    samples: (hash: (text: string) => Promise<string>) => Promise<DecisionSample[]>,
    work: (of: (change: object) => Promise<unknown>, parts: ReturnType<typeof makeParts>) => Promise<void>,
  ) =>
    withStorage(async (storage) => {
      fakeClock()
      const parts = makeParts(storage, { document })
      parts.samples.add(await samples((text) => pseudonymOf(text, parts.env)), Date.now())
      await work(async (change) => {
        const { state } = parts.control
        const inForce = { ...parts.documents.current, state }
        return await parts.impact.of(inForce, { ...load({ ...document, ...change }), state })
      }, parts)
    })
  const open = { ...document.flags.plain, rules: [{ serve: 'on', percentage: 100 }] }
  const two = async () => [sample('a'), sample('b')]

  it('is the share of sampled visitors who get another variant', () =>
    withSamples(two, async (of) => {
      expect(await of({})).toMatchObject({ samples: 2, movedPercent: 0, flags: [] })
      expect(await of({ flags: { ...document.flags, plain: open } })).toMatchObject({
        samples: 2,
        unknown: 0,
        movedPercent: 100,
        flags: [{ flag: 'plain', moved: 2 }],
      })
    }))

  it('is nothing for a flag that is killed, by the Controller or in KV', () =>
    withSamples(two, async (of, { control, fakeKv, kvReader }) => {
      const change = { flags: { ...document.flags, plain: open } }
      control.perform({ kind: 'kill', flag: 'plain' }, { stages: [] }, CAUSE, START_MS)
      expect(await of(change)).toMatchObject({ movedPercent: 0 })
      control.perform({ kind: 'unkill', flag: 'plain' }, { stages: [] }, CAUSE, START_MS)
      expect(await of(change)).toMatchObject({ movedPercent: 100 })
      fakeKv.values.set('kill', '["plain"]')
      await kvReader.check(Date.now())
      expect(await of(change)).toMatchObject({ movedPercent: 0 })
    }))

  it('is unknown with another targeting key: every visitor is placed anew', () =>
    withSamples(two, async (of) => {
      const context = { ...document.context, targetingKey: [{ header: 'x-other' }] }
      expect(await of({ context })).toEqual({ samples: 0, unknown: 2, movedPercent: null, flags: [] })
    }))

  it('is unknown where a condition asks for an attribute whose source changes', () =>
    withSamples(two, async (of) => {
      const rules = [{ when: [{ attribute: 'plan', op: 'in', values: ['pro'] }], serve: 'on' }]
      const flags = { ...document.flags, plain: { ...open, rules } }
      expect(await of({ flags })).toMatchObject({ samples: 2, movedPercent: 100 })
      const attributes = { plan: { header: 'x-other-plan' } }
      expect(await of({ flags, context: { ...document.context, attributes } })).toMatchObject({
        samples: 0,
        unknown: 2,
      })
    }))

  const [condition] = load(document).snapshot.flags.get('listed')?.rules[0]?.conditions ?? []
  const asked = condition ? conditionId(condition) : ''

  it('compares what is kept hashed with the hashes of the listed values', () =>
    withSamples(
      async (hash) => [
        sample('a', { hashed: { email: [await hash('ada@a.test')] }, held: { [asked]: true } }),
        sample('b', { hashed: { email: [await hash('bob@b.test')] }, held: { [asked]: false } }),
      ],
      async (of) => {
        const when = [{ attribute: 'email', op: 'in', values: ['bob@b.test'] }]
        const listed = { ...document.flags.listed, rules: [{ when, serve: 'on' }] }
        expect(await of({ flags: { ...document.flags, listed } })).toMatchObject({
          samples: 2,
          movedPercent: 100,
          flags: [{ flag: 'listed', moved: 2 }],
        })
      },
    ))

  it('leaves out samples of more than a day ago', () =>
    withSamples(
      async () => [sample('a', { atMs: START_MS - 86_400_000 }), sample('b', { atMs: START_MS - 1 })],
      async (of) =>
        expect(await of({ flags: { ...document.flags, plain: open } })).toMatchObject({ samples: 1 }),
    ))

  it('above the limit in force must be confirmed, whatever limit the new document brings', () =>
    withSamples(two, async (_, { changes, documents }) => {
      const text = JSON.stringify({
        ...document,
        flags: { ...document.flags, plain: open },
        publishing: { confirmAbovePercent: 100 },
      })
      const options = { expectedVersion: 0, confirm: false, actor: 'Ada', reason: 'because' }
      const limitPercent = documents.current.document.publishing.confirmAbovePercent
      expect(await changes.reviewDocument({ kind: 'text', text })).toMatchObject({
        valid: true,
        needsConfirmation: true,
        people: { movedPercent: 100 },
      })
      expect(await changes.publishDocument({ kind: 'text', text }, options)).toMatchObject({
        ok: false,
        why: 'unconfirmed',
        limitPercent,
        people: { movedPercent: 100 },
      })
      expect(documents.current.info.version).toBe(0)
      expect(
        await changes.publishDocument({ kind: 'text', text }, { ...options, confirm: true }),
      ).toMatchObject({
        ok: true,
        people: { movedPercent: 100 },
      })
      const next = { kind: 'text' as const, text: JSON.stringify(document) }
      expect(await changes.reviewDocument(next)).toMatchObject({ needsConfirmation: false })
    }))
})

describe('the document in force', () => {
  it('is the bundled one where no version was published, and the latest one after a restart', () =>
    withStorage(async (storage) => {
      const { documents } = makeParts(storage)
      expect(documents.current.info).toEqual({
        version: 0,
        hash: '',
        atMs: 0,
        actor: 'build',
        reason: 'Built in',
        source: 'bundled',
        bytes: documents.current.text.length,
      })
      expect(JSON.parse(documents.current.text)).toEqual(DOCUMENT)
      expect(documents.tag).toMatchObject({ version: 0, hash: '', atMs: 0, replaced: [], inKv: true })
      const cause = { actor: 'Ada', reason: 'because', source: 'api', atMs: 5 } as const
      const [one, two] = [{ ...DOCUMENT, defaultOrigin: 'old' }, DOCUMENT]
      for (const each of [one, two, one]) {
        await documents.putInForce(JSON.stringify(each), load(each).document, cause)
      }
      const { documents: restarted } = makeParts(storage)
      expect(restarted.current).toMatchObject({
        text: JSON.stringify(one),
        info: { ...cause, version: 3, bytes: JSON.stringify(one).length },
      })
      // The hash in force is not among those that it has replaced, though it was published before.
      const [hash] = restarted.history.list(1, undefined).map((info) => info.hash)
      const [other] = restarted.history.list(1, 3).map((info) => info.hash)
      expect(restarted.tag).toMatchObject({ version: 3, hash, replaced: [other], atMs: 5 })
    }))

  it('is the bundled one where the latest one is not valid any more', () =>
    withStorage((storage) => {
      const { documents } = makeParts(storage)
      const info = {
        version: 1,
        hash: 'h',
        atMs: 1,
        actor: 'a',
        reason: 'r',
        source: 'api',
        bytes: 2,
      } as const
      documents.history.add(info, '{}')
      expect(makeParts(storage).documents.current.info.source).toBe('bundled')
    }))

  it('must be valid where it is bundled', () =>
    withStorage((storage) => {
      expect(() => makeParts(storage, { document: {} }).documents.current).toThrow(
        'the bundled one is invalid',
      )
    }))
})
